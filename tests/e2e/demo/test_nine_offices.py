"""The demo as it is shown: nine offices of five kinds, databases and files, in one river."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from hub.demo.rows import ALL, LOGGED, MORE
from tests.e2e.demo.running import Judged, judged

pytestmark = [pytest.mark.timeout(420), pytest.mark.further]


@pytest.fixture(scope="module")
def demo() -> Iterator[Judged]:
    with judged(people=300, rate=30, seconds=30, seed=3, sources=tuple(ALL)) as found:
        yield found


def test_nothing_is_lost_and_the_store_is_what_the_offices_say(demo: Judged) -> None:
    line = demo.verdict.line()
    assert line["differences"] == []
    assert (line["lost"], line["store_equals_oracle"], line["at_rest"]) == (0, True, True)
    assert line["f1"] > line["exact_nik_f1"]


def test_every_office_has_records_in_the_store_and_changes_in_the_journal(demo: Judged) -> None:
    with psycopg.connect(demo.river.settings.endpoint("database")) as store:
        found = dict(store.execute("SELECT source, count(*) FROM store.member GROUP BY source").fetchall())
    assert found.keys() == ALL.keys()
    changed = {change.source for change in demo.river.journal.changes()}
    assert changed >= LOGGED
    assert changed & (MORE.keys() - LOGGED)


def test_offices_that_hand_over_files_found_them_accepted(demo: Judged) -> None:
    folder = demo.river.settings.home / "offices"
    for source in ("dtsen", "dukcapil_bulanan"):
        assert len(list((folder / source / "diterima").iterdir())) >= 2, source
        assert not list((folder / source / "ditolak").iterdir()), source
