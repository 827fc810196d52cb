"""The usual row of a table, encoded by functions that are written for the table and compiled, as `dataclasses` does.

Usual is a row whose values are all there: short texts, and NULL where the column may be it.  A written function gives
then what `TablePlan` gives column by column, without a call a column.  For any other row it raises one of `UNUSUAL`,
and `TablePlan` decides what becomes of it.  A property test holds the two to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.envelope import NULL, SMALL, SMALL_SOME, SOME, long, string
from connectors.kinds.postgres_wal.values import NULL_TAG, Encode, Value, Values, integer
from hub.wire.identity import json_text

UNUSUAL = (AttributeError, LookupError, TypeError, ValueError)
_ABSENT: Mapping[Value, bytes] = {NULL_TAG: NULL}
_MANDATORY: Mapping[Value, bytes] = {}


class Cell(NamedTuple):
    """How a column is written."""

    encode: Encode
    not_null: bool
    captured: bool = True
    known: Mapping[Value, bytes] | None = None
    """Encoded values by their text, for a column with few different ones: a mapping that makes what it lacks."""
    padded: bool = False
    """Whether blanks at the end are no part of a key."""


class Usual(NamedTuple):
    """The functions of one table; `end` is what follows the images in a message."""

    after: Callable[[Values, bytes], tuple[bytes, bytes]]
    """Returns record id and message of a row as it is now."""
    both: Callable[[Values, Values, bytes], tuple[bytes, bytes]]
    """Returns them of a row as it was and is; the record id is that of the row as it is."""


def usual(cells: Sequence[Cell], keys: Sequence[int], identify: Callable[[bytes], bytes], frame: bytes) -> Usual:
    """Return the functions of a table; `identify` takes what follows the table's name in the JSON array of a key."""
    scope: dict[str, Any] = {
        "identify": identify, "json_text": json_text, "join": b"".join, "SIZE": SMALL, "SOME_SIZE": SMALL_SOME,
        "SOME": SOME, "long": long, "ABSENT": _ABSENT, "MANDATORY": _MANDATORY, "BEGIN_AFTER": frame + NULL + SOME,
        "BEGIN_BOTH": frame + SOME,
    }  # fmt: skip
    for at, cell in enumerate(cells):
        scope |= {f"encode{at}": cell.encode, f"known{at}": cell.known}
    key = " + ".join(_key_part(cells[at], at) for at in keys)
    names = [f"{at}" if cell.captured or at in keys else "" for at, cell in enumerate(cells)]
    was, now = (", ".join(image + name if name else "_" for name in names) for image in "ba")
    before, after = (", ".join(_pieces(cells, image)) for image in "ba")
    source = f"""
def after(row, end):
    {now}, = row
    return identify({key} + b"]"), join((BEGIN_AFTER, {after}, end))

def both(before, after, end):
    {was}, = before
    {now}, = after
    return identify({key} + b"]"), join((BEGIN_BOTH, {before}, SOME, {after}, end))
"""
    exec(compile(source, "<usual rows of a table>", "exec"), scope)  # noqa: S102 - made here, of numbers only
    return Usual(scope["after"], scope["both"])


def _key_part(cell: Cell, at: int) -> str:
    value = f"""a{at}.rstrip(b' ')""" if cell.padded else f"a{at}"
    return f"""(b',"' + key + b'"' if (key := {value}).isalnum() else b"," + json_text(key))"""


def _pieces(cells: Sequence[Cell], image: str) -> list[str]:
    """Return the expressions that give the captured columns of an image, in their order."""
    return [_piece(cell, at, f"{image}{at}") for at, cell in enumerate(cells) if cell.captured]


def _piece(cell: Cell, at: int, value: str) -> str:
    if cell.known is not None:
        return f"known{at}[{value}]"
    if cell.encode is string:
        if cell.not_null:
            return f"SIZE[len({value})], {value}"
        return f"SOME_SIZE[len({value})] + {value} if {value}.__class__ is bytes else ABSENT[{value}]"
    encoded = f"long(int({value}))" if cell.encode is integer else f"encode{at}({value})"
    absent = "MANDATORY" if cell.not_null else "ABSENT"
    if not cell.not_null:
        encoded = f"SOME + {encoded}"
    return f"{encoded} if {value}.__class__ is bytes else {absent}[{value}]"
