"""What a MariaDB 11.4 recorded (tests/data/binlog), and plans for it."""

import io
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import fastavro

from connectors.kinds.mysql_binlog.columns import Column, from_catalogue, from_log
from connectors.kinds.mysql_binlog.decoder import Decoder
from connectors.kinds.mysql_binlog.events import Event, Rows, Shape
from connectors.kinds.mysql_binlog.table import Change, TablePlan
from hub.wire.avro import MemoryRegistry
from hub.wire.contract import Table
from hub.wire.identity import record_id

DATA = Path(__file__).resolve().parents[3] / "data" / "binlog"
KEY = b"k" * 32


def raw_events(name: str) -> list[bytes]:
    data = (DATA / f"{name}.bin").read_bytes()
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at + 9 : at + 13], "little")
        found.append(data[at : at + size])
        at += size
    return found


def decoded(events: Iterable[bytes], checksum: bool = True) -> Iterator[Event]:
    decoder = Decoder(checksum)
    return (made for made in map(decoder.feed, events) if made is not None)


def rows(name: str) -> list[Rows]:
    return [event for event in decoded(raw_events(name)) if isinstance(event, Rows)]


def told(table: str) -> dict[str, Any]:
    found = json.loads((DATA / f"{table}.json").read_text())
    assert isinstance(found, dict)
    return found


def catalogue(table: str) -> tuple[Column, ...]:
    return from_catalogue(told(table)["catalogue"])


def texts(table: str) -> list[list[bytes | None]]:
    return [[None if value is None else bytes.fromhex(value) for value in row] for row in told(table)["rows"]]


def plan_of(
    columns: Iterable[Column], shape: Shape | None = None, registry: MemoryRegistry | None = None, **more: Any
) -> TablePlan:
    given = {"name": "uji.t", "entity": "person", "key": ["id"], "map": {}, **more}
    return TablePlan(
        Table.model_validate(given), "raw.uji.uji.t", tuple(columns), connector="mariadb", key=KEY,
        registry=registry or MemoryRegistry(), shape=shape,
    )  # fmt: skip


def changes(
    found: Iterable[Rows], known: tuple[Column, ...] = (), registry: MemoryRegistry | None = None, **more: Any
) -> Iterator[Change]:
    registry = registry or MemoryRegistry()
    for event in found:
        yield from plan_of(from_log(event.shape, known), event.shape, registry, **more).changes(event)


def identity(*parts: str) -> bytes:
    return record_id(KEY, "uji.t", parts)


def schema_of(registry: MemoryRegistry, message: bytes) -> dict[str, Any]:
    schema = json.loads(registry.schema(int.from_bytes(message[1:5], "big")))
    assert isinstance(schema, dict)
    return schema


def images(registry: MemoryRegistry, message: bytes) -> tuple[Any, Any]:
    """Return `before` and `after` of a message's beginning; nothing may be left over."""
    body = io.BytesIO(message[5:])
    schema = schema_of(registry, message)
    only = {**schema, "fields": schema["fields"][:2]}
    datum = fastavro.schemaless_reader(body, fastavro.parse_schema(only), None)
    assert not body.read(), "bytes were left over"
    assert isinstance(datum, dict)
    return datum["before"], datum["after"]


def event(kind: int, body: bytes, *, flags: int = 0, end: int = 1000, checksum: bool = False) -> bytes:
    """Build an event, as a server would."""
    size = 19 + len(body) + 4 * checksum
    made = (1_795_546_000).to_bytes(4, "little") + bytes((kind,)) + (1).to_bytes(4, "little")
    made += size.to_bytes(4, "little") + end.to_bytes(4, "little") + flags.to_bytes(2, "little") + body
    return made + zlib.crc32(made).to_bytes(4, "little") if checksum else made
