"""How hospital, villages, staff office, health centres and the social office's list write a person down."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.demo.population import Family, Person
    from hub.demo.rows import Seen

Row = dict[str, Any]
_MARITAL = {1: "BELUM MENIKAH", 2: "MENIKAH", 3: "DUDHA", 4: "DUDHA"}
_UNITS = ("Sekretariat Daerah", "Dinas Pendidikan", "Dinas Kesehatan", "Dinas PUPR", "Kecamatan Pasar Muara Bungo")
SHARES = {"rsud": 0.3, "puskesmas": 0.2}


def offices(person: Person, family: Family, rng: random.Random) -> list[str]:
    """Return which of these offices know a person."""
    found = [source for source, share in SHARES.items() if rng.random() < share]
    if family.village.code.endswith(("1", "4")):
        found.append("desa")
    if 24 <= person.age <= 58 and rng.random() < 0.12:
        found.append("bkpsdm")
    if family.poor and rng.random() < 0.3:
        found.append("dtsen")
    return found


def fits(source: str, person: Person, family: Family) -> bool:
    """Tell whether an office may take a person in."""
    if source == "desa":
        return family.village.code.endswith(("1", "4"))
    if source == "bkpsdm":
        return 24 <= person.age <= 58
    return source != "dtsen" or family.poor


def _rsud(row: Row, person: Person, family: Family, seen: Seen, rng: random.Random) -> None:
    status = "JANDA" if person.marital >= 3 and person.sex == "P" else _MARITAL[person.marital]
    row.update(
        nm_pasien=seen.name.upper()[:40], no_ktp=seen.nik or rng.choice(("-", "")), jk=person.sex,
        tmp_lahir=person.birth_place.upper()[:15], tgl_lahir=seen.born,
        nm_ibu=person.mother.upper()[:40] if rng.random() < 0.95 else "-", alamat=_address(family), no_tlp=person.phone,
        stts_nikah=status, tgl_daftar=date(2026, rng.randint(1, 10), rng.randint(1, 28)),
    )  # fmt: skip


def _desa(row: Row, person: Person, family: Family, seen: Seen, _rng: random.Random) -> None:
    row.update(
        nama=seen.name.upper()[:100], nik=seen.nik or "0", id_kk=family.number + 1, sex=1 if person.sex == "L" else 2,
        tempatlahir=person.birth_place.upper(), tanggallahir=seen.born, status_kawin=person.marital,
        nama_ibu=person.mother.upper(), alamat=_address(family), telepon=person.phone,
        status_dasar=1 if person.alive else 2,
    )  # fmt: skip


def _bkpsdm(row: Row, person: Person, family: Family, seen: Seen, rng: random.Random) -> None:
    begun = date(min(2025, person.born.year + 23), 1 + rng.randrange(12), 1)
    row.update(
        nip=f"{person.born:%Y%m%d}{begun:%Y%m}{1 if person.sex == 'L' else 2}{1 + rng.randrange(999):03d}",
        nik=seen.nik, nama=seen.name, jk=person.sex, tempat_lahir=person.birth_place, tgl_lahir=seen.born.isoformat(),
        alamat=_address(family), hp=person.phone, unit_kerja=rng.choice(_UNITS),
    )  # fmt: skip


def _puskesmas(row: Row, person: Person, family: Family, seen: Seen, rng: random.Random) -> None:
    row.update(
        nik=seen.nik, no_kk=seen.kk if rng.random() < 0.6 else None, nama=seen.name.title(),
        kelamin="Laki-laki" if person.sex == "L" else "Perempuan", tempat_lahir=person.birth_place,
        tanggal_lahir=f"{seen.born:%d/%m/%Y}", ibu_kandung=person.mother if rng.random() < 0.9 else None,
        alamat=_address(family), telepon=person.phone,
    )  # fmt: skip


def _dtsen(row: Row, person: Person, family: Family, seen: Seen, rng: random.Random) -> None:
    row.update(
        nik=seen.nik, no_kk=seen.kk if rng.random() < 0.95 else None, nama=seen.name.upper(), jk=person.sex,
        tgl_lahir=f"{seen.born:%d-%m-%Y}", nama_ibu=person.mother.upper() if rng.random() < 0.95 else None,
        alamat=_address(family), desil=rng.randint(1, 4),
    )  # fmt: skip


def _address(family: Family) -> str:
    return f"{family.street} RT {family.rt:02d}/RW {family.rw:02d} Dusun {family.village.name}"


RENDER: Mapping[str, Callable[[Row, Person, Family, Seen, random.Random], None]] = {
    "rsud": _rsud, "desa": _desa, "bkpsdm": _bkpsdm, "puskesmas": _puskesmas, "dtsen": _dtsen,
}  # fmt: skip


def own_values(source: str, rng: random.Random) -> Row:
    """Return what a system keeps of its own about a record."""
    if source in ("rsud", "puskesmas"):
        return {"kunjungan": rng.randint(0, 40)}
    if source == "bkpsdm":
        return {"aktif": 1, "diubah_pada": "2026-01-02 07:30:00"}
    return {}


HEADERS: Mapping[str, tuple[str, ...]] = {
    "dtsen": ("id_dtsen", "nik", "no_kk", "nama", "jk", "tgl_lahir", "nama_ibu", "alamat", "desil"),
    "dukcapil_bulanan": (
        "id", "nik", "no_kk", "nama_lgkp", "jk", "tgl_lhr", "tmpt_lhr", "nama_ibu", "alamat", "no_rt", "no_rw",
        "kode_desa", "status_kawin", "status_hidup",
    ),
}  # fmt: skip
"""Columns of the offices that hand over files, in the order of the file."""
