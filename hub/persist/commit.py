"""The one transaction: all of a batch or nothing, by the holder of the lease, from the offsets it started at.

The first statement locks the lease row FOR SHARE and compares the epoch, the second moves the offsets from the only
value they may have, the third raises the commit sequence.  There is one writer, so sequence order is commit order and
a change cursor can never pass a running transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg

from hub.persist import connection, lease, link_rows, models, review_sql, store_rows
from hub.persist.messages import Coding, Draft
from hub.persist.quarantine import Quarantine
from hub.persist.stage import Database
from hub.persist.store_rows import Stamp
from hub.persist.work import Committed, Log, Turn, Work
from hub.wire.errors import Halt, TryAgain

_MOVE = """
update link."offset" o set next_offset = m.next
from unnest(%s::text[], %s::text[], %s::int[], %s::bigint[], %s::bigint[]) as m (cluster, topic, part, base, next)
where o.cluster_id = m.cluster and o.topic_id = m.topic and o.partition = m.part and o.next_offset = m.base"""
_WHERE = """
select next_offset from link."offset" where cluster_id = %s and topic_id = %s and partition = %s for update"""
_TICK = """
update store.clock set sequence = sequence + 1 where sequence = %s
returning generation, sequence, (extract(epoch from clock_timestamp()) * 1000000)::bigint"""

_LONG = ("set local statement_timeout = '60min'", "set local idle_in_transaction_session_timeout = '5min'")


class Writer:
    """The holder's way into the store.  Used by one thread at a time; survives lost connections."""

    def __init__(self, url: str, epoch: int, coding: Coding) -> None:
        self._url = url
        self._epoch = epoch
        self._coding = coding
        self._quarantine = Quarantine()
        self._database: Database | None = None
        self._sequence: int | None = None
        self._ready: tuple[Work, dict[str, Draft]] | None = None
        self._doubtful: tuple[Work, Committed] | None = None
        """A transaction whose COMMIT was sent and not answered, and what it did if it was committed."""

    def commit(self, work: Work) -> Committed:
        """Write a work in one transaction, or find that an earlier, unanswered attempt had written it.

        Raises TryAgain when PostgreSQL is away (call again with the same work), and Halt when this process must no
        longer write: another epoch, an offset that is not where it was, a row newer than memory.
        """
        if self._ready is None or self._ready[0] is not work:
            self._ready = work, store_rows.drafts(self._coding, work)
        drafts = self._ready[1]
        with self.guarded() as database:
            done = self._settled(database, work) or self._transaction(database, work, drafts)
        self._doubtful = self._ready = None
        self._sequence = done.sequence
        return done

    def _transaction(self, database: Database, work: Work, drafts: dict[str, Draft]) -> Committed:
        with database.transaction():
            lease.check(database, self._epoch)
            if work.turn is not None:
                self._turn(database, work.turn)
            self._move(database, work)
            stamp = self._tick(database)
            edges = link_rows.write(database, work, self._coding.archive)
            done = replace(store_rows.write(database, work, drafts, stamp, self._coding), edges=edges)
            self._quarantine.write(database, work)
            if work.reviews:
                review_sql.write(database, work.reviews, self._coding.codec, stamp)
            schemas = link_rows.save_schemas(database, self._coding.archive)
            self._doubtful = work, done
        self._coding.archive.saved(schemas)
        return done

    @staticmethod
    def _turn(database: Database, turn: Turn) -> None:
        """Put a model in another's place: much is written at once, so the writer's limits are wider for it."""
        for limit in _LONG:
            database.execute(limit)
        if not models.settle(database, turn):
            raise Halt(
                f"model {turn.version} was offered and is no more; the process must end and load the store again"
            )

    def _move(self, database: Database, work: Work) -> None:
        if not work.moves:
            return
        moves = sorted(work.moves, key=lambda move: (move.log.cluster_id, move.log.topic_id, move.log.partition))
        moved = database.execute(_MOVE, (
            [move.log.cluster_id for move in moves], [move.log.topic_id for move in moves],
            [move.log.partition for move in moves], [move.base for move in moves], [move.next for move in moves],
        )).rowcount  # fmt: skip
        if moved != len(moves):
            raise Halt(
                f"refused: {len(moves) - moved} of {len(moves)} offsets are not where this batch started "
                f"({', '.join(f'{move.log.partition}:{move.base}' for move in moves)}); another process moved them"
            )

    def _tick(self, database: Database) -> Stamp:
        if self._sequence is None:
            self._sequence = int(_one(database, "select sequence from store.clock"))
        row = database.execute(_TICK, (self._sequence,)).fetchone()
        if row is None:
            raise Halt(f"refused: store.clock is not at {self._sequence}; another process wrote meanwhile")
        return Stamp(*row)

    def _settled(self, database: Database, work: Work) -> Committed | None:
        """Say whether an unanswered attempt at this work was committed: its offsets (or the clock) have moved then."""
        if self._doubtful is None:
            return None
        if self._doubtful[0] is not work:
            raise Halt("refused: it is not known whether the batch before was committed; the process must end and "
                       "load the store again")  # fmt: skip
        done = self._doubtful[1]
        with database.transaction():
            lease.check(database, self._epoch)
            if work.moves:
                # FOR UPDATE waits for the lost connection's own COMMIT, if that is still running
                at = {_offset(database, move.log) == move.next for move in work.moves}
            else:
                at = {_one(database, "select sequence from store.clock for update") == done.sequence}
        if len(at) != 1:
            raise Halt("refused: the offsets of one transaction have moved apart; another process moved them")
        self._doubtful = None
        return done if at == {True} else None

    @contextmanager
    def guarded(self) -> Iterator[Database]:
        """Lend the connection, made anew when there is none; sort its errors into TryAgain and Halt.

        The original error is not chained: PostgreSQL's context may quote a row.
        """
        try:
            if self._database is None or self._database.closed:
                self._database = self._connect()
            yield self._database
        except psycopg.Error as error:
            lost = self._database is None or self._database.closed
            self.close()
            if lost or isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
                raise TryAgain(f"the hub's PostgreSQL did not take a batch: {connection.said(error)}") from None
            raise Halt(f"the hub's PostgreSQL refused a batch ({error.sqlstate}, {type(error).__name__}); "
                       "this is a fault of the hub, report it") from None  # fmt: skip

    def _connect(self) -> Database:
        database = connection.writer(self._url)
        for table in (*link_rows.STAGED, *store_rows.STAGED):
            database.execute(table.create)
        return database

    def close(self) -> None:
        """Give the connection back; the next commit makes another."""
        if self._database is not None:
            self._database.close()
        self._database = None


def _offset(database: Database, log: Log) -> int | None:
    return _one(database, _WHERE, (log.cluster_id, log.topic_id, log.partition))  # type: ignore[no-any-return]


def _one(database: Database, query: str, parameters: tuple[Any, ...] = ()) -> Any:
    row = database.execute(query, parameters).fetchone()
    return None if row is None else row[0]
