"""Geometric types as Debezium's: OGC Well-Known Binary, little-endian, beside what it cannot say.

Debezium 3.6 knows point and PostGIS; box, lseg, path, polygon, circle and line have the forms of its version 3.7.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.envelope import NULL, Schema, long, optional, some, string
from connectors.kinds.postgres_wal.values import Encode, Unrepresentable

_NUMBER = re.compile(rb"-?(?:Infinity|[0-9][0-9.e+-]*)|NaN")
_POINT, _LINE_STRING, _POLYGON = 1, 2, 3
_HAS_SRID = 0x20000000
Corner = tuple[float, float]


def _record(name: str, doc: str, version: int, fields: Sequence[Mapping[str, Any]]) -> Schema:
    return {
        "type": "record",
        "name": name,
        "namespace": "io.debezium.data.geometry",
        "fields": fields,
        "connect.doc": doc,
        "connect.version": version,
        "connect.name": f"io.debezium.data.geometry.{name}",
    }


def _doubles(*names: str) -> list[Mapping[str, Any]]:
    return [{"name": name, "type": "double"} for name in names]


_OGC: Sequence[Mapping[str, Any]] = (
    {"name": "wkb", "type": "bytes"},
    optional("srid", "int"),
    optional("extensions", {"type": "map", "values": "string"}),
)
POINT = _record(
    "Point", "Geometry (POINT)", 1, [*_doubles("x", "y"), optional("wkb", "bytes"), optional("srid", "int")]
)
GEOMETRY = _record("Geometry", "Geometry", 2, _OGC)
GEOGRAPHY = _record("Geography", "Geography", 2, _OGC)
CIRCLE = _record("Circle", "Geometry (CIRCLE)", 1, [{"name": "center", "type": POINT}, *_doubles("radius")])
LINE = _record("Line", "Geometry (LINE)", 1, _doubles("a", "b", "c"))


def _numbers(text: bytes, count: int | None = None) -> list[float]:
    found = [float(number) for number in _NUMBER.findall(text)]
    if not found or (len(found) % 2 if count is None else len(found) != count):
        raise Unrepresentable("not as many numbers as the shape has")
    return found


def _corners(text: bytes, count: int | None = None) -> list[Corner]:
    found = _numbers(text, count)
    return list(zip(found[::2], found[1::2], strict=True))


def _wkb(kind: int, counts: Sequence[int], corners: Sequence[Corner]) -> bytes:
    flat = [number for corner in corners for number in corner]
    return struct.pack(f"<BI{len(counts)}I{len(flat)}d", 1, kind, *counts, *flat)


def _geometry(wkb: bytes, **extensions: str) -> bytes:
    pairs = b"".join(string(name.encode()) + string(value.encode()) for name, value in extensions.items())
    return string(wkb) + NULL + some(long(len(extensions)) + pairs + b"\0")


def _point(x: float, y: float) -> bytes:
    return struct.pack("<dd", x, y) + some(string(_wkb(_POINT, (), [(x, y)]))) + NULL


def point(text: bytes) -> bytes:
    """Encode point."""
    return _point(*_numbers(text, 2))


def _ring(corners: list[Corner]) -> bytes:
    closed = corners if corners[0] == corners[-1] and len(corners) > 1 else [*corners, corners[0]]
    return _wkb(_POLYGON, (1, len(closed)), closed)


def box(text: bytes) -> bytes:
    """Encode box: a ring through its four corners."""
    (x1, y1), (x2, y2) = _corners(text, 4)
    return _geometry(_ring([(x1, y1), (x1, y2), (x2, y2), (x2, y1), (x1, y1)]), type="box")


def lseg(text: bytes) -> bytes:
    """Encode lseg: a line of two points."""
    return _geometry(_wkb(_LINE_STRING, (2,), _corners(text, 4)), type="lseg")


def path(text: bytes) -> bytes:
    """Encode path: a line, and whether it is closed."""
    corners = _corners(text)
    closed = "false" if text.startswith(b"[") else "true"
    return _geometry(_wkb(_LINE_STRING, (len(corners),), corners), type="path", closed=closed)


def polygon(text: bytes) -> bytes:
    """Encode polygon: a closed ring."""
    return _geometry(_ring(_corners(text)), type="polygon")


def circle(text: bytes) -> bytes:
    """Encode circle: its centre and its radius."""
    x, y, radius = _numbers(text, 3)
    return _point(x, y) + struct.pack("<d", radius)


def line(text: bytes) -> bytes:
    """Encode line: the coefficients of Ax + By + C = 0."""
    return struct.pack("<ddd", *_numbers(text, 3))


def postgis(text: bytes) -> bytes:
    """Encode PostGIS's geometry or geography from its hexadecimal EWKB, whose SRID stands beside it too."""
    try:
        wkb = bytes.fromhex(text.decode())
        order = "<" if wkb[0] else ">"
        (kind,) = struct.unpack_from(f"{order}I", wkb, 1)
        srid = some(long(*struct.unpack_from(f"{order}i", wkb, 5))) if kind & _HAS_SRID else NULL
    except (ValueError, IndexError, struct.error) as error:
        raise Unrepresentable("no geometry") from error
    return string(wkb) + srid + NULL


FORMS: Mapping[str, tuple[Schema, Encode]] = {
    "point": (POINT, point),
    "box": (GEOMETRY, box),
    "lseg": (GEOMETRY, lseg),
    "path": (GEOMETRY, path),
    "polygon": (GEOMETRY, polygon),
    "circle": (CIRCLE, circle),
    "line": (LINE, line),
    "geometry": (GEOMETRY, postgis),
    "geography": (GEOGRAPHY, postgis),
}
"""Schema and encoder by the type's name."""
