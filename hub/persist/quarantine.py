"""store.quarantine: refused messages arrive, are closed by a newer good version, or settled by an operator.

An item is kept in the transaction that moves the offset it was read at.  A repeat of an item that is settled changes
nothing; one that was retried and is refused again is open again, and so is another message under the same id (ids are
made from offsets, which begin again when Kafka is lost).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from hub.persist.stage import Database, byteas, each
from hub.persist.work import Work
from hub.wire.records import QuarantineItem

_LAST_US = 253_402_214_400_000_000
"""The last day of year 9999."""
_COLUMNS = (
    ("id", "text"), ("stage", "text"), ("source", "text"), ("tbl", "text"), ("topic", "text"), ("partition", "int"),
    ("offset", "bigint"), ("code", "text"), ("reason", "text"), ("remedy", "text"), ("at", "timestamptz"),
    ("headers", "json"), ("record", "bytea"), ("version", "bytea"), ("field", "text"), ("key", "bytea"),
    ("payload", "bytea"),
)  # fmt: skip
_NAMES = ", ".join(f'"{name}"' for name, _ in _COLUMNS)
_KEEP = f"""
insert into store.quarantine as q ({_NAMES}, state, opened_at, closed_at)
select i.*, case when good then 'closed' else 'open' end, clock_timestamp(), case when good then clock_timestamp() end
from (select {", ".join(f'%s::{kind} as "{name}"' for name, kind in _COLUMNS)}) i,
  lateral (select exists (select 1 from link.record r
                          where r.id = i.record and r.version >= i.version) as good) known
on conflict (id) do update set {", ".join(f'"{name}" = excluded."{name}"' for name, _ in _COLUMNS if name != "id")},
  state = excluded.state, closed_at = excluded.closed_at
where q.state in ('open', 'retried') or q.payload is distinct from excluded.payload"""  # noqa: S608 - our own names
_OPEN = "select distinct record from store.quarantine where state in ('open', 'retried') and record is not null"
_PASSED = """
update store.quarantine q set state = 'closed', closed_at = clock_timestamp()
from unnest(%s::bytea[], %s::bytea[]) as seen (id, version)
where q.record = seen.id and q.version <= seen.version and q.state in ('open', 'retried')"""
_SETTLE = """
update store.quarantine set state = 'closed', closed_at = clock_timestamp(), note = coalesce(note, %s)
where id = %s and state in ('open', 'retried')"""


class Quarantine:
    """Keeps the items of each transaction; remembers which records have open ones, so that most batches ask nothing."""

    def __init__(self) -> None:
        self._open: set[bytes] | None = None

    def write(self, database: Database, work: Work) -> None:
        """Keep what arrived, close what a good version has passed, settle what an operator settled."""
        if self._open is None:
            self._open = {row[0] for row in database.execute(_OPEN)}
        if work.refused:
            self._open.update(item.record for item in work.refused if item.record is not None)
            each(database, _KEEP, [_row(item) for item in sorted(work.refused, key=lambda item: item.id)])
        passed = sorted((id_, version) for id_, version in work.delta.seen_ids if id_ in self._open)
        if passed:
            database.execute(_PASSED, (byteas(id_ for id_, _ in passed), byteas(version for _, version in passed)))
        each(database, _SETTLE, [(_text(reason), item) for item, reason in sorted(work.settled.items())])


def identified(database: Database, items: Iterable[str]) -> set[str]:
    """Return which of these known items name their record; the others block their table's sweeps."""
    ids = sorted(items)
    if not ids:
        return set()
    found = database.execute("select id from store.quarantine where id = any(%s) and record is not null", (ids,))
    return {row[0] for row in found}


def waiting(database: Database) -> list[tuple[str, str, int]]:
    """Return how many items are open, by stage and source."""
    return list(database.execute(
        "select stage, source, count(*)::int from store.quarantine where state = 'open' group by 1, 2"
    ))  # fmt: skip


def headers_text(headers: dict[str, bytes]) -> str:
    """Return headers as the JSON of the column: {name: base64}."""
    return orjson.dumps({_text(name): base64.b64encode(value).decode() for name, value in headers.items()}).decode()


def _row(item: QuarantineItem) -> Sequence[Any]:
    return (
        _text(item.id), _text(item.stage), _text(item.source), _text(item.table), _text(item.topic), item.partition,
        item.offset, _text(item.code), _text(item.reason), _text(item.remedy),
        _time(item.at), headers_text(item.headers), item.record, item.version,
        None if item.field is None else _text(item.field), item.key, item.payload,
    )  # fmt: skip


def _time(at_us: int) -> datetime:
    """Return a time, held within the years that both sides can write."""
    return datetime.fromtimestamp(min(max(at_us, 0), _LAST_US) / 1e6, UTC)


def _text(value: str) -> str:
    """Return a text without NUL, which PostgreSQL cannot store."""
    return value.replace("\0", "\ufffd")
