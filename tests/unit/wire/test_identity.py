"""Record ids: keyed by source, stable, and apart for every other table, key or source."""

import json
from json.encoder import encode_basestring

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from hub.wire import identity

MASTER = b"m" * 32


def test_the_same_row_has_the_same_id_by_either_call() -> None:
    key = identity.source_key(MASTER, "dukcapil")
    assert identity.record_id(key, "public.t", ["1", "a"]) == identity.record_ids(key, "public.t")(["1", "a"])


def test_ids_differ_by_source_table_and_key_parts() -> None:
    one, two = identity.source_key(MASTER, "a"), identity.source_key(MASTER, "b")
    ids = {
        identity.record_id(one, "t", ["1"]),
        identity.record_id(two, "t", ["1"]),
        identity.record_id(one, "u", ["1"]),
        identity.record_id(one, "t", ["1", ""]),
        identity.record_id(one, "t", ["", "1"]),
    }
    assert len(ids) == 5
    assert {len(i) for i in ids} == {identity.RECORD_ID_SIZE}


def test_key_parts_cannot_run_into_each_other() -> None:
    key = identity.source_key(MASTER, "a")
    assert identity.record_id(key, "t", ['1","2']) != identity.record_id(key, "t", ["1", "2"])


def test_digest_and_record_keys_are_not_the_same() -> None:
    assert identity.digest_key(MASTER, "a") != identity.source_key(MASTER, "a")


def test_a_row_digest_depends_on_key_and_bytes() -> None:
    digests = {identity.row_digest(k, b) for k in (b"1" * 32, b"2" * 32) for b in (b"x", b"y")}
    assert len(digests) == 4
    assert all(-(2**63) <= d < 2**63 for d in digests)


def test_a_row_digest_tells_its_schema() -> None:
    for shape in (b"\x00\x00", b"\x00\x01", b"\x7f\xff", b"\x80\x00", b"\xff\xff"):
        digest = identity.row_digest(b"1" * 32, b"x", shape)
        assert identity.shape_of(digest) == int.from_bytes(shape, "big")
        assert digest & 0xFFFFFFFFFFFF == identity.row_digest(b"1" * 32, b"x") & 0xFFFFFFFFFFFF


@given(st.binary(min_size=1, max_size=80), st.text())
def test_keys_are_those_of_the_standard(master: bytes, source: str) -> None:
    info = f"satudata/source/{source}".encode()
    theirs = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(master)
    assert identity.source_key(master, source) == theirs


@given(st.text())
def test_a_text_is_the_same_json_whichever_way_it_is_written(text: str) -> None:
    assert json.loads(identity.json_text(text.encode())) == text
    assert identity.json_text(text.encode()).decode() == encode_basestring(text)
