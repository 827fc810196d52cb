"""What an office's database says of a table: its columns and keys, by SQLAlchemy's reflection."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Inspector
from sqlalchemy.types import TypeEngine

from connectors.sql.types import Form, form

_WITHOUT_SCHEMAS = frozenset({"sqlite", "firebird"})


class Column(NamedTuple):
    """A column of a table."""

    name: str
    type: TypeEngine[Any]
    nullable: bool
    how: Form
    told: str = ""
    """The type in the database's own words."""


@dataclass(frozen=True)
class TableRow:
    """A table or view as it is now."""

    columns: tuple[Column, ...]
    unique_keys: tuple[frozenset[str], ...]
    """Columns of the primary key and of each unique index or constraint."""
    indexed: frozenset[str]
    """Columns that some index begins with."""

    @property
    def shape(self) -> tuple[tuple[str, str], ...]:
        """Name and type of each column, as text."""
        return tuple((column.name, column.told) for column in self.columns)


def parts(table: str, dialect: str) -> tuple[str | None, str]:
    """Return schema and name of a contract's table; where there are no schemas, a name's first part is only a label."""
    schema, _, name = table.rpartition(".")
    return (None if dialect in _WITHOUT_SCHEMAS else schema or None), name


def table(connection: Connection, name: str) -> TableRow | None:
    """Return a table, or None where there is none of this name or it may not be seen."""
    schema, relation = parts(name, connection.dialect.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # a type that SQLAlchemy does not know travels as text
        inspector = sa.inspect(connection)
        try:
            columns = inspector.get_columns(relation, schema=schema)
        except sa.exc.NoSuchTableError:
            return None
        keys = _keys(inspector, relation, schema)
        leading = [list(index["column_names"])[:1] for index in _indexes(inspector, relation, schema)]
    return TableRow(
        tuple(
            Column(str(c["name"]), c["type"], bool(c["nullable"]), form(c["type"], connection.dialect.name),
                   _told(c["type"], connection))
            for c in columns
        ),
        tuple(keys),
        frozenset(str(first) for some in leading for first in some if first),
    )  # fmt: skip


def _told(kind: TypeEngine[Any], connection: Connection) -> str:
    try:
        return kind.compile(dialect=connection.dialect)
    except sa.exc.CompileError:
        return type(kind).__name__


def _keys(inspector: Inspector, relation: str, schema: str | None) -> list[frozenset[str]]:
    found = [frozenset(inspector.get_pk_constraint(relation, schema=schema)["constrained_columns"])]
    with contextlib.suppress(RuntimeError):  # SQL Server's dialect cannot say; its constraints are indexes too
        found += [frozenset(c["column_names"]) for c in inspector.get_unique_constraints(relation, schema=schema)]
    found += [
        frozenset(str(name) for name in index["column_names"] if name)
        for index in _indexes(inspector, relation, schema)
        if index["unique"]
    ]
    return [key for key in dict.fromkeys(found) if key]


def _indexes(inspector: Inspector, relation: str, schema: str | None) -> Sequence[Any]:
    return inspector.get_indexes(relation, schema=schema)
