"""Drafts from real databases of the demo's shapes: what is likely is found, what misleads is not believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from typing import Any

import psycopg
import pytest
from psycopg import sql

from connectors.discover.command import drafted
from hub.clean.mapping import TableMap
from hub.clean.rules import Origin, clean_row
from hub.demo.rows import SYSTEMS
from hub.demo.systems import World
from hub.platform.mariadb import MariaDB
from hub.wire import contract
from hub.wire.clock import TestClock
from hub.wire.contract import Contract
from hub.wire.errors import Quarantine, TryAgain
from hub.wire.version import LOWEST
from tests.services.fixtures import fresh_database
from tests.services.mariadb import account, session
from tests.unit.connectors.discover.drafts import BORN, NAMES, NIKS, filled

ROWS = 300
NOW_US = 1_795_478_400_000_000
"""24 November 2026."""
ROLE = "pembaca_uji"


@pytest.fixture(scope="module")
def world() -> World:
    return World(400, 7)


def ddl(name: str) -> str:
    return (resources.files("hub.demo") / "systems" / f"{name}.sql").read_text(encoding="utf-8")


def draft(dsn: str, name: str | None = None) -> str:
    return drafted(dsn, rows=ROWS, name=name, clock=TestClock(NOW_US))


def fill(dsn: str, world: World, source: str) -> list[dict[str, Any]]:
    """Make an office's system and return its rows."""
    rows = [world.row(entry) for entry in world.entries[source]]
    columns = list(rows[0])
    insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(*SYSTEMS[source].table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(map(sql.Placeholder, columns)),
    )  # fmt: skip
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(ddl(source).encode())
        cursor.executemany(insert, rows)
    return rows


@pytest.mark.parametrize("source", SYSTEMS)
def test_a_draft_maps_what_the_contract_written_by_hand_maps(opd_database: str, world: World, source: str) -> None:
    rows = fill(opd_database, world, source)
    text = draft(opd_database, source)
    made, shipped = filled(text), contract.load(contract.SHIPPED / f"{source}.toml")
    (table,), (wanted,) = made.table, shipped.table
    assert (made.source.kind, table.name, table.key) == ("postgres_wal", wanted.name, wanted.key)
    assert {name: field.columns for name, field in table.map.items()} == {
        name: field.columns for name, field in wanted.map.items()
    }
    assert table.map["region"].system == wanted.map["region"].system
    typed_by_hand = {"l_p": {"L": "male", "P": "female"}} if source == "dinsos" else {}  # nobody mistyped yet
    assert table.lookups == {**wanted.lookups, **typed_by_hand}
    assert table.deleted_when == wanted.deleted_when
    assert ("most of its people are children" in text) == (source == "dapodik")
    for row in rows:
        told = [str(row[column]) for target in ("nik", "kk", "phone") if target in table.map
                for column in table.map[target].columns if row.get(column)]  # fmt: skip
        assert not [value for value in told if len(value) > 4 and value in text]


@pytest.mark.parametrize("source", SYSTEMS)
def test_clean_takes_the_rows_by_the_draft(opd_database: str, world: World, source: str) -> None:
    rows = fill(opd_database, world, source)
    (table,) = filled(draft(opd_database, source)).table
    mapping, refused = TableMap(table), list[str]()
    with psycopg.connect(opd_database, row_factory=psycopg.rows.dict_row) as connection:
        found = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(*table.name.split("."))))
        for row in found:
            try:
                person = clean_row(mapping, row, Origin(source, table.name, bytes(16), LOWEST))
            except Quarantine as why:
                refused.append(f"{why.code} {why.field}")
            else:
                assert person.deleted or person.name
    assert refused == []
    assert len(rows) > 30


