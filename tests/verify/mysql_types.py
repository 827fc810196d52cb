"""`make verify-mysql`: the types that MariaDB and MySQL share, and MySQL's own, from a real MySQL's log and SELECT."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pymysql
import pytest

from connectors.kinds.mysql_binlog.columns import CATALOGUE, COLLATIONS, from_catalogue
from hub.wire.avro import MemoryRegistry
from tests.integration.connectors import parity
from tests.integration.connectors.test_mysql_types import KINDS, decoded, plan, streamed
from tests.services.mariadb import session
from tests.services.mysql import MySQL, serving_mysql

NOT_MYSQL_S = {"uuid", "inet4", "inet6", "text compressed", "varchar(200) compressed"}
OTHERWISE = {"json", "geometry", "point"}
"""What MySQL itself keeps otherwise: JSON in its own spelling, shapes of SRID 4326 with latitude first."""
OWN = [
    ("own_json", "json", [
        "'{\"b\": 1.5, \"a\": [null, true, \"x\"]}'", "'[1, -2, 18446744073709551615, 1e300]'", "'\"teks\"'",
        "CAST(DATE'2024-02-29' AS JSON)", "JSON_OBJECT('t', CAST('01:02:03.5' AS TIME), 'd', 1.20)",
    ]),
    ("own_vector", "vector(3)", ["TO_VECTOR('[1, 2.5, -3]')", "TO_VECTOR('[0, 0, 0]')"]),
    ("own_point", "point SRID 4326", ["ST_GeomFromText('POINT(1 2)', 4326)"]),
    ("own_latin", "varchar(20) CHARACTER SET latin1", ["'\u00e9tage'", "''"]),
    ("own_utf16", "varchar(20) CHARACTER SET utf16", ["'\u00e9\U0001f600'"]),
]  # fmt: skip


@pytest.fixture
def server() -> Iterator[MySQL]:
    with serving_mysql("uji") as made, session(made.endpoint) as sql, sql.cursor() as cursor:
        cursor.execute("CREATE DATABASE uji")
        yield made


def accepted(cursor: Any) -> list[Any]:
    """Return the kinds of MariaDB's list whose columns and values MySQL takes."""
    found = []
    for kind in KINDS:
        with suppress(pymysql.err.MySQLError):
            cursor.execute(f"CREATE TABLE coba (x {kind.sql})")
            for text, _ in kind.values:
                cursor.execute(f"INSERT INTO coba VALUES ({text})")
            found.append(kind)
        cursor.execute("DROP TABLE IF EXISTS coba")
    return found


@pytest.mark.parametrize("metadata", ["FULL", "MINIMAL"])
def test_log_and_select_give_equal_bytes_and_debezium_s_values(
    server: MySQL, metadata: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = MemoryRegistry()
    with session(server.endpoint, "uji") as sql, sql.cursor() as cursor:
        cursor.execute("SET sql_mode = '', time_zone = '+00:00'")
        kinds = accepted(cursor)
        refused = {kind.sql for kind in KINDS} - {kind.sql for kind in kinds}
        assert refused == NOT_MYSQL_S
        columns = ", ".join([*(f"{kind.column} {kind.sql}" for kind in kinds), *(f"{n} {t}" for n, t, _ in OWN)])
        cursor.execute(f"SET GLOBAL binlog_row_metadata = {metadata}")
        cursor.execute(f"CREATE TABLE warga (id INT NOT NULL PRIMARY KEY, {columns}) CHARACTER SET utf8mb4")
        cursor.execute("RESET BINARY LOGS AND GTIDS")
        rows = max([*(len(kind.values) for kind in kinds), *(len(values) for _, _, values in OWN)]) + 1
        for row in range(rows):
            cells = {kind.column: kind.values[row][0] for kind in kinds if row < len(kind.values)}
            cells |= {name: values[row] for name, _, values in OWN if row < len(values)}
            texts = ", ".join([str(row), *cells.values()])
            cursor.execute(f"INSERT INTO warga ({', '.join(['id', *cells])}) VALUES ({texts})")
        cursor.execute(COLLATIONS)
        charsets = dict(cursor.fetchall())
        cursor.execute(CATALOGUE, ("uji", "warga"))
        catalogue = from_catalogue([list(row) for row in cursor.fetchall()])
        cursor.execute("FLUSH BINARY LOGS")
    reader = plan(registry, catalogue)
    with session(server.endpoint, "uji") as sql, sql.cursor() as cursor:
        sql.decoders, sql.use_unicode = {}, False
        cursor.execute("SET NAMES utf8mb4, sql_mode = '', time_zone = '+00:00'")
        cursor.execute(f"SELECT {', '.join(reader.select)} FROM warga ORDER BY id")
        read = [reader.read(row) for row in cursor.fetchall()]
    stream = streamed(server, registry, catalogue, charsets)  # type: ignore[arg-type]
    different: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for row, (one, other) in enumerate(zip(stream, read, strict=True)):
        _, from_log = decoded(registry, one)
        _, from_select = decoded(registry, other)
        different |= {
            n: (from_log[n], from_select[n]) for n in from_log if not parity.same(from_log[n], from_select[n])
        }
        for kind in kinds:
            wanted = kind.values[row][1] if row < len(kind.values) else None
            if not parity.same(from_log[kind.column], wanted):
                wrong[kind.sql] = (from_log[kind.column], wanted)
    assert different == {}
    assert [one.beginning for one in stream] == [one.beginning for one in read]
    assert set(wrong) <= OTHERWISE, wrong
