"""Global transaction ids of both families: what events say of them, and MySQL's sets as texts and as bytes."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple
from uuid import UUID

from connectors.kinds.mysql_binlog.events import HEADER, Gtid, GtidsBefore, Head
from hub.wire.errors import Halt, RefuseToStart

_U64 = struct.Struct("<Q").unpack_from
_RANGE = struct.Struct("<QQ").unpack_from
_TAG = re.compile(r"[a-z_]\w{0,31}", re.ASCII | re.IGNORECASE)
_STANDALONE = 1
_COMMIT_TIME_AT = HEADER + 42
_U55 = (1 << 55) - 1
Ranges = list[tuple[int, int]]
"""Sorted, apart from each other, both ends within."""


def parse_mysql(event: bytes, first: Head) -> Gtid:
    """Return what a GTID or ANONYMOUS_GTID event says; commit times stand in it since MySQL 8.0.1."""
    sid, number = (
        UUID(bytes=event[HEADER + 1 : HEADER + 17]),
        int.from_bytes(event[HEADER + 17 : HEADER + 25], "little"),
    )
    at_us = first.at * 1_000_000
    if len(event) >= _COMMIT_TIME_AT + 7 and event[HEADER + 25] == 2:
        at_us = int.from_bytes(event[_COMMIT_TIME_AT : _COMMIT_TIME_AT + 7], "little") & _U55
    return Gtid(first, f"{sid}:{number}" if number else "", at_us, alone=False)


def parse_tagged(event: bytes, first: Head) -> Gtid:
    """Return what a GTID_TAGGED event says (MySQL 8.3 and newer, in `mysql::serialization`'s message format)."""
    at = HEADER + 1  # the format's own version
    _, at = _varying(event, at)
    _, at = _varying(event, at)
    sid, number, tag, at_us = b"", 0, "", first.at * 1_000_000
    for expected in range(7):
        field, at = _varying(event, at)
        if field != expected:
            raise Halt(f"a tagged GTID event has field {field} where {expected} was expected: report this")
        if field == 1:
            parts = []
            for _ in range(16):
                part, at = _varying(event, at)
                parts.append(part)
            sid = bytes(parts)
        elif field == 3:
            size, at = _varying(event, at)
            tag, at = event[at : at + size].decode("ascii"), at + size
        else:
            value, at = _varying(event, at)
            number = _signed(value) if field == 2 else number
            at_us = value if field == 6 else at_us
    return Gtid(first, f"{UUID(bytes=sid)}:{tag + ':' if tag else ''}{number}", at_us, alone=False)


def _varying(data: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length integer: as many bytes follow as the first one ends in ones."""
    first = data[at]
    more = 0
    while more < 8 and first >> more & 1:
        more += 1
    rest = int.from_bytes(data[at + 1 : at + 1 + more], "little")
    return (first >> more + 1 | rest << (0 if more == 8 else 7 - more)), at + 1 + more


def _signed(value: int) -> int:
    return ~(value >> 1) if value & 1 else value >> 1


def parse_mariadb(event: bytes, first: Head) -> Gtid:
    """Return what MariaDB's GTID event says."""
    number, domain, flags = struct.unpack_from("<QIB", event, HEADER)
    return Gtid(first, f"{domain}-{first.server_id}-{number}", first.at * 1_000_000, alone=bool(flags & _STANDALONE))


def parse_mariadb_list(event: bytes, first: Head) -> GtidsBefore:
    """Return what MariaDB's GTID_LIST event says: the last id of each domain and server."""
    count = int.from_bytes(event[HEADER : HEADER + 4], "little") & 0x0FFF_FFFF
    parts = [struct.unpack_from("<IIQ", event, HEADER + 4 + 16 * n) for n in range(count)]
    return GtidsBefore(first, ",".join(f"{domain}-{server}-{number}" for domain, server, number in parts))


def parse_previous(event: bytes, first: Head) -> GtidsBefore:
    """Return what MySQL's PREVIOUS_GTIDS event says."""
    return GtidsBefore(first, str(GtidSet.from_bytes(event[HEADER:])))


class _Source(NamedTuple):
    sid: UUID
    tag: str


class GtidSet:
    """A set of MySQL's ids, such as `uuid:1-5:7:tag:1-3,uuid:...`."""

    def __init__(self, text: str = "") -> None:
        self._ranges: dict[_Source, Ranges] = {}
        for part in filter(None, "".join(text.split()).split(",")):
            self._take(part)

    def _take(self, part: str) -> None:
        sid_text, *rest = part.split(":")
        try:
            source = _Source(UUID(sid_text), "")
            for piece in rest:
                if _TAG.fullmatch(piece):
                    source = _Source(source.sid, piece.lower())
                    continue
                low, to, high = piece.partition("-")
                self._put(source, int(low), int(high if to else low))
        except ValueError as error:
            raise RefuseToStart(f"{part!r} is no set of GTIDs, such as {UUID(int=0)}:1-5") from error

    def _put(self, source: _Source, low: int, high: int) -> None:
        merged: Ranges = []
        for start, end in sorted([*self._ranges.get(source, []), (low, high)]):
            if merged and start <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        self._ranges[source] = merged

    def add(self, gtid: str) -> None:
        """Take one more id."""
        sid, _, number = gtid.rpartition(":")
        uuid, _, tag = sid.partition(":")
        source, at = _Source(UUID(uuid), tag), int(number)
        known = self._ranges.get(source)
        if known and known[-1][1] + 1 == at:
            known[-1] = (known[-1][0], at)
        else:
            self._put(source, at, at)

    @classmethod
    def from_bytes(cls, data: bytes) -> GtidSet:
        """Return the set that PREVIOUS_GTIDS holds."""
        made = cls()
        (count,) = _U64(data)
        tagged = bool(count >> 56)
        count = count >> 8 & 0xFFFF_FFFF_FFFF if tagged else count
        at = 8
        for _ in range(count):
            source, at = _Source(UUID(bytes=data[at : at + 16]), ""), at + 16
            if tagged:
                size, at = _varying(data, at)
                source, at = source._replace(tag=data[at : at + size].decode("ascii")), at + size
            (ranges,) = _U64(data, at)
            for n in range(ranges):
                start, end = _RANGE(data, at + 8 + 16 * n)
                made._put(source, start, end - 1)
            at += 8 + 16 * ranges
        return made

    def to_bytes(self) -> bytes:
        """Return the set as COM_BINLOG_DUMP_GTID takes it; tags need MySQL 8.3 or newer."""
        tagged = any(source.tag for source in self._ranges)
        count = len(self._ranges)
        out = [struct.pack("<Q", 1 << 56 | count << 8 | 1 if tagged else count)]
        for source in sorted(self._ranges):
            ranges = self._ranges[source]
            out.append(source.sid.bytes)
            if tagged:
                out += [bytes((len(source.tag) << 1,)), source.tag.encode()]
            out.append(struct.pack("<Q", len(ranges)))
            out += [struct.pack("<QQ", low, high + 1) for low, high in ranges]
        return b"".join(out)

    def __le__(self, other: GtidSet) -> bool:
        """Say whether the other set holds all of this one."""
        return all(
            any(low <= start and end <= high for low, high in other._ranges.get(source, []))
            for source, ranges in self._ranges.items()
            for start, end in ranges
        )

    def __eq__(self, other: object) -> bool:
        """Say whether both hold the same ids."""
        return isinstance(other, GtidSet) and self._ranges == other._ranges

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        """Return the set as a server takes it."""
        parts: dict[UUID, list[str]] = {}
        for source in sorted(self._ranges):
            pieces = parts.setdefault(source.sid, [])
            if source.tag:
                pieces.append(source.tag)
            pieces += [str(low) if low == high else f"{low}-{high}" for low, high in self._ranges[source]]
        return ",".join(f"{sid}:{':'.join(pieces)}" for sid, pieces in parts.items())
