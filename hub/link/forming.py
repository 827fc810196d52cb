"""What the engine keeps of stored bodies, made again at a start: of many, by two processes.

Reading a body and making its features and keys costs more than taking them, so a second process has a part of them,
which is started when so many bodies have come that it pays.  It gets portions of bodies by its standard input and
answers each with their features and keys.  It ends when its input does, and so with its parent, however that ends.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from queue import Empty, SimpleQueue
from struct import Struct
from types import TracebackType
from typing import IO, NamedTuple, Self

from hub.link.features import Layout
from hub.link.model import Model
from hub.wire import log
from hub.wire.archive import Archive
from hub.wire.decisions import RecordRow

_log = log.get(__name__)
ALONE = 20_000
"""Rows that are formed here before a second process is started."""
_PORTION = 500
_SIZE = Struct("<I")
_AHEAD = 4
"""Portions that the second process has at most."""


class Formed(NamedTuple):
    """What the engine keeps of a body."""

    features: bytes
    keys: Sequence[int]


Taken = tuple[RecordRow, Formed | None]
"""A row, and what the engine keeps of its values, if it has any."""


def formed(rows: Iterable[RecordRow], schemas: Mapping[bytes, str], model: Model, layout: Layout) -> Iterator[Taken]:
    """Yield every row with what is kept of its values, in any order; raises Halt for a body that cannot be read."""
    form = _former(schemas, layout)
    rows = iter(rows)
    for row in islice(rows, ALONE):
        yield row, form(row)
    portions = iter(lambda: list(islice(rows, _PORTION)), [])
    first = next(portions, None)
    if first is None:
        return
    with _Beside(model, schemas) as beside:
        for portion in chain([first], portions):
            if not beside.offer(portion):
                for row in portion:
                    yield row, form(row)
            yield from beside.done()
        while beside.busy:
            yield from beside.done(wait=True)
        for row in beside.left:
            yield row, form(row)


def _former(schemas: Mapping[bytes, str], layout: Layout) -> Callable[[RecordRow], Formed | None]:
    decode, read, pack, keys = Archive(schemas.get).decode, layout.read, layout.pack, layout.keys

    def form(row: RecordRow) -> Formed | None:
        body = row.body if row.encoded is None else decode(row.encoded)
        if body is None or row.deleted:
            return None
        slots = read(body)
        return Formed(pack(slots), keys(slots))

    return form


class _Beside:
    """The second process.  When it ends early its portions are left to be formed here.

    A thread writes to it and one reads from it: neither waits while this process has rows of its own to form.
    """

    def __init__(self, model: Model, schemas: Mapping[bytes, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._sent: deque[list[RecordRow]] = deque()
        self._questions: SimpleQueue[bytes | None] = SimpleQueue()
        self._answers: SimpleQueue[list[tuple[bytes, list[int]]] | None] = SimpleQueue()
        self._ended = False
        self.left: list[RecordRow] = []
        """Rows that it had and did not answer."""
        self._questions.put(pickle.dumps((model, dict(schemas))))
        self._threads = [
            threading.Thread(target=work, name="forming", daemon=True) for work in (self._tell, self._listen)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._questions.put(None)
        for thread in self._threads:
            thread.join()
        self._process.wait()
        self._from.close()

    @property
    def busy(self) -> bool:
        """Whether it still has portions."""
        return bool(self._sent)

    def offer(self, rows: list[RecordRow]) -> bool:
        """Give it a portion, unless it has enough or a row of it has no stored body; False when it was not taken."""
        if self._ended or len(self._sent) >= _AHEAD or any(row.encoded is None or row.deleted for row in rows):
            return False
        self._sent.append(rows)
        self._questions.put(marshal.dumps([row.encoded for row in rows]))
        return True

    def done(self, *, wait: bool = False) -> Iterator[Taken]:
        """Yield what it has formed meanwhile; with `wait`, of one portion at least."""
        while self._sent:
            try:
                answer = self._answers.get(block=wait)
            except Empty:
                return
            if answer is None:
                _log.warning("forming_alone", reason=f"the second process ended with {self._process.wait()}")
                self.left += [row for portion in self._sent for row in portion]
                self._sent.clear()
                self._ended = True
                return
            wait = False
            for row, (features, keys) in zip(self._sent.popleft(), answer, strict=True):
                yield row, Formed(features, keys)

    def _tell(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # the other thread meets the end, too
            while (question := self._questions.get()) is not None:
                _send(self._to, question)
        with contextlib.suppress(BrokenPipeError):
            self._to.close()

    def _listen(self) -> None:
        try:
            while True:
                self._answers.put(marshal.loads(_receive(self._from)))  # noqa: S302 - our own process
        except EOFError:
            self._answers.put(None)


def _serve(given: IO[bytes], told: IO[bytes]) -> None:
    """Be the second process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends in its own time, and this with it
    gc.disable()  # nothing that it makes is a cycle
    model, schemas = pickle.loads(_receive(given))  # noqa: S301 - the parent's
    layout = Layout(model)
    decode, read, pack, keys = Archive(schemas.get).decode, layout.read, layout.pack, layout.keys
    while True:
        values = [read(decode(body)) for body in marshal.loads(_receive(given))]  # noqa: S302 - the parent's
        _send(told, marshal.dumps([(pack(each), keys(each)) for each in values]))


def _send(target: IO[bytes], data: bytes) -> None:
    target.write(_SIZE.pack(len(data)))
    target.write(data)
    target.flush()


def _receive(source: IO[bytes]) -> bytes:
    """Return the next message; raises EOFError when there is none, or not the whole of one."""
    head = source.read(_SIZE.size)
    data = source.read(*_SIZE.unpack(head)) if len(head) == _SIZE.size else b""
    if len(head) < _SIZE.size or len(data) < _SIZE.unpack(head)[0]:
        raise EOFError
    return data


if __name__ == "__main__":
    log.configure("forming", "warning")
    with contextlib.suppress(BrokenPipeError, EOFError):
        _serve(sys.stdin.buffer, sys.stdout.buffer)
