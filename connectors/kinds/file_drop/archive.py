"""Accepted deliveries sent again: in a new epoch, or because somebody asked."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

from connectors.kinds.file_drop.delivery import inspected
from connectors.kinds.file_drop.faults import Refused
from connectors.kinds.file_drop.place import ARCHIVE, Entry
from connectors.kinds.file_drop.session import Session, Steps
from connectors.kinds.file_drop.shipment import Accepted, ship, told_at
from connectors.protocol import Batch, Notice
from hub.wire.contract import Table

_NAME = re.compile(r"^(\d{8}T\d{12}Z)_(\d{4}-\d{2}-\d{2}|tanpa-tanggal)_([0-9a-f]{64})(\.[a-z0-9]{1,8})?$")


def again(session: Session, table: Table) -> Steps:
    """Send what a table's archive holds: the last whole delivery, or all partial ones in their order."""
    kept = sorted((e for e in session.place.entries(ARCHIVE, table.name) if _NAME.match(e.name)), key=lambda e: e.name)
    for entry in kept[-1:] if session.options.whole(table) else kept:
        yield from _again(session, table, entry)


def _again(session: Session, table: Table, entry: Entry) -> Steps:
    named = _NAME.match(entry.name)
    if named is None:
        return
    try:
        sha256 = session.place.fetch(session.copy, session.options.max_bytes, ARCHIVE, table.name, entry.name)
    except FileNotFoundError:
        return
    short = {"delivery": sha256[:12], "archive": "yes"}
    if sha256 != named[3]:
        yield from session.durably(Batch(notices=[_refused(table, short, "archive_changed")]))
        return
    try:
        found = yield from inspected(session, table, entry.name, None)
    except Refused as refused:
        yield from session.durably(Batch(notices=[_refused(table, short, refused.fault.code)]))
        return
    if named[2] != "tanpa-tanggal":
        found.declared = date.fromisoformat(named[2])
    taken = datetime.strptime(named[1], "%Y%m%dT%H%M%S%f%z")
    at_us = told_at(found.declared, int(taken.timestamp() * 1e6), session.around.clock.now_us())
    delivery = Accepted(table, Path(entry.name).suffix, sha256, found, entry.name, at_us)
    yield from ship(session, delivery, Notice("delivery_accepted", table.name, {**short, **found.told()}))


def _refused(table: Table, detail: dict[str, str], reason: str) -> Notice:
    return Notice("delivery_refused", table.name, {**detail, "reasons": reason})
