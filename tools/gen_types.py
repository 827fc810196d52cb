"""Write the tables of docs/sources/*-types.md from what tests/data/parity says of a database's types."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = {name: ROOT / "docs" / "sources" / f"{name}-types.md" for name in ("postgres", "mysql")}
BEGIN, END = "<!-- types: written by make gen from tests/data/parity -->", "<!-- end of types -->"


def table(database: str) -> str:
    """Return the table of a database's types."""
    entries = tomllib.loads((ROOT / "tests" / "data" / "parity" / f"{database}.toml").read_text(encoding="utf-8"))[
        "type"
    ]
    lines = ["| type | Avro | semantic type | Debezium 3.6 |", "|---|---|---|---|"]
    known: dict[str, tuple[str, str]] = {}
    for entry in entries:
        known[entry["sql"]] = avro, semantic = _form(entry, known)
        needs = [f"from {entry['since']} on"] if "since" in entry else []
        name = ", ".join([f"`{entry['sql']}`", *needs])
        lines.append(f"| {name} | {avro} | {semantic} | {entry.get('debezium', 'the same')} |")
    return "\n".join(lines)


def _form(entry: Mapping[str, Any], known: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    if "of" in entry:
        avro, semantic = known[entry["of"]]
        return f"array of optional {avro}", semantic
    if "schema" not in entry:
        return entry.get("type", entry["avro"]), f"`{entry['name']}`" if "name" in entry else ""
    if entry["schema"] in known:
        return known[entry["schema"]]
    schema = json.loads(entry["schema"])
    if schema["type"] == "record":
        return "record of " + ", ".join(
            f"`{field['name']}`" for field in schema["fields"]
        ), f"`{schema['connect.name']}`"
    avro = f"array of {schema['items']}" if schema["type"] == "array" else schema["type"]
    return avro, f"`{schema['connect.name']}`"


def page(path: Path, database: str) -> str:
    """Return a page with its table as it should be."""
    head, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    return f"{head}{BEGIN}\n{table(database)}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    """Write the pages, or with --check say whether they are up to date."""
    stale = {
        path: text for database, path in PAGES.items() if (text := page(path, database)) != path.read_text("utf-8")
    }
    if "--check" in sys.argv:
        return 1 if stale else 0
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
