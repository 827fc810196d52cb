"""One delivery, from the folder of those in work to where it ends: accepted, refused or set aside, and its office told.

A file is moved only after the position holds what became of it, so a crash at any point finds it again in `proses/`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from connectors.kinds.file_drop import report
from connectors.kinds.file_drop.faults import Fault, Refused
from connectors.kinds.file_drop.inspection import Inspection
from connectors.kinds.file_drop.memory import Last
from connectors.kinds.file_drop.options import table_of
from connectors.kinds.file_drop.place import ACCEPTED, ARCHIVE, ASIDE, CLAIMED, REFUSED, Entry
from connectors.kinds.file_drop.session import Session, Steps
from connectors.kinds.file_drop.shipment import Accepted, archive_name, ship, told_at
from connectors.protocol import Batch, Notice
from hub.wire.contract import Table


class Delivery:
    """A file taken into work, as the folder shows it there."""

    def __init__(self, session: Session, entry: Entry) -> None:
        self._session = session
        self._entry = entry
        self._sha256 = ""
        self._found: Inspection | None = None

    def steps(self) -> Steps:
        """Yield what the delivery becomes; afterwards its file is where it belongs."""
        session, entry = self._session, self._entry
        table = table_of(session.contract, session.options, entry.name)
        if not self._fetched():
            return
        if table is None:
            patterns = ", ".join(session.options.of(table).files for table in session.contract.table)
            yield from self._refuse("", [Fault("name_unknown", {"patterns": patterns})])
            return
        last, sending = session.memory.last(table.name), session.memory.sending
        resumed = sending is not None and sending.sha256 == self._sha256
        known = last is not None and last.sha256 == self._sha256 and not resumed
        if last is not None and known and last.archive in self._archived(table):
            yield from self._set_aside(table.name, Fault("same"))
            return
        try:
            found = self._found = yield from inspected(session, table, entry.name, last)
        except Refused as refused:
            yield from self._refuse(table.name, [refused.fault])
            return
        if last is not None and known:  # all of it was sent, then the process ended
            self._finish(table, found, last.archive)
        else:
            yield from self._judge(table, found, last, resumed)

    def _fetched(self) -> bool:
        """Copy the file here; False if it is gone, or was still being written: it is taken up again later."""
        session, name = self._session, self._entry.name
        try:
            self._sha256 = session.place.fetch(session.copy, session.options.max_bytes, CLAIMED, name)
        except FileNotFoundError:
            return False
        return self._now() == self._entry

    def _now(self) -> Entry | None:
        found = {entry.name: entry for entry in self._session.place.entries(CLAIMED)}
        return found.get(self._entry.name)

    def _judge(self, table: Table, found: Inspection, last: Last | None, resumed: bool) -> Steps:
        faults = found.faults + ([] if self._session.options.accepted(self._sha256) else found.doubts)
        if faults and not resumed:
            yield from self._refuse(table.name, faults)
        elif last is not None and found.declared is not None and found.declared.isoformat() < last.date:
            detail = {"date": f"{found.declared:%d-%m-%Y}", "last": f"{datetime.fromisoformat(last.date):%d-%m-%Y}"}
            yield from self._set_aside(table.name, Fault("older", detail))
        else:
            yield from self._accept(table, found)

    def _accept(self, table: Table, found: Inspection) -> Steps:
        session = self._session
        verdict = session.drift.seen(table.name, [(column.name, "string") for column in found.layout.columns])
        if verdict.state is not None:
            yield session.remember(Batch(state=verdict.state, notices=verdict.notices))
        if verdict.action == "stop":
            strangers = ", ".join(column.shown for column in found.layout.columns if not column.known)
            yield from self._refuse(table.name, [Fault("drift_stop", {"columns": strangers})])
            return
        now = session.around.clock.now_us()
        archive = archive_name(datetime.fromtimestamp(now / 1e6, UTC), found.declared, self._sha256, self._entry.name)
        at_us = told_at(found.declared, self._entry.modified_us, now)
        accepted = Accepted(table, Path(self._entry.name).suffix, self._sha256, found, archive, at_us)
        yield from ship(session, accepted, *self._notices(table, found))
        self._finish(table, found, archive)

    def _notices(self, table: Table, found: Inspection) -> list[Notice]:
        day = {"date": found.declared.isoformat()} if found.declared else {}
        told = [Notice("delivery_accepted", table.name, {"delivery": self._sha256[:12], **found.told(), **day})]
        if found.problems:
            codes = {code: str(count) for code, count in sorted(found.counted.items())}
            told.append(Notice("rows_refused", table.name, {"delivery": self._sha256[:12], "taken": "yes", **codes}))
        return told

    def _finish(self, table: Table, found: Inspection, archive: str) -> None:
        """Give the receipt and move the file to the archive."""
        now, place, name = self._session.around.clock.now_us(), self._session.place, self._named()
        if found.problems:
            content = report.errors(self._entry.name, self._sha256, [], found, now)
            place.put(content, ACCEPTED, f"{name}.kesalahan.xlsx")
        place.put(report.receipt(self._entry.name, self._sha256, found, now), ACCEPTED, f"{name}.tanda-terima.txt")
        if self._now() == self._entry:
            place.move(self._entry.name, ARCHIVE, table.name, archive)
        else:  # somebody wrote to it meanwhile: what was accepted is kept, what is there now is another delivery
            place.keep(self._session.copy, ARCHIVE, table.name, archive)

    def _refuse(self, table: str, faults: Sequence[Fault]) -> Steps:
        yield from self._tell("delivery_refused", table, {"reasons": " ".join(fault.code for fault in faults)})
        now, place, name = self._session.around.clock.now_us(), self._session.place, self._named()
        content = report.errors(self._entry.name, self._sha256, faults, self._found, now)
        place.put(content, REFUSED, f"{name}.kesalahan.xlsx")
        place.move(self._entry.name, REFUSED, name)

    def _set_aside(self, table: str, fault: Fault) -> Steps:
        yield from self._tell("delivery_set_aside", table, {"reasons": fault.code})
        now, place, name = self._session.around.clock.now_us(), self._session.place, self._named()
        place.put(report.reason(self._entry.name, fault, now), ASIDE, f"{name}.sebab.txt")
        place.move(self._entry.name, ASIDE, name)

    def _tell(self, code: str, table: str, detail: Mapping[str, str]) -> Steps:
        found = self._found.told() if self._found else {}
        notice = Notice(code, table, {"delivery": self._sha256[:12], **detail, **found})
        yield from self._session.durably(Batch(notices=[notice]))

    def _named(self) -> str:
        return f"{report.stamp(self._session.around.clock.now_us())} {self._entry.name}"

    def _archived(self, table: Table) -> set[str]:
        return {entry.name for entry in self._session.place.entries(ARCHIVE, table.name)}


def inspected(
    session: Session, table: Table, name: str, last: Last | None
) -> Generator[Batch | None, None, Inspection]:
    """Inspect the session's copy, yielding None now and then; raises Refused."""
    steps = session.inspector(table).inspect(session.copy, name, last)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: Inspection = done.value
            return found
        yield None
