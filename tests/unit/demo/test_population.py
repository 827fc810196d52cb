"""The invented people follow the civil registry's rules."""

from collections import Counter

import pytest

from hub.demo.population import FIRST_BIRTH, TODAY, Population


@pytest.fixture(scope="module")
def population() -> Population:
    return Population(3000, seed=7)


def test_same_seed_same_people() -> None:
    assert Population(200, 3).people == Population(200, 3).people
    assert Population(200, 3).people != Population(200, 4).people


def test_nik_holds_region_date_and_sex(population: Population) -> None:
    for person in population.people:
        day = person.born.day + (40 if person.sex == "P" else 0)
        assert len(person.nik) == 16
        assert person.nik.isdigit()
        assert person.nik[6:12] == f"{day:02d}{person.born:%m%y}"
        assert person.nik[12:] != "0000"


def test_nobody_shares_a_nik_a_card_or_a_phone(population: Population) -> None:
    assert len({p.nik for p in population.people}) == len(population.people)
    assert len({f.kk for f in population.families}) == len(population.families)
    assert len({p.phone for p in population.people}) == len(population.people)


def test_births_lie_between_1940_and_today(population: Population) -> None:
    assert all(FIRST_BIRTH <= p.born < TODAY for p in population.people)
    assert {p.born.year // 10 for p in population.people} >= {195, 197, 199, 201, 202}


def test_all_seventeen_kecamatan_are_lived_in(population: Population) -> None:
    assert len({family.village.kecamatan for family in population.families}) == 17


def test_twins_share_everything_but_serial_and_a_letter(population: Population) -> None:
    twins = [p for p in population.people if p.twin]
    assert len(twins) / len(population.people) >= 0.005
    for pair in _pairs(population):
        older, younger = pair
        assert (older.family, older.born, older.sex, older.mother) == (
            younger.family,
            younger.born,
            younger.sex,
            younger.mother,
        )
        assert int(younger.nik) - int(older.nik) == 1
        assert older.name != younger.name
        assert len(older.name) == len(younger.name)


def _pairs(population: Population) -> list[list]:
    by_birth = Counter((p.family, p.born) for p in population.people if p.twin)
    return [[p for p in population.people if p.twin and (p.family, p.born) == key] for key in by_birth]


def test_children_know_their_mother_by_her_name(population: Population) -> None:
    for family in population.families[:200]:
        members = [population.people[n] for n in family.members]
        mothers = [p for p in members if p.sex == "P" and p.marital == 2]
        children = [p for p in members if p.marital == 1]
        if mothers and children:
            assert {c.mother for c in children} == {mothers[0].name}


def test_names_vary_as_registers_do(population: Population) -> None:
    words = Counter(len(p.name.split()) for p in population.people)
    assert words[1] / len(population.people) > 0.08
    assert any(p.name.startswith("Muhammad ") for p in population.people)
    assert any(p.before or p.after for p in population.people)
    assert len({p.name for p in population.people}) / len(population.people) > 0.85
