"""A seeded invented population in three systems, with the error rates of a poor register.

Written apart from hub.demo on purpose: the engine must not be tuned on the demo's own inventions.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from itertools import combinations
from typing import Any

from hub.link.engine import Engine
from hub.link.model import Model, read
from hub.wire.records import CleanPerson, Flag
from hub.wire.version import pack

AUTHORITIES = {"dukcapil": "register", "dapodik": "sector", "dinsos": "programme"}
ATTESTING = frozenset({"dukcapil"})
TABLES = {"dukcapil": "public.penduduk", "dapodik": "public.peserta_didik", "dinsos": "public.penerima"}
EPOCH = date(1970, 1, 1)


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


MALE = words("""
AHMAD RIZKI BUDI JOKO AGUS HENDRA DEDI EKO FAJAR GALIH HASAN HUSIN IWAN JUNAIDI KURNIA LUKMAN MAHMUD NANDA
OSCAR PUTRA RAHMAT SAMSUL TAUFIK UMAR WAHYU YUSUF ZAINAL ANDI BAMBANG CANDRA DARMAN ERWIN FERI GUNAWAN HERU IRFAN
JAMAL KARIM LATIF MUKHLIS NURDIN RIDWAN SALEH TAMRIN USMAN WAWAN YANTO ZULKIFLI ARDI BAHARUDDIN DODI""")
FEMALE = words("""
AISYAH BUNGA CITRA DEWI ERNA FITRI GITA HALIMAH INDAH JULIA KARTIKA LESTARI MAYA NURHAYATI OKTAVIA PUTRI
RATNA SARI TUTI UMI VERA WULAN YANTI ZAHRA AMINAH BADRIAH CINDY DIANA ELVIRA FARIDAH HASNAH ITA JAMILAH KHADIJAH LINDA
MARLINA NURUL RAHMAWATI SALMAH TETI ULFA WATI YULIANA ZUBAIDAH ASMARA DESI""")
LAST = words("""
SANTOSO HIDAYAT PRATAMA SAPUTRA WIJAYA SUSANTO KURNIAWAN SETIAWAN RAMADHAN FIRMANSYAH NASUTION SIREGAR LUBIS
HARAHAP CHANIAGO TANJUNG KOTO PILIANG SIKUMBANG JAMBAK ANGGRAINI PERMATA UTAMI LESTARI HANDAYANI RAHAYU SAFITRI
WAHYUNI PUSPITA MAHARANI SALSABILA AZZAHRA MAULANA ARIFIN HAKIM SYAHPUTRA ABDULLAH ISMAIL IBRAHIM YAHYA""")
TOWNS = words("BUNGO BUNGO BUNGO MUARA_BUNGO MUARA_BUNGO TEBO JAMBI BANGKO PADANG SOLOK")
STREETS = words("SUDIRMAN DIPONEGORO GAJAH_MADA RANGKAYO_HITAM SULTAN_THAHA LINTAS_SUMATERA PASAR MERDEKA")
SHORT = {"MUHAMMAD": ("MUHAMAD", "MOHAMMAD", "MOHD", "MUH", "M"), "AHMAD": ("ACHMAD", "AKHMAD"), "SITI": ("ST",)}


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person."""

    number: int
    nik: str
    kk: str
    name: str
    sex: str
    born: date
    mother: str
    village: str
    birth_place: str
    street: str
    rt: int
    phone: str | None


@dataclass(frozen=True, slots=True)
class Rates:
    """Chances of an error in one record."""

    missing: float = 0.08
    typo: float = 0.03
    borrowed: float = 0.01
    placeholder: float = 0.02
    variant: float = 0.20
    date: float = 0.04
    moved: float = 0.05


def record_id(source: str, number: int) -> bytes:
    """An id as a source's key would give."""
    return blake2b(f"{source}/{number}".encode(), digest_size=16).digest()


