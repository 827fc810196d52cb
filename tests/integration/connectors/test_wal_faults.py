"""What goes wrong between an OPD's PostgreSQL and Kafka, and what is nevertheless true afterwards."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from connectors import runner
from hub.platform.postgres import Postgres
from hub.wire import metrics
from hub.wire.version import unpack
from tests.integration.connectors.wal import WalStage, was_read
from tests.suites.connector import (
    MASTER,
    Doomed,
    Killed,
    Withholding,
    at_rest,
    build,
    changes,
    floor,
    header,
    living,
    position,
    run_to_rest,
    running,
    state,
    until,
    version,
)

CONTRACT = """
[source]
name = "{name}"
kind = "postgres_wal"
owner = "Dinas Uji"
authority = "register"
legal_basis = "Uji 1/2026"
purpose = "uji coba"
retention_days = 30
expires = 2099-12-31
dsn = "env:{variable}_DSN"

[[table]]
name = "public.warga"
entity = "person"
key = ["id"]
[table.map]
name = {{ from = "nama", with = "name" }}
"""


def epoch(stage: WalStage) -> int:
    found = position(stage)
    assert found is not None
    return found.epoch


def first_reading_is_noted(stage: WalStage) -> bool:
    found = position(stage)
    return found is not None and bool(found.state)


@contextlib.contextmanager
def busy(stage: WalStage) -> Iterator[None]:
    """Insert, update, delete and re-key rows all the while, in transactions of several changes."""
    done, chance = threading.Event(), random.Random(7)

    def work() -> None:
        with psycopg.connect(stage.dsn) as conn:
            number = 0
            while not done.wait(0.002):
                for _ in range(chance.randrange(1, 6)):
                    number += 1
                    at = chance.randrange(1, number + 1)
                    conn.execute("INSERT INTO warga VALUES (%s, %s)", [number, f"BARU {number}"])
                    conn.execute("UPDATE warga SET nama = %s WHERE id = %s", [f"GANTI {number}", at])
                    if number % 5 == 0:
                        conn.execute("DELETE FROM warga WHERE id = %s", [at])
                    if number % 7 == 0:
                        conn.execute("UPDATE warga SET id = %s WHERE id = %s", [1_000_000 + number, number])
                conn.commit()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Process:
    """`python -m connectors.runner <source>`, as an operator's machine runs it."""

    def __init__(self, stage: WalStage, folder: Path) -> None:
        name = stage.contract.source.name
        (folder / "sources").mkdir(exist_ok=True)
        (folder / "secret").write_bytes(MASTER)
        (folder / "sources" / f"{name}.toml").write_text(CONTRACT.format(name=name, variable=name.upper()))
        self._command = [sys.executable, "-m", "connectors.runner", name]
        self._environment = {
            **os.environ, "SATUDATA_HOME": str(folder), "SATUDATA_SOURCES": str(folder / "sources"),
            "SATUDATA_SECRET_FILE": str(folder / "secret"), "SATUDATA_KAFKA": str(stage.kafka),
            "SATUDATA_REGISTRY": str(stage.registry_url),
        }  # fmt: skip
        self._log = folder / "log"

    def __enter__(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(self._command, env=self._environment, stderr=log)
        return self._child

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()


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


def test_a_kill_within_the_snapshot_starts_it_again_and_forgets_what_went(stage: WalStage) -> None:
    stage.run_sql("INSERT INTO warga SELECT n, 'AWAL ' || n FROM generate_series(1, 12000) n")
    doomed = build(stage, Doomed)
    assert isinstance(doomed, Doomed)
    doomed.at, doomed.after = 7, True
    with pytest.raises(Killed):
        doomed.run()
    assert 0 < len(changes(stage)) < 12_000
    first = epoch(stage)
    stage.run_sql("DELETE FROM warga WHERE id % 3 = 0")
    run_to_rest(stage)
    assert epoch(stage) > first
    assert unpack(floor(stage)).epoch == epoch(stage)


def test_rows_changed_while_the_snapshot_runs_are_neither_lost_nor_stale(stage: WalStage) -> None:
    stage.run_sql("INSERT INTO warga SELECT n + 2000000, 'AWAL ' || n FROM generate_series(1, 20000) n")
    with busy(stage), running(build(stage)) as made:
        until(lambda: made.reading)
        time.sleep(1)
    run_to_rest(stage)


def test_a_transaction_pending_when_the_snapshot_is_taken_is_not_lost(stage: WalStage) -> None:
    stage.change(("insert", 1, "SATU"))
    with psycopg.connect(stage.dsn) as pending, running(build(stage)):
        pending.execute("INSERT INTO warga VALUES (2, 'TERTUNDA')")
        time.sleep(0.5)
        pending.commit()
        until(lambda: living(stage) == {1: "SATU", 2: "TERTUNDA"})


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


@pytest.mark.parametrize(
    "harm",
    [
        "SELECT pg_replication_slot_advance('{slot}', pg_current_wal_lsn())",
        "SELECT pg_drop_replication_slot('{slot}'), pg_create_logical_replication_slot('{slot}', 'pgoutput')",
        "DROP PUBLICATION {slot}; CREATE PUBLICATION {slot} FOR TABLE warga",
        "ALTER PUBLICATION {slot} DROP TABLE warga; ALTER PUBLICATION {slot} ADD TABLE warga",
        "ALTER TABLE warga RENAME TO lama; CREATE TABLE warga (id int PRIMARY KEY, nama text);"
        "ALTER TABLE warga REPLICA IDENTITY FULL; INSERT INTO warga VALUES (2, 'DUA')",
    ],
    ids=["slot moved", "slot made anew", "publication made anew", "table left the publication", "table made anew"],
)
def test_a_place_that_somebody_changed_is_noticed(stage: WalStage, harm: str) -> None:
    stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    run_to_rest(stage)
    first = epoch(stage)
    if "RENAME" not in harm:
        stage.change(("delete", 1, ""))
    for statement in harm.format(slot=stage.slot).split(";"):
        stage.run_sql(statement)
    run_to_rest(stage)
    assert epoch(stage) > first
    assert living(stage) == {2: "DUA"}


def test_a_table_made_anew_is_noticed_while_it_is_read(stage: WalStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.kinds.postgres_wal.source._LOOK_AGAIN_US", 100_000)
    stage.change(("insert", 1, "SATU"))
    with running(build(stage)):
        until(lambda: at_rest(stage))
        stage.run_sql("DROP TABLE warga")
        stage.run_sql("CREATE TABLE warga (id int PRIMARY KEY, nama text)")
        stage.run_sql("ALTER TABLE warga REPLICA IDENTITY FULL")
        stage.change(("insert", 2, "DUA"))
        until(lambda: at_rest(stage))
    assert living(stage) == {2: "DUA"}


def test_an_idle_source_lets_its_server_forget_the_log(stage: WalStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "IDLE_SECONDS", 0.1)
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
    monkeypatch.setattr(runner, "KEEP_ALIVE_SECONDS", 0.2)
    monkeypatch.setattr(runner, "MAX_WAITING", 5)
    own_stage.change(("insert", 1, "SATU"))
    run_to_rest(own_stage)
    reconnects = metrics.SOURCE_RECONNECTS.labels(source=own_stage.contract.source.name)
    before = reconnects._value.get()
    withholding = Withholding(own_stage.sender)
    with running(build(own_stage, sender=withholding)) as made:
        until(lambda: made.reading)
        for number in range(2, 40):
            own_stage.change(("insert", number, "LAGI"))
        time.sleep(3)
        assert len(living(own_stage)) < 39, "nothing was held back"
        withholding.release()
        until(lambda: at_rest(own_stage))
    assert reconnects._value.get() == before


def test_a_large_value_that_an_update_leaves_alone_is_whole_before_and_after(stage: WalStage) -> None:
    stage.run_sql("ALTER TABLE warga ADD COLUMN berkas text")
    stage.run_sql("ALTER TABLE warga ALTER COLUMN berkas SET STORAGE EXTERNAL")
    stage.contract = stage.contract.model_copy(
        update={"table": (stage.contract.table[0].model_copy(update={"ignore": ()}),)}
    )
    with running(build(stage)):
        until(lambda: was_read(stage))
        stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', repeat('y', 100000))")
        stage.run_sql("UPDATE warga SET nama = 'DUA' WHERE id = 1")
        stage.run_sql("UPDATE warga SET id = 2 WHERE id = 1")
        until(lambda: at_rest(stage) and len(changes(stage)) == 4)
    for message in changes(stage):
        datum = stage.decode(message)
        for image in (datum["before"], datum["after"]):
            assert image is None or image["berkas"] == "y" * 100_000


def test_a_large_value_that_the_log_lacks_is_left_out_and_never_null(stage: WalStage) -> None:
    stage.run_sql("ALTER TABLE warga ADD COLUMN berkas text")
    stage.run_sql("ALTER TABLE warga ALTER COLUMN berkas SET STORAGE EXTERNAL")
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', repeat('y', 100000))")
    with running(build(stage)):
        until(lambda: at_rest(stage))
        stage.run_sql("ALTER TABLE warga REPLICA IDENTITY DEFAULT")
        stage.run_sql("UPDATE warga SET nama = 'DUA' WHERE id = 1")
        until(lambda: at_rest(stage))
    last = max(changes(stage), key=version)
    assert set(stage.decode(last)["after"]) == {"id", "nama"}


def test_columns_added_and_dropped_change_the_schema_between_the_right_rows(stage: WalStage) -> None:
    with running(build(stage)):
        until(lambda: was_read(stage))
        stage.change(("insert", 1, "A"))
        stage.run_sql("ALTER TABLE warga ADD COLUMN umur int")
        stage.run_sql("INSERT INTO warga VALUES (2, 'B', 30)")
        stage.run_sql("ALTER TABLE warga DROP COLUMN umur")
        stage.change(("insert", 3, "C"))
        stage.run_sql("ALTER TABLE warga RENAME COLUMN nama TO nama_baru")
        stage.run_sql("INSERT INTO warga VALUES (4, 'D')")
        until(lambda: len(changes(stage)) == 4)
    rows = [stage.decode(m)["after"] for m in sorted(changes(stage), key=version)]
    assert rows == [
        {"id": 1, "nama": "A"}, {"id": 2, "nama": "B", "umur": 30}, {"id": 3, "nama": "C"}, {"id": 4, "nama_baru": "D"},
    ]  # fmt: skip


def test_truncate_sweeps_what_came_before_it_in_its_transaction_and_not_what_came_after(stage: WalStage) -> None:
    with running(build(stage)):
        until(lambda: was_read(stage))
        before = floor(stage)
        with psycopg.connect(stage.dsn) as conn:
            conn.execute("INSERT INTO warga VALUES (1, 'DULU')")
            conn.execute("TRUNCATE warga")
            conn.execute("INSERT INTO warga VALUES (2, 'KEMUDIAN')")
        until(lambda: floor(stage) > before and living(stage) == {2: "KEMUDIAN"})
    low, high = sorted(version(m) for m in changes(stage))
    assert low < floor(stage) < high
    assert unpack(low).major == unpack(floor(stage)).major == unpack(high).major


def test_a_row_without_a_place_in_its_type_travels_as_text(stage: WalStage) -> None:
    stage.run_sql("ALTER TABLE warga ADD COLUMN nilai numeric(6,2)")
    with running(build(stage)):
        until(lambda: was_read(stage))
        stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 'NaN'), (2, 'DUA', 1.5)")
        until(lambda: len(changes(stage)) == 2)
    first, second = (stage.decode(m)["after"] for m in sorted(changes(stage), key=version))
    assert first == {"id": "1", "nama": "SATU", "nilai": "NaN"}
    assert second["nilai"] == (150).to_bytes(2, "big")


def test_another_contract_of_the_table_is_read_anew(stage: WalStage) -> None:
    stage.run_sql("ALTER TABLE warga ADD COLUMN rahasia text")
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 'x')")
    table = stage.contract.table[0]
    stage.contract = stage.contract.model_copy(update={"table": (table.model_copy(update={"ignore": ("rahasia",)}),)})
    run_to_rest(stage)
    first = epoch(stage)
    assert {*stage.decode(changes(stage)[0])["after"]} == {"id", "nama"}
    stage.contract = stage.contract.model_copy(update={"table": (table,)})
    run_to_rest(stage)
    assert epoch(stage) > first
    assert {*stage.decode(max(changes(stage), key=version))["after"]} == {"id", "nama", "rahasia"}


