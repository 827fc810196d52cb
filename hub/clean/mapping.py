"""From a contract and a decoded row to the attributes of a canonical record, with every column accounted for.

A table's mapping is compiled once per writer's schema into a list of steps; each step remembers the values that it
met last, because names, dates and regions repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from hub.clean.catalogue import Entry, entry_of
from hub.clean.cleaned import Value
from hub.clean.shape import BESIDE, SHAPES, Shape
from hub.wire.contract import FieldMap, Table
from hub.wire.errors import Quarantine, RefuseToStart
from hub.wire.records import Flag
from hub.wire.typed import Kind, kind_of, python_kind, tells

LONGEST = 4000
"""Characters of a mapped text; a longer one is a file in the wrong column and would not fit the clean topic."""
UNAVAILABLE = "__debezium_unavailable_value"
_NULL = Kind("null", None)

Told = tuple[tuple[tuple[int, Value], ...], tuple[Flag, ...]]


@dataclass(frozen=True, slots=True)
class _Field:
    target: str
    field: FieldMap
    entry: Entry


class _Step(NamedTuple):
    columns: tuple[str, ...]
    run: Callable[[Any], Told]
    missing: Told
    slot: int
    required: str | None


@dataclass(frozen=True, slots=True)
class RowPlan:
    """The steps for rows of one layout."""

    shape: Shape
    steps: tuple[_Step, ...]
    unknown: tuple[str, ...]
    """Columns that the contract neither maps nor ignores."""
    refusal: tuple[str, str, str, str | None] | None
    """Code, reason, remedy and field where no row of this shape can be taken."""
    gone: Callable[[Mapping[str, Any]], bool] | None
    """Tells a soft delete."""
    key: tuple[tuple[str, Callable[[Any], str]], ...] = ()
    """Columns of the table's key, and what makes text of each."""

    def key_of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return a row's key as text, as its owner writes it."""
        return tuple([text(row[column]).rstrip() for column, text in self.key if row[column] is not None])

    def values(self, row: Mapping[str, Any], changed_at: int) -> list[Any] | None:
        """Return a record's attributes in the order of its shape's slots and its flags; None for a soft delete.

        Raises Quarantine.
        """
        if self.refusal is not None:
            code, reason, remedy, field = self.refusal
            raise Quarantine(code, reason, remedy=remedy, field=field)
        if self.gone is not None and self.gone(row):
            return None
        out: list[Any] = list(self.shape.empty)
        flags: list[Flag] = []
        for columns, run, missing, slot, required in self.steps:
            if len(columns) == 1:
                raw = row[columns[0]]
                pairs, marks = missing if raw is None else run(raw)
            else:
                raws = tuple([row[column] for column in columns])
                pairs, marks = missing if all(raw is None for raw in raws) else run(raws)
            for at, value in pairs:
                out[at] = value
            if marks:
                flags += marks
            if required is not None and out[slot] is None:
                raise _empty(required, columns)
        self.shape.check(out, flags, changed_at)
        out.append(tuple(flags))
        return out


class TableMap:
    """A table's contract, ready to read its rows; raises RefuseToStart when it names what does not exist."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.shape = SHAPES[table.entity]
        self._fields = [
            _Field(target, field, _entry(table, self.shape, target, field)) for target, field in table.map.items()
        ]
        self._known = table.mapped | set(table.ignore) | set(table.key)
        self._kinds: Mapping[str, Kind] = {}
        self._plan: RowPlan | None = None

    def plan(self, columns: Mapping[str, Any]) -> RowPlan:
        """Return the steps for rows of a writer's schema, given the Avro schema of each column."""
        return self._compile({name: kind_of(schema) for name, schema in columns.items()})

    def plan_of(self, row: Mapping[str, Any]) -> RowPlan:
        """Return the steps for a row of Python values, as a database driver gives it.

        A null tells no kind: what the column held before stands, as a column of a database has one type.
        """
        kinds = {
            name: self._kinds.get(name, _NULL) if value is None else python_kind(value) for name, value in row.items()
        }
        if self._plan is None or kinds != self._kinds:
            self._kinds, self._plan = kinds, self._compile(kinds)
        return self._plan

    def _compile(self, kinds: Mapping[str, Kind]) -> RowPlan:
        unknown = tuple(sorted(set(kinds) - self._known))
        refusal = self._refusal(kinds, unknown)
        if refusal is not None:
            return RowPlan(self.shape, (), unknown, refusal, None)
        steps = [self._step(item, kinds) for item in self._fields]
        key = tuple([(column, kinds[column].convert or str) for column in self.table.key if column in kinds])
        return RowPlan(self.shape, tuple(steps), unknown, None, self._soft_delete(kinds), key)

    def _refusal(
        self, kinds: Mapping[str, Kind], unknown: Sequence[str]
    ) -> tuple[str, str, str, str | None] | None:  # fmt: skip
        absent = sorted(self.table.mapped - set(kinds))
        if absent:
            return ("missing_column", f"mapped columns are missing from the row: {', '.join(absent)}",
                    f"Kolom {', '.join(absent)} hilang dari tabel sumber; kembalikan kolomnya atau perbarui kontrak.",
                    absent[0])  # fmt: skip
        if unknown and self.table.drift != "keep":  # a table that must stop is stopped by its connector
            names = ", ".join(unknown)
            return ("drift", f"columns that the contract does not know: {names}",
                    f"Petakan atau abaikan kolom {names} pada kontrak, lalu ulangi.", unknown[0])  # fmt: skip
        for item in self._fields:
            for column in item.field.columns:
                found = kinds[column].name
                if found != _NULL.name and found not in item.entry.reads:
                    return ("wrong_type", f"column {column} holds {found}; {item.field.cleaner} reads "
                            f"{', '.join(sorted(item.entry.reads))}",
                            f"Jenis kolom {column} berubah; kembalikan jenisnya atau perbarui kontrak.",
                            item.target)  # fmt: skip
        return None

    def _step(self, item: _Field, kinds: Mapping[str, Kind]) -> _Step:
        columns = item.field.columns
        slots = self.shape.slots
        run = _runner(
            item, slots, [kinds[column].convert for column in columns], frozenset(self.table.map) - {item.target}
        )
        remember = item.entry.remember
        return _Step(
            columns,
            lru_cache(maxsize=remember)(run) if remember else run,
            ((), (Flag(item.target, "missing"),)),
            slots[item.target],
            item.target if item.field.required else None,
        )

    def _soft_delete(self, kinds: Mapping[str, Kind]) -> Callable[[Mapping[str, Any]], bool] | None:
        told = self.table.deleted_when
        if told is None:
            return None
        column, says = told.column, tells(told.equals, kinds[told.column])

        def gone(row: Mapping[str, Any]) -> bool:
            return says(row[column])

        return gone


