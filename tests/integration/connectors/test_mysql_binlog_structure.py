"""Statements that change a table, or its rows without telling them: each is either followed or healed, and told."""

from collections.abc import Iterator

import pytest

from hub.platform.mariadb import MariaDB
from hub.wire.version import unpack
from tests.integration.connectors.binlog import DATABASE, WARGA, BinlogStage, binlogged, epoch, reading
from tests.services.mariadb import serving, session
from tests.suites.stage import (
    at_rest,
    build,
    changes,
    floor,
    header,
    living,
    notices,
    run_to_rest,
    running,
    state,
    until,
    version,
)

pytestmark = pytest.mark.further


@pytest.fixture(params=["named", "unnamed"])
def either(request: pytest.FixtureRequest) -> Iterator[BinlogStage]:
    """A source whose log names its columns, and one whose log does not."""
    server: MariaDB = request.getfixturevalue("mariadb" if request.param == "named" else "mariadb10")
    with binlogged(server.endpoint) as stage:
        yield stage


def told(stage: BinlogStage) -> list[str]:
    """Return why tables were read again."""
    return [notice.detail["reason"] for notice in notices(stage, "table_read_again")]


def newest(stage: BinlogStage) -> dict[int, dict[str, object]]:
    """Return each row as the highest version tells it."""
    found: dict[int, dict[str, object]] = {}
    for message in sorted(changes(stage), key=version):
        datum = stage.decode(message)
        if datum["after"] is not None:
            found[int(datum["after"]["id"])] = datum["after"]
    return found


def test_columns_added_dropped_and_renamed_change_the_schema_between_the_right_rows(either: BinlogStage) -> None:
    with running(build(either)):
        until(lambda: reading(either))
        either.change(("insert", 1, "A"))
        until(lambda: len(changes(either)) == 1)
        either.run_sql("ALTER TABLE warga ADD COLUMN umur int")
        either.run_sql("INSERT INTO warga VALUES (2, 'B', 30)")
        until(lambda: len(changes(either)) == 2)
        either.run_sql("ALTER TABLE warga DROP COLUMN umur")
        either.change(("insert", 3, "C"))
        until(lambda: len(changes(either)) == 3)
        either.run_sql("ALTER TABLE warga CHANGE nama nama_baru text")
        either.run_sql("INSERT INTO warga VALUES (4, 'D')")
        until(lambda: 4 in newest(either))
    streamed = [
        either.decode(m)["after"] for m in sorted(changes(either), key=version) if either.decode(m)["op"] == "c"
    ]
    assert streamed[:3] == [{"id": 1, "nama": "A"}, {"id": 2, "nama": "B", "umur": 30}, {"id": 3, "nama": "C"}]
    assert newest(either)[4] == {"id": 4, "nama_baru": "D"}
    assert {n.code for n in notices(either)} >= {"column_added", "column_dropped", "column_renamed"}


def test_a_column_changed_while_the_hub_was_away_gives_no_row_another_s_name(either: BinlogStage) -> None:
    either.change(("insert", 1, "A"))
    run_to_rest(either)
    either.run_sql("ALTER TABLE warga ADD COLUMN alamat text")
    either.run_sql("INSERT INTO warga VALUES (2, 'B', 'JALAN')")
    either.run_sql("ALTER TABLE warga DROP COLUMN nama, ADD COLUMN nama text AFTER alamat")
    either.run_sql("INSERT INTO warga VALUES (3, 'LORONG', 'C')")
    either.run_sql("UPDATE warga SET nama = 'BB' WHERE id = 2")
    run_to_rest(either)
    assert newest(either)[2] == {"id": 2, "alamat": "JALAN", "nama": "BB"}
    assert newest(either)[3] == {"id": 3, "alamat": "LORONG", "nama": "C"}
    assert newest(either)[1]["nama"] is None
    images = [either.decode(message)["after"] for message in changes(either)]
    assert "JALAN" not in {image["nama"] for image in images if image is not None}


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        ("CREATE TABLE baru LIKE warga; INSERT INTO baru VALUES (9, 'BARU'); RENAME TABLE warga TO lama, baru TO warga",
         "table_replaced"),
        ("DROP TABLE warga; CREATE TABLE warga (id int PRIMARY KEY, nama text); INSERT INTO warga VALUES (9, 'BARU')",
         "table_replaced"),
        ("CREATE OR REPLACE TABLE warga (id int PRIMARY KEY, nama text) AS SELECT 9 AS id, 'BARU' AS nama",
         "table_replaced"),
        ("SET SESSION binlog_format = 'STATEMENT'; UPDATE warga SET nama = 'TANPA BARIS' WHERE id = 1;"
         "SET SESSION binlog_format = 'ROW'", "statement_logged"),
        ("ALTER TABLE warga MODIFY nama varchar(3)", "column_changed"),
    ],
    ids=["renamed into place", "dropped and made anew", "replaced", "logged by statement", "values cut short"],
)  # fmt: skip
def test_rows_that_change_without_row_events_are_read_again_in_their_epoch(
    binlog: BinlogStage, harm: str, why: str
) -> None:
    binlog.run_sql("SET SESSION sql_mode = ''")
    binlog.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    with running(build(binlog)):
        until(lambda: reading(binlog) and at_rest(binlog))
        for statement in harm.split(";"):
            binlog.run_sql(statement)
        until(lambda: reading(binlog) and bool(told(binlog)) and at_rest(binlog))
        binlog.change(("insert", 10, "TUJ"))
        until(lambda: at_rest(binlog))
    assert why in told(binlog)
    assert {unpack(version(m)).epoch for m in changes(binlog)} == {epoch(binlog)}


