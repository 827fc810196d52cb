"""Hard pairs of people: who must link, who must not."""

from __future__ import annotations

import pytest

from hub.link.features import Layout, claim_of, identifier_of, unpack
from hub.link.score import Scorer
from hub.wire.records import Flag
from tests.unit.link.builders import BUDI, DEWI, MODEL, Hub, day, person

LAYOUT = Layout(MODEL)
SCORER = Scorer(MODEL, LAYOUT)


def level(comparison: str, **pair: tuple[object, object]) -> str:
    """The level of two otherwise empty records, whatever their order."""
    left, right = (
        unpack(LAYOUT.pack(LAYOUT.read(person(who, 1, {}, **{field: both[at] for field, both in pair.items()}))))
        for at, who in enumerate(("s1", "a1"))
    )
    there, back = SCORER.score(left, right), SCORER.score(right, left)
    assert there == back
    place = [each.name for each in MODEL.comparisons].index(comparison)
    return MODEL.comparisons[place].levels[SCORER.indices(there)[place]]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("1508021203900001", "1508021203900001", "exact"),
        ("1508021203900001", "1508031203900001", "district_typo"),
        ("1508021203900001", "1508201203900001", "district_typo"),
        ("1508021203900001", "1509021203900001", "typo"),
        ("1508021203900001", "1508021203910001", "typo"),
        ("1508021203900001", "1508012203900001", "typo"),
        ("1508021203900001", "1508021203900010", "serial_typo"),
        ("1508021203900001", "1508021203900002", "serial_next"),
        ("1508021203900001", "1508021203900345", "serial_other"),
        ("1508021203900001", "1571111203900007", "date_part"),
        ("1508021203900001", "1508025510920001", "different"),
        (None, "1508021203900001", "missing"),
    ],
)
def test_nik_is_compared_by_parts(a: str | None, b: str, expected: str) -> None:
    assert level("nik", nik=(a, b)) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("BUDI SANTOSO", "BUDI SANTOSO", "exact"),
        ("MUHAMMAD RIZKI", "MOHD RIZKI", "exact"),
        ("M RIZKI", "MUHAMMAD RIZKI", "exact"),
        ("ACHMAD SOEKARNO", "AHMAD SUKARNO", "exact"),
        ("SITI AMINAH BINTI HASAN", "ST AMINAH HASAN", "exact"),
        ("ABDURRAHMAN WAHID", "ABDUL RAHMAN WAHID", "exact"),
        ("ABDURACHMAN WAHID", "ABDULRAHMAN WAHID", "exact"),
        ("ABDUSSALAM", "ABDUL SALAM", "exact"),
        ("ABDULLAH", "ABDULAH", "close"),
        ("CHAIRUL ANWAR", "KHAIRUL ANWAR", "exact"),
        ("HAIRUL ANWAR", "KHAIRUL ANWAR", "exact"),
        ("SYAHRUL RAMADHAN", "SAHRUL RAMADAN", "close"),
        ("BUDI", "BUDI", "exact_word"),
        ("SANTOSO BUDI", "BUDI SANTOSO", "reordered"),
        ("BUDI S", "BUDI SANTOSO", "shortened"),
        ("BUDI SANT", "BUDI SANTOSO", "shortened"),
        ("GALIH TANJUNG", "GALIHUN TANJUNG", "mixed"),
        ("YULI ASTUTI", "YULIANA ASTUTI", "mixed"),
        ("UMI KALSUM", "UMMI KALSUM", "close"),
        ("NUR ASMARA", "NUUR ASMARA", "close"),
        ("BUDI SANTOSO", "BUDI SANTOSO WIJAYA", "shortened"),
        ("BUDDI SANTOSO", "BUDI SANTOSO", "close"),
        ("NURHAYATI", "NUR HAYATI", "close"),
        ("BUDI", "BUDI SANTOSO", "partial"),
        ("HASAN BASRI", "HUSIN BASRI", "mixed"),
        ("HASAN", "HUSEN", "different"),
        ("EDI", "EDY", "similar"),
        ("ALI BASRI", "ADI BASRI", "similar"),
        ("NURLAILA", "NURLAIKE", "similar"),
        ("SUMIATI", "SUMARNI", "different"),
        ("SUMIATI", "RUMIATIN", "different"),
        ("ALI BASRI", "ADI", "different"),
        ("BUDI SANTOSO", "DEWI LESTARI", "different"),
        ("BUDI", None, "missing"),
        ("SITI NURHALIZAH RAHMAWATI PUTR", "SITI NURHALIZAH RAHMAWATI PUTRI KARTIKA", "truncated"),
        ("MUHAMMAD RIZKI RAMADHAN SAPUTRA WIJAYA K", "MOHD RIZKI RAMADHAN SAPUTRA WIJAYA KUSUMA", "truncated"),
        ("SITI NURHALIZAH RAHMAWATI PUTR", "SITI NURHALIZAH RAHMAWATI PUTR", "exact"),
        ("SITI NURHALIZAH RAHMAWATI", "SITI NURHALIZAH RAHMAWATI PUTRI", "shortened"),
    ],
)
def test_names(a: str, b: str | None, expected: str) -> None:
    assert level("name", name=(a, b)) == expected


