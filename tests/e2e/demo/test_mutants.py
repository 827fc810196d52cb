"""The judge is judged: a river with a fault built in must not pass, and both figures must say so."""

from __future__ import annotations

import pytest

from tests.e2e.demo.running import judged

pytestmark = pytest.mark.timeout(600)


def test_a_dropped_batch_is_found() -> None:
    with judged(people=400, rate=80, seconds=10, mutants={"dukcapil": "drop-batch-dukcapil"}) as demo:
        line = demo.verdict.line()
        assert line["commits_never_in_raw"] > 0
        assert line["lost"] >= line["commits_never_in_raw"]
        assert line["store_equals_oracle"] is False
        assert not demo.verdict.passed


def test_a_skipped_delete_is_found() -> None:
    with judged(people=400, rate=80, seconds=10, mutants={"clean": "skip-delete"}) as demo:
        line = demo.verdict.line()
        assert line["commits_never_in_raw"] == 0  # raw has it: only the final state tells
        assert line["lost"] > 0
        assert line["store_equals_oracle"] is False
        assert line["difference_counts"]["extra"] > 0
        assert not demo.verdict.passed
