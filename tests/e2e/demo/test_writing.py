"""The desk at a real database: what is journalled was committed, once, though the server breaks the connection."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import psycopg
import pytest

from hub.demo.journal import Journal
from hub.demo.offices.postgres import PostgresOffice
from hub.demo.writing import Desk, GivenUp, Write


@pytest.fixture
def table(opd_database: str) -> str:
    ddl = (resources.files("hub.demo") / "systems" / "dinsos.sql").read_text(encoding="utf-8")
    with psycopg.connect(opd_database) as connection:
        connection.execute(ddl.encode())
    return opd_database


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    book = Journal(tmp_path / "journal.sqlite")
    yield book
    book.close()


@pytest.fixture
def desk(table: str, journal: Journal) -> Iterator[Desk]:
    at = Desk({"dinsos": PostgresOffice("dinsos", table, threading.Event())}, journal, b"s" * 32)
    yield at
    at.close()


def insert(number: int) -> Write:
    row = {"program": "PKH", "no_urut": number, "nama_penerima": "Contoh"}
    return Write("dinsos", number, ("PKH", number), row, insert=True)


def numbers(dsn: str) -> list[int]:
    with psycopg.connect(dsn) as connection:
        return [n for (n,) in connection.execute("SELECT no_urut FROM public.penerima ORDER BY 1")]


def test_every_kind_of_change_is_done_and_journalled(table: str, journal: Journal, desk: Desk) -> None:
    assert desk.commit([insert(1), insert(2), insert(3)]) == 3
    desk.commit([Write("dinsos", 1, ("PKH", 1), {"nama_penerima": "Lain"})])
    desk.commit([Write("dinsos", 2, ("PKH", 2), {"no_urut": 9})])
    desk.commit([Write("dinsos", 3, ("PKH", 3), None)])
    changes = list(journal.changes())
    assert [change.op for change in changes] == ["c", "c", "c", "u", "k", "d"]
    assert len({change.xid for change in changes}) == 4
    assert (changes[4].record, changes[4].previous) == (
        desk.record("dinsos", ("PKH", 9)),
        desk.record("dinsos", ("PKH", 2)),
    )
    assert journal.truth()[desk.record("dinsos", ("PKH", 9))] == 2
    assert numbers(table) == [1, 9]


def test_the_journal_holds_the_transaction_that_the_database_committed(
    table: str, journal: Journal, desk: Desk
) -> None:
    desk.commit([insert(1)])
    with psycopg.connect(table) as connection:
        row = connection.execute("SELECT xmin::text FROM public.penerima").fetchone()
    assert [str(change.xid) for change in journal.changes()] == [row[0] if row else None]


def test_broken_connections_neither_lose_nor_double_a_change(table: str, journal: Journal, desk: Desk) -> None:
    done = threading.Event()

    def saw() -> None:
        with psycopg.connect(table, autocommit=True) as connection:
            while not done.wait(0.01):
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                   "WHERE application_name = 'warga' AND datname = current_database()")  # fmt: skip

    thread = threading.Thread(target=saw)
    thread.start()
    try:
        for number in range(300):
            desk.commit([insert(number)])
    finally:
        done.set()
        thread.join()
    assert numbers(table) == list(range(300))
    assert Counter(change.op for change in journal.changes()) == {"c": 300}


def test_a_run_that_is_stopped_while_the_database_is_away_gives_up(journal: Journal) -> None:
    stop = threading.Event()
    stop.set()
    office = PostgresOffice("dinsos", "host=127.0.0.1 port=1 dbname=x connect_timeout=1", stop)
    desk = Desk({"dinsos": office}, journal, b"s" * 32)
    with pytest.raises(GivenUp):
        desk.commit([insert(1)])
    assert list(journal.changes()) == []


def test_a_transaction_that_the_server_forgot_in_a_crash_was_not_committed(table: str) -> None:
    office = PostgresOffice("dinsos", table, threading.Event())
    assert office._held(2**40) is False
    office.close()
