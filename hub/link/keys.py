"""Blocking keys from data: two records are compared when they share one that is not generic.

A key is an integer under 2**60 (small in memory): its block in the top four bits, then the value itself where the block
has one part and that is a number, else a fixed hash, so that every process derives the same keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations
from typing import Any, NamedTuple
from zlib import crc32

from hub.link import forms
from hub.link.evidence import Block
from hub.link.forms import Fields, Form, Slot
from hub.link.names import Words, sound, telling
from hub.link.straight import function

Worded = tuple[Words, list[int]]
Find = Callable[[str, tuple[Form, ...], Fields], tuple[int, Form]]
"""Returns the place of a field's value in one of some forms, among a record's values, and its form."""

EXACT = "exact"
"""The value itself."""
BEARS_OUT_NIK = ("birth_date", "sex")
"""The fields that a NIK repeats."""

_SHIFT = 56
_MASK = (1 << _SHIFT) - 1
_WORDS = 3
_RANGE = re.compile(r"([1-9]\d?)-([1-9]\d?)")
_WIDTH = 16
_WORDED = (forms.names, forms.firm, forms.institution, forms.text)
_DISTRICT = (((10, 10**4), (6, 1)), ((10, 10**3), (7, 1)))
"""Digits of a village's and of a sub-district's code, and what cuts a sub-district's off it: Kemendagri's, BPS's."""
_CELL = 10_000
"""Micro-degrees: a cell is 1.1 km wide at the equator."""
_POLE = 180 * forms.MICRO


# ---------------------------------------------------------------------- transforms


def exact(value: Slot) -> int:
    """A number itself without its sign, a text's hash."""
    if isinstance(value, int):
        return abs(value)
    return _text(forms.first(value)) if isinstance(value, str) else hash(value)


@lru_cache(maxsize=1 << 14)
def _worded(value: str) -> Worded:
    """The words of a name or text, and the hashes of their sounds."""
    words = forms.words(value)
    return words, [_sound(word) for word in words]


def _initial(name: Worded) -> int:
    return ord(name[0][0][0])


def _telling(name: Worded) -> int:
    """The first word that is not one of the commonest, by its sound."""
    return name[1][telling(name[0])]


def _each_word(name: Worded) -> set[int]:
    """The first words of more than one letter, by their sound."""
    return {key for word, key in zip(name[0][:_WORDS], name[1], strict=False) if len(word) > 1}


def _two_words(name: Worded) -> set[int] | None:
    """Each two of the first words of more than one letter, in either order, by their sound; none of one word."""
    kept = [key for word, key in zip(name[0][:_WORDS], name[1], strict=False) if len(word) > 1]
    return {hash((a, b) if a < b else (b, a)) for a, b in combinations(kept, 2)} or None


def _several_words(name: Worded) -> int | None:
    """All words in any order, by their sound; none of a name of one word."""
    return hash(tuple(sorted(name[1]))) if len(name[1]) > 1 else None


def _single_word(name: Worded) -> int | None:
    """The word of a name of one word, by its sound."""
    return name[1][0] if len(name[1]) == 1 else None


def _year(value: int) -> int:
    return value >> 11


def _unordered(value: int) -> int | None:
    """Year with day and month in either order; none where only the year is given."""
    month, day = value >> 7 & 15, value >> 2 & 31
    low, high = (month, day) if month < day else (day, month)
    return value >> 11 << 10 | low << 5 | high if high else None


def _district(value: int) -> int | None:
    """The sub-district of a region code, with its code system; none of a code that is wider."""
    code, system = value >> 1, value & 1
    for width, cut in _DISTRICT[system]:
        if 10 ** (width - 1) <= code < 10**width:
            return code // cut << 1 | system
    return None


