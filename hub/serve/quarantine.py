"""Quarantine as an operator sees it: look, retry, discard.

    open --retry--> retried --a good version is taken--> closed
      ^               |
      +---refused-----+         open or retried --discard--> discarded

A retry sends the stored message once more to the topic and partition that it came from, under its old version, with
the header `retry` = item id.  A discard sends a QuarantineItem with code `closed` and the same id on quarantine.clean,
so that reconcile, which may hold a sweep back for it, learns of it in order.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from hub.wire import topics
from hub.wire.avro import Codec
from hub.wire.broker import Outgoing, Sender
from hub.wire.clock import Clock
from hub.wire.errors import RefuseToStart, TryAgain
from hub.wire.records import QuarantineItem
from hub.wire.topics import HEADER_RETRY, QUARANTINE_CLOSED

WAITING = ("open", "retried")
_ACK_SECONDS = 30.0
_COLUMNS = """id, stage, source, tbl as table, topic, partition, "offset", code, reason, remedy, at, field, record,
  version, state, attempts, closed_at, note, octet_length(payload) as size"""
_LIST = f"""
select {_COLUMNS} from store.quarantine
where (%(state)s::text is null or state = %(state)s) and (%(source)s::text is null or source = %(source)s)
  and (%(code)s::text is null or code = %(code)s)
order by at desc, id limit %(limit)s"""  # noqa: S608 - our own names
_SHOW = f"select {_COLUMNS} from store.quarantine where id = %s"  # noqa: S608 - our own names
_CONTENT = "select key, payload, headers from store.quarantine where id = %s"
_MARK = """
update store.quarantine set state = 'retried', attempts = attempts + 1
where id = %s and state in ('open', 'retried')"""
_UNMARK = "update store.quarantine set state = 'open', attempts = attempts - 1 where id = %s and state = 'retried'"
_DISCARD = """
update store.quarantine set state = 'discarded', note = %s, closed_at = coalesce(closed_at, clock_timestamp())
where id = %s"""


@dataclass(frozen=True, slots=True)
class Item:
    """An item without its content."""

    id: str
    stage: str
    source: str
    table: str
    topic: str
    partition: int
    offset: int
    code: str
    reason: str
    remedy: str
    at: Any
    field: str | None
    record: bytes | None
    version: bytes | None
    state: str
    attempts: int
    closed_at: Any
    note: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class Content:
    """What was refused, as it came: it holds personal values."""

    key: bytes | None
    payload: bytes | None
    headers: dict[str, bytes]


class Desk:
    """Where an operator settles quarantine items."""

    def __init__(self, url: str) -> None:
        try:
            self._connection = psycopg.connect(
                url, autocommit=True, application_name="satudata-quarantine", connect_timeout=5
            )
        except psycopg.OperationalError as error:
            raise RefuseToStart(f"the hub's PostgreSQL does not answer: {str(error).strip()}; "
                                "start it with `satudata up`, or set SATUDATA_DATABASE") from error  # fmt: skip

    def items(
        self, *, state: str | None = "open", source: str | None = None, code: str | None = None, limit: int = 200
    ) -> list[Item]:
        """Return items, the newest first."""
        given = {"state": state, "source": source, "code": code, "limit": limit}
        with self._connection.cursor(row_factory=class_row(Item)) as cursor:
            return cursor.execute(_LIST, given).fetchall()

    def item(self, item_id: str) -> Item:
        """Return one item; raises RefuseToStart when there is none."""
        with self._connection.cursor(row_factory=class_row(Item)) as cursor:
            found = cursor.execute(_SHOW, (item_id,)).fetchone()
        if found is None:
            raise RefuseToStart(f"there is no quarantine item {item_id}; `satudata quarantine list` shows them")
        return found

    def content(self, item_id: str) -> Content:
        """Return what was refused."""
        row = self._connection.execute(_CONTENT, (item_id,)).fetchone()
        if row is None:
            raise RefuseToStart(f"there is no quarantine item {item_id}; `satudata quarantine list` shows them")
        return Content(row[0], row[1], {name: base64.b64decode(value) for name, value in row[2].items()})

    def retry(self, items: Iterable[Item], sender: Sender) -> int:
        """Send items once more to where they came from; return how many.  Raises RefuseToStart for a settled one."""
        sent = 0
        for item in items:
            if item.state not in WAITING:
                raise RefuseToStart(f"item {item.id} is {item.state}: there is nothing to retry")
            self._connection.execute(_MARK, (item.id,))
            try:
                acknowledge(sender, [again(item, self.content(item.id))])
            except BaseException:
                self._connection.execute(_UNMARK, (item.id,))
                raise
            sent += 1
        return sent

    def discard(self, item: Item, reason: str, sender: Sender, codec: Codec, clock: Clock) -> None:
        """Settle an item for good: the refused message will not be taken.  Raises RefuseToStart for a settled one."""
        if item.state not in WAITING:
            raise RefuseToStart(f"item {item.id} is {item.state}: there is nothing to discard")
        note = settling(item, reason, clock.now_us())
        acknowledge(sender, [Outgoing(topics.QUARANTINE_CLEAN.name, item.id.encode(), codec.encode(note))])
        self._connection.execute(_DISCARD, (reason, item.id))

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


def again(item: Item, content: Content) -> Outgoing:
    """Return the message that re-enters the item's stage."""
    headers = tuple((name, value) for name, value in content.headers.items() if name != HEADER_RETRY)
    return Outgoing(
        item.topic, content.key, content.payload, (*headers, (HEADER_RETRY, item.id.encode())), item.partition
    )


def settling(item: Item, reason: str, now_us: int) -> QuarantineItem:
    """Return the message that tells reconcile that an item is settled; it holds no content."""
    return QuarantineItem(
        item.id, item.stage, item.source, item.table, item.topic, item.partition, item.offset, QUARANTINE_CLOSED,
        reason, item.remedy, now_us, {}, item.record, item.version, item.field,
    )  # fmt: skip


def acknowledge(sender: Sender, messages: Sequence[Outgoing]) -> None:
    """Send messages and wait for Kafka's acknowledgement; raises TryAgain without it."""
    if not sender.submit(messages).wait(_ACK_SECONDS):
        raise TryAgain("Kafka did not acknowledge in time; look whether it runs, then repeat the command")
