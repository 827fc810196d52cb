"""Every category of the list and its reason, from the facts of one record."""

from __future__ import annotations

from typing import Any

import pytest

from hub.serve.padan import words
from hub.serve.padan.compare import ALL_KINDS, GROUPS, differences
from hub.serve.padan.findings import CATEGORIES, Facts, Finding, Reason, assess
from hub.wire.records import Flag
from tests.unit.serve.padan.people import NIK, day, record

REGISTER = record("dukcapil", 1)
OTHER_NIK = "1508010101900002"


def found(office: Any, *register: Any, **more: Any) -> Finding:
    return assess(Facts(office, "e", register, **more))


def codes(finding: Finding) -> list[str]:
    return [one.code for one in finding.reasons]


# ---------------------------------------------------------------- the register has the person


def test_an_equal_record_is_padan() -> None:
    finding = found(record("dinsos", 1), REGISTER)
    assert (finding.category, codes(finding), finding.differences) == ("matched", ["equal"], ())


def test_what_only_one_side_fills_is_no_difference() -> None:
    office = record("dinsos", 1, mother=None, phone="+6281234567890", kk="1508010102030004")
    assert found(office, REGISTER).category == "matched"


def test_differences_are_told_with_both_values_the_weightiest_first() -> None:
    office = record("dinsos", 1, mother="SITI AMINAH", birth_date=day(1994, 7, 20), sex="male")
    finding = found(office, REGISTER)
    assert finding.category == "matched_with_differences"
    assert [(one.group, one.kind, one.ours, one.theirs) for one in finding.differences] == [
        ("birth_date", "differs", "20-07-1994", "21-07-1994"),
        ("sex", "differs", "Laki-laki", "Perempuan"),
        ("mother", "differs", "SITI AMINAH", "RATNA DEWI"),
    ]
    assert words.reasons(finding) == "Berbeda: tanggal lahir, jenis kelamin, nama ibu."


def test_an_empty_nik_is_proposed() -> None:
    finding = found(record("dinsos", 1, nik=None), REGISTER)
    assert (finding.category, finding.proposed_nik, codes(finding)) == ("matched_without_nik", NIK, ["nik_missing"])
    assert "kosong" in words.reasons(finding)


def test_a_placeholder_is_told_beside_the_proposal() -> None:
    office = record("dinsos", 1, Flag("nik", "placeholder", "1111111111111111"), nik=None)
    assert "pengisi" in words.reasons(found(office, REGISTER))


def test_another_nik_is_proposed_away_with_the_differences_beside() -> None:
    finding = found(record("dinsos", 1, nik=OTHER_NIK, sex="male"), REGISTER)
    assert (finding.category, finding.proposed_nik) == ("matched_without_nik", NIK)
    assert codes(finding) == ["nik_differs", "differs"]


def test_a_register_record_without_nik_proposes_none() -> None:
    finding = found(record("dinsos", 1), record("dukcapil", 1, nik=None))
    assert (finding.category, finding.proposed_nik) == ("matched", None)


def test_of_several_register_records_the_one_with_the_same_nik_is_compared() -> None:
    newer = record("dukcapil", 9, nik=OTHER_NIK, name="LAIN")
    assert found(record("dinsos", 1), newer, REGISTER).category == "matched"


def test_death_in_the_register_comes_before_all_else() -> None:
    finding = found(record("dinsos", 1, nik=None, vital="alive"), record("dukcapil", 1, vital="dead"))
    assert (finding.category, codes(finding)) == ("dead_or_left", ["dead", "nik_missing"])


def test_a_death_that_the_office_knows_is_no_finding() -> None:
    assert found(record("dinsos", 1, vital="dead"), record("dukcapil", 1, vital="dead")).category == "matched"


# ---------------------------------------------------------------- the register has not


def test_who_stood_with_a_register_record_that_is_gone_has_left() -> None:
    finding = found(record("dinsos", 1), left=True, waiting=1)
    assert (finding.category, codes(finding)) == ("dead_or_left", ["left_register"])


def test_a_likely_candidate_waits_for_a_decision() -> None:
    finding = found(record("dinsos", 1), waiting=2, holders=[record("dukcapil", 3)])
    assert (finding.category, finding.reasons) == ("under_review", (Reason("review", {"count": 2}),))


def test_a_candidate_that_a_steward_refused_is_told_and_waits_no_more() -> None:
    finding = found(record("dinsos", 1), refused=True)
    assert (finding.category, codes(finding)) == ("no_candidate", ["nik_not_registered", "refused_by_steward"])


def test_the_holder_of_the_nik_is_told_by_what_disagrees_and_by_no_value() -> None:
    holder = record("dukcapil", 3, name="BUDI SANTOSO", birth_date=day(1970, 1, 2), sex="male", mother="TUTI")
    finding = found(record("dinsos", 1), holders=[holder])
    assert finding.category == "nik_of_another"
    told = words.reasons(finding)
    assert told.startswith("NIK ini di register tercatat atas orang lain; nama, tanggal lahir, jenis kelamin ")
    assert "BUDI" not in told
    assert finding.register is None


