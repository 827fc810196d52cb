"""Troubles of the offices without a log: SQLite read by SELECT, and deliveries of files."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import openpyxl

from hub.demo.offices.files import FileOffice, text_of, write_csv, write_workbook
from hub.demo.offices.sqlite import SqliteOffice
from hub.demo.rows import ALL, Row
from tests.e2e.soak_capture.ground import FILES, SQLITE
from tests.e2e.soak_capture.tables import Altering
from tests.e2e.soak_capture.troubles import CONNECTED, NOTICES, Lane, Trouble, waits


class Sqlite(Altering):
    """The staff office and the health centres."""

    types = ("INTEGER", "BIGINT")

    def plan(self) -> list[tuple[Trouble, str]]:
        """Return all troubles, at sources by chance."""
        everywhere = (self.kill, self.stop_and_start, self.wrong_clock, self.full_disk, self.alter)
        return [(trouble, self.rng.choice(SQLITE)) for trouble in everywhere]

    def full_disk(self, source: str) -> None:
        """Fill the disk of the connector's memory, kill the connector on it, and make room again."""
        ground, sight = self.ground, self.sight
        ground.supervisor.stop(source)  # a log of SQLite's that grew before would need no more room
        ground.start(source)
        self.goes_on(source)
        since, failed = sight.mark(), self.failures(source)
        ground.memory.fill()
        try:
            self.fails(source, failed, ground.memory.fill)  # what the other one's memory gives back is taken too
            before = sight.pid(source)
            ground.supervisor.kill(source)
            sight.until("another process", lambda: sight.pid(source) not in (0, before))
            sight.until("its wait", partial(self._waits, source))
            row = sight.shows(source, "that it waits", self._still_waits)
            assert "make room" in row["trouble"], row["trouble"]
            self.saw("metric", "status")
        finally:
            ground.memory.free()
        self.goes_on(*SQLITE)
        assert "source_began_anew" not in [n.code for n in sight.notices(source, since)], "its memory was given up"

    def _waits(self, source: str) -> bool:
        """Say whether a connector waits for room; what SQLite gave back when its log was taken over is filled again."""
        self.ground.memory.fill()
        return self.failures(source) > 0 and self.sight.metric(source, CONNECTED) == 0

    def _still_waits(self, row: Row) -> bool:
        self.ground.memory.fill()
        return waits(row)

    def named(self, table: str) -> str:
        """Return a table's name as the office's database knows it."""
        return table.rpartition(".")[2]

    def execute(self, source: str, statement: str) -> None:
        """Run statements at an office."""
        office = self.ground.offices[source]
        assert isinstance(office, SqliteOffice)
        with office._lock, closing(office._open()) as base:
            base.executescript(statement)

    def retyping(self, source: str, column: str) -> str:
        """Return what changes a column's declared type, which SQLite knows no statement for."""
        table, (old, new) = self.named(ALL[source].table), self.types
        return f"""
            PRAGMA writable_schema = ON;
            UPDATE sqlite_master SET sql = replace(sql, '{column} {old}', '{column} {new}') WHERE name = '{table}';
            PRAGMA writable_schema = RESET;
        """


