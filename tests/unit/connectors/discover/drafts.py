"""Drafts under test: their blanks filled, and what a contract makes of them."""

from __future__ import annotations

import tomllib
from datetime import date

from connectors.discover.draft import draft
from connectors.discover.seen import Column, Seen, Table
from hub.wire.contract import Contract
from hub.wire.typed import DATE, NUMBER, TEXT

TODAY = date(2026, 11, 24)
NIKS = [f"150805{day:02d}0179{number:04d}" for number, day in enumerate((1, 42, 13, 55, 60, 7, 21, 48), 1)]
CARDS = [f"150805{day:02d}0315{number:04d}" for number, day in enumerate((1, 1, 12, 12, 3, 3, 28, 9), 7)]
NAMES = ["SITI CONTOH", "BUDI CONTOH", "H. AHMAD UJI, S.Pd", "RATNA", "DEWI UJI", "MUH. UJI", "SRI", "ANTO"]
BORN = [f"19{year}-01-0{day}" for day, year in enumerate((79, 80, 65, 91, 55, 70, 88, 99), 1)]
BLANKS = {
    'owner          = ""': 'owner = "Dinas Uji"',
    'authority      = ""': 'authority = "sector"',
    'legal_basis    = ""': 'legal_basis = "Perpres 39/2019"',
    'purpose        = ""': 'purpose = "uji coba"',
    "retention_days = 0": "retention_days = 30",
    'expires        = ""': "expires = 2029-12-31",
    "key = []": 'key = ["id"]',
}


def filled(text: str) -> Contract:
    """Return the contract of a draft whose blanks are filled."""
    for blank, value in BLANKS.items():
        text = text.replace(blank, value)
    return Contract.model_validate(tomllib.loads(text))


def column(name: str, values: list[str] | None = None, kind: str = TEXT, distinct: bool = False) -> Column:
    given = values or []
    return Column(name, kind, given, sorted(set(given)) if distinct else None)


def people(*more: Column, name: str = "public.warga", keys: tuple[tuple[str, ...], ...] = (("id",),)) -> Table:
    """Return a table of people: key, name and birth date, and further columns."""
    plain = (column("id", [str(n) for n in range(8)], NUMBER), column("nama", NAMES), column("tgl_lahir", BORN, DATE))
    return Table(name, (*plain, *more), keys, 8)


def written(*tables: Table, kind: str = "postgres_wal") -> str:
    return draft(Seen("uji", kind, "of the test", tables), TODAY)
