"""Avro on fastavro with Confluent framing: one zero byte, the schema id in four, then the datum.

Schemas are parsed once and logical types are left off, so values stay the integers and bytes that travel.  Only
connectors and `hub.flow.prepare` register schemas; every other process looks ids up.
"""

from __future__ import annotations

import io
import json
import re
import struct
import time
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import fastavro
import httpx2
from fastavro.read import SchemaResolutionError
from fastavro.schema import to_parsing_canonical_form

from hub.wire import records
from hub.wire.clock import Clock, SystemClock
from hub.wire.decoder import Decode, decoder
from hub.wire.encoder import Encode, encoder
from hub.wire.entities import ENTITIES
from hub.wire.errors import Quarantine, RefuseToStart, TryAgain

_UNREADABLE = (
    EOFError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    struct.error,
    SchemaResolutionError,
)
"""What bytes raise that do not follow their schema."""
_HEAD = struct.Struct(">bI")
_REGISTRY = "application/vnd.schemaregistry.v1+json"
_REGISTRY_HEADERS = {"Content-Type": _REGISTRY, "Accept": f"{_REGISTRY}, application/json"}
_ASK_AGAIN_SECONDS = (0.2, 1.0)
_BELIEVED_SECONDS = 5.0
"""A registry answers before it has read its journal: for so long it is not believed that it does not know a schema."""
_FORGOTTEN_SECONDS = 120.0
"""What it said longer ago than any pause between two tries counts for nothing: it may have been started again."""
_START_SECONDS = 2.0
"""No registry ends, starts and answers again within this time."""
_SAID = 500
"""Characters of a refusal that are told."""
_REGISTER_AGAIN = "Daftarkan kembali skema sumber ini, lalu ulangi baris karantina."
_SEND_AGAIN = "Kirim ulang baris ini dari sumber; isinya rusak di perjalanan."
SUBJECTS: Mapping[str, tuple[str, str]] = {
    **{f"clean/{entity}": (f"clean.{entity}-value", "FULL_TRANSITIVE") for entity in ENTITIES},
    "marker/sweep": ("satudata.marker.Sweep", "FULL_TRANSITIVE"),
    "marker/held": ("satudata.marker.Held", "FULL_TRANSITIVE"),
    "judgement": ("judgement-value", "FULL_TRANSITIVE"),
    "quarantine": ("quarantine.clean-value", "FULL_TRANSITIVE"),
    "position": ("satudata.SourcePosition", "FULL_TRANSITIVE"),
    "notice": ("notice-value", "FULL_TRANSITIVE"),
    "signal": ("satudata.SourceSignal", "FULL_TRANSITIVE"),
    "verification": ("verification-value", "FULL_TRANSITIVE"),
    "hold": ("hold-value", "FULL_TRANSITIVE"),
    **{f"golden/{entity}": (f"golden.{entity}-value", "FULL_TRANSITIVE") for entity in ENTITIES},
    "golden/change": ("changes.person-value", "FULL_TRANSITIVE"),
    "golden/membership": ("golden.membership-value", "FULL_TRANSITIVE"),
}
"""Subject and compatibility of every schema of the hub; raw subjects are `<topic>-value` with NONE.

`changes.person-value` holds the schema of every `changes.<entity>`: messages name their schema by its id.
"""


class Registry(Protocol):
    """A schema registry as the codec needs it."""

    def register(self, subject: str, schema: str, compatibility: str) -> int:
        """Register a schema (idempotent) and return its id; raises TryAgain or RefuseToStart."""
        ...

    def lookup(self, subject: str, schema: str) -> int:
        """Return the id of a registered schema; raises TryAgain or RefuseToStart."""
        ...

    def schema(self, schema_id: int) -> str:
        """Return a schema's text; raises TryAgain, or Quarantine when nobody registered this id."""
        ...