def people(count: int, rng: random.Random) -> list[Person]:
    """Families of an invented regency, twins among the children."""
    found: list[Person] = []
    serials: dict[str, int] = {}
    family = 0
    while len(found) < count:
        family += 1
        _family(found, serials, family, rng)
    return found[:count]


def _family(found: list[Person], serials: dict[str, int], family: int, rng: random.Random) -> None:
    district, village = 1 + rng.randrange(17), 2001 + rng.randrange(9)
    issued = f"{1 + rng.randrange(28):02d}{1 + rng.randrange(12):02d}{rng.randrange(5, 24):02d}"
    kk = f"1508{district:02d}{issued}{family:04d}"
    place = f"1508{district:02d}{village}"
    street, rt = f"{rng.choice(STREETS)} NO {1 + rng.randrange(90)}", 1 + rng.randrange(12)
    phone = f"+62812{rng.randrange(10**8):08d}" if rng.random() < 0.6 else None

    def born(low: int, high: int) -> date:
        return date.fromordinal(date(low, 1, 1).toordinal() + rng.randrange((high - low) * 365))

    def add(name: str, sex: str, day: date, mother: str) -> None:
        head = f"1508{district:02d}{day.day + (40 if sex == 'female' else 0):02d}{day.month:02d}{day.year % 100:02d}"
        serials[head] = serials.get(head, 0) + 1
        nik, town = f"{head}{serials[head]:04d}", rng.choice(TOWNS)
        found.append(Person(len(found), nik, kk, name, sex, day, mother, place, town, street, rt, phone))

    wife = _name("female", rng)
    father = born(1955, 1995)
    add(_name("male", rng), "male", father, _name("female", rng))
    add(wife, "female", date.fromordinal(father.toordinal() + rng.randrange(-1500, 2500)), _name("female", rng))
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4))):
        sex, day = rng.choice(("male", "female")), born(1996, 2026)
        name = _name(sex, rng)
        add(name, sex, day, wife)
        if rng.random() < 0.012:
            first, *rest = name.split()
            twin = rng.choice(MALE if sex == "male" else FEMALE)
            add(" ".join([twin if twin != first else first + "UN", *rest]), sex, day, wife)


def _name(sex: str, rng: random.Random) -> str:
    words = [rng.choice(MALE if sex == "male" else FEMALE)]
    if rng.random() < 0.75:
        words.append(rng.choice(LAST))
    if rng.random() < 0.18:
        words.insert(0, rng.choice(("MUHAMMAD", "AHMAD") if sex == "male" else ("SITI", "NUR")))
    return " ".join(words)


def records(
    persons: list[Person], rng: random.Random, rates: Rates, register: Rates | None = None
) -> list[tuple[int, CleanPerson]]:
    """(person, record) of every system: the register holds all, the school ages 6 to 18, aid some families."""
    by_kk: dict[str, list[Person]] = {}
    for person in persons:
        by_kk.setdefault(person.kk, []).append(person)
    helped = {kk for kk in by_kk if rng.random() < 0.35}
    found = []
    for person in persons:
        sources = ["dukcapil"]
        if 6 <= 2026 - person.born.year <= 18:
            sources.append("dapodik")
        if person.kk in helped:
            sources.append("dinsos")
        for source in sources:
            mine = register if register is not None and source == "dukcapil" else rates
            found.append((person.number, _record(person, source, by_kk[person.kk], rng, mine)))
    return found


