"""The check of a source says what is missing at the office's server, and how to mend it."""

import os

import pytest

from connectors import preflight
from connectors.protocol import Finding
from hub.platform.mariadb import MariaDB
from hub.wire.clock import SystemClock
from hub.wire.contract import Table
from hub.wire.errors import RefuseToStart
from tests.integration.connectors.binlog import BinlogStage, binlogged, reading
from tests.services.mariadb import account, serving
from tests.suites.stage import at_rest, build, contract_of, running, until

GRANTS = ("SELECT ON public.warga", "REPLICATION SLAVE, BINLOG MONITOR ON *.*")


def check(stage: BinlogStage) -> dict[str, Finding]:
    return {finding.code: finding for finding in preflight.check(stage.contract, SystemClock())}


def with_table(stage: BinlogStage, **changes: object) -> None:
    table: Table = stage.contract.table[0].model_copy(update=changes)
    stage.contract = stage.contract.model_copy(update={"table": (table,)})


def test_a_source_that_is_ready_has_nothing_to_mend(binlog: BinlogStage) -> None:
    assert set(check(binlog)) == {"reach"}
    assert check(binlog)["reach"].level == "ok"
    assert "11.4.5" in check(binlog)["reach"].what


def test_a_log_that_does_not_name_its_columns_is_only_a_warning(mariadb10: MariaDB) -> None:
    with binlogged(mariadb10.endpoint) as stage:
        found = check(stage)
    assert {code: finding.level for code, finding in found.items()} == {"reach": "ok", "row_metadata": "warning"}


