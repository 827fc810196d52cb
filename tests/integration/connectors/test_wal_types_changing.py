"""A table that changes while it is captured: each row in the shape it had, in order, and nothing passed over."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from connectors import kinds
from connectors.kinds.postgres_wal import source
from hub.wire.avro import Codec
from hub.wire.broker import Incoming
from hub.wire.clock import SystemClock
from hub.wire.contract import Contract, FieldMap
from hub.wire.errors import HubError, RefuseToStart
from hub.wire.topics import NOTICE
from hub.wire.version import unpack
from tests.integration.connectors.wal import WalStage, staged, was_read
from tests.suites.connector import build, changes, living, running, state, until, version

UNREAD = "__debezium_unavailable_value"
LARGE = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 300) n)"
"""A text that no compression makes small enough to stay in its row."""


@pytest.fixture
def stage(opd_database: str) -> Iterator[WalStage]:
    with staged(opd_database) as stage:
        yield stage


@pytest.fixture(params=["opd_database", "opd13_database"])
def old_and_new(request: pytest.FixtureRequest) -> Iterator[WalStage]:
    with staged(request.getfixturevalue(request.param)) as stage:
        yield stage


def under(stage: WalStage, **table: Any) -> Contract:
    """Return the stage's contract with something else said of its table."""
    changed = stage.contract.table[0].model_copy(update=table)
    return stage.contract.model_copy(update={"table": (changed,)})


def rows(stage: WalStage) -> list[dict[str, Any]]:
    """Return the images after each change of the stream, in its order."""
    streamed = sorted((m for m in changes(stage) if unpack(version(m)).minor), key=version)
    return [stage.decode(m)["after"] for m in streamed]


def told(stage: WalStage) -> list[tuple[str, dict[str, str]]]:
    """Return what was told of the table's columns."""
    codec = Codec(stage.registry)
    records = [codec.decode_record(m.value or b"") for m in stage.log.read(NOTICE.name)]
    return [(r.code, r.detail) for r in records if r.code.startswith(("column_", "table_"))]


def streaming(stage: WalStage, work: Callable[[], None], count: int) -> list[dict[str, Any]]:
    """Do something to the table while it is captured, and return the rows that the stream gave for it."""
    with running(build(stage)):
        until(lambda: was_read(stage))
        work()
        until(lambda: len(rows(stage)) >= count)
    return rows(stage)


def test_each_row_has_the_columns_of_its_moment(old_and_new: WalStage) -> None:
    stage = old_and_new

    def work() -> None:
        stage.sql.autocommit = False
        stage.run_sql("INSERT INTO warga VALUES (1, 'SATU')")
        stage.run_sql("ALTER TABLE warga ADD COLUMN lahir date NOT NULL DEFAULT '2000-01-01'")
        stage.run_sql("INSERT INTO warga VALUES (2, 'DUA', '2026-11-24')")
        stage.run_sql("UPDATE warga SET nama = 'SATU LAGI' WHERE id = 1")
        stage.run_sql("ALTER TABLE warga RENAME COLUMN lahir TO tgl_lahir")
        stage.run_sql("INSERT INTO warga VALUES (3, 'TIGA', '2026-11-24')")
        stage.run_sql("ALTER TABLE warga ALTER COLUMN tgl_lahir TYPE text USING to_char(tgl_lahir, 'DD-MM-YYYY')")
        stage.run_sql("INSERT INTO warga VALUES (4, 'EMPAT', '24-11-2026')")
        stage.run_sql("ALTER TABLE warga DROP COLUMN tgl_lahir")
        stage.run_sql("INSERT INTO warga VALUES (5, 'LIMA')")
        stage.sql.commit()
        stage.sql.autocommit = True

    assert streaming(stage, work, 6) == [
        {"id": 1, "nama": "SATU"},
        {"id": 2, "nama": "DUA", "lahir": 20781},
        {"id": 1, "nama": "SATU LAGI", "lahir": 10957},
        {"id": 3, "nama": "TIGA", "tgl_lahir": 20781},
        {"id": 4, "nama": "EMPAT", "tgl_lahir": "24-11-2026"},
        {"id": 5, "nama": "LIMA"},
    ]
    assert told(stage) == [
        ("column_added", {"column": "lahir", "type": "date"}),
        ("column_renamed", {"column": "tgl_lahir", "was": "lahir", "type": "date"}),
        ("column_retyped", {"column": "tgl_lahir", "type": "text", "was": "date"}),
        ("column_dropped", {"column": "tgl_lahir", "type": "text"}),
    ]


