"""Shapes are OGC Well-Known Binary, with what it cannot say beside it."""

import struct

import pytest

from connectors.kinds.postgres_wal import shapes
from connectors.kinds.postgres_wal.values import Unrepresentable
from tests.unit.connectors.test_values import read

Corner = tuple[float, float]


def shape(kind: str, text: str) -> object:
    schema, encode = shapes.FORMS[kind]
    return read(schema, encode(text.encode()))


def point_wkb(x: float, y: float) -> bytes:
    return b"\x01\x01\0\0\0" + struct.pack("<2d", x, y)


def line_wkb(*corners: Corner) -> bytes:
    flat = [number for corner in corners for number in corner]
    return b"\x01\x02\0\0\0" + struct.pack(f"<I{len(flat)}d", len(corners), *flat)


def ring_wkb(*corners: Corner) -> bytes:
    flat = [number for corner in corners for number in corner]
    return b"\x01\x03\0\0\0" + struct.pack(f"<II{len(flat)}d", 1, len(corners), *flat)


def test_a_point_has_its_coordinates_and_its_binary_form() -> None:
    assert shape("point", "(1.5,-2e-07)") == {"x": 1.5, "y": -2e-07, "wkb": point_wkb(1.5, -2e-07), "srid": None}
    assert repr(shape("point", "(NaN,-Infinity)"))[:22] == "{'x': nan, 'y': -inf, "


@pytest.mark.parametrize(
    ("kind", "text", "wkb", "more"),
    [
        ("box", "(3,4),(1,2)", ring_wkb((3, 4), (3, 2), (1, 2), (1, 4), (3, 4)), {}),
        ("lseg", "[(0,0),(1,1)]", line_wkb((0, 0), (1, 1)), {}),
        ("path", "[(0,0),(1,1),(2,0)]", line_wkb((0, 0), (1, 1), (2, 0)), {"closed": "false"}),
        ("path", "((0,0),(1,1),(2,0))", line_wkb((0, 0), (1, 1), (2, 0)), {"closed": "true"}),
        ("polygon", "((0,0),(1,1),(2,0))", ring_wkb((0, 0), (1, 1), (2, 0), (0, 0)), {}),
        ("polygon", "((0,0),(1,1),(0,0))", ring_wkb((0, 0), (1, 1), (0, 0)), {}),
    ],
)  # fmt: skip
def test_shapes_of_corners_are_geometries_that_name_their_type(
    kind: str, text: str, wkb: bytes, more: dict[str, str]
) -> None:
    assert shape(kind, text) == {"wkb": wkb, "srid": None, "extensions": {"type": kind, **more}}


def test_a_circle_and_a_line_keep_their_numbers() -> None:
    centre = {"x": 10.0, "y": 4.0, "wkb": point_wkb(10, 4), "srid": None}
    assert shape("circle", "<(10,4),2.5>") == {"center": centre, "radius": 2.5}
    assert shape("line", "{-1,0,0.5}") == {"a": -1.0, "b": 0.0, "c": 0.5}


@pytest.mark.parametrize("kind", ["geometry", "geography"])
@pytest.mark.parametrize(
    ("text", "srid"),
    [("0101000020730C0000000000000000F03F0000000000000040", 3187), ("010700000000000000", None),
     ("0020000001000010E63FF00000000000004000000000000000", 4326)],
)  # fmt: skip
def test_postgis_keeps_its_own_binary_form(kind: str, text: str, srid: int | None) -> None:
    assert shape(kind, text) == {"wkb": bytes.fromhex(text), "srid": srid, "extensions": None}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("point", "(1)"),
        ("box", "(1,2),(3)"),
        ("polygon", ""),
        ("circle", "<(1,2)>"),
        ("geometry", "POINT(1 2)"),
        ("geometry", "0101"),
        ("geometry", ""),
    ],
)
def test_what_is_no_shape_is_refused(kind: str, text: str) -> None:
    with pytest.raises(Unrepresentable):
        shape(kind, text)
