"""Weights of pairs: frequencies, caps, and the account of both."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.link.evidence import Comparison, Frequency, Together, Weight
from hub.link.explain import explain, line
from hub.link.features import Layout
from hub.link.frequency import LEAST, MOST, Adjustment
from hub.link.model import SHIPPED, Model, of, read
from hub.link.score import Scorer
from hub.wire.decisions import Level
from hub.wire.errors import Halt
from tests.unit.link.builders import BUDI, person

MODEL = read(SHIPPED / "person-2.toml")
FAMILY = BUDI | {"street": "SUDIRMAN 5", "rt": 5, "rw": 2, "phone": "+628123456789", "nik": None}


def scored(model: Model, a: dict[str, object], b: dict[str, object]) -> tuple[int, dict[tuple[str, str], int]]:
    """Weight and levels of two records under a model; what is stored gives the same code back."""
    layout = Layout(model)
    scorer = Scorer(model, layout)
    one, other = layout.read(person("s1", 1, a)), layout.read(person("a1", 1, b))
    code = scorer.score(one, other)
    assert scorer.score(other, one) == code
    levels = scorer.levels(code)
    assert Scorer(model, layout).code_of(levels, scorer.weight[code]) == code
    return scorer.weight[code], {(each.comparison, each.level): each.weight for each in levels}


def with_frequency(shares: dict[str, float], least: float | None) -> Model:
    """The model with other frequencies of names: `exact` stands for a share of 1 in 1,024."""
    name = MODEL.comparison("name")
    weights = tuple([Weight(each.milli, None, 2**-10) for each in name.weights])
    changed = replace(name, weights=weights, frequency=Frequency("name", ("exact", "exact_word"), least, shares))
    kept: list[Comparison] = [changed if each is name else each for each in MODEL.comparisons]
    return replace(MODEL, comparisons=tuple(kept))


@pytest.mark.parametrize(
    ("shares", "least", "expected"),
    [
        ({"BUDI SANTOSO": 2**-7}, None, ("common", -3000)),
        ({"BUDI SANTOSO": 2**-12}, None, ("rare", 2000)),
        ({"BUDI SANTOSO": 2**-10}, None, None),
        ({"BUDI SANTOSO": 1.0}, None, ("common", LEAST * 1000)),
        ({"BUDI SANTOSO": 1e-9}, None, ("rare", MOST * 1000)),
        ({"DEWI": 0.5}, None, None),
        ({"DEWI": 0.5}, 2**-14, ("rare", 4000)),
    ],
)
def test_agreement_on_a_rare_value_counts_for_more(
    shares: dict[str, float], least: float | None, expected: tuple[str, int] | None
) -> None:
    plain, _ = scored(with_frequency({}, None), BUDI, BUDI)
    weight, levels = scored(with_frequency(shares, least), BUDI, BUDI)
    told = [(level, bits) for (name, level), bits in levels.items() if name == "name" and level != "exact"]
    assert told == ([expected] if expected else [])
    assert weight == plain + (expected[1] if expected else 0)


def test_a_level_without_frequencies_is_not_adjusted() -> None:
    _, levels = scored(with_frequency({"BUDI SANTOSO": 0.5}, None), BUDI, BUDI | {"name": "SANTOSO BUDI"})
    assert ("name", "reordered") in levels
    assert ("name", "common") not in levels


def test_of_two_values_the_commoner_one_counts() -> None:
    name = with_frequency({"A B": 2**-4, "B A": 2**-20}, None).comparison("name")
    assert name.frequency is not None
    adjustment = Adjustment(name, name.frequency, "exact")
    assert adjustment.bits("A B", "B A") == adjustment.bits("B A", "A B") == -6


def test_what_a_family_shares_is_counted_once() -> None:
    """Brother and sister: card, address and phone agree, and weigh no more together than the cap."""
    weight, levels = scored(MODEL, FAMILY, FAMILY | {"name": "AGUS SANTOSO", "birth_date": 7000})
    joint = levels["kk", "same"] + levels["address", "same"] + levels["phone", "same"]
    cap = MODEL.together[0]
    assert joint > cap.cap
    assert levels["kk+address+phone", "capped"] == cap.cap - joint
    assert weight == MODEL.prior + sum(levels.values()) < 0


def test_a_cap_counts_what_an_earlier_one_left() -> None:
    """Twins without NIK: mother, place, card, address and phone agree, as with every brother and sister."""
    weight, levels = scored(
        MODEL, FAMILY | {"birth_place": "BUNGO"}, FAMILY | {"birth_place": "BUNGO", "name": "HASAN SANTOSO"}
    )
    inner, outer = MODEL.together
    assert inner.cap < outer.cap < levels["mother", "exact"] + levels["birth_place", "exact"] + inner.cap
    others = ("nik", "name", "birth", "sex")
    assert weight == MODEL.prior + outer.cap + sum(bits for (name, _), bits in levels.items() if name in others)
    assert weight < MODEL.threshold


def test_below_the_cap_nothing_is_taken_back() -> None:
    _, levels = scored(MODEL, FAMILY | {"phone": None, "kk": None, "mother": None}, FAMILY)
    assert not [level for _, level in levels if level == "capped"]


def test_a_cap_and_an_adjustment_are_lines_of_their_own_and_all_add_up() -> None:
    model = replace(
        with_frequency({"BUDI SANTOSO": 2**-7}, None), together=(Together(("kk", "address", "phone"), 6000),)
    )
    layout = Layout(model)
    scorer = Scorer(model, layout)
    slots = layout.read(person("s1", 1, FAMILY))
    account = explain(scorer.levels(scorer.score(slots, slots)), model)
    assert account.prior + sum(each.bits for each in account.lines) == account.total
    parts = [each.part for each in account.lines]
    at = parts.index("frequency")
    assert (account.lines[at - 1].comparison, account.lines[at].id) == (
        "name",
        "Nama: nilai ini lebih umum daripada biasanya",
    )
    assert parts[-1] == "cap"
    assert account.lines[-1].en == "Family card and Address and Phone: not counted twice"


def test_what_would_change_it_counts_caps() -> None:
    """Losing the same card costs nothing while address and phone alone reach the cap."""
    account = explain(
        [Level("kk", "same", 5000), Level("address", "same", 4500), Level("phone", "same", 5000),
         Level("kk+address+phone", "capped", -8500), Level("birth", "exact", 14000), Level("sex", "same", 1000)],
        MODEL,
    )  # fmt: skip
    assert account.total == 3.0
    assert account.links
    assert account.change is not None
    assert (account.change.comparison, account.change.level, account.change.total) == ("nik", "doubtful", 2.0)


def test_every_level_of_every_shipped_model_can_be_told() -> None:
    for model in [read(path) for path in sorted(SHIPPED.glob("*.toml"))]:
        for comparison in model.comparisons:
            for level in comparison.levels[1:]:
                told = line(Level(comparison.name, level, 1500), model)
                assert told.id.startswith(f"{comparison.said[0]}: ")
                assert told.en.startswith(f"{comparison.said[1]}: ")


def test_an_adjustment_that_the_model_does_not_make_is_refused() -> None:
    layout = Layout(MODEL)
    with pytest.raises(Halt, match="another model"):
        Scorer(MODEL, layout).code_of([Level("sex", "rare", 1000)], 0)
    with pytest.raises(Halt, match=r"blood\.same is unknown"):
        Scorer(MODEL, layout).code_of([Level("blood", "same", 1000)], 0)


def test_the_newest_shipped_model_of_a_person_has_its_frequencies() -> None:
    name = of("person").comparison("name")
    assert name.frequency is not None
    assert name.frequency.shares["SITI AMINAH"] > name.weights[name.levels.index("exact")].u  # type: ignore[operator]
