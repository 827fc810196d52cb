"""Unpack Debian's OpenSSH server with the libraries that it needs into the cache, unless the machine has it installed.

The packages are only unpacked (`dpkg -x`): no service is installed and no root is needed once apt knows the packages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs

PACKAGE = "openssh-server"
_PLACE = Path("usr/sbin/sshd")
_URI = re.compile(r"^'\S+' ([^_\s]+)_\S+\.deb ", re.MULTILINE)


def cache() -> Path:
    """Return the folder under which the packages are unpacked."""
    base = os.environ.get("SATUDATA_CACHE") or platformdirs.user_cache_dir("satudata")
    return Path(base) / "debian-sshd"


def find() -> Path | None:
    """Return the root that holds the programs: `/` where the package is installed, else the cache, else None."""
    for root in (Path("/"), cache()):
        if (root / _PLACE).exists():
            return root
    return None


def _needed() -> list[str]:
    """Return the package and what this machine lacks for it, as apt reckons."""
    asked = ["apt-get", "install", "--print-uris", "-qq", "--no-install-recommends", PACKAGE]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    return _URI.findall(answer.stdout)


def _download(folder: str) -> list[Path]:
    needed = _needed()
    if needed:
        subprocess.run(["apt-get", "download", "-qq", *needed], cwd=folder, check=False)
    found = sorted(Path(folder).glob("*.deb"))
    return found if len(found) == len(needed) else []


def main() -> int:
    """Make the programs available; return 1 with the remedy if that cannot be done."""
    if find() is not None:
        return 0
    if shutil.which("apt-get") is None:
        print(f"Debian's {PACKAGE} is needed for the connectors' tests: run them on Debian 12", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        packages = _download(folder)
        if not packages and os.geteuid() == 0:
            subprocess.run(["apt-get", "update", "-qq"], check=False)
            packages = _download(folder)
        if not packages:
            print(f"apt-get could not fetch {PACKAGE} (Debian 12 has it): run `apt-get update` as root, then again",
                  file=sys.stderr)  # fmt: skip
            return 1
        cache().mkdir(parents=True, exist_ok=True)
        for package in packages:
            subprocess.run(["dpkg", "-x", str(package), str(cache())], check=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
