"""`make verify-mysql`: the binlog kind on a real MySQL, which `make test` cannot rely on having.

Its name is not one that pytest collects by itself; the pages of the kind say which version was seen to pass.
"""

from collections.abc import Iterator

import pytest

from connectors import preflight
from hub.wire.clock import SystemClock
from hub.wire.version import unpack
from tests.integration.connectors.binlog import DATABASE, WARGA, BinlogStage, busy, epoch, reading
from tests.services.mariadb import account, session
from tests.services.mysql import MySQL, serving_mysql
from tests.suites.connector import ConnectorSuite
from tests.suites.stage import (
    TABLE,
    at_rest,
    build,
    changes,
    living,
    notices,
    run_to_rest,
    running,
    state,
    until,
    version,
)


class MysqlStage(BinlogStage):
    """The stage in MySQL's words."""

    def make_database(self) -> None:
        self.run_sql(f"DROP DATABASE IF EXISTS {DATABASE}")
        self.run_sql(f"CREATE DATABASE {DATABASE}")

    def log_end(self) -> str:
        return str(self.run_sql("SHOW BINARY LOG STATUS")[0][0])


@pytest.fixture(scope="session")
def mysql() -> Iterator[MySQL]:
    with serving_mysql("opd") as server:
        yield server


@pytest.fixture(scope="session")
def mysql_plain() -> Iterator[MySQL]:
    """Without ids of transactions, without names in the log, as an old server at its defaults."""
    with serving_mysql("opd", gtid_mode="OFF", enforce_gtid_consistency="OFF", binlog_row_metadata="MINIMAL") as server:
        yield server


@pytest.fixture(scope="session")
def mysql_packed() -> Iterator[MySQL]:
    with serving_mysql("opd", binlog_transaction_compression="ON") as server:
        yield server


def stage_on(server: MySQL, ddl: str = WARGA, **options: object) -> MysqlStage:
    return MysqlStage(server.endpoint, None, None, ddl, options)


class TestMySQL(ConnectorSuite):
    kind = "mysql_binlog"

    @pytest.fixture
    def stage(self, mysql: MySQL) -> Iterator[MysqlStage]:
        stage = stage_on(mysql)
        yield stage
        stage.close()


class TestMySQLWithoutGtid(ConnectorSuite):
    kind = "mysql_binlog"

    @pytest.fixture
    def stage(self, mysql_plain: MySQL) -> Iterator[MysqlStage]:
        stage = stage_on(mysql_plain)
        yield stage
        stage.close()


class TestMySQLCompressed(ConnectorSuite):
    kind = "mysql_binlog"

    @pytest.fixture
    def stage(self, mysql_packed: MySQL) -> Iterator[MysqlStage]:
        stage = stage_on(mysql_packed)
        yield stage
        stage.close()


def test_it_is_ready_and_told_so(mysql: MySQL) -> None:
    stage = stage_on(mysql)
    (found,) = preflight.check(stage.contract, SystemClock())
    assert found.level == "ok"
    stage.close()


@pytest.mark.parametrize(
    ("server", "rights"),
    [
        ("mysql", "REPLICATION SLAVE, REPLICATION CLIENT"),
        ("mysql_plain", "REPLICATION SLAVE, REPLICATION CLIENT, RELOAD"),
    ],
)
def test_an_account_needs_these_rights_and_no_more(server: str, rights: str, request: pytest.FixtureRequest) -> None:
    stage = stage_on(request.getfixturevalue(server))
    with account(stage.url, "SELECT ON public.*", f"{rights} ON *.*") as url:
        stage.reach_by(url)
        assert not [f.what for f in preflight.check(stage.contract, SystemClock()) if f.level == "error"]
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
    with account(stage.url, "SELECT ON public.*", f"{rights.rpartition(', ')[0]} ON *.*") as url:
        stage.reach_by(url)
        (found,) = [f for f in preflight.check(stage.contract, SystemClock()) if f.level == "error"]
        assert f"GRANT {rights.rpartition(', ')[2]} ON *.* TO" in found.remedy_en
    stage.close()


@pytest.mark.parametrize("server", ["mysql", "mysql_plain"])
def test_chunks_and_writes_at_once_lose_nothing(server: str, request: pytest.FixtureRequest) -> None:
    stage = stage_on(request.getfixturevalue(server), chunk_rows=500)
    stage.run_sql("SET SESSION cte_max_recursion_depth = 100000")
    stage.run_sql("INSERT INTO warga WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 8000) "
                  "SELECT n + 2000000, CONCAT('AWAL ', n) FROM s")  # fmt: skip
    with busy(stage), running(build(stage)):
        until(lambda: reading(stage))
    run_to_rest(stage)
    assert len(living(stage)) > 8000
    assert {unpack(version(m)).epoch for m in changes(stage)} == {epoch(stage)}
    stage.close()


@pytest.mark.parametrize("server", ["mysql", "mysql_plain"])
def test_a_pending_commit_is_not_lost(server: str, request: pytest.FixtureRequest) -> None:
    stage = stage_on(request.getfixturevalue(server))
    stage.change(("insert", 1, "SATU"))
    with session(stage.url, DATABASE) as pending, pending.cursor() as cursor:
        pending.begin()
        cursor.execute("INSERT INTO warga VALUES (2, 'TERTUNDA')")
        with running(build(stage)):
            until(lambda: reading(stage))
            pending.commit()
            until(lambda: living(stage) == {1: "SATU", 2: "TERTUNDA"})
    stage.close()


def test_a_fingerprint_is_exact(mysql: MySQL) -> None:
    stage = stage_on(mysql)
    stage.change(*[("insert", n, f"AWAL {n}") for n in range(100)])
    made = build(stage)
    with running(made):
        until(lambda: reading(stage) and at_rest(stage))
        taken = made._connector.fingerprint(TABLE)  # type: ignore[attr-defined]
        assert sum(taken.count) == 100
        stage.change(("update", 1, "GANTI"))
        assert made._connector.fingerprint(TABLE).version > taken.version  # type: ignore[attr-defined]
    stage.close()


def test_structure_changes_and_ids_are_followed(mysql: MySQL) -> None:
    stage = stage_on(mysql)
    with running(build(stage)):
        until(lambda: reading(stage))
        stage.run_sql("ALTER TABLE warga ADD COLUMN umur int")
        stage.run_sql("INSERT INTO warga VALUES (1, 'SATU', 30)")
        stage.run_sql("CREATE TABLE baru LIKE warga")
        stage.run_sql("INSERT INTO baru VALUES (9, 'BARU', 1)")
        stage.run_sql("RENAME TABLE warga TO lama, baru TO warga")
        until(lambda: living(stage) == {9: "BARU"})
    assert any(notice.detail["reason"] == "table_replaced" for notice in notices(stage, "table_read_again"))
    uuid = stage.run_sql("SELECT @@server_uuid")[0][0]
    assert state(stage)["binlog:gtid"].startswith(f"{uuid}:1-")
    stage.close()
