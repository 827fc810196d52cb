"""PostgreSQL 13, the oldest server that is captured, run as the platform runs its PostgreSQL."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from hub.platform import cache, maven
from hub.platform.ports import Ports
from hub.platform.postgres import Postgres
from hub.wire.settings import Settings

_LOCK = Path(__file__).with_name("artefacts.toml")


class OldestPostgres(Postgres):
    """One server of version 13, with the extensions that come with PostgreSQL."""

    def __init__(self, name: str, home: Path) -> None:
        for folder in ("run", "logs"):
            (home / folder).mkdir(exist_ok=True)
        super().__init__(name, home, home / "cache", Ports(home / "run" / "ports.json"), version=13)

    def locate(self) -> Path:
        """Return the programs' folder, fetched on first use and copied to where the server's user can enter it."""
        wanted = maven.locked("postgres13", _LOCK)
        place = Settings().cache / wanted.folder
        if not place.is_dir():
            _fetch(wanted.artefacts[0], place)
        if self._user is not None and not cache.reachable(place / "bin" / "postgres", self._user):
            shutil.copytree(place, self.home / wanted.folder, symlinks=True, dirs_exist_ok=True)
            return self.home / wanted.folder
        return place


def _fetch(artefact: maven.Artefact, place: Path) -> None:
    """Unpack the archive within the archive."""
    with cache.beside(place) as draft, tempfile.TemporaryDirectory() as folder:
        path = maven.fetch(artefact, Path(folder), lambda _size: None)
        with (
            zipfile.ZipFile(path) as jar,
            jar.open("postgres-linux-x86_64.txz") as inner,
            tarfile.open(fileobj=inner, mode="r:xz") as archive,
        ):
            # Debian 12's Python 3.11.2 has neither `data_filter` nor `extractall(filter=...)`.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(draft)