def test_changes_made_while_nobody_looked_are_told_and_read_in_the_shape_of_their_moment(stage: WalStage) -> None:
    with running(build(stage)):
        until(lambda: was_read(stage))
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU')")
    stage.run_sql("ALTER TABLE warga ADD COLUMN rt int")
    stage.run_sql("INSERT INTO warga VALUES (2, 'DUA', 5)")
    stage.run_sql("ALTER TABLE warga ALTER COLUMN rt TYPE text")
    stage.run_sql("INSERT INTO warga VALUES (3, 'TIGA', '005')")
    with running(build(stage)):
        until(lambda: len(rows(stage)) == 3)
    assert [row.get("rt") for row in rows(stage)] == [None, 5, "005"]
    assert [code for code, _ in told(stage)] == ["column_added", "column_retyped"]


@pytest.mark.parametrize(
    ("alter", "values"),
    [
        (["ALTER TABLE warga ALTER COLUMN nama TYPE varchar(20) USING lower(nama)"], {1: "satu", 2: "DUA"}),
        (["ALTER TABLE warga DROP nama", "ALTER TABLE warga ADD nama text DEFAULT '-'"], {1: "-", 2: "DUA"}),
        (["ALTER TABLE warga RENAME nama TO lama", "ALTER TABLE warga ADD nama text"], {1: None, 2: None}),
    ],
)  # fmt: skip
def test_a_mapped_column_that_alter_table_gave_other_values_is_read_anew(
    stage: WalStage, monkeypatch: pytest.MonkeyPatch, alter: list[str], values: dict[int, str | None]
) -> None:
    monkeypatch.setattr(source, "LOOK_AGAIN_SECONDS", 0.2)
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU')")
    with running(build(stage)):
        until(lambda: was_read(stage))
        for statement in alter:
            stage.run_sql(statement)
        stage.run_sql("INSERT INTO warga VALUES (2, 'DUA')")
        until(lambda: living(stage) == values)
        until(lambda: was_read(stage))
    assert stage.rows() == values


def test_an_unmapped_column_that_changes_has_nothing_read_anew(stage: WalStage) -> None:
    stage.run_sql("ALTER TABLE warga ADD COLUMN rt int")
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 5)")

    def work() -> None:
        stage.run_sql("ALTER TABLE warga ALTER COLUMN rt TYPE text")
        stage.run_sql("INSERT INTO warga VALUES (2, 'DUA', '005')")

    streaming(stage, work, 1)
    assert [stage.decode(m)["op"] for m in sorted(changes(stage), key=version)] == ["r", "c"]


def test_a_type_that_is_gone_leaves_its_values_as_text(stage: WalStage) -> None:
    stage.run_sql("CREATE TYPE suasana AS ENUM ('senang', 'sedih')")
    stage.run_sql("ALTER TABLE warga ADD COLUMN s suasana")
    with running(build(stage)):
        until(lambda: was_read(stage))
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 'senang')")
    stage.run_sql("ALTER TABLE warga DROP COLUMN s")
    stage.run_sql("DROP TYPE suasana")
    with running(build(stage)):
        until(lambda: len(rows(stage)) == 1)
    assert rows(stage) == [{"id": 1, "nama": "SATU", "s": "senang"}]


def test_a_new_value_of_an_enum_travels_at_once(stage: WalStage) -> None:
    stage.run_sql("CREATE TYPE suasana AS ENUM ('senang', 'sedih')")
    stage.run_sql("ALTER TABLE warga ADD COLUMN s suasana")

    def work() -> None:
        stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 'senang')")
        stage.run_sql("ALTER TYPE suasana ADD VALUE 'biasa'")
        stage.run_sql("INSERT INTO warga VALUES (2, 'DUA', 'biasa')")

    assert [row["s"] for row in streaming(stage, work, 2)] == ["senang", "biasa"]