def reader(server: str, dsn: str, rights: str) -> str:
    """Return the address of a role that has these rights in a database and no other."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {ROLE}")
        connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'geheim'")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(rights.format(role=ROLE).encode())
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    return f"postgresql://{ROLE}:geheim@{parts['host']}:{parts['port']}/{parts['dbname']}"


@pytest.fixture
def server(platform: Any) -> str:
    return str(platform.services["database"].endpoint)


def test_a_role_that_may_only_read_is_offered_what_it_can_do(server: str, opd_database: str, world: World) -> None:
    fill(opd_database, world, "dapodik")
    dsn = reader(server, opd_database, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    try:
        text = draft(dsn)
        made = filled(text)
        assert made.source.kind == "sql_poll"
        assert made.options == {"watermark": {"public.peserta_didik": "last_update"}}
        assert "postgres_wal would be better, but this role may not replicate" in text
        assert "geheim" not in text
    finally:
        forget(server, opd_database)


def test_a_table_that_may_not_be_read_is_proposed_by_its_names(server: str, opd_database: str, world: World) -> None:
    fill(opd_database, world, "dukcapil")
    dsn = reader(server, opd_database, "GRANT USAGE ON SCHEMA public TO {role}")
    try:
        text = draft(dsn)
        (table,) = filled(text).table
        assert "its values were not looked at: InsufficientPrivilege" in text
        assert {"name", "birth_date", "mother"} <= set(table.map)
        assert not {"nik", "kk", "region"} & set(table.map)
        assert "there are no values to look at" in text
    finally:
        forget(server, opd_database)


def forget(server: str, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {ROLE}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def simrs(mariadb: MariaDB) -> Iterator[str]:
    """A hospital's and a village's tables in one database."""
    with closing(session(mariadb.endpoint)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE DATABASE simrs")
        cursor.execute("USE simrs")
        for name in ("rsud", "desa"):
            for statement in ddl(name).split(";"):
                cursor.execute(statement)
        for number, (nik, name, born) in enumerate(zip(NIKS, NAMES, BORN, strict=True), 1):
            cursor.execute(
                "INSERT INTO pasien (no_rkm_medis, nm_pasien, no_ktp, jk, tgl_lahir, nm_ibu, stts_nikah) "
                "VALUES (%s, %s, %s, %s, %s, 'RATNA', %s)",
                [f"{number:06d}", name, "-" if number > 6 else nik, "LP"[number % 2], born,
                 ("MENIKAH", "JANDA", "JOMBLO")[number % 3]],
            )  # fmt: skip
            cursor.execute(
                "INSERT INTO pegawai (nik, nama, no_ktp) VALUES (%s, %s, %s)", [f"198001{number}", name, nik]
            )
            cursor.execute("INSERT INTO tweb_keluarga (no_kk, nik_kepala) VALUES (%s, %s)", [NIKS[0], str(number)])
            cursor.execute(
                "INSERT INTO tweb_penduduk (id, nama, nik, id_kk, sex, tanggallahir, status_kawin, nama_ibu) "
                "VALUES (%s, %s, %s, 1, %s, %s, %s, 'RATNA')",
                [number, name, nik, 1 + number % 2, born, 1 + number % 4],
            )
        yield f"{mariadb.endpoint.rpartition('/')[0]}/simrs"
        cursor.execute("DROP DATABASE simrs")


def mapped(made: Contract, table: str) -> dict[str, str]:
    return {name: field.columns[0] for name, field in made.table_named(table).map.items()}


def test_a_hospital_and_a_village_on_mariadb(simrs: str) -> None:
    text = draft(simrs)
    made = filled(text)
    assert (made.source.name, made.source.kind) == ("simrs", "mysql_binlog")
    assert [table.name for table in made.table] == ["simrs.pasien", "simrs.pegawai", "simrs.tweb_penduduk"]
    assert mapped(made, "simrs.pasien")["nik"] == "no_ktp"
    assert mapped(made, "simrs.pegawai") == {"nik": "no_ktp", "name": "nama"}
    assert mapped(made, "simrs.tweb_penduduk") == {
        "nik": "nik", "name": "nama", "mother": "nama_ibu", "birth_date": "tanggallahir", "sex": "sex",
        "marital": "status_kawin", "birth_place": "tempatlahir", "phone": "telepon", "street": "alamat",
    }  # fmt: skip
    village = made.table_named("simrs.tweb_penduduk")
    assert village.lookups["sex"] == {"1": "male", "2": "female"}
    assert village.lookups["status_kawin"] == {"1": "single", "2": "married", "3": "divorced", "4": "widowed"}
    assert "not sure: none of its values is known to mean vital" in text
    assert '# "JOMBLO" = ""  # ISI' in text
    assert "#   simrs.tweb_keluarga: 3 columns" in text
    for table in made.table:
        assert TableMap(table)


def test_an_account_that_may_only_read_mariadb(simrs: str, mariadb: MariaDB) -> None:
    with account(mariadb.endpoint, "SELECT ON simrs.*") as url:
        text, all_that_it_sees = draft(f"{url}simrs"), draft(url)
    assert "simrs.tweb_penduduk" in all_that_it_sees
    made = filled(text)
    assert made.source.kind == "sql_diff"
    assert "mysql_binlog would be better, but this role may not replicate" in text
    assert "simrs.tweb_penduduk could be polled" in text


def test_a_server_that_is_no_longer_there(server: str) -> None:
    with fresh_database(server, "opd") as url:
        pass
    with pytest.raises(TryAgain, match="cannot be read"):
        draft(url)
