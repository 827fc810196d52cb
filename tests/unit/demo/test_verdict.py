"""The judge's arithmetic: qualities, quantiles, and what passes."""

import dataclasses

from hub.demo.verdict import Quality, Verdict, quality, quantile

A, B, C, D = (bytes([n]) * 16 for n in range(4))


def test_perfect_partition() -> None:
    assert quality({A: "x", B: "x", C: "y"}, {A: 1, B: 1, C: 2}) == Quality(1.0, 1.0)


def test_one_merge_too_many_costs_precision() -> None:
    found = quality({A: "x", B: "x", C: "x"}, {A: 1, B: 1, C: 2})
    assert found == Quality(1 / 3, 1.0)


def test_one_merge_missed_costs_recall() -> None:
    found = quality({A: "x", B: "x", C: "y"}, {A: 1, B: 1, C: 1})
    assert found == Quality(1.0, 1 / 3)
    assert found.f1 == 0.5


def test_a_record_that_was_not_found_stands_alone() -> None:
    assert quality({A: "x"}, {A: 1, B: 1}).recall == 0.0


def test_records_beyond_the_truth_do_not_count() -> None:
    assert quality({A: "x", B: "x", D: "x"}, {A: 1, B: 1}) == Quality(1.0, 1.0)


def test_quantile_is_nearest_rank() -> None:
    values = [float(n) for n in range(100)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile([], 0.5)) == (50.0, 99.0, None)


GOOD = Verdict(100, 0, True, 0.999, 0.99, 0.994, 0.8, 12.345, 60.0, 99.96, True)


def test_passes_only_with_nothing_lost_an_equal_store_and_good_quality() -> None:
    assert GOOD.passed
    assert not dataclasses.replace(GOOD, lost=1).passed
    assert not dataclasses.replace(GOOD, store_equals_oracle=False).passed
    assert not dataclasses.replace(GOOD, f1=0.979).passed


def test_the_line_starts_with_the_promised_figures() -> None:
    assert list(GOOD.line())[:10] == [
        "changes", "lost", "store_equals_oracle", "precision", "recall", "f1", "exact_nik_f1", "p50_ms", "p99_ms",
        "changes_per_s",
    ]  # fmt: skip
    assert GOOD.line()["p50_ms"] == 12.3
