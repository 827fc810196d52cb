"""A delivery is opened by what it holds; what is broken is refused with one code, never with a traceback."""

import io
import json
import struct
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.kinds.file_drop.books import open_book
from connectors.kinds.file_drop.options import Options
from tests.suites.files import csv_bytes, xlsx_bytes
from tests.unit.connectors.file.kit import HEADER, codes, contract_of, delivered, inspect, people, refusal

ROWS = [HEADER, *people(12)]


def described(path: Path) -> dict[str, str]:
    found = inspect(path)
    assert codes(found) == []
    assert found.rows == 12
    assert not found.problems
    return found.shown()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le")],
)
def test_delimiter_and_encoding_are_found_out(tmp_path: Path, delimiter: str, encoding: str, shown: str) -> None:
    found = described(delivered(tmp_path, ROWS, delimiter=delimiter, encoding=encoding))
    assert found == {
        "format": "csv", "encoding": shown, "delimiter": "tab" if delimiter == "\t" else delimiter, "header_row": "1",
        "rows": "12",
    }  # fmt: skip


def test_text_that_is_no_utf_8_is_read_as_windows_1252(tmp_path: Path) -> None:
    rows = [HEADER, *([*row[:2], "ANDRÉ", *row[3:]] for row in people(12))]
    assert described(delivered(tmp_path, rows, encoding="cp1252"))["encoding"] == "cp1252"


def test_excel_s_own_first_line_names_the_delimiter_and_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "penerima.csv"
    path.write_bytes(b"sep=|\r\n" + csv_bytes(ROWS, delimiter="|"))
    assert described(path)["header_row"] == "1"


def test_a_line_end_inside_quotes_is_part_of_a_value(tmp_path: Path) -> None:
    rows = [HEADER, *([*row[:2], "ORANG\nBARIS DUA", *row[3:]] for row in people(12))]
    assert described(delivered(tmp_path, rows))["rows"] == "12"


