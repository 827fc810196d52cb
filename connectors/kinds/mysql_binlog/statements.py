"""What a statement in the binlog means for the tables that are read: only that, no grammar of SQL.

Rows come as row events; statements matter where they change rows without them (TRUNCATE, a table made anew, a partition
dropped, a session that logs by statement) or change what rows look like.  A statement that merely seems to name a table
costs a look at the catalogue, so recognising is generous; only TRUNCATE, which removes rows, is read exactly.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, NamedTuple

Kind = Literal["begin", "commit", "rollback", "xa", "xa_rollback", "aside", "truncate", "structure", "rows", "other"]

_TEXT = re.compile(r"'(?:[^'\\]|\\.|'')*'|--[ \t][^\n]*|#[^\n]*|/\*(?![!M]).*?\*/", re.DOTALL)
_OPENED = re.compile(r"/\*M?!\d*|\*/")
_NAME = r"(?:`(?P<{0}q>(?:[^`]|``)+)`|(?P<{0}>[\w$]+))"
_TRUNCATE = re.compile(
    rf"truncate\s+(?:table\s+)?(?:if\s+exists\s+)?(?:{_NAME.format('schema')}\s*\.\s*)?{_NAME.format('table')}"
    r"\s*(?:wait\s+\d+|nowait)?\s*;?\s*",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\w$]+")
_PLAIN: dict[str, Kind] = {
    "begin": "begin", "commit": "commit", "savepoint": "aside", "release": "aside", "flush": "aside", "grant": "aside",
    "revoke": "aside", "analyze": "aside", "optimize": "aside", "repair": "aside", "check": "aside", "set": "aside",
    "alter": "structure", "create": "structure", "drop": "structure", "rename": "structure", "import": "structure",
    "insert": "rows", "update": "rows", "delete": "rows", "replace": "rows", "load": "rows", "with": "rows",
    "call": "rows",
}  # fmt: skip
_REPLACING = frozenset({"partition", "partitioning", "tablespace", "rename", "convert", "exchange"})
"""Words of an ALTER that puts other rows, or rows of another form, into a table."""

_CHANGING = frozenset({"drop", "modify", "change", "column"})


class Statement(NamedTuple):
    """What a statement does."""

    kind: Kind
    tables: frozenset[str]
    """Those of the known tables that it changes, or may change."""
    replacing: bool = False
    """Whether it may have put other rows in their place without telling them."""
    columns: frozenset[str] = frozenset()
    """Words, in lower case, that may name columns which it changes."""


def read(sql: str, schema: str, known: Collection[str]) -> Statement:
    """Return what a statement does to the known tables (`<database>.<table>`); `schema` is its session's database."""
    first = sql[:8].strip().lower()
    if first == "begin" or first.startswith("commit"):
        return Statement("begin" if first == "begin" else "commit", frozenset())
    plain = _OPENED.sub(" ", _TEXT.sub(" ", sql)).strip()
    words = [word.lower() for word in _WORD.findall(plain)]
    kind = _kind(words)
    if kind == "structure" and words[:1] == ["truncate"]:
        return _truncate(plain, schema, known)
    if kind not in ("structure", "rows"):
        return Statement(kind, frozenset())
    named = frozenset(name for name in known if _names(name, words, schema))
    return Statement(kind, named, kind == "structure" and _replaces(words), _columns(words))


def _kind(words: list[str]) -> Kind:
    first, second = (*words[:2], "", "")[:2]
    if first == "xa":
        return "xa_rollback" if second == "rollback" else "commit" if second == "commit" else "xa"
    if first == "rollback":
        return "aside" if "to" in words[1:3] else "rollback"
    if first == "start":
        return "begin"
    if first == "truncate":
        return "structure"
    if first in ("create", "drop", "alter") and second in ("user", "role", "event", "server", "sequence"):
        return "aside"
    return _PLAIN.get(first, "other")


def _truncate(plain: str, schema: str, known: Collection[str]) -> Statement:
    found = _TRUNCATE.fullmatch(plain)
    if found is None:
        return Statement("structure", frozenset(known), replacing=True)
    parts = [(found[f"{part}q"] or "").replace("``", "`") or found[part] for part in ("schema", "table")]
    full = f"{parts[0] or schema}.{parts[1]}"
    return Statement("truncate", frozenset(name for name in known if name.lower() == full.lower()))


def _names(table: str, words: list[str], schema: str) -> bool:
    database, _, name = (part.lower() for part in table.partition("."))
    if words[:2] in (["drop", "database"], ["drop", "schema"]):
        return all(word in words for word in _WORD.findall(database))
    return all(word in words for word in _WORD.findall(name)) and (
        schema.lower() == database or all(word in words for word in _WORD.findall(database))
    )


def _columns(words: list[str]) -> frozenset[str]:
    """Return the words of an ALTER that changes columns; a place (`AFTER nama`) is no change."""
    if words[0] != "alter" or _CHANGING.isdisjoint(words[1:]):
        return frozenset()
    return frozenset(word for before, word in zip(["", *words], words, strict=False) if before != "after")


def _replaces(words: list[str]) -> bool:
    if words[0] == "alter":
        return not _REPLACING.isdisjoint(words)
    return not {"table", "tables", "database", "schema"}.isdisjoint(words[1:4])