def test_a_table_that_has_another_name_for_a_while_is_captured_on(stage: WalStage) -> None:
    def work() -> None:
        stage.run_sql("INSERT INTO warga VALUES (1, 'SATU')")
        stage.run_sql("ALTER TABLE warga RENAME TO warga_lama")
        stage.run_sql("INSERT INTO warga_lama VALUES (2, 'DUA')")
        stage.run_sql("ALTER TABLE warga_lama RENAME TO warga")
        stage.run_sql("INSERT INTO warga VALUES (3, 'TIGA')")

    assert [row["id"] for row in streaming(stage, work, 3)] == [1, 2, 3]


def test_rows_written_under_another_name_while_nobody_looked_are_captured(stage: WalStage) -> None:
    with running(build(stage)):
        until(lambda: was_read(stage))
    stage.run_sql("ALTER TABLE warga RENAME TO warga_lama")
    stage.run_sql("INSERT INTO warga_lama VALUES (1, 'SATU')")
    stage.run_sql("ALTER TABLE warga_lama RENAME TO warga")
    with running(build(stage)):
        until(lambda: len(rows(stage)) == 1)
    assert rows(stage) == [{"id": 1, "nama": "SATU"}]


def test_a_lost_key_column_ends_the_source_with_the_remedy(stage: WalStage) -> None:
    with running(build(stage)):
        until(lambda: was_read(stage))
    stage.run_sql("ALTER TABLE warga RENAME COLUMN id TO nomor")
    stage.run_sql("INSERT INTO warga VALUES (1, 'SATU')")
    with pytest.raises(HubError, match="id"):
        build(stage).run()
    assert rows(stage) == []


def test_a_table_that_must_stop_sends_no_more_rows_and_the_position_goes_on(stage: WalStage) -> None:
    stage.contract = under(stage, drift="stop")
    with running(build(stage)):
        until(lambda: was_read(stage))
        stage.run_sql("INSERT INTO warga VALUES (1, 'SATU')")
        until(lambda: len(rows(stage)) == 1)
        stage.run_sql("ALTER TABLE warga ADD COLUMN rahasia text")
        stage.run_sql("INSERT INTO warga VALUES (2, 'DUA', 'PIN')")
        until(lambda: ("table_stopped", {"columns": "rahasia"}) in told(stage))
        before = state(stage)["lsn"]
        stage.run_sql("INSERT INTO warga VALUES (3, 'TIGA', 'PIN')")
        until(lambda: state(stage)["lsn"] != before)
    assert [row["id"] for row in rows(stage)] == [1]
    assert not [m for m in changes(stage) if b"PIN" in (m.value or b"")]


@pytest.mark.parametrize("identity", ["FULL", "DEFAULT"])
def test_a_large_value_that_an_update_leaves_alone(stage: WalStage, identity: str) -> None:
    """With full images it is filled in; without, a mapped one is left out and any other is Debezium's placeholder."""
    stage.run_sql("ALTER TABLE warga ADD COLUMN foto bytea, ADD COLUMN ket text, ADD COLUMN tag text[], "
                  "ADD COLUMN skor int DEFAULT 0")  # fmt: skip

    def work() -> None:
        stage.run_sql(f"ALTER TABLE warga REPLICA IDENTITY {identity}")
        for number in (1, 2):
            name = f"'NAMA' || {LARGE}" if number == 2 else "'SATU'"
            stage.run_sql(f"INSERT INTO warga VALUES ({number}, {name}, {LARGE}::bytea, {LARGE}, ARRAY[{LARGE}])")
            stage.run_sql(f"UPDATE warga SET skor = 1 WHERE id = {number}")

    first, update, named, named_update = streaming(stage, work, 4)
    assert len(first["ket"]) == 9600
    if identity == "FULL":
        assert update == {**first, "skor": 1}
        assert named_update == {**named, "skor": 1}
    else:
        assert update == {**first, "foto": UNREAD.encode(), "ket": UNREAD, "tag": [UNREAD], "skor": 1}
        assert named_update == {"id": "2", "foto": UNREAD, "ket": UNREAD, "tag": UNREAD, "skor": "1"}
        assert len(named["nama"]) == 9604


def schema_fields(stage: WalStage, message: Incoming) -> set[str]:
    schema = json.loads(stage.registry.schema(int.from_bytes((message.value or b"")[1:5], "big")))
    return {field["name"] for field in schema["fields"][0]["type"][1]["fields"]}


