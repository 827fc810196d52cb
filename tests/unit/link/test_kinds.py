"""Kinds of comparison beside those of persons' names and numbers: what two values say of each other."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.link import forms, kinds
from hub.link.evidence import Block
from hub.link.keys import maker
from hub.link.labels import fold_firm, fold_institution, fold_street

FIELDS = ("a", "b", "c", "d", "e")
VILLAGE, OTHER_VILLAGE, DISTRICT = "1508022001", "1508022002", "150802"


def level(kind: str, one: object, other: object) -> str:
    """The level of two records whose fields have these values (a tuple: several fields), whatever their order."""
    module = kinds.find(kind)
    x, y = (read(kind, value) for value in (one, other))
    there, back = (module.compare(x, y), module.compare(y, x)) if x and y else (0, 0)
    assert there == back
    return module.LEVELS[there]


def read(kind: str, value: object) -> forms.Slot:
    values = value if isinstance(value, tuple) else (value,)
    fields = FIELDS[: len(values)]
    record = SimpleNamespace(flags=(), **dict(zip(fields, values, strict=True)))
    return kinds.find(kind).read(record, fields)


@pytest.mark.parametrize(
    ("kind", "one", "other", "expected"),
    [
        ("exact", "A-12", "a 12", "same"),
        ("exact", "A-12", "A-13", "different"),
        ("exact", None, "A-13", "missing"),
        ("code", "1234567890123", "1234567890123", "exact"),
        ("code", "1234567890123", "1234567890132", "typo"),
        ("code", "1234567890123", "1234567890", "different"),
        ("code", "1234567890123", "1234567899923", "near"),
        ("code", "123", "145", "different"),
        ("text", "MUARA BUNGO", "Muara  Bungo", "exact"),
        ("text", "BUNGO MUARA", "MUARA BUNGO", "reordered"),
        ("text", "MUARO BUNGO", "MUARA BUNGO", "close"),
        ("text", "MUARABUNGO", "MUARA BUNGO", "close"),
        ("text", "BUNGO", "MUARA BUNGO", "contained"),
        ("text", "MARTHA", "MARHTAAN", "similar"),
        ("text", "RANTAU PANJANG", "RANTAU IKIL", "overlap"),
        ("text", "LUBUK LANDAI", "TEBING LANDAI", "overlap"),
        ("text", "JAMBI", "PADANG", "different"),
        ("number", 100, 100, "exact"),
        ("number", 3, 4, "near"),
        ("number", 100.0, 104.0, "near"),
        ("number", 100, 120, "different"),
        ("number", 0, 0, "exact"),
        ("number", None, 0, "missing"),
        ("date", 7000, 7000, "exact"),
        ("phone", "+628123456789", "+628123456789", "same"),
        ("phone", "+628123456789", "+628123456798", "typo"),
        ("phone", "+628123456789", "+628529999999", "different"),
        ("place", (VILLAGE, "kemendagri"), (VILLAGE, "kemendagri"), "village"),
        ("place", (VILLAGE, "kemendagri"), (OTHER_VILLAGE, "kemendagri"), "district"),
        ("place", (VILLAGE, "kemendagri"), (DISTRICT, "kemendagri"), "district"),
        ("place", (VILLAGE, "kemendagri"), ("1508", "kemendagri"), "regency"),
        ("place", (VILLAGE, "kemendagri"), ("1571112001", "kemendagri"), "elsewhere"),
        ("place", (VILLAGE, "kemendagri"), (VILLAGE, "bps"), "missing"),
        ("coordinates", (-1.4800, 102.1000), (-1.4803, 102.1000), "same"),
        ("coordinates", (-1.4800, 102.1000), (-1.4820, 102.1000), "near"),
        ("coordinates", (-1.4800, 102.1000), (-1.4900, 102.1000), "area"),
        ("coordinates", (-1.4800, 102.1000), (-1.5800, 102.1000), "far"),
        ("coordinates", (-1.4800, None), (-1.4800, 102.1000), "missing"),
        ("npwp", "0123456789012345", "123456789012345", "exact"),
        ("npwp", "123456789012000", "123456789012001", "branch"),
        ("npwp", "1508021203900001", "1508021203900007", "typo"),
        ("npwp", "123456789012000", "987654321098000", "different"),
        ("kbli", "47111", "47111", "exact"),
        ("kbli", "47111", "47112", "group"),
        ("kbli", "47111", "47911", "division"),
        ("kbli", "47111", "10750", "different"),
        ("firm", "PT Maju Jaya", "MAJU JAYA, PT.", "exact"),
        ("firm", "TOKO BERKAH", "BERKAH", "exact_word"),
        ("firm", "P.T. MAJU JAYA", "CV.MAJU JAYA", "exact"),
        ("firm", "UD MAJU JAYA", "MAJU JAYA ABADI", "shortened"),
        ("firm", "UD MAJU JAYA", "UD MAJU LANCAR", "mixed"),
        ("firm", "TOKO", "TOKO", "exact_word"),
        ("institution", "SDN 072/II Muara Bungo", "SD Negeri 72/II MUARA BUNGO", "exact"),
        ("institution", "SEKOLAH DASAR NEGERI 72 MUARA BUNGO", "SD 72 MUARA BUNGO", "exact"),
        ("institution", "SDN 12 MUARA BUNGO", "SDN 21 MUARA BUNGO", "other_number"),
        ("institution", "SDN 1 MUARA BUNGO", "SMPN 1 MUARA BUNGO", "other_type"),
        ("institution", "PUSKESMAS MUARA BUNGO I", "PKM MUARA BUNGO I", "exact"),
        ("institution", "PUSKESMAS MUARA BUNGO", "PUSKESMAS PEMBANTU MUARA BUNGO", "other_type"),
        ("institution", "PUSKESMAS RANTAU IKIL", "PUSKESMAS RANTAU IKHIL", "close"),
        ("institution", "SDN MUARA BUNGO", "SDN 21 MUARA BUNGO", "shortened"),
        ("institution", "POSYANDU MELATI", "POSYANDU ANGGREK", "different"),
    ],
)
def test_levels(kind: str, one: object, other: object, expected: str) -> None:
    assert level(kind, one, other) == expected


def address(
    street: str | None = None, rt: int | None = None, rw: int | None = None, region: str | None = None
) -> tuple[object, ...]:
    return (street, rt, rw, region, "kemendagri" if region else None)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (address("Jl. Sudirman No. 5", 5, 2, VILLAGE), address("SUDIRMAN 5", 5, 2, VILLAGE), "same"),
        (address("Jl. Sudirman No. 5"), address("JALAN SUDIRMAN", 5, 2, VILLAGE), "same"),
        (address(None, 5, 2, VILLAGE), address("SUDIRMAN", 5, 2, VILLAGE), "rt"),
        (address("MERDEKA", 5, 2, VILLAGE), address("SUDIRMAN", 5, 2, VILLAGE), "rt"),
        (address(None, 5, None, VILLAGE), address(None, 5, 2, VILLAGE), "rt"),
        (address(None, None, None, VILLAGE), address("SUDIRMAN", 5, 2, VILLAGE), "village"),
        (address("SUDIRMAN", 6, 2, VILLAGE), address("SUDIRMAN", 5, 2, VILLAGE), "other_rt"),
        (address("MERDEKA", None, None, VILLAGE), address("SUDIRMAN", 5, 2, VILLAGE), "other_rt"),
        (address("SUDIRMAN", 5, 2, OTHER_VILLAGE), address("SUDIRMAN", 5, 2, VILLAGE), "district"),
        (address("SUDIRMAN", 5, 2, DISTRICT), address("SUDIRMAN", 5, 2, VILLAGE), "same"),
        (address("SUDIRMAN", 5, 2, "1571112001"), address("SUDIRMAN", 5, 2, VILLAGE), "elsewhere"),
        (address(None, 5, 2), address("SUDIRMAN", 6, 2), "missing"),
        (address(), address("SUDIRMAN", 5, 2, VILLAGE), "missing"),
    ],
)
def test_addresses_are_compared_by_parts(one: object, other: object, expected: str) -> None:
    assert level("address", one, other) == expected


def test_generic_words_fall_from_names_for_comparison_only_while_others_are_left() -> None:
    assert fold_firm("CV. KARYA BERSAMA TBK") == "KARYA BERSAMA"
    assert fold_street("JL. LINTAS SUMATERA KM 5 RT 03") == "LINTAS SUMATERA KM 5 03"
    assert fold_institution("Puskesmas") == ("PUSKESMAS", "PUSKESMAS")
    assert fold_institution("MADRASAH IBTIDAIYAH NEGERI 3 BUNGO") == ("3 BUNGO", "MI")


words = st.lists(st.sampled_from(("BUNGO", "MUARA", "SD", "12", "NO", "J", "PT", "")), max_size=4).map(" ".join)
regions = st.sampled_from((VILLAGE, OTHER_VILLAGE, DISTRICT, "1508", "1571112001", None))
systems = st.sampled_from(("kemendagri", "bps"))
small = st.none() | st.integers(0, 3)
digits = st.none() | st.from_regex(r"[0-9]{3,16}", fullmatch=True)
VALUES = {
    "address": st.tuples(st.none() | words, small, small, regions, systems),
    "place": st.tuples(regions, systems),
    "coordinates": st.tuples(st.none() | st.floats(-11, 6), st.none() | st.floats(95, 141)),
    "number": st.none() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6),
    "date": st.none() | st.integers(-40_000, 60_000),
    "birth": st.none() | st.integers(-40_000, 60_000),
    "sex": st.sampled_from(("male", "female", None)),
    **dict.fromkeys(("nik", "kk", "npwp", "kbli", "phone"), digits),
}
TEXT = st.none() | words | st.text(max_size=12)


@pytest.mark.parametrize("kind", kinds.names())
@given(data=st.data())
def test_every_kind_is_symmetric_total_and_spells_its_values(kind: str, data: st.DataObject) -> None:
    values = VALUES.get(kind, TEXT)
    one, other = data.draw(values), data.draw(values)
    assert level(kind, one, other) in kinds.find(kind).LEVELS
    value = read(kind, one)
    if value:
        assert kinds.find(kind).spell(value)
        assert kinds.find(kind).compare(value, value) <= 3


def shares_cell(one: tuple[float, float], other: tuple[float, float]) -> bool:
    keys = maker([Block("near", (("a", "grid"),))], lambda *_: (0, forms.point))
    found = [set(keys((forms.point(SimpleNamespace(a=each[0], b=each[1]), ("a", "b")),))) for each in (one, other)]
    assert all(len(each) == 4 for each in found)
    return not found[0].isdisjoint(found[1])


@given(st.floats(-2, -1), st.floats(101, 103), st.floats(-0.0049, 0.0049), st.floats(-0.0049, 0.0049))
def test_points_within_half_a_cell_share_a_key(north: float, east: float, up: float, right: float) -> None:
    assert shares_cell((north, east), (north + up, east + right))


def test_points_far_apart_share_no_key() -> None:
    assert not shares_cell((-1.48, 102.1), (-1.50, 102.1))
