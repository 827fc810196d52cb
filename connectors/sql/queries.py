"""The SELECTs on one table: a page of rows after a key, of keys, of what a watermark shows, and rows by their keys.

Each page is a statement of its own, begun after the last key seen, so that no cursor and no transaction stays open at
the office's server.  The comparison of several columns is written out, for Oracle and SQL Server know no row values.
Values are bound without a type of ours: the database compares a column with its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement, Select
from sqlalchemy.types import NullType

from connectors.sql.catalog import Column, parts

Values = Sequence[Any]
Asked = tuple[Select[Any], Mapping[str, Any]]
"""A statement and its parameters."""


class Queries:
    """Statements on one table as it is now."""

    def __init__(
        self, table: str, columns: Sequence[Column], key: Sequence[str], dialect: str, *, watermarks: Sequence[str] = ()
    ) -> None:
        schema, name = parts(table, dialect)
        names = dict.fromkeys([*(column.name for column in columns), *watermarks])
        self._table = sa.table(name, *map(sa.column, names), schema=schema)
        self._columns = [self._read(column, dialect) for column in columns]
        self._key = [self._table.c[part] for part in key]
        self._there = [self._table.c[c.name].is_not(None) for c in columns if c.name in key and c.nullable]

    def _read(self, column: Column, dialect: str) -> ColumnElement[Any]:
        """Return what is selected of a column; PostgreSQL writes what has no type of ours as text itself."""
        own = self._table.c[column.name]
        if dialect == "postgresql" and isinstance(column.type, NullType):
            return sa.cast(own, sa.Text).label(column.name)
        return own

    def page(self, after: Values | None, limit: int) -> Asked:
        """Whole rows after a key, in the key's order."""
        return self._rows(self._columns, after, limit)

    def keys(self, after: Values | None, limit: int) -> Asked:
        """Keys after a key, in its order."""
        return self._rows(self._key, after, limit)

    def _rows(self, columns: Sequence[ColumnElement[Any]], after: Values | None, limit: int) -> Asked:
        asked = sa.select(*columns).where(*self._there).order_by(*self._key).limit(limit)
        if after is None:
            return asked, {}
        return asked.where(_after(self._key, "k")), _bound("k", after)

    def since(self, watermark: str, lowest: Any, after: Values | None, limit: int) -> Asked:
        """Rows whose watermark is not below `lowest`, after (watermark, key), in that order; the watermark comes last.

        None as the lowest asks for every row that has a watermark.
        """
        mark = self._table.c[watermark]
        order = [mark, *self._key]
        asked = sa.select(*self._columns, mark.label("satudata_mark")).where(*self._there).order_by(*order).limit(limit)
        if after is not None:
            return asked.where(_after(order, "k")), _bound("k", after)
        if lowest is None:
            return asked.where(mark.is_not(None)), {}
        return asked.where(mark >= _parameter("low")), {"low": lowest}

    def highest(self, watermark: str) -> Asked:
        """The highest watermark."""
        return sa.select(sa.func.max(self._table.c[watermark])), {}

    def some(self, keys: Sequence[Values]) -> Asked:
        """The rows of these keys."""
        either = sa.or_(*[
            sa.and_(*[column == _parameter(f"k{n}_{m}") for m, column in enumerate(self._key)])
            for n in range(len(keys))
        ])  # fmt: skip
        bound = {f"k{n}_{m}": value for n, key in enumerate(keys) for m, value in enumerate(key)}
        return sa.select(*self._columns).where(either), bound

    def where(self, condition: str, after: Values | None, limit: int) -> Asked:
        """Rows that a condition in the source's own SQL holds for, after a key."""
        asked, bound = self.page(after, limit)
        escaped = condition.replace("\\:", ":").replace(":", "\\:")  # a colon is no parameter
        return asked.where(sa.text(f"({escaped})")), bound

    def twice(self) -> Asked:
        """How many keys stand in more than one row."""
        several = sa.select(*self._key).group_by(*self._key).having(sa.func.count() > 1).subquery()
        return sa.select(sa.func.count()).select_from(several), {}

    def without_key(self) -> Asked:
        """How many rows lack a part of their key."""
        missing = sa.or_(*[part.is_(None) for part in self._key])
        return sa.select(sa.func.count()).select_from(self._table).where(missing), {}


def _parameter(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=NullType())


def _after(order: Sequence[ColumnElement[Any]], stem: str) -> ColumnElement[bool]:
    """Return `(a, b) > (:k0, :k1)` written out; the first column's bound stands alone, for the sake of its index."""
    marks = [_parameter(f"{stem}{n}") for n in range(len(order))]
    either = sa.or_(*[
        sa.and_(*[order[m] == marks[m] for m in range(n)], order[n] > marks[n]) for n in range(len(order))
    ])  # fmt: skip
    return either if len(order) == 1 else sa.and_(order[0] >= marks[0], either)


def _bound(stem: str, values: Values) -> dict[str, Any]:
    return {f"{stem}{n}": value for n, value in enumerate(values)}
