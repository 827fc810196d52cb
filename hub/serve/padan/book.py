"""The list as a workbook: what a clerk works from, row by row; the office's own key stands first.

A sheet a category, those with work first, each with its head in sight, filters, and a column in which the clerk notes
what was done.  Rows are streamed: a source of any size needs little memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hub.serve.padan import compare, words
from hub.serve.padan.collect import CHUNK
from hub.serve.padan.desk import Made
from hub.serve.padan.findings import PADAN, Category, Finding
from hub.serve.padan.survey import Survey, Twin, key_of
from hub.serve.store import Snapshot
from hub.wire.workbook import GOOD, LONGEST_TITLE, MOST_ROWS, PALE, WARN, Book, Sheet

_WIB = timezone(timedelta(hours=7), "WIB")
_ORDER: tuple[Category, ...] = (
    "dead_or_left", "nik_of_another", "matched_without_nik", "matched_with_differences", "nik_unusable",
    "under_review", "no_candidate", "matched",
)  # fmt: skip
DONE = ("data kami diperbaiki", "register yang keliru", "sudah diperiksa, tetap", "orang lain")
_KEY, _NIK, _NAME, _BORN, _MOTHER, _WHY, _CHECKED = (
    "Kunci baris", "NIK di data Anda", "Nama di data Anda", "Tanggal lahir", "Nama ibu", "Keterangan", "Hasil periksa",
)  # fmt: skip
_NOTES: Mapping[str, str] = {
    _KEY: "Kunci baris di sistem Anda sendiri (kolom kunci pada kontrak sumber). Pakai ini untuk mencari barisnya.",
    "Usul NIK": "NIK orang ini di register. Cocokkan dengan KTP-el atau KK sebelum diisikan.",
    "Nilai di register": "Nilai menurut catatan sipil. Hanya isian yang Anda miliki sendiri yang dibandingkan.",
    "Jenis beda": "Hanya ejaan: nama yang sama ditulis lain, biasanya cukup diseragamkan.",
    "Kelompok": "Baris dengan nomor kelompok yang sama tampaknya satu orang, atau memakai NIK yang sama.",
    _CHECKED: "Diisi petugas Anda: " + "; ".join(DONE) + ".",
}
_ASIDE = 2
"""Rows above the data: what the sheet is for, then the head."""


def file_name(made: Made) -> str:
    """Return the workbook's name: source and day, nobody's value."""
    return f"padan-{made.survey.source}-{_when(made):%Y%m%d}.xlsx"


def write(path: Path, made: Made, owner: str, snapshot: Snapshot) -> int:
    """Write the workbook; return how many records it lists.  Raises RefuseToStart where it cannot be written."""
    book, survey = Book(), made.survey
    _summary(book, made, owner)
    for category in _ORDER:
        if survey.counts[category]:
            _category(book, survey, category, snapshot)
    if survey.twins:
        _duplicates(book, survey, snapshot)
    book.save(path)
    return survey.total


def _when(made: Made) -> datetime:
    return datetime.fromtimestamp(made.at_us / 1e6, UTC).astimezone(_WIB)


# ------------------------------------------------------------------ summary


def _summary(book: Book, made: Made, owner: str) -> None:
    survey, total = made.survey, max(1, made.survey.total)
    sheet = book.sheet("Ringkasan", [30, 12, 10, 62, 62])
    sheet.row(["Data balikan: padan / tidak padan dengan catatan sipil"], bold=True)
    sheet.row([f"{owner} (sumber: {survey.source})"])
    sheet.row([f"Keadaan data: {_when(made):%d-%m-%Y %H:%M} WIB; pembanding: {', '.join(sorted(survey.registers))}"])
    sheet.row([])
    sheet.head(["Golongan (nama lembar)", "Jumlah", "Bagian", "Artinya", "Yang dikerjakan"])
    padan = sum(n for category, n in survey.counts.items() if category in PADAN)
    for category in _ORDER:
        title, number = words.TITLES[category], survey.counts[category]
        fill = GOOD if category == "matched" else WARN if number and category in _PRESSING else ""
        sheet.row([title.sheet, number, _share(number, total), title.meaning, title.todo], fills={0: fill}, wrap=True)
    sheet.row(["Semua baris", survey.total, "100 %" if survey.total else "", "", ""], bold=True, fill=PALE)
    sheet.row(["di antaranya padan", padan, _share(padan, total),
               f"{words.TITLES['matched'].sheet}, isian berbeda, dan usul NIK.", ""], wrap=True)  # fmt: skip
    title = words.DUPLICATES
    sheet.row([title.sheet, survey.twins, _share(survey.twins, total), title.meaning, title.todo], wrap=True)
    sheet.row([])
    for line in _GUIDE:
        sheet.row([line])


_PRESSING = frozenset({"dead_or_left", "nik_of_another", "matched_without_nik"})
_GUIDE = (
    "Cara memakai: mulai dari lembar paling kiri. Cari baris di sistem Anda dengan kolom Kunci baris, periksa dokumen "
    "orangnya, perbaiki di sistem Anda, lalu isi kolom Hasil periksa.",
    "Hub tidak mengubah sistem Anda. Perbaikan di sistem Anda terbaca sendiri, dan baris itu hilang dari daftar "
    "berikutnya.",
    "Yang dibandingkan hanya isian yang Anda miliki sendiri. Data orang lain (misalnya pemilik NIK yang sebenarnya) "
    "tidak ditampilkan.",
    "Berkas ini memuat data pribadi: simpan di tempat yang terlindung, jangan diteruskan, dan hapus setelah selesai.",
)


def _share(number: int, total: int) -> str:
    return f"{100 * number / total:.1f} %".replace(".", ",")


# ------------------------------------------------------------------ a sheet a category


@dataclass(frozen=True, slots=True)
class _Layout:
    """Columns of a category's sheet and the rows that a finding becomes."""

    titles: Sequence[str]
    widths: Sequence[int]
    rows: Callable[[Finding], Iterator[Sequence[object]]]


