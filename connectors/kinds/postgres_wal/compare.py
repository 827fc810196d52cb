"""A table's fingerprint, read under a snapshot of its own, whose place in the log is its version."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

import psycopg

from connectors.fingerprint import Buckets
from connectors.kinds.postgres_wal import parts
from connectors.kinds.postgres_wal.options import options
from connectors.kinds.postgres_wal.readings import enter
from connectors.kinds.postgres_wal.replication import Replication, Slot
from connectors.kinds.postgres_wal.session import Session, connect
from connectors.kinds.postgres_wal.snapshot import copy_command, fields, lines
from connectors.kinds.postgres_wal.tables import live_columns, plan
from connectors.protocol import Fingerprint, Surroundings
from hub.wire.contract import Contract
from hub.wire.errors import TryAgain
from hub.wire.version import stamp

_PATIENCE = 600
"""Tenths of a second to wait for a snapshot."""


def fingerprint(contract: Contract, around: Surroundings, table: str, epoch: int, slot: str) -> Fingerprint:
    """Read a table once and return what it holds; raises TryAgain when the source is away or does not keep still."""
    dsn, application = contract.dsn(), f"satudata-verify-{contract.source.name}"
    replication = Replication(dsn, application)
    try:
        with connect(dsn, application) as sql, connect(dsn, application) as reader:
            before = parts.parts(sql, table)
            made = _slot(replication, f"{slot[:50]}_{os.urandom(4).hex()}")
            view = enter(reader, made, before)
            replication.close()
            if [(p.oid, p.filenode) for p in parts.parts(sql, table)] != [(p.oid, p.filenode) for p in before]:
                raise TryAgain(f"table {table} was rewritten just now")
            wanted = contract.table_named(table)
            how = plan(contract, around, sql, wanted, live_columns(sql, table, options(contract).publication))
            buckets = Buckets(wanted, around)
            for part in before:
                for line in _all(reader, copy_command(how, f"ONLY {part.name}")):
                    buckets.add(*how.present(fields(line), b""))
            return buckets.fingerprint(stamp(epoch, view.position, 0))
    except psycopg.Error as error:
        raise TryAgain(f"table {table} cannot be compared: {error}") from error
    finally:
        replication.close()


def _slot(replication: Replication, name: str) -> Slot:
    for waits, slot in enumerate(replication.create_slot(name, temporary=True)):
        if slot is not None:
            return slot
        if waits > _PATIENCE:
            raise TryAgain("transactions at the source are open for too long to compare a table")
        replication.wait(0.1)
    raise TryAgain("the temporary slot was not made")


def _all(reader: Session, command: str) -> Iterator[bytes]:
    for found in lines(reader, command):
        if not found:
            select.select([reader.pgconn.socket], [], [], 1.0)
        yield from found
