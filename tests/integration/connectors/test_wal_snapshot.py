"""Tables are read in chunks beside the stream: nothing is lost, nothing stale wins, and a kill costs one chunk."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from connectors import delivery
from connectors.fingerprint import Buckets
from connectors.kinds.postgres_wal import readings
from connectors.protocol import Fingerprinting, Surroundings
from hub.wire import metrics
from hub.wire.avro import Codec
from hub.wire.broker import Incoming
from hub.wire.clock import SystemClock
from hub.wire.identity import digest_key, source_key
from hub.wire.version import unpack
from tests.integration.connectors.process import Process, busy, epoch
from tests.integration.connectors.wal import WalStage, staged, was_read
from tests.suites.connector import (
    MASTER,
    Doomed,
    Killed,
    answers,
    ask,
    at_rest,
    build,
    changes,
    floor,
    living,
    notices,
    run_to_rest,
    running,
    state,
    until,
    version,
)

FILL = "INSERT INTO warga SELECT n, 'AWAL ' || n || repeat(' x', 60) FROM generate_series({}, {}) n"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make chunks of some 400 rows, each under a snapshot of its own, and note each at once."""
    for pause in ("BUSY_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(delivery, pause, 0.0)
    monkeypatch.setattr(readings, "CHUNK_BYTES", 8 * 8192)
    monkeypatch.setattr(readings, "HOLD_SECONDS", 0.0)


@pytest.fixture
def twin_stage(opd_database: str) -> Iterator[WalStage]:
    with staged(opd_database) as stage:
        yield stage


def places(stage: WalStage) -> list[int]:
    """Return the log positions of the rows that snapshots read, in the order of reading."""
    return [unpack(version(m)).major for m in changes(stage) if stage.decode(m)["op"] == "r"]


@pytest.mark.usefixtures("small_chunks")
def test_a_kill_within_the_snapshot_costs_one_chunk_and_no_epoch(
    stage: WalStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.run_sql(FILL.format(1, 4000))
    doomed = build(stage, Doomed)
    assert isinstance(doomed, Doomed)
    doomed.at, doomed.after = 25, True
    with pytest.raises(Killed):
        doomed.run()
    until(lambda: "floor" in state(stage).get("snap:public.warga", ""))
    monkeypatch.setattr(delivery, "IDLE_SECONDS", 0.5)
    monkeypatch.setattr(delivery, "BUSY_SECONDS", 0.5)
    first, read = epoch(stage), len(changes(stage))
    assert 0 < read < 4000
    stage.run_sql("DELETE FROM warga WHERE id % 3 = 0")
    run_to_rest(stage)
    assert epoch(stage) == first
    assert len([m for m in changes(stage) if stage.decode(m)["op"] == "r"]) < 4000
    assert unpack(floor(stage)).major == min(places(stage))


@pytest.mark.usefixtures("small_chunks")
def test_a_commit_that_is_pending_while_its_chunk_is_read_is_not_lost(stage: WalStage) -> None:
    """The row lies in a chunk that is read without it, and its commit comes before later chunks are read."""
    stage.run_sql(FILL.format(1, 3000))
    stage.run_sql("UPDATE warga SET nama = 'LAMA' WHERE id = 5")
    with running(build(stage)), psycopg.connect(stage.dsn) as pending:
        until(lambda: len(changes(stage)) > 0)
        pending.execute("UPDATE warga SET nama = 'TERTUNDA' WHERE id = 5")
        pending.execute("UPDATE warga SET nama = 'TERTUNDA' WHERE id = 2990")
        pending.execute("INSERT INTO warga VALUES (9999, 'TERTUNDA')")
        time.sleep(0.7)
        pending.commit()
        until(lambda: was_read(stage) and at_rest(stage))
    assert [living(stage)[n] for n in (5, 2990, 9999)] == ["TERTUNDA"] * 3
    assert len(set(places(stage))) > 1


def test_a_transaction_pending_when_the_slot_is_made_is_not_lost(stage: WalStage) -> None:
    stage.change(("insert", 1, "SATU"))
    with psycopg.connect(stage.dsn) as pending, running(build(stage)):
        pending.execute("INSERT INTO warga VALUES (2, 'TERTUNDA')")
        time.sleep(0.5)
        pending.commit()
        until(lambda: living(stage) == {1: "SATU", 2: "TERTUNDA"})


@pytest.mark.usefixtures("small_chunks")
def test_rows_changed_while_chunks_are_read_are_neither_lost_nor_stale(stage: WalStage) -> None:
    stage.run_sql(FILL.format(2_000_001, 2_008_000))
    with busy(stage), running(build(stage)) as made:
        until(lambda: made.reading)
        for number in range(2_000_001, 2_000_100):
            stage.change(("rekey", number, number + 100_000), ("update", number + 3000, "GANTI"))
        until(lambda: was_read(stage))
    run_to_rest(stage)
    assert len(set(places(stage))) > 3


@pytest.mark.usefixtures("small_chunks")
def test_the_stream_goes_on_while_a_long_transaction_holds_the_next_chunk_up(stage: WalStage) -> None:
    stage.run_sql(FILL.format(10_001, 25_000))
    with psycopg.connect(stage.dsn) as other, running(build(stage)):
        until(lambda: len(changes(stage)) > 0)
        other.execute("CREATE TABLE lain (n int)")  # no slot can be made until this transaction ends
        other.execute("INSERT INTO lain VALUES (1)")
        stage.change(("insert", 5000, "SEGERA"))
        until(lambda: 5000 in living(stage))
        assert not was_read(stage)
        other.rollback()
        until(lambda: was_read(stage) and at_rest(stage))


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("rewrite", ["VACUUM FULL warga", "CLUSTER warga USING warga_pkey"])
def test_a_table_that_is_rewritten_between_two_chunks_is_read_whole(stage: WalStage, rewrite: str) -> None:
    stage.run_sql(FILL.format(1, 4000))
    stage.run_sql("DELETE FROM warga WHERE id < 1000")
    doomed = build(stage, Doomed)
    assert isinstance(doomed, Doomed)
    doomed.at, doomed.after = 25, True
    with pytest.raises(Killed):
        doomed.run()
    stage.run_sql(rewrite)
    run_to_rest(stage)


@pytest.mark.usefixtures("small_chunks")
def test_a_table_that_is_emptied_between_two_chunks_is_swept(stage: WalStage) -> None:
    stage.run_sql(FILL.format(1, 4000))
    doomed = build(stage, Doomed)
    assert isinstance(doomed, Doomed)
    doomed.at, doomed.after = 25, True
    with pytest.raises(Killed):
        doomed.run()
    stage.truncate()
    stage.change(("insert", 7, "BARU"))
    run_to_rest(stage)
    assert living(stage) == {7: "BARU"}


def test_an_office_that_alters_its_table_does_not_wait_for_the_reading(stage: WalStage) -> None:
    """A reader holds a lock that ALTER TABLE waits for, and everybody waits behind that."""
    stage.run_sql(FILL.format(1, 30_000))
    with running(build(stage)):
        until(lambda: len(changes(stage)) > 0)
        stage.run_sql("SET lock_timeout = '10s'")
        stage.run_sql("ALTER TABLE warga ADD COLUMN catatan text")
        until(lambda: was_read(stage) and at_rest(stage))


def test_progress_and_notices_tell_of_a_reading(stage: WalStage) -> None:
    stage.run_sql(FILL.format(1, 2000))
    name = stage.contract.source.name
    with running(build(stage)):
        until(lambda: was_read(stage))
    assert metrics.SNAPSHOT_PROGRESS.labels(source=name, table="public.warga")._value.get() == 1
    assert [n.code for n in notices(stage) if n.table] == ["snapshot_started", "snapshot_finished"]
    assert notices(stage, "snapshot_finished")[0].detail["rows"] == "2000"


def test_a_whole_table_is_read_again_and_ghosts_are_swept(stage: WalStage) -> None:
    stage.change(*[("insert", n, f"AWAL {n}") for n in range(10)])
    with running(build(stage)):
        until(lambda: was_read(stage) and at_rest(stage))
        before = floor(stage)
        request = ask(stage, "snapshot")
        until(lambda: answers(stage, request) == ["snapshot_started", "snapshot_finished"])
        until(lambda: floor(stage) > before)
    assert len([m for m in changes(stage) if stage.decode(m)["op"] == "r"]) == 20


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ({"keys": ("3", "5", "77")}, [3, 5]),
        ({"where": "nama LIKE 'AWAL%' AND (id > 7)"}, [8, 9]),
        ({"keys": ("3", "8"), "where": "id > 7"}, [8]),
    ],
    ids=["keys", "where", "both"],
)
def test_some_rows_are_read_again(stage: WalStage, wanted: dict[str, object], rows: list[int]) -> None:
    stage.change(*[("insert", n, f"AWAL {n}") for n in range(10)])
    with running(build(stage)):
        until(lambda: was_read(stage) and at_rest(stage))
        before, sent = floor(stage), len(changes(stage))
        request = ask(stage, "snapshot", table="public.warga", **wanted)
        until(lambda: "snapshot_finished" in answers(stage, request))
        until(lambda: len(changes(stage)) == sent + len(rows))
    again = [m for m in changes(stage) if stage.decode(m)["source"]["snapshot"] == "incremental"]
    assert sorted(stage.decode(m)["after"]["id"] for m in again) == rows
    assert floor(stage) == before


