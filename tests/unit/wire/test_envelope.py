"""Raw messages read: the row, its own bytes, and what is no envelope."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest

from hub.wire import avro
from hub.wire.envelope import Envelopes, row_of
from hub.wire.errors import Quarantine

VALUE = {"type": "record", "name": "Value", "fields": [{"name": "id", "type": "long"},
         {"name": "nama", "type": ["null", "string"], "default": None}]}  # fmt: skip
SOURCE = {"type": "record", "name": "Source", "fields": [{"name": "ts_ms", "type": "long"}]}


def schema(before: Any = VALUE, after: Any = "Value", source: Any = SOURCE) -> dict[str, Any]:
    fields = [
        {"name": "before", "type": ["null", before], "default": None},
        {"name": "after", "type": ["null", after], "default": None},
        {"name": "source", "type": source},
        {"name": "op", "type": "string"},
    ]
    return {"type": "record", "name": "Envelope", "namespace": "raw.s.public.t", "fields": fields}


def write(registry: avro.Registry, text: dict[str, Any], datum: Any) -> bytes:
    out = io.BytesIO()
    out.write(avro.frame(registry.register("s-value", json.dumps(text), "NONE")))
    fastavro.schemaless_writer(out, fastavro.parse_schema(text), datum)
    return out.getvalue()


def read(text: dict[str, Any], datum: Any) -> Any:
    registry = avro.MemoryRegistry()
    return Envelopes(avro.Codec(registry)).read(write(registry, text, datum))


@pytest.mark.parametrize("before", [None, {"id": 1, "nama": "LAMA"}])
def test_a_row_comes_with_its_own_bytes(before: Any) -> None:
    row = {"id": 7, "nama": "CONTOH"}
    change = read(schema(), {"before": before, "after": row, "source": {"ts_ms": 5}, "op": "u"})
    assert (change.op, change.after, change.changed_at) == ("u", row, 5000)
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(VALUE), row)
    assert change.row == body.getvalue()
    assert list(change.layout.columns) == ["id", "nama"]


def test_a_delete_has_no_row() -> None:
    change = read(schema(), {"before": {"id": 1}, "after": None, "source": {"ts_ms": 5}, "op": "d"})
    assert (change.op, change.after, change.row) == ("d", None, b"")


def test_microseconds_of_the_commit_are_kept_where_they_are_told() -> None:
    told = {**SOURCE, "fields": [*SOURCE["fields"], {"name": "ts_us", "type": ["null", "long"]}]}
    datum = {"before": None, "after": {"id": 1}, "source": {"ts_ms": 5, "ts_us": 5123}, "op": "c"}
    assert read(schema(source=told), datum).changed_at == 5123
    datum["source"] = {"ts_ms": 5, "ts_us": None}
    assert read(schema(source=told), datum).changed_at == 5000


def test_one_schema_has_one_layout() -> None:
    registry = avro.MemoryRegistry()
    envelopes = Envelopes(avro.Codec(registry))
    data = write(registry, schema(), {"before": None, "after": {"id": 1}, "source": {"ts_ms": 5}, "op": "c"})
    assert envelopes.read(data).layout is envelopes.read(data).layout


@pytest.mark.parametrize(
    "fields",
    [
        [{"name": "id", "type": "long"}],
        [{"name": "before", "type": "long"}, {"name": "after", "type": "long"}, *schema()["fields"][2:]],
        [{"name": "before", "type": ["null", "long"]}, {"name": "after", "type": ["null", "long"]},
         *schema()["fields"][2:]],
        schema()["fields"][:3],
    ],
    ids=["another record", "rows that are no unions", "rows that are no records", "no operation"],
)  # fmt: skip
def test_what_is_no_envelope_is_refused(fields: Any) -> None:
    registry = avro.MemoryRegistry()
    text = {"type": "record", "name": "Envelope", "namespace": "raw.s.public.t", "fields": fields}
    data = avro.frame(registry.register("s-value", json.dumps(text), "NONE")) + bytes(20)
    with pytest.raises(Quarantine) as refused:
        Envelopes(avro.Codec(registry)).read(data)
    assert refused.value.code == "unexpected_schema"


@pytest.mark.parametrize("cut", [1, 3, 6, 9])
def test_bytes_that_end_early_are_refused(cut: int) -> None:
    registry = avro.MemoryRegistry()
    datum = {"before": None, "after": {"id": 7, "nama": "CONTOH"}, "source": {"ts_ms": 5}, "op": "c"}
    data = write(registry, schema(), datum)
    envelopes = Envelopes(avro.Codec(registry))
    envelopes.read(data)
    with pytest.raises(Quarantine) as refused:
        envelopes.read(data[:-cut])
    assert refused.value.code == "undecodable"


def test_another_framing_is_refused_though_its_schema_is_known() -> None:
    registry = avro.MemoryRegistry()
    data = write(registry, schema(), {"before": None, "after": {"id": 1}, "source": {"ts_ms": 5}, "op": "c"})
    envelopes = Envelopes(avro.Codec(registry))
    envelopes.read(data)
    with pytest.raises(Quarantine) as refused:
        envelopes.read(b"\1" + data[1:])
    assert refused.value.code == "undecodable"


def shape(*columns: dict[str, Any]) -> bytes:
    """Return the mark of a table of `id` and these columns."""
    value = {**VALUE, "fields": [VALUE["fields"][0], *columns]}
    registry = avro.MemoryRegistry()
    text = json.dumps(schema(before=value))
    return Envelopes(avro.Codec(registry)).layout(avro.frame(registry.register("s-value", text, "NONE"))).shape


def test_rows_of_another_schema_have_another_mark() -> None:
    def money(scale: int) -> dict[str, Any]:
        return {"name": "a", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": scale}}

    text = {"name": "a", "type": "string"}
    marks = {shape(text), shape(text, {"name": "b", "type": "long"}), shape({**text, "type": "bytes"}), shape(money(1)),
             shape(money(2))}  # fmt: skip
    assert len(marks) == 5
    assert shape(text) == shape(dict(reversed(text.items())))


def test_a_row_s_own_bytes_can_be_read_alone() -> None:
    registry = avro.MemoryRegistry()
    envelopes = Envelopes(avro.Codec(registry))
    row = {"id": 7, "nama": "CONTOH"}
    value = write(registry, schema(), {"before": None, "after": row, "source": {"ts_ms": 5}, "op": "r"})
    change = envelopes.read(value)
    assert row_of(envelopes.layout(value[:5]), change.row) == row
    with pytest.raises(Quarantine, match="does not follow"):
        row_of(change.layout, change.row[:-1])