class Files(Lane):
    """The social office's workbooks and the civil register's exports."""

    def plan(self) -> list[tuple[Trouble, str]]:
        """Return all troubles; damage by a spreadsheet program befalls the office that uses one."""
        everywhere: tuple[Trouble, ...] = (self.kill, self.stop_and_start, self.wrong_clock, self.full_disk)
        workbooks: tuple[Trouble, ...] = (self.cut_short, self.damaged_numbers, self.wrong_header)
        exports: tuple[Trouble, ...] = (self.wrong_header,)
        return [
            *((trouble, self.rng.choice(FILES)) for trouble in everywhere),
            *((trouble, "dtsen") for trouble in workbooks), *((trouble, "dukcapil_bulanan") for trouble in exports),
        ]  # fmt: skip

    def full_disk(self, source: str) -> None:
        """Fill the disk of the shared folders when a delivery was just handed over, and make room again."""
        office, failed, since = self.office(source), self.failures(source), self.sight.mark()
        with self._asleep(source):  # or it may have taken the delivery before the disk is full
            self.sight.until("a delivery", lambda: self.ground.hand_over(office) or not office.settled())
            self.ground.deliveries.fill()
        try:
            self.fails(source, failed, self.ground.deliveries.fill)
            row = self.sight.shows(source, "that it waits", waits)
            assert "full" in row["trouble"], row["trouble"]
            self.saw("metric", "status")
        finally:
            self.ground.deliveries.free()
        self.sight.notice(source, "delivery_accepted", since)
        self.sight.until("the delivery to leave the folder", office.settled)
        self.goes_on(source)

    @contextmanager
    def _asleep(self, source: str) -> Iterator[None]:
        """Let a connector do nothing for a while, which has no delivery in hand."""
        pid, settled = self.sight.pid(source), self.office(source).settled

        def sleeps() -> bool:
            if not settled():
                return False
            os.kill(pid, signal.SIGSTOP)
            if settled():
                return True
            os.kill(pid, signal.SIGCONT)
            return False

        self.sight.until("a connector without a delivery", sleeps)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    # ------------------------------------------------------------------ broken deliveries

    def cut_short(self, source: str) -> None:
        """Hand over a workbook whose copying was broken off."""
        draft = self._draft(source)
        write_workbook(draft, self.office(source)._header, self._texts(source))
        draft.write_bytes(draft.read_bytes()[: draft.stat().st_size // 2])
        self._refused(source, draft, "zip_broken")

    def damaged_numbers(self, source: str) -> None:
        """Hand over a workbook in which every NIK became a number of fifteen digits."""
        office, draft = self.office(source), self._draft(source)
        at = list(office._header).index("nik") + 1
        write_workbook(draft, office._header, self._texts(source))
        book = openpyxl.load_workbook(draft)
        for row in book["Data"].iter_rows(min_row=2, min_col=at, max_col=at):
            if str(row[0].value or "").isdigit():
                row[0].value = int(str(row[0].value)[:15].ljust(15, "1") + "0")
        book.save(draft)
        self._refused(source, draft, "excel_digit16")

    def wrong_header(self, source: str) -> None:
        """Hand over a list without the name's column."""
        office, draft = self.office(source), self._draft(source)
        header = ["warna" if name in ("nama", "nama_lgkp") else name for name in office._header]
        rows = [{**row, "warna": "biru"} for row in self._texts(source)]
        (write_workbook if draft.suffix == ".xlsx" else write_csv)(draft, header, rows)
        self._refused(source, draft, "column_missing")

    def _refused(self, source: str, draft: Path, reason: str) -> None:
        """Hand a draft over, see it refused and its office told, then see a good one accepted."""
        office, sight, since = self.office(source), self.sight, self.sight.mark()
        refusals = sight.metric(source, NOTICES, code="delivery_refused")
        with office._delivering:
            sight.until("an empty folder", office.settled)
            draft.rename(office.folder / draft.name)
        told = sight.notice(source, "delivery_refused", since)
        assert reason in told.detail["reasons"].split(), told.detail
        sight.until("its count", lambda: sight.metric(source, NOTICES, code="delivery_refused") > refusals)
        sight.shows(source, "the refusal", lambda row: row["notice_counts"].get("delivery_refused", 0) > refusals)
        self.saw("metric", "notice", "status")
        refused, wanted = office.folder / "ditolak", {draft.name, f"{draft.name}.kesalahan.xlsx"}
        sight.until(
            "word for the office", lambda: wanted <= {path.name.partition(" ")[2] for path in refused.iterdir()}
        )
        good = sight.mark()
        sight.until("a good delivery", lambda: self.ground.hand_over(office))
        sight.notice(source, "delivery_accepted", good)

    def office(self, source: str) -> FileOffice:
        """Return an office."""
        found = self.ground.offices[source]
        assert isinstance(found, FileOffice)
        return found

    def _draft(self, source: str) -> Path:
        office = self.office(source)
        return office.folder.parent / f"{source}-rusak-{time.time_ns()}{office._suffix}"

    def _texts(self, source: str) -> Sequence[Row]:
        office = self.office(source)
        held = self.sight.until("what the office holds", office.held)
        return [{name: text_of(row.get(name)) for name in office._header} for row in held]
