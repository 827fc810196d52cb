"""The replication protocol's client side: one connection, COPY in both directions, status feedback.

Built on psycopg's libpq wrapper, which has no cursor for it.  Frames are handed over whole: `w` log data (start and end
position, the server's clock, then the plugin's message from byte 25 on); keepalives are answered here.  Each feedback
asks for a keepalive, so an idle table's position moves with the server's log and holds none of it.
"""

from __future__ import annotations

import re
import select
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import psycopg
from psycopg import pq

from connectors.kinds.postgres_wal import session
from connectors.kinds.postgres_wal.session import connection_string
from hub.wire.errors import TryAgain

PAYLOAD = 25
"""Where the plugin's message begins in a frame."""
_STATUS = struct.Struct(">cqqqqc")
_POSTGRES_EPOCH = 946_684_800
_LOG_DATA = ord("w")
_POSITION = struct.Struct(">q").unpack_from
_END = struct.Struct(">8xq").unpack_from
_FORK = re.compile(r"^\s*(\d+)\s+([0-9A-F]+/[0-9A-F]+)", re.MULTILINE)
_BYTES = 2 * 1024 * 1024
"""How much is handed over at once at most: rows can be large."""


class Identity(NamedTuple):
    """The server's answer to IDENTIFY_SYSTEM."""

    system: str
    timeline: str
    position: int
    database: str


class Slot(NamedTuple):
    """A slot just made: where it begins, and the snapshot that shows the tables as of there."""

    position: int
    snapshot: str


