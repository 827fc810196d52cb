"""The client's side of MySQL's protocol: PyMySQL connects and logs in, what must be fast is read here.

A session answers questions; it also streams a table's rows, and turns into a dump: the server then sends its binlog,
event after event, for as long as the connection lives.  Every fault is TryAgain, and the connection is done with.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import pymysql
from pymysql.constants import COMMAND

from connectors.kinds.mysql_binlog.gtid import GtidSet
from connectors.kinds.mysql_binlog.place import Place
from hub.wire.errors import RefuseToStart, TryAgain

_BLOCK = 256 * 1024
_WHOLE = 0xFFFFFF
_ERROR, _EOF, _NULL = 0xFF, 0xFE, 0xFB
_LOST = 1236
_DUMP_GTID = 0x1E
_THROUGH_GTID = 4
HEARTBEAT_SECONDS = 2
SILENCE_SECONDS = 15.0
"""A dump that says nothing for so long, heartbeats included, is a dead line."""
LONGEST_QUERY_SECONDS = 600.0
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 15), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 4))
_SETUP = (
    "SET NAMES utf8mb4",
    "SET SESSION sql_mode = ''",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION net_write_timeout = 86400",
    "SET SESSION net_read_timeout = 600",
    "SET SESSION lock_wait_timeout = 10",
)
"""Values come as one text; a hub that waits for Kafka is not thrown out; no lock is waited for long."""
Row = list[bytes | None]


class Lost(TryAgain):
    """The server does not have the log that was asked for."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and who asks."""

    host: str
    port: int
    user: str
    password: str
    tls: Literal["off", "prefer", "require", "verify"] = "prefer"
    ca: str | None = None

    def __repr__(self) -> str:
        """Tell nothing of the account."""
        return f"Address({self.host}:{self.port})"


def address(dsn: str) -> Address:
    """Return what `mysql://user:password@host:3306/?tls=verify&ca=/path` says; raises RefuseToStart."""
    form = "mysql://account:password@host:3306/?tls=verify&ca=/path/ca.pem"
    parts = urlsplit(dsn)
    more = dict(parse_qsl(parts.query))
    tls = more.pop("tls", "prefer")
    ca = more.pop("ca", None)
    if parts.scheme not in ("mysql", "mariadb") or not parts.hostname or not parts.username or more:
        raise RefuseToStart(f"the connection string is not of the form {form}; account and host must be given")
    if tls not in ("off", "prefer", "require", "verify"):
        raise RefuseToStart("tls in the connection string must be off, prefer, require or verify")
    password = unquote(parts.password or "")
    return Address(parts.hostname, parts.port or 3306, unquote(parts.username), password, tls, ca)  # type: ignore[arg-type]


@contextmanager
def _trying(what: str) -> Iterator[None]:
    try:
        yield
    except (pymysql.Error, OSError, EOFError, struct.error) as error:
        raise TryAgain(f"{what}: {_words(error)}") from error


def _words(error: Exception) -> str:
    """Return an error's text; PyMySQL's are (number, text)."""
    return f"{error.args[1]} (error {error.args[0]})" if len(error.args) == 2 else str(error)


if TYPE_CHECKING:
    _Connection = pymysql.connections.Connection[pymysql.cursors.Cursor]
else:
    _Connection = pymysql.connections.Connection


