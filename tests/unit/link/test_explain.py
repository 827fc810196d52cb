"""Accounts of stored levels."""

from __future__ import annotations

from hub.link.explain import explain, line
from hub.link.model import COMPARISONS
from hub.wire.decisions import Level
from tests.unit.link.builders import MODEL, Hub, person


def test_every_level_of_every_comparison_can_be_told() -> None:
    for comparison, module in COMPARISONS.items():
        for level in module.LEVELS[1:]:
            told = line(Level(comparison, level, 1500))
            assert told.bits == 1.5
            assert told.id.count(":") == told.en.count(":") == 1


def test_the_account_of_a_stored_edge_adds_up() -> None:
    hub = Hub()
    hub.take(person("s1", 1), person("a1", 1, nik="1508021203980001", kk=None))
    (edge,) = hub.edges.values()
    account = explain(edge.levels, MODEL)
    assert account.links
    assert account.total * 1000 == edge.weight
    assert account.prior + sum(each.bits for each in account.lines) == account.total
    assert [each.comparison for each in account.lines][:2] == ["birth", "name"]
    assert "NIK: beda satu angka, mungkin salah ketik" in [each.id for each in account.lines]
    assert account.id.startswith("Cukup bukti")
    assert "threshold +3.0" in account.en


def test_too_little_evidence_is_said_so() -> None:
    account = explain([Level("name", "exact", 11500), Level("sex", "different", -6000)], MODEL)
    assert not account.links
    assert account.en.startswith("Not enough evidence")
