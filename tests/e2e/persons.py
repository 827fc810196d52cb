"""Invented people whom the demo's population does not know, as each office writes them."""

from __future__ import annotations

import itertools
import random
import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

_COUNT = itertools.count(1)
_SYLLABLES = ("BRA", "CEN", "DUR", "GIL", "HAW", "JUN", "KRE", "LOM", "MIR", "NGA", "PUS", "QOR", "SEK", "TRO", "WUL",
              "YAN")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Somebody:
    """One invented person."""

    nik: str | None
    kk: str | None
    name: str
    born: date | None
    mother: str | None
    sex: str = "P"

    def resident(self, **more: Any) -> dict[str, Any]:
        """Return the civil register's row, without its key."""
        return {
            "nik": self.nik, "no_kk": self.kk, "nama_lgkp": self.name, "jk": self.sex, "tgl_lhr": self.born,
            "nama_ibu": self.mother, "kode_desa": "1508052001", "status_kawin": 1, **more,
        }  # fmt: skip

    def pupil(self, **more: Any) -> dict[str, Any]:
        """Return the school register's row, without its key."""
        return {
            "nama": self.name.title(), "jenis_kelamin": self.sex, "nik": self.nik, "no_kk": self.kk,
            "tanggal_lahir": self.born, "nama_ibu_kandung": self.mother, **more,
        }  # fmt: skip

    def recipient(self, **more: Any) -> dict[str, Any]:
        """Return the aid list's row, without its key."""
        born = None if self.born is None else self.born.strftime("%d-%m-%Y")
        return {
            "nama_penerima": self.name, "nik": self.nik, "no_kk": self.kk, "l_p": self.sex, "tgl_lahir": born,
            "nama_ibu": self.mother, **more,
        }  # fmt: skip

    def but(self, **changes: Any) -> Somebody:
        """Return the person as somebody wrote otherwise."""
        return replace(self, **changes)


def somebody() -> Somebody:
    """Return a person whom nothing else resembles."""
    number = next(_COUNT)
    chance = random.Random(number)
    born = date(1971 + number % 30, 1 + number % 12, 3 + number % 20)
    nik = f"150805{born.day + 40:02d}{born.month:02d}{born.year % 100:02d}{7000 + number}"
    return Somebody(nik, f"150805110309{7000 + number}", _name(chance), born, _name(chance))


def _name(chance: random.Random) -> str:
    return " ".join("".join(chance.sample(_SYLLABLES, 4)) for _ in range(2))


def number() -> int:
    """Return a number that no row has as its key."""
    return 900_000 + next(_COUNT)


def resident_key() -> tuple[int]:
    """Return a new key of the civil register."""
    return (number(),)


def pupil_key() -> tuple[uuid.UUID]:
    """Return a new key of the school register."""
    return (uuid.uuid4(),)


def recipient_key() -> tuple[str, int]:
    """Return a new key of the aid lists."""
    return ("PKH", number())
