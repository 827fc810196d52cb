"""Write hub/wire/records.py from schemas/avro: one frozen, slotted dataclass a record, with quick dict conversion."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = ROOT / "schemas" / "avro"
TARGET = ROOT / "hub" / "wire" / "records.py"
ORDER = ["clean/person", "clean/family", "clean/business", "clean/facility", "marker/sweep", "marker/held",
         "judgement", "quarantine", "position", "notice", "signal", "verification", "hold", "golden/person",
         "golden/family", "golden/business", "golden/facility", "golden/change", "golden/membership"]  # fmt: skip
PRIMITIVES = {"string": "str", "int": "int", "long": "int", "boolean": "bool", "bytes": "bytes", "double": "float"}


class Generator:
    """Collects the records met while walking the schemas, innermost first."""

    def __init__(self) -> None:
        self.fixed: set[str] = set()
        self.records: dict[str, dict[str, Any]] = {}

    def walk(self, schema: Any) -> str:
        """Return the Python type of a schema, remembering the named types on the way."""
        if isinstance(schema, list):
            return " | ".join([*(self.walk(branch) for branch in schema if branch != "null"), "None"])
        if isinstance(schema, str):
            short = schema.rsplit(".", 1)[-1]
            return PRIMITIVES.get(schema) or ("bytes" if short in self.fixed else short)
        return self._walk_complex(schema)

    def _walk_complex(self, schema: dict[str, Any]) -> str:
        kind = schema["type"]
        if kind == "fixed":
            self.fixed.add(schema["name"])
            return "bytes"
        if kind == "array":
            return f"tuple[{self.walk(schema['items'])}, ...]"
        if kind == "map":
            return f"dict[str, {self.walk(schema['values'])}]"
        if kind == "record":
            types = {field["name"]: self.walk(field["type"]) for field in schema["fields"]}
            self.records.setdefault(schema["name"], schema | {"types": types})
            return str(schema["name"])
        return self.walk(kind)

    def element(self, schema: Any) -> str | None:
        """Return the record name inside an array field, or None."""
        if isinstance(schema, dict) and schema["type"] == "array":
            items = schema["items"]
            name = items["name"] if isinstance(items, dict) else items.rsplit(".", 1)[-1]
            return str(name) if name in self.records else None
        return None


def render(generator: Generator) -> str:
    """Return the module's source."""
    lines = [
        '"""Records that flow between stages, made from schemas/avro by tools/gen_records.py: do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "from dataclasses import dataclass",
        "from typing import Any",
        "",
    ]
    for name, schema in generator.records.items():
        lines += ["", "@dataclass(frozen=True, slots=True)", f"class {name}:"]
        lines += [*_docstring(schema.get("doc", f"Part of a record: {name}.")), ""]
        for field in schema["fields"]:
            lines.append(f"    {field['name']}: {schema['types'][field['name']]}{_default(field)}")
            if field.get("doc"):
                lines.append(f'    """{field["doc"][0].upper() + field["doc"][1:]}."""')
        lines += [
            "",
            "    def to_dict(self) -> dict[str, Any]:",
            '        """Return the Avro datum."""',
            "        return {",
        ]
        for field in schema["fields"]:
            value = f"self.{field['name']}"
            if generator.element(field["type"]):
                value = f"[item.to_dict() for item in {value}]"
            lines.append(f'            "{field["name"]}": {value},')
        lines += ["        }", "", "    @classmethod", f"    def from_dict(cls, datum: Mapping[str, Any]) -> {name}:"]
        lines += ['        """Return the record of an Avro datum."""', "        return cls("]
        for field in schema["fields"]:
            value = f'datum["{field["name"]}"]'
            if element := generator.element(field["type"]):
                value = f"tuple([{element}.from_dict(item) for item in {value}])"
            elif isinstance(field["type"], dict) and field["type"]["type"] == "array":
                value = f"tuple({value})"
            lines.append(f"            {value},")
        lines += ["        )", ""]
    lines += ["", "SCHEMA_OF: dict[type, str] = {"]
    lines += [f'    {json.loads((SCHEMAS / f"{path}.avsc").read_text())["name"]}: "{path}",' for path in ORDER]
    return "\n".join([*lines, "}", '"""Schema file of each top-level record, as `hub.wire.avro` names it."""', ""])


def _docstring(text: str) -> list[str]:
    first, _, rest = text.partition(". ")
    if not rest and len(first) < 110:
        return [f'    """{first}"""']
    first, rest = (first, rest) if rest else first.split(": ", 1)
    return [
        f'    """{first}.',
        "",
        *textwrap.wrap(rest, 112, initial_indent="    ", subsequent_indent="    "),
        '    """',
    ]


def _default(field: dict[str, Any]) -> str:
    if "default" not in field:
        return ""
    default = field["default"]
    return " = ()" if default == [] else "" if default == {} else f" = {default!r}"


def main() -> int:
    """Write the module, or with --check say whether it is up to date."""
    generator = Generator()
    for path in ORDER:
        generator.walk(json.loads((SCHEMAS / f"{path}.avsc").read_text()))
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(TARGET), "-"],
        input=render(generator), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if "--check" in sys.argv:
        return 0 if TARGET.exists() and TARGET.read_text() == formatted else 1
    TARGET.write_text(formatted)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
