"""The check of a source says what is missing at the office's server, and how to mend it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from connectors import commands, preflight
from connectors.protocol import Finding
from hub.platform.postgres import Postgres
from hub.wire.clock import SystemClock
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings
from hub.wire.version import unpack
from tests.integration.connectors.process import CONTRACT
from tests.integration.connectors.wal import WalStage, staged
from tests.suites.connector import MASTER, build, changes, living, position, run_to_rest, version


@pytest.fixture
def stage(opd16_database: str) -> Iterator[WalStage]:
    with staged(opd16_database) as stage:
        yield stage


READY = {"reach": "ok", "wal_unbounded": "warning"}
"""What is found at a source that can be captured, on a server that nobody told to bound its log."""


def check(stage: WalStage) -> dict[str, Finding]:
    return {finding.code: finding for finding in preflight.check(stage.contract, SystemClock())}


def test_a_source_that_is_ready_has_nothing_to_mend(stage: WalStage) -> None:
    assert {code: finding.level for code, finding in check(stage).items()} == READY


@pytest.mark.parametrize(
    ("harm", "code", "word"),
    [
        ("ALTER TABLE warga REPLICA IDENTITY DEFAULT", "replica_identity", "REPLICA IDENTITY FULL"),
        ("ALTER TABLE warga DROP CONSTRAINT warga_pkey", "key", "unique index"),
        ("ALTER TABLE warga ALTER COLUMN id DROP NOT NULL", "key", "unique index"),
        ("ALTER TABLE warga RENAME nama TO nama_lengkap", "missing_column", "column's name"),
        ('ALTER TABLE warga ADD "No. KK" text', "column_name", "rename"),
        ("ALTER TABLE warga ADD umur int", "drift", "map or ignore"),
        ("ALTER TABLE warga DROP nama; ALTER TABLE warga ADD nama text GENERATED ALWAYS AS (id::text) STORED",
         "generated_column", "made from"),
        ("DROP TABLE warga", "no_table", "correct the table's name"),
        ("DROP TABLE warga; CREATE VIEW warga AS SELECT 1 AS id, ''::text AS nama", "table_kind", "partitioned table"),
        ("CREATE PUBLICATION {slot} FOR TABLE warga WITH (publish = 'insert')", "publication_part",
         "CREATE PUBLICATION"),
        ("CREATE PUBLICATION {slot} FOR TABLE warga WHERE (id > 5)", "publication_part", "CREATE PUBLICATION"),
        ("CREATE PUBLICATION {slot} FOR TABLE warga (id)", "publication_part", "CREATE PUBLICATION"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_with_its_remedy(stage: WalStage, harm: str, code: str, word: str) -> None:
    if "ALTER COLUMN id DROP" in harm:
        harm = f"ALTER TABLE warga DROP CONSTRAINT warga_pkey; CREATE UNIQUE INDEX ON warga (id); {harm}"
    for statement in harm.format(slot=stage.slot).split("; "):
        stage.run_sql(statement)
    finding = check(stage)[code]
    assert word in finding.remedy_en
    assert finding.remedy_id
    if finding.level == "error":
        with pytest.raises(RefuseToStart, match=r"."):
            build(stage).run()


def test_a_role_without_rights_is_told_which_ones_it_lacks(stage: WalStage) -> None:
    role = f"r{os.urandom(4).hex()}"
    stage.run_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    variable = stage.contract.source.dsn.removeprefix("env:")
    os.environ[variable] = psycopg.conninfo.make_conninfo(stage.dsn, user=role, password="x")
    try:
        found = check(stage)
        assert {code for code, finding in found.items() if finding.level == "error"} == {
            "replication_right", "select_right", "publication",
        }  # fmt: skip
        stage.run_sql(f"ALTER ROLE {role} REPLICATION")
        stage.run_sql(f"GRANT SELECT ON warga TO {role}")
        stage.run_sql(f"CREATE PUBLICATION {stage.slot} FOR TABLE warga")
        assert {code: finding.level for code, finding in check(stage).items()} == READY
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        assert living(stage) == {1: "SATU"}
    finally:
        stage.run_sql(f"DROP OWNED BY {role}")
        stage.run_sql(f"DROP ROLE {role}")


def test_a_personal_key_is_refused_where_the_table_has_another(stage: WalStage) -> None:
    stage.run_sql("ALTER TABLE warga ADD nik text NOT NULL UNIQUE")
    table = stage.contract.table[0]
    mapped = {**table.map, "nik": table.map["name"].model_copy(update={"columns": ("nik",)})}
    personal = table.model_copy(update={"key": ("nik",), "surrogate_key": False, "map": mapped})
    stage.contract = stage.contract.model_copy(update={"table": (personal,)})
    assert "name id as the key" in check(stage)["personal_key"].remedy_en


def test_a_source_whose_legal_basis_ended_does_not_start(stage: WalStage) -> None:
    ended = stage.contract.source.model_copy(update={"expires": date(2020, 1, 1)})
    stage.contract = stage.contract.model_copy(update={"source": ended})
    assert check(stage)["expired"].level == "error"
    with pytest.raises(RefuseToStart, match="2020-01-01"):
        build(stage).run()


def test_a_server_that_is_away_is_a_finding(stage: WalStage) -> None:
    variable = stage.contract.source.dsn.removeprefix("env:")
    os.environ[variable] = "postgresql://x:y@127.0.0.1:1/z"
    assert check(stage)["reach"].level == "error"


@pytest.mark.parametrize("good", [True, False])
def test_the_command_prints_findings_in_two_languages_and_its_code_tells(
    stage: WalStage, tmp_path: Path, good: bool
) -> None:
    name = stage.contract.source.name
    (tmp_path / f"{name}.toml").write_text(CONTRACT.format(name=name, variable=name.upper()))
    if not good:
        stage.run_sql("ALTER TABLE warga REPLICA IDENTITY DEFAULT")
    environment = {**os.environ, "SATUDATA_SOURCES": str(tmp_path), "SATUDATA_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "hub", "check", name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == (0 if good else 1), done.stderr
    assert ("BAIK" in done.stdout) is good
    assert ("Jalankan: ALTER TABLE public.warga REPLICA IDENTITY FULL" in done.stdout) is not good


def test_a_position_lost_for_good_is_made_anew_above_every_epoch_in_raw(
    opd16_database: str, kafka: str, registry: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(MASTER)
    settings = Settings(kafka=kafka, registry=registry, home=tmp_path, secret_file=tmp_path / "secret")
    with staged(opd16_database, kafka, registry) as stage:
        stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
        run_to_rest(stage)
        old = max(unpack(version(m)).epoch for m in changes(stage))
        stage.wipe(f"position.{stage.contract.source.name}")
        with pytest.raises(RefuseToStart, match="--anew"):
            build(stage).run()
        stage.change(("delete", 1, ""))
        assert commands.begin_anew(settings, stage.contract) > old
        run_to_rest(stage)
        found = position(stage)
        assert found is not None
        assert found.epoch > old
        assert living(stage) == {2: "DUA"}


PARTITIONED = """
CREATE TABLE public.warga (id int PRIMARY KEY, nama text) PARTITION BY RANGE (id);
CREATE TABLE public.warga_a PARTITION OF warga FOR VALUES FROM (0) TO (1000);
ALTER TABLE public.warga REPLICA IDENTITY FULL
"""


def test_each_partition_must_log_whole_rows(opd16_database: str) -> None:
    with staged(opd16_database, ddl=PARTITIONED) as stage:
        assert "public.warga_a REPLICA IDENTITY FULL" in check(stage)["replica_identity"].remedy_en
        stage.run_sql("ALTER TABLE warga_a REPLICA IDENTITY FULL")
        assert {code: finding.level for code, finding in check(stage).items()} == READY


def test_a_foreign_partition_is_refused(opd16_database: str) -> None:
    with staged(opd16_database, ddl=PARTITIONED) as stage:
        stage.run_sql("ALTER TABLE warga_a REPLICA IDENTITY FULL")
        stage.run_sql("CREATE FOREIGN DATA WRAPPER lain")
        stage.run_sql("CREATE SERVER jauh FOREIGN DATA WRAPPER lain")
        stage.run_sql("CREATE FOREIGN TABLE luar (id int NOT NULL, nama text) SERVER jauh")
        stage.run_sql("ALTER TABLE warga DROP CONSTRAINT warga_pkey")
        stage.run_sql("ALTER TABLE warga ATTACH PARTITION luar FOR VALUES FROM (1000) TO (2000)")
        assert "detach" in check(stage)["partition_kind"].remedy_en


def test_a_publication_of_partitions_that_the_role_may_not_correct_is_refused(opd16_database: str) -> None:
    with staged(opd16_database, ddl=PARTITIONED) as stage:
        role = f"r{os.urandom(4).hex()}"
        stage.run_sql("ALTER TABLE warga_a REPLICA IDENTITY FULL")
        stage.run_sql(f"CREATE PUBLICATION {stage.slot} FOR TABLE warga")
        stage.run_sql(f"CREATE ROLE {role} LOGIN REPLICATION PASSWORD 'x'")
        stage.run_sql(f"GRANT SELECT ON warga TO {role}")
        stage.point_to(psycopg.conninfo.make_conninfo(stage.dsn, user=role, password="x"))
        try:
            found = check(stage)
            assert "publish_via_partition_root = true" in found["publication_root"].remedy_en
            assert "GRANT SELECT ON public.warga_a" in found["select_right"].remedy_en
        finally:
            stage.run_sql(f"DROP OWNED BY {role}")
            stage.run_sql(f"DROP ROLE {role}")


def test_failover_needs_a_server_that_knows_it_and_an_order(stage: WalStage, opd_database: str) -> None:
    stage.with_options(failover=True)
    assert check(stage)["failover"].level == "error"
    with staged(opd_database) as newer:
        newer.with_options(failover=True)
        assert "synchronized_standby_slots" in check(newer)["failover_order"].remedy_en


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"wal_budget": "2 gigas"}, "500MB"),
        ({"wal_action": "drop_slot"}, "wal_budget"),
        ({"wal_action": "panic"}, "wal_action"),
        ({"slots": "x"}, "wal_budget"),
    ],
)
def test_options_that_mean_nothing_are_named_with_what_is_known(
    stage: WalStage, options: dict[str, str], word: str
) -> None:
    stage.with_options(**options)
    assert word in check(stage)["contract"].what


def test_a_server_with_few_slots_and_senders_is_told_in_time(own_stage: WalStage, own_server: Postgres) -> None:
    for name in ("max_replication_slots", "max_wal_senders"):
        own_stage.run_sql(f"ALTER SYSTEM SET {name} = 1")
    own_server.stop()
    own_server.start()
    own_stage.reconnect()
    found = check(own_stage)
    assert found["slots_few"].level == found["senders_few"].level == "warning"
    own_stage.run_sql("SELECT pg_create_logical_replication_slot('penuh', 'pgoutput')")
    assert check(own_stage)["slots"].level == "error"
