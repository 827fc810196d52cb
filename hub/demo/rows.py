"""How the three registers write a person down: one function a system, from the truth to a row."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hub.demo import mistakes, rows_more
from hub.demo.mistakes import Fault
from hub.demo.population import Family, Person, Population

Row = dict[str, Any]
_WIB = ZoneInfo("Asia/Jakarta")
"""What the clocks of Bungo's offices show."""
PROGRAMMES = ("PKH", "BPNT", "PBI-JK")


@dataclass(frozen=True, slots=True)
class System:
    """One OPD's system: its database, its table and the columns of its key."""

    source: str
    table: str
    key: tuple[str, ...]


MORE: Mapping[str, System] = {
    "rsud": System("rsud", "rsud.pasien", ("no_rkm_medis",)),
    "desa": System("desa", "desa.tweb_penduduk", ("id",)),
    "bkpsdm": System("bkpsdm", "main.pegawai", ("id",)),
    "puskesmas": System("puskesmas", "main.pasien", ("no_rm",)),
    "dtsen": System("dtsen", "berkas.dtsen", ("id_dtsen",)),
    "dukcapil_bulanan": System("dukcapil_bulanan", "berkas.penduduk", ("id",)),
}
"""Offices that the demo has beside the three registers: other databases, and files."""
LOGGED = frozenset({"dukcapil", "dapodik", "dinsos", "rsud", "desa"})
"""Sources whose every commit must reach raw; of the others the hub sees what is there when it looks."""
SYSTEMS: Mapping[str, System] = {
    "dukcapil": System("dukcapil", "public.penduduk", ("id",)),
    "dapodik": System("dapodik", "public.peserta_didik", ("peserta_didik_id",)),
    "dinsos": System("dinsos", "public.penerima", ("program", "no_urut")),
}
ALL: Mapping[str, System] = {**SYSTEMS, **MORE}


@dataclass(slots=True)
class Entry:
    """One record of one system: whose it is, its key, and the mistakes that it carries."""

    source: str
    person: int
    key: tuple[Any, ...]
    faults: set[Fault]
    seed: int
    more: Row = field(default_factory=dict)
    """What the system holds of its own: grades, amounts, a photograph."""
    kk: str | None = None
    """The family card as this system last heard of it; None = as it is."""

    def key_text(self) -> tuple[str, ...]:
        """Return the key parts as text, as record ids are made from them."""
        return tuple(str(part) for part in self.key)


def render(entry: Entry, population: Population) -> Row:
    """Return the row that the system holds of this entry, without its key when life changes it."""
    person = population.people[entry.person]
    family = population.family_of(person)
    row: Row = dict(zip(ALL[entry.source].key, entry.key, strict=True))
    seen = Seen(
        mistakes.nik(person, population.relatives(person), entry.faults, _chance(entry, 1)),
        mistakes.name(person, entry.faults, _chance(entry, 2)),
        mistakes.birth(person.born, entry.faults, _chance(entry, 3)),
        "birth" in entry.faults,
        entry.kk or family.kk,
    )
    (_RENDER.get(entry.source) or rows_more.RENDER[entry.source])(row, person, family, seen, _chance(entry, 4))
    row.update(entry.more)
    return row


@dataclass(frozen=True, slots=True)
class Seen:
    """What a system took down of a person, mistakes included."""

    nik: str | None
    name: str
    born: date
    doubtful: bool
    kk: str


def _chance(entry: Entry, what: int) -> random.Random:
    """Return the dice of one column: a mistake that is corrected leaves the other columns as they were."""
    return random.Random(entry.seed * 8 + what)


def _dukcapil(row: Row, person: Person, family: Family, seen: Seen, _rng: random.Random) -> None:
    row.update(
        nik=seen.nik, no_kk=seen.kk, nama_lgkp=seen.name.upper()[:60], jk=person.sex,
        tgl_lhr=seen.born, tmpt_lhr=person.birth_place.upper(),
        nama_ibu=person.mother.upper(), alamat=family.street.upper(), no_rt=family.rt, no_rw=family.rw,
        kode_desa=family.village.code, status_kawin=person.marital, status_hidup=person.alive,
    )  # fmt: skip


def _dapodik(row: Row, person: Person, family: Family, seen: Seen, rng: random.Random) -> None:
    knows_card, knows_mother = rng.random() < 0.7, rng.random() < 0.98
    row.update(
        nama=seen.name.title(), jenis_kelamin=person.sex, nik=seen.nik, no_kk=seen.kk if knows_card else None,
        tempat_lahir=person.birth_place, tanggal_lahir=seen.born,
        nama_ibu_kandung=person.mother if knows_mother else None, alamat_jalan=family.street, rt=Decimal(family.rt),
        rw=Decimal(family.rw), kode_wilayah=family.village.bps, nomor_telepon=person.phone,
    )  # fmt: skip


def _dinsos(row: Row, person: Person, family: Family, seen: Seen, rng: random.Random) -> None:
    only_year = seen.doubtful and rng.random() < 0.25
    form = "%Y" if only_year else rng.choice(("%d-%m-%Y", "%d/%m/%Y"))
    knows_mother, knows_card = rng.random() < 0.93, rng.random() < 0.9
    row.update(
        nama_penerima=seen.name, nik=seen.nik, no_kk=seen.kk if knows_card else None, l_p=person.sex,
        tgl_lahir=seen.born.strftime(form), nama_ibu=person.mother if knows_mother else None,
        alamat=f"{family.street} RT {family.rt:02d}/RW {family.rw:02d} Dusun {family.village.name}",
        kecamatan=family.village.kecamatan, no_hp=f"+62{person.phone[1:]}",
    )  # fmt: skip


_RENDER: Mapping[str, Callable[[Row, Person, Family, Seen, random.Random], None]] = {
    "dukcapil": _dukcapil, "dapodik": _dapodik, "dinsos": _dinsos,
}  # fmt: skip


def own_values(source: str, rng: random.Random) -> Row:
    """Return what a system keeps of its own about a record."""
    if source == "dukcapil":
        size = 6000 if rng.random() < 0.02 else 64  # a few are large enough to be stored out of line
        return {"pas_foto": rng.randbytes(size)}
    if source == "dapodik":
        return {
            "nilai_rapor": round(rng.uniform(55, 98), 2), "soft_delete": Decimal(0),
            "riwayat_sekolah": json.dumps([{"tahun": 2026, "kelas": rng.randint(1, 12)}]),
        }  # fmt: skip
    if source in MORE:
        return rows_more.own_values(source, rng)
    return {
        "nominal": Decimal(rng.randrange(200, 900) * 1000), "mulai": time(rng.randint(7, 14), rng.choice((0, 30))),
        "bansos": rng.sample(["beras", "telur", "tunai", "minyak"], rng.randint(1, 3)),
    }  # fmt: skip


def touched(source: str, now: datetime) -> Row:
    """Return the columns by which a system notes the time of a change."""
    if source == "dukcapil":
        return {"diubah_pada": now}
    if source == "dapodik":
        return {"last_update": now.replace(tzinfo=None)}
    if source == "bkpsdm":
        return {"diubah_pada": now.astimezone(_WIB).replace(tzinfo=None).isoformat(sep=" ")}
    return {}


def pupil_key(rng: random.Random) -> tuple[uuid.UUID]:
    """Return a new key of the school register."""
    return (uuid.UUID(int=rng.getrandbits(128), version=4),)
