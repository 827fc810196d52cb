"""What office life does to tables that are read by SELECT, on a real file of SQLite and the broker's twin."""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import preflight
from connectors.protocol import Position
from connectors.sql.known import FILE
from hub.wire.avro import Codec
from hub.wire.clock import SystemClock
from hub.wire.envelope import Envelopes
from hub.wire.errors import RefuseToStart
from hub.wire.identity import digest_key, row_digest
from hub.wire.version import unpack
from tests.suites.sql import SqlStage, now, staged
from tests.suites.stage import (
    MASTER,
    TABLE,
    answers,
    ask,
    at_rest,
    build,
    changes,
    floor,
    living,
    named,
    notices,
    position,
    raw,
    run_to_rest,
    running,
    state,
    until,
    version,
)

Make = Callable[..., SqlStage]
SLOW = {"keys_every": "1d", "every": "0s"}
"""Polls only: no comparison of keys within a test."""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return what makes a stage of a kind; all are closed at the end."""
    stages: list[Any] = []

    def made(kind: str, **options: Any) -> SqlStage:
        context = staged(f"sqlite:///{tmp_path}/opd{len(stages)}.db", kind, tmp_path, **options)
        stages.append(context)
        return context.__enter__()

    yield made
    for context in stages:
        context.__exit__(None, None, None)


def write(stage: SqlStage, number: int, name: str, ago: timedelta = timedelta()) -> None:
    """Put a row with a watermark of some time ago."""
    stage.run_sql("INSERT OR REPLACE INTO warga VALUES (:id, :nama, :at)", id=number, nama=name,
                  at=(now() - ago).isoformat(" ", "microseconds"))  # fmt: skip


def ops(stage: SqlStage, number: int) -> list[str]:
    return [stage.decode(m)["op"] for m in changes(stage) if m.key == named(stage, number)]


def settled(stage: SqlStage, seconds: float = 1.0) -> int:
    """Return how many messages there are once no more come for a while."""
    count, since = len(raw(stage)), time.monotonic()
    while time.monotonic() - since < seconds:
        if len(raw(stage)) != count:
            count, since = len(raw(stage)), time.monotonic()
        time.sleep(0.02)
    return count


# ---------------------------------------------------------------------- sql_poll


def test_a_commit_that_came_late_is_found_behind_the_watermark_and_nothing_twice(make: Make) -> None:
    stage = make("sql_poll", **SLOW)
    write(stage, 1, "SATU")
    with running(build(stage)):
        until(lambda: at_rest(stage))
        write(stage, 2, "TERLAMBAT", timedelta(seconds=40))
        until(lambda: at_rest(stage))
        settled(stage)
    assert ops(stage, 2) == ["c"]
    assert ops(stage, 1) == ["r"]


def test_a_row_without_a_watermark_or_far_behind_it_is_found_by_its_key(make: Make) -> None:
    stage = make("sql_poll")
    write(stage, 1, "SATU")
    with running(build(stage)):
        until(lambda: at_rest(stage))
        write(stage, 2, "LAMA", timedelta(days=400))
        stage.run_sql("INSERT INTO warga VALUES (3, 'TANPA WAKTU', NULL)")
        until(lambda: at_rest(stage))
    assert (ops(stage, 2), ops(stage, 3)) == (["c"], ["c"])


def test_a_change_that_moves_no_watermark_is_found_when_all_rows_are_compared(make: Make) -> None:
    stage = make("sql_poll", full_every="0s")
    write(stage, 1, "SATU")
    with running(build(stage)):
        until(lambda: at_rest(stage))
        stage.run_sql("UPDATE warga SET nama = 'DIAM-DIAM'")
        until(lambda: at_rest(stage))
    assert ops(stage, 1) == ["r", "u"]


def test_a_row_of_the_year_2099_does_not_hide_what_comes_after(make: Make) -> None:
    stage = make("sql_poll", **SLOW)
    write(stage, 1, "MASA DEPAN", timedelta(days=-27_000))
    with running(build(stage)):
        until(lambda: at_rest(stage))
        write(stage, 2, "SEKARANG")
        until(lambda: at_rest(stage))
    assert state(stage)[f"sql:mark:{TABLE}:diubah"] < "str:2090"
    assert ops(stage, 1) == ["r"]


def test_several_watermarks_find_each_its_own(make: Make) -> None:
    ddl = "CREATE TABLE warga (id integer PRIMARY KEY, nama text, diubah timestamp, dibuat timestamp)"
    stage = make("sql_poll", ddl=ddl, **{**SLOW, "watermark": ["diubah", "dibuat"]})
    insert = "INSERT INTO warga (id, nama, {}) VALUES ({}, 'X', '{}')"
    stage.run_sql(insert.format("dibuat", 1, "2026-01-01 00:00:00"))
    with running(build(stage)):
        until(lambda: at_rest(stage))
        stage.run_sql(insert.format("dibuat", 2, "2026-01-01 00:00:01"))
        until(lambda: at_rest(stage))
        stage.run_sql(insert.format("diubah", 3, "2025-01-01 00:00:01"))
        until(lambda: at_rest(stage))


def test_a_counter_serves_as_a_watermark_with_an_overlap_in_its_own_unit(make: Make) -> None:
    ddl = "CREATE TABLE warga (id integer PRIMARY KEY, nama text, diubah integer)"
    stage = make("sql_poll", ddl=ddl, **{**SLOW, "overlap": 2})
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 10)")
    with running(build(stage)):
        until(lambda: at_rest(stage))
        stage.run_sql("INSERT INTO warga VALUES (2, 'DUA', 8), (3, 'TIGA', 11)")
        until(lambda: at_rest(stage))
    assert state(stage)[f"sql:mark:{TABLE}:diubah"] == "int:11"


def test_a_counter_with_a_duration_is_refused_with_what_to_write_instead(make: Make) -> None:
    ddl = "CREATE TABLE warga (id integer PRIMARY KEY, nama text, diubah integer)"
    stage = make("sql_poll", ddl=ddl)
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 10)")
    with pytest.raises(RefuseToStart, match=r"options\.overlap"):
        build(stage).run()


def test_more_rows_of_one_moment_than_a_page_are_all_found(make: Make) -> None:
    stage = make("sql_poll", page=7, **SLOW)
    write(stage, 0, "AWAL")
    with running(build(stage)):
        until(lambda: at_rest(stage))
        at = now().isoformat(" ")
        with stage.engine.begin() as connection:
            for n in range(1, 40):
                connection.exec_driver_sql("INSERT INTO warga VALUES (?, ?, ?)", (n, f"SERENTAK {n}", at))
        until(lambda: at_rest(stage))
    assert all(ops(stage, n) == ["c"] for n in range(1, 40))


def test_an_older_copy_of_the_database_is_noticed_and_compared(make: Make, tmp_path: Path) -> None:
    stage = make("sql_poll", **SLOW)
    write(stage, 1, "LAMA", timedelta(hours=2))
    file = stage.engine.url.database
    assert file is not None
    shutil.copy(file, tmp_path / "salinan.db")
    write(stage, 1, "BARU")
    write(stage, 2, "HILANG")
    run_to_rest(stage)
    shutil.copy(tmp_path / "salinan.db", file)
    with running(build(stage)):
        until(lambda: at_rest(stage))
    assert living(stage) == {1: "LAMA"}
    assert ops(stage, 2) == ["r", "d"]


def test_the_moment_of_a_change_is_its_watermark_s_in_the_office_s_time(make: Make) -> None:
    stage = make("sql_poll", **SLOW)
    run_to_rest(stage)
    with running(build(stage)):
        write(stage, 1, "SATU", timedelta(seconds=30))
        until(lambda: at_rest(stage))
    (message,) = changes(stage)
    age_s = SystemClock().now_us() / 1e6 - stage.decode(message)["source"]["ts_us"] / 1e6
    assert 25 < age_s < 25 + 60


# ---------------------------------------------------------------------- both kinds


@pytest.mark.parametrize("kind", ["sql_diff", "sql_poll"])
def test_a_lost_memory_means_a_new_epoch_with_every_row_and_a_sweep(make: Make, kind: str) -> None:
    stage = make(kind)
    write(stage, 1, "SATU")
    write(stage, 2, "DUA")
    run_to_rest(stage)
    before = position(stage)
    (stage.folder / FILE).unlink()
    stage.run_sql("DELETE FROM warga WHERE id = 2")
    run_to_rest(stage)
    after = position(stage)
    assert before is not None
    assert after is not None
    assert after.epoch > before.epoch
    assert unpack(floor(stage)).epoch == after.epoch
    assert living(stage) == {1: "SATU"}
    assert [n.detail["reason"] for n in notices(stage, "source_began_anew")][
        -1
    ] == "the memory of what was sent is lost"


@pytest.mark.parametrize("kind", ["sql_diff", "sql_poll"])
def test_a_memory_from_a_backup_is_not_trusted(make: Make, kind: str) -> None:
    stage = make(kind)
    write(stage, 1, "A")
    run_to_rest(stage)
    kept = (stage.folder / FILE).read_bytes()
    with running(build(stage)):
        write(stage, 1, "B")
        until(lambda: at_rest(stage))
        write(stage, 2, "DUA")
        until(lambda: at_rest(stage))
    (stage.folder / FILE).write_bytes(kept)
    write(stage, 1, "A")
    stage.run_sql("DELETE FROM warga WHERE id = 2")
    run_to_rest(stage)
    assert living(stage) == {1: "A"}
    assert "of another time" in notices(stage, "source_began_anew")[-1].detail["reason"]


def test_a_memory_that_is_ahead_of_a_position_from_a_backup_is_not_trusted(make: Make) -> None:
    stage = make("sql_diff")
    write(stage, 1, "A")
    run_to_rest(stage)
    kept = position(stage)
    assert kept is not None
    with running(build(stage)):
        write(stage, 1, "B")
        until(lambda: at_rest(stage))
    older = Position(kept.epoch, kept.identity, kept.state)
    made = build(stage)
    made._parts.positions.write(older).wait(5)
    run_to_rest(stage)
    assert "of another time" in notices(stage, "source_began_anew")[-1].detail["reason"]


@pytest.mark.parametrize("kind", ["sql_diff", "sql_poll"])
def test_a_text_in_an_integer_column_travels_as_text_and_stops_nothing(make: Make, kind: str) -> None:
    ddl = "CREATE TABLE warga (id integer PRIMARY KEY, nama text, rt integer, diubah timestamp)"
    stage = make(kind, ddl=ddl)
    stage.run_sql(f"INSERT INTO warga VALUES (1, 'SATU', 'tujuh', '{now()}'), (2, 'DUA', 7, '{now()}')")
    run_to_rest(stage)
    rows = {row["nama"]: row["rt"] for row in (stage.decode(m)["after"] for m in changes(stage))}
    assert rows == {"SATU": "tujuh", "DUA": 7}


def test_bytes_that_are_no_utf_8_are_read_as_windows_wrote_them(make: Make) -> None:
    stage = make("sql_diff")
    stage.run_sql("INSERT INTO warga VALUES (1, CAST(x'4AF6' AS TEXT), NULL)")
    with running(build(stage)):
        until(lambda: living(stage) == {1: "Jö"})


def test_a_row_larger_than_its_topic_leaves_out_what_is_large(make: Make) -> None:
    ddl = "CREATE TABLE warga (id integer PRIMARY KEY, nama text, berkas blob, diubah timestamp)"
    stage = make("sql_diff", ddl=ddl)
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', zeroblob(17000000), NULL), (2, 'DUA', x'00', NULL)")
    run_to_rest(stage)
    rows = {row["nama"]: row for row in (stage.decode(m)["after"] for m in changes(stage))}
    assert "berkas" not in rows["SATU"]
    assert rows["DUA"]["berkas"] == b"\0"


def test_a_pass_sends_what_differs_and_nothing_else(make: Make) -> None:
    stage = make("sql_diff", page=10)
    stage.change(*[("insert", n, f"AWAL {n}") for n in range(95)])
    with running(build(stage)):
        until(lambda: at_rest(stage))
        sent = settled(stage)
        stage.change(("update", 3, "GANTI"), ("delete", 50, ""), ("insert", 200, "BARU"))
        until(lambda: at_rest(stage))
        assert settled(stage) == sent + 3
    assert (ops(stage, 3), ops(stage, 50), ops(stage, 200)) == (["r", "u"], ["r", "d"], ["c"])


def test_a_row_that_went_and_came_back_as_it_was_is_sent_again(make: Make) -> None:
    stage = make("sql_diff")
    write(stage, 1, "SATU")
    with running(build(stage)):
        until(lambda: at_rest(stage))
        kept = stage.run_sql("SELECT * FROM warga")
        stage.run_sql("DELETE FROM warga")
        until(lambda: at_rest(stage))
        stage.run_sql("INSERT INTO warga VALUES (:a, :b, :c)", **dict(zip("abc", kept[0], strict=True)))
        until(lambda: at_rest(stage))
    assert ops(stage, 1) == ["r", "d", "c"]


def test_a_table_that_was_emptied_to_be_filled_again_is_looked_at_twice_before_anything_is_deleted(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sql.passes._SOME", 10)
    monkeypatch.setattr("connectors.sql.passes._AGAIN_S", 3.0)
    stage = make("sql_diff")
    stage.change(*[("insert", n, f"AWAL {n}") for n in range(40)])
    with running(build(stage)):
        until(lambda: at_rest(stage))
        stage.truncate()
        until(lambda: bool(notices(stage, "loss_withheld")))
        assert len(living(stage)) == 40
        assert notices(stage, "loss_withheld")[0].detail["gone"] == "40"
        stage.change(*[("insert", n, f"AWAL {n}") for n in range(40)])
        time.sleep(1)
        assert settled(stage) == 40 + 3
        stage.truncate()
        until(lambda: living(stage) == {})


def test_a_pass_waits_for_the_hours_that_the_contract_gives_it(make: Make) -> None:
    here = now()
    closed = f"{here + timedelta(hours=2):%H:%M}-{here + timedelta(hours=4):%H:%M}"
    stage = make("sql_diff", window=closed)
    write(stage, 1, "SATU")
    with running(build(stage)) as made:
        until(lambda: made.reading)
        time.sleep(0.5)
        assert raw(stage) == []
    stage.contract = stage.contract.model_copy(
        update={"options": {**stage.contract.options, "window": f"{here - timedelta(hours=2):%H:%M}-"
                                                                f"{here + timedelta(hours=2):%H:%M}"}}
    )  # fmt: skip
    run_to_rest(stage)


@pytest.mark.parametrize("kind", ["sql_diff", "sql_poll"])
def test_a_new_column_is_told_and_every_row_is_sent_with_it(make: Make, kind: str) -> None:
    stage = make(kind, **({"keys_every": "1d"} if kind == "sql_poll" else {}))
    write(stage, 1, "SATU")
    run_to_rest(stage)
    stage.run_sql("ALTER TABLE warga ADD COLUMN agama text DEFAULT 'ISLAM'")
    with running(build(stage)):
        until(lambda: "agama" in (stage.decode(changes(stage)[-1])["after"] or {}))
        until(lambda: f"sql:due:{TABLE}" not in state(stage))
    assert [n.detail["column"] for n in notices(stage, "column_added")] == ["agama"]
    assert stage.decode(changes(stage)[-1])["after"]["agama"] == "ISLAM"


@pytest.mark.parametrize("kind", ["sql_diff", "sql_poll"])
def test_without_a_mapped_column_the_table_waits_and_goes_on_when_it_is_back(make: Make, kind: str) -> None:
    stage = make(kind)
    write(stage, 1, "SATU")
    run_to_rest(stage)
    stage.run_sql("ALTER TABLE warga RENAME COLUMN nama TO nama_lengkap")
    stage.run_sql("INSERT INTO warga VALUES (2, 'DUA', NULL)")
    with running(build(stage)) as made:
        until(lambda: made.reading)
        until(lambda: bool(notices(stage, "column_renamed")))
        assert len(changes(stage)) == 1
    stage.run_sql("ALTER TABLE warga RENAME COLUMN nama_lengkap TO nama")
    run_to_rest(stage)
    assert living(stage) == {1: "SATU", 2: "DUA"}


def test_a_stopped_table_sends_nothing_until_its_contract_is_changed(make: Make) -> None:
    stage = make("sql_diff")
    write(stage, 1, "SATU")
    run_to_rest(stage)
    table = stage.contract.table[0]
    stage.contract = stage.contract.model_copy(update={"table": (table.model_copy(update={"drift": "stop"}),)})
    stage.run_sql("ALTER TABLE warga ADD COLUMN agama text")
    write_three = "INSERT INTO warga VALUES (2, 'DUA', NULL, 'X')"
    stage.run_sql(write_three)
    with running(build(stage)):
        until(lambda: bool(notices(stage, "table_stopped")))
        settled(stage, 0.5)
        assert living(stage) == {1: "SATU"}
    ignoring = stage.contract.table[0].model_copy(update={"ignore": ("diubah", "agama")})
    stage.contract = stage.contract.model_copy(update={"table": (ignoring,)})
    run_to_rest(stage)
    assert living(stage) == {1: "SATU", 2: "DUA"}


# ---------------------------------------------------------------------- requests and verification


def test_keys_are_read_again_and_one_that_is_gone_is_deleted(make: Make) -> None:
    stage = make("sql_poll", **SLOW)
    for n in range(5):
        write(stage, n, f"AWAL {n}")
    run_to_rest(stage)
    with running(build(stage)):
        stage.run_sql("DELETE FROM warga WHERE id = 2")
        request = ask(stage, "snapshot", table=TABLE, keys=("2", "3"))
        until(lambda: "snapshot_finished" in answers(stage, request))
    assert (ops(stage, 2), ops(stage, 3), ops(stage, 4)) == (["r", "d"], ["r", "r"], ["r"])


def test_what_a_condition_holds_for_is_read_again(make: Make) -> None:
    stage = make("sql_diff", every="1d")
    for n in range(5):
        write(stage, n, f"AWAL {n}")
    run_to_rest(stage)
    with running(build(stage)):
        request = ask(stage, "snapshot", table=TABLE, where="id % 2 = 1 AND nama LIKE 'AWAL%'")
        until(lambda: "snapshot_finished" in answers(stage, request))
    assert [ops(stage, n) for n in range(5)] == [["r"], ["r", "r"], ["r"], ["r", "r"], ["r"]]


@pytest.mark.parametrize(
    "wrong", [{"where": "tidak ada"}, {"keys": ("bukan angka",)}, {"where": "1=1", "keys": ("1",)}]
)  # fmt: skip
def test_a_request_that_cannot_be_read_is_refused_without_its_keys_and_the_table_goes_on(
    make: Make, wrong: dict[str, Any]
) -> None:
    stage = make("sql_diff")
    write(stage, 1, "SATU")
    run_to_rest(stage)
    with running(build(stage)):
        request = ask(stage, "snapshot", table=TABLE, **wrong)
        until(lambda: "signal_refused" in answers(stage, request))
        write(stage, 2, "DUA")
        until(lambda: at_rest(stage))
    assert "bukan angka" not in str(notices(stage))


def test_the_fingerprint_is_that_of_what_raw_tells(make: Make) -> None:
    stage = make("sql_diff")
    stage.change(*[("insert", n, f"AWAL {n}") for n in range(300)])
    with running(build(stage)) as made:
        until(lambda: at_rest(stage))
        stage.change(("update", 3, "GANTI"), ("delete", 4, ""))
        until(lambda: at_rest(stage))
        source: Any = made._connector
        found = source.fingerprint(TABLE)
        until(lambda: source.passed(found.version, state(stage)))
        assert not source.passed(found.version, {})
    count, digests = [0] * 256, [0] * 256
    envelopes, key = Envelopes(Codec(stage.registry)), digest_key(MASTER, stage.contract.source.name)
    last: dict[bytes, Any] = {}
    for message in sorted(changes(stage), key=version):
        last[message.key or b""] = envelopes.read(message.value or b"")
    for record, change in last.items():
        if change.after is not None:
            count[record[0]] += 1
            digests[record[0]] ^= row_digest(key, change.row, change.layout.shape)
    assert (list(found.count), list(found.digest)) == (count, digests)
    assert sum(count) == 299
    assert len(found.shapes) == 1
    assert max(version(m)[:20] for m in changes(stage)) == found.version


def test_rows_that_say_of_themselves_that_they_are_deleted_are_in_no_fingerprint(make: Make) -> None:
    ddl = "CREATE TABLE warga (id integer PRIMARY KEY, nama text, hapus boolean, diubah timestamp)"
    stage = make("sql_diff", ddl=ddl)
    table = stage.contract.table[0].model_dump(by_alias=True) | {"deleted_when": {"column": "hapus", "equals": True}}
    stage.contract = stage.contract.model_validate(stage.contract.model_dump(by_alias=True) | {"table": [table]})
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 1, NULL), (2, 'DUA', 0, NULL), (3, 'TIGA', NULL, NULL)")
    with running(build(stage)) as made:
        until(lambda: at_rest(stage) and "sql:read:" in str(state(stage)))
        source: Any = made._connector
        assert sum(source.fingerprint(TABLE).count) == 2


# ---------------------------------------------------------------------- care


def test_no_key_and_no_value_is_in_the_memory_the_position_the_notices_or_the_log(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    nik, name = "1508010101900001", "SITI RAHASIA"
    ddl = "CREATE TABLE warga (id text PRIMARY KEY, nama text, diubah timestamp)"
    stage = make("sql_poll", ddl=ddl)
    stage.run_sql("INSERT INTO warga VALUES (:a, :b, :c)", a=nik, b=name, c=now().isoformat(" "))
    with running(build(stage)):
        until(lambda: len(changes(stage)) == 1)
        stage.run_sql("DELETE FROM warga")
        until(lambda: len(changes(stage)) == 2)
    held = b"".join(path.read_bytes() for path in stage.folder.iterdir())
    told = json.dumps([dict(state(stage)), [n.detail for n in notices(stage)]]) + capsys.readouterr().out
    for secret in (nik, name):
        assert secret.encode() not in held
        assert secret not in told


# ---------------------------------------------------------------------- preflight


def found(stage: SqlStage) -> dict[str, str]:
    return {finding.code: finding.level for finding in preflight.check(stage.contract, SystemClock())}


def test_a_sound_source_is_said_to_be_one(make: Make) -> None:
    stage = make("sql_poll")
    stage.run_sql("CREATE INDEX diubah ON warga (diubah)")
    assert found(stage) == {"reach": "ok"}


TABLE_OF = "CREATE TABLE warga (id integer PRIMARY KEY, nama text, diubah text{})"


@pytest.mark.parametrize(
    ("ddl", "code", "level"),
    [
        ("CREATE TABLE lain (id int)", "no_table", "error"),
        ("CREATE TABLE warga (nomor integer PRIMARY KEY, nama text, diubah text)", "missing_column", "error"),
        ("CREATE TABLE warga (id integer PRIMARY KEY, diubah text)", "missing_column", "warning"),
        ("CREATE TABLE warga (id integer PRIMARY KEY, nama text)", "no_watermark", "error"),
        ("CREATE TABLE warga (id integer, nama text, diubah text)", "key", "warning"),
        (TABLE_OF.format(', "no. ktp" text'), "column_name", "error"),
        (TABLE_OF.format(", agama text"), "drift", "warning"),
        (TABLE_OF.format(""), "watermark_index", "warning"),
    ],
)  # fmt: skip
def test_each_fault_is_found_with_a_remedy(make: Make, ddl: str, code: str, level: str) -> None:
    stage = make("sql_poll", ddl=ddl)
    assert found(stage)[code] == level
    told = [f for f in preflight.check(stage.contract, SystemClock()) if f.code == code]
    assert all(f.remedy_id and f.remedy_en for f in told)


def test_keys_that_stand_twice_or_are_missing_are_counted(make: Make) -> None:
    stage = make("sql_diff", ddl="CREATE TABLE warga (id integer, nama text, diubah text)")
    stage.run_sql("INSERT INTO warga VALUES (1, 'A', NULL), (1, 'B', NULL), (NULL, 'C', NULL)")
    assert (found(stage)["key_twice"], found(stage)["key_missing"]) == ("error", "warning")


def test_a_personal_number_is_no_key_where_there_is_another(make: Make) -> None:
    stage = make("sql_diff", ddl="CREATE TABLE warga (id text PRIMARY KEY, nama text, urut integer UNIQUE)")
    whole = stage.contract.model_dump(by_alias=True, mode="json")
    whole["table"][0] |= {"surrogate_key": False, "map": {"nik": {"from": ["id"], "with": "nik"}}, "ignore": ["nama"]}
    stage.contract = stage.contract.model_validate(whole)
    assert found(stage)["personal_key"] == "error"


def test_a_file_that_is_not_there_is_waited_for_and_never_made(make: Make, tmp_path: Path) -> None:
    stage = make("sql_diff")
    gone = tmp_path / "tidak_ada.db"
    os.environ[stage.contract.source.dsn.removeprefix("env:")] = f"sqlite:///{gone}"
    assert found(stage) == {"reach": "error"}
    with running(build(stage)) as made:
        until(lambda: "tidak_ada.db" in made.trouble)
    assert not gone.exists()


def test_a_file_that_goes_away_for_a_while_is_never_made_and_a_new_one_in_its_place_is_read(
    make: Make, tmp_path: Path
) -> None:
    stage = make("sql_poll")
    write(stage, 1, "SATU")
    file = Path(stage.engine.url.database or "")
    with running(build(stage)) as made:
        until(lambda: at_rest(stage))
        file.rename(tmp_path / "lain.db")
        until(lambda: file.name in made.trouble)
        assert not file.exists()
        shutil.copy(tmp_path / "lain.db", tmp_path / "baru.db")
        (tmp_path / "baru.db").rename(file)
        until(lambda: made.reading)
        shutil.copy(file, tmp_path / "baru.db")
        with sqlite3.connect(tmp_path / "baru.db") as db:
            db.execute("INSERT INTO warga VALUES (2, 'DUA', NULL)")
        db.close()
        (tmp_path / "baru.db").rename(file)
        until(lambda: living(stage) == {1: "SATU", 2: "DUA"})


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("sql_poll", {"watermark": {"public.lain": "x"}}, "names no column for public.warga"),
        ("sql_poll", {"overlap": "sebentar"}, "options.overlap"),
        ("sql_diff", {"window": "malam"}, "options.window"),
        ("sql_diff", {"zone": "Sumatera"}, "options.zone"),
        ("sql_diff", {"watermark": "diubah"}, "kind sql_diff knows: answer, every"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_name(
    make: Make, kind: str, options: dict[str, Any], said: str
) -> None:
    stage = make(kind, **options)
    with pytest.raises(RefuseToStart, match=said):
        build(stage)


@pytest.mark.parametrize(
    ("dsn", "said"), [("oracle://u:rahasia@h/d", r"satudata-hub\[oracle\]"), ("bukan url", "holds no URL")]
)  # fmt: skip
def test_a_database_whose_driver_is_missing_says_what_to_install_and_never_the_password(
    make: Make, dsn: str, said: str
) -> None:
    stage = make("sql_diff")
    os.environ[stage.contract.source.dsn.removeprefix("env:")] = dsn
    with pytest.raises(RefuseToStart, match=said) as refused:
        build(stage).run()
    assert "rahasia" not in str(refused.value)
