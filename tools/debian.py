"""Unpack programs of Debian 12 and their libraries into the cache, unless the machine has them installed.

    python tools/debian.py postgres mariadb sshd

The packages are only unpacked (`dpkg -x`): no service is installed and no root is needed once apt knows the packages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_URI = re.compile(r"^'\S+' ([^_\s]+)_\S+\.deb ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Program:
    """One program of a Debian package."""

    package: str
    folder: str
    """Its folder in the cache."""
    place: Path
    """The program below the root that it is unpacked to, or installed under."""

    @property
    def cache(self) -> Path:
        """Return the folder under which the packages are unpacked."""
        base = os.environ.get("SATUDATA_CACHE") or platformdirs.user_cache_dir("satudata")
        return Path(base) / self.folder

    def find(self) -> Path | None:
        """Return the root that holds the program: `/` where it is installed, else the cache, else None."""
        return next((root for root in (Path("/"), self.cache) if (root / self.place).exists()), None)

    def get(self) -> str | None:
        """Make the program available; return the remedy if that cannot be done."""
        if self.find() is not None:
            return None
        if shutil.which("apt-get") is None:
            return f"Debian's {self.package} is needed for the connectors' tests: run them on Debian 12"
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            packages = self._download(folder)
            if not packages and os.geteuid() == 0:
                subprocess.run(["apt-get", "update", "-qq"], check=False)
                packages = self._download(folder)
            if not packages:
                return f"apt-get could not fetch {self.package} of Debian 12: run `apt-get update` as root, then again"
            self.cache.mkdir(parents=True, exist_ok=True)
            for package in packages:
                subprocess.run(["dpkg", "-x", str(package), str(self.cache)], check=True)
        return None

    def _download(self, folder: str) -> list[Path]:
        """Fetch the package and what this machine lacks for it, as apt reckons; nothing if a part is missing."""
        asked = ["apt-get", "install", "--print-uris", "-qq", "--no-install-recommends", self.package]
        needed = _URI.findall(subprocess.run(asked, capture_output=True, text=True, check=False).stdout)
        if needed:
            subprocess.run(["apt-get", "download", "-qq", *needed], cwd=folder, check=False)
        found = sorted(Path(folder).glob("*.deb"))
        return found if len(found) == len(needed) else []


PROGRAMS = {
    "postgres": Program("postgresql-15", "debian-postgres-15", Path("usr/lib/postgresql/15/bin/postgres")),
    "mariadb": Program("mariadb-server-core", "debian-mariadb", Path("usr/sbin/mariadbd")),
    "sshd": Program("openssh-server", "debian-sshd", Path("usr/sbin/sshd")),
}


def main(names: list[str]) -> int:
    """Make the named programs available; return 1 with the remedy of the first that is not to be had."""
    for name in names:
        trouble = PROGRAMS[name].get()
        if trouble is not None:
            print(trouble, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
