"""What the embedded services have in common: prepare, start, wait until healthy, say why not, stop."""

from __future__ import annotations

import signal
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from hub.platform.child import Child, Command, end_left_over, spawn
from hub.wire.errors import RefuseToStart

_REMEDIES = (
    ("No space left on device", "the disk is full: free some space, then start again"),
    ("Address already in use", "another program took the port: start again, a free one will be found"),
    ("Permission denied", "a file belongs to another user: start as the user who owns the data folder"),
    ("Cannot allocate memory", "too little memory: the platform needs about 1.5 GB free"),
    ("OutOfMemoryError", "too little memory: the platform needs about 1.5 GB free"),
    ("could not map memory", "too little shared memory: give /dev/shm at least 128 MB"),
    ("could not resize shared memory", "too little shared memory: give /dev/shm at least 128 MB"),
)
_WHOLE = 500
"""Lines in which a passing trouble is looked for: Java tells the cause above a long trace."""
_OTHERWISE = "read the log for the cause; once it is gone, start again"


class Service(ABC):
    """One embedded service; its data lies in `<home>/<name>`, its log in `<home>/logs/<name>.log`."""

    polite: ClassVar[signal.Signals] = signal.SIGTERM
    patience: ClassVar[float] = 120
    grace: ClassVar[float] = 20

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.home = home
        self.folder = home / name
        self.log = home / "logs" / f"{name}.log"
        self.child: Child | None = None
        self._pid_file = home / "run" / f"{name}.pid"

    @property
    @abstractmethod
    def version(self) -> str:
        """Return the version of the program."""

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """Return the address that clients use."""

    @abstractmethod
    def prepare(self) -> None:
        """Write the configuration and, on first use, the empty data folder."""

    @abstractmethod
    def command(self) -> Command:
        """Return what to run."""

    @abstractmethod
    def ailment(self) -> str | None:
        """Return None when the service answers as it must, else what is wrong."""

    def passing(self, output: str) -> bool:
        """Say whether what a failed start wrote tells of a trouble that goes away by itself."""
        return "Address already in use" in output

    @property
    def running(self) -> bool:
        """Say whether the child process lives."""
        return self.child is not None and self.child.returncode is None

    @property
    def pid(self) -> int:
        """Return the child's process id; raises RefuseToStart if it is not running."""
        if self.child is None:
            raise RefuseToStart(f"{self.name} was not started here")
        return self.child.pid

    def start(self, cancelled: threading.Event | None = None) -> None:
        """Start and wait until healthy; raises RefuseToStart with the log's tail and a remedy."""
        if self.running:
            return
        end_left_over(self._pid_file)
        deadline = time.monotonic() + self.patience
        self.prepare()
        while not self._attempt(deadline, cancelled or threading.Event()):
            time.sleep(0.5)
            self.prepare()

    def stop(self) -> None:
        """End the service in good order."""
        if self.child is not None:
            self.child.stop(self.polite, self.grace)
            self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the service at once, as a crash would."""
        if self.child is not None:
            self.child.kill()

    def pause(self) -> None:
        """Freeze the service's main process."""
        if self.child is not None:
            self.child.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen service go on."""
        if self.child is not None:
            self.child.send(signal.SIGCONT)

    def _attempt(self, deadline: float, cancelled: threading.Event) -> bool:
        """Start once; True when healthy, False when it is worth another attempt."""
        self.child = spawn(self.name, self.command(), self.log, self._pid_file)
        ailment: str | None = "it did not begin"
        while time.monotonic() < deadline:
            if cancelled.wait(0.05):
                self.stop()
                raise RefuseToStart(f"{self.name}: the start was called off")
            if self.child.returncode is not None:
                if self.passing(self.child.output(_WHOLE)):
                    return False
                raise self._failure(f"ended with code {self.child.returncode}", self.child.output())
            ailment = self.ailment()
            if ailment is None:
                return True
        self.stop()
        raise self._failure(f"was not healthy after {self.patience:.0f} s: {ailment}", self.child.output())

    def _failure(self, what: str, output: str) -> RefuseToStart:
        remedy = next((remedy for sign, remedy in _REMEDIES if sign in output), _OTHERWISE)
        return RefuseToStart(f"{self.name} {what}.\nWhat to do: {remedy}.\nThe end of {self.log}:\n{output}")
