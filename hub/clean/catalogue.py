"""Every cleaner that a contract may name after `with`, what it reads and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.clean.cleaned import MISSING, Cleaned, Cleaner
from hub.clean.cleaners import (
    address,
    business,
    codes,
    coordinates,
    date,
    facility,
    kk,
    name,
    nik,
    number,
    phone,
    region,
    taxpayer,
    text,
    vocabulary,
)
from hub.wire.contract import FieldMap, Table
from hub.wire.errors import Quarantine, RefuseToStart
from hub.wire.typed import BOOL, DATE, MOMENT, NUMBER, TEXT

_ANY = frozenset({TEXT, NUMBER, BOOL})


class Entry(NamedTuple):
    """A cleaner, the kinds of column that it can read, the type of its value, and how many values are remembered."""

    clean: Cleaner
    reads: frozenset[str]
    gives: type
    remember: int


CLEANERS: Mapping[str, Entry] = {
    "nik": Entry(nik.clean, frozenset({TEXT, NUMBER}), str, 0),
    "kk": Entry(kk.clean, frozenset({TEXT, NUMBER}), str, 4096),
    "name": Entry(name.clean, frozenset({TEXT}), str, 16384),
    "mother": Entry(name.clean_mother, frozenset({TEXT}), str, 16384),
    "date": Entry(date.clean, frozenset({TEXT, NUMBER, DATE, MOMENT}), int, 32768),
    "sex": Entry(vocabulary.clean_sex, frozenset({TEXT, NUMBER}), str, 256),
    "marital": Entry(vocabulary.clean_marital, frozenset({TEXT, NUMBER}), str, 256),
    "vital": Entry(vocabulary.clean_vital, frozenset({TEXT, BOOL}), str, 256),
    "phone": Entry(phone.clean, frozenset({TEXT, NUMBER}), str, 4096),
    "address": Entry(address.clean, frozenset({TEXT}), str, 8192),
    "number": Entry(number.clean, frozenset({TEXT, NUMBER}), int, 1024),
    "text": Entry(text.clean, frozenset({TEXT}), str, 4096),
    "village": Entry(codes.clean_village, frozenset({TEXT}), str, 4096),
    "postcode": Entry(codes.clean_postcode, frozenset({TEXT, NUMBER}), str, 1024),
    "identity": Entry(codes.clean_identity, frozenset({TEXT, NUMBER}), str, 0),
    "nib": Entry(taxpayer.clean_nib, frozenset({TEXT, NUMBER}), str, 0),
    "npwp": Entry(taxpayer.clean_npwp, frozenset({TEXT, NUMBER}), str, 0),
    "kbli": Entry(taxpayer.clean_kbli, frozenset({TEXT, NUMBER}), str, 2048),
    "business": Entry(business.clean_name, frozenset({TEXT}), str, 4096),
    "form": Entry(business.clean_form, frozenset({TEXT}), str, 256),
    "scale": Entry(vocabulary.clean_scale, frozenset({TEXT}), str, 256),
    "facility": Entry(facility.clean_name, frozenset({TEXT}), str, 4096),
    "kind": Entry(vocabulary.clean_kind, frozenset({TEXT}), str, 256),
    "npsn": Entry(facility.clean_npsn, frozenset({TEXT, NUMBER}), str, 0),
    "health_code": Entry(facility.clean_health_code, frozenset({TEXT, NUMBER}), str, 0),
    "degrees": Entry(coordinates.clean_degrees, frozenset({TEXT, NUMBER}), float, 0),
    "coordinates": Entry(coordinates.clean_pair, frozenset({TEXT}), float, 0),
}
"""By name; `region` is chosen by its code system, `lookup:<vocabulary>` by the contract."""
REGIONS: Mapping[str, Entry] = {
    region.KEMENDAGRI: Entry(region.clean_kemendagri, frozenset({TEXT, NUMBER}), str, 8192),
    region.BPS: Entry(region.clean_bps, frozenset({TEXT, NUMBER}), str, 8192),
}


def entry_of(table: Table, target: str, field: FieldMap) -> Entry:
    """Return the cleaner of one attribute; raises RefuseToStart when the contract names none that exists."""
    place = f"contract of table {table.name}: map.{target}"
    if field.cleaner == "region":
        if field.system is None:
            raise RefuseToStart(f'{place}: a region code needs its code system; add system = "kemendagri" or "bps"')
        return REGIONS[field.system]
    if field.cleaner.startswith("lookup:"):
        vocabulary_name = field.cleaner.removeprefix("lookup:")
        words = table.lookups[vocabulary_name]
        strangers = set(words.values()) - vocabulary.VALUES.get(target, frozenset(words.values()))
        if strangers:
            raise RefuseToStart(
                f"{place}: vocabulary {vocabulary_name} gives {', '.join(sorted(strangers))}; known are "
                f"{', '.join(sorted(vocabulary.VALUES[target]))}"
            )
        return Entry(lookup(vocabulary_name, words), _ANY, str, 256)
    if field.cleaner not in CLEANERS:
        raise RefuseToStart(
            f"{place}: no cleaner {field.cleaner!r}; known are {', '.join(CLEANERS)}, region and lookup:<vocabulary>"
        )
    return CLEANERS[field.cleaner]


def lookup(vocabulary_name: str, words: Mapping[str, str]) -> Cleaner:
    """Return a cleaner of an office's own vocabulary; an unknown value raises Quarantine."""
    known = {**{key.strip().upper(): value for key, value in words.items()}, **words}

    def clean(written: str) -> Cleaned:
        bare = written.strip()
        if not bare:
            return MISSING
        value = known.get(bare)
        if value is None:
            value = known.get(bare.upper())
        if value is None:
            raise Quarantine(
                "unknown_value",
                f"a value is not in vocabulary {vocabulary_name}",
                remedy=f"Tambahkan nilai ini ke kosakata {vocabulary_name} pada kontrak sumber, atau perbaiki di "
                "sumber, lalu ulangi.",
            )
        return Cleaned(value)

    return clean
