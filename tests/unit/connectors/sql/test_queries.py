"""The statements, as each database's dialect writes them."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy_firebird.firebird import FBDialect_firebird

from connectors.sql.catalog import Column
from connectors.sql.queries import Asked, Queries
from connectors.sql.types import form

COLUMNS = [
    Column(name, kind, nullable, form(kind, "mysql"))
    for name, kind, nullable in (
        ("program", sa.String(), False), ("no", sa.Integer(), False), ("level", sa.String(), True),
    )
]  # fmt: skip
DIALECTS: dict[str, Any] = {
    "oracle": oracle.dialect(), "mssql": mssql.dialect(), "mysql": mysql.dialect(),
    "postgresql": postgresql.dialect(), "sqlite": sqlite.dialect(), "firebird": FBDialect_firebird(),
}  # fmt: skip


def old_oracle() -> Any:
    """Return the dialect as it is once connected to Oracle 11g."""
    dialect: Any = oracle.dialect()
    dialect.server_version_info, dialect._supports_offset_fetch = (11, 2), False
    return dialect


def written(asked: Asked, dialect: Any) -> str:
    options = {"render_postcompile": True}
    return " ".join(str(asked[0].params(asked[1]).compile(dialect=dialect, compile_kwargs=options)).split())


def queries(name: str, **more: Any) -> Queries:
    return Queries("sik.penerima", COLUMNS, ["program", "no"], name, **more)


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("oracle", 'SELECT sik.penerima.program, sik.penerima.no, sik.penerima."level" FROM sik.penerima '
         "WHERE sik.penerima.program >= :k0 AND (sik.penerima.program > :k0 OR sik.penerima.program = :k0 AND "
         "sik.penerima.no > :k1) ORDER BY sik.penerima.program, sik.penerima.no FETCH FIRST 500 ROWS ONLY"),
        ("mssql", "SELECT TOP 500 sik.penerima.program, sik.penerima.no, sik.penerima.level FROM sik.penerima "
         "WHERE sik.penerima.program >= :k0 AND (sik.penerima.program > :k0 OR sik.penerima.program = :k0 AND "
         "sik.penerima.no > :k1) ORDER BY sik.penerima.program, sik.penerima.no"),
        ("mysql", "SELECT sik.penerima.program, sik.penerima.no, sik.penerima.level FROM sik.penerima "
         "WHERE sik.penerima.program >= %s AND (sik.penerima.program > %s OR sik.penerima.program = %s AND "
         "sik.penerima.no > %s) ORDER BY sik.penerima.program, sik.penerima.no LIMIT %s"),
        ("firebird", "SELECT penerima.program, penerima.no, penerima.level FROM penerima WHERE penerima.program >= :k0 "
         "AND (penerima.program > :k0 OR penerima.program = :k0 AND penerima.no > :k1) "
         "ORDER BY penerima.program, penerima.no ROWS 1 TO CAST(:param_1 AS INTEGER)"),
        ("sqlite", "SELECT penerima.program, penerima.no, penerima.level FROM penerima WHERE penerima.program >= ? AND "
         "(penerima.program > ? OR penerima.program = ? AND penerima.no > ?) "
         "ORDER BY penerima.program, penerima.no LIMIT ? OFFSET ?"),
    ],
)  # fmt: skip
def test_a_page_begins_after_a_key_and_is_bounded_in_the_dialect_s_own_words(name: str, statement: str) -> None:
    assert written(queries(name).page(("PKH", 7), 500), DIALECTS[name]) == statement


def test_oracle_11_counts_rows_around_the_ordered_ones() -> None:
    said = written(queries("oracle").page(None, 500), old_oracle())
    assert "ORDER BY sik.penerima.program, sik.penerima.no) anon_1 WHERE ROWNUM <= 500" in said


@pytest.mark.parametrize("name", DIALECTS)
def test_what_is_new_is_found_by_watermark_and_key_together(name: str) -> None:
    asked = queries(name, watermarks=["diubah"]).since("diubah", "lama", ("baru", "PKH", 7), 10)
    assert asked[1] == {"k0": "baru", "k1": "PKH", "k2": 7}
    said = written(asked, DIALECTS[name])
    order = said[said.index("ORDER BY") :].removeprefix("ORDER BY ")
    assert [part.rpartition(".")[2].split()[0] for part in order.split(", ")][:3] == ["diubah", "program", "no"]
    assert said.count("diubah") == 6


@pytest.mark.parametrize("name", DIALECTS)
def test_a_value_is_bound_without_a_type_so_that_the_column_s_own_decides(name: str) -> None:
    said = written(queries(name, watermarks=["diubah"]).since("diubah", "2026-11-24", None, 10), DIALECTS[name])
    assert "CAST(:low" not in said
    assert "::VARCHAR" not in said


def test_a_key_that_may_be_null_is_asked_for_where_it_is_not() -> None:
    asked = Queries("t", COLUMNS, ["level"], "sqlite").keys(None, 10)
    assert "WHERE t.level IS NOT NULL" in written(asked, DIALECTS["sqlite"])
    counted = Queries("t", COLUMNS, ["level"], "sqlite").without_key()
    assert "WHERE t.level IS NULL" in written(counted, DIALECTS["sqlite"])


def test_a_condition_stands_as_it_was_written_with_colons_and_percent_signs() -> None:
    said = written(queries("sqlite").where("nama LIKE 'A:b%' AND no > 3", ("PKH", 7), 10), DIALECTS["sqlite"])
    assert "(nama LIKE 'A:b%' AND no > 3)" in said
    assert "LIKE 'A:b%%'" in written(queries("mysql").where("nama LIKE 'A:b%'", None, 10), DIALECTS["mysql"])


def test_rows_are_asked_for_by_whole_keys() -> None:
    asked = queries("postgresql").some([("PKH", 1), ("BPNT", 2)])
    assert asked[1] == {"k0_0": "PKH", "k0_1": 1, "k1_0": "BPNT", "k1_1": 2}
    assert written(asked, DIALECTS["postgresql"]).count(" OR ") == 1


def test_names_that_are_words_of_the_language_are_quoted() -> None:
    columns = [Column("order", sa.Integer(), False, form(sa.Integer(), "x")),
               Column("Nama", sa.String(), True, form(sa.String(), "x"))]  # fmt: skip
    said = {
        name: written(Queries("order", columns, ["order"], name).page(None, 1), DIALECTS[name]) for name in DIALECTS
    }
    assert '"order"."order", "order"."Nama"' in said["postgresql"]
    assert "[order].[order], [order].[Nama]" in said["mssql"]
    assert "`order`.`order`, `order`.`Nama`" in said["mysql"]


def test_what_postgresql_has_no_type_for_is_written_as_text_by_the_server() -> None:
    columns = [*COLUMNS, Column("titik", sa.types.NullType(), True, form(sa.types.NullType(), "postgresql"))]
    said = written(Queries("t", columns, ["no"], "postgresql").page(None, 1), DIALECTS["postgresql"])
    assert "CAST(t.titik AS TEXT) AS titik" in said