@pytest.mark.parametrize("kind", ["xlsx", "ods", "jsonl", "parquet"])
def test_every_format_gives_the_same_rows(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"penerima.{kind}"
    path.write_bytes(WRITERS[kind](ROWS))
    assert described(path)["format"] == kind


def ods_bytes(rows: list[list[Any]]) -> bytes:
    cells = "".join(
        "<table:table-row>" + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        ) + "</table:table-row>"
        for row in rows
    )  # fmt: skip
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content{spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="Data">{cells}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", '<?xml version="1.0"?><manifest/>')
    return file.getvalue()


def jsonl_bytes(rows: list[list[Any]]) -> bytes:
    return b"".join(json.dumps(dict(zip(rows[0], row, strict=True))).encode() + b"\n" for row in rows[1:])


def parquet_bytes(rows: list[list[Any]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({name: [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])}), file)
    return file.getvalue()


WRITERS = {"xlsx": xlsx_bytes, "ods": ods_bytes, "jsonl": jsonl_bytes, "parquet": parquet_bytes}


def test_an_old_xls_is_read(tmp_path: Path) -> None:
    path = tmp_path / "penerima.xls"
    path.write_bytes(xls_bytes([HEADER, *people(3)]))
    found = inspect(path)
    assert (found.how, found.rows, codes(found)) == ({"format": "xls"}, 3, [])


def xls_bytes(rows: list[list[str]]) -> bytes:
    """Return a BIFF5 stream in an OLE container, as little of both as a reader needs ([MS-XLS], [MS-CFB])."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    cells = b"".join(
        record(0x0204, struct.pack("<HHHH", r, c, 0, len(text)) + text.encode())
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
    )
    sheet = record(0x0809, struct.pack("<HHHH", 0x0500, 0x0010, 0, 0)) + cells + record(0x000A, b"")
    head = record(0x0809, struct.pack("<HHHH", 0x0500, 0x0005, 0, 0)) + record(0x0042, struct.pack("<H", 1252))
    bound = record(0x0085, struct.pack("<IHB", len(head) + 19, 0, 4) + b"Data")
    stream = head + bound[:4] + struct.pack("<I", len(head) + len(bound) + 4) + bound[8:] + record(0x000A, b"") + sheet
    return ole_bytes({"Book": stream})


def ole_bytes(streams: dict[str, bytes]) -> bytes:
    """Return an OLE container of a few streams, each over the bound of small streams ([MS-CFB])."""
    end, free = 0xFFFFFFFE, 0xFFFFFFFF
    padded = {name: body.ljust(max(4096, -(-len(body) // 512) * 512), b"\0") for name, body in streams.items()}
    fat, sectors, entries = [0xFFFFFFFD, end], b"", []
    for name, body in padded.items():
        start, count = len(fat), len(body) // 512
        fat += [*range(start + 1, start + count), end]
        sectors += body
        entries.append((name, 2, start, len(body)))

    def entry(name: str, kind: int, start: int, size: int, right: int = free, child: int = free) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        return (
            text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, free, right, child) + bytes(36)
            + struct.pack("<IQ", start, size)
        )  # fmt: skip

    chain = [entry(*one, right=at + 2 if at + 1 < len(entries) else free) for at, one in enumerate(entries)]
    directory = (entry("Root Entry", 5, end, 0, child=1) + b"".join(chain)).ljust(512, b"\0")
    header = (
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
        + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<I", 0) + b"\xff" * 432
    )  # fmt: skip
    table = b"".join(struct.pack("<I", one) for one in fat).ljust(512, b"\xff")
    return header + table + directory + sectors


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def zip_of(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name.replace("__", "/"), body)
    return file.getvalue()


def marked(archive: bytes, flags: int = 0, method: int = 8) -> bytes:
    """Return an archive of one part, marked as encrypted or as packed in some way."""
    head = archive.index(b"PK\x01\x02")
    local = archive[:6] + struct.pack("<HH", flags, method) + archive[10:head]
    return local + archive[head : head + 8] + struct.pack("<HH", flags, method) + archive[head + 12 :]


def formulas_never_calculated() -> bytes:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append([*row[:2], "=A1", *row[3:]])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "empty_file"),
        ("a.pdf", b"%PDF-1.7 ...", "format_unknown"),
        ("a.docx", zip_of(word__document=b"<w/>"), "format_unknown"),
        ("a.xls", b"\r\n<HTML><body><table><tr><td>NIK</td></tr></table></body></HTML>", "html_table"),
        ("a.xls", b"\xef\xbb\xbf<!DOCTYPE html><table></table>", "html_table"),
        ("a.xlsx", ole_bytes({"EncryptedPackage": b"x" * 5000}), "password"),
        ("a.xlsx", xlsx_bytes(ROWS)[:-900], "zip_broken"),
        ("a.xlsx", xlsx_bytes(ROWS)[:2000] + b"\xff" * 40 + xlsx_bytes(ROWS)[2040:], "zip_broken"),
        ("a.xlsx", zip_of(**{"xl__workbook.xml": b"no workbook"}), "book_broken"),
        ("a.xlsx", marked(zip_of(**{"xl__workbook.xml": b"w" * 99}), flags=1), "password"),
        ("a.xlsx", marked(zip_of(**{"xl__workbook.xml": b"w" * 99}), method=99), "zip_broken"),
        ("a.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4000), "book_broken"),
        ("a.xlsx", formulas_never_calculated(), "formula_without_value"),
        ("a.csv", csv_bytes(ROWS).replace(b"ORANG 7", b"ORANG\x00 7"), "nul_bytes"),
        ("a.csv", b"\x00\x00\x00\x01 NIK", "nul_bytes"),
        ("a.csv", csv_bytes(ROWS).replace(b"ORANG 7", b'"ORANG 7'), "csv_broken"),
        ("a.csv", csv_bytes(ROWS)[:-12], "csv_cut"),
        ("a.csv", csv_bytes(ROWS).replace(b"ORANG 7", b"\x81\x8d"), "encoding_unknown"),
        ("a.jsonl", jsonl_bytes(ROWS) + b'{"NIK": ', "json_broken"),
        ("a.jsonl", b"[1, 2]\n", "json_broken"),
        ("a.parquet", parquet_bytes(ROWS)[:-30], "parquet_broken"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_code(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    assert refusal(written(tmp_path, name, content)) == code


def test_a_workbook_that_swells_when_unpacked_is_refused_before_it_is_read(tmp_path: Path) -> None:
    bomb = zip_of(**{"xl__workbook.xml": b"<w/>", "xl__worksheets__sheet1.xml": bytes(8 * 1024 * 1024)})
    assert len(bomb) < 100_000
    path = written(tmp_path, "a.xlsx", bomb)
    assert refusal(path, contract_of(options={"max_unpacked_bytes": 1024 * 1024})) == "zip_bomb"


def test_a_workbook_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    honest = zip_of(**{"xl__workbook.xml": b"<w/>", "xl__sharedStrings.xml": bytes(4 * 1024 * 1024)})
    size = struct.pack("<I", 4 * 1024 * 1024)
    assert honest.count(size) == 2
    path = written(tmp_path, "a.xlsx", honest.replace(size, struct.pack("<I", 1000)))
    assert refusal(path) == "zip_broken"


def test_a_file_over_the_bound_is_refused(tmp_path: Path) -> None:
    assert refusal(delivered(tmp_path, ROWS), contract_of(options={"max_bytes": 100})) == "too_large"
    assert refusal(delivered(tmp_path, ROWS), contract_of(options={"max_rows": 5})) == "too_many_rows"


def test_a_formula_with_an_empty_text_as_its_value_is_a_value() -> None:
    from connectors.kinds.file_drop.workbook import blank_formulas

    calculated = b'<c r="A1" t="str"><f>IF(1,"","")</f><v></v></c><c r="B1"><f>1+1</f><v>2</v></c>'
    never = b'<c r="C1" s="3"><f t="shared" si="0"/></c><c r="D1"><f>A1</f><v/></c>'
    assert blank_formulas(iter([calculated])) == 0
    assert blank_formulas(iter([calculated + never])) == 2
    assert blank_formulas(iter([calculated + never[:20], never[20:]])) == 2


def test_cells_become_one_text_each_whatever_the_format(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", 7, 7.0, 7.5, True, date(1990, 3, 5), "  007 ", ""])
    file = io.BytesIO()
    book.save(file)
    path = written(tmp_path, "a.xlsx", file.getvalue())
    from connectors.kinds.file_drop.cells import text_of

    opened = open_book(path, ".xlsx", Options(delivery="whole"), len)
    ((number, cells),) = opened.rows(opened.sheets[0])
    assert number == 1
    assert [text_of(cell) for cell in cells] == ["a", "7", "7", "7.5", "true", "1990-03-05", "007", None][: len(cells)]
