"""Columns: from the catalogue's words, from the log, and what does not fit."""

import json

import pytest

from connectors.kinds.mysql_binlog.charsets import charset_of, known, to_utf8
from connectors.kinds.mysql_binlog.columns import Column, Mismatch, from_catalogue, from_log, trouble
from connectors.kinds.mysql_binlog.events import Shape, TableMap, WireColumn
from connectors.kinds.mysql_binlog.shapes import parse_shape
from hub.wire.errors import Halt
from tests.unit.connectors.mysql.recorded import DATA, catalogue, decoded, plan_of, raw_events, rows

CHARSETS = json.loads((DATA / "charsets.json").read_text())


def declared(text: str, charset: str = "") -> Column:
    return from_catalogue([("x", text, 0, charset)])[0]


@pytest.mark.parametrize("charset", sorted(CHARSETS))
def test_every_byte_is_read_as_the_server_reads_it(charset: str) -> None:
    convert = to_utf8(charset)
    assert convert is not None
    for byte, shown in zip(range(128, 256), CHARSETS[charset], strict=True):
        assert convert(bytes((65, byte))) == ("A" + shown).encode()
    assert convert(bytes(range(128))) == bytes(range(128))


@pytest.mark.parametrize(("charset", "codec"), [("ucs2", "utf-16-be"), ("utf16", "utf-16-be"), ("utf16le", "utf-16-le"),
                                                ("utf32", "utf-32-be")])  # fmt: skip
def test_wide_sets(charset: str, codec: str) -> None:
    convert = to_utf8(charset)
    assert convert is not None
    assert convert("é日a".encode(codec)) == "é日a".encode()


def test_utf8_is_left_as_it_is() -> None:
    assert [to_utf8(name) for name in ("utf8", "utf8mb3", "utf8mb4", "ascii")] == [None] * 4
    assert [known(name) for name in ("utf8mb4", "latin1", "ucs2", "big5", "")] == [True, True, True, False, False]


@pytest.mark.parametrize(("number", "name"), [(45, "utf8mb4"), (255, "utf8mb4"), (309, "utf8mb4"), (2304, "utf8mb4"),
                                              (33, "utf8mb3"), (8, "latin1"), (63, "binary"), (1032, "latin1"),
                                              (1069, "utf8mb4"), (28, "")])  # fmt: skip
def test_collations_of_both_families(number: int, name: str) -> None:
    assert charset_of(number) == name
    assert charset_of(number, {number: "big5"}) == "big5"


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("int(10) unsigned zerofill", Column("x", "int", unsigned=True)), ("tinyint(1)", Column("x", "tinyint")),
        ("bigint", Column("x", "bigint")), ("decimal(15,2)", Column("x", "decimal", size=15, scale=2)),
        ("decimal(5,0) unsigned", Column("x", "decimal", unsigned=True, size=5)), ("float(7,2)", Column("x", "float")),
        ("datetime(6)", Column("x", "datetime", size=6)), ("timestamp", Column("x", "timestamp")),
        ("year(4)", Column("x", "year")), ("bit(9)", Column("x", "bit", size=9)),
        ("binary(16)", Column("x", "binary", size=16)), ("varbinary(300)", Column("x", "varbinary")),
        ("mediumblob", Column("x", "blob")), ("geomcollection", Column("x", "geometry")),
        ("point", Column("x", "point")), ("vector(3)", Column("x", "vector")),
        ("text /*M!100301 COMPRESSED*/", Column("x", "text")),
        ("enum('a''b','c\\\\d','e\\nf',')')", Column("x", "enum", labels=("a'b", "c\\d", "e\nf", ")"))),
        ("set('unsigned','y')", Column("x", "set", labels=("unsigned", "y"))),
    ],
)  # fmt: skip
def test_the_catalogue_s_words(text: str, column: Column) -> None:
    assert declared(text) == column


def shape(*columns: WireColumn) -> Shape:
    return Shape("uji", "t", columns, None)


@pytest.mark.parametrize(
    ("wire", "texts", "others"),
    [
        (WireColumn(3, 0, True), ["int(11)", "int(11) unsigned"], ["bigint(20)", "text"]),
        (WireColumn(3, 0, True, unsigned=False), ["int(11)"], ["int(11) unsigned"]),
        (WireColumn(246, 15 << 8 | 2, True), ["decimal(15,2)"], ["decimal(15,3)", "decimal(14,2)", "double"]),
        (WireColumn(18, 3, True), ["datetime(3)"], ["datetime", "timestamp(3)"]),
        (WireColumn(254, 16, True), ["binary(16)", "uuid", "inet6"], ["binary(8)", "inet4", "varbinary(16)"]),
        (WireColumn(15, 12, True), ["varbinary(12)", "vector(3)"], ["blob", "binary(12)"]),
        (WireColumn(255, 4, True), ["geometry", "polygon", "point"], ["blob"]),
        (WireColumn(16, 9, True), ["bit(9)"], ["bit(8)"]),
        (WireColumn(252, 2, True), ["blob", "longblob"], ["json", "varbinary(9)"]),
        (WireColumn(245, 4, True), ["json"], ["blob"]),
    ],
)  # fmt: skip
def test_the_catalogue_must_fit_a_log_without_names(wire: WireColumn, texts: list[str], others: list[str]) -> None:
    for text in texts:
        assert from_log(shape(wire), [declared(text)]) == (declared(text),)
    for text in others:
        with pytest.raises(Mismatch, match="column 1 is of type"):
            from_log(shape(wire), [declared(text)])


