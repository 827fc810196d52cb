"""One child process: its log file, its pid file, and its end with the parent, whatever way the parent ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hub.platform import forks
from hub.wire.errors import RefuseToStart

_LAUNCHER = Path(__file__).with_name("launch.py")
_SPAWNERS: dict[int, ThreadPoolExecutor] = {}
_LOG_BYTES = 32 * 1024 * 1024
_OF_THE_JVM = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")


@dataclass(frozen=True, slots=True)
class User:
    """The user that a child runs as, when it is not the parent's own."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Command:
    """What to run and in which surroundings; `env` is added to the parent's own environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    user: User | None = None
    death_signal: signal.Signals = signal.SIGKILL


class Process(Protocol):
    """A process that was started, as `subprocess.Popen` offers it."""

    pid: int

    def poll(self) -> int | None:
        """Return how it ended (negative: by that signal), None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises subprocess.TimeoutExpired."""

    def send_signal(self, number: int, /) -> None:
        """Send it a signal, unless it has ended."""


class Child:
    """A running child process."""

    def __init__(self, name: str, process: Process, log: Path, offset: int = 0) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._offset = offset

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Return how the child ended (negative: by that signal), or None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Wait up to `seconds` for the child's end; return its code, or None if it still runs."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the child; a child that has ended is left alone."""
        self._process.send_signal(number)

    def stop(self, polite: signal.Signals = signal.SIGTERM, seconds: float = 15) -> int:
        """Ask the child to end, insist after `seconds`, and return its code."""
        self.send(signal.SIGCONT)
        self.send(polite)
        code = self.wait(seconds)
        return code if code is not None else self.kill()

    def kill(self) -> int:
        """End the child at once, as a crash would, and return its code."""
        self.send(signal.SIGKILL)
        return self._process.wait()

    def output(self, lines: int = 15) -> str:
        """Return the last lines that this child, and not an earlier one, wrote to its log."""
        return tail(self.log, lines, self._offset)


def spawn(name: str, command: Command, log: Path, pid_file: Path | None = None, *, fork: bool = False) -> Child:
    """Start `command`, its output appended to `log`; raises RefuseToStart if the program is not there.

    With `fork` a Python module's program begins as a fork of a server that has imported most of it.
    """
    program = command.argv[0]
    if not os.access(program, os.X_OK):
        raise RefuseToStart(f"{name}: cannot run {program}: it is missing or not executable; reinstall the package")
    _make_room(log)
    offset = log.stat().st_size if log.exists() else 0
    start = _fork if fork and forks.can_become(command.argv) else _popen
    process = _spawner().submit(start, name, command, log).result()
    if pid_file is not None:
        pid_file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(pid_file, json.dumps(identify(process.pid)))
    return Child(name, process, log, offset)


def identify(pid: int) -> dict[str, int]:
    """Return what names a process beyond its pid, which the system uses again: pid and start time."""
    return {"pid": pid, "started": started(pid)}


def started(pid: int) -> int:
    """Return the start time of a living process in clock ticks since boot; 0 if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    fields = stat.rpartition(")")[2].split()
    return 0 if fields[0] == "Z" else int(fields[19])


def alive(identity: Mapping[str, int]) -> bool:
    """Say whether the very process that `identify` described still runs."""
    return identity["started"] != 0 and started(identity["pid"]) == identity["started"]


def end_left_over(pid_file: Path, seconds: float = 15) -> None:
    """End a child that an earlier parent left (it is dying of its parent's death, or had none to die of)."""
    try:
        identity = json.loads(pid_file.read_text())
    except (OSError, ValueError):
        return
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, seconds)):
        if not alive(identity):
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(identity["pid"], number)
        until(lambda: not alive(identity), patience)
    pid_file.unlink(missing_ok=True)


def until(condition: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Wait until `condition()` holds; False if it did not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def tail(path: Path, lines: int = 15, offset: int = 0) -> str:
    """Return the last lines of a file from `offset` on, or a word that there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(offset, path.stat().st_size - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a small file so that a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)


def _make_room(log: Path) -> None:
    """Put a log that has grown large aside as `<log>.1`, the only one kept."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def _fork(name: str, command: Command, log: Path) -> Process:
    log.touch()
    return forks.start(name, command.argv, _environment(command), command.cwd, log)


def _environment(command: Command) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _OF_THE_JVM} | dict(command.env)


def _popen(_name: str, command: Command, log: Path) -> Process:
    user = command.user
    ids = (str(user.uid), str(user.gid)) if user else ("-", "-")
    launch = (sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(int(command.death_signal)), *ids)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the programs are the hub's own
            (*launch, *command.argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=command.cwd,
            env=_environment(command),
            start_new_session=True,  # Ctrl-C reaches the parent alone, which ends its children in order
        )


def _spawner() -> ThreadPoolExecutor:
    """Return the thread that starts children: the kernel ties a child to the thread that made it, not the process."""
    return _SPAWNERS.setdefault(os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="spawner"))
