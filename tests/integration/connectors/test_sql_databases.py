"""PostgreSQL and MariaDB read by SELECT: every type, roles that may only read, and lines that are cut or dead."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import sqlalchemy as sa

from connectors import preflight
from connectors.sql.engine import connect
from hub.platform.mariadb import MariaDB
from hub.wire.clock import SystemClock
from tests.services.mariadb import account, session
from tests.services.proxy import Proxy, proxied
from tests.suites.connector import ConnectorSuite
from tests.suites.sql import SqlStage, staged
from tests.suites.stage import at_rest, build, changes, living, run_to_rest, running, until

POSTGRES = """
CREATE TYPE suasana AS ENUM ('senang', 'sedih');
CREATE DOMAIN rupiah AS numeric(12, 2);
CREATE TABLE public.warga (
    id char(6) PRIMARY KEY, nama text, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric(8, 2), nv numeric,
    v varchar(9), d date, t time, tz timetz, ts timestamp, tstz timestamptz, u uuid, j json, jb jsonb, by bytea,
    e suasana, dr rupiah, ai int[], ip inet, titik point, lama interval, wajib text NOT NULL DEFAULT ''
)
"""
ORDINARY = """
INSERT INTO warga VALUES ('A1', 'SATU', true, -7, 9223372036854775807, 0.5, -1.5e300, 1234.5, -0.00012, 'a,b',
    '2026-11-24', '13:04:05.678901', '13:04:05.5+07', '2026-11-24 01:02:03.000007', '2026-11-24 08:02:03.25+07',
    'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{"a":  1}', '{"b": 2}', '\\x00ff', 'sedih', -10, '{1,NULL,-3}',
    '10.0.0.1', '(1,2)', '30 hours', 'ada')
"""
ODD = """
INSERT INTO warga (id, nama, d, ts, tstz, n, f8) VALUES
    ('A2', 'DUA', 'infinity', '0044-03-15 BC', '-infinity', 'NaN', 'NaN'), ('A3', NULL, NULL, NULL, NULL, NULL, NULL)