def test_texts_fit_texts() -> None:
    for kind, text in ((254, "char(9)"), (15, "varchar(9)"), (252, "text")):
        assert from_log(shape(WireColumn(kind, 36, True)), [declared(text, "utf8mb4")])[0].charset == "utf8mb4"
        with pytest.raises(Mismatch):
            from_log(shape(WireColumn(kind, 36, True)), [declared("date")])


def test_another_count_of_columns_does_not_fit() -> None:
    with pytest.raises(Mismatch, match="2 columns in the log and 1 in the catalogue"):
        from_log(shape(*[WireColumn(3, 0, True)] * 2), [declared("int")])


def test_a_log_with_names_needs_no_catalogue_but_for_what_it_does_not_tell() -> None:
    described = rows("semua")[0].shape
    alone, helped = from_log(described), from_log(described, catalogue("semua"))
    differ = {one.name: (one.kind, other.kind) for one, other in zip(alone, helped, strict=True) if one != other}
    assert differ == {"u": ("binary", "uuid"), "i4": ("binary", "inet4"), "i6": ("binary", "inet6")}


def test_a_column_that_was_renamed_since_is_not_helped() -> None:
    described = rows("semua")[0].shape
    since = [column._replace(name=f"{column.name}2") for column in catalogue("semua")]
    assert from_log(described, since) == from_log(described)


def test_trouble_is_told_with_its_remedy_and_the_column_is_left_out() -> None:
    columns = [Column("id", "int", True), Column("han", "varchar", charset="big5"), Column("aneh", "xmltype")]
    assert [bool(trouble(column)) for column in columns] == [False, True, True]
    assert "utf8mb4" in trouble(columns[1])
    old = WireColumn(12, 0, True)
    assert "FORCE" in trouble(Column("waktu", "datetime", size=3), old)
    assert not trouble(Column("waktu", "datetime"), old)
    wires = (WireColumn(3, 0, False, name="id"), WireColumn(15, 20, True, name="han"))
    plan = plan_of(columns[:2], shape(*wires))
    assert plan.left_out == ("han",)
    assert plan.captured == (True, False)
    data = b"\0" + (7).to_bytes(4, "little") + b"\2\xa4\xa4"
    found = rows("semua")[0]._replace(shape=shape(*wires), data=data, at=0, end=len(data), after=3)
    assert [change.beginning for change in plan.changes(found)] == [plan_of(columns[:1]).read([b"7"]).beginning]


@pytest.mark.parametrize(("mariadb", "charsets"), [(True, b"\3\3\x21\x3f\x08"), (False, b"\3\2\x21\x08")])
def test_signs_and_character_sets_are_told_of_the_columns_that_each_family_counts(
    mariadb: bool, charsets: bytes
) -> None:
    """Both tell the sign of years; MariaDB tells a character set of shapes, MySQL does not: 11.4's and 9.7's events."""
    types, meta = bytes((1, 13, 1, 252, 255, 252)), bytes((2, 4, 2))
    body = b"\3uji\0\1t\0\6" + types + bytes((len(meta),)) + meta + b"\x3f"
    columns = parse_shape(body + b"\1\1\x60" + charsets, mariadb=mariadb).columns
    assert [column.unsigned for column in columns][:3] == [False, True, True]
    assert [columns[3].collation, columns[5].collation] == [33, 8]


def test_mysql_tells_the_character_set_of_vectors() -> None:
    """The description of `(a vector(3), b text)` as MySQL 9.7 wrote it."""
    body = b"\3uji\0\1t\0\2\xf2\xfc\2\4\2\3" + b"\3\4\x3f\xfc\xff\0" + b"\x0d\1\3"
    assert [column.collation for column in parse_shape(body, mariadb=False).columns] == [63, 255]


def test_signs_are_the_catalogue_s_where_it_is_not_known_which_columns_the_log_counts() -> None:
    body = b"\3uji\0\1t\0\3\x0d\3\3\0\7" + b"\1\1\xc0" + b"\4\6\1a\1b\1c"
    found = parse_shape(body, mariadb=False, years=False)
    assert [column.unsigned for column in found.columns] == [None, None, None]
    declared_ = [declared("year")._replace(name="a"), declared("int unsigned")._replace(name="b"),
                 declared("int")._replace(name="c")]  # fmt: skip
    assert [column.unsigned for column in from_log(found, declared_)] == [False, True, False]


def test_a_description_that_ends_early_stops_the_source() -> None:
    raw = next(raw for raw in raw_events("semua") if raw[4] == 19)
    with pytest.raises((Halt, IndexError)):
        parse_shape(raw[27:-40], mariadb=True)


def test_the_log_names_the_key_if_it_names_the_columns() -> None:
    assert {one.shape.key for one in decoded(raw_events("perubahan")) if isinstance(one, TableMap)} == {(0,)}
    assert rows("polos")[0].shape.key is None
