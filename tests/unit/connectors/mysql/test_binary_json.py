"""MySQL's binary JSON: documents built by its documented layout give the text that a SELECT gives, without blanks.

No MySQL server can be had here; `json_binary.h` describes the layout.
"""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kinds.mysql_binlog.binary_json import json_of
from connectors.kinds.mysql_binlog.values import json_text
from hub.wire.errors import Halt
from tests.unit.connectors.mysql.test_values import Json, packed_decimal


def length(size: int) -> bytes:
    out = b""
    while size > 127:
        out += bytes((size & 127 | 128,))
        size >>= 7
    return out + bytes((size,))


def scalar(value: object) -> tuple[int, bytes]:
    if value is None or isinstance(value, bool):
        return 4, bytes(({None: 0, True: 1, False: 2}[value],))
    if isinstance(value, int):
        for kind, form in ((5, "<h"), (6, "<H"), (7, "<i"), (8, "<I"), (9, "<q"), (10, "<Q")):
            try:
                return kind, struct.pack(form, value)
            except struct.error:
                continue
        value = float(value)
    if isinstance(value, float):
        return 11, struct.pack("<d", value)
    text = str(value).encode()
    return 12, length(len(text)) + text


def built(value: object, large: bool) -> tuple[int, bytes]:
    """Return type and bytes of a value; offsets are counted from the container's own count."""
    if not isinstance(value, list | dict):
        return scalar(value)
    width = 4 if large else 2
    names = sorted((k.encode() for k in value), key=lambda k: (len(k), k)) if isinstance(value, dict) else []
    items = [value[k.decode()] for k in names] if isinstance(value, dict) else value
    head = 2 * width + len(names) * (width + 2) + len(items) * (width + 1)
    keys, entries, body = b"", b"", b"".join(names)
    at = head
    for name in names:
        keys += at.to_bytes(width, "little") + len(name).to_bytes(2, "little")
        at += len(name)
    for item in items:
        kind, data = built(item, large)
        if kind in ((4, 5, 6, 7, 8) if large else (4, 5, 6)):
            entries += bytes((kind,)) + data.ljust(width, b"\0" if data[-1] < 128 or kind in (4, 6, 8) else b"\xff")
        else:
            entries += bytes((kind,)) + (head + len(body)).to_bytes(width, "little")
            body += data
    size = head + len(body)
    made = len(items).to_bytes(width, "little") + size.to_bytes(width, "little") + keys + entries + body
    return (0 if isinstance(value, dict) else 2) + large, made


def binary(value: object, large: bool) -> bytes:
    kind, data = built(value, large)
    return bytes((kind,)) + data


def as_mysql_holds_it(value: object) -> object:
    """Keys in MySQL's order; whole numbers over 64 bits as floats."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda k: (len(k.encode()), k.encode()))
        return {name: as_mysql_holds_it(value[name]) for name in names}
    if isinstance(value, list):
        return [as_mysql_holds_it(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        return float(value)
    return value


Documents = Json.filter(lambda document: len(json.dumps(document)) < 8000).filter(
    lambda document: "\\ud" not in json.dumps(document)
)


@given(Documents, st.booleans())
def test_a_document_is_what_a_select_would_show(document: object, large: bool) -> None:
    shown = json.dumps(as_mysql_holds_it(document), ensure_ascii=False)
    assert json_of(binary(document, large)) == json_text(shown.encode())


def test_no_bytes_are_the_null_document() -> None:
    assert json_of(b"") == b"null"


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (246, b"\5\2" + packed_decimal(-1250, 5, 2), b"-12.5"),
        (246, b"\3\0" + packed_decimal(250, 3, 0), b"250"),
        (10, ((2026 * 13 + 11) << 22 | 24 << 17) << 24, b'"2026-11-24"'),
        (12, (((2026 * 13 + 11) << 22 | 24 << 17 | 1 << 12 | 2 << 6 | 3) << 24) + 7, b'"2026-11-24 01:02:03.000007"'),
        (11, -(((1 << 12 | 1 << 6 | 1) << 24) + 1), b'"-01:01:01.000001"'),
        (252, b"\0\xff", b'"base64:type252:AP8="'),
    ],
)  # fmt: skip
def test_values_that_json_does_not_know(kind: int, data: bytes | int, text: bytes) -> None:
    body = data if isinstance(data, bytes) else data.to_bytes(8, "little", signed=True)
    assert json_of(bytes((15, kind)) + length(len(body)) + body) == text


def test_a_long_text_and_its_escapes() -> None:
    text = 'é"\\\n\x01' * 5000
    assert json_of(binary(text, large=False)) == json.dumps(text, ensure_ascii=False).encode()


@pytest.mark.parametrize("data", [b"\x0e", b"\x00", b"\x00\x01\x00\x10\x00", b"\x0c\xff", b"\x05\x01", b"\x04\x07"])
def test_what_is_no_document_stops_the_source(data: bytes) -> None:
    with pytest.raises(Halt, match="JSON document"):
        json_of(data)