"""
EXPECTED: dict[str, Any] = {
    "id": "A1    ", "b": True, "i2": -7, "i8": 2**63 - 1, "f4": 0.5, "f8": -1.5e300, "n": (123450).to_bytes(3, "big"),
    "nv": {"scale": 5, "value": b"\xf4"}, "v": "a,b", "d": 20781, "t": 47045678901, "tz": "13:04:05.5+07",
    "ts": 1795482123000007, "tstz": "2026-11-24T01:02:03.25Z", "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "j": '{"a":  1}', "jb": '{"b": 2}', "by": b"\x00\xff", "e": "sedih",
    "dr": {"scale": 2, "value": (-1000).to_bytes(2, "big", signed=True)},
    "ai": [1, None, -3], "ip": "10.0.0.1", "titik": "(1,2)", "lama": "PT30H", "wajib": "ada",
}  # fmt: skip


def by_name(stage: SqlStage) -> dict[Any, dict[str, Any]]:
    rows = [stage.decode(message)["after"] for message in changes(stage)]
    return {row["nama"]: row for row in rows}


def test_each_type_of_postgresql_has_its_form_and_what_has_none_is_text(opd_database: str, tmp_path: Path) -> None:
    with staged(opd_database, "sql_diff", tmp_path, ddl=POSTGRES) as stage:
        stage.run_sql(ORDINARY.replace(":", "\\:"))
        stage.run_sql(ODD.replace(":", "\\:"))
        with running(build(stage)):
            until(lambda: len(changes(stage)) == 3)
        found = by_name(stage)
    assert {name: found["SATU"][name] for name in EXPECTED} == EXPECTED
    odd = {"d": "infinity", "ts": "0044-03-15 00:00:00 BC", "tstz": "-infinity", "n": "NaN", "f8": "nan"}
    assert {name: found["DUA"][name] for name in odd} == odd
    assert {k: v for k, v in found[None].items() if v is not None} == {"id": "A3    ", "wajib": ""}


def test_a_role_that_may_only_read_is_enough(opd_database: str, tmp_path: Path) -> None:
    with staged(opd_database, "sql_diff", tmp_path) as stage:
        parts = urlsplit(opd_database)
        role = f"baca_{os.urandom(4).hex()}"
        stage.run_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'sandi'")
        reached_by(stage, urlunsplit(parts._replace(netloc=f"{role}:sandi@{parts.netloc.rpartition('@')[2]}")))
        refused = preflight.check(stage.contract, SystemClock())
        assert [f.code for f in refused if f.level == "error"] == ["select_right"], refused
        stage.run_sql(f"GRANT SELECT ON warga TO {role}")
        stage.change(("insert", 1, "SATU"))
        assert not [f for f in preflight.check(stage.contract, SystemClock()) if f.level == "error"]
        run_to_rest(stage)
        stage.run_sql(f"DROP OWNED BY {role}")
        stage.run_sql(f"DROP ROLE {role}")


def test_nothing_is_written_even_with_the_owner_s_rights(opd_database: str, tmp_path: Path, mariadb: MariaDB) -> None:
    with staged(opd_database, "sql_diff", tmp_path) as stage:
        stage.change(("insert", 1, "SATU"))
        for url in (opd_database, f"sqlite:///{tmp_path}/opd.db", mariadb.endpoint):
            (tmp_path / "opd.db").touch()
            reached_by(stage, url)
            with (
                connect(stage.contract).connect() as connection,
                pytest.raises(sa.exc.DBAPIError, match=r"(?i)read.?only"),
            ):
                connection.exec_driver_sql("CREATE TABLE sisipan (id int)")


def test_a_view_can_be_read_and_a_padded_key_has_one_id(opd_database: str, tmp_path: Path) -> None:
    ddl = "CREATE TABLE asal (kode char(8), nama text); CREATE VIEW warga AS SELECT kode AS id, nama FROM asal"
    with staged(opd_database, "sql_diff", tmp_path, ddl=ddl) as stage:
        stage.run_sql("INSERT INTO asal VALUES ('AB', 'SATU')")
        with running(build(stage)):
            until(lambda: len(changes(stage)) == 1)
        stage.run_sql("DROP VIEW warga")
        stage.run_sql("ALTER TABLE asal ALTER COLUMN kode TYPE char(12)")
        stage.run_sql("UPDATE asal SET nama = 'DUA'")
        stage.run_sql("CREATE VIEW warga AS SELECT kode AS id, nama FROM asal")
        with running(build(stage)):
            until(lambda: len(changes(stage)) == 2)
        assert len({message.key for message in changes(stage)}) == 1


@pytest.fixture
def line(opd_database: str) -> Iterator[tuple[Proxy, str]]:
    """A line to the office that can be cut or frozen."""
    with proxied(opd_database) as (proxy, url):
        yield proxy, url


def reached_by(stage: SqlStage, url: str) -> None:
    os.environ[stage.contract.source.dsn.removeprefix("env:")] = url


@pytest.mark.parametrize("kind", ["sql_diff", "sql_poll"])
def test_a_line_that_is_cut_again_and_again_costs_no_row_and_a_pass_goes_on_where_it_was(
    opd_database: str, line: tuple[Proxy, str], tmp_path: Path, kind: str
) -> None:
    proxy, url = line
    with staged(opd_database, kind, tmp_path, page=50, rows_per_s=400) as stage:
        reached_by(stage, url)
        stage.run_sql("INSERT INTO warga SELECT n, 'AWAL ' || n, now() FROM generate_series(1, 1000) n")
        with running(build(stage)):
            for wanted in (100, 400, 700):
                until(lambda wanted=wanted: len(changes(stage)) >= wanted)
                proxy.cut()
            until(lambda: at_rest(stage))
        assert len(living(stage)) == 1000
        assert len(changes(stage)) < 1000 + 3 * 500


def test_a_dead_line_neither_blocks_the_runner_nor_its_end(
    opd_database: str, line: tuple[Proxy, str], tmp_path: Path
) -> None:
    proxy, url = line
    with staged(opd_database, "sql_diff", tmp_path, answer="2s") as stage:
        reached_by(stage, url)
        stage.change(("insert", 1, "SATU"))
        with running(build(stage)) as made:
            until(lambda: at_rest(stage))
            proxy.freeze()
            stage.change(("insert", 2, "DUA"))
            until(lambda: "no answer in 2 s" in made.trouble)
            proxy.thaw()
            until(lambda: at_rest(stage))
        with running(build(stage)) as again:
            until(lambda: again.reading)
            proxy.freeze()
            time.sleep(0.5)
        proxy.thaw()


MARIADB = """
CREATE TABLE pasien (
    no_rkm_medis varchar(15) PRIMARY KEY, nama varchar(40), no_ktp varchar(20), jk enum('L', 'P'), umur tinyint,
    aktif tinyint(1), besar bigint unsigned, uang decimal(12, 2), lahir date, jam time, ubah timestamp NULL,
    masuk datetime(6), tahun year, bendera bit(3), tanda set('a', 'b'), foto blob, catatan json
) DEFAULT CHARSET latin1
"""
PASIEN = """
INSERT INTO pasien VALUES ('000123', 'SITI AMINAH', '-', 'P', -5, 1, {besar}, -10.5, '{lahir}', '-838:59:59',
    '2026-11-24 08:00:00', '2026-11-24 08:00:00.000007', 2026, b'101', 'b,a', x'00ff', '{{"a": 1}}')
