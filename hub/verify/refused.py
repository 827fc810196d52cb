"""What a refused message tells of its row: whether the source has it, and its digest, taken as clean would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.wire.avro import Codec
from hub.wire.contract import Contract
from hub.wire.entities import Clean
from hub.wire.envelope import Change, Envelopes
from hub.wire.errors import Quarantine
from hub.wire.identity import row_digest
from hub.wire.topics import CLEAN_TOPIC
from hub.wire.typed import kind_of, tells


class Told(NamedTuple):
    """Whether a record counts, and the digest of its row, None where it cannot be told."""

    counts: bool
    digest: int | None


_UNKNOWN = Told(counts=True, digest=None)
_GONE = Told(counts=False, digest=None)
_CLEAN = frozenset({topic.name for topic in CLEAN_TOPIC.values()})


class Refused:
    """Reads quarantined messages; `digest_keys` by source."""

    def __init__(self, codec: Codec, contracts: Mapping[str, Contract], digest_keys: Mapping[str, bytes]) -> None:
        self._codec = codec
        self._envelopes = Envelopes(codec)
        self._contracts = contracts
        self._keys = digest_keys

    def told(self, source: str, table: str, topic: str | None, payload: bytes | None) -> Told:
        """Return what a message of a table tells; raises TryAgain when the registry is away."""
        if topic is None or payload is None:
            return _UNKNOWN
        try:
            if topic in _CLEAN:
                return self._cleaned(payload)
            return self._raw(source, table, self._envelopes.read(payload))
        except Quarantine:
            return _UNKNOWN

    def _cleaned(self, payload: bytes) -> Told:
        record = self._codec.decode_record(payload)
        if not isinstance(record, Clean):
            return _UNKNOWN
        return _GONE if record.deleted else Told(counts=True, digest=record.digest)

    def _raw(self, source: str, table: str, change: Change) -> Told:
        if change.after is None:
            return _GONE
        gone = self._contracts[source].table_named(table).deleted_when
        if gone is not None and gone.column in change.after:
            kind = kind_of(change.layout.columns[gone.column])
            if tells(gone.equals, kind)(change.after[gone.column]):
                return _GONE
        return Told(counts=True, digest=row_digest(self._keys[source], change.row, change.layout.shape))
