"""One table of invented people, its contract, and the reading of a delivery of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.kinds.file_drop.faults import Refused
from connectors.kinds.file_drop.inspection import Inspection, Inspector
from connectors.kinds.file_drop.memory import Last
from connectors.kinds.file_drop.options import Options, options
from hub.wire.contract import Contract
from hub.wire.identity import record_ids
from tests.suites.files import csv_bytes

HEADER = ["No Urut", "NIK", "Nama Penerima", "Tgl Lahir", "L/P"]


def contract_of(**more: Any) -> Contract:
    """Return a contract of recipients; `options` and `table` are laid over it."""
    table = {
        "name": "penerima", "entity": "person", "key": ["no_urut"], "ignore": ["nominal"],
        "map": {
            "nik": {"from": "nik", "with": "nik"},
            "name": {"from": "nama_penerima", "with": "name", "required": True},
            "birth_date": {"from": "tgl_lahir", "with": "date"},
            "sex": {"from": "l_p", "with": "lookup:jk"},
        },
        "lookups": {"jk": {"L": "male", "P": "female"}},
        **more.get("table", {}),
    }  # fmt: skip
    return Contract.model_validate({
        "source": {
            "name": "dinsos", "kind": "file_drop", "owner": "Dinas Uji", "authority": "programme",
            "legal_basis": "Uji 1/2026", "purpose": "uji coba", "retention_days": 30, "expires": "2099-12-31",
            "dsn": "env:DINSOS_FOLDER",
        },
        "table": [table],
        "options": {"delivery": "whole", **more.get("options", {})},
    })  # fmt: skip


def people(count: int, start: int = 1) -> list[list[Any]]:
    """Return rows of invented people; serials of their NIKs never end in 0."""
    return [
        [
            str(n),
            f"150801{n % 28 + 1:02d}0190{n * 10 % 10_000 + 1:04d}",
            f"ORANG {n}",
            f"{n % 28 + 1:02d}-01-1990",
            "LP"[n % 2],
        ]
        for n in range(start, start + count)
    ]


def inspect(path: Path, contract: Contract | None = None, last: Last | None = None) -> Inspection:
    """Return what is found of a delivery; raises Refused."""
    contract = contract or contract_of()
    table, chosen = contract.table[0], options(contract)
    steps = Inspector(table, chosen, record_ids(b"k" * 32, table.name)).inspect(path, path.name, last)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value


def delivered(folder: Path, rows: list[list[Any]], name: str = "penerima.csv", **how: Any) -> Path:
    """Write rows as a CSV file."""
    path = folder / name
    path.write_bytes(csv_bytes(rows, **how))
    return path


def refusal(path: Path, contract: Contract | None = None) -> str:
    """Return the code for which a delivery cannot even be read."""
    try:
        inspect(path, contract)
    except Refused as refused:
        return refused.fault.code
    raise AssertionError("the delivery can be read")


def codes(found: Inspection) -> list[str]:
    """Return the codes of all reasons to refuse it."""
    return [fault.code for fault in (*found.faults, *found.doubts)]


__all__ = ["HEADER", "Options", "codes", "contract_of", "delivered", "inspect", "people", "refusal"]
