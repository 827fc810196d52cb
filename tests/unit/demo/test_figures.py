"""Latency from the journal, lost commits from raw, rates and quantiles from metrics."""

import json
from pathlib import Path

import httpx
import pytest

from hub.demo import gauges, latency, lost
from hub.demo.gauges import Reading
from hub.demo.journal import Change, Journal
from hub.wire.avro import Codec, MemoryRegistry, frame
from hub.wire.broker import Outgoing
from hub.wire.memory import MemoryBroker
from hub.wire.topics import HEADER_KIND, raw_topic

A, B = b"a" * 16, b"b" * 16


def change(record: bytes, at_ms: int, *, op: str = "u", xid: int = 1, previous: bytes | None = None) -> Change:
    return Change("dukcapil", "public.penduduk", op, record, previous, xid, at_ms * 1000)


def test_latency_is_to_the_last_commit_of_the_record_that_caused_it() -> None:
    changes = [change(A, 1000), change(A, 5000), change(B, 5000)]
    commits = [(A, 1_020_000), (A, 5_030_000), (B, 5_040_000)]
    assert sorted(latency.milliseconds(changes, commits)) == [20.0, 30.0, 40.0]


def test_a_second_golden_commit_of_the_same_change_does_not_count_twice() -> None:
    assert list(latency.milliseconds([change(A, 1000)], [(A, 1_020_000), (A, 1_900_000)])) == [20.0]


def test_a_hub_a_little_ahead_of_the_journals_clock_counts_as_nought() -> None:
    assert list(latency.milliseconds([change(A, 1000)], [(A, 999_000)])) == [0.0]


def test_a_golden_commit_before_every_change_is_the_snapshots() -> None:
    assert list(latency.milliseconds([change(A, 1000)], [(A, 100_000)])) == []


ENVELOPE = {
    "type": "record", "name": "Envelope", "fields": [
        {"name": "op", "type": "string"},
        {"name": "source", "type": {"type": "record", "name": "Source", "fields": [
            {"name": "txId", "type": ["null", "long"]}]}},
    ],
}  # fmt: skip


def test_lost_are_the_journalled_records_that_raw_does_not_hold() -> None:
    import fastavro

    registry, broker = MemoryRegistry(), MemoryBroker()
    schema_id = registry.register("x", json.dumps(ENVELOPE), "NONE")
    broker.ensure([raw_topic(s, t) for s, t in (("dukcapil", "public.penduduk"), ("dapodik", "public.peserta_didik"),
                                                ("dinsos", "public.penerima"))])  # fmt: skip

    def message(key: bytes, xid: int, kind: bytes = b"change") -> Outgoing:
        import io

        out = io.BytesIO()
        out.write(frame(schema_id))
        fastavro.schemaless_writer(out, ENVELOPE, {"op": "u", "source": {"txId": xid}})
        return Outgoing(raw_topic("dukcapil", "public.penduduk").name, key, out.getvalue(), ((HEADER_KIND, kind),))

    broker.submit([message(A, 7), message(B, 8), message(A, 9, b"sweep")])
    seen, codec = lost.Arrived(), Codec(registry)
    raw = seen.look(broker, codec)
    high = (1 << 32) + 8  # the journal's transaction ids have the epoch in their upper half
    assert lost.missing([change(A, 0, xid=7), change(B, 0, xid=high)], raw) == []
    assert lost.missing([change(A, 0, xid=9), change(B, 0, xid=7)], raw) == [A, B]
    assert lost.missing([change(A, 0, xid=7, op="k", previous=B)], raw) == [B]
    broker.submit([message(B, 10)])
    assert seen.look(broker, codec) == {(A, 7), (B, 8), (B, 10)}  # goes on where the first look ended
    assert not list(lost.onward(broker, raw_topic("dukcapil", "public.penduduk").name, dict.fromkeys(range(9), 9)))


def test_the_journal_gives_back_what_was_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal.sqlite")
    first, second = change(A, 1), change(B, 2, op="k", previous=A)
    journal.add([first], [(A, 11)])
    journal.add([second], [(B, 12)])
    journal.note("loaded_us", "5")
    again = Journal(journal.path)
    assert list(again.changes()) == [first, second]
    assert again.truth() == {A: 11, B: 12}
    assert (again.fact("loaded_us"), again.fact("nothing")) == ("5", None)
    journal.close()
    again.close()


TEXT = """# HELP x y
a_total{source="dinsos",table="public.penerima"} 5.0
a_total{source="dapodik",table="t"} 7.0
h_bucket{le="0.01",stage="clean"} 50.0
h_bucket{le="0.1",stage="clean"} 100.0
h_bucket{le="+Inf",stage="clean"} 100.0
"""


def reading(at: float, text: str) -> Reading:
    found = Reading(at)
    for name, labels, value in gauges.parse(text):
        found.series.setdefault(name, {})[labels] = value
    return found


def test_rates_and_quantiles_between_two_readings() -> None:
    before, now = reading(10, ""), reading(12, TEXT)
    assert now.total("a_total") == 12
    assert now.total("a_total", source="dinsos") == 5
    assert gauges.rate(now, before, "a_total") == 6
    p50, p99 = gauges.quantiles(now, before, "h", stage="clean") or (0, 0)
    assert p50 == pytest.approx(10)
    assert p99 == pytest.approx(98.2)
    assert gauges.quantiles(now, now, "h", stage="clean") is None


def test_a_process_that_does_not_answer_is_left_out(tmp_path: Path) -> None:
    probes = tmp_path / "run" / "probes"
    probes.mkdir(parents=True)
    (probes / "clean.json").write_text(json.dumps([{"targets": ["127.0.0.1:1"], "labels": {"process": "clean"}}]))
    (probes / "torn.json").write_text("[")
    assert gauges.addresses(tmp_path) == {"clean": "127.0.0.1:1"}
    with httpx.Client(timeout=0.5) as client:
        assert gauges.read(tmp_path, client).up == set()
