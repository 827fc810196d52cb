"""Address by parts: village, RT and RW, street; a family shares it, so it is counted together with the family card."""

from __future__ import annotations

from hub.link import forms
from hub.link.compare import place, text

FIELDS = (5, 5)
LEVELS = ("missing", "same", "rt", "village", "other_rt", "district", "elsewhere")
TEXTS = {
    "same": ("jalan dan wilayah sama", "same street and village"),
    "rt": ("RT, RW dan desa sama", "same RT, RW and village"),
    "village": ("hanya desa sama", "only the village is equal"),
    "other_rt": ("desa sama, RT, RW atau jalan lain", "same village, another RT, RW or street"),
    "district": ("desa lain di kecamatan yang sama", "another village of one district"),
    "elsewhere": ("kecamatan lain", "another district"),
}

_AGREES = frozenset({1, 2, 3, 4})
"""Levels of the text comparison at which two streets are one: up to one that holds all words of the other."""
_DISTRICT = 2
"""Level of the comparison of places at which two are of one district."""

_ONE_VILLAGE = 10 ** (place.VILLAGE - 1) << 1
"""Least value of a region that is a village."""

Value = tuple[str, int, int, int]
"""Words of the street, RT, RW, region; empty or 0 where unknown."""

read = forms.address
spell = str


def compare(a: Value, b: Value) -> int:
    """Return the level of two addresses of form (street words, RT, RW, region)."""
    village = _village(a[3], b[3])
    if village is False:
        return 5 if place.compare(a[3], b[3]) == _DISTRICT else 6
    street = _street(a[0], b[0])
    rt = _both(a[1], b[1], a[2], b[2])
    if street is True and rt is not False:
        return 1
    if rt is True and village is True:
        return 2
    if street is False or rt is False:
        return 4 if village is True else 0
    return 3 if village is True else 0


def _village(a: int, b: int) -> bool | None:
    """Whether two regions are one village, None where it cannot be told."""
    if not a or not b or a & 1 != b & 1:
        return None
    if a == b:
        return True if a >= _ONE_VILLAGE else None
    x, y = forms.place_digits(a), forms.place_digits(b)
    if x.startswith(y) or y.startswith(x):
        return True if min(len(x), len(y)) >= place.VILLAGE else None
    return False


def _street(a: str, b: str) -> bool | None:
    if not a or not b:
        return None
    return a == b or text.compare(a, b) in _AGREES


def _both(rt_a: int, rt_b: int, rw_a: int, rw_b: int) -> bool | None:
    """Whether RT and RW agree, None where it cannot be told."""
    if not rt_a or not rt_b:
        return None
    return rt_a == rt_b and (rw_a == rw_b or not rw_a or not rw_b)