BORN = {"birth_date": (BUDI["birth_date"], BUDI["birth_date"])}


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("1508021203900001", "1508021203900001", "exact"),
        ("1508025510920001", "1508025510920001", "exact_doubtful"),
        ("1508021203900001", "1508025510920001", "doubtful"),
        ("1508021203900001", "1508021203980001", "typo"),
        ("1508021203900001", "1571111203900007", "date_part"),
    ],
)
def test_a_nik_of_another_birth_date_than_its_records_says_little(a: str, b: str, expected: str) -> None:
    assert level("nik", nik=(a, b), **BORN) == expected


def test_a_spelling_that_cleaning_offers_counts_as_a_variant() -> None:
    pair = ("CHAERUL ANWAR", "KHOIRUL ANWAR")
    assert level("name", name=pair, name_variants=(("KHOIRUL ANWAR",), ())) == "variant"


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("1990-03-12", "1990-03-12", "exact"),
        ("1990-03-12", "1990-12-03", "swapped"),
        ("1990-03-12", "1990-03-21", "near"),
        ("1990-03-12", "1991-03-12", "near"),
        ("1990-03-12", "1990-05-20", "year"),
        ("1990-03-12", "1971-05-20", "different"),
        ("1990-03-12", None, "missing"),
    ],
)
def test_birth_dates(a: str, b: str | None, expected: str) -> None:
    assert level("birth", birth_date=(day(a), day(b))) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("1990-07-01*", "1990-03-12", "default_year"),
        ("1990-07-01*", "1990-07-01*", "exact_default"),
        ("1990-07-01*", "1990-12-31*", "default_year"),
        ("1990-07-01*", "1985-03-12", "different"),
        ("1990-03-15*", "1990-03-15*", "exact_month"),
        ("1990-03-15*", "1990-03-27", "default_month"),
        ("1990-03-15*", "1990-08-27", "year"),
        ("1990-03-15*", "1990-08-15*", "year"),
        ("1990-03-15*", "1990-07-01*", "default_year"),
        ("1990-07-15*", "1990-07-01*", "default_year"),
        ("1990-03-15*", "1991-03-15*", "different"),
    ],
)
def test_a_default_date_tells_its_year_and_the_15th_its_month_too(a: str, b: str, expected: str) -> None:
    """A star marks a date that cleaning flagged as a default."""
    flags = tuple([(Flag("birth_date", "default"),) if text.endswith("*") else () for text in (a, b)])
    assert level("birth", birth_date=(day(a.rstrip("*")), day(b.rstrip("*"))), flags=flags) == expected


@pytest.mark.parametrize(
    ("was", "other", "expected"),
    [
        ("1990", "1990-03-12", "default_year"),
        ("00-00-1990", "1990-03-12", "default_year"),
        ("1990", "1985-03-12", "different"),
        ("sekitar", "1990-03-12", "missing"),
    ],
)
def test_a_year_alone_tells_its_year(was: str, other: str, expected: str) -> None:
    flags = ((Flag("birth_date", "default", was),), ())
    assert level("birth", birth_date=(None, day(other)), flags=flags) == expected


def test_two_years_alone_agree_on_no_day() -> None:
    flags = (Flag("birth_date", "default", "1990"),)
    assert level("birth", flags=(flags, flags)) == "default_year"


def test_dates_weigh_by_what_they_tell() -> None:
    birth = MODEL.comparison("birth")
    weight = dict(zip(birth.levels, [each.milli for each in birth.weights], strict=True))
    assert weight["year"] < 0 < weight["default_year"] < weight["default_month"] < weight["exact"]
    assert weight["exact_default"] < weight["exact_month"] < weight["exact"]


def test_sex_family_card_and_mother() -> None:
    assert level("sex", sex=("male", "female")) == "different"
    assert level("sex", sex=("male", None)) == "missing"
    assert level("kk", kk=("1508020101100001", "1508020101100001")) == "same"
    assert level("kk", kk=("1508020101100001", "1508020101100002")) == "different"
    assert level("mother", mother=("SITI AMINAH", "ST AMINAH")) == "exact"
    assert level("mother", mother=("SITI AMINAH", "SITI AMINA")) == "close"
    assert level("mother", mother=("AMINAH", "SITI AMINAH")) == "partial"
    assert level("mother", mother=("SITI AMINAH", "SITI BADRIAH")) == "different"