class ConfluentRegistry:
    """A registry reached over the Confluent API (Apicurio, Karapace, Confluent).

    Confluent's own client can log in to clouds, for which it takes 14 MB of every process; four requests need none of
    that.  An address may name user and password, and several addresses of one registry are separated by commas.
    """

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._shown = re.sub("//[^/@]*@", "//", url)
        self._unknown: dict[str, tuple[float, float]] = {}
        """When the registry first and last said that it does not know a path, of those not believed yet."""
        self._complete = float("-inf")
        """When it was last believed."""
        self._addresses = [address.strip().rstrip("/") for address in url.split(",")]
        encrypted = any(address.startswith("https:") for address in self._addresses)
        self._client = httpx2.Client(headers=_REGISTRY_HEADERS, timeout=10, verify=encrypted)  # nothing to verify else

    def register(self, subject: str, schema: str, compatibility: str) -> int:
        """Register a schema under a subject whose compatibility is set first."""
        what, name = f"subject {subject}", quote(subject, safe="")
        self._ask("PUT", f"/config/{name}", what, {"compatibility": compatibility})
        return int(self._ask("POST", f"/subjects/{name}/versions", what, _avro(schema))["id"])

    def lookup(self, subject: str, schema: str) -> int:
        """Return the id of a registered schema."""
        return int(self._ask("POST", f"/subjects/{quote(subject, safe='')}", f"subject {subject}", _avro(schema))["id"])

    def schema(self, schema_id: int) -> str:
        """Return a schema's text."""
        try:
            return str(self._ask("GET", f"/schemas/ids/{schema_id}", f"schema id {schema_id}")["schema"])
        except RefuseToStart as error:
            raise Quarantine("unknown_schema", f"schema id {schema_id} is not in the registry",
                             remedy=_REGISTER_AGAIN) from error  # fmt: skip

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _ask(self, method: str, path: str, what: str, body: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Return the answer to a request; a registry that does not answer is asked again, at each of its addresses."""
        trouble: object = None
        for wait_s in (0.0, *_ASK_AGAIN_SECONDS):
            time.sleep(wait_s)
            for address in self._addresses:
                try:
                    answer = self._client.request(method, address + path, json=body)
                except httpx2.HTTPError as error:
                    trouble = repr(error)
                    continue
                found = _told(answer)
                if answer.is_success and found is not None:
                    self._unknown.pop(path, None)
                    return found
                if answer.is_success or answer.status_code >= 500 or (
                    answer.status_code == 404 and not self._believed(path)
                ):  # fmt: skip
                    trouble = f"HTTP {answer.status_code}: {answer.text[:_SAID]}"
                else:
                    raise RefuseToStart(
                        f"registry {self._shown}: {what}: HTTP {answer.status_code}: {answer.text[:_SAID]}; "
                        "run `satudata prepare`, or settle the incompatible schema"
                    )
        raise TryAgain(f"registry {self._shown} does not answer for {what}: {trouble}")

    def _believed(self, path: str) -> bool:
        """Say whether a registry that does not know something can have read its journal to the end.

        It can where it has kept to it for longer than a start takes, or was believed so shortly ago that it cannot
        have been started again since: of many unknown ids only the first is waited for.
        """
        now = self._clock.monotonic()
        since, last = self._unknown.get(path, (now, now))
        if now - last > _FORGOTTEN_SECONDS:
            since = now
        if now - self._complete > _START_SECONDS and now - since < _BELIEVED_SECONDS:
            self._unknown[path] = since, now
            return False
        self._unknown.clear()
        self._complete = now
        return True


def _told(answer: httpx2.Response) -> Mapping[str, Any] | None:
    """Return the object that an answer holds; None when it is no answer of a registry's API."""
    try:
        found = answer.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _avro(schema: str) -> Mapping[str, str]:
    return {"schema": schema, "schemaType": "AVRO"}


class MemoryRegistry:
    """The registry's twin for tests: same answers, no service."""

    def __init__(self) -> None:
        self._schemas: list[str] = []
        self._subjects: dict[tuple[str, str], int] = {}

    def register(self, subject: str, schema: str, compatibility: str) -> int:  # noqa: ARG002 - the twin accepts all
        """Register a schema and return its id."""
        if (subject, schema) not in self._subjects:
            if schema not in self._schemas:
                self._schemas.append(schema)
            self._subjects[subject, schema] = self._schemas.index(schema) + 1
        return self._subjects[subject, schema]

    def lookup(self, subject: str, schema: str) -> int:
        """Return the id of a registered schema."""
        if (subject, schema) not in self._subjects:
            raise RefuseToStart(f"subject {subject} does not hold this schema")
        return self._subjects[subject, schema]

    def schema(self, schema_id: int) -> str:
        """Return a schema's text."""
        if not 1 <= schema_id <= len(self._schemas):
            raise Quarantine("unknown_schema", f"schema id {schema_id} is not in the registry",
                             remedy=_REGISTER_AGAIN)  # fmt: skip
        return self._schemas[schema_id - 1]


class Writer(NamedTuple):
    """A schema as messages were written with it."""

    name: str
    """Full name of the record."""
    schema: dict[str, Any]
    """The schema's JSON, as registered."""
    parsed: Any
    """fastavro's parsed form, logical types off."""
    reader: Any = None
    """This version's own parsed schema, where it is another one."""
    decode: Decode | None = None
    """This version's own decoder, where the schema is its own."""


class Codec:
    """Encodes the hub's records and decodes every message by its writer's schema."""

    def __init__(self, registry: Registry, *, register: bool = False) -> None:
        self._registry = registry
        self._register = register
        self._writers: dict[int, Writer] = {}
        self._encoders: dict[type, tuple[bytes, Encode]] = {}
        self._own = _own()

    def encode(self, record: Any) -> bytes:
        """Return the framed bytes of one of the hub's records."""
        known = self._encoders.get(type(record))
        if known is None:
            known = self._prepare(type(record))
        return known[0] + known[1](record)

    def _prepare(self, cls: type) -> tuple[bytes, Encode]:
        path = records.SCHEMA_OF[cls]
        subject, compatibility = SUBJECTS[path]
        text = schema_text(path)
        if self._register:
            schema_id = self._registry.register(subject, text, compatibility)
        else:
            schema_id = self._registry.lookup(subject, text)
        made = frame(schema_id), encoder(plain(json.loads(text)))
        self._encoders[cls] = made
        return made

    def prepare_all(self) -> None:
        """Register (or look up) every schema of the hub now, not at the first record."""
        for cls in records.SCHEMA_OF:
            self._prepare(cls)

    def writer(self, data: bytes) -> Writer:
        """Return the writer's schema of a framed message; raises TryAgain or Quarantine."""
        if len(data) < _HEAD.size or data[0] != 0:
            raise Quarantine("undecodable", f"message of {len(data)} bytes is not framed Avro",
                             remedy="Periksa pengirim: pesan bukan Avro berbingkai registri.")  # fmt: skip
        schema_id = _HEAD.unpack_from(data)[1]
        writer = self._writers.get(schema_id)
        if writer is None:
            schema = json.loads(self._registry.schema(schema_id))
            parsed = fastavro.parse_schema(plain(schema))
            own = self._own.get(full_name(schema))
            same = own is None or to_parsing_canonical_form(own[1]) == to_parsing_canonical_form(parsed)
            writer = Writer(full_name(schema), schema, parsed, None if same or own is None else own[1],
                            decoder(plain(schema)) if same and own else None)  # fmt: skip
            self._writers[schema_id] = writer
        return writer

    def decode(self, data: bytes) -> tuple[Writer, dict[str, Any]]:
        """Return the writer's schema and the datum as it was written; raises TryAgain or Quarantine."""
        writer = self.writer(data)
        return writer, self._datum(data, writer, None)

    def _datum(self, data: bytes, writer: Writer, reader: Any) -> dict[str, Any]:
        """Return the datum, by the reader's schema where one is given."""
        body = io.BytesIO(data)
        body.seek(_HEAD.size)
        try:
            datum: dict[str, Any] = fastavro.schemaless_reader(body, writer.parsed, reader)
        except _UNREADABLE as error:
            raise _undecodable(writer, error) from error
        _check_end(data, body.tell(), writer)
        return datum

    def decode_record(self, data: bytes) -> Any:
        """Return one of the hub's records, resolved to this version's schema where an older or newer one wrote it.

        Raises TryAgain or Quarantine (`unexpected_schema` for a record that is none of the hub's).
        """
        writer = self.writer(data)
        known = self._own.get(writer.name)
        if known is None:
            raise Quarantine("unexpected_schema", f"schema {writer.name} is none of the hub's",
                             remedy="Pesan ini bukan milik hub; periksa siapa yang menulis ke topik ini.")  # fmt: skip
        if writer.decode is not None:
            try:
                record, end = writer.decode(data, _HEAD.size)
            except _UNREADABLE as error:
                raise _undecodable(writer, error) from error
            _check_end(data, end, writer)
            return record
        datum = self._datum(data, writer, writer.reader)
        return known[0].from_dict(datum)  # type: ignore[attr-defined]  # every generated record has it


@cache
def _own() -> Mapping[str, tuple[type, Any]]:
    """Return class and parsed schema of each of the hub's records by its full name, parsed once in a process."""
    plains = {cls: plain(json.loads(schema_text(path))) for cls, path in records.SCHEMA_OF.items()}
    return {full_name(schema): (cls, fastavro.parse_schema(schema)) for cls, schema in plains.items()}


def _undecodable(writer: Writer, error: Exception) -> Quarantine:
    return Quarantine("undecodable", f"bytes do not follow schema {writer.name}: {type(error).__name__}",
                      remedy=_SEND_AGAIN)  # fmt: skip


def _check_end(data: bytes, end: int, writer: Writer) -> None:
    if end != len(data):
        raise Quarantine("undecodable", f"{len(data) - end} bytes left after a datum of {writer.name}",
                         remedy=_SEND_AGAIN)  # fmt: skip


def frame(schema_id: int) -> bytes:
    """Return the five bytes before a datum."""
    return _HEAD.pack(0, schema_id)


@cache
def schema_text(path: str) -> str:
    """Return a schema file of the hub as compact JSON text; `path` as in `records.SCHEMA_OF`."""
    text = (resources.files("schemas") / "avro" / f"{path}.avsc").read_text(encoding="utf-8")
    return json.dumps(json.loads(text), separators=(",", ":"))


def full_name(schema: str | Mapping[str, Any]) -> str:
    """Return a record schema's full name, or the type's name for any other schema."""
    parsed = json.loads(schema) if isinstance(schema, str) else schema
    if not isinstance(parsed, Mapping) or "name" not in parsed:
        return str(parsed)
    name = str(parsed["name"])
    return name if "." in name or "namespace" not in parsed else f"{parsed['namespace']}.{name}"


def plain(schema: Any) -> Any:
    """Return a schema without logical types, so that data stay as they travel."""
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    if isinstance(schema, dict):
        return {key: plain(value) for key, value in schema.items() if key != "logicalType"}
    return schema