@pytest.mark.parametrize(
    "where",
    ["true) TO PROGRAM 'touch /tmp/x' --", "true; DROP TABLE warga", "(id = 1", "nama = 'x", "tidak_ada = 1",
     "id / 0 = 1", "nama = $$x$$"],
)  # fmt: skip
def test_a_condition_that_is_none_is_refused_and_the_stream_goes_on(stage: WalStage, where: str) -> None:
    stage.change(("insert", 1, "RAHASIA"))
    with running(build(stage)) as made:
        until(lambda: was_read(stage) and at_rest(stage))
        request = ask(stage, "snapshot", table="public.warga", where=where)
        until(lambda: "signal_refused" in answers(stage, request))
        stage.change(("insert", 2, "DUA"))
        until(lambda: at_rest(stage))
        assert made.reading
    assert all("RAHASIA" not in str(n.detail) for n in notices(stage))


def test_a_fingerprint_is_that_of_the_rows_in_raw_whichever_way_they_came(stage: WalStage) -> None:
    stage.run_sql(FILL.format(1, 300))
    around = Surroundings(
        source_key(MASTER, stage.contract.source.name), stage.registry, Codec(stage.registry, register=True).encode,
        stage.log.partitions, SystemClock(), digest_key(MASTER, stage.contract.source.name),
    )  # fmt: skip
    with running(build(stage)) as made:
        until(lambda: was_read(stage))
        stage.change(("update", 7, "GANTI"), ("delete", 8, ""), ("insert", 900, "BARU"), ("rekey", 9, 901))
        until(lambda: at_rest(stage))
        connector = made._connector
        assert isinstance(connector, Fingerprinting)
        found = connector.fingerprint("public.warga")
        until(lambda: connector.passed(found.version, state(stage)))
    last: dict[bytes, Incoming] = {}
    for message in sorted(changes(stage), key=version):
        last[message.key or b""] = message
    buckets = Buckets(stage.contract.table[0], around)
    for key, message in last.items():
        if stage.decode(message)["after"] is not None:
            buckets.add_value(key, message.value or b"")
    assert sum(found.count) == 300
    assert buckets.fingerprint(found.version) == found


