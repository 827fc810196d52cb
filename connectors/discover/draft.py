"""A draft contract as TOML: what is likely stands in it, what is doubtful stands in comments, what only people know is
left blank, so that the contract does not start."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date

from connectors.discover import words
from connectors.discover.guess import Field, Guess, guess
from connectors.discover.seen import Seen, Table

FILL = "ISI"
"""What marks a blank, so that it can be searched for."""
_SPESIFIK = "spesifik"
_WIDTH = 11


def draft(seen: Seen, today: date) -> str:
    """Return the contract's text."""
    guesses = [(table, guess(table, today.year)) for table in seen.tables]
    people = [(table, found) for table, found in guesses if found.people]
    lines = [*_head(seen, today), *_source(seen), *_options(seen)]
    for table, found in people:
        lines += ["", *_table(table, found)]
        if table.name in seen.deliveries:
            lines += ["", f"[options.table.{_key(table.name)}]", *seen.deliveries[table.name]]
    if not people:
        lines += ["", f"# {FILL}: no table was found that is likely to hold people; name one by hand:", "# [[table]]"]
    lines += _others([pair for pair in guesses if not pair[1].people])
    return "\n".join(lines) + "\n"


def _head(seen: Seen, today: date) -> Iterator[str]:
    yield f"# Draft by `satudata discover` of {today.isoformat()}: read every line before it goes live."
    yield f"# {FILL} marks what only people know; until it is filled in, this contract does not start."
    yield "# Personal data are marked by their class in UU 27/2022, article 4: umum or spesifik.  No value of a row"
    yield "# stands here, but for the words of small vocabularies.  What is not needed is ignored and never leaves the"
    yield "# office: take out of `ignore` only what the purpose needs."
    yield "#"
    yield f"# kind = {seen.kind}: {seen.why}"
    for note in seen.notes:
        yield f"# {note}"


def _source(seen: Seen) -> Iterator[str]:
    blanks = (
        ("owner", '""', "produsen data: the office that these data are of"),
        ("authority", '""', "register, sector or programme"),
        ("legal_basis", '""', "dasar hukum"),
        ("purpose", '""', "tujuan pemrosesan"),
        ("retention_days", "0", "how long the hub may keep them"),
        ("expires", '""', "the day the legal basis ends, as 2029-12-31 without quotes"),
    )
    yield "[source]"
    yield f"{'name':<14} = {json.dumps(seen.name)}"
    yield f"{'kind':<14} = {json.dumps(seen.kind)}"
    for name, blank, what in blanks:
        yield f"{name:<14} = {blank:<4}  # {FILL}: {what}"
    yield '# attests      = ["nik"]  # only for the office that issues this number'
    yield f"{'dsn':<14} = {json.dumps(f'env:{seen.name.upper()}_DSN')}"


def _options(seen: Seen) -> Iterator[str]:
    if seen.options:
        yield ""
        yield "[options]"
        yield from seen.options


def _table(table: Table, found: Guess) -> Iterator[str]:
    yield "[[table]]"
    if table.rows is not None:
        yield f"# about {table.rows} rows"
    if table.unread:
        yield f"# its values were not looked at: {table.unread}"
    if found.children:
        yield "# most of its people are children: data pribadi spesifik (anak), UU 27/2022 article 4 (2)"
    yield f"name = {json.dumps(table.name)}"
    yield 'entity = "person"'
    yield from _key_lines(table, found)
    yield from _ignored(table, found)
    if found.deleted_when is not None:
        column, value = found.deleted_when
        yield f"deleted_when = {{ column = {json.dumps(column)}, equals = {json.dumps(value)} }}"
    yield 'drift = "keep"'
    yield ""
    yield "[table.map]"
    width = max([_WIDTH, *(len(each.attribute) for each in found.fields)])
    for each in found.fields:
        required = ", required = true" if each.attribute == "name" else ""
        yield f"{each.attribute:<{width}} = {_mapping(each, required)}{_class_of(each, found)}"
    for doubt in found.doubts:
        yield f"# {doubt.field.attribute:<{width}} = {_mapping(doubt.field)}"
        yield f"#   not sure: {doubt.why}; if it is right, take {doubt.field.column} out of `ignore`"
    for each in found.fields:
        if each.lookup:
            yield ""
            yield from _lookup(each)


def _key_lines(table: Table, found: Guess) -> Iterator[str]:
    if not found.key:
        yield f"key = []  # {FILL}: no column is unique and never empty; without one rows cannot be told apart"
        return
    yield f"key = [{', '.join(json.dumps(column) for column in found.key)}]"
    if found.key_is_personal:
        yield "surrogate_key = false  # the only key is a personal number: ask the office for a row number of its own"
    elif len(table.keys) > 1:
        others = " or ".join(", ".join(key) for key in table.keys if tuple(key) != tuple(found.key))
        yield f"# also unique: {others}"


def _ignored(table: Table, found: Guess) -> Iterator[str]:
    mapped = {each.column for each in found.fields} | ({found.deleted_when[0]} if found.deleted_when else set())
    names = [column.name for column in table.columns if column.name not in mapped | set(found.key)]
    if not names:
        return
    yield "ignore = ["
    for name in names:
        known = words.personal_class(name)
        yield f"  {json.dumps(name)}," + (f"  # data pribadi {known}" if known else "")
    yield "]"


def _mapping(each: Field, more: str = "") -> str:
    system = f", system = {json.dumps(each.system)}" if each.system else ""
    if each.attribute == "region" and each.system is None:
        system = ', system = "kemendagri"'
    return f"{{ from = {json.dumps(each.column)}, with = {json.dumps(each.cleaner)}{system}{more} }}"


def _class_of(each: Field, found: Guess) -> str:
    known = f"{_SPESIFIK} (anak)" if found.children else words.personal_class(each.column) or "umum"
    return f"  # data pribadi {known}"


def _lookup(each: Field) -> Iterator[str]:
    yield f"[table.lookups.{_key(each.cleaner.removeprefix('lookup:'))}]"
    for word, value in each.lookup.items():
        if value is None:
            known = ", ".join(words.CODES[each.attribute])
            yield f'# {json.dumps(word)} = ""  # {FILL}: {known}; until then its rows are refused'
        else:
            yield f"{json.dumps(word)} = {json.dumps(value)}"


def _others(rest: Sequence[tuple[Table, Guess]]) -> Iterator[str]:
    if not rest:
        return
    yield ""
    yield "# Tables that are not likely to hold people, or not enough of them to be told apart:"
    for table, found in rest:
        about = "" if table.rows is None else f", about {table.rows} rows"
        hints = ", ".join(f"{each.column} ({each.attribute})" for each in found.fields)
        yield f"#   {table.name}: {len(table.columns)} columns{about}" + (f"; it has {hints}" if hints else "")


def _key(name: str) -> str:
    """Return a name as a key of TOML."""
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)