def test_partitions_dropped_take_their_rows_with_them(mariadb: MariaDB) -> None:
    ddl = ("CREATE TABLE warga (id int PRIMARY KEY, nama text) PARTITION BY RANGE (id) "
           "(PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (100))")  # fmt: skip
    with binlogged(mariadb.endpoint, ddl=ddl) as stage, running(build(stage)):
        stage.change(("insert", 1, "SATU"), ("insert", 11, "SEBELAS"))
        until(lambda: reading(stage) and at_rest(stage))
        stage.run_sql("ALTER TABLE warga DROP PARTITION a")
        until(lambda: living(stage) == {11: "SEBELAS"})
        stage.run_sql("ALTER TABLE warga TRUNCATE PARTITION b")
        until(lambda: living(stage) == {})


def test_rows_that_go_with_their_parent_s_are_found(mariadb: MariaDB) -> None:
    ddl = ("CREATE TABLE keluarga (id int PRIMARY KEY);"
           "CREATE TABLE warga (id int PRIMARY KEY, nama text, keluarga int, "
           "FOREIGN KEY (keluarga) REFERENCES keluarga (id) ON DELETE CASCADE);"
           "INSERT INTO keluarga VALUES (1), (2);"
           "INSERT INTO warga VALUES (1, 'SATU', 1), (2, 'DUA', 2), (3, 'TIGA', 1)")  # fmt: skip
    with binlogged(mariadb.endpoint, ddl=ddl) as stage, running(build(stage)):
        until(lambda: reading(stage) and at_rest(stage))
        stage.run_sql("DELETE FROM keluarga WHERE id = 1")
        until(lambda: living(stage) == {2: "DUA"})
        assert told(stage) == ["parent_deleted"]


def test_a_prepared_transaction_that_is_rolled_back_leaves_nothing(binlog: BinlogStage) -> None:
    binlog.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    with running(build(binlog)):
        until(lambda: reading(binlog) and at_rest(binlog))
        with session(binlog.url, DATABASE) as other, other.cursor() as cursor:
            for statement in ("XA START 'x'", "INSERT INTO warga VALUES (3, 'SEMU')", "DELETE FROM warga WHERE id = 1",
                              "XA END 'x'", "XA PREPARE 'x'"):  # fmt: skip
                cursor.execute(statement)
            binlog.change(("update", 2, "GANTI"))
            until(lambda: living(binlog).get(2) == "GANTI")
            cursor.execute("XA ROLLBACK 'x'")
        until(lambda: living(binlog) == {1: "SATU", 2: "GANTI"})
        with session(binlog.url, DATABASE) as other, other.cursor() as cursor:
            for statement in ("XA START 'y'", "INSERT INTO warga VALUES (4, 'EMPAT')", "XA END 'y'", "XA PREPARE 'y'",
                              "XA COMMIT 'y'"):  # fmt: skip
                cursor.execute(statement)
        until(lambda: living(binlog) == {1: "SATU", 2: "GANTI", 4: "EMPAT"})


def test_a_table_that_is_gone_deletes_nobody_and_is_told(mariadb: MariaDB) -> None:
    with binlogged(mariadb.endpoint, ddl=f"{WARGA}; CREATE TABLE anak (id int PRIMARY KEY, nama text)") as stage:
        other = stage.contract.table[0].model_copy(update={"name": f"{DATABASE}.anak"})
        stage.contract = stage.contract.model_copy(update={"table": (*stage.contract.table, other)})
        stage.change(("insert", 1, "SATU"))
        with running(build(stage)):
            until(lambda: reading(stage) and at_rest(stage))
            stage.run_sql("DROP TABLE warga")
            until(lambda: bool(notices(stage, "table_missing")))
            assert living(stage) == {1: "SATU"}
            stage.run_sql("INSERT INTO anak VALUES (1, 'ANAK')")
            until(lambda: bool(list(stage.log.read(f"raw.{stage.contract.source.name}.{other.name}"))))