@pytest.mark.parametrize(
    ("harm", "code", "word"),
    [
        ("ALTER TABLE warga DROP PRIMARY KEY", "key", "unique index"),
        ("ALTER TABLE warga DROP PRIMARY KEY, MODIFY id int NULL, ADD UNIQUE (id)", "key", "unique index"),
        ("ALTER TABLE warga CHANGE nama nama_lengkap text", "missing_column", "column's name"),
        ("ALTER TABLE warga ADD `No. KK` text", "column_name", "rename"),
        ("ALTER TABLE warga ADD umur int", "drift", "map or ignore"),
        ("ALTER TABLE warga ENGINE = MyISAM", "engine", "InnoDB"),
        ("ALTER TABLE warga MODIFY id enum('1','2')", "key_type", "numeric"),
        ("DROP TABLE warga", "no_table", "GRANT SELECT"),
        ("DROP TABLE warga; CREATE VIEW warga AS SELECT 1 AS id, '' AS nama", "table_kind", "ordinary table"),
        ("CREATE TABLE induk (id int PRIMARY KEY);"
         "ALTER TABLE warga ADD FOREIGN KEY (id) REFERENCES induk (id) ON DELETE CASCADE",
         "cascade_delete", "statement"),
        ("CREATE TABLE induk (id int PRIMARY KEY);"
         "ALTER TABLE warga ADD FOREIGN KEY (id) REFERENCES induk (id) ON UPDATE CASCADE",
         "cascade_update", "snapshot"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_found_with_its_remedy(
    binlog: BinlogStage, harm: str, code: str, word: str
) -> None:
    for statement in harm.split(";"):
        binlog.run_sql(statement)
    found = check(binlog)
    assert word in found[code].remedy_en
    assert found[code].remedy_id
    if found[code].level == "error":
        with pytest.raises(RefuseToStart, match=word):
            build(binlog).run()


@pytest.mark.parametrize(
    ("settings", "code", "word"),
    [
        ({"skip_log_bin": ""}, "log_bin", "log_bin"),
        ({"binlog_format": "MIXED"}, "binlog_format", "SET GLOBAL binlog_format = ROW"),
        ({"binlog_row_image": "MINIMAL"}, "binlog_row_image", "SET GLOBAL binlog_row_image = FULL"),
        ({"binlog_expire_logs_seconds": "3600"}, "retention", "binlog_expire_logs_seconds = 604800"),
        ({"binlog_do_db": "lain"}, "not_logged", "binlog_do_db"),
        ({"binlog_ignore_db": "public"}, "not_logged", "binlog_ignore_db"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_with_a_server_is_found_with_its_remedy(settings: dict[str, str], code: str, word: str) -> None:
    with serving("opd", **settings) as server, binlogged(server.endpoint) as stage:
        assert word in check(stage)[code].remedy_en


def test_an_account_needs_three_rights_and_no_more(binlog: BinlogStage) -> None:
    with account(binlog.url, *GRANTS) as url:
        binlog.reach_by(url)
        assert set(check(binlog)) == {"reach"}
        binlog.change(("insert", 1, "SATU"))
        for _ in range(2):
            with running(build(binlog)):
                until(lambda: reading(binlog) and at_rest(binlog))
                binlog.change(("update", 1, f"GANTI {_}"))
                until(lambda: at_rest(binlog))


@pytest.mark.parametrize(
    ("missing", "code", "grant"),
    [
        (GRANTS[1:], "no_table", "GRANT SELECT ON `public`.`warga`"),
        ((GRANTS[0], "BINLOG MONITOR ON *.*"), "replication_right", "GRANT REPLICATION SLAVE ON *.* TO '"),
        ((GRANTS[0], "REPLICATION SLAVE ON *.*"), "status_right", "GRANT BINLOG MONITOR ON *.* TO '"),
    ],
)
def test_a_missing_right_is_found_with_its_grant(
    binlog: BinlogStage, missing: tuple[str, ...], code: str, grant: str
) -> None:
    with account(binlog.url, *missing) as url:
        binlog.reach_by(url)
        assert grant in check(binlog)[code].remedy_en


def test_a_personal_number_is_no_key_where_there_is_another(mariadb: MariaDB) -> None:
    ddl = "CREATE TABLE warga (id int PRIMARY KEY, nama text, nik varchar(16) NOT NULL UNIQUE)"
    with binlogged(mariadb.endpoint, ddl=ddl) as stage:
        nik = stage.contract.table[0].map["name"].model_copy(update={"columns": ("nik",)})
        with_table(stage, key=("nik",), surrogate_key=False, map={**stage.contract.table[0].map, "nik": nik})
        assert "id" in check(stage)["personal_key"].remedy_en


def test_clocks_that_differ_are_a_warning(binlog: BinlogStage, monkeypatch: pytest.MonkeyPatch) -> None:
    now = SystemClock().now_us()
    monkeypatch.setattr(SystemClock, "now_us", lambda _: now - 60_000_000)
    assert "NTP" in check(binlog)["clock"].remedy_en


def test_a_table_without_its_database_is_explained(binlog: BinlogStage) -> None:
    with_table(binlog, name="warga")
    assert "<database>.<table>" in check(binlog)["no_table"].remedy_en


@pytest.mark.parametrize(
    ("dsn", "word"),
    [
        ("postgresql://a:b@host/db", "form"),
        ("mysql://host/db", "account and host"),
        ("mysql://a:b@host/?tls=perhaps", "off, prefer, require or verify"),
        ("mysql://a:b@host/?ssl=1", "form"),
    ],
)
def test_a_connection_string_of_another_form_is_explained(dsn: str, word: str) -> None:
    contract = contract_of("salah", "mysql_binlog")
    os.environ["SALAH_DSN"] = dsn
    (found,) = preflight.check(contract, SystemClock())
    assert word in found.what
    assert "a:b" not in found.what


def test_unknown_options_are_named(binlog: BinlogStage) -> None:
    binlog.contract = contract_of(binlog.contract.source.name, "mysql_binlog", slot="x", chunk_rows=1)
    (found,) = preflight.check(binlog.contract, SystemClock())
    assert "options.slot" in found.what
    assert "options.chunk_rows" in found.what
    assert "on_lost" in found.what


def test_a_server_that_is_away_is_a_finding(binlog: BinlogStage) -> None:
    binlog.reach_by("mysql://satudata:x@127.0.0.1:9/")
    assert "network" in check(binlog)["reach"].remedy_en
