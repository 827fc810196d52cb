"""Global transaction ids: MariaDB's from its own log, MySQL's from bytes built by their documented layout."""

import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kinds.mysql_binlog.decoder import Decoder
from connectors.kinds.mysql_binlog.events import Gtid, GtidsBefore
from connectors.kinds.mysql_binlog.gtid import GtidSet, _signed, _varying
from hub.wire.errors import Halt, RefuseToStart
from tests.unit.connectors.mysql.recorded import decoded, event, raw_events

SID = UUID("3e11fa47-71ca-11e1-9e33-c80aa9429562")
OTHER = UUID("00000000-0000-0000-0000-000000000001")


def varying(number: int) -> bytes:
    """`mysql::serialization`: as many bytes follow the first as it ends in ones."""
    bits = number.bit_length()
    size = bits * 575 // 4096 + 1
    if size == 9:
        return b"\xff" + number.to_bytes(8, "little")
    return (number << size | (1 << size - 1) - 1).to_bytes(size, "little")


def tagged(sid: UUID, tag: str, number: int, at_us: int) -> bytes:
    fields = [varying(1), b"".join(map(varying, sid.bytes)), varying(number << 1), varying(len(tag)) + tag.encode(),
              varying(2), varying(4), varying(at_us), None, varying(300), varying(80403)]  # fmt: skip
    body = b"".join(varying(n) + field for n, field in enumerate(fields) if field is not None)
    return varying(1) + varying(len(body) + 3) + varying(0) + body


def test_mariadb_s_ids_and_lists() -> None:
    texts = [made.text for made in decoded(raw_events("perubahan")) if isinstance(made, Gtid)]
    assert texts == [f"0-1-{n + 1}" for n in range(len(texts))]
    body = struct.pack("<I", 2) + struct.pack("<IIQ", 0, 1, 7) + struct.pack("<IIQ", 5, 2, 2**40)
    made = Decoder(False).feed(event(163, body))
    assert isinstance(made, GtidsBefore)
    assert made.text == "0-1-7,5-2-1099511627776"


@pytest.mark.parametrize("number", [1, 2**40])
def test_mysql_s_id_with_its_commit_time(number: int) -> None:
    body = b"\1" + SID.bytes + struct.pack("<Q", number) + b"\2" + bytes(16)
    old = Decoder(False).feed(event(33, body))
    assert isinstance(old, Gtid)
    assert (old.text, old.at_us) == (f"{SID}:{number}", 1_795_546_000_000_000)
    at_us = 1_795_546_000_123_456
    for mark in (0, 1 << 55):
        new = Decoder(False).feed(event(33, body + (at_us | mark).to_bytes(7, "little") + bytes(10)))
        assert isinstance(new, Gtid)
        assert new.at_us == at_us


def test_an_anonymous_transaction_has_no_id() -> None:
    made = Decoder(False).feed(event(34, b"\1" + bytes(24) + b"\2" + bytes(16)))
    assert isinstance(made, Gtid)
    assert (made.text, made.alone) == ("", False)


@given(st.uuids(), st.text("abcxyz_", max_size=32), st.integers(1, 2**63 - 2), st.integers(0, 2**55 - 1))
def test_a_tagged_id(sid: UUID, tag: str, number: int, at_us: int) -> None:
    made = Decoder(False).feed(event(42, tagged(sid, tag, number, at_us)))
    assert isinstance(made, Gtid)
    assert (made.text, made.at_us) == (f"{sid}:{tag + ':' if tag else ''}{number}", at_us)


@pytest.mark.parametrize(("data", "number"), [("fbff07", 65535), ("00", 0), ("7f397d8970db2d06", 1739270369410361)])
def test_mysql_s_own_example_of_a_varying_number(data: str, number: int) -> None:
    assert varying(number) == bytes.fromhex(data)
    assert _varying(b"?" + bytes.fromhex(data), 1) == (number, 1 + len(data) // 2)


@pytest.mark.parametrize(("data", "number"), [("f3ff0f", 65535), ("ebff0f", -65535), ("fbff0f", -65536)])
def test_mysql_s_own_examples_of_a_number_with_a_sign(data: str, number: int) -> None:
    assert _signed(_varying(bytes.fromhex(data), 0)[0]) == number


def test_a_tagged_id_of_another_form_stops_the_source() -> None:
    with pytest.raises(Halt, match="field 1"):
        Decoder(False).feed(event(42, b"\2\x10\0" + varying(1) + bytes(20)))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("", ""), (f"{SID}:1-5", f"{SID}:1-5"), (f"{SID}:1-3:4-5:7", f"{SID}:1-5:7"),
        (f"{SID}:7,\n{OTHER}:1-2", f"{OTHER}:1-2,{SID}:7"), (f"{SID}:1:kota:2-3:1", f"{SID}:1:kota:1-3"),
        (f"{str(SID).upper()}:Kota:5", f"{SID}:kota:5"),
    ],
)  # fmt: skip
def test_a_set_has_one_text(text: str, same: str) -> None:
    assert str(GtidSet(text)) == same


@pytest.mark.parametrize("text", ["abc", f"{SID}:x-y", f"{SID}:1-", "0-1-7"])
def test_what_is_no_set_is_refused(text: str) -> None:
    with pytest.raises(RefuseToStart, match="no set of GTIDs"):
        GtidSet(text)


Ids = st.lists(
    st.tuples(st.sampled_from([SID, OTHER]), st.sampled_from(["", "", "kota"]), st.integers(1, 60)), max_size=60
)


@given(Ids)
def test_a_set_is_what_was_added(ids: list[tuple[UUID, str, int]]) -> None:
    made = GtidSet()
    for sid, tag, number in ids:
        made.add(f"{sid}:{tag + ':' if tag else ''}{number}")
    assert GtidSet(str(made)) == made
    assert GtidSet.from_bytes(made.to_bytes()) == made
    assert made.to_bytes() == GtidSet(str(made)).to_bytes()
    before = Decoder(False).feed(event(35, made.to_bytes()))
    assert isinstance(before, GtidsBefore)
    assert before.text == str(made)
    for sid, tag, number in ids:
        assert GtidSet(f"{sid}:{tag + ':' if tag else ''}{number}") <= made


@given(Ids, Ids)
def test_one_set_holds_another_when_each_of_its_ids_is_there(
    some: list[tuple[UUID, str, int]], others: list[tuple[UUID, str, int]]
) -> None:
    sets = [GtidSet(), GtidSet()]
    for made, ids in zip(sets, (some, others), strict=True):
        for sid, tag, number in ids:
            made.add(f"{sid}:{tag + ':' if tag else ''}{number}")
    assert (sets[0] <= sets[1]) == (set(some) <= set(others))


def test_mysql_s_form_of_a_set_without_tags() -> None:
    data = GtidSet(f"{SID}:1-5:7").to_bytes()
    assert data == struct.pack("<Q", 1) + SID.bytes + struct.pack("<QQQQQ", 2, 1, 6, 7, 8)