def parse_lsn(text: str) -> int:
    """Return the number of a log position such as 16/B374D848."""
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def format_lsn(lsn: int) -> str:
    """Return a log position as PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


class Replication:
    """A connection in replication mode; every fault of it is TryAgain, and the connection is done with."""

    def __init__(self, dsn: str, application: str) -> None:
        text = connection_string(dsn, application, replication="database")
        try:
            self._session = session.Session.connect(text, autocommit=True)  # libpq's own way stops every thread
        except psycopg.Error as error:
            raise TryAgain(f"PostgreSQL does not accept a replication connection: {error}") from error
        self._conn = self._session.pgconn
        self.received = 0
        self.server_end = 0
        self._flushed = 0
        self._heard = time.monotonic()

    @property
    def socket(self) -> int:
        """What to wait on for an answer."""
        return self._conn.socket

    def identify(self) -> Identity:
        """Return who the server is."""
        row = self._answer("IDENTIFY_SYSTEM")
        return Identity(row[0], row[1], parse_lsn(row[2]), row[3])

    def fork(self, timeline: str, parent: str) -> int | None:
        """Return the position at which the server's timeline left an earlier one; None if it does not come from it."""
        history = self._answer(f"TIMELINE_HISTORY {int(timeline)}")[1]
        forks = {number: parse_lsn(position) for number, position in _FORK.findall(history)}
        return forks.get(parent)

    def create_slot(self, name: str, *, temporary: bool = False, failover: bool = False) -> Iterator[Slot | None]:
        """Make a slot and keep its snapshot exported until the next command.

        It waits for every transaction that is open now, which may last: None is yielded meanwhile.
        """
        how = "(SNAPSHOT 'export', FAILOVER true)" if failover else "EXPORT_SNAPSHOT"  # servers below 15 know no list
        word = "TEMPORARY " if temporary else ""
        for row in self._ask(f"CREATE_REPLICATION_SLOT {name} {word}LOGICAL pgoutput {how}"):
            yield None if row is None else Slot(parse_lsn(row[1]), row[2])

    def keep_on_standbys(self, name: str) -> None:
        """Let a slot made without it be kept on standbys too."""
        for _ in self._ask(f"ALTER_REPLICATION_SLOT {name} (FAILOVER true)"):
            self.wait(0.1)

    def _answer(self, command: str) -> list[str]:
        for row in self._ask(command):
            if row is not None:
                return row
            self.wait(0.1)
        raise TryAgain(f"{command.partition(' ')[0]} gave no answer")

    def _ask(self, command: str) -> Iterator[list[str] | None]:
        """Send a command; yield None while it works, then its only row."""
        self._conn.send_query(command.encode())
        while self._conn.is_busy():
            if not self.wait(0):
                yield None
        result = self._conn.get_result()
        good = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
        if result is None or result.status not in good:
            reason = self._conn.get_error_message() if result is None else result.get_error_message()
            raise TryAgain(f"{command.partition(' ')[0]} failed: {reason}")
        while self._conn.get_result() is not None:
            pass
        yield [(result.get_value(0, column) or b"").decode() for column in range(result.nfields)]

    def start(self, slot: str, position: int, publication: str) -> None:
        """Ask for the log from a position on."""
        command = (
            f"START_REPLICATION SLOT {slot} LOGICAL {format_lsn(position)} "
            f"(proto_version '1', publication_names '{publication}')"
        )
        self._conn.send_query(command.encode())
        while self._conn.is_busy():
            self.wait(0.1)
        result = self._conn.get_result()
        if result is None or result.status != pq.ExecStatus.COPY_BOTH:
            reason = "no answer" if result is None else result.get_error_message()
            raise TryAgain(f"slot {slot} cannot be read: {reason}")
        self._conn.nonblocking = 1
        self.received = self._flushed = position
        self._heard = time.monotonic()

    def receive(
        self, take: Callable[[Sequence[bytes]], None], limit: int, timeout: float, others: Sequence[int] = ()
    ) -> int:
        """Hand over what has arrived, at most `limit` frames; wait up to `timeout` seconds for the first.

        It also stops waiting when one of `others`, sockets, has something to read.  Returns the end of the log as of
        the last keepalive if nothing followed it, else 0.
        """
        frames: list[bytes] = []
        idle_at = taken = 0
        get = self._conn.get_copy_data
        try:
            while len(frames) < limit and taken < _BYTES:
                size, data = get(1)
                if size > 0:
                    frame = bytes(data)
                    if frame[0] == _LOG_DATA:
                        frames.append(frame)
                        taken += size
                        idle_at = 0
                    else:
                        idle_at = self._keepalive(frame)
                elif size == 0:
                    if not self.wait(0 if frames or idle_at else timeout, others):
                        break
                else:
                    raise TryAgain(f"the log's stream ended: {self._ended()}")
        except psycopg.OperationalError as error:
            raise TryAgain(f"connection to PostgreSQL is lost: {error}") from error
        if frames:
            self.received = max(self.received, _POSITION(frames[-1], 1)[0])
            self.server_end = max(self.server_end, _END(frames[-1], 1)[0])
            take(frames)
        return idle_at

    def wait(self, timeout: float, others: Sequence[int] = ()) -> bool:
        """Wait for the server, or for something to read on one of `others`; say whether the server has sent."""
        own = self._conn.socket
        ready, _, _ = select.select([own, *others], [], [], timeout)
        if own in ready:
            self._conn.consume_input()
            self._heard = time.monotonic()
            return True
        return False

    def _keepalive(self, frame: bytes) -> int:
        end = int(_POSITION(frame, 1)[0])
        self.server_end = end
        self.received = max(self.received, end)
        if frame[17]:
            self._send(self._flushed, ask=False)
        return end

    def _ended(self) -> str:
        result = self._conn.get_result()
        return result.get_error_message() if result is not None else "without a reason"

    def feedback(self, flushed: int) -> None:
        """Tell the server what it may forget, and ask how far its log is; also keeps the connection alive."""
        if select.select([self._conn.socket], [], [], 0)[0]:
            self._heard = time.monotonic()  # it has sent something: it is we who do not read
        silent = time.monotonic() - self._heard
        if silent > session.SILENCE_SECONDS:
            raise TryAgain(f"PostgreSQL has sent nothing for {silent:.0f} seconds although it was asked")
        self._flushed = flushed
        self._send(flushed, ask=True)

    def _send(self, flushed: int, *, ask: bool) -> None:
        received = max(self.received, flushed)
        clock = int((time.time() - _POSTGRES_EPOCH) * 1e6)  # informative only: the server does not use it
        try:
            self._conn.put_copy_data(_STATUS.pack(b"r", received, flushed, flushed, clock, b"\1" if ask else b"\0"))
            deadline = time.monotonic() + session.SILENCE_SECONDS
            while self._conn.flush():
                if time.monotonic() > deadline:
                    raise TryAgain("PostgreSQL takes nothing from the line any more")
                select.select([], [self._conn.socket], [], 1.0)
        except psycopg.OperationalError as error:
            raise TryAgain(f"connection to PostgreSQL is lost: {error}") from error

    def close(self) -> None:
        """Hang up."""
        self._session.close()
