"""Python programs as forks of a server that has imported ahead what they need (`multiprocessing`'s forkserver).

`python -m hub run clean` spends a second of CPU on imports before its own first line; a fork of a process that has made
them spends none, and shares their memory.  Only what a supervisor runs by the handful is started so: a stage that the
machine's own service manager starts is a program of its own.
"""

from __future__ import annotations

import contextlib
import multiprocessing.forkserver
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import connection, get_context, parent_process
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from hub.platform.launch import die_with_parent

_CONTEXT = get_context("forkserver")
_LOCK = threading.Lock()
"""`multiprocessing` reads the end of a process once, wherever it looks for it: at a poll and at the next start."""
_COMM = Path("/proc/self/comm")


def prepare(modules: Sequence[str]) -> None:
    """Start the server, if none runs, and let it import these modules; returns at once."""
    with _LOCK:
        _CONTEXT.set_forkserver_preload(list(modules))
        multiprocessing.forkserver.ensure_running()


def can_become(argv: Sequence[str]) -> bool:
    """Say whether a command line is a Python module's, under this very Python."""
    return len(argv) > 2 and tuple(argv[:2]) == (sys.executable, "-m")


class Fork:
    """A running fork, with what `subprocess.Popen` offers of it."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    def poll(self) -> int | None:
        """Return how it ended (negative: by that signal), None while it runs."""
        with _LOCK:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises subprocess.TimeoutExpired."""
        if (code := self.poll()) is None:
            connection.wait([self._process.sentinel], timeout)
            if (code := self.poll()) is None:
                raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def start(name: str, argv: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path) -> Fork:
    """Start `python -m MODULE ARGUMENT ...` as a fork, its output appended to `log`.

    It leads a session of its own, as a program started apart does: Ctrl-C reaches the parent alone.
    """
    process = _CONTEXT.Process(
        target=_become, name=name, args=(name, tuple(argv[2:]), dict(environment), cwd, log), daemon=True
    )
    with _LOCK:
        process.start()
    return Fork(process)


def _become(name: str, argv: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path) -> None:
    """Be the module's program, in the fork, which dies with the server, and the server with its owner.

    Each fork is handed what holds the server alive, to start processes in its turn: it must let go of that.
    """
    os.setsid()
    if sys.platform == "linux":
        die_with_parent(signal.SIGKILL)
        _COMM.write_text(f"hub {name}"[:15])
    os.close(multiprocessing.forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]  # noqa: SLF001
    owner = parent_process()
    if owner is None or not owner.is_alive() or os.getppid() == 1:
        return
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    with open(os.devnull, "rb") as nothing, log.open("ab", buffering=0) as output:
        for descriptor, file in enumerate((nothing, output, output)):
            os.dup2(file.fileno(), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.path.insert(0, str(cwd))
    module, *sys.argv[1:] = argv
    runpy.run_module(module, run_name="__main__", alter_sys=True)