def _entry(table: Table, shape: Shape, target: str, field: FieldMap) -> Entry:
    if target not in shape.types:
        raise RefuseToStart(
            f"contract of table {table.name}: map.{target}: a {shape.entity} has no such attribute; known are "
            f"{', '.join(shape.types)}"
        )
    entry = entry_of(table, target, field)
    if entry.gives is not shape.types[target]:
        raise RefuseToStart(
            f"contract of table {table.name}: map.{target}: cleaner {field.cleaner} gives {entry.gives.__name__}, "
            f"the attribute is {shape.types[target].__name__}"
        )
    return entry


def _runner(
    item: _Field, slots: Mapping[str, int], converts: Sequence[Callable[[Any], str] | None], others: frozenset[str]
) -> Callable[[Any], Told]:
    """Return what makes a field's attributes of its raw value, or of the tuple of several.

    Further attributes that the cleaner tells of count only where the contract does not map them.
    """
    clean, target, slot = item.entry.clean, item.target, slots[item.target]
    beside = BESIDE.get(target, {})
    text_already = len(converts) == 1 and converts[0] is None

    def run(raw: Any) -> Told:
        text = _checked(raw if text_already else _text(raw, converts, target), target)
        try:
            value, marks, more = clean(text)
        except Quarantine as refused:
            raise Quarantine(refused.code, f"{target}: {refused.reason}", remedy=refused.remedy, field=target) from None
        pairs: tuple[tuple[int, Value], ...] = ((slot, value),)
        if more:
            told = [(beside.get(name, name), extra) for name, extra in more]
            pairs += tuple([(slots[name], extra) for name, extra in told if name in slots and name not in others])
        return pairs, tuple([Flag(target, code, was) for code, was in marks]) if marks else ()

    return run


def _text(raw: Any, converts: Sequence[Callable[[Any], str] | None], target: str) -> str:
    """Return the text of one raw value, or of several, joined by blanks."""
    raws = raw if len(converts) > 1 else (raw,)
    try:
        return " ".join([
            value if convert is None else convert(value)
            for convert, value in zip(converts, raws, strict=True)
            if value is not None
        ])  # fmt: skip
    except (ValueError, ArithmeticError, TypeError, LookupError) as error:
        raise Quarantine("wrong_type", f"a value of {target} cannot be read: {type(error).__name__}",
                         remedy="Perbaiki nilai ini di sumber, lalu ulangi.", field=target) from error  # fmt: skip


def _checked(text: str, target: str) -> str:
    if "\0" in text:
        raise Quarantine("nul_in_text", f"the text of {target} holds a NUL character",
                         remedy="Hapus karakter NUL dari teks ini di sumber, lalu ulangi.", field=target)  # fmt: skip
    if len(text) > LONGEST:
        raise Quarantine("too_long", f"the text of {target} has {len(text)} characters; {LONGEST} are allowed",
                         remedy="Isi kolom ini terlalu panjang; perbaiki di sumber, lalu ulangi.",
                         field=target)  # fmt: skip
    if text == UNAVAILABLE:
        raise Quarantine("unavailable_value", f"the source did not send the value of {target}",
                         remedy="Setel REPLICA IDENTITY FULL pada tabel sumber, lalu ulangi.",
                         field=target)  # fmt: skip
    return text


def _empty(target: str, columns: Sequence[str]) -> Quarantine:
    return Quarantine("required_empty", f"{target} is required and column {', '.join(columns)} gives no value",
                      remedy=f"Lengkapi kolom {', '.join(columns)} di sumber.", field=target)  # fmt: skip
