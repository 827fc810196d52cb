"""Keeps the hub's own stages running: one child a stage, restarted with a growing pause when it ends badly.

A stage that ends with code 0 is done.  Any other end, a signal included, is answered by a new start: that is what the
stages count on when they meet something they may not go on with.  A stage that still runs but whose own probe says, or
fails to say, that it is healthy three times in a row is ended and started again too.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.platform import forks
from hub.platform.child import Child, Command, end_left_over, spawn
from hub.platform.health import Health
from hub.wire import log
from hub.wire.clock import Clock, SystemClock
from hub.wire.errors import RefuseToStart

_log = log.get(__name__)
_TICK = 0.05
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0
_SETTLED = 30.0
"""Seconds of life after which a stage counts as well again and its next pause is the first one."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What is to be known of one supervised process; `pid` is 0 while it does not run."""

    name: str
    pid: int
    restarts: int
    quick_ends: int
    code: int | None
    log: Path


@dataclass(slots=True)
class _Kept:
    command: Command
    child: Child
    since: float
    wanted: bool = True
    restarts: int = 0
    quick_ends: int = 0
    due: float | None = None
    ailing: bool = False
    """It was ended because it was not healthy: even a good end is answered by a new start."""


class Supervisor:
    """Child processes by name, kept alive by one thread, and healthy by another; logs in `<home>/logs/<name>.log`.

    Where modules are given that they need, Python's programs begin as forks of a process that has imported these.
    """

    def __init__(
        self, home: Path, *, ahead: Sequence[str] = (), clock: Clock | None = None, check_seconds: float = 10.0
    ) -> None:
        self.home = home.absolute()
        self._fork = bool(ahead)
        if ahead:
            forks.prepare(ahead)
        self._check_seconds = check_seconds
        self._health = Health(self.home)
        self._clock = clock or SystemClock()
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()

    def start(self, name: str, command: Command) -> Stage:
        """Start a stage and keep it running; a stage of that name that was stopped or is done is replaced."""
        with self._lock:
            known = self._kept.get(name)
            if known is not None and known.wanted and known.child.returncode != 0:
                raise RefuseToStart(f"{name} is already supervised; stop it first, or choose another name")
            end_left_over(self._pid_file(name))
            self._kept[name] = _Kept(command, self._spawn(name, command), self._clock.monotonic())
            self._watch()
            return self.stage(name)

    def stage(self, name: str) -> Stage:
        """Return how a stage is doing."""
        with self._lock:
            kept = self._kept[name]
            code = kept.child.returncode
            pid = kept.child.pid if code is None else 0
            return Stage(name, pid, kept.restarts, kept.quick_ends, code, kept.child.log)

    def stages(self) -> Mapping[str, Stage]:
        """Return how every stage is doing, in the order they were started."""
        with self._lock:
            return {name: self.stage(name) for name in self._kept}

    def output(self, name: str, lines: int = 15) -> str:
        """Return the last lines that the present process of a stage wrote."""
        return self._child(name).output(lines)

    def kill(self, name: str) -> None:
        """End a stage as a crash would; it is started again."""
        self._child(name).kill()

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a stage a signal, SIGSTOP and SIGCONT for instance."""
        self._child(name).send(number)

    def stop(self, name: str, seconds: float = 20) -> int:
        """End a stage in good order, for good; return its code."""
        with self._lock:
            kept = self._kept[name]
            kept.wanted, kept.due = False, None
        code = kept.child.stop(seconds=seconds)
        self._pid_file(name).unlink(missing_ok=True)
        return code

    def stop_all(self, seconds: float = 20) -> None:
        """End every stage, side by side, and the supervision."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
        if self._kept:
            with ThreadPoolExecutor(len(self._kept), thread_name_prefix="stop") as pool:
                list(pool.map(lambda name: self.stop(name, seconds), self._kept))

    def _child(self, name: str) -> Child:
        with self._lock:
            return self._kept[name].child

    def _spawn(self, name: str, command: Command) -> Child:
        return spawn(name, command, self.home / "logs" / f"{name}.log", self._pid_file(name), fork=self._fork)

    def _pid_file(self, name: str) -> Path:
        return self.home / "run" / f"stage-{name}.pid"

    def _watch(self) -> None:
        if not any(thread.is_alive() for thread in self._threads):
            self._ended.clear()
            self._threads = [
                threading.Thread(target=work, name=name, daemon=True)
                for work, name in ((self._run, "supervisor"), (self._look_after, "supervisor-health"))
            ]
            for thread in self._threads:
                thread.start()

    def _look_after(self) -> None:
        """Ask each running stage how it is, and end one that is not well: `_run` then starts it again."""
        while not self._ended.wait(self._check_seconds):
            with self._lock:
                running = {n: k for n, k in self._kept.items() if k.wanted and k.child.returncode is None}
            for name, kept in running.items():
                ailment = self._health.ailment(kept.child.pid)
                if ailment is not None:
                    self._end_ailing(name, kept, ailment)

    def _end_ailing(self, name: str, kept: _Kept, ailment: str) -> None:
        child = kept.child
        with self._lock:
            if self._kept.get(name) is not kept or not kept.wanted or child.returncode is not None:
                return
            kept.ailing = True
        _log.error("stage_unhealthy", stage=name, reason=ailment)
        child.stop()

    def _run(self) -> None:
        while not self._ended.wait(_TICK):
            with self._lock:
                for name, kept in self._kept.items():
                    if kept.wanted and kept.child.returncode is not None:
                        self._answer_end(name, kept)

    def _answer_end(self, name: str, kept: _Kept) -> None:
        now = self._clock.monotonic()
        if kept.child.returncode == 0 and not kept.ailing:
            kept.wanted = False
        elif kept.due is None:
            kept.quick_ends = 0 if now - kept.since > _SETTLED else kept.quick_ends + 1
            pause = pause_after(kept.quick_ends)
            kept.due = now + pause
            _log.warning("stage_ended", stage=name, code=kept.child.returncode, restart_in_s=pause)
        elif now >= kept.due:
            kept.child, kept.since, kept.due = self._spawn(name, kept.command), now, None
            kept.ailing = False
            kept.restarts += 1


def pause_after(quick_ends: int) -> float:
    """Return the pause in seconds before a restart after so many ends, each soon after its start, in a row."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** max(0, min(quick_ends, 16) - 1))


def with_environment(command: Command, **values: str) -> Command:
    """Return the same command with further environment variables."""
    return replace(command, env={**command.env, **values})
