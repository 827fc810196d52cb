"""What changes of tables and rows look like in raw, beside the ordinary insert, update and delete."""

import psycopg
import pytest

from connectors.kinds.postgres_wal import source
from hub.wire.version import unpack
from tests.integration.connectors.process import epoch
from tests.integration.connectors.wal import WalStage, was_read
from tests.suites.connector import (
    at_rest,
    build,
    changes,
    floor,
    header,
    living,
    notices,
    run_to_rest,
    running,
    until,
    version,
)


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


def test_a_large_value_that_the_log_lacks_is_marked_as_unread_and_never_null(stage: WalStage) -> None:
    stage.run_sql("ALTER TABLE warga ADD COLUMN berkas text")
    stage.run_sql("ALTER TABLE warga ALTER COLUMN berkas SET STORAGE EXTERNAL")
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', repeat('y', 100000))")
    with running(build(stage)):
        until(lambda: at_rest(stage))
        stage.run_sql("ALTER TABLE warga REPLICA IDENTITY DEFAULT")
        stage.run_sql("UPDATE warga SET nama = 'DUA' WHERE id = 1")
        until(lambda: at_rest(stage))
    last = max(changes(stage), key=version)
    assert stage.decode(last)["after"]["berkas"] == "__debezium_unavailable_value"


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


def test_two_processes_of_one_source_never_read_at_once(stage: WalStage) -> None:
    stage.change(("insert", 1, "SATU"))
    with running(build(stage)) as first:
        until(lambda: at_rest(stage))
        with running(build(stage)) as second:
            until(lambda: "slot" in second.trouble and not second.reading)
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


def test_another_contract_of_the_table_is_read_anew(stage: WalStage) -> None:
    stage.run_sql("ALTER TABLE warga ADD COLUMN rahasia text")
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 'x')")
    stage.with_table(ignore=("rahasia",))
    run_to_rest(stage)
    first, before = epoch(stage), floor(stage)
    assert {*stage.decode(changes(stage)[0])["after"]} == {"id", "nama"}
    stage.with_table(ignore=())
    with running(build(stage)):
        until(lambda: floor(stage) > before)
    assert epoch(stage) == first
    assert {*stage.decode(max(changes(stage), key=version))["after"]} == {"id", "nama", "rahasia"}


@pytest.mark.parametrize(
    "harm",
    [
        "SELECT pg_replication_slot_advance('{slot}', pg_current_wal_lsn())",
        "SELECT pg_drop_replication_slot('{slot}'), pg_create_logical_replication_slot('{slot}', 'pgoutput')",
    ],
    ids=["slot moved", "slot made anew"],
)
def test_a_slot_that_somebody_moved_begins_a_new_epoch(stage: WalStage, harm: str) -> None:
    stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    run_to_rest(stage)
    first = epoch(stage)
    stage.change(("delete", 1, ""))
    stage.run_sql(harm.format(slot=stage.slot))
    run_to_rest(stage)
    assert epoch(stage) > first
    assert living(stage) == {2: "DUA"}
    assert len(notices(stage, "slot_lost")) == 1


@pytest.mark.parametrize(
    "harm",
    [
        "DROP PUBLICATION {slot}; CREATE PUBLICATION {slot} FOR TABLE warga",
        "ALTER PUBLICATION {slot} DROP TABLE warga; ALTER PUBLICATION {slot} ADD TABLE warga",
        "ALTER TABLE warga RENAME TO lama; CREATE TABLE warga (id int PRIMARY KEY, nama text);"
        "ALTER TABLE warga REPLICA IDENTITY FULL; INSERT INTO warga VALUES (2, 'DUA')",
    ],
    ids=["publication made anew", "table left the publication", "table made anew"],
)
def test_a_table_whose_changes_may_be_missing_is_read_again_within_its_epoch(stage: WalStage, harm: str) -> None:
    stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    run_to_rest(stage)
    first, before = epoch(stage), floor(stage)
    for statement in harm.format(slot=stage.slot).split(";"):
        stage.run_sql(statement)
        if "DROP" in statement:
            stage.change(("delete", 1, ""))  # nothing tells of this one
    with running(build(stage)):
        until(lambda: floor(stage) > before and at_rest(stage))
    assert epoch(stage) == first
    assert living(stage) == {2: "DUA"}


