"""Unpack Debian unstable's MySQL with all that it stands on, for `make verify-mysql`.

Nothing is installed: the packages come by a package list of their own and are only unpacked (`dpkg -x`), the server
runs by the C library that was unpacked with it.  Unstable changes, so this is no part of `make test`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs

PACKAGE = "mysql-server-core"
_URI = re.compile(r"^'\S+' ([^_\s]+)_\S+\.deb ", re.MULTILINE)
_NEEDLESS = re.compile(r"^(perl|libperl|libgdbm|libdb5|libc-gconv)")


def cache() -> Path:
    """Return the folder under which the packages are unpacked."""
    base = os.environ.get("SATUDATA_CACHE") or platformdirs.user_cache_dir("satudata")
    return Path(base) / "debian-mysql"


def _archive() -> str:
    """Return the address of Debian's archive, as this machine's apt knows it."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL) $(SUITE)", "Created-By: Packages"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    return next(line.split()[0] for line in lines if line.split()[1:2] == ["Debian"])


def _options(folder: Path) -> list[str]:
    for place in ("state/lists/partial", "cache/archives/partial"):
        (folder / place).mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb {_archive()} unstable main\n")
    (folder / "status").touch()
    places = {"Dir::Etc::sourcelist": "sources.list", "Dir::State": "state", "Dir::Cache": "cache",
              "Dir::State::status": "status"}  # fmt: skip
    given = [f"-o{name}={folder / place}" for name, place in places.items()]
    return [*given, "-oDir::Etc::sourceparts=-", "-oAPT::Sandbox::User=root"]


def main() -> int:
    """Make the server available; return 1 with the remedy if that cannot be done."""
    if (cache() / "usr/sbin/mysqld").exists():
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = _options(folder)
        subprocess.run(["apt-get", *options, "update", "-qq"], check=True)
        asked = ["apt-get", *options, "install", "--print-uris", "-qq", "--no-install-recommends", PACKAGE]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
        needed = [package for package in _URI.findall(answer.stdout) if not _NEEDLESS.match(package)]
        if PACKAGE not in needed:
            print(f"Debian unstable does not offer {PACKAGE} at the moment: {answer.stderr}", file=sys.stderr)
            return 1
        subprocess.run(["apt-get", *options, "download", "-qq", *needed], cwd=folder, check=True)
        cache().mkdir(parents=True, exist_ok=True)
        for package in sorted(folder.glob("*.deb")):
            subprocess.run(["dpkg", "-x", str(package), str(cache())], check=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
