"""Reads what `tests/data/parity` says of a database's types, and lays every one of them into one table."""

from __future__ import annotations

import json
import math
import struct
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

FOLDER = Path(__file__).resolve().parents[2] / "data" / "parity"
KINDS = """
CREATE TYPE suasana AS ENUM ('senang', 'biasa', 'sedih');
CREATE DOMAIN kode AS varchar(5);
CREATE DOMAIN rupiah AS numeric(12, 2);
CREATE TYPE alamat AS (jalan text, rt int, catatan text);
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One type: what it is called at the source, its Avro schema, and what its values become."""

    column: str
    sql: str
    schema: Any
    values: Sequence[tuple[str, Any]]
    since: int
    needs: str
    debezium: str


def kinds(database: str) -> list[Kind]:
    """Return every type that the file of a database's kind lists."""
    entries = tomllib.loads((FOLDER / f"{database}.toml").read_text(encoding="utf-8"))["type"]
    schemas: dict[str, Any] = {}
    found = []
    for number, entry in enumerate(entries):
        schemas[entry["sql"]] = schema = _schema(entry, schemas)
        found.append(Kind(
            f"k{number:03}", entry["sql"], schema, [(sql, _value(value, schema)) for sql, value in entry["values"]],
            entry.get("since", 0), entry.get("needs", ""), entry.get("debezium", ""),
        ))  # fmt: skip
    return found


def _schema(entry: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    if "of" in entry:
        return {"type": "array", "items": ["null", known[entry["of"]]]}
    if "schema" in entry:
        return known[entry["schema"]] if entry["schema"] in known else _named(json.loads(entry["schema"]), known)
    if "name" in entry:
        parameters = {"connect.parameters": entry["parameters"]} if "parameters" in entry else {}
        return {"type": entry["avro"], "connect.version": 1, **parameters, "connect.name": entry["name"]}
    return {"type": entry["avro"], "connect.type": entry["type"]} if "type" in entry else entry["avro"]


def _named(schema: Any, known: Mapping[str, Any]) -> Any:
    """Put the schema of another entry where a field's type is its name."""
    if isinstance(schema, dict) and schema["type"] == "record":
        fields = [{**f, "type": known.get(f["type"], f["type"]) if isinstance(f["type"], str) and f["type"] == "point"
                   else f["type"]} for f in schema["fields"]]  # fmt: skip
        return {**schema, "fields": fields}
    return schema


def _value(value: Any, schema: Any) -> Any:
    """Turn what a TOML file can say into what a message is decoded to."""
    if isinstance(value, list):
        items = schema["items"] if isinstance(schema, Mapping) and "items" in schema else ""
        inner = items[1] if isinstance(items, list) else items
        return [_value(item, inner) for item in value]
    if isinstance(value, dict):
        return {name: _value(item, "") for name, item in value.items()}
    if isinstance(value, float) and (schema == "float") and math.isfinite(value):
        return struct.unpack("<f", struct.pack("<f", value))[0]
    return _special(value) if isinstance(value, str) else value


def _special(value: str) -> Any:
    if value.startswith("repeat:"):
        text, _, count = value.removeprefix("repeat:").partition("*")
        return text * int(count)
    if value.startswith("hex:"):
        return bytes.fromhex(value.removeprefix("hex:"))
    return None if value == "null:" else value


def available(sql: psycopg.Connection[Any], all_kinds: Sequence[Kind]) -> list[Kind]:
    """Return the types that a PostgreSQL server has, its extensions made."""
    known = {row[0] for row in sql.execute("SELECT name FROM pg_available_extensions").fetchall()}
    major = sql.info.server_version // 10000
    wanted = [kind for kind in all_kinds if major >= kind.since]
    for name in sorted({kind.needs for kind in wanted} & known):
        sql.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}"'.encode())
    known |= {"", *(["xml"] if _has_xml(sql) else [])}
    return [kind for kind in wanted if kind.needs in known]


def _has_xml(sql: psycopg.Connection[Any]) -> bool:
    try:
        sql.execute("SELECT '<a/>'::xml")
    except psycopg.errors.FeatureNotSupported:
        return False
    return True


def fill(sql: psycopg.Connection[Any], wanted: Sequence[Kind]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Make the columns and rows of `warga`; yield each row's id and what each column of it must become."""
    sql.execute(KINDS.encode())
    added = ", ".join(f"ADD COLUMN {kind.column} {kind.sql}" for kind in wanted)
    sql.execute(f"ALTER TABLE warga {added}".encode())
    for row in range(max(len(kind.values) for kind in wanted) + 1):
        cells = {kind.column: kind.values[row] for kind in wanted if row < len(kind.values)}
        names = ", ".join(["id", "nama", *cells])
        texts = ", ".join([str(row), "'NAMA'", *(text for text, _ in cells.values())])
        sql.execute(f"INSERT INTO warga ({names}) VALUES ({texts})".encode())
        yield row, {kind.column: cells[kind.column][1] if kind.column in cells else None for kind in wanted}


def same(found: Any, expected: Any) -> bool:
    """Compare as values of a message compare: NaN is NaN, and the two zeros differ."""
    if isinstance(expected, float):
        return isinstance(found, float) and struct.pack("<d", found) == struct.pack("<d", expected)
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, dict):
        return isinstance(found, dict) and set(found) == set(expected) and all(
            same(found[name], value) for name, value in expected.items()
        )  # fmt: skip
    return type(found) is type(expected) and bool(found == expected)


def spread(schema: Any, defined: dict[str, Any]) -> Any:
    """Return a schema with each named type written out wherever it is used."""
    if isinstance(schema, str):
        return defined.get(schema, schema)
    if isinstance(schema, list):
        return [spread(branch, defined) for branch in schema]
    whole = {key: spread(value, defined) if key in {"type", "items"} else value for key, value in schema.items()}
    if whole.get("type") == "record":
        whole["fields"] = [{**field, "type": spread(field["type"], defined)} for field in schema["fields"]]
        defined[f"{schema['namespace']}.{schema['name']}"] = whole
    return whole
