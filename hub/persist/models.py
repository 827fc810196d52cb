"""Which model the store was built with, and the one that is offered to take its place.

An operator's command offers a file; the writer takes it up between two batches, and the row becomes `active` in the
transaction that holds everything the new model decides otherwise.  A restart loads the active row, not the file that
happens to ship.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from hub.persist import connection, lease
from hub.persist.stage import Database
from hub.persist.work import Turn
from hub.wire.errors import RefuseToStart

_FILE = "select entity, version, text, frequencies from link.model where entity = %s and state = %s"
_ADOPT = """
insert into link.model (entity, version, text, frequencies, state, author, offered_at, settled_at)
values (%s, %s, %s, %s, 'active', 'the file that shipped', now(), now())
on conflict (entity, version) do nothing"""
_OFFER = """
insert into link.model as m (entity, version, text, frequencies, state, author, offered_at)
values (%s, %s, %s, %s, 'offered', %s, now())
on conflict (entity, version) do update set
  state = 'offered', author = excluded.author, offered_at = excluded.offered_at, settled_at = null, said = null,
  text = excluded.text, frequencies = excluded.frequencies
where m.state = 'refused' or
  (m.state = 'retired' and m.text = excluded.text and m.frequencies is not distinct from excluded.frequencies)"""
_RETIRE = "update link.model set state = 'retired' where entity = %s and state = 'active'"
_ACTIVE = """
update link.model set state = 'active', settled_at = now(), said = %s
where entity = %s and version = %s and state = 'offered'"""
_REFUSE = """
update link.model set state = 'refused', settled_at = now(), said = %s
where entity = %s and version = %s and state = 'offered'"""
_WITHDRAW = "delete from link.model where entity = %s and version = %s and state = 'offered' and said is null"
_ROWS = """
select entity, version, state, author, offered_at, settled_at, said from link.model
order by entity, offered_at, version"""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model as text."""

    entity: str
    version: str
    text: str
    frequencies: str | None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """What the store tells of a model."""

    entity: str
    version: str
    state: str
    """offered, active, retired or refused."""
    author: str
    offered_at: Any
    settled_at: Any
    said: str | None
    """What the writer said: what changed, or why it refused."""


def active(database: Database, entity: str) -> ModelFile | None:
    """Return the model that the store was built with; None for a store that never was told."""
    return _file(database, entity, "active")


def offered(database: Database, entity: str) -> ModelFile | None:
    """Return the model that waits to take over."""
    return _file(database, entity, "offered")


def _file(database: Database, entity: str, state: str) -> ModelFile | None:
    row = database.execute(_FILE, (entity, state)).fetchone()
    return None if row is None else ModelFile(*row)


def adopt(database: Database, epoch: int, file: ModelFile) -> None:
    """Note the model of a store that names none, by the holder of the lease."""
    with database.transaction():
        lease.check(database, epoch)
        database.execute(_ADOPT, (file.entity, file.version, file.text, file.frequencies))


def settle(database: Database, turn: Turn) -> bool:
    """Make the offered model the active one, within the transaction of its switch; False when it was withdrawn."""
    database.execute(_RETIRE, (turn.entity,))
    return database.execute(_ACTIVE, (turn.said, turn.entity, turn.version)).rowcount == 1


def refuse(database: Database, epoch: int, file: ModelFile, said: str) -> None:
    """Refuse an offered model, with the reason."""
    with database.transaction():
        lease.check(database, epoch)
        database.execute(_REFUSE, (said, file.entity, file.version))


class Offers:
    """The operator's side of `link.model`."""

    def __init__(self, database: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._database = database

    def offer(self, file: ModelFile, author: str) -> None:
        """Offer a model; raises RefuseToStart when another is waiting, or this version is known with another text."""
        try:
            done = self._database.execute(
                _OFFER, (file.entity, file.version, file.text, file.frequencies, author)
            ).rowcount
        except psycopg.errors.UniqueViolation:
            raise RefuseToStart(f"another model of a {file.entity} is offered already; `satudata model list` tells "
                                "which, wait until the writer took it") from None  # fmt: skip
        if not done:
            raise RefuseToStart(f"{file.version} is active or offered, or was in use with another text, and a model "
                                "in use never changes; give the file the next number")  # fmt: skip

    def withdraw(self, file: ModelFile) -> bool:
        """Take an offer back that the writer has not settled; False when it has."""
        return self._database.execute(_WITHDRAW, (file.entity, file.version)).rowcount == 1

    def rows(self) -> list[ModelRow]:
        """Return every model that the store knows."""
        return [ModelRow(*row) for row in self._database.execute(_ROWS)]

    def row(self, entity: str, version: str) -> ModelRow | None:
        """Return one of them."""
        return next((each for each in self.rows() if (each.entity, each.version) == (entity, version)), None)

    def active(self, entity: str) -> ModelFile | None:
        """Return the model that the store was built with."""
        return active(self._database, entity)


def active_at(url: str, entity: str) -> ModelFile | None:
    """Return the model that the store was built with; None too where the store is away or older than its table."""
    try:
        with psycopg.connect(url, autocommit=True, application_name="satudata-model", connect_timeout=5) as database:
            return active(database, entity)
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return None


@contextmanager
def offers(url: str) -> Iterator[Offers]:
    """Lend the operator's side; raises RefuseToStart when PostgreSQL does not answer."""
    try:
        database = psycopg.connect(url, autocommit=True, application_name="satudata-model", connect_timeout=5)
    except psycopg.OperationalError as error:
        raise RefuseToStart(f"the hub's PostgreSQL does not answer: {connection.said(error)}") from None
    with database:
        yield Offers(database)
