"""The demo on real services: nothing is lost, the store is what the oracle says, and nobody is named on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
import yaml

from hub import flow
from hub.demo import gauges, mistakes
from hub.wire import contract, topics
from hub.wire.kafka import KafkaLog
from tests.e2e.demo.running import Judged, judged
from tests.e2e.demo.watching import MONITORING, prometheus
from tests.e2e.river import until

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def demo() -> Iterator[Judged]:
    with judged(people=1500, rate=80, seconds=15, beside=prometheus) as found:
        yield found


def test_nothing_is_lost_and_the_store_equals_the_oracle(demo: Judged) -> None:
    line = demo.verdict.line()
    assert line["changes"] > 100
    assert (line["lost"], line["store_equals_oracle"], line["at_rest"]) == (0, True, True), line
    assert line["records"] > 1500


def test_people_are_told_apart_where_equal_niks_do_not(demo: Judged) -> None:
    assert demo.verdict.f1 >= 0.98
    assert demo.verdict.exact_nik_f1 < 0.93
    assert demo.verdict.passed


def test_the_mistakes_were_made_that_the_line_reports(demo: Judged) -> None:
    errors = demo.verdict.line()["errors"]
    assert {fault: errors[fault] >= rate for fault, rate in mistakes.RATES.items()} == dict.fromkeys(
        mistakes.RATES, True
    )
    assert errors["twins"] >= 0.005


def test_latencies_were_measured(demo: Judged) -> None:
    line = demo.verdict.line()
    assert line["latencies_measured"] > 50
    assert 0 < line["p50_ms"] <= line["p99_ms"]


def test_every_process_tells_of_itself(demo: Judged) -> None:
    told = set(gauges.addresses(demo.river.settings.home))
    assert told == {"dukcapil", "dapodik", "dinsos", "clean", "reconcile", "publish", "serve"}


def be_away_for_a_while(demo: Judged, name: str) -> None:
    """Stop a process in good order and start it again, each seen by Prometheus."""
    river, wanted = demo.river, demo.beside.targets()
    river.supervisor.stop(name)
    until(lambda: name not in demo.beside.targets())
    river.supervisor.start(name, river._command(name))
    until(lambda: demo.beside.targets() == wanted)


OF_TROUBLE = {
    "satudata_snapshot_progress_ratio < 1", "satudata_source_log_budget_bytes", "satudata_source_table_stopped > 0",
    "satudata_source_paused > 0", "satudata_source_drifted_columns > 0", "satudata_verification_differing_buckets",
    "sum by (source, code) (increase(satudata_source_notices_total[5m])) > 0",
    "sum by (source, code) (rate(satudata_source_errors_total[5m]))",
    "sum by (verdict, state) (increase(satudata_decisions_total[1h]))",
    "max by (entity, kind) (satudata_reviews_open)", "max by (entity, kind) (satudata_holds_open)",
}  # fmt: skip
"""Queries that show a trouble, what waits for a steward, or a comparison or a decision that nobody made: answered, but
they may stand still all the while."""


def test_every_query_of_the_dashboard_is_answered_with_moving_values(demo: Judged) -> None:
    board = json.loads((MONITORING / "dashboards" / "river.json").read_text())
    queries = {target["expr"] for panel in board["panels"] for target in panel.get("targets", [])}
    assert queries > OF_TROUBLE
    be_away_for_a_while(demo, "serve")  # else all that run have run since before the first scrape
    values = {query: demo.beside.range(query) for query in queries}
    still = {query for query, series in values.items() if not any(len(set(seen)) > 1 for seen in series)}
    assert still <= OF_TROUBLE
    assert len(queries - OF_TROUBLE) >= 18


def _rules(file: Path) -> list[str]:
    groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    return [rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule]


def test_prometheus_reads_every_process_and_evaluates_every_rule(demo: Judged) -> None:
    assert demo.beside.targets() == dict.fromkeys(
        ("dukcapil", "dapodik", "dinsos", "clean", "reconcile", "publish", "serve"), "up"
    )
    health = demo.beside.rules()
    written = [rule for file in sorted((MONITORING / "rules").glob("*.yml")) for rule in _rules(file)]
    assert sorted(health) == sorted(written)
    assert len(health) >= 20
    assert set(health.values()) == {"ok"}


# what may be named nowhere


class Named:
    """Everything that names an invented person, as the truth has it and as the offices wrote it."""

    def __init__(self, demo: Judged) -> None:
        world = demo.river.world
        rows = [world.row(entry) for found in world.entries.values() for entry in found]
        people, families = world.population.people, world.population.families
        columns = ("nik", "no_kk", "nomor_telepon", "no_hp")
        written = {str(row[column]) for row in rows for column in columns if row.get(column)}
        true = {p.nik for p in people} | {p.phone for p in people} | {f.kk for f in families}
        digits = {re.sub(r"\D", "", number) for number in written | true}
        digits |= {f"62{p.phone[1:]}" for p in people}
        self.numbers = {number for number in digits if len(number) >= 10 and len(set(number)) > 2}
        names = {str(row[c]) for row in rows for c in ("nama_lgkp", "nama", "nama_penerima", "nama_ibu") if row.get(c)}
        names |= {p.name for p in people} | {p.mother for p in people}
        self.names = {tuple(re.findall(r"[A-Z]+", name.upper())) for name in names}
        self.names = {words for words in self.names if len("".join(words)) >= 5}
        self.longest = max(map(len, self.names))

    def within(self, text: str) -> set[str]:
        """Return what of it stands in a text."""
        found = {run for run in re.findall(r"\d{10,}", re.sub(r"(?<=\d)[ .-](?=\d)", "", text)) if run in self.numbers}
        found |= {run for run in re.findall(r"\d{10,}", text) if run in self.numbers}
        words = re.findall(r"[A-Z]+", text.upper())
        for size in range(1, self.longest + 1):
            found |= {" ".join(w) for w in self._windows(words, size) if w in self.names}
        return found

    @staticmethod
    def _windows(words: list[str], size: int) -> Iterator[tuple[str, ...]]:
        return zip(*(words[at:] for at in range(size)), strict=False)


@pytest.fixture(scope="module")
def named(demo: Judged) -> Named:
    return Named(demo)


def test_the_search_finds_what_it_looks_for(demo: Judged, named: Named) -> None:
    person = next(p for p in demo.river.world.population.people if len(p.name.split()) > 1)
    text = f'{{"event": "x", "who": "{person.name.title()}", "nik": {person.nik}, "hp": "{person.phone}"}}'
    assert named.within(text) >= {person.nik, person.phone, person.name.upper()}


def test_no_log_names_anybody(demo: Judged, named: Named) -> None:
    logs = list((demo.river.settings.home / "logs").rglob("*.log"))
    assert {path.stem for path in logs} >= {"kafka", "registry", "database", "opd", "clean", "reconcile", "dukcapil"}
    found = {path.name: named.within(path.read_text(errors="replace")) for path in logs}
    assert {name: said for name, said in found.items() if said} == {}


def test_no_topic_key_names_anybody(demo: Judged, named: Named) -> None:
    settings = demo.river.settings
    log = KafkaLog(settings.endpoint("kafka"))
    declared = [*topics.fixed_topics(), *flow.source_topics(contract.load_all(settings))]
    keys = {t.name: [m.key for m in log.read(t.name) if m.key is not None] for t in declared}
    assert sum(map(len, keys.values())) > 5000
    for topic, found in keys.items():
        assert named.within(b"\n".join(found).decode("latin-1")) == set(), topic


def test_no_command_line_metric_or_file_name_names_anybody(demo: Judged, named: Named) -> None:
    river = demo.river
    pids = [stage.pid for stage in river.supervisor.stages().values()]
    pids += [service.pid for service in river.platform.services.values()]
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b"\n").decode() for pid in pids]
    assert len(lines) == 11
    assert named.within("\n".join(lines)) == set()
    metrics = map(partial(_metrics), gauges.addresses(river.settings.home).values())
    assert named.within("\n".join(metrics)) == set()
    names = [str(path) for path in river.settings.home.rglob("*")]
    assert named.within("\n".join(names)) == set()


def _metrics(address: str) -> str:
    return httpx.get(f"http://{address}/metrics").text