STORED = "ALTER TABLE warga ADD COLUMN besar text GENERATED ALWAYS AS (upper(nama)) STORED"
VIRTUAL = "ALTER TABLE warga ADD COLUMN maya text GENERATED ALWAYS AS (nama) VIRTUAL"


@pytest.mark.parametrize("server", ["opd13_database", "opd15_database", "opd16_database"])
def test_generated_columns_are_not_captured_before_postgresql_18(server: str, request: pytest.FixtureRequest) -> None:
    with staged(request.getfixturevalue(server)) as stage:
        stage.run_sql(STORED)
        stage.run_sql("INSERT INTO warga VALUES (1, 'satu')")
        streaming(stage, lambda: update(stage), 1)
        assert [schema_fields(stage, m) for m in changes(stage)] == [{"id", "nama"}] * 2


def update(stage: WalStage) -> None:
    stage.run_sql("UPDATE warga SET nama = 'dua'")


@pytest.mark.parametrize("made", ["by the hub", "by the office"])
def test_stored_generated_columns_are_captured_so_that_the_office_s_updates_go_on(stage: WalStage, made: str) -> None:
    stage.run_sql(STORED)
    stage.run_sql("INSERT INTO warga VALUES (1, 'satu')")
    if made == "by the office":
        stage.run_sql(f"CREATE PUBLICATION {stage.slot} FOR TABLE warga")
    streaming(stage, lambda: update(stage), 1)
    after = [stage.decode(m)["after"] for m in sorted(changes(stage), key=version)]
    assert after == [{"id": 1, "nama": "satu", "besar": "SATU"}, {"id": 1, "nama": "dua", "besar": "DUA"}]


def test_a_generated_column_that_comes_later_does_not_stop_the_office_s_updates(stage: WalStage) -> None:
    stage.run_sql("INSERT INTO warga VALUES (1, 'satu')")

    def work() -> None:
        stage.run_sql(STORED)
        update(stage)

    assert streaming(stage, work, 1) == [{"id": 1, "nama": "dua", "besar": "DUA"}]


def test_a_mapped_generated_column_is_refused_only_where_it_is_not_in_the_log(
    stage: WalStage, opd16_database: str
) -> None:
    mapping = {"name": FieldMap.model_validate({"from": "besar", "with": "name"})}
    with staged(opd16_database) as older:
        for one, wrong in ((stage, []), (older, ["generated_column"])):
            one.run_sql(STORED)
            one.contract = under(one, map=mapping)
            found = kinds.load("postgres_wal").preflight(one.contract, SystemClock())
            assert [finding.code for finding in found if finding.level == "error"] == wrong


def test_a_virtual_column_is_refused_before_anything_is_published(stage: WalStage) -> None:
    stage.run_sql(VIRTUAL)
    stage.run_sql("INSERT INTO warga VALUES (1, 'satu')")
    with pytest.raises(RefuseToStart, match="virtual generated columns"):
        build(stage).run()
    assert stage.run_sql("SELECT pubname FROM pg_publication") == []
    update(stage)
    assert stage.rows() == {1: "dua"}


def test_an_office_s_publication_that_stops_its_own_updates_is_named(
    stage: WalStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.run_sql(STORED)
    stage.run_sql(f"CREATE PUBLICATION {stage.slot} FOR TABLE warga")
    role = f"r{os.urandom(4).hex()}"
    stage.run_sql(f"CREATE ROLE {role} LOGIN REPLICATION PASSWORD 'x'")
    stage.run_sql(f"GRANT SELECT ON warga TO {role}")
    dsn = psycopg.conninfo.make_conninfo(stage.dsn, user=role, password="x")
    monkeypatch.setenv(stage.contract.source.dsn.removeprefix("env:"), dsn)
    found = kinds.load("postgres_wal").preflight(stage.contract, SystemClock())
    stage.run_sql(f"DROP OWNED BY {role}")
    stage.run_sql(f"DROP ROLE {role}")
    errors = {finding.code: finding.remedy_en for finding in found if finding.level == "error"}
    assert errors == {
        "generated_unpublished": f"ALTER PUBLICATION {stage.slot} SET (publish_generated_columns = stored)"
    }