def _person(found: Finding) -> list[object]:
    record = found.record
    return [key_of(record), _nik(record), compare.shown("name", record), compare.shown("birth_date", record)]


def _nik(record: Any) -> str:
    """Return the NIK, or what was written in its place."""
    if record.nik is not None:
        return str(record.nik)
    return next((str(flag.was) for flag in record.flags if flag.field == "nik" and flag.was), "")


def _plain(found: Finding) -> Iterator[Sequence[object]]:
    yield _person(found)


def _told(found: Finding) -> Iterator[Sequence[object]]:
    yield [*_person(found), compare.shown("mother", found.record), words.reasons(found), ""]


def _differing(found: Finding) -> Iterator[Sequence[object]]:
    for one in found.differences:
        yield [*_person(found), words.GROUPS[one.group], one.ours, one.theirs, words.KINDS[one.kind], ""]


def _proposed(found: Finding) -> Iterator[Sequence[object]]:
    key, nik, *person = _person(found)
    apart = "; ".join([f"{words.difference(one)} ({one.ours} / {one.theirs})" for one in found.differences])
    why = next(words.reason(one) for one in found.reasons if one.code in ("nik_missing", "nik_differs"))
    yield [key, nik, found.proposed_nik, *person, compare.shown("mother", found.record), why, apart, ""]


def _gone(found: Finding) -> Iterator[Sequence[object]]:
    yield [*_person(found), words.reasons(found), found.proposed_nik or "", ""]


