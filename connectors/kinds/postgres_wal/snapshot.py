"""Rows read from the table itself: COPY under a snapshot whose place in the log is known, in the stream's text form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import psycopg
from psycopg import pq

from connectors.kinds.postgres_wal.catalog import Connection
from connectors.kinds.postgres_wal.stream import Sheet, without_large_parts
from connectors.kinds.postgres_wal.table import TablePlan
from connectors.kinds.postgres_wal.values import NULL_TAG, Value
from connectors.protocol import LARGEST_VALUE
from hub.wire.broker import Outgoing
from hub.wire.errors import TryAgain
from hub.wire.topics import HEADER_VERSION

_ROWS = 1000
_BYTES = 1024 * 1024
_NULL = rb"\N"
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


class Unreadable(TryAgain):
    """The server does not carry out a reading."""

    def __init__(self, what: str, result: pq.abc.PGresult | None) -> None:
        code = b"" if result is None else result.error_field(pq.DiagnosticField.SQLSTATE) or b""
        self.code = code.decode()
        super().__init__(f"{what}: {'no answer' if result is None else f'SQLSTATE {self.code}'}")

    @property
    def passing(self) -> bool:
        """Whether the same statement may succeed another time."""
        return self.code[:2] not in ("0A", "21", "22", "2F", "38", "42")


class View(NamedTuple):
    """A transaction that sees the tables as of one place in the log: every commit before it, none after."""

    reader: Connection
    position: int
    covered: frozenset[int]
    """The tables and partitions, by oid, that cannot be rewritten while it lasts."""


def unescaped(text: bytes) -> bytes:
    """Return a COPY field's value: backslash sequences resolved."""
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)


def fields(line: bytes) -> list[Value]:
    """Return the values of one COPY line without its line end."""
    parts = line.split(b"\t")
    if b"\\" not in line:
        return list(parts)
    return [NULL_TAG if part == _NULL else unescaped(part) if b"\\" in part else part for part in parts]


def quoted_column(name: str) -> str:
    """Return a column's name, quoted whole."""
    return '"' + name.replace('"', '""') + '"'


def copy_command(plan: TablePlan, relation: str, condition: str = "") -> str:
    """Return the statement that reads rows of a relation, given as SQL; ignored columns are not even read."""
    columns = ", ".join(
        quoted_column(column.name) if captured else "NULL"
        for column, captured in zip(plan.columns, plan.captured, strict=True)
    )
    where = f" WHERE {condition}" if condition else ""
    return f"COPY (SELECT {columns} FROM {relation}{where}) TO STDOUT"  # noqa: S608 - names are quoted


def lines(conn: Connection, command: str) -> Iterator[Sequence[bytes]]:
    """Yield a COPY's lines without their ends, some at a time; nothing while the server is silent.

    Raises TryAgain when the table cannot be read to its end.
    """
    pg = conn.pgconn
    try:
        pg.send_query(command.encode())
        while pg.is_busy():
            yield ()
            pg.consume_input()
        result = pg.get_result()
        if result is None or result.status != pq.ExecStatus.COPY_OUT:
            raise Unreadable("the table cannot be read", result)
        ended = False
        while not ended:
            found, ended = _arrived(pg)
            yield found
        while (result := pg.get_result()) is not None:
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise Unreadable("reading the table ended early", result)
    except psycopg.OperationalError as error:
        raise TryAgain(f"connection to PostgreSQL is lost: {error}") from error


def _arrived(pg: pq.abc.PGconn) -> tuple[list[bytes], bool]:
    """Return the lines that are there, at most so many, and whether they were the last."""
    found: list[bytes] = []
    taken, get, looked = 0, pg.get_copy_data, False
    while len(found) < _ROWS and taken < _BYTES:
        size, data = get(1)
        if size > 0:
            found.append(bytes(data[:-1]))
            taken += size
            looked = False
        elif size < 0:
            return found, True
        elif looked:
            break
        else:
            pg.consume_input()
            looked = True
    return found, False


def messages(plan: TablePlan, found: Sequence[bytes], sheet: Sheet, version: bytes, position: int) -> list[Outgoing]:
    """Return rows as messages; every row has the view's place as version."""
    sheet.refresh()
    end = sheet.end(plan, position, "r")
    headers = ((HEADER_VERSION, version),)
    out = []
    for line in found:
        values = fields(line)
        record, value = plan.present(values, end)
        if len(value) > LARGEST_VALUE:
            value = without_large_parts(plan, None, values) + end
        out.append(Outgoing(plan.topic, record, value, headers))
    return out
