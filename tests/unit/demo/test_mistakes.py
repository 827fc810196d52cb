"""Mistakes happen at the rates that the demo promises, and look like real ones."""

import random

import pytest

from hub.demo import mistakes
from hub.demo.population import Population
from hub.demo.systems import World


@pytest.fixture(scope="module")
def world() -> World:
    return World(1200, seed=5)


def test_every_rate_is_reached_over_all_records(world: World) -> None:
    rates = world.error_rates()
    for fault, least in mistakes.RATES.items():
        assert rates[fault] >= least, fault
        assert rates[fault] < least * 1.1 + 0.002, fault
    assert rates["twins"] >= 0.005


def test_the_register_is_the_cleaner(world: World) -> None:
    def share(source: str) -> float:
        found = world.entries[source]
        return sum(bool(e.faults & set(mistakes.NIK_FAULTS)) for e in found) / len(found)

    assert share("dukcapil") < 0.5 * share("dapodik")


def test_a_record_has_one_mistake_of_the_nik_at_most(world: World) -> None:
    for found in world.entries.values():
        assert all(len(e.faults & set(mistakes.NIK_FAULTS)) <= 1 for e in found)


def test_a_fault_shows_in_the_row(world: World) -> None:
    people = world.population.people
    for entry in world.entries["dukcapil"]:
        row, person = world.row(entry), people[entry.person]
        assert (row["nik"] != person.nik) == bool(entry.faults & set(mistakes.NIK_FAULTS))
        assert (row["tgl_lhr"] != person.born) == ("birth" in entry.faults)
        if "variant" in entry.faults:
            assert row["nama_lgkp"] != person.name.upper()


def test_a_corrected_mistake_leaves_the_other_columns_alone(world: World) -> None:
    entry = next(e for e in world.entries["dinsos"] if {"variant", "missing"} <= e.faults)
    before = world.row(entry)
    entry.faults.discard("missing")
    after = world.row(entry)
    entry.faults.add("missing")
    assert {k for k in before if before[k] != after[k]} == {"nik"}


def test_mistyped_differs_but_is_as_long() -> None:
    rng = random.Random(1)
    for _ in range(500):
        number = "".join(rng.choice("0123456789") for _ in range(16))
        wrong = mistakes.mistyped(number, rng)
        assert wrong != number
        assert len(wrong) == 16
        assert wrong.isdigit()


def test_borrowed_is_a_relatives_number() -> None:
    population = Population(300, 2)
    person = next(p for p in population.people if population.relatives(p))
    relatives = population.relatives(person)
    assert mistakes.nik(person, relatives, {"borrowed"}, random.Random(1)) in {r.nik for r in relatives}


def test_a_name_variant_is_never_the_name() -> None:
    population, rng = Population(400, 9), random.Random(3)
    for person in population.people:
        variant = mistakes.name(person, {"variant"}, rng)
        assert variant != person.name
        assert variant.strip()