_FOUR, _FOUR_WIDE = (_KEY, _NIK, _NAME, _BORN), (24, 20, 34, 14)
_TOLD = _Layout((*_FOUR, _MOTHER, _WHY, _CHECKED), (*_FOUR_WIDE, 26, 80, 24), _told)
_LAYOUTS: Mapping[Category, _Layout] = {
    "matched": _Layout(_FOUR, _FOUR_WIDE, _plain),
    "matched_with_differences": _Layout(
        (*_FOUR, "Isian", "Nilai di data Anda", "Nilai di register", "Jenis beda", _CHECKED),
        (*_FOUR_WIDE, 16, 40, 40, 30, 24), _differing),
    "matched_without_nik": _Layout(
        (_KEY, _NIK, "Usul NIK", _NAME, _BORN, _MOTHER, _WHY, "Isian lain yang berbeda (Anda / register)", _CHECKED),
        (24, 20, 20, 34, 14, 26, 60, 60, 24), _proposed),
    "dead_or_left": _Layout((*_FOUR, _WHY, "Usul NIK", _CHECKED), (*_FOUR_WIDE, 80, 20, 24), _gone),
    "under_review": _TOLD, "nik_of_another": _TOLD, "nik_unusable": _TOLD, "no_candidate": _TOLD,
}  # fmt: skip


def _category(book: Book, survey: Survey, category: Category, snapshot: Snapshot) -> None:
    layout, title = _LAYOUTS[category], words.TITLES[category]
    sheet: Sheet | None = None
    number = 0
    for found in survey.findings(snapshot, category):
        if found.category != category:
            continue  # it changed since the survey; the next list has it in its new place
        rows = list(layout.rows(found))
        if sheet is None or sheet.rows + len(rows) > MOST_ROWS:
            _ended(sheet, layout)
            number += 1
            sheet = _begun(book, _numbered(title.sheet, number), layout, title)
        for at, row in enumerate(rows):
            first = at == 0
            sheet.row(row, fills={0: PALE} if first else None)
    _ended(sheet, layout)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name[: LONGEST_TITLE - 5]} ({number})"


def _begun(book: Book, name: str, layout: _Layout, title: words.Title) -> Sheet:
    sheet = book.sheet(name, layout.widths, head_row=_ASIDE, fixed_columns=1)
    sheet.row([f"{title.meaning} Yang dikerjakan: {title.todo}"], bold=True)
    sheet.head(layout.titles, _NOTES)
    return sheet


def _ended(sheet: Sheet | None, layout: _Layout) -> None:
    if sheet is None:
        return
    if layout.titles[-1] == _CHECKED:
        sheet.choices("ABCDEFGHIJ"[len(layout.titles) - 1], DONE, _ASIDE + 1, max(sheet.rows, _ASIDE + 1))
    sheet.end()


# ------------------------------------------------------------------ duplicates

_SAME: Mapping[str, str] = {
    "entity": "Tampaknya satu orang yang tercatat lebih dari sekali.",
    "nik": "NIK sama dipakai baris lain, tetapi orangnya berbeda.",
}
_DUPLICATES = _Layout(("Kelompok", *_FOUR, _WHY, _CHECKED), (10, *_FOUR_WIDE, 60, 24), lambda _found: iter(()))


def _duplicates(book: Book, survey: Survey, snapshot: Snapshot) -> None:
    sheet = _begun(book, words.DUPLICATES.sheet, _DUPLICATES, words.DUPLICATES)
    number, last = 0, ("", "")
    for chunk in _chunked(survey.groups()):
        collector = survey.collector(snapshot)
        read = {found.record.id: found for found in survey.read(collector, [twin.record for twin in chunk])}
        for twin in chunk:
            if (twin.kind, twin.knot) != last:
                number, last = number + 1, (twin.kind, twin.knot)
            if twin.record in read and sheet.rows < MOST_ROWS:
                person = _person(read[twin.record])
                sheet.row([number, *person, _SAME[twin.kind], ""], fill=PALE if number % 2 else "")
    _ended(sheet, _DUPLICATES)


def _chunked(twins: Iterator[Twin]) -> Iterator[list[Twin]]:
    chunk: list[Twin] = []
    for twin in twins:
        chunk.append(twin)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
