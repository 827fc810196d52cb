"""What encoders and decoders made from schemas share: lines of source, written by a walk over an Avro schema."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class SchemaSource(ABC):
    """Lines of a function over values of a schema; names of one schema are known to its later parts.

    Schemas have no logical types, and unions of null and one type only.  Raises ValueError for any other.
    """

    simple: ClassVar[Mapping[str, Sequence[str]]]
    """The lines of each primitive type, with a place for the variable's name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._named: dict[str, Any] = {}
        self._count = 0

    def line(self, depth: int, text: str) -> None:
        """Add a line."""
        self.lines.append("    " * depth + text)

    def fresh(self) -> str:
        """Return a variable that is not in use."""
        self._count += 1
        return f"v{self._count}"

    def value(self, depth: int, schema: Any, name: str, space: str = "") -> None:
        """Add the lines of a value, which is a variable's; `space` is the namespace around it."""
        if isinstance(schema, list):
            if len(schema) != 2 or "null" not in schema:
                raise ValueError("the hub's own schemas have unions of null and one type only")
            null = schema.index("null")
            self.nullable(depth, null, schema[1 - null], name, space)
            return
        kind = schema["type"] if isinstance(schema, Mapping) else schema
        if isinstance(kind, Mapping | list):
            self.value(depth, kind, name, space)
        elif kind in self.simple:
            for text in self.simple[kind]:
                self.line(depth, text.format(name=name))
        elif kind in ("record", "fixed"):
            space = schema.get("namespace", space)
            self._named[f"{space}.{schema['name']}"] = schema
            if kind == "fixed":
                self.fixed(depth, schema["size"], name)
            else:
                self.record(depth, schema, name, space)
        elif kind in ("array", "map"):
            self.several(depth, schema, name, space)
        else:
            full = kind if "." in kind else f"{space}.{kind}"
            if full not in self._named:
                raise ValueError(f"Avro type {kind} is none that the hub's own schemas use")
            self.value(depth, self._named[full], name, space)

    @abstractmethod
    def nullable(self, depth: int, null: int, schema: Any, name: str, space: str) -> None:
        """Add the lines of a union of null, which is its branch `null`, and a schema."""

    @abstractmethod
    def fixed(self, depth: int, size: int, name: str) -> None:
        """Add the lines of so many bytes."""

    @abstractmethod
    def record(self, depth: int, schema: Mapping[str, Any], name: str, space: str) -> None:
        """Add the lines of a record's fields."""

    @abstractmethod
    def several(self, depth: int, schema: Mapping[str, Any], name: str, space: str) -> None:
        """Add the lines of an array or a map."""