def test_two_processes_of_one_source_never_read_at_once(stage: WalStage) -> None:
    stage.change(("insert", 1, "SATU"))
    with running(build(stage)) as first:
        until(lambda: at_rest(stage))
        with running(build(stage)) as second:
            until(lambda: "slot" in second.trouble)
            assert not second.reading
            first.stop()
            until(lambda: second.reading)
            stage.change(("insert", 2, "DUA"))
            until(lambda: at_rest(stage))


def test_tables_of_one_source_keep_their_transaction_s_order_and_are_emptied_together(stage: WalStage) -> None:
    stage.run_sql("CREATE TABLE anak (id int PRIMARY KEY, nama text, wali int REFERENCES warga)")
    stage.run_sql("ALTER TABLE anak REPLICA IDENTITY FULL")
    other = stage.contract.table[0].model_copy(update={"name": "public.anak"})
    stage.contract = stage.contract.model_copy(update={"table": (*stage.contract.table, other)})
    name = stage.contract.source.name
    stage.change(("insert", 1, "WALI"))
    with running(build(stage)):
        until(lambda: was_read(stage))
        with psycopg.connect(stage.dsn) as conn:
            conn.execute("INSERT INTO warga VALUES (2, 'WALI')")
            conn.execute("INSERT INTO anak VALUES (1, 'ANAK', 2)")
            conn.execute("UPDATE warga SET nama = 'IBU' WHERE id = 2")
        stage.run_sql("TRUNCATE warga CASCADE")
        until(lambda: living(stage) == {} and len(list(stage.log.read(f"raw.{name}.public.anak"))) == 1 + 3 + 3)
    (child,) = [m for m in stage.log.read(f"raw.{name}.public.anak") if header(m, "kind") is None]
    parents = sorted(version(m) for m in changes(stage) if unpack(version(m)).minor)
    assert parents[0] < version(child) < parents[1]
    assert {unpack(v).major for v in (*parents, version(child))} == {unpack(parents[0]).major}
