"""Tables are read in chunks while the log goes on: nothing is lost, stale, doubled or held in memory."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connectors.kinds.mysql_binlog import source
from connectors.protocol import Position
from hub.platform.mariadb import MariaDB
from hub.wire.version import unpack
from tests.integration.connectors.binlog import DATABASE, BinlogStage, binlogged, busy, epoch, reading
from tests.services.mariadb import session
from tests.services.proxy import proxied
from tests.suites.stage import (
    TABLE,
    Doomed,
    Killed,
    answers,
    ask,
    at_rest,
    build,
    changes,
    floor,
    header,
    living,
    notices,
    position,
    run_to_rest,
    running,
    state,
    until,
    version,
)

ROWS = 20_000
FILL = "INSERT INTO warga SELECT seq, CONCAT('AWAL ', seq) FROM seq_1_to_{}"


@pytest.fixture
def stage(mariadb: MariaDB) -> Iterator[BinlogStage]:
    """A source whose tables are read in chunks of 500 rows."""
    with binlogged(mariadb.endpoint, chunk_rows=500) as stage:
        yield stage


@contextmanager
def slowly(stage: BinlogStage) -> Iterator[None]:
    """Put a slow line between connector and server, so that a snapshot lasts seconds."""
    with proxied(stage.url) as (proxy, url):
        proxy.slow(150_000)
        stage.reach_by(url)
        yield
        stage.reach_by(stage.url)
        proxy.slow(0)


def part_read(stage: BinlogStage) -> bool:
    """Say whether the position remembers a chunk, and not yet the whole table."""
    return bool(json.loads(state(stage).get(f"snap:{TABLE}", "{}")).get("after"))


def snapshot_rows(stage: BinlogStage) -> list[int]:
    """Return the ids of all rows that a snapshot sent, in their order."""
    found = [(stage.decode(message), message) for message in changes(stage)]
    return [row["after"]["id"] for row, _ in found if row["op"] == "r"]


def test_a_kill_within_the_snapshot_costs_one_chunk_at_most(stage: BinlogStage) -> None:
    stage.run_sql(FILL.format(5000))
    doomed = build(stage, Doomed)
    assert isinstance(doomed, Doomed)
    doomed.at, doomed.after = 10, True
    with pytest.raises(Killed):
        doomed.run()
    first, before = epoch(stage), len(snapshot_rows(stage))
    assert 0 < before < 5000
    stage.run_sql("DELETE FROM warga WHERE id % 3 = 0")
    run_to_rest(stage)
    assert epoch(stage) == first
    assert living(stage) == stage.rows()
    assert unpack(floor(stage)).epoch == first


@pytest.mark.further
def test_progress_survives_a_clean_stop_chunk_by_chunk(stage: BinlogStage) -> None:
    stage.run_sql(FILL.format(ROWS))
    with slowly(stage), running(build(stage)):
        until(lambda: part_read(stage))
    assert not reading(stage)
    assert len(changes(stage)) < ROWS, "the snapshot was over before the stop"
    run_to_rest(stage)
    after = snapshot_rows(stage)
    assert len(after) - ROWS <= 500, "more than one chunk was read twice"
    assert set(after) == set(range(1, ROWS + 1))
    assert len(notices(stage, "snapshot_started")) == 1


@pytest.mark.further
def test_chunks_carry_their_own_places_and_the_first_one_s_is_the_floor(stage: BinlogStage) -> None:
    stage.run_sql(FILL.format(ROWS))
    with slowly(stage), running(build(stage)):
        until(lambda: part_read(stage))
    assert not reading(stage)
    stage.change(("update", 1, "GANTI"), ("delete", ROWS, ""))
    run_to_rest(stage)
    read = [version(m) for m in changes(stage) if stage.decode(m)["op"] == "r"]
    assert len(set(read)) > 1, "all chunks were read as of one place"
    assert min(read) == floor(stage)
    assert {unpack(each).minor for each in read} == {0}
    assert all(unpack(version(m)).minor > 0xFFFF for m in changes(stage) if stage.decode(m)["op"] != "r")


def run_until_read(stage: BinlogStage) -> None:
    with running(build(stage)):
        until(lambda: reading(stage))


def test_rows_changed_while_they_are_read_are_neither_lost_nor_stale(stage: BinlogStage) -> None:
    stage.run_sql(FILL.format(20_000).replace("seq,", "seq + 2000000,"))
    with busy(stage), running(build(stage)) as made:
        until(lambda: made.reading)
        time.sleep(2)
    run_to_rest(stage)
    assert len(living(stage)) > 20_000


def test_a_commit_that_is_pending_while_its_chunk_is_read_is_not_lost(stage: BinlogStage) -> None:
    stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"), ("insert", 3, "TIGA"))
    with session(stage.url, DATABASE) as pending, pending.cursor() as cursor:
        pending.begin()
        cursor.execute("INSERT INTO warga VALUES (4, 'TERTUNDA')")
        cursor.execute("UPDATE warga SET nama = 'GANTI' WHERE id = 2")
        cursor.execute("DELETE FROM warga WHERE id = 3")
        with running(build(stage)):
            until(lambda: reading(stage))
            assert living(stage) == {1: "SATU", 2: "DUA", 3: "TIGA"}
            pending.commit()
            until(lambda: living(stage) == {1: "SATU", 2: "GANTI", 4: "TERTUNDA"})


@pytest.mark.further
def test_the_stream_goes_on_while_a_table_is_read(stage: BinlogStage) -> None:
    stage.run_sql(FILL.format(ROWS))
    with slowly(stage), running(build(stage)):
        until(lambda: len(changes(stage)) > 1000)
        stage.change(("insert", 100_000, "BARU"))
        until(lambda: reading(stage))
    sent = changes(stage)
    (new,) = [m for m in sent if stage.decode(m)["op"] == "c"]
    behind = [m for m in sent if m.partition == new.partition and m.offset > new.offset]
    assert behind, "the change came only after the whole table"


KEYS = [
    ("a bigint", "a", ["(-9223372036854775808)", "(9007199254740993)", "(9007199254740992)", "(0)"]),
    ("a bigint unsigned", "a", ["(18446744073709551615)", "(18446744073709551614)", "(0)"]),
    ("a decimal(20,4)", "a", ["(-1.5)", "(123456789012345.6789)", "(123456789012345.6788)", "(0)"]),
    ("a varchar(40)", "a", ["('')", "('a')", "('B')", "('c\\\\\\'d')", "('é')", "('\U0001f600')", "('z z')"]),
    ("a binary(3)", "a", ["(x'000000')", "(x'00FF01')", "(x'FFFFFF')", "(x'414243')"]),
    ("a date", "a", ["('2024-02-29')", "('1000-01-01')", "('9999-12-31')"]),
    ("a datetime(6)", "a", ["('2024-02-29 01:02:03.000001')", "('2024-02-29 01:02:03')", "('2024-02-29 01:02:04')"]),
    ("a timestamp", "a", ["('2024-02-29 01:02:03')", "('2024-02-29 01:02:04')", "('1999-02-28 01:02:03')"]),
    ("a int, b varchar(9)", "a, b", ["(1,'x')", "(1,'y')", "(2,'a')", "(2,'b')", "(3,'')", "(-5,'q')"]),
    ("a int, b int, c int", "a, b, c", ["(1,1,1)", "(1,1,2)", "(1,2,0)", "(2,0,0)", "(2,0,1)"]),
    ("a enum('x','y','b')", "a", ["('x')", "('y')", "('b')"]),
    ("a uuid", "a", ["('123e4567-e89b-12d3-a456-426655440000')", "('00000000-e89b-12d3-a456-426655440001')"]),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "key", "rows"), KEYS, ids=[columns for columns, _, _ in KEYS])
def test_chunks_follow_keys_of_every_kind(
    mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch, columns: str, key: str, rows: list[str]
) -> None:
    monkeypatch.setattr(source, "options", _options)
    ddl = f"CREATE TABLE warga ({columns}, nama text, PRIMARY KEY ({key}))"
    with binlogged(mariadb.endpoint, ddl=ddl) as stage:
        table = stage.contract.table[0].model_copy(update={"key": tuple(key.split(", "))})
        stage.contract = stage.contract.model_copy(update={"table": (table,)})
        for row in rows:
            stage.run_sql(f"INSERT INTO warga VALUES {row.replace(')', ', 1)') if row != '(1)' else row}"
                          if not row.startswith("(x'") else f"INSERT INTO warga VALUES {row[:-1]}, 1)")  # fmt: skip
        run_until_read(stage)
        records = [m.key for m in changes(stage)]
        assert len(records) == len(set(records)) == len(rows)


def _options(contract: object) -> object:
    from connectors.kinds.mysql_binlog.options import Options

    return Options.model_construct(server_id=77, on_lost="snapshot", chunk_rows=2)


def test_a_part_of_a_table_is_read_again_by_keys_and_by_condition(stage: BinlogStage) -> None:
    stage.run_sql(FILL.format(1200))
    run_to_rest(stage)
    with running(build(stage)) as made:
        until(lambda: made.reading)
        sent, before = Counter(snapshot_rows(stage)), floor(stage)
        by_keys = ask(stage, "snapshot", table=TABLE, keys=("7", "9", "99999"))
        until(lambda: "snapshot_finished" in answers(stage, by_keys))
        by_where = ask(stage, "snapshot", table=TABLE, where="id BETWEEN 9 AND 12")
        until(lambda: "snapshot_finished" in answers(stage, by_where))
        assert Counter(snapshot_rows(stage)) - sent == Counter((7, 9, 9, 10, 11, 12))
    assert floor(stage) == before, "a part of a table swept the rest"


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"where": "id ==== 3"}, "condition"), ({"keys": ("1 OR 1=1",)}, "a number"), ({"where": "tidak_ada = 1"}, "")],
)
def test_what_cannot_be_read_is_refused_and_the_source_goes_on(
    stage: BinlogStage, asked: dict[str, str], words: str
) -> None:
    stage.change(("insert", 1, "SATU"))
    run_to_rest(stage)
    with running(build(stage)):
        request = ask(stage, "snapshot", table=TABLE, **asked)
        until(lambda: "signal_refused" in answers(stage, request))
        stage.change(("insert", 2, "DUA"))
        until(lambda: at_rest(stage))
    (told,) = [n for n in notices(stage, "signal_refused") if n.detail.get("request") == request]
    assert words in told.detail["reason"]


def test_a_whole_table_that_is_read_again_sweeps_within_its_epoch(stage: BinlogStage) -> None:
    stage.run_sql(FILL.format(1200))
    run_to_rest(stage)
    first, before = epoch(stage), floor(stage)
    with running(build(stage)):
        request = ask(stage, "snapshot", table=TABLE)
        until(lambda: "snapshot_finished" in answers(stage, request))
        until(lambda: at_rest(stage))
    assert epoch(stage) == first
    assert floor(stage) > before


def test_another_key_or_other_ignored_columns_read_that_table_anew_in_its_epoch(stage: BinlogStage) -> None:
    stage.run_sql("ALTER TABLE warga ADD COLUMN rahasia text")
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 'x')")
    table = stage.contract.table[0]
    stage.contract = stage.contract.model_copy(update={"table": (table.model_copy(update={"ignore": ("rahasia",)}),)})
    run_to_rest(stage)
    first = epoch(stage)
    assert {*stage.decode(changes(stage)[0])["after"]} == {"id", "nama"}
    stage.contract = stage.contract.model_copy(update={"table": (table,)})
    with running(build(stage)):
        until(lambda: len(notices(stage, "snapshot_finished")) == 2)
    assert epoch(stage) == first
    assert {*stage.decode(max(changes(stage), key=version))["after"]} == {"id", "nama", "rahasia"}


def test_a_fingerprint_counts_what_is_there_and_is_passed_once_the_stream_is_behind_it(stage: BinlogStage) -> None:
    stage.run_sql(FILL.format(1000))
    made = build(stage)
    with running(made):
        until(lambda: reading(stage) and at_rest(stage))
        connector = made._connector
        assert isinstance(connector, source.MysqlBinlog)
        stage.change(("delete", 1, ""), ("update", 2, "GANTI"))
        taken = connector.fingerprint(TABLE)
        assert sum(taken.count) == 999
        until(lambda: at_rest(stage))
        until(lambda: connector.passed(taken.version, (position(stage) or Position(0)).state))
        again = connector.fingerprint(TABLE)
        assert (again.count, again.digest) == (taken.count, taken.digest)
        stage.change(("update", 2, "LAGI"))
        other = connector.fingerprint(TABLE)
        assert other.version > again.version
        assert sum(a != b for a, b in zip(other.digest, again.digest, strict=True)) == 1
        assert not connector.passed(other.version, {"binlog:file": "binlog.000001", "binlog:pos": "4"})


def test_a_snapshot_s_row_and_the_stream_s_are_the_same_bytes(stage: BinlogStage) -> None:
    stage.change(("insert", 1, "SATU"))
    run_to_rest(stage)
    with running(build(stage)) as made:
        until(lambda: made.reading)
        stage.change(("delete", 1, ""), ("insert", 1, "SATU"))
        until(lambda: len(changes(stage)) == 3)
    read, _, streamed = (stage.decode(m) for m in changes(stage))
    assert (read["op"], streamed["op"]) == ("r", "c")
    assert read["after"] == streamed["after"]
    assert {header(m, "version") is not None for m in changes(stage)} == {True}
    assert (read["source"]["snapshot"], streamed["source"]["snapshot"]) == ("incremental", "false")
    assert (streamed["source"]["db"], streamed["source"]["table"]) == (DATABASE, "warga")
    assert streamed["source"]["gtid"].startswith("0-1-")


def test_nothing_of_a_key_can_be_read_from_the_state(mariadb: MariaDB) -> None:
    ddl = "CREATE TABLE warga (nik varchar(16) PRIMARY KEY, id int, nama text)"
    with binlogged(mariadb.endpoint, ddl=ddl, chunk_rows=100) as stage:
        table = stage.contract.table[0].model_copy(update={"key": ("nik",), "surrogate_key": False})
        stage.contract = stage.contract.model_copy(update={"table": (table,)})
        stage.run_sql("INSERT INTO warga SELECT 1508010101900000 + seq, seq, 'N' FROM seq_1_to_30000")
        with slowly(stage), running(build(stage)):
            until(lambda: part_read(stage))
        assert "15080101019" not in str(state(stage))
        run_until_read(stage)
        assert len(living(stage)) == 30_000
