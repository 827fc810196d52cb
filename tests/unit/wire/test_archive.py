"""Bodies outlive the registry: what one hub wrote another reads by the schemas kept beside them."""

import json

import pytest

from hub.wire.archive import HEAD, MARK, Archive, Digests, fingerprint_of
from hub.wire.avro import SUBJECTS, Codec, MemoryRegistry, schema_text
from hub.wire.errors import Halt
from hub.wire.records import CleanPerson, Flag

PERSON = CleanPerson(bytes(16), bytes(24), False, "dukcapil", "public.penduduk", 5, 7, name="SITI AMINAH",
                     birth_date=-3, flags=(Flag("phone", "missing"),))  # fmt: skip


def test_the_fingerprint_is_the_one_of_the_avro_specification():
    assert fingerprint_of("null") == (0x63DD24E7CC258F8A).to_bytes(8, "little")


def test_a_record_comes_back_as_it_was():
    archive = Archive()
    assert archive.decode(archive.encode(PERSON)) == PERSON


def test_a_framed_message_is_adopted_without_another_encoding():
    codec, archive = Codec(MemoryRegistry(), register=True), Archive()
    framed = codec.encode(PERSON)
    body = archive.adopt(codec.writer(framed), framed)
    assert body == archive.encode(PERSON)
    assert archive.decode(body) == PERSON


def test_schemas_used_are_named_until_they_are_saved():
    archive = Archive()
    body = archive.encode(PERSON)
    fresh = archive.unsaved()
    assert list(fresh) == [body[len(MARK) : HEAD]]
    archive.saved(fresh)
    archive.encode(PERSON)
    assert archive.unsaved() == {}


def test_a_body_of_an_older_schema_is_resolved_by_the_stored_text():
    older = json.loads(schema_text("clean/person"))
    older["fields"] = [field for field in older["fields"] if field["name"] != "vital"]
    text = json.dumps(older)
    registry = MemoryRegistry()
    codec = Codec(registry, register=True)
    framed = codec.encode(PERSON)
    old_id = registry.register(SUBJECTS["clean/person"][0], text, "NONE")
    old_framed = b"\x00" + old_id.to_bytes(4, "big") + _without_vital(framed)
    writer_side = Archive()
    body = writer_side.adopt(codec.writer(old_framed), old_framed)
    stored = dict(writer_side.unsaved())
    assert Archive(stored.get).decode(body) == PERSON


def _without_vital(framed: bytes) -> bytes:
    """Cut the one zero byte of a null `vital`, which stands before the flags."""
    flags = bytes([2]) + b"\x0aphone" + b"\x0emissing" + b"\x00" + b"\x00"
    assert framed.endswith(b"\x00" + flags)
    return framed[5 : -len(flags) - 1] + flags


def test_a_body_whose_schema_nobody_kept_is_a_halt():
    with pytest.raises(Halt, match=r"store\.schema"):
        Archive().decode(MARK + bytes(8) + b"x")
    with pytest.raises(Halt, match="single-object"):
        Archive().decode(b"\x00\x00\x00\x00\x01")


def test_a_digest_is_read_from_the_beginning_of_a_body_alone():
    archive = Archive()
    long = CleanPerson(bytes(16), bytes(24), False, "s" * 40, "public." + "t" * 120, 5, -7, name="SITI " * 500)
    body = archive.encode(long)
    digests = Digests(archive.unsaved().get)
    assert len(body) > Digests.ENOUGH
    assert digests.of(body[: Digests.ENOUGH]) == -7
    assert digests.of(archive.encode(PERSON)) == 7


def test_a_digest_under_an_unknown_schema_is_not_guessed():
    with pytest.raises(Halt, match="restore it from a backup"):
        Digests(lambda _mark: None).of(Archive().encode(PERSON))
