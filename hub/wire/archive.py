"""Records as PostgreSQL keeps them: Avro in single-object encoding, so that a store outlives its schema registry.

A body is C3 01, the CRC-64-AVRO fingerprint of the writer's schema in eight bytes, then the datum (Avro 1.12
specification, "Single-object encoding").  The schemas themselves stand in `store.schema`; a registry's ids would not
do, for they are dealt anew when Kafka, which holds the registry, is lost.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

from hub.wire import records
from hub.wire.avro import Writer, full_name, plain, schema_text
from hub.wire.decoder import Decode, decoder
from hub.wire.encoder import Encode, encoder
from hub.wire.errors import Halt

MARK = b"\xc3\x01"
HEAD = len(MARK) + 8
_FRAME = 5
Find = Callable[[bytes], str | None]
"""Returns the schema text of a fingerprint, or None."""


@cache
def _own() -> tuple[Mapping[type, tuple[bytes, Encode, Any]], Mapping[str, type]]:
    """Return fingerprint, encoder and reader's schema of this version's records, and their classes by full name."""
    plains = {cls: plain(json.loads(schema_text(path))) for cls, path in records.SCHEMA_OF.items()}
    own = {
        cls: (fingerprint_of(schema), encoder(schema), fastavro.parse_schema(schema)) for cls, schema in plains.items()
    }
    return own, {full_name(schema): cls for cls, schema in plains.items()}


class Archive:
    """Encodes and decodes bodies; `find` is asked once for each schema that is not this version's own."""

    def __init__(self, find: Find | None = None) -> None:
        self._find: Find = find or (lambda _print: None)
        self._own, self._classes = _own()
        self._decoders: dict[bytes, Decode] = {}
        """By fingerprint, of this version's schemas that were met."""
        self._parsed: dict[bytes, tuple[type, Any]] = {}
        self._heads: dict[bytes, bytes] = {}
        """By the five bytes of a framed message: one registry lives as long as this object."""
        self._noted: set[bytes] = set()
        self._unsaved: dict[bytes, str] = {}

    def encode(self, record: Any) -> bytes:
        """Return the body of one of the hub's records."""
        mark, encode, _ = self._own[type(record)]
        if mark not in self._noted:
            self._note(mark, plain(json.loads(schema_text(records.SCHEMA_OF[type(record)]))))
        return MARK + mark + encode(record)

    def adopt(self, writer: Writer, framed: bytes) -> bytes:
        """Return the body of a framed message without encoding it again."""
        head = self._heads.get(framed[:_FRAME])
        if head is None:
            schema = plain(writer.schema)
            mark = fingerprint_of(schema)
            self._note(mark, schema)
            head = self._heads[framed[:_FRAME]] = MARK + mark
        return head + framed[_FRAME:]

    def _note(self, mark: bytes, schema: Any) -> None:
        if mark not in self._noted:
            self._learn(mark, schema)
            self._noted.add(mark)
            self._unsaved[mark] = json.dumps(schema, separators=(",", ":"))

    def _learn(self, mark: bytes, schema: Any) -> None:
        cls = self._classes.get(full_name(schema))
        if cls is None:
            raise Halt(f"the store holds bodies of schema {full_name(schema)}, which this version of the hub does not "
                       "know; run the version that wrote them, or a newer one")  # fmt: skip
        self._parsed[mark] = cls, fastavro.parse_schema(schema)
        if mark == self._own[cls][0]:
            self._decoders[mark] = decoder(schema)

    def decode(self, body: bytes) -> Any:
        """Return the record of a body, resolved to this version's schema; raises Halt for an unreadable one."""
        mark = bytes(body[len(MARK) : HEAD])
        if body[: len(MARK)] != MARK:
            raise Halt(f"a stored body of {len(body)} bytes is not single-object Avro; restore the store from a backup")
        known = self._parsed.get(mark)
        if known is None:
            text = self._find(mark) or self._own_text(mark)
            if text is None:
                raise Halt(f"schema {mark.hex()} of a stored body is not in store.schema; restore it from a backup")
            self._learn(mark, json.loads(text))
            known = self._parsed[mark]
        own = self._decoders.get(mark)
        if own is not None:
            return own(body, HEAD)[0]
        cls, writer = known
        stream = io.BytesIO(body)
        stream.seek(HEAD)
        datum = fastavro.schemaless_reader(stream, writer, self._own[cls][2])
        return cls.from_dict(datum)  # type: ignore[attr-defined]  # every generated record has it

    def _own_text(self, mark: bytes) -> str | None:
        paths = [records.SCHEMA_OF[cls] for cls, (own, _, _) in self._own.items() if own == mark]
        return json.dumps(plain(json.loads(schema_text(paths[0])))) if paths else None

    def unsaved(self) -> Mapping[bytes, str]:
        """Return the schemas used since `saved`, by fingerprint: they must be stored with the bodies."""
        return dict(self._unsaved)

    def saved(self, marks: Mapping[bytes, str]) -> None:
        """Note that these schemas are in store.schema."""
        for mark in marks:
            self._unsaved.pop(mark, None)


class Digests:
    """Reads the digest out of the bodies of clean records, and no more of them."""

    ENOUGH = 1024
    """Bytes of a body's beginning that surely hold the digest: names of source and table stand before it."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._parts: dict[bytes, Any] = {}

    def of(self, body: bytes) -> int:
        """Return the digest of a body, or of its first `ENOUGH` bytes; raises Halt for an unreadable one."""
        mark = bytes(body[len(MARK) : HEAD])
        part = self._parts.get(mark)
        if part is None:
            part = self._parts[mark] = self._part(mark)
        stream = io.BytesIO(body)
        stream.seek(HEAD)
        return int(fastavro.schemaless_reader(stream, part, None)["digest"])

    def _part(self, mark: bytes) -> Any:
        text = self._find(mark)
        if text is None:
            raise Halt(f"schema {mark.hex()} of a stored body is not in store.schema; restore it from a backup")
        schema = plain(json.loads(text))
        names = [field["name"] for field in schema["fields"]]
        return fastavro.parse_schema({**schema, "fields": schema["fields"][: names.index("digest") + 1]})


def fingerprint_of(schema: Any) -> bytes:
    """Return the eight CRC-64-AVRO bytes of a schema as they stand in a body's head (little endian)."""
    return bytes.fromhex(str(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")))
