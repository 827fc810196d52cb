"""What goes wrong between an OPD's PostgreSQL and Kafka, and what is nevertheless true afterwards."""

import random
import signal
import time
from pathlib import Path

import psycopg
import pytest

from connectors import delivery
from connectors.kinds.postgres_wal import session
from hub.platform.postgres import Postgres
from hub.wire import metrics
from hub.wire.clock import SystemClock
from hub.wire.version import unpack
from tests.integration.connectors.process import Process, busy, epoch, first_reading_is_noted
from tests.integration.connectors.wal import WalStage, was_read
from tests.services.proxy import proxied
from tests.suites.connector import (
    Withholding,
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


def test_kill_9_of_the_process_under_writes_loses_nothing(stage: WalStage, tmp_path: Path) -> None:
    chance = random.Random(1)
    with busy(stage):
        for _ in range(6):
            with Process(stage, tmp_path):
                time.sleep(chance.uniform(0.3, 2.5))
    with Process(stage, tmp_path) as last:
        until(lambda: at_rest(stage))
        last.send_signal(signal.SIGTERM)
        assert last.wait(30) == 0
    assert len(living(stage)) > 100
    settled = state(stage)
    (confirmed,) = stage.run_sql("SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = %s",
                                 stage.slot)  # fmt: skip
    assert settled["lsn"] == confirmed[0]
    assert "GANTI" not in (tmp_path / "log").read_text(), "a value of a row is in the log"


def test_the_server_restarts_and_the_stream_goes_on(own_stage: WalStage, own_server: Postgres) -> None:
    own_stage.change(("insert", 1, "SATU"))
    with running(build(own_stage)):
        until(lambda: at_rest(own_stage))
        until(lambda: first_reading_is_noted(own_stage))  # else a restart rightly begins anew
        first = epoch(own_stage)
        for restart in (own_server.stop, own_server.kill):
            restart()
            own_server.start()
            own_stage.reconnect()
            own_stage.change(("insert", len(own_stage.rows()) + 1, "LAGI"))
            until(lambda: at_rest(own_stage))
    assert epoch(own_stage) == first
    assert len(living(own_stage)) == 3


def test_an_invalidated_slot_leads_to_a_new_snapshot(own_stage: WalStage, own_server: Postgres) -> None:
    own_stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    run_to_rest(own_stage)
    first = epoch(own_stage)
    own_stage.change(("delete", 1, ""))
    own_stage.run_sql("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    own_stage.run_sql("SELECT pg_reload_conf()")

    def lost() -> bool:
        own_stage.run_sql("CREATE TABLE isi AS SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
        own_stage.run_sql("DROP TABLE isi")
        own_stage.run_sql("SELECT pg_switch_wal()")
        own_stage.run_sql("CHECKPOINT")
        return own_stage.run_sql("SELECT wal_status FROM pg_replication_slots") == [("lost",)]

    until(lost)
    run_to_rest(own_stage)
    assert epoch(own_stage) > first
    assert living(own_stage) == {2: "DUA"}
    (told,) = notices(own_stage, "slot_lost")
    assert "invalidated" in told.detail["reason"]


def test_an_idle_source_lets_its_server_forget_the_log(stage: WalStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "IDLE_SECONDS", 0.1)
    with running(build(stage)):
        until(lambda: was_read(stage))
        sent = len(changes(stage))
        stage.run_sql("CREATE TABLE lain AS SELECT generate_series(1, 100000)")
        (end,) = stage.run_sql("SELECT pg_current_wal_lsn()::text")
        passed = "SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name = %s"
        until(lambda: stage.run_sql(passed, end[0], stage.slot) == [(True,)])
    assert len(changes(stage)) == sent


def test_a_long_outage_of_kafka_does_not_cost_the_connection(
    own_stage: WalStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_stage.run_sql("ALTER SYSTEM SET wal_sender_timeout = '1s'")
    own_stage.run_sql("SELECT pg_reload_conf()")
    monkeypatch.setattr(delivery, "KEEP_ALIVE_SECONDS", 0.2)
    monkeypatch.setattr(delivery, "MAX_WAITING", 5)
    own_stage.change(("insert", 1, "SATU"))
    run_to_rest(own_stage)
    before = reconnects(own_stage)
    withholding = Withholding(own_stage.sender)
    with running(build(own_stage, sender=withholding)) as made:
        until(lambda: made.reading)
        for number in range(2, 40):
            own_stage.change(("insert", number, "LAGI"))
        time.sleep(3)
        assert len(living(own_stage)) < 39, "nothing was held back"
        withholding.release()
        until(lambda: at_rest(own_stage))
    assert reconnects(own_stage) == before


def test_an_idle_source_lets_its_server_forget_what_another_database_writes(
    own_stage: WalStage, own_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "IDLE_SECONDS", 0.1)
    with running(build(own_stage)), psycopg.connect(own_server.endpoint, autocommit=True) as other:
        until(lambda: was_read(own_stage))
        other.execute("CREATE TABLE lain AS SELECT generate_series(1, 100000)")
        (end,) = own_stage.run_sql("SELECT pg_current_wal_lsn()::text")
        passed = "SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name = %s"
        until(lambda: own_stage.run_sql(passed, end[0], own_stage.slot) == [(True,)])


def reconnects(stage: WalStage) -> float:
    return float(metrics.SOURCE_RECONNECTS.labels(source=stage.contract.source.name)._value.get())


def test_a_line_that_is_cut_again_and_again_loses_nothing(stage: WalStage) -> None:
    chance = random.Random(3)
    with proxied(stage.dsn) as (line, dsn):
        stage.point_to(dsn)
        with busy(stage), running(build(stage)) as made:
            for number in range(5):
                until(lambda: made.reading)
                if number == 1:
                    until(lambda: first_reading_is_noted(stage))  # until then a cut rightly begins another epoch
                    first = epoch(stage)
                time.sleep(chance.uniform(0.05, 0.6))
                before = reconnects(stage)
                line.cut()
                until(lambda before=before: reconnects(stage) > before and not made.reading)  # type: ignore[misc]
            line.down()
            time.sleep(1)
            line.up()
        with running(build(stage)):
            until(lambda: was_read(stage) and at_rest(stage))
    assert {unpack(version(message)).epoch for message in changes(stage)} == {epoch(stage)} == {first}
    why, *again = [notice.detail["reason"] for notice in notices(stage, "source_began_anew")]
    assert why == "no position is known"
    assert set(again) <= {"the first reading had not begun"}


def test_a_slow_line_is_read_to_its_end_in_one_connection(stage: WalStage) -> None:
    stage.run_sql("INSERT INTO warga SELECT n, repeat('LAMBAT', 20) FROM generate_series(1, 2000) n")
    with proxied(stage.dsn) as (line, dsn):
        stage.point_to(dsn)
        with running(build(stage)) as made:
            until(lambda: made.reading)
            before = reconnects(stage)
            line.slow(150_000)
            stage.run_sql("UPDATE warga SET nama = 'GANTI' WHERE id % 2 = 0")
            until(lambda: was_read(stage) and at_rest(stage))
    assert reconnects(stage) == before


def test_a_line_that_carries_nothing_any_more_is_given_up_and_made_anew(
    stage: WalStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "SILENCE_SECONDS", 3.0)
    stage.change(("insert", 1, "SATU"))
    with proxied(stage.dsn) as (line, dsn):
        stage.point_to(dsn)
        with running(build(stage)) as made:
            until(lambda: was_read(stage) and at_rest(stage))
            line.freeze()
            until(lambda: "seconds" in made.trouble)
            line.thaw()
            stage.change(("insert", 2, "DUA"))
            until(lambda: at_rest(stage))


def test_a_clock_that_was_set_back_changes_no_order(stage: WalStage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    run_to_rest(stage)
    first = epoch(stage)
    now_us = SystemClock.now_us
    monkeypatch.setattr(SystemClock, "now_us", lambda clock: now_us(clock) - 86_400_000_000)
    with running(build(stage)):
        stage.change(("update", 2, "DUA LAGI"))
        until(lambda: at_rest(stage))
    stage.lose()
    stage.change(("delete", 1, ""))
    run_to_rest(stage)
    assert epoch(stage) == first + 1
    assert living(stage) == {2: "DUA LAGI"}


def test_another_server_with_the_same_tables_is_read_anew(stage: WalStage, own_server: Postgres) -> None:
    """A backup that was restored elsewhere: another system, whose log positions mean other things."""
    stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    run_to_rest(stage)
    first, before = epoch(stage), floor(stage)
    with psycopg.connect(own_server.endpoint, autocommit=True) as other:
        other.execute("CREATE TABLE warga (id int PRIMARY KEY, nama text)")
        other.execute("ALTER TABLE warga REPLICA IDENTITY FULL")
        other.execute("INSERT INTO warga VALUES (2, 'PINDAH')")
    stage.point_to(own_server.endpoint)
    with running(build(stage)):
        until(lambda: living(stage) == {2: "PINDAH"})
    assert epoch(stage) > first
    assert floor(stage) > before
    (_, told) = notices(stage, "source_began_anew")
    assert "slot" in told.detail["reason"]