class Session(_Connection):
    """One connection to a server."""

    if TYPE_CHECKING:  # what PyMySQL keeps for its own and its subclasses' use
        _sock: socket.socket | None

        def _execute_command(self, command: int, sql: str | bytes) -> None: ...
        def _force_close(self) -> None: ...

    def __init__(self, to: Address, application: str) -> None:
        kept: dict[str, Any] = {"ssl_disabled": True} if to.tls == "off" else {}
        if to.tls in ("require", "verify"):
            kept = {"ssl_verify_identity": to.tls == "verify", "ssl_verify_cert": to.tls == "verify", "ssl_ca": to.ca}
            kept |= {} if to.ca else {"ssl": {"verify_mode": to.tls == "verify", "check_hostname": to.tls == "verify"}}
        super().__init__(
            host=to.host, port=to.port, user=to.user, password=to.password, charset="utf8mb4", autocommit=True,
            connect_timeout=10, read_timeout=30, write_timeout=30, program_name=application, **kept,
        )  # fmt: skip
        for option, seconds in _KEEPALIVE:
            self._socket().setsockopt(socket.IPPROTO_TCP, option, seconds)
        for statement in _SETUP:
            self.query(statement)

    def ask(self, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Return the rows that answer a question."""
        with self.cursor() as cursor:
            cursor.execute(sql, arguments or None)
            return list(cursor.fetchall())

    def one(self, sql: str, *arguments: Any) -> tuple[Any, ...]:
        """Return the first row; raises TryAgain when there is none."""
        rows = self.ask(sql, *arguments)
        if not rows:
            raise TryAgain(f"no answer to {sql.split(maxsplit=1)[0]}")
        return rows[0]

    def named(self, sql: str, *arguments: Any) -> dict[str, Any]:
        """Return the first row as a mapping, its names in lower case; empty when there is none."""
        with self.cursor() as cursor:
            cursor.execute(sql, arguments or None)
            row = cursor.fetchone()
            names = [str(column[0]).lower() for column in cursor.description or ()]
        return {} if row is None else dict(zip(names, row, strict=True))

    def stream(self, sql: str) -> Iterator[list[Row]]:
        """Yield a query's rows as they come, values as the server sent them; empty lists while it is silent."""
        self._execute_command(COMMAND.COM_QUERY, sql)
        packets = Packets(self._socket())
        columns: int | None = None
        heard = time.monotonic()
        while True:
            found = packets.receive(0.1)
            if found:
                heard = time.monotonic()
            elif time.monotonic() - heard > LONGEST_QUERY_SECONDS:
                raise TryAgain(f"the server did not answer for {LONGEST_QUERY_SECONDS:.0f} seconds")
            rows: list[Row] = []
            for packet in found:
                if packet[0] == _ERROR:
                    pymysql.err.raise_mysql_exception(packet)
                if columns is None:
                    columns = packet[0]  # a table has fewer columns than would need a second byte, or we count below
                    if columns >= 251:
                        columns = int.from_bytes(packet[1:3], "little")
                elif columns >= 0:
                    columns -= 1  # the definitions, then one end
                elif packet[0] == _EOF and len(packet) < 9:
                    if rows:
                        yield rows
                    return
                else:
                    rows.append(_values(packet))
            yield rows

    def dump(self, place: Place, server_id: int, mariadb: bool, by_gtid: bool) -> Dump:
        """Ask for the log from a place on; the session is good for nothing else afterwards."""
        checksum = str(self.one("SELECT @@global.binlog_checksum")[0]).upper() != "NONE"
        for name in ("master_binlog_checksum", "source_binlog_checksum"):
            self.query(f"SET @{name} = @@global.binlog_checksum")
        for name in ("master_heartbeat_period", "source_heartbeat_period"):
            self.query(f"SET @{name} = {HEARTBEAT_SECONDS * 1_000_000_000}")
        if mariadb:
            self.query("SET @mariadb_slave_capability = 4")
            if by_gtid:
                self.query(f"SET @slave_connect_state = '{place.gtid}'")
                self.query("SET @slave_gtid_strict_mode = 0, @slave_gtid_ignore_duplicates = 0")
        self._execute_command(COMMAND.COM_REGISTER_SLAVE, struct.pack("<IBBBHII", server_id, 0, 0, 0, 0, 0, 0))
        self._read_packet()  # type: ignore[no-untyped-call]
        if by_gtid and not mariadb:
            known = GtidSet(place.gtid).to_bytes()
            body = struct.pack("<HII", _THROUGH_GTID, server_id, 0) + struct.pack("<QI", 4, len(known)) + known
            self._execute_command(_DUMP_GTID, body)
        else:
            file, position = ("", 4) if by_gtid else (place.file, place.position)
            self._execute_command(COMMAND.COM_BINLOG_DUMP, struct.pack("<IHI", position, 0, server_id) + file.encode())
        return Dump(Packets(self._socket()), checksum)

    @property
    def number(self) -> int:
        """Return the server's number of this connection."""
        return int(self.thread_id())  # type: ignore[no-untyped-call]

    def leave(self) -> None:
        """Hang up, whatever state the connection is in; safe to repeat."""
        self._force_close()

    def _socket(self) -> socket.socket:
        if self._sock is None:
            raise TryAgain("not connected")
        return self._sock


def connect(dsn: str, application: str) -> Session:
    """Return a session; raises TryAgain when the server is away or does not let us in."""
    to = address(dsn)
    with _trying(f"{to.host}:{to.port}"):
        return Session(to, application)


def replica_number(source: str) -> int:
    """Return the number under which a source's connector asks for the log, which no other replica must have."""
    return 1_500_000_000 + zlib.crc32(source.encode()) % 500_000_000


class Packets:
    """The server's answers, cut into packets."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._data = bytearray()
        self._parts: list[bytes] = []

    def receive(self, timeout: float) -> list[bytes]:
        """Return what has arrived, whole packets only; wait up to `timeout` seconds for the first bytes."""
        try:
            self._line.settimeout(timeout)
            piece = self._line.recv(_BLOCK)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            return []
        except (OSError, ValueError) as error:
            raise TryAgain(f"the connection is lost: {error}") from error
        if not piece:
            raise TryAgain("the server closed the connection")
        self._data += piece
        return self._cut()

    def _cut(self) -> list[bytes]:
        data, at, found = self._data, 0, []
        end = len(data)
        while end - at >= 4:
            size = data[at] | data[at + 1] << 8 | data[at + 2] << 16
            stop = at + 4 + size
            if stop > end:
                break
            packet = bytes(data[at + 4 : stop])
            at = stop
            if size == _WHOLE or self._parts:
                self._parts.append(packet)
                if size == _WHOLE:
                    continue
                packet, self._parts = b"".join(self._parts), []
            found.append(packet)
        del data[:at]
        return found


class Dump:
    """A binlog on its way."""

    def __init__(self, packets: Packets, checksum: bool) -> None:
        self._packets = packets
        self.checksum = checksum
        """Whether events carry one, as far as their file does not say otherwise."""
        self._heard = time.monotonic()
        self._ahead: list[bytes] = []

    def receive(self, timeout: float) -> list[bytes]:
        """Return the events that have arrived; raises Lost when the server does not have what was asked for."""
        if self._ahead:
            ahead, self._ahead = self._ahead, []
            return ahead
        packets = self._packets.receive(timeout)
        now = time.monotonic()
        if packets:
            self._heard = now
        elif now - self._heard > SILENCE_SECONDS:
            raise TryAgain(f"the server said nothing for {SILENCE_SECONDS:.0f} seconds")
        for packet in packets:
            if packet[0] == _ERROR:
                raise _refused(packet)
            if packet[0] == _EOF and len(packet) < 9:
                raise TryAgain("the server ended the log's stream")
        return [packet[1:] for packet in packets]

    def back(self, events: list[bytes]) -> None:
        """Put events back that were looked at and are to be received again."""
        self._ahead = events + self._ahead


def _refused(packet: bytes) -> TryAgain:
    """Return the error that a server sent instead of an answer."""
    number = int.from_bytes(packet[1:3], "little")
    text = packet[9:] if packet[3:4] == b"#" else packet[3:]
    words = text.decode("utf-8", "replace")
    # two replicas of one number throw each other out under the same number as a lost log
    kind = Lost if number == _LOST and "same server" not in words else TryAgain
    return kind(f"the server refuses: {words} (error {number})")


def _values(packet: bytes) -> Row:
    """Return the values of a row in the text protocol."""
    values: Row = []
    at, end = 0, len(packet)
    while at < end:
        size = packet[at]
        at += 1
        if size > 250:
            if size == _NULL:
                values.append(None)
                continue
            width = 2 if size == 252 else 3 if size == 253 else 8
            size = int.from_bytes(packet[at : at + width], "little")
            at += width
        stop = at + size
        values.append(packet[at:stop])
        at = stop
    return values
