"""Invented records of offices and of the register."""

from __future__ import annotations

from datetime import date
from hashlib import blake2b
from typing import Any

from hub.wire.records import CleanPerson, Flag
from hub.wire.version import pack

TABLES = {"dukcapil": "public.penduduk", "dinsos": "public.penerima", "dapodik": "public.peserta_didik"}
NIK = "1508016107940001"


def day(year: int, month: int, of_month: int) -> int:
    return (date(year, month, of_month) - date(1970, 1, 1)).days


def record(source: str, number: int, *flags: Flag, version: int = 1, **values: Any) -> CleanPerson:
    """Return an invented record; what is not given is that of one woman."""
    person: dict[str, Any] = {"nik": NIK, "name": "SEKAR MELATI WANGI", "sex": "female",
                              "birth_date": day(1994, 7, 21), "mother": "RATNA DEWI"}  # fmt: skip
    id_ = blake2b(f"{source} {number}".encode(), digest_size=16).digest()
    return CleanPerson(
        id_, pack(1, version, 0), False, source, TABLES[source], 1_700_000_000_000_000 + number, 1,
        flags=flags, **{**person, **values},
    )  # fmt: skip
