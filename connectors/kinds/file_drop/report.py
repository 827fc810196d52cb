"""What the office gets beside its delivery: a receipt, or the list of what to mend; row numbers, never values."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

from connectors.kinds.file_drop import words
from connectors.kinds.file_drop.faults import Fault, Problem, needed
from connectors.kinds.file_drop.inspection import Inspection
from connectors.kinds.file_drop.watch import KEPT

_WIB = timezone(timedelta(hours=7), "WIB")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LABELS: Mapping[str, str] = {
    "format": "Jenis berkas", "encoding": "Penyandian huruf", "delimiter": "Pemisah kolom", "sheet": "Lembar",
    "header_row": "Baris judul", "rows": "Jumlah baris data",
}  # fmt: skip


def safe(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula (OWASP, "CSV Injection")."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def stamp(now_us: int) -> str:
    """Return a moment as it begins the names of files that were dealt with."""
    return datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(_WIB).strftime("%Y%m%d-%H%M%S")


def _when(now_us: int) -> str:
    return datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(_WIB).strftime("%d-%m-%Y %H:%M WIB")


def _understood(found: Inspection | None) -> Iterator[str]:
    for name, value in (found.shown() if found else {}).items():
        yield f"{_LABELS[name]}: {value}"
    if found is not None and found.declared is not None:
        yield f"Tanggal data: {found.declared:%d-%m-%Y}"


def receipt(name: str, sha256: str, found: Inspection, now_us: int) -> bytes:
    """Return the receipt of an accepted delivery."""
    lines = ["TANDA TERIMA KIRIMAN DATA", "", f"Berkas: {name}", f"SHA-256: {sha256}", f"Diterima: {_when(now_us)}",
             *_understood(found)]  # fmt: skip
    if found.left_out:
        numbers = ", ".join(map(str, found.left_out[:20]))
        lines.append(f"Baris yang bukan data dan tidak diambil (nomor kolom, jumlah, tanda tangan): {numbers}")
    strangers = [column.shown for column in found.layout.columns if not column.known]
    if strangers:
        lines.append(f"Kolom yang tidak dikenal kontrak, disimpan apa adanya: {', '.join(strangers)}")
    lines.append(
        "Semua baris baik."
        if not found.problems
        else "Sebagian baris perlu diperbaiki pada kiriman berikutnya: lihat berkas .kesalahan.xlsx di samping ini."
    )
    return ("\r\n".join(lines) + "\r\n").encode()


def reason(name: str, fault: Fault, now_us: int) -> bytes:
    """Return the note beside a delivery that was set aside."""
    lines = ["KIRIMAN DIKESAMPINGKAN", "", f"Berkas: {name}", f"Waktu: {_when(now_us)}", f"Sebab: {words.found(fault)}",
             f"Tindakan: {words.remedy(fault)}"]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n").encode()


def errors(name: str, sha256: str, faults: Sequence[Fault], found: Inspection | None, now_us: int) -> bytes:
    """Return the workbook that says what to mend: the delivery as a whole, then row by row."""
    openpyxl = needed("openpyxl", "files")
    book = openpyxl.Workbook(write_only=True)
    summary = book.create_sheet("Ringkasan")
    summary.column_dimensions["A"].width = 90
    title = "KIRIMAN DITOLAK: tidak ada satu baris pun yang diambil" if faults else "KIRIMAN DITERIMA DENGAN CATATAN"
    lines = [title, f"Berkas: {name}", f"SHA-256: {sha256}", f"Waktu: {_when(now_us)}", *_understood(found), ""]
    for number, fault in enumerate(faults, 1):
        lines += [f"{number}. {words.found(fault)}", f"Yang harus dilakukan: {words.remedy(fault)}"]
    for line in lines:
        summary.append([safe(line)])
    problems = found.problems if found else []
    if problems:
        _rows(book.create_sheet("Baris"), problems)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _rows(sheet: object, problems: Sequence[Problem]) -> None:
    append = sheet.append  # type: ignore[attr-defined]  # openpyxl's sheet
    for letter, width in (("A", 8), ("B", 30), ("C", 34), ("D", 90)):
        sheet.column_dimensions[letter].width = width  # type: ignore[attr-defined]
    append(["Baris", "Kolom", "Masalah", "Yang harus dilakukan"])
    for problem in sorted(problems, key=lambda one: (one.row, one.column)):
        what, todo = words.PROBLEMS[problem.code]
        append([problem.row, safe(problem.column), what, todo])
    append([None, None, f"Paling banyak {KEPT} baris ditulis untuk setiap masalah pada setiap kolom.", None])
