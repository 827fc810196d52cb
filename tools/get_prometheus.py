"""Unpack Debian's prometheus package into the cache unless prometheus and promtool are already at hand.

The package is only unpacked (`dpkg -x`): no service is installed and no root is needed once apt knows the package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs

NEEDED = ("prometheus", "promtool")


def cache() -> Path:
    """Return the folder under which `usr/bin/prometheus` stands."""
    base = os.environ.get("SATUDATA_CACHE") or platformdirs.user_cache_dir("satudata")
    return Path(base) / "prometheus"


def find(tool: str) -> str | None:
    """Return the path of prometheus or promtool, or None."""
    unpacked = cache() / "usr" / "bin" / tool
    return str(unpacked) if unpacked.exists() else shutil.which(tool)


def _download(folder: str) -> Path | None:
    subprocess.run(["apt-get", "download", "-qq", "prometheus"], cwd=folder, check=False)
    return next(Path(folder).glob("prometheus_*.deb"), None)


def main() -> int:
    """Make both tools available; return 1 with the remedy if that cannot be done."""
    if all(find(tool) for tool in NEEDED):
        return 0
    if shutil.which("apt-get") is None:
        print("prometheus and promtool are needed for the monitoring tests: put both on PATH", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        package = _download(folder)
        if package is None and os.geteuid() == 0:
            subprocess.run(["apt-get", "update", "-qq"], check=False)
            package = _download(folder)
        if package is None:
            print("apt-get could not fetch prometheus: run `apt-get update` as root, then again", file=sys.stderr)
            return 1
        cache().mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg", "-x", str(package), str(cache())], check=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
