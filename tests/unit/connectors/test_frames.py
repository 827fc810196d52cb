"""The fast way of splitting a frame gives what the plain way gives, whatever the bytes are."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kinds.postgres_wal.frames import Splitter
from connectors.kinds.postgres_wal.values import NULL_TAG, UNCHANGED_TAG, Value
from hub.wire.errors import Halt

HOSTILE = st.lists(st.sampled_from(list(b"tnuNOKt\x0e\xc6\xdc\xdb\x01 a\x74\x4e\x02")), max_size=40).map(bytes)
LENGTHS = st.sampled_from([0, 1, 77, 78, 79, 110, 116, 117, 220, 255, 256, 257, 0x4DFF]).map(lambda n: b"t" * n)
VALUE = st.one_of(st.just(NULL_TAG), st.just(UNCHANGED_TAG), HOSTILE, LENGTHS)
HEAD = b"w" + bytes(24) + b"U" + bytes(4)


def tuple_bytes(values: list[Value]) -> bytes:
    out = struct.pack(">H", len(values))
    for value in values:
        out += bytes((value,)) if isinstance(value, int) else b"t" + struct.pack(">I", len(value)) + value
    return out


@settings(max_examples=400)
@given(st.integers(1, 20).flatmap(lambda n: st.lists(VALUE, min_size=n, max_size=n)))
def test_one_tuple(values: list[Value]) -> None:
    frame = HEAD + b"N" + tuple_bytes(values)
    assert list(Splitter(len(values)).one(frame, len(HEAD) + 1)) == values


@settings(max_examples=400)
@given(
    st.integers(1, 20).flatmap(
        lambda n: st.tuples(st.lists(VALUE, min_size=n, max_size=n), st.lists(VALUE, min_size=n, max_size=n))
    )
)
def test_two_tuples(pair: tuple[list[Value], list[Value]]) -> None:
    before, after = pair
    frame = HEAD + b"O" + tuple_bytes(before) + b"N" + tuple_bytes(after)
    found = Splitter(len(before)).two(frame, len(HEAD) + 1)
    assert [list(found[0]), list(found[1])] == [before, after]


@pytest.mark.parametrize("size", [0x4DF0, 0x4E00, 0x4E74, 0x7400, 0x747474])
@pytest.mark.parametrize("columns", [1, 14, 116, 255, 300])
def test_large_frames_and_wide_tables_go_the_plain_way(size: int, columns: int) -> None:
    values: list[Value] = [b"t" * size, *([b"N", NULL_TAG] * columns)][:columns]
    frame = HEAD + b"O" + tuple_bytes(values) + b"N" + tuple_bytes(values)
    assert Splitter(columns).two(frame, len(HEAD) + 1) == (values, values)


def test_a_row_of_another_width_is_never_guessed_at() -> None:
    frame = HEAD + b"N" + tuple_bytes([b"1", b"2"])
    with pytest.raises(Halt, match="2 columns"):
        Splitter(3).one(frame, len(HEAD) + 1)
