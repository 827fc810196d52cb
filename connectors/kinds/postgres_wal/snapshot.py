"""The first reading of a table: COPY under the slot's snapshot, in the text form that the stream has too."""

from __future__ import annotations

import re
import select
from collections.abc import Iterator

import psycopg
from psycopg import pq

from connectors.kinds.postgres_wal.catalog import Connection, quoted
from connectors.kinds.postgres_wal.stream import Sheet
from connectors.kinds.postgres_wal.table import NULL_TAG, TablePlan, Value
from connectors.protocol import Batch
from hub.wire.broker import Outgoing
from hub.wire.errors import TryAgain
from hub.wire.topics import HEADER_VERSION

_ROWS = 1000
_NULL = rb"\N"
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def unescaped(text: bytes) -> bytes:
    """Return a COPY field's value: backslash sequences resolved."""
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)


def fields(line: bytes) -> list[Value]:
    """Return the values of one COPY line without its line end."""
    parts = line.split(b"\t")
    if b"\\" not in line:
        return list(parts)
    return [NULL_TAG if part == _NULL else unescaped(part) if b"\\" in part else part for part in parts]


def copy_table(
    conn: Connection, plan: TablePlan, sheet: Sheet, version: bytes, position: int
) -> Iterator[Batch | None]:
    """Yield a table's rows as batches; the session's transaction holds the snapshot.

    Ignored columns are not even read: their place is filled with NULL.  Every row has the slot's position as version.
    """
    columns = ", ".join(
        quoted_column(column.name) if captured else "NULL"
        for column, captured in zip(plan.columns, plan.captured, strict=True)
    )
    headers = ((HEADER_VERSION, version),)
    messages: list[Outgoing] = []
    for line in _lines(conn, f"COPY (SELECT {columns} FROM ONLY {quoted(plan.name)}) TO STDOUT"):  # noqa: S608 - quoted
        if line is None:
            yield None
            continue
        values = fields(line)
        value = plan.images(None, values) + sheet.end(plan, position, "r")
        messages.append(Outgoing(plan.topic, plan.record_id(values), value, headers))
        if len(messages) == _ROWS:
            yield Batch(messages, counts={(plan.name, "r"): len(messages)})
            messages = []
            sheet.refresh()
    if messages:
        yield Batch(messages, counts={(plan.name, "r"): len(messages)})


def quoted_column(name: str) -> str:
    """Return a column's name, quoted whole."""
    return '"' + name.replace('"', '""') + '"'


def _lines(conn: Connection, command: str) -> Iterator[bytes | None]:
    """Yield a COPY's lines without their ends, and None while the server is silent."""
    pg = conn.pgconn
    try:
        pg.send_query(command.encode())
        while pg.is_busy():
            if not _arrived(pg):
                yield None
        result = pg.get_result()
        if result is None or result.status != pq.ExecStatus.COPY_OUT:
            raise TryAgain(f"the table cannot be read: {_reason(result)}")
        while True:
            size, data = pg.get_copy_data(1)
            if size > 0:
                yield bytes(data)[:-1]
            elif size < 0:
                break
            elif not _arrived(pg):
                yield None
        while (result := pg.get_result()) is not None:
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise TryAgain(f"reading the table ended early: {_reason(result)}")
    except psycopg.OperationalError as error:
        raise TryAgain(f"connection to PostgreSQL is lost: {error}") from error


def _arrived(pg: pq.abc.PGconn) -> bool:
    ready, _, _ = select.select([pg.socket], [], [], 0.1)
    if ready:
        pg.consume_input()
    return bool(ready)


def _reason(result: pq.abc.PGresult | None) -> str:
    return "no answer" if result is None else result.get_error_message()
