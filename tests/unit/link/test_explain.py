"""Accounts of stored levels."""

from __future__ import annotations

from hub.link.explain import explain, line
from hub.wire.decisions import Level
from tests.unit.link.builders import MODEL, Hub, person


def test_every_level_of_every_comparison_can_be_told() -> None:
    for comparison in MODEL.comparisons:
        for level in comparison.levels[1:]:
            told = line(Level(comparison.name, level, 1500), MODEL)
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


def test_the_nearest_change_of_one_level_is_told() -> None:
    levels = [Level("name", "exact", 11500), Level("birth", "exact", 14000), Level("nik", "different", -4500)]
    account = explain(levels, MODEL)
    assert account.total == 3.0
    assert account.change is not None
    assert (account.change.comparison, account.change.now, account.change.level) == ("address", "missing", "district")
    assert account.change.total == 2.5
    assert "Alamat: desa lain di kecamatan yang sama (sekarang: tidak diketahui" in account.change.id
    less = explain(levels[:1], MODEL)
    assert less.change is not None
    assert (less.change.comparison, less.change.now, less.change.level) == ("birth", "missing", "swapped")
    assert "tidak diketahui" in less.change.id


def test_what_forbids_a_union_is_told_and_nothing_would_change_it() -> None:
    account = explain([Level("name", "exact", 11500), Level("birth", "exact", 14000)], MODEL, "attested")
    assert account.links
    assert account.forbidden == "attested"
    assert "dua NIK yang berbeda" in account.id
    assert "two different NIK" in account.en
    assert account.change is None
    assert "steward" in explain([], MODEL, "different").en
