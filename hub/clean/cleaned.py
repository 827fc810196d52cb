"""What a cleaner says of one value.

Codes of marks: `missing` nothing there; `placeholder` an office's sign for "unknown"; `temporary` a number that is no
NIK yet; `implausible` cannot be right; `default` a date that stands for "year only"; `disagrees` with another field of
the record; `converted` from another code system; `unknown_code` not in the code list; `repaired` written otherwise.
A mark whose `was` is given tells what stood there and was set aside or rewritten; without it the value stands as it
is and is only doubtful.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Value = str | int | float | tuple[str, ...] | None


class Cleaned(NamedTuple):
    """A standardised value, the marks on it, and further attributes that the same text told of."""

    value: str | int | float | None
    marks: tuple[tuple[str, str | None], ...] = ()
    more: tuple[tuple[str, Value], ...] = ()


Cleaner = Callable[[str], Cleaned]

MISSING = Cleaned(None, (("missing", None),))


def set_aside(code: str, text: str) -> Cleaned:
    """Return no value, marked with why, and what stood there."""
    return Cleaned(None, ((code, text),))