def memory_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


@pytest.mark.further
@pytest.mark.timeout(300)
def test_half_a_million_rows_in_one_transaction_need_little_memory(stage: WalStage, tmp_path: Path) -> None:
    name, topic = stage.contract.source.name, f"raw.{stage.contract.source.name}.public.warga"
    with Process(stage, tmp_path) as child:
        until(lambda: was_read(stage))
        idle = memory_kb(child.pid)
        stage.run_sql("INSERT INTO warga SELECT n, 'BESAR ' || n FROM generate_series(1, 500000) n")
        until(lambda: sum(high for _, high in stage.log.bounds(topic).values()) == 3 + 500_000)
        most = memory_kb(child.pid)
    assert most - idle < 60_000, f"{name}: {idle} kB before, {most} kB at most"


@pytest.mark.further
@pytest.mark.timeout(300)
def test_half_a_million_rows_are_read_in_little_memory_and_over_kills(stage: WalStage, tmp_path: Path) -> None:
    stage.run_sql("INSERT INTO warga SELECT n, 'AWAL ' || n FROM generate_series(1, 500000) n")
    topic = f"raw.{stage.contract.source.name}.public.warga"

    def sent() -> int:
        return sum(high for _, high in stage.log.bounds(topic).values())

    for least in (50_000, 200_000):
        with Process(stage, tmp_path):
            until(lambda least=least: sent() > least)  # type: ignore[misc]
    with Process(stage, tmp_path) as child:
        until(lambda: was_read(stage))
        assert memory_kb(child.pid) < 160_000
    assert epoch(stage) == unpack(floor(stage)).epoch
    assert len({m.key for m in changes(stage)}) == 500_000
