"""The judge is judged: a river with a fault built in must not pass, and both figures must say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.platform.embedded import Platform
from tests.e2e.demo.running import judged
from tests.services.fixtures import lent

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def services(platform: Platform) -> Iterator[dict[str, str]]:
    with lent(platform) as found:
        yield found


def test_a_dropped_batch_is_found(services: dict[str, str]) -> None:
    mutants = {"dukcapil": "drop-batch-dukcapil"}
    with judged(people=150, rate=80, seconds=6, mutants=mutants, services=services) as demo:
        line = demo.verdict.line()
        assert line["commits_never_in_raw"] > 0
        assert line["lost"] >= line["commits_never_in_raw"]
        assert line["store_equals_oracle"] is False
        assert not demo.verdict.passed


def test_a_skipped_delete_is_found(services: dict[str, str]) -> None:
    mutants = {"clean": "skip-delete"}
    with judged(people=150, rate=80, seconds=6, mutants=mutants, services=services) as demo:
        line = demo.verdict.line()
        assert line["commits_never_in_raw"] == 0  # raw has it: only the final state tells
        assert line["lost"] > 0
        assert line["store_equals_oracle"] is False
        assert line["difference_counts"]["extra"] > 0
        assert not demo.verdict.passed
