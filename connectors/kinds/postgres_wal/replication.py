"""The replication protocol's client side: one connection, COPY in both directions, status feedback.

Built on psycopg's libpq wrapper, which has no cursor for it.  Frames are handed over whole: `w` log data (start and end
position, the server's clock, then the plugin's message from byte 25 on); keepalives are answered here.
"""

from __future__ import annotations

import select
import struct
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hub.wire.errors import TryAgain

PAYLOAD = 25
"""Where the plugin's message begins in a frame."""
_SESSION = "-c DateStyle=ISO -c TimeZone=UTC -c extra_float_digits=1 -c bytea_output=hex -c statement_timeout=0"
_STATUS = struct.Struct(">cqqqqc")
_POSTGRES_EPOCH = 946_684_800
_LOG_DATA = ord("w")
_POSITION = struct.Struct(">q").unpack_from
_END = struct.Struct(">8xq").unpack_from


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


def connection_string(dsn: str, application: str, **more: str) -> str:
    """Return a connection string whose session writes values in the one text form that the encoders know."""
    given = conninfo_to_dict(dsn).get("options") or ""
    return make_conninfo(
        dsn, application_name=application, client_encoding="UTF8", options=f"{given} {_SESSION}".strip(),
        connect_timeout="10", keepalives_idle="30", **more,
    )  # fmt: skip


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
        self._conn = pq.PGconn.connect(text.encode())
        self.received = 0
        self.server_end = 0
        self._flushed = 0
        if self._conn.status != pq.ConnStatus.OK:
            reason = self._conn.get_error_message()
            self._conn.finish()
            raise TryAgain(f"PostgreSQL does not accept a replication connection: {reason}")

    def identify(self) -> Identity:
        """Return who the server is."""
        for row in self._ask("IDENTIFY_SYSTEM"):
            if row is not None:
                return Identity(row[0], row[1], parse_lsn(row[2]), row[3])
        raise TryAgain("IDENTIFY_SYSTEM gave no answer")

    def create_slot(self, name: str) -> Iterator[Slot | None]:
        """Make a slot and keep its snapshot exported until the next command.

        It waits for every transaction that is open now, which may last: None is yielded meanwhile.
        """
        for row in self._ask(f"CREATE_REPLICATION_SLOT {name} LOGICAL pgoutput (SNAPSHOT 'export')"):
            yield None if row is None else Slot(parse_lsn(row[1]), row[2])

    def _ask(self, command: str) -> Iterator[list[str] | None]:
        """Send a command; yield None while it works, then its only row."""
        self._conn.send_query(command.encode())
        while self._conn.is_busy():
            if not self._wait(0.1):
                yield None
        result = self._conn.get_result()
        if result is None or result.status != pq.ExecStatus.TUPLES_OK:
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
        result = self._conn.exec_(command.encode())
        if result.status != pq.ExecStatus.COPY_BOTH:
            raise TryAgain(f"slot {slot} cannot be read: {result.get_error_message()}")
        self._conn.nonblocking = 1
        self.received = self._flushed = position

    def receive(self, take: Callable[[bytes], None], limit: int, timeout: float) -> int:
        """Hand over what has arrived, at most `limit` frames; wait up to `timeout` seconds for the first.

        Returns the end of the log as of the last keepalive if nothing followed it, else 0.
        """
        idle_at = count = 0
        get = self._conn.get_copy_data
        try:
            while count < limit:
                size, data = get(1)
                if size > 0:
                    frame = bytes(data)
                    if frame[0] == _LOG_DATA:
                        take(frame)
                        count += 1
                        idle_at = 0
                        self.received = _POSITION(frame, 1)[0]
                        self.server_end = _END(frame, 1)[0]
                    else:
                        idle_at = self._keepalive(frame)
                elif size == 0:
                    if not self._wait(0 if count or idle_at else timeout):
                        break
                else:
                    raise TryAgain(f"the log's stream ended: {self._ended()}")
        except psycopg.OperationalError as error:
            raise TryAgain(f"connection to PostgreSQL is lost: {error}") from error
        return idle_at

    def _wait(self, timeout: float) -> bool:
        ready, _, _ = select.select([self._conn.socket], [], [], timeout)
        if ready:
            self._conn.consume_input()
        return bool(ready)

    def _keepalive(self, frame: bytes) -> int:
        end = int(_POSITION(frame, 1)[0])
        self.server_end = end
        self.received = max(self.received, end)
        if frame[17]:
            self.feedback(self._flushed)
        return end

    def _ended(self) -> str:
        result = self._conn.get_result()
        return result.get_error_message() if result is not None else "without a reason"

    def feedback(self, flushed: int) -> None:
        """Tell the server what it may forget; also keeps the connection alive."""
        self._flushed = flushed
        received = max(self.received, flushed)
        clock = int((time.time() - _POSTGRES_EPOCH) * 1e6)  # informative only: the server does not use it
        try:
            self._conn.put_copy_data(_STATUS.pack(b"r", received, flushed, flushed, clock, b"\0"))
            while self._conn.flush():
                select.select([], [self._conn.socket], [], 1.0)
        except psycopg.OperationalError as error:
            raise TryAgain(f"connection to PostgreSQL is lost: {error}") from error

    def close(self) -> None:
        """Hang up."""
        self._conn.finish()