def _record(person: Person, source: str, family: list[Person], rng: random.Random, rates: Rates) -> CleanPerson:
    flags: list[Flag] = []
    born = person.born
    if rng.random() < rates.date:
        if rng.random() < 0.5 and born.day <= 12:
            born = date(born.year, born.day, born.month)
        else:
            born = date(born.year, *rng.choice(((7, 1), (12, 31), (1, 1), (born.month, 15))))
    if born.day == 15 or (born.month, born.day) in {(7, 1), (12, 31), (1, 1)}:
        flags.append(Flag("birth_date", "default"))
    return CleanPerson(
        record_id(source, person.number),
        pack(1, person.number + 1, 0),
        False,
        source,
        TABLES[source],
        1_700_000_000_000_000 + person.number,
        rng.getrandbits(62),
        nik=_nik(person, family, rng, rates),
        kk=None if source == "dapodik" else person.kk,
        name=_spelled(person.name, rng) if rng.random() < rates.variant else person.name,
        sex=person.sex,
        birth_date=(born - EPOCH).days,
        mother=None if source == "dinsos" else person.mother,
        birth_place=person.birth_place.replace("_", " "),
        phone=None if source == "dukcapil" else person.phone,
        **_address(person, source, rng, rates),
        flags=tuple(flags),
    )


def _address(person: Person, source: str, rng: random.Random, rates: Rates) -> dict[str, Any]:
    """The address as an office writes it; some moved since another office wrote it down."""
    if rng.random() < rates.moved:
        return {"region": f"1508{1 + rng.randrange(17):02d}{2001 + rng.randrange(9)}", "region_system": "kemendagri"}
    street = person.street.replace("_", " ")
    written = {"dukcapil": street, "dapodik": f"JL. {street}", "dinsos": None}[source]
    rt = None if source == "dapodik" else person.rt
    return {"street": written, "rt": rt, "region": person.village, "region_system": "kemendagri"}


def _nik(person: Person, family: list[Person], rng: random.Random, rates: Rates) -> str | None:
    dice = rng.random()
    if dice < rates.missing + rates.placeholder:
        return None
    if dice < rates.missing + rates.placeholder + rates.typo:
        at = rng.randrange(4, 16)
        return person.nik[:at] + str((int(person.nik[at]) + 1 + rng.randrange(9)) % 10) + person.nik[at + 1 :]
    if dice < rates.missing + rates.placeholder + rates.typo + rates.borrowed and len(family) > 1:
        return rng.choice([other for other in family if other is not person]).nik
    return person.nik


def _spelled(name: str, rng: random.Random) -> str:
    words = name.split()
    for at, word in enumerate(words):
        if word in SHORT and rng.random() < 0.8 and len(words) > 1:
            words[at] = rng.choice(SHORT[word])
            return " ".join(words)
    dice = rng.random()
    if dice < 0.35 and len(words) > 1:
        words[-1] = words[-1][0] if rng.random() < 0.5 else words[-1][:4]
    elif dice < 0.5 and len(words) > 1:
        words.reverse()
    elif dice < 0.7:
        words[0] = words[0].replace("U", "OE", 1) if "U" in words[0] else words[0].replace("J", "DJ", 1)
    else:
        at = rng.randrange(1, len(words[0]))
        words[0] = words[0][:at] + words[0][at - 1] + words[0][at:]
    return " ".join(words)


def engine(model: Model | None = None) -> Engine:
    """An empty engine with the demo's sources."""
    return Engine(model or read(), AUTHORITIES, ATTESTING)


def score(truth: dict[bytes, int], clusters: list[tuple[bytes, ...]]) -> tuple[float, float, float]:
    """Pairwise precision, recall and F1 of clusters."""
    wanted: dict[int, int] = {}
    for person in truth.values():
        wanted[person] = wanted.get(person, 0) + 1
    total = sum(n * (n - 1) // 2 for n in wanted.values())
    made = right = 0
    for members in clusters:
        for a, b in combinations(members, 2):
            made += 1
            right += truth[a] == truth[b]
    precision, recall = right / max(made, 1), right / max(total, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def by_nik(found: list[CleanPerson]) -> list[tuple[bytes, ...]]:
    """Clusters of exact-NIK matching."""
    groups: dict[str, list[bytes]] = {}
    for each in found:
        groups.setdefault(each.nik or each.id.hex(), []).append(each.id)
    return [tuple(group) for group in groups.values()]


def moved(person: CleanPerson, **changes: object) -> CleanPerson:
    """A record with some fields changed."""
    return replace(person, **changes)  # type: ignore[arg-type]