def test_a_table_whose_contract_stops_it_is_read_again_once_the_contract_knows_its_columns(
    mariadb: MariaDB,
) -> None:
    with binlogged(mariadb.endpoint) as stage:
        table = stage.contract.table[0].model_copy(update={"drift": "stop"})
        stage.contract = stage.contract.model_copy(update={"table": (table,)})
        stage.change(("insert", 1, "SATU"))
        with running(build(stage)):
            until(lambda: reading(stage) and at_rest(stage))
            stage.run_sql("ALTER TABLE warga ADD COLUMN rahasia text")
            stage.run_sql("INSERT INTO warga VALUES (2, 'DUA', 'x')")
            until(lambda: bool(notices(stage, "table_stopped")))
            moved = state(stage)
            stage.run_sql("INSERT INTO warga VALUES (3, 'TIGA', 'x')")
            until(lambda: state(stage) != moved)
            assert living(stage) == {1: "SATU"}
        known = table.model_copy(update={"ignore": ("rahasia",)})
        stage.contract = stage.contract.model_copy(update={"table": (known,)})
        run_to_rest(stage)
        assert living(stage) == {1: "SATU", 2: "DUA", 3: "TIGA"}


def test_truncate_sweeps_what_came_before_it_and_not_what_came_after(binlog: BinlogStage) -> None:
    binlog.change(("insert", 1, "DULU"))
    run_to_rest(binlog)
    before = floor(binlog)
    binlog.truncate()
    binlog.change(("insert", 2, "KEMUDIAN"))
    with running(build(binlog)):
        until(lambda: floor(binlog) > before and living(binlog) == {2: "KEMUDIAN"})
    low, high = sorted(version(m) for m in changes(binlog))
    assert low < floor(binlog) < high
    assert told(binlog) == []


def test_tables_of_one_transaction_keep_its_order(mariadb: MariaDB) -> None:
    with binlogged(mariadb.endpoint, ddl=f"{WARGA}; CREATE TABLE anak (id int PRIMARY KEY, nama text)") as stage:
        other = stage.contract.table[0].model_copy(update={"name": f"{DATABASE}.anak"})
        stage.contract = stage.contract.model_copy(update={"table": (*stage.contract.table, other)})
        with running(build(stage)):
            until(lambda: reading(stage) and f"snap:{other.name}" in state(stage))
            with session(stage.url, DATABASE) as connection, connection.cursor() as cursor:
                connection.begin()
                cursor.execute("INSERT INTO warga VALUES (2, 'WALI')")
                cursor.execute("INSERT INTO anak VALUES (1, 'ANAK')")
                cursor.execute("UPDATE warga SET nama = 'IBU' WHERE id = 2")
                connection.commit()
            raw = f"raw.{stage.contract.source.name}.{other.name}"
            until(lambda: len([m for m in stage.log.read(raw) if header(m, "kind") is None]) == 1)
            until(lambda: living(stage) == {2: "IBU"})
        (child,) = [m for m in stage.log.read(raw) if header(m, "kind") is None]
        parents = sorted(version(m) for m in changes(stage))
        assert parents[0] < version(child) < parents[1]
        assert len({unpack(v).major for v in (*parents, version(child))}) == 1


@pytest.mark.parametrize(
    "settings",
    [{"log_bin_compress": "ON", "log_bin_compress_min_len": "10"}, {"binlog_checksum": "NONE"},
     {"binlog_annotate_row_events": "OFF"}, {"lower_case_table_names": "1"}, {"binlog_row_metadata": "MINIMAL"}],
    ids=lambda settings: next(iter(settings)),
)  # fmt: skip
def test_a_log_of_another_form_is_read_as_well(settings: dict[str, str]) -> None:
    with serving("opd", **settings) as server, binlogged(server.endpoint) as stage:
        stage.change(*[("insert", n, "AWAL " + "x" * 300) for n in range(20)])
        with running(build(stage)):
            until(lambda: reading(stage) and at_rest(stage))
            stage.change(*[("update", n, "GANTI " + "y" * 300) for n in range(20)], ("delete", 3, ""), ("rekey", 4, 44))
            stage.run_sql("FLUSH BINARY LOGS")
            stage.change(("insert", 100, "SESUDAH"))
            until(lambda: at_rest(stage))
        assert len(living(stage)) == 20


def test_a_table_without_transactions_is_captured(mariadb: MariaDB) -> None:
    with binlogged(mariadb.endpoint, ddl=WARGA + " ENGINE=MyISAM") as stage:
        stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
        with running(build(stage)):
            until(lambda: reading(stage) and at_rest(stage))
            stage.change(("update", 1, "GANTI"), ("delete", 2, ""), ("insert", 3, "TIGA"))
            until(lambda: at_rest(stage))
        assert living(stage) == {1: "GANTI", 3: "TIGA"}


def test_values_too_large_for_kafka_are_left_out_and_never_null(binlog: BinlogStage) -> None:
    binlog.run_sql("ALTER TABLE warga ADD COLUMN berkas longblob")
    binlog.run_sql("SET GLOBAL max_allowed_packet = 64 * 1024 * 1024")
    with running(build(binlog)):
        until(lambda: reading(binlog))
        with session(binlog.url, DATABASE) as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO warga VALUES (1, 'SATU', REPEAT('x', 20 * 1024 * 1024))")
        binlog.run_sql("INSERT INTO warga VALUES (2, 'DUA', REPEAT('y', 100))")
        until(lambda: at_rest(binlog))
    assert newest(binlog)[1] == {"id": "1", "nama": "SATU"}
    assert newest(binlog)[2]["berkas"] == b"y" * 100
