"""Versions: byte order is the order of their parts."""

from hypothesis import given
from hypothesis import strategies as st

from hub.wire import version

epochs = st.integers(0, 2**63 - 1)
parts = st.tuples(epochs, epochs, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))


@given(parts, parts)
def test_byte_order_is_tuple_order(left: tuple[int, int, int, int], right: tuple[int, int, int, int]) -> None:
    assert (version.pack(*left) < version.pack(*right)) == (left < right)


@given(parts)
def test_unpack_gives_back_what_was_packed(given_parts: tuple[int, int, int, int]) -> None:
    packed = version.pack(*given_parts)
    assert len(packed) == version.SIZE
    assert version.unpack(packed) == version.Version(*given_parts)


def test_a_stamp_becomes_a_version_under_a_cleaning_revision() -> None:
    assert version.revise(version.stamp(3, 4, 5), 6) == version.pack(3, 4, 5, 6)


def test_lowest_is_below_every_real_version() -> None:
    assert version.pack(1, 0, 0) > version.LOWEST
