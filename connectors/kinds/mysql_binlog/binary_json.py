"""MySQL's binary JSON as text, in the form of `values.json_text`: no blanks, fractions in one form, keys in its order.

Layout: MySQL's `sql-common/json_binary.h`.  MariaDB keeps JSON as a text.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring

from connectors.kinds.mysql_binlog import shapes
from connectors.kinds.mysql_binlog.decimals import decimal_text, decimal_unscaled
from connectors.kinds.mysql_binlog.values import fraction
from hub.wire.errors import Halt

_LITERALS = {0: b"null", 1: b"true", 2: b"false"}
_SMALL_OBJECT, _LARGE_OBJECT, _SMALL_ARRAY, _LARGE_ARRAY, _LITERAL = range(5)
_STRING, _OPAQUE = 12, 15
_NUMBERS: Mapping[int, struct.Struct] = {
    5: struct.Struct("<h"), 6: struct.Struct("<H"), 7: struct.Struct("<i"), 8: struct.Struct("<I"),
    9: struct.Struct("<q"), 10: struct.Struct("<Q"), 11: struct.Struct("<d"),
}  # fmt: skip
_DOUBLE = 11
_INLINE = {2: frozenset({_LITERAL, 5, 6}), 4: frozenset({_LITERAL, 5, 6, 7, 8})}
"""Types that stand in the list of values itself, by the width of its entries."""


def json_of(data: bytes) -> bytes:
    """Return a document's text; raises Halt for what is none."""
    if not data:
        return b"null"
    try:
        return _value(data[0], data[1:])
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise Halt("the log holds a JSON document that cannot be read: report this") from error


def _value(kind: int, data: bytes) -> bytes:
    if kind in (_SMALL_OBJECT, _LARGE_OBJECT):
        return _object(data, 4 if kind == _LARGE_OBJECT else 2)
    if kind in (_SMALL_ARRAY, _LARGE_ARRAY):
        return _array(data, 4 if kind == _LARGE_ARRAY else 2)
    if kind == _LITERAL:
        return _LITERALS[data[0]]
    if kind in _NUMBERS:
        number = _NUMBERS[kind].unpack_from(data)[0]
        return fraction(repr(number).encode()) if kind == _DOUBLE else b"%d" % number
    if kind == _STRING:
        size, at = _length(data)
        return _quoted(data[at : at + size])
    if kind == _OPAQUE:
        size, at = _length(data, 1)
        return _opaque(data[0], data[at : at + size])
    raise ValueError(f"no type {kind}")


def _quoted(text: bytes) -> bytes:
    return encode_basestring(text.decode()).encode()


def _length(data: bytes, at: int = 0) -> tuple[int, int]:
    """Return a length of seven bits a byte, low ones first, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        if data[at] < 128:
            return value, at + 1
        shift, at = shift + 7, at + 1


def _at(data: bytes, at: int, width: int) -> int:
    found = data[at : at + width]
    if len(found) < width:
        raise IndexError(at)
    return int.from_bytes(found, "little")


def _array(data: bytes, width: int) -> bytes:
    count = _at(data, 0, width)
    return b"[" + b",".join([_entry(data, 2 * width + n * (1 + width), width) for n in range(count)]) + b"]"


def _object(data: bytes, width: int) -> bytes:
    count = _at(data, 0, width)
    first = 2 * width
    values = first + count * (width + 2)
    parts = []
    for n in range(count):
        key_at = first + n * (width + 2)
        start = _at(data, key_at, width)
        key = data[start : start + _at(data, key_at + width, 2)]
        parts.append(_quoted(key) + b":" + _entry(data, values + n * (1 + width), width))
    return b"{" + b",".join(parts) + b"}"


def _entry(data: bytes, at: int, width: int) -> bytes:
    kind = data[at]
    if kind in _INLINE[width]:
        return _value(kind, data[at + 1 : at + 1 + width])
    return _value(kind, data[_at(data, at + 1, width) :])


def _opaque(kind: int, data: bytes) -> bytes:
    if kind in _OPAQUES:
        return _OPAQUES[kind](data)
    return b'"base64:type%d:%b"' % (kind, b64encode(data))


def _decimal(data: bytes) -> bytes:
    precision, scale = data[0], data[1]
    text = decimal_text(decimal_unscaled(precision, scale)(data, 2), scale)
    return fraction(text) if scale else text


def _packed(data: bytes) -> tuple[int, int]:
    return divmod(int.from_bytes(data[:8], "little", signed=True), 1 << 24)


def _date(data: bytes) -> bytes:
    return _moment(data)[:11] + b'"'


def _moment(data: bytes) -> bytes:
    whole, micro = _packed(data)
    year, month = divmod(whole >> 22, 13)
    return b'"%04d-%02d-%02d %02d:%02d:%02d.%06d"' % (
        year, month, whole >> 17 & 31, whole >> 12 & 31, whole >> 6 & 63, whole & 63, micro
    )  # fmt: skip


def _time(data: bytes) -> bytes:
    packed = int.from_bytes(data[:8], "little", signed=True)
    whole, micro = divmod(abs(packed), 1 << 24)
    return b'"%b%02d:%02d:%02d.%06d"' % (
        b"-" if packed < 0 else b"", whole >> 12 & 1023, whole >> 6 & 63, whole & 63, micro
    )  # fmt: skip


_OPAQUES: Mapping[int, Callable[[bytes], bytes]] = {
    shapes.NEWDECIMAL: _decimal, shapes.DATE: _date, shapes.DATETIME: _moment, shapes.TIMESTAMP: _moment,
    shapes.TIME: _time,
}  # fmt: skip
