"""Launcher of every child process: change user, tie the child's life to its parent's, then become the program.

Run as `python -I -S launch.py PARENT_PID SIGNAL UID GID PROGRAM [ARGUMENT ...]`, where UID and GID may be `-`.  It
stands alone (standard library only), because it runs before anything of the hub is imported.  The death signal is
asked for after the change of user, which would clear it, and the parent is looked at afterwards, since it may have
died before the kernel knew the wish.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the program named in `arguments`; returns only if the parent is gone."""
    parent, death_signal, uid, gid, *command = arguments
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        die_with_parent(int(death_signal))
    if os.getppid() != int(parent):
        return
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.execv(command[0], command)  # noqa: S606 - becoming the program is this file's purpose


def die_with_parent(death_signal: int) -> None:
    """Ask the kernel to send this process a signal when the thread that made it ends."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")


if __name__ == "__main__":
    main(sys.argv[1:])
