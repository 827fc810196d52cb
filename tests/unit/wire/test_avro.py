"""The codec: round trips, framing, and what becomes of bytes that are not ours."""

import json

import pytest

from hub.wire import avro, records, version
from hub.wire.errors import Quarantine, RefuseToStart, TryAgain

PERSON = records.CleanPerson(
    id=b"i" * 16, version=version.pack(1, 2, 3), deleted=False, source="dukcapil", table="public.penduduk",
    changed_at=1, digest=-5, nik="1508054107900001", name="SITI CONTOH", name_variants=("SITTI CONTOH",),
    birth_date=7000, rt=7, flags=(records.Flag("birth_date", "default", "1989-07-01"),),
)  # fmt: skip


@pytest.fixture
def codec() -> avro.Codec:
    return avro.Codec(avro.MemoryRegistry(), register=True)


def test_a_record_comes_back_as_it_was(codec: avro.Codec) -> None:
    assert codec.decode_record(codec.encode(PERSON)) == PERSON


def test_every_record_type_has_a_subject_and_can_be_registered(codec: avro.Codec) -> None:
    codec.prepare_all()
    assert set(records.SCHEMA_OF.values()) == set(avro.SUBJECTS)


def test_framing_is_confluent_s(codec: avro.Codec) -> None:
    data = codec.encode(PERSON)
    assert data[0] == 0
    assert codec.writer(data).name == "satudata.clean.CleanPerson"
    assert int.from_bytes(data[1:5], "big") > 0


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda data: b"", "undecodable"),
        (lambda data: b"\x01" + data[1:], "undecodable"),
        (lambda data: data[:-1], "undecodable"),
        (lambda data: data + b"\x00", "undecodable"),
        (lambda data: data[:5] + b"\xff" * 40, "undecodable"),
        (lambda data: avro.frame(999_999) + data[5:], "unknown_schema"),
    ],
)
def test_spoilt_bytes_are_quarantined_with_a_code_and_a_remedy(codec: avro.Codec, spoil: object, code: str) -> None:
    with pytest.raises(Quarantine) as refused:
        codec.decode_record(spoil(codec.encode(PERSON)))  # type: ignore[operator]
    assert refused.value.code == code
    assert refused.value.remedy


def test_a_foreign_schema_is_no_record_of_the_hub() -> None:
    registry = avro.MemoryRegistry()
    schema = {"type": "record", "name": "Other", "namespace": "x", "fields": []}
    schema_id = registry.register("x", json.dumps(schema), "NONE")
    with pytest.raises(Quarantine, match=r"x\.Other"):
        avro.Codec(registry).decode_record(avro.frame(schema_id))


def test_a_stage_that_may_not_register_refuses_an_unknown_subject() -> None:
    with pytest.raises(RefuseToStart):
        avro.Codec(avro.MemoryRegistry()).encode(PERSON)


def test_logical_types_are_left_off_so_a_date_stays_an_int(codec: avro.Codec) -> None:
    _, datum = codec.decode(codec.encode(PERSON))
    assert datum["birth_date"] == 7000


def test_a_registry_that_does_not_answer_is_trouble_that_passes() -> None:
    with pytest.raises(TryAgain, match="does not answer for schema id 1"):
        avro.ConfluentRegistry("http://127.0.0.1:9").schema(1)