"""


@pytest.fixture
def simrs(mariadb: MariaDB, tmp_path: Path) -> Iterator[SqlStage]:
    """A hospital's patients, read with an account that may only read them."""
    with closing(session(mariadb.endpoint)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE DATABASE sik")
        cursor.execute("USE sik")
        cursor.execute(MARIADB)
    table = {"name": "sik.pasien", "entity": "person", "key": ["no_rkm_medis"],
             "map": {"name": {"from": "nama", "with": "name"}}}  # fmt: skip
    with (
        account(mariadb.endpoint, "SELECT ON sik.pasien") as url,
        staged(f"{url}sik", "sql_diff", tmp_path, ddl="") as stage,
    ):
        whole = stage.contract.model_dump(by_alias=True, mode="json") | {"table": [table]}
        stage.contract = stage.contract.model_validate(whole)
        yield stage


def test_a_hospital_s_patients_on_mariadb(simrs: SqlStage, mariadb: MariaDB) -> None:
    with closing(session(mariadb.endpoint, "sik")) as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+07:00', sql_mode = ''")
        cursor.execute(PASIEN.format(besar=7, lahir="1990-01-31"))
        cursor.execute(PASIEN.replace("000123", "000124").format(besar=2**64 - 1, lahir="0000-00-00"))
    assert not [f for f in preflight.check(simrs.contract, SystemClock()) if f.level == "error"]
    topic = f"raw.{simrs.contract.source.name}.sik.pasien"
    with running(build(simrs)):
        until(lambda: len([m for m in simrs.log.read(topic) if m.key]) == 2)
    found = {row["no_rkm_medis"]: row for row in (simrs.decode(m)["after"] for m in simrs.log.read(topic) if m.key)}
    assert found["000123"] == {
        "no_rkm_medis": "000123", "nama": "SITI AMINAH", "no_ktp": "-", "jk": "P", "umur": -5, "aktif": 1, "besar": 7,
        "uang": (-1050).to_bytes(2, "big", signed=True), "lahir": 7335, "jam": -3020399000000,
        "ubah": "2026-11-24T01:00:00Z", "masuk": 1795507200000007, "tahun": 2026, "bendera": 5, "tanda": "a,b",
        "foto": b"\0\xff", "catatan": '{"a": 1}',
    }  # fmt: skip
    assert (found["000124"]["besar"], found["000124"]["lahir"]) == ("18446744073709551615", "0000-00-00")


@pytest.mark.further
class TestSqlDiffOnMariaDB(ConnectorSuite):
    kind = "sql_diff"
    every_state = links_keys = sees_truncate = False

    @pytest.fixture
    def stage(self, mariadb: MariaDB, tmp_path: Path) -> Iterator[SqlStage]:
        with closing(session(mariadb.endpoint)) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE OR REPLACE DATABASE public")
        with staged(f"{mariadb.endpoint.rpartition('/')[0]}/public", self.kind, tmp_path) as stage:
            yield stage