def test_a_table_made_anew_is_noticed_while_it_is_read(stage: WalStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LOOK_AGAIN_SECONDS", 0.1)
    stage.change(("insert", 1, "SATU"))
    with running(build(stage)):
        until(lambda: at_rest(stage))
        before = floor(stage)
        stage.run_sql("DROP TABLE warga")
        stage.run_sql("CREATE TABLE warga (id int PRIMARY KEY, nama text)")
        stage.run_sql("ALTER TABLE warga REPLICA IDENTITY FULL")
        stage.change(("insert", 2, "DUA"))
        until(lambda: floor(stage) > before and at_rest(stage))
    assert living(stage) == {2: "DUA"}
    assert epoch(stage) == unpack(floor(stage)).epoch


def test_a_drifted_table_is_stopped_as_its_contract_says_and_what_it_missed_is_read_later(stage: WalStage) -> None:
    stage.with_table(drift="stop")
    stage.change(("insert", 1, "SATU"))
    with running(build(stage)):
        until(lambda: was_read(stage) and at_rest(stage))
        sent = len(changes(stage))
        stage.run_sql("ALTER TABLE warga ADD COLUMN agama text")
        stage.run_sql("INSERT INTO warga VALUES (2, 'DUA', 'x')")
        stage.run_sql("DELETE FROM warga WHERE id = 1")
        until(lambda: len(notices(stage, "table_stopped")) == 1)
        (end,) = stage.run_sql("SELECT pg_current_wal_lsn()::text")
        passed = "SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name = %s"
        until(lambda: stage.run_sql(passed, end[0], stage.slot) == [(True,)])
    assert len(changes(stage)) == sent
    before = floor(stage)
    stage.with_table(drift="stop", ignore=("agama",))
    with running(build(stage)):
        until(lambda: floor(stage) > before and at_rest(stage))
    assert living(stage) == {2: "DUA"}
    assert len(notices(stage, "table_resumed")) == 1


def test_tables_of_several_schemas_are_kept_apart(stage: WalStage) -> None:
    stage.run_sql("CREATE SCHEMA arsip")
    stage.run_sql("CREATE TABLE arsip.warga (id int PRIMARY KEY, nama text)")
    stage.run_sql("ALTER TABLE arsip.warga REPLICA IDENTITY FULL")
    stage.run_sql("INSERT INTO arsip.warga VALUES (1, 'ARSIP')")
    other = stage.contract.table[0].model_copy(update={"name": "arsip.warga"})
    stage.contract = stage.contract.model_copy(update={"table": (*stage.contract.table, other)})
    stage.change(("insert", 1, "UMUM"))
    topic = f"raw.{stage.contract.source.name}.arsip.warga"
    with running(build(stage)):
        until(lambda: was_read(stage))
        stage.run_sql("UPDATE arsip.warga SET nama = 'ARSIP LAGI'")
        stage.run_sql("UPDATE warga SET nama = 'UMUM LAGI'")
        until(lambda: at_rest(stage) and sum(high for _, high in stage.log.bounds(topic).values()) == 1 + 3 + 1)
    archived = [stage.decode(m)["after"]["nama"] for m in stage.log.read(topic) if header(m, "kind") is None]
    assert archived == ["ARSIP", "ARSIP LAGI"]
    assert {m.key for m in changes(stage)}.isdisjoint(m.key for m in stage.log.read(topic))


def test_a_table_that_the_contract_names_later_is_read_alone(stage: WalStage) -> None:
    stage.change(("insert", 1, "WALI"))
    run_to_rest(stage)
    first, before, sent = epoch(stage), floor(stage), len(changes(stage))
    stage.run_sql("CREATE TABLE anak (id int PRIMARY KEY, nama text)")
    stage.run_sql("ALTER TABLE anak REPLICA IDENTITY FULL")
    stage.run_sql("INSERT INTO anak VALUES (1, 'ANAK')")
    other = stage.contract.table[0].model_copy(update={"name": "public.anak"})
    stage.contract = stage.contract.model_copy(update={"table": (*stage.contract.table, other)})
    topic = f"raw.{stage.contract.source.name}.public.anak"
    with running(build(stage)):
        until(lambda: was_read(stage))
        stage.run_sql("INSERT INTO anak VALUES (2, 'ADIK')")
        until(lambda: sum(high for _, high in stage.log.bounds(topic).values()) == 1 + 3 + 1)
    assert (epoch(stage), floor(stage), len(changes(stage))) == (first, before, sent)