def _grid(value: tuple[int, int]) -> set[int]:
    """Cells of four grids, each moved by half a cell: two points within half a cell share at least one."""
    return {
        (north // _CELL << 32 | east // _CELL) << 2 | at
        for at in range(4)
        for north, east in [(value[0] + _POLE + (at & 1) * _CELL // 2, value[1] + _POLE + (at >> 1) * _CELL // 2)]
    }


class Transform(NamedTuple):
    """How a field becomes part of a key."""

    make: Callable[[Any], int | set[int] | None]
    """From a known value to a number, to several of which each makes a key of its own, or to none."""
    forms: tuple[Form, ...] = ()
    """The forms that it takes, the usual one first; none named: whichever the comparison of the field reads."""
    more: Fields = ()
    """Further fields of that form."""
    view: Callable[[Any], Any] | None = None
    """What is made of the value before, once for all transforms of a field."""
    inline: str = ""
    """The same as `make` written out, where it is short."""


TRANSFORMS: Mapping[str, Transform] = {
    EXACT: Transform(exact),
    "place": Transform(exact, (forms.place,), ("region_system",), None, "{}"),
    "district": Transform(_district, (forms.place,), ("region_system",)),
    "grid": Transform(_grid, (forms.point,), ("longitude",)),
    "initial": Transform(_initial, _WORDED, (), _worded, "ord({}[0][0][0])"),
    "telling": Transform(_telling, _WORDED, (), _worded),
    "each_word": Transform(_each_word, _WORDED, (), _worded),
    "two_words": Transform(_two_words, _WORDED, (), _worded),
    "several_words": Transform(_several_words, _WORDED, (), _worded),
    "single_word": Transform(_single_word, _WORDED, (), _worded),
    "year": Transform(_year, (forms.date,), inline="{} >> 11"),
    "unordered": Transform(_unordered, (forms.date,)),
}
"""By name; beside these, `5-12` takes digits of a number of 16."""
_EXACT: Mapping[Form, str] = {forms.digits: "{}", forms.phone: "{}", forms.place: "{}", forms.nik: "abs({})"}
"""`exact` written out, for forms that are numbers."""
_SEVERAL = frozenset({"each_word", "two_words", "grid"})
"""Transforms that make sets."""


def knows(transform: str) -> bool:
    """Say whether a transform exists."""
    return transform in TRANSFORMS or _digits(transform) is not None


def _digits(transform: str) -> Transform | None:
    """Digits of a number of 16, the first and the last named."""
    match = _RANGE.fullmatch(transform)
    if match is None or not int(match[1]) <= int(match[2]) <= _WIDTH:
        return None
    above, below = 10 ** (int(match[2]) - int(match[1]) + 1), 10 ** (_WIDTH - int(match[2]))
    written = f"abs({{}}) // {below} % {above}"
    return Transform(lambda value: abs(value) // below % above, (forms.digits, forms.nik), inline=written)


@lru_cache(maxsize=1 << 14)
def _sound(word: str) -> int:
    return crc32(sound(word).encode())


def _text(value: str) -> int:
    return int.from_bytes(blake2b(value.encode(), digest_size=7).digest(), "big")


# ---------------------------------------------------------------------- keys


def maker(blocks: Iterable[Block], find: Find) -> Callable[[tuple[Slot, ...]], list[int]]:
    """Return the function from a record's values to its keys, each once."""
    return _Writing(find).write(blocks)


class _Writing:
    """Writes that function: each view of a value once, each part once, then the blocks."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._views: list[tuple[int, Callable[[Any], Any] | None]] = []
        self._parts: list[tuple[str, str]] = []
        self._lines: list[str] = ["keys = []"]
        self._names: dict[str, object] = {}

    def write(self, blocks: Iterable[Block]) -> Callable[[tuple[Slot, ...]], list[int]]:
        for at, block in enumerate(blocks):
            parts = [self._part(*part) for part in block.parts]
            several = [part for part, (_, transform) in zip(parts, block.parts, strict=True) if transform in _SEVERAL]
            told = f"if {' and '.join([f'{part} is not None' for part in parts])}: keys"
            whole = parts[0] if len(parts) == 1 else f"hash(({', '.join(parts)}))"
            key = f"{at << _SHIFT} | {whole} & {_MASK}"
            if several:
                each = " ".join([f"for {part} in {part}" for part in several])
                self._lines.append(f"{told} += [{key} {each}]")
            else:
                self._lines.append(f"{told}.append({key})")
        return function("slots", [*self._lines, "return keys"], self._names)

    def _part(self, field: str, name: str) -> str:
        """The variable that holds a part."""
        if (field, name) not in self._parts:
            transform = TRANSFORMS.get(name) or _digits(name)
            if transform is None:
                raise KeyError(name)
            view, form = self._view(field, transform)
            number = len(self._parts)
            self._parts.append((field, name))
            self._names[f"make{number}"] = transform.make
            written = _EXACT.get(form) if name == EXACT else transform.inline
            made = written.format(view) if written else f"make{number}({view})"
            self._lines.append(f"part{number} = None if {view} is None else {made}")
        return f"part{self._parts.index((field, name))}"

    def _view(self, field: str, transform: Transform) -> tuple[str, Form]:
        """The variable that holds what the transforms of a field take, and its form."""
        place, form = self._find(field, transform.forms, transform.more)
        view = (place, transform.view)
        if view not in self._views:
            number, value = len(self._views), f"slots[{view[0]}]"
            self._views.append(view)
            self._names[f"see{number}"] = transform.view
            seen = f"see{number}({value})" if transform.view else value
            self._lines.append(f"view{number} = {seen} if {value} else None")
        return f"view{self._views.index(view)}", form


def alone(block: int, value: Slot) -> int:
    """Return the key of a known value in a block that holds it alone."""
    return block << _SHIFT | exact(value) & _MASK


def is_of(block: int, key: int) -> bool:
    """Say whether a key is of a block."""
    return key >> _SHIFT == block
