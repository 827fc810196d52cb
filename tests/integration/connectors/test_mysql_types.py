"""Every type of MariaDB: the value is Debezium's, and log and SELECT of a real server give the same bytes for it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import fastavro
import pytest

from connectors.kinds.mysql_binlog.columns import CATALOGUE, COLLATIONS, from_catalogue, from_log
from connectors.kinds.mysql_binlog.decoder import Decoder
from connectors.kinds.mysql_binlog.events import Rows
from connectors.kinds.mysql_binlog.table import Change, TablePlan
from hub.platform.mariadb import MariaDB, Programs
from hub.wire.avro import MemoryRegistry, plain
from hub.wire.contract import Table
from tests.integration.connectors import parity
from tests.services import mariadb

KINDS = parity.kinds("mysql")
TABLE = Table.model_validate({"name": "uji.warga", "entity": "person", "key": ["id"], "map": {}})


@pytest.fixture(params=["11.4", "10.11"])
def server(request: pytest.FixtureRequest) -> Iterator[MariaDB]:
    installed: Programs | None = mariadb.debian() if request.param == "10.11" else None
    with mariadb.serving("uji", installed) as made:
        yield made


def filled(cursor: Any) -> list[dict[str, Any]]:
    """Make a table of every type and its rows; return what each must become."""
    cursor.execute("SET sql_mode = '', time_zone = '+00:00'")
    columns = ", ".join(f"{kind.column} {kind.sql}" for kind in KINDS)
    cursor.execute(f"CREATE TABLE warga (id INT NOT NULL PRIMARY KEY, {columns}) CHARACTER SET utf8mb4")
    cursor.execute("RESET MASTER")
    expected = []
    for row in range(max(len(kind.values) for kind in KINDS) + 1):
        cells = {kind.column: kind.values[row] for kind in KINDS if row < len(kind.values)}
        texts = ", ".join([str(row), *(text for text, _ in cells.values())])
        cursor.execute(f"INSERT INTO warga ({', '.join(['id', *cells])}) VALUES ({texts})")
        expected.append({kind.column: cells[kind.column][1] if kind.column in cells else None for kind in KINDS})
    return expected


def plan(registry: MemoryRegistry, columns: Sequence[Any], **more: Any) -> TablePlan:
    return TablePlan(TABLE, "raw.uji.uji.warga", columns, connector="mariadb", key=b"k" * 32, registry=registry, **more)


def streamed(server: MariaDB, registry: MemoryRegistry, catalogue: Sequence[Any], charsets: Any) -> list[Change]:
    log = (server.folder / "data" / "binlog.000001").read_bytes()
    decoder, at, found = Decoder(True), 4, []
    while at < len(log):
        size = int.from_bytes(log[at + 9 : at + 13], "little")
        event = decoder.feed(log[at : at + size])
        at += size
        if isinstance(event, Rows):
            made = plan(registry, from_log(event.shape, catalogue, charsets), shape=event.shape)
            found += list(made.changes(event))
    return found


def decoded(registry: MemoryRegistry, change: Change) -> tuple[Any, dict[str, Any]]:
    """Return the row's fields as the schema has them, and its values."""
    schema = json.loads(registry.schema(int.from_bytes(change.beginning[1:5], "big")))
    row = schema["fields"][0]["type"][1]
    body = io.BytesIO(change.beginning[7:])
    values = fastavro.schemaless_reader(body, fastavro.parse_schema({"namespace": "t", **plain(row)}), None)
    assert not body.read(), "bytes were left over"
    assert isinstance(values, dict)
    return {field["name"]: field["type"] for field in parity.spread(row["fields"], {})}, values


@pytest.mark.parametrize("metadata", ["FULL", "NO_LOG"])
def test_each_type_is_debezium_s_in_snapshot_and_stream(server: MariaDB, metadata: str) -> None:
    registry = MemoryRegistry()
    with mariadb.session(server.endpoint, "uji") as sql, sql.cursor() as cursor:
        cursor.execute(f"SET GLOBAL binlog_row_metadata = {metadata}")
        expected = filled(cursor)
        cursor.execute(COLLATIONS)
        charsets = dict(cursor.fetchall())
        cursor.execute(CATALOGUE, ("uji", "warga"))
        catalogue = from_catalogue([list(row) for row in cursor.fetchall()])
        cursor.execute("FLUSH BINARY LOGS")
    reader = plan(registry, catalogue)
    with mariadb.session(server.endpoint, "uji") as sql, sql.cursor() as cursor:
        sql.decoders, sql.use_unicode = {}, False
        cursor.execute("SET NAMES utf8mb4, sql_mode = '', time_zone = '+00:00'")
        cursor.execute(f"SELECT {', '.join(reader.select)} FROM warga ORDER BY id")
        read = [reader.read(row) for row in cursor.fetchall()]
    stream = streamed(server, registry, catalogue, charsets)
    assert [(one.beginning, one.record) for one in stream] == [(one.beginning, one.record) for one in read]
    fields, _ = decoded(registry, read[0])
    assert {kind.sql: fields[kind.column] for kind in KINDS} == {kind.sql: ["null", kind.schema] for kind in KINDS}
    for change, wanted in zip(stream, expected, strict=True):
        _, found = decoded(registry, change)
        wrong = {
            kind.sql: (found[kind.column], wanted[kind.column]) for kind in KINDS
            if not parity.same(found[kind.column], wanted[kind.column])
        }  # fmt: skip
        assert wrong == {}
