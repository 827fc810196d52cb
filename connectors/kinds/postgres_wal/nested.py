"""Values made of several: arrays, hstore, pgvector's vectors."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Sequence

from connectors.envelope import NULL, SOME, long, string
from connectors.kinds.postgres_wal.values import Encode, Unrepresentable

_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_QUOTED = rb'"((?:[^"\\]|\\.)*)"'
_PAIR = re.compile(_QUOTED + rb"=>(?:" + _QUOTED + rb"|NULL)(?:, |$)", re.DOTALL)
_SPARSE = re.compile(rb"\{(.*)\}/(\d+)")
_INT16 = range(2**15)


def several(items: Sequence[bytes]) -> bytes:
    """Return an Avro array of encoded items."""
    return long(len(items)) + b"".join(items) + b"\0" if items else b"\0"


class Items:
    """Takes arrays of one element type apart."""

    def __init__(self, delimiter: str = ",") -> None:
        mark = re.escape(delimiter.encode())
        self._item = re.compile(_QUOTED + rb"|([^{}\"" + mark + rb"]+)", re.DOTALL)

    def of(self, text: bytes) -> list[bytes | None]:
        """Return the elements of an array's text; bounds are dropped, raises Unrepresentable for two dimensions."""
        body = text.partition(b"=")[2] if text.startswith(b"[") else text
        if body[1:2] == b"{":
            raise Unrepresentable("an array of several dimensions")
        items: list[bytes | None] = []
        at, end = 1, len(body) - 1
        while at < end:
            found = self._item.match(body, at, end)
            if found is None:
                raise Unrepresentable("no array")
            if found[1] is not None:
                items.append(_ESCAPED.sub(rb"\1", found[1]))
            else:
                items.append(None if found[2] == b"NULL" else found[2])
            at = found.end() + 1
        return items


def array(element: Encode, delimiter: str = ",") -> Encode:
    """Return the encoder of a one-dimensional array whose elements may be null."""
    apart = Items(delimiter).of

    def encode(text: bytes) -> bytes:
        return several([NULL if item is None else SOME + element(item) for item in apart(text)])

    return encode


def hstore(text: bytes) -> bytes:
    """Encode hstore as the text of a JSON object, its keys in hstore's own order."""
    parts, at = [], 0
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None:
            raise Unrepresentable("no hstore")
        parts.append(f"{_json(found[1])}:{'null' if found[2] is None else _json(found[2])}")
        at = found.end()
    return string(f"{{{','.join(parts)}}}".encode())


def _json(quoted: bytes) -> str:
    return json.dumps(_ESCAPED.sub(rb"\1", quoted).decode(), ensure_ascii=False)


def vector(form: str) -> Encode:
    """Return the encoder of pgvector's vector (`<d`) or halfvec (`<f`): an array of numbers that are never null."""
    pack = struct.Struct(form).pack

    def encode(text: bytes) -> bytes:
        return several([pack(float(number)) for number in text[1:-1].split(b",")])

    return encode


def sparse_vector(text: bytes) -> bytes:
    """Encode sparsevec: the number of dimensions, then pairs of index and value."""
    found = _SPARSE.fullmatch(text)
    if found is None or int(found[2]) not in _INT16:
        raise Unrepresentable("no sparse vector, or one of more dimensions than a 16-bit number counts")
    pairs = [pair.split(b":") for pair in found[1].split(b",") if pair]
    return long(int(found[2])) + several([long(int(at)) + struct.pack("<d", float(value)) for at, value in pairs])
