"""The file in which a person judges the drawn pairs: a workbook or CSV, two rows a pair, its verdict on the first.

It tells neither weight nor what the hub decided, so that the judge is not led; which pair is of which stratum stands
in the plan, which stays under the home and holds no personal value.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hub.evaluate.sample import DIFFERENT, SAME, UNSURE, Drawn
from hub.wire import workbook
from hub.wire.errors import RefuseToStart

PLANS = Path("evaluate") / "samples"
SHEET, GUIDE = "Pasangan", "Petunjuk"
WORDS: Mapping[str, str] = {"sama": SAME, "beda": DIFFERENT, "ragu": UNSURE}
_CODE, _VERDICT, _NOTE, _SIDE = "kode", "putusan", "catatan", "sisi"
_EPOCH = date(1970, 1, 1)
_HIDDEN = frozenset({"id", "version", "deleted", "table", "changed_at", "digest", "previous", "next", "flags",
                     "name_variants", "head_variants", "owner_variants", "key", "region_system"})  # fmt: skip
_LABELS: Mapping[str, str] = {
    "source": "sumber", "nik": "NIK", "kk": "No. KK", "identity_no": "No. identitas", "name": "nama",
    "titles": "gelar", "sex": "jenis kelamin", "birth_date": "tanggal lahir", "birth_place": "tempat lahir",
    "mother": "nama ibu", "phone": "telepon", "street": "alamat", "rt": "RT", "rw": "RW", "village": "desa",
    "region": "kode wilayah", "postcode": "kode pos", "marital": "status kawin", "vital": "status hidup",
    "head_nik": "NIK kepala", "head_name": "nama kepala", "member_count": "jumlah anggota", "nib": "NIB",
    "npwp": "NPWP", "owner_nik": "NIK pemilik", "owner_name": "nama pemilik", "form": "bentuk usaha",
    "kbli": "KBLI", "scale": "skala", "npsn": "NPSN", "health_code": "kode faskes", "kind": "jenis",
    "latitude": "lintang", "longitude": "bujur",
}  # fmt: skip
_GUIDE = (
    "Setiap pasangan ada dua baris: A dan B. Putuskan apakah keduanya orang (atau keluarga, usaha, fasilitas) yang sama.",  # noqa: E501
    "Isi kolom putusan pada baris A: sama, beda, atau ragu. Pakai ragu hanya bila dokumen pun tidak dapat memastikan.",
    "Bila perlu, periksa dokumen atau sistem asalnya. Jangan menebak dari hub: putusan Anda yang menjadi ukuran.",
    "Jangan ubah kolom kode. Urutan baris boleh diubah. Pasangan yang belum diisi tidak dihitung.",
    "Berkas ini memuat data pribadi: simpan di tempat yang terlindung dan hapus setelah dinilai.",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What must be known to read a judged file back."""

    id: str
    entity: str
    model: str
    drawn_at: str
    strata: Sequence[Drawn]

    def write(self, home: Path) -> Path:
        """Keep the plan under the home."""
        path = home / PLANS / f"{self.id}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        strata = [
            {"name": one.name, "linked": one.linked, "pairs": one.pairs,
             "sample": {code: [a.hex(), b.hex()] for code, (a, b) in one.sample.items()}}
            for one in self.strata
        ]  # fmt: skip
        plain = {"id": self.id, "entity": self.entity, "model": self.model, "drawn_at": self.drawn_at, "strata": strata}
        path.write_text(json.dumps(plain, indent=1), encoding="utf-8")
        return path


def plan_of(home: Path, sample_id: str) -> Plan:
    """Return the plan of a sample; raises RefuseToStart where this home drew none of that id."""
    path = home / PLANS / f"{sample_id}.json"
    if not sample_id.replace("-", "").isalnum() or not path.exists():
        raise RefuseToStart(f"the file names sample {sample_id!r}, which was not drawn under this home; score it where "
                            "`satudata evaluate sample` was run")  # fmt: skip
    plain = json.loads(path.read_text(encoding="utf-8"))
    strata = [
        Drawn(one["name"], one["linked"], one["pairs"],
              {code: (bytes.fromhex(a), bytes.fromhex(b)) for code, (a, b) in one["sample"].items()})
        for one in plain["strata"]
    ]  # fmt: skip
    return Plan(plain["id"], plain["entity"], plain["model"], plain["drawn_at"], strata)


