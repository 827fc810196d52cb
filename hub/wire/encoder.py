"""Encoders of the hub's own records, made from their schemas: fastavro's bytes at a third of its time.

For each schema one function is written as source and compiled, as `dataclasses` does for `__init__`; it reads the
record's attributes without a datum of dictionaries in between.  A property test holds the two to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import Struct
from typing import Any, ClassVar

from hub.wire.schema_source import SchemaSource

Encode = Callable[[Any], bytes]
"""Returns the Avro datum of a record, unframed; raises ValueError, TypeError or AttributeError for an ill-typed one."""

_BYTE = [bytes([value]) for value in range(256)]
_DOUBLE = Struct("<d")


def encoder(schema: Mapping[str, Any]) -> Encode:
    """Return the encoder of a record schema without logical types; raises ValueError for a type not in use here."""
    source = _Source()
    source.line(0, "def encode(record):")
    source.line(1, "out = []; add = out.append")
    source.value(1, schema, "record")
    source.line(1, "return b''.join(out)")
    scope: dict[str, Any] = {"long": long, "text": _text, "raw": _raw, "fixed": _fixed, "BYTE": _BYTE,
                             "double": _DOUBLE.pack}  # fmt: skip
    exec(compile("\n".join(source.lines), f"<encoder of {schema['name']}>", "exec"), scope)  # noqa: S102 - made here
    made: Encode = scope["encode"]
    return made


def long(value: int) -> bytes:
    """Return Avro's zig-zag variable-length form of a long."""
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("an Avro long has 64 bits")
    left = (value << 1) ^ (value >> 63)
    if left < 0x80:
        return _BYTE[left]
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


def _text(value: str) -> bytes:
    return _raw(value.encode())


def _raw(value: bytes) -> bytes:
    size = len(value)
    return (_BYTE[size << 1] if size < 64 else long(size)) + value


def _fixed(value: bytes, size: int) -> bytes:
    if len(value) != size:
        raise ValueError(f"a fixed of {size} bytes was given {len(value)}")
    return value


class _Source(SchemaSource):
    """Lines of an encoder: they add the pieces of a value to `out`."""

    simple: ClassVar[Mapping[str, Sequence[str]]] = {
        "string": ("add(text({name}))",),
        "bytes": ("add(raw({name}))",),
        "long": ("add(long({name}))",),
        "int": ("add(long({name}))",),
        "double": ("add(double({name}))",),
        "boolean": ("add(BYTE[1] if {name} else BYTE[0])",),
    }

    def nullable(self, depth: int, null: int, schema: Any, name: str, space: str) -> None:
        """Add the branch, and the value where there is one."""
        self.line(depth, f"if {name} is None: add(BYTE[{2 * null}])")
        self.line(depth, "else:")
        self.line(depth + 1, f"add(BYTE[{2 - 2 * null}])")
        self.value(depth + 1, schema, name, space)

    def fixed(self, depth: int, size: int, name: str) -> None:
        """Add the bytes, which must be so many."""
        self.line(depth, f"add(fixed({name}, {size}))")

    def record(self, depth: int, schema: Mapping[str, Any], name: str, space: str) -> None:
        """Add the fields, which are attributes."""
        for field in schema["fields"]:
            part = self.fresh()
            self.line(depth, f"{part} = {name}.{field['name']}")
            self.value(depth, field["type"], part, space)

    def several(self, depth: int, schema: Mapping[str, Any], name: str, space: str) -> None:
        """Add all items as one block with their count, and the count 0 that ends it."""
        part = self.fresh()
        self.line(depth, f"if {name}:")
        self.line(depth + 1, f"add(long(len({name})))")
        if schema["type"] == "map":
            self.line(depth + 1, f"for {part}key, {part} in {name}.items():")
            self.line(depth + 2, f"add(text({part}key))")
            self.value(depth + 2, schema["values"], part, space)
        else:
            self.line(depth + 1, f"for {part} in {name}:")
            self.value(depth + 2, schema["items"], part, space)
        self.line(depth, "add(BYTE[0])")