def pair_links(a: dict[str, object], b: dict[str, object], names: tuple[str, str] = ("s1", "a1")) -> bool:
    hub = Hub()
    hub.take(person(names[0], 1, a), person(names[1], 1, b))
    return hub.together(*names)


def test_one_person_in_two_systems_links() -> None:
    assert pair_links(BUDI, BUDI | {"mother": None, "region": "1508022002"})


def test_a_mistyped_nik_links_by_name_birth_and_mother() -> None:
    assert pair_links(BUDI, BUDI | {"nik": "1508021203980001", "kk": None})


def test_two_people_born_on_one_day_in_neighbouring_districts_do_not_link() -> None:
    """Their NIKs differ in one digit, as a mistyped one does: most serials are 0001."""
    one = {**BUDI, "name": "ZAHRA", "sex": "female", "nik": "1508047107130001", "kk": None, "mother": None,
           "birth_date": day("2013-07-31")}  # fmt: skip
    other = one | {"name": "NUR ZAHRA PILIANG", "nik": "1508057107130001", "region": "1508052006"}
    assert not pair_links(one, other)
    assert pair_links(one, one | {"nik": "1508057107130001"}), "one name: mistyped"


def test_a_missing_nik_links_by_name_birth_and_mother() -> None:
    assert pair_links(BUDI, BUDI | {"nik": None, "kk": None})


def test_a_swapped_birth_date_and_a_short_name_link() -> None:
    assert pair_links(BUDI, BUDI | {"birth_date": day("1990-12-03"), "name": "BUDI S"})


@pytest.mark.parametrize("names", [("s1", "a1"), ("d1", "d2")])
def test_twins_do_not_link(names: tuple[str, str]) -> None:
    hasan = BUDI | {"name": "HASAN BASRI", "nik": "1508021203900001"}
    husin = BUDI | {"name": "HUSIN BASRI", "nik": "1508021203900002"}
    assert not pair_links(hasan, husin, names)


def test_a_twin_without_nik_links_to_his_own_record_only() -> None:
    hub = Hub()
    hasan = BUDI | {"name": "HASAN BASRI", "nik": "1508021203900001"}
    husin = BUDI | {"name": "HUSIN BASRI", "nik": "1508021203900002"}
    hub.take(person("d1", 1, hasan), person("d2", 1, husin), person("s1", 1, hasan | {"nik": None, "kk": None}))
    assert hub.together("d1", "s1")
    assert not hub.together("d1", "d2")


def test_husband_and_wife_do_not_link() -> None:
    assert not pair_links(BUDI, DEWI)


def test_siblings_do_not_link() -> None:
    brother = BUDI | {"nik": "1508020505950001", "name": "AGUS SANTOSO", "birth_date": day("1995-05-05")}
    assert not pair_links(BUDI, brother)


def test_a_borrowed_nik_scores_negative() -> None:
    hub = Hub()
    borrower = {**DEWI, "nik": BUDI["nik"], "kk": None}
    delta = hub.take(person("s1", 1, BUDI | {"kk": None}), person("a1", 1, borrower))
    assert [edge.weight < 0 for edge in delta.edges] == [True]
    assert not hub.together("s1", "a1")


def test_two_people_of_one_name_and_birth_date_are_parted_by_attested_niks() -> None:
    namesake = BUDI | {"nik": "1571111203900044", "kk": None, "mother": None}
    assert not pair_links(BUDI | {"kk": None, "mother": None}, namesake, ("d1", "d2"))
    assert pair_links(BUDI | {"kk": None, "mother": None, "nik": None}, namesake, ("s1", "d2"))


def test_a_record_with_a_relatives_nik_links_to_its_own_person() -> None:
    """The register holds both NIKs, but this one's birth date and sex are not the record's: it forbids nothing."""
    hub = Hub()
    hub.take(person("d1", 1, BUDI), person("d2", 1, DEWI), person("s1", 1, BUDI | {"nik": DEWI["nik"]}))
    assert hub.together("s1", "d1")
    assert not hub.together("s1", "d2")
    hub.whole()


@pytest.mark.parametrize(
    ("changes", "doubtful"),
    [
        ({}, False),
        ({"birth_date": day("1990-12-03")}, True),
        ({"sex": "female"}, True),
        ({"sex": None}, False),
        ({"birth_date": None}, False),
        ({"nik": None}, False),
        ({"nik": "1508025203900001", "sex": "female"}, False),
    ],
)
def test_a_nik_is_doubtful_when_the_record_itself_says_otherwise(changes: dict[str, object], doubtful: bool) -> None:
    packed = LAYOUT.pack(LAYOUT.read(person("s1", 1, BUDI | changes)))
    assert (claim_of(packed) != identifier_of(packed)) is doubtful
