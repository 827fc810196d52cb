"""Maven artefacts through jgo: where they come from, resolving them for the lock, fetching a locked one.

jgo knows Maven Central and does not read Maven's own settings, so the mirrors that `~/.m2/settings.xml` names for
`central` are read here, and `SATUDATA_MAVEN_MIRROR` goes before them.
"""

from __future__ import annotations

import hashlib
import os
import time
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.wire.errors import RefuseToStart, TryAgain

if TYPE_CHECKING:  # with `requests` a third of what `satudata status` imports, and needed for a download only
    from jgo.maven import MavenContext

LOCK = Path(__file__).with_name("artefacts.toml")
Advance = Callable[[int], None]
"""Told of each piece of a download: how many bytes came."""

_TRIES = 3
_TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class Artefact:
    """One locked file of a Maven repository."""

    group: str
    name: str
    version: str
    packaging: str
    classifier: str
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        """Return the name that Maven gives the file."""
        return f"{self.name}-{self.version}{'-' if self.classifier else ''}{self.classifier}.{self.packaging}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The locked files of one service."""

    service: str
    version: str
    artefacts: tuple[Artefact, ...]

    @property
    def size(self) -> int:
        """Return the bytes to download."""
        return sum(artefact.size for artefact in self.artefacts)

    @property
    def folder(self) -> str:
        """Return the name of the bundle's folder in the cache: another lock gives another folder."""
        digest = hashlib.sha256("".join(artefact.sha256 for artefact in self.artefacts).encode()).hexdigest()
        return f"{self.service}-{self.version}-{digest[:12]}"


def locked(service: str, lock: Path = LOCK) -> Bundle:
    """Return the files that the lock names for `kafka`, `registry` or `mariadb`."""
    table = tomllib.loads(lock.read_text())[service]
    return Bundle(service, table["version"], tuple(Artefact(**entry) for entry in table["artefacts"]))


def repositories(settings_xml: Path | None = None) -> dict[str, str]:
    """Return name and address of each Maven repository to ask, in order; empty means Maven Central itself."""
    given = os.environ.get("SATUDATA_MAVEN_MIRROR")
    if given:
        return {"mirror": given.rstrip("/")}
    path = settings_xml or Path.home() / ".m2" / "settings.xml"
    return dict(_mirrors(path)) if path.exists() else {}


def context(folder: Path, advance: Advance | None = None) -> MavenContext:
    """Return jgo's Maven client, which keeps what it fetches in `folder`."""
    from jgo.maven import MavenContext, PythonResolver

    resolver = PythonResolver(progress_callback=_reporter(advance) if advance else None)
    return MavenContext(
        resolver=resolver, repo_cache=folder, local_repos=[], remote_repos=repositories() or None, timeout=_TIMEOUT
    )


def fetch(artefact: Artefact, folder: Path, advance: Advance) -> Path:
    """Download one locked file into `folder` and verify it.

    Raises TryAgain if the network does not deliver it, RefuseToStart if what came is not what was locked.
    """
    client = context(folder, advance)
    project = client.project(artefact.group, artefact.name).at_version(artefact.version)
    wanted = project.artifact(classifier=artefact.classifier, packaging=artefact.packaging)
    path = _patiently(client, wanted, artefact)
    found = digest(path)
    if found != artefact.sha256:
        path.unlink()
        raise RefuseToStart(
            f"{artefact.filename}: sha256 is {found}, the lock says {artefact.sha256}; the file was thrown away: "
            "try again, and if it repeats ask who changes files between here and Maven Central"
        )
    return path


def digest(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _patiently(client: MavenContext, wanted: Any, artefact: Artefact) -> Path:
    from requests import RequestException

    trouble = ""
    for attempt in range(_TRIES):
        time.sleep(attempt * attempt)
        try:
            return Path(client.resolver.download(wanted))
        except (RequestException, RuntimeError) as error:
            trouble = str(error)
            Path(wanted.cached_path).unlink(missing_ok=True)
    raise TryAgain(
        f"{artefact.group}:{artefact.filename} could not be fetched in {_TRIES} tries ({trouble}); the first start "
        "needs Maven Central: check the network or proxy, or name a mirror in SATUDATA_MAVEN_MIRROR"
    )


def _mirrors(path: Path) -> Iterator[tuple[str, str]]:
    root = ET.parse(path).getroot()  # noqa: S314 - the user's own settings file
    for mirror in root.iter():
        if mirror.tag.rpartition("}")[2] != "mirror":
            continue
        fields = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in mirror}
        covered = {name.strip() for name in fields.get("mirrorOf", "").split(",")}
        if covered & {"*", "central", "external:*"} and "!central" not in covered:
            yield fields.get("id", "mirror"), fields["url"].rstrip("/")


def _reporter(advance: Advance) -> Callable[[str, int], AbstractContextManager[Advance]]:
    @contextmanager
    def report(_filename: str, _size: int) -> Iterator[Advance]:
        yield advance

    return report
