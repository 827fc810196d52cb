"""Debian's own PostgreSQL 15, run as the platform runs its PostgreSQL: what an OPD's server most likely is."""

from __future__ import annotations

import shutil
from pathlib import Path

from hub.platform import cache
from hub.platform.ports import Ports
from hub.platform.postgres import Postgres
from tools.debian import PROGRAMS


class DebianPostgres(Postgres):
    """One server of Debian's package, with all its extensions."""

    def __init__(self, name: str, home: Path) -> None:
        for folder in ("run", "logs"):
            (home / folder).mkdir(exist_ok=True)
        super().__init__(name, home, home / "cache", Ports(home / "run" / "ports.json"), version=15)
        found = PROGRAMS["postgres"].find()
        assert found is not None, "PostgreSQL 15 is not unpacked: run python tools/debian.py postgres"
        self._root = found

    def locate(self) -> Path:
        """Return the package's folder, copied to where the server's user can enter it if need be."""
        if self._user is not None and not cache.reachable(self._root, self._user):
            shutil.copytree(self._root, self.home / "debian", symlinks=True, dirs_exist_ok=True)
            self._root = self.home / "debian"
        return self._root / PROGRAMS["postgres"].place.parents[1]

    def surroundings(self) -> dict[str, str]:
        """Let the programs find the libraries that were unpacked with them."""
        if self._root == Path("/"):
            return {}
        folders = ":".join(str(path) for path in sorted(self._root.glob("usr/lib/*-linux-gnu*")))
        return {"LD_LIBRARY_PATH": folders}
