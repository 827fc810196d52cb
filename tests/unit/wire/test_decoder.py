"""The compiled decoders read what fastavro reads, for every record of the hub, and refuse what it refuses."""

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.wire.avro import plain, schema_text
from hub.wire.decoder import decoder, long
from hub.wire.encoder import encoder
from hub.wire.encoder import long as encode_long
from hub.wire.records import SCHEMA_OF, CleanPerson, Flag
from tests.unit.wire.test_encoder import values

UNREADABLE = (EOFError, ValueError, IndexError)


def schema_of(cls: type) -> Any:
    return plain(json.loads(schema_text(SCHEMA_OF[cls])))


def a_person() -> CleanPerson:
    return CleanPerson(b"i" * 16, b"v" * 24, False, "dukcapil", "public.penduduk", 1_700_000_000_000_000, -5,
                       name="SITI É", birth_date=-900, flags=(Flag("nik", "missing", None),))  # fmt: skip


@pytest.mark.parametrize("cls", SCHEMA_OF, ids=lambda cls: cls.__name__)
def test_the_values_are_fastavros(cls):
    schema = schema_of(cls)
    parsed, decode = fastavro.parse_schema(schema), decoder(schema)

    @settings(max_examples=60, deadline=None)
    @given(values(schema, {}), st.binary(max_size=5))
    def check(datum: dict[str, Any], before: bytes) -> None:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, parsed, cls.from_dict(datum).to_dict())
        data = before + out.getvalue()
        out.seek(0)
        expected = cls.from_dict(fastavro.schemaless_reader(out, parsed, None))
        assert decode(data, len(before)) == (expected, len(data))

    check()


def test_what_ends_too_early_is_refused_wherever_it_ends():
    decode, whole = decoder(schema_of(CleanPerson)), encoder(schema_of(CleanPerson))(a_person())
    assert decode(whole, 0) == (a_person(), len(whole))
    for end in range(len(whole)):
        with pytest.raises(UNREADABLE):
            decode(whole[:end], 0)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_of_spoilt_bytes_nothing_but_an_error_or_a_record_comes(data):
    whole = bytearray(encoder(schema_of(CleanPerson))(a_person()))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))
    try:
        record, end = decoder(schema_of(CleanPerson))(bytes(whole), 0)
    except UNREADABLE:
        return
    assert isinstance(record, CleanPerson)
    assert end <= len(whole)


def test_what_follows_is_left_to_the_caller():
    whole = encoder(schema_of(CleanPerson))(a_person())
    assert decoder(schema_of(CleanPerson))(whole + b"more", 0) == (a_person(), len(whole))


def test_items_in_blocks_that_tell_their_size_are_read():
    flags = {"type": "record", "name": "Flag", "fields": [
        {"name": "field", "type": {"type": "array", "items": "string"}},
        {"name": "code", "type": {"type": "map", "values": "long"}}, {"name": "was", "type": "boolean"}]}  # fmt: skip
    in_blocks = encode_long(-2) + encode_long(4) + b"\x02a\x02b" + encode_long(1) + b"\x02c\x00"
    named = encode_long(-1) + encode_long(3) + b"\x02x" + encode_long(7) + b"\x00"
    record, _ = decoder(flags)(in_blocks + named + b"\x01", 0)
    assert record == Flag(("a", "b", "c"), {"x": 7}, True)


@pytest.mark.parametrize(
    "data",
    [b"\x01", b"\x81\x01", b"\xff" * 12, encode_long(1 << 40)],
    ids=["of less than nothing", "of much less than nothing", "of more than 64 bits", "above that of the bytes"],
)
def test_a_length_that_cannot_be_is_refused(data):
    decode = decoder({"type": "record", "name": "Pair", "fields": [
        {"name": "a", "type": "bytes"}, {"name": "b", "type": "bytes"}]})  # fmt: skip
    with pytest.raises(UNREADABLE):
        decode(data, 0)


def test_a_branch_that_a_union_has_not_is_refused():
    decode = decoder({"type": "record", "name": "Pair", "fields": [
        {"name": "a", "type": ["null", "long"]}, {"name": "b", "type": "long"}]})  # fmt: skip
    with pytest.raises(ValueError, match="no branch 2"):
        decode(b"\x04\x00", 0)


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_long_comes_back(value):
    data = encode_long(value)
    assert long(b"x" + data, 1) == (value, len(data) + 1)


@pytest.mark.parametrize("kind", ["float", ["string", "long"], ["null", "string", "long"]])
def test_types_that_the_hub_does_not_use_are_refused_at_once(kind):
    with pytest.raises(ValueError, match="hub's own schemas"):
        decoder({"type": "record", "name": "Flag", "fields": [{"name": "field", "type": kind}]})