def write(path: Path, plan: Plan, bodies: Mapping[bytes, Any]) -> int:
    """Write the file to judge, workbook or CSV by its ending; return how many pairs it holds."""
    pairs = sorted((code, *ends) for one in plan.strata for code, ends in one.sample.items())
    pairs = [pair for pair in pairs if pair[1] in bodies and pair[2] in bodies]
    fields = _fields(bodies)
    head = [f"{_CODE} {plan.id}", _VERDICT, _NOTE, _SIDE, *[_LABELS.get(name, name) for name in ("source", *fields)]]
    rows = _rows(pairs, fields, bodies)
    if path.suffix == ".csv":
        try:
            with path.open("x", encoding="utf-8-sig", newline="") as file:
                csv.writer(file).writerows([head, *(_plain(row) for row in rows)])
        except OSError as error:
            raise RefuseToStart(f"{path} cannot be written: {error.strerror}; name another file") from error
    else:
        _book(path, head, rows, len(pairs))
    return len(pairs)


def _fields(bodies: Mapping[bytes, Any]) -> list[str]:
    """Return the attributes that some record fills, in the record's order."""
    first = next(iter(bodies.values()), None)
    names = [] if first is None else [name for name in type(first).__dataclass_fields__ if name not in _HIDDEN]
    return [name for name in names if name != "source" and any(getattr(body, name) for body in bodies.values())]


Row = tuple[list[object], frozenset[int]]
"""Cells, and which of them differ from the pair's other row."""


def _rows(
    pairs: Sequence[tuple[str, bytes, bytes]], fields: Sequence[str], bodies: Mapping[bytes, Any]
) -> Iterator[Row]:
    for code, a, b in pairs:
        x, y = ([shown(name, getattr(bodies[one], name)) for name in fields] for one in (a, b))
        differing = frozenset({at + 5 for at, (one, other) in enumerate(zip(x, y, strict=True)) if one != other})
        yield [code, "", "", "A", bodies[a].source, *x], differing
        yield ["", "", "", "B", bodies[b].source, *y], differing


def shown(name: str, value: object) -> object:
    """Return an attribute as a person reads it."""
    if name == "birth_date" and isinstance(value, int):
        return _EPOCH + timedelta(days=value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _plain(row: Row) -> list[str]:
    texts = ["" if value is None else str(value) for value in row[0]]
    return [f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text for text in texts]


def _book(path: Path, head: list[str], rows: Iterator[Row], pairs: int) -> None:
    if path.exists():
        raise RefuseToStart(f"{path} exists; name another file, or move it away")
    book = workbook.Book()
    sheet = book.sheet(SHEET, [22, 10, 24, 5, 14, *[18 for _ in head[5:]]], head_row=1, fixed_columns=2)
    sheet.head(head, {_VERDICT: "Pilih sama, beda, atau ragu pada baris A."})
    for cells, differing in rows:
        first = cells[3] == "A"
        fills = dict.fromkeys(differing, workbook.WARN)
        sheet.row(cells, fill=workbook.PALE if first else "", fills=fills | ({1: workbook.GOOD} if first else {}))
    sheet.choices("B", list(WORDS), 2, 2 * pairs + 1)
    sheet.end()
    guide = book.sheet(GUIDE, [120])
    for line in _GUIDE:
        guide.row([line], wrap=True)
    book.save(path)


def read(path: Path) -> tuple[str, dict[str, str]]:
    """Return a judged file's sample id and the verdict on each pair's code; raises RefuseToStart naming the row."""
    rows = _csv(path) if path.suffix == ".csv" else workbook.read_rows(path, SHEET)
    head = rows[0] if rows else []
    if len(head) < 2 or not head[0].startswith(f"{_CODE} ") or head[1] != _VERDICT:
        raise RefuseToStart(f"{path.name}: its first row must begin with `{_CODE} <sample>` and `{_VERDICT}`; give the "
                            "file that `satudata evaluate sample` wrote")  # fmt: skip
    verdicts: dict[str, str] = {}
    for number, row in enumerate(rows[1:], 2):
        code, said = (cell.strip() for cell in (*row, "", "")[:2])
        if not said:
            continue
        if not code or said.lower() not in WORDS:
            raise RefuseToStart(f"{path.name}, row {number}: a verdict is one of {', '.join(WORDS)} and stands on a "
                                "pair's row A")  # fmt: skip
        if verdicts.setdefault(code, WORDS[said.lower()]) != WORDS[said.lower()]:
            raise RefuseToStart(f"{path.name}, row {number}: this pair has another verdict further up")
    return head[0].removeprefix(f"{_CODE} "), verdicts


def _csv(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            return list(csv.reader(file, delimiter=";" if head.count(";") > head.count(",") else ","))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RefuseToStart(f"{path.name} cannot be read: {error}; it must be CSV in UTF-8") from error