@pytest.mark.parametrize(("code", "was", "reason"), [
    ("placeholder", "0", "nik_placeholder"), ("temporary", "0508014107940001", "nik_temporary"),
    ("implausible", "150801", "nik_malformed"),
])  # fmt: skip
def test_an_unusable_nik_is_told_by_its_fault(code: str, was: str, reason: str) -> None:
    finding = found(record("dinsos", 1, Flag("nik", code, was), nik=None))
    assert (finding.category, codes(finding)) == ("nik_unusable", [reason])


def test_a_nik_of_no_known_regency_is_unusable() -> None:
    finding = found(record("dinsos", 1, nik="9901014107940001"))
    assert (finding.category, codes(finding)) == ("nik_unusable", ["nik_unknown_region"])


def test_a_good_nik_that_the_register_lacks_is_told_with_where_it_was_issued() -> None:
    finding = found(record("dinsos", 1, nik="1571014107940001"))
    assert (finding.category, codes(finding)) == ("no_candidate", ["nik_not_registered"])
    assert "Jambi" in words.reasons(finding)


def test_nothing_to_go_by_is_told() -> None:
    assert codes(found(record("dinsos", 1, nik=None))) == ["nik_empty"]


# ---------------------------------------------------------------- how values differ


def test_names_that_the_comparison_took_for_spellings_are_told_as_such() -> None:
    office = record("dinsos", 1, name="SEKAR MLATI WANGI")
    for level, kind in (("variant", "spelling"), ("close", "typing"), ("mixed", "differs"), ("", "differs")):
        [one] = differences(office, REGISTER, {"name": level})
        assert (one.group, one.kind) == ("name", kind)


def test_without_a_score_the_variants_of_cleaning_and_the_order_of_words_speak() -> None:
    office = record("dinsos", 1, name="MOH SEKAR", name_variants=("MUHAMMAD SEKAR",))
    assert differences(office, record("dukcapil", 1, name="MUHAMMAD SEKAR"), {})[0].kind == "spelling"
    turned = record("dinsos", 1, name="WANGI SEKAR MELATI")
    assert differences(turned, REGISTER, {})[0].kind == "spelling"


def test_dates_that_are_turned_or_default_are_told_as_such() -> None:
    register = record("dukcapil", 1, birth_date=day(1994, 3, 7))
    turned = record("dinsos", 1, birth_date=day(1994, 7, 3))
    vague = record("dinsos", 1, Flag("birth_date", "default"), birth_date=day(1994, 7, 1))
    other_year = record("dinsos", 1, Flag("birth_date", "default"), birth_date=day(1993, 7, 1))
    kinds = [differences(one, register, {})[0].kind for one in (turned, vague, other_year)]
    assert kinds == ["swapped", "default", "differs"]
    vague_register = record("dukcapil", 1, Flag("birth_date", "default"), birth_date=day(1994, 12, 31))
    assert differences(record("dinsos", 1), vague_register, {})[0].kind == "default_register"


def test_a_name_that_lacks_words_of_the_other_is_incomplete() -> None:
    for name in ("SEKAR", "SEKAR MELATI WANGI PUTRI"):
        assert differences(record("dinsos", 1, name=name), REGISTER, {"name": "partial"})[0].kind == "incomplete"
    assert differences(record("dinsos", 1, name="SEKAR PUTRI"), REGISTER, {"name": "mixed"})[0].kind == "differs"


def test_addresses_differ_by_place_and_number_and_not_by_the_way_of_writing() -> None:
    register = record("dukcapil", 1, street="JALAN SULTAN TAHA NO 5", rt=3, rw=1, region="1508051001",
                      region_system="kemendagri")  # fmt: skip
    same = {"street": "JALAN SULTAN TAHA", "rt": 3, "region": "150805", "region_system": "kemendagri"}
    assert [one.kind for one in differences(record("dinsos", 1, **same), register, {})] == ["spelling"]
    for other in ({"rt": 4}, {"region": "1508061001"}, {"street": "JALAN MERDEKA"}):
        [one] = differences(record("dinsos", 1, **{**same, **other}), register, {})
        assert (one.group, one.kind) == ("address", "differs")
    assert differences(record("dinsos", 1, region="1508", region_system="bps"), register, {}) == ()


def test_spelling_ranks_after_all_that_truly_differs() -> None:
    office = record("dinsos", 1, name="WANGI SEKAR MELATI", birth_place="MUARO BUNGO")
    register = record("dukcapil", 1, birth_place="RANTAU PANJANG")
    assert [one.group for one in differences(office, register, {})] == ["birth_place", "name"]


def test_what_matters_more_has_the_lower_rank() -> None:
    date_off, place_off = record("dinsos", 1, birth_date=1), record("dinsos", 2, birth_place="X")
    register = record("dukcapil", 1, birth_place="Y")
    assert found(date_off, register).rank < found(place_off, register).rank
    assert found(record("dinsos", 3), REGISTER, levels={}).rank > 0


def test_every_word_is_there() -> None:
    assert set(words.TITLES) == set(CATEGORIES)
    assert set(words.GROUPS) >= set(GROUPS)
    assert set(words.KINDS) == set(ALL_KINDS)
    assert all(len(title.sheet) <= 31 for title in (*words.TITLES.values(), words.DUPLICATES))
