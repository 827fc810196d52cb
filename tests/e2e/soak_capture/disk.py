"""A small disk of its own: a tmpfs of the soak's own mount namespace, which ends with it, however it ends.

The soak starts itself again in such a namespace (`enter`): as root by right, else as the same user in a user namespace.
"""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

_INSIDE = "SATUDATA_SOAK_NAMESPACE"
_FILLER = ".penuh"
_PIECES = (1 << 20, 1 << 12, 1)


def enter(module: str) -> None:
    """Go on in a mount namespace of our own; does not return the first time."""
    if os.environ.get(_INSIDE) == "yes":
        return
    mine = () if os.geteuid() == 0 else ("--user", "--map-current-user", "--keep-caps")
    command = ["unshare", *mine, "--mount", "--propagation", "private"]
    if subprocess.run([*command, "true"], check=False).returncode:
        sys.exit("this soak fills small disks that it mounts itself: run it as root, or where users may have "
                 "namespaces (sysctl kernel.unprivileged_userns_clone=1)")  # fmt: skip
    os.environ[_INSIDE] = "yes"
    os.execvp(command[0], [*command, sys.executable, "-m", module, *sys.argv[1:]])


class Disk:
    """A folder that lies on a disk of so many megabytes."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        options = f"size={megabytes}m,mode=755".encode()
        if _LIBC.mount(b"soak", os.fsencode(folder), b"tmpfs", 0, options):
            raise OSError(ctypes.get_errno(), f"no tmpfs at {folder}")

    def fill(self) -> None:
        """Leave not one byte free; what became free since is taken too."""
        with (self.folder / _FILLER).open("ab", buffering=0) as filler:
            for piece in _PIECES:
                while _grown(filler.fileno(), piece):
                    pass

    def free(self) -> None:
        """Make room again."""
        (self.folder / _FILLER).unlink(missing_ok=True)

    def remove(self) -> None:
        """Take the disk away."""
        _LIBC.umount2(os.fsencode(self.folder), _DETACH)


def _grown(descriptor: int, size: int) -> bool:
    try:
        return os.write(descriptor, bytes(size)) == size
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


_LIBC = ctypes.CDLL(None, use_errno=True)
_DETACH = 2
