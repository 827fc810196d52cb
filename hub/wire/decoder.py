"""Decoders of the hub's own records, made from their schemas: fastavro's values, in less than half of its time.

The counterpart of `encoder.py`: for each schema one function is written as source and compiled; it makes the record
itself, without a datum of dictionaries in between.  Bytes of any other version's schema stay fastavro's to resolve.
A property test holds the two to the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import Struct
from typing import Any, ClassVar

from hub.wire import records
from hub.wire.schema_source import SchemaSource

Decode = Callable[[bytes, int], tuple[Any, int]]
"""Returns the record that begins at a place of some bytes, and the place of its end.

Raises EOFError, ValueError (UnicodeDecodeError with it) or IndexError for bytes that do not follow the schema.
"""
_DOUBLE = Struct("<d")
_LONG_BITS = 64


def decoder(schema: Mapping[str, Any]) -> Decode:
    """Return the decoder of one of the hub's own schemas without logical types.

    Raises ValueError for a type not in use here, AttributeError for a record that is none of the hub's.
    """
    source = _Source()
    source.line(0, "def decode(data, at):")
    source.value(1, schema, "record")
    source.line(1, "if at > len(data): raise EOFError('the bytes end within the record')")
    source.line(1, "return record, at")
    scope: dict[str, Any] = {"more": _more, "long": long, "size": _size, "double": _DOUBLE.unpack_from,
                             "unknown": _unknown, **source.classes}  # fmt: skip
    exec(compile("\n".join(source.lines), f"<decoder of {schema['name']}>", "exec"), scope)  # noqa: S102 - made here
    made: Decode = scope["decode"]
    return made


def long(data: bytes, at: int) -> tuple[int, int]:
    """Return the Avro long at a place, and the place after it."""
    value, at = _more(data, at + 1, data[at])
    return (value >> 1) ^ -(value & 1), at


def _more(data: bytes, at: int, value: int) -> tuple[int, int]:
    """Return a zig-zag number whose first byte is known, not yet unfolded, and the place after it."""
    if value < 0x80:
        return value, at
    value, shift = value & 0x7F, 7
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    if value >> _LONG_BITS:
        raise ValueError("an Avro long has 64 bits")
    return value, at


def _size(data: bytes, at: int, first: int) -> tuple[int, int]:
    """Return the length whose first byte is known, and the place after it."""
    value, at = _more(data, at, first)
    if value & 1 or value >> 1 > len(data):
        raise ValueError("a length is negative or above that of the bytes")
    return value >> 1, at


def _unknown(branch: int) -> None:
    raise ValueError(f"a union of two has no branch {branch >> 1}")


_FIRST = "n = data[at]; at += 1"
_SIZE = "if n & 129: n, at = size(data, at, n)"
_SHORT = "else: n >>= 1"


class _Source(SchemaSource):
    """Lines of a decoder: they read a value at `at`, and move it on."""

    simple: ClassVar[Mapping[str, Sequence[str]]] = {
        "string": (_FIRST, _SIZE, _SHORT, "{name} = data[at : at + n].decode(); at += n"),
        "bytes": (_FIRST, _SIZE, _SHORT, "{name} = data[at : at + n]; at += n"),
        "long": (_FIRST, "if n > 127: n, at = more(data, at, n)", "{name} = (n >> 1) ^ -(n & 1)"),
        "int": (_FIRST, "if n > 127: n, at = more(data, at, n)", "{name} = (n >> 1) ^ -(n & 1)"),
        "double": ("{name} = double(data, at)[0]; at += 8",),
        "boolean": ("{name} = data[at] != 0; at += 1",),
    }
    # A first byte of a length is whole when its highest bit is 0, and no error when its lowest is.

    def __init__(self) -> None:
        super().__init__()
        self.classes: dict[str, type] = {}
        """The records' own classes, by name."""

    def nullable(self, depth: int, null: int, schema: Any, name: str, space: str) -> None:
        """Read the branch, and the value where there is one."""
        self.line(depth, "branch = data[at]; at += 1")
        self.line(depth, f"if branch == {2 * null}: {name} = None")
        self.line(depth, f"elif branch == {2 - 2 * null}:")
        self.value(depth + 1, schema, name, space)
        self.line(depth, "else: unknown(branch)")

    def fixed(self, depth: int, size: int, name: str) -> None:
        """Read the bytes."""
        self.line(depth, f"{name} = data[at : at + {size}]; at += {size}")

    def record(self, depth: int, schema: Mapping[str, Any], name: str, space: str) -> None:
        """Read the fields and make the record."""
        parts = []
        for field in schema["fields"]:
            parts.append(self.fresh())
            self.value(depth, field["type"], parts[-1], space)
        self.classes[schema["name"]] = getattr(records, schema["name"])
        self.line(depth, f"{name} = {schema['name']}({', '.join(parts)})")

    def several(self, depth: int, schema: Mapping[str, Any], name: str, space: str) -> None:
        """Blocks of items, each with its count; below 0 the block's size in bytes stands behind the count."""
        is_map = schema["type"] == "map"
        key, part, left = self.fresh(), self.fresh(), self.fresh()
        self.line(depth, f"{name} = {'{}' if is_map else '[]'}")
        self.line(depth, f"{left}, at = long(data, at)")
        self.line(depth, f"while {left}:")
        self.line(depth + 1, f"if {left} < 0: {left} = -{left}; _, at = long(data, at)")
        self.line(depth + 1, f"while {left}:")
        if is_map:
            self.value(depth + 2, "string", key, space)
        self.value(depth + 2, schema["values" if is_map else "items"], part, space)
        self.line(depth + 2, f"{name}[{key}] = {part}" if is_map else f"{name}.append({part})")
        self.line(depth + 2, f"{left} -= 1")
        self.line(depth + 1, f"{left}, at = long(data, at)")
        if not is_map:
            self.line(depth, f"{name} = tuple({name})")
