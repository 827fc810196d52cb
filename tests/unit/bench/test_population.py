"""The invented regency has the mistakes that it promises, at the shares promised, and the same ones each time."""

import random
from collections import Counter, defaultdict
from functools import lru_cache
from itertools import islice

from hub.bench.population import names
from hub.bench.population.people import Family, Person, Registry
from hub.bench.population.records import AUTHORITIES, RATES, Made, made

SEED = 3


@lru_cache
def everything() -> tuple[Made, ...]:
    return tuple(made(6000, SEED))


@lru_cache
def families() -> tuple[Family, ...]:
    return tuple(Registry(SEED).families(6000))


def people() -> list[Person]:
    return [person for family in families() for person in family.people]


def test_equal_seeds_make_equal_records_and_others_do_not() -> None:
    first = list(islice(made(300, SEED), 300))
    assert first == list(islice(made(300, SEED), 300))
    assert first != list(islice(made(300, SEED + 1), 300))


def test_every_record_has_an_id_of_its_own_and_every_nik_is_given_once() -> None:
    assert len({each.record.id for each in everything()}) == len(everything())
    given = [nik for person in people() for nik in (person.nik, person.old_nik) if nik]
    assert len(set(given)) == len(given)
    assert {each.record.source for each in everything()} == set(AUTHORITIES)


def test_offices_make_at_least_the_mistakes_of_a_poor_register() -> None:
    found = Counter(fault for each in everything() for fault in each.faults)
    share = {fault: number / len(everything()) for fault, number in found.items()}
    for fault, rate in RATES.items():
        assert share[fault] > rate * 0.9, fault
    assert share["name"] > 0.19
    assert share["birth_swapped"] + share["birth_default"] > 0.036
    assert {"old_nik", "name_cut", "moved", "other_card"} <= share.keys()


def test_what_is_no_nik_was_set_aside_by_the_cleaner() -> None:
    for each in everything():
        if each.faults & {"missing", "placeholder"}:
            assert each.record.nik is None
    flagged = [each for each in everything() if any(flag.code == "default" for flag in each.record.flags)]
    assert flagged, "default dates carry the cleaner's mark"


def test_names_are_skewed_and_a_quarter_is_one_word() -> None:
    found = Counter(person.name for person in people())
    single = sum(number for name, number in found.items() if " " not in name) / found.total()
    assert 0.2 < single < 0.3
    firsts = Counter(name.split()[0] for name in found.elements())
    ten = sum(number for _, number in firsts.most_common(10)) / firsts.total()
    assert ten > 0.25
    assert len(firsts) > 400, "and a long tail"


def test_twins_share_all_but_name_and_number_and_some_sons_bear_their_fathers_name() -> None:
    pairs = defaultdict(list)
    for person in people():
        if person.twins is not None:
            pairs[person.twins].append(person)
    share = sum(map(len, pairs.values())) / len(people())
    assert 0.004 < share < 0.012
    for one, other in pairs.values():
        assert (one.family, one.born, one.sex, one.mother) == (other.family, other.born, other.sex, other.mother)
        assert one.name != other.name
        assert one.nik[:12] == other.nik[:12] or one.nik[:6] != other.nik[:6]
    namesakes = [family for family in families() if len({each.name for each in family.people}) < len(family.people)]
    assert namesakes


def test_a_twins_name_never_equals_the_other() -> None:
    rng = random.Random(1)
    drawn = [names.draw("female", rng) for _ in range(500)]
    assert all(names.of_twin(name, "female", rng) != name for name in drawn)
