"""The outbox in PostgreSQL, as the publisher sees it: rows behind the cursor, and the cursor, which only rises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from hub.wire.broker import Headers, Outgoing

CHANNEL = "outbox"
_NAME = "publish"
_OPTIONS = "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=30000"
_PENDING = """
select id, topic, key, value, headers, (extract(epoch from at) * 1000000)::bigint
from store.outbox where id > (select cursor from store.published where name = %s) order by id limit %s"""
_WAITING = """
select count(*) from (
  select 1 from store.outbox where id > (select cursor from store.published where name = %s) limit 100000) waiting"""
_ADVANCE = "update store.published set cursor = greatest(cursor, %s) where name = %s"
_PRUNE = """
delete from store.outbox where id in (
  select id from store.outbox
  where id <= (select cursor from store.published where name = %s) and at < now() - make_interval(secs => %s)
  order by id limit %s)"""


@dataclass(frozen=True, slots=True)
class Row:
    """One message to publish."""

    id: int
    message: Outgoing
    at_us: int
    """When its transaction wrote it, microseconds since 1970 UTC."""


class Outbox:
    """Reads rows after a cursor; a lost connection shows as `psycopg.OperationalError` and a new `Outbox` is made."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(
            url, autocommit=True, options=_OPTIONS, application_name="satudata-publish", connect_timeout=5,
            keepalives=1, keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
        )  # fmt: skip
        self._connection.execute(f"listen {CHANNEL}")
        self.notified = False
        """Whether a commit was ever announced here; then waiting may be long."""

    def open(self) -> int:
        """Make the cursor if there is none, and return it."""
        self._connection.execute(
            "insert into store.published (name, cursor) values (%s, 0) on conflict do nothing", (_NAME,)
        )
        return int(self._one("select cursor from store.published where name = %s", (_NAME,)))

    def pending(self, limit: int) -> list[Row]:
        """Return the first committed rows after the cursor, in order."""
        return [
            Row(id_, Outgoing(topic, key, value, headers_of(headers)), at_us)
            for id_, topic, key, value, headers, at_us in self._connection.execute(_PENDING, (_NAME, limit))
        ]

    def advance(self, cursor: int) -> None:
        """Note what is published; a lower value than the one known changes nothing."""
        self._connection.execute(_ADVANCE, (cursor, _NAME))

    def waiting(self) -> int:
        """Return how many rows wait behind the cursor, counted up to 100,000."""
        return int(self._one(_WAITING, (_NAME,)))

    def prune(self, keep_seconds: int, limit: int) -> int:
        """Delete at most `limit` published rows older than `keep_seconds`; return how many."""
        return self._connection.execute(_PRUNE, (_NAME, keep_seconds, limit)).rowcount

    def wait(self, seconds: float) -> None:
        """Sleep until a commit is announced, at most `seconds`."""
        for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            self.notified = True

    def _one(self, query: str, parameters: Sequence[Any]) -> Any:
        row = self._connection.execute(query, parameters).fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


def headers_of(stored: dict[str, str]) -> Headers:
    """Return a row's headers as they travel."""
    return tuple((name, text.encode()) for name, text in stored.items())
