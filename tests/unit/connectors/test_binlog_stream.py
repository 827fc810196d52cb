"""How the log's events become places: transactions, files, giants and heartbeats, on events made by hand."""

import struct
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.kinds.mysql_binlog.place import LIMIT, TURNS, Place
from connectors.kinds.mysql_binlog.stream import Assembler, Gtids, Sheet
from connectors.protocol import Batch
from hub.wire.clock import TestClock

ARTIFICIAL = 0x20


def event(kind: int, body: bytes, end: int, flags: int = 0, at: int = 1_700_000_000) -> bytes:
    return struct.pack("<IBIIIH", at, kind, 1, 19 + len(body), end & LIMIT, flags) + body


def gtid(number: int, end: int, alone: bool = False) -> bytes:
    return event(162, struct.pack("<QIB6x", number, 0, int(alone)), end)


def commit(end: int) -> bytes:
    return event(16, struct.pack("<Q", 7), end)


def query(sql: str, end: int) -> bytes:
    return event(2, struct.pack("<IIBHH", 9, 0, 3, 0, 0) + b"opd\0" + sql.encode(), end)


def rotate(file: str, position: int, end: int = 0) -> bytes:
    return event(4, struct.pack("<Q", position) + file.encode(), end, ARTIFICIAL if not end else 0)


def description(at: int, end: int = 0) -> bytes:
    body = struct.pack("<H50sIB", 4, b"11.4.5-MariaDB", at, 19) + bytes(40) + b"\0" + bytes(4)
    return event(15, body, end, at=at)


@pytest.fixture
def tables() -> Any:
    """What the assembler asks of the tables, with one table and no plan."""
    seen: list[Any] = []
    return SimpleNamespace(
        known={"opd.warga": None}, plans={}, parents={}, told=False, seen=seen, passed=lambda at: None,
        tell=lambda: ([], {}), of_log=lambda shape, at: None, again=lambda *what: seen.append(what),
        after=lambda statement, at: seen.append((statement.kind, at)),
    )  # fmt: skip


def made(tables: Any, start: Place) -> Assembler:
    sheet = Sheet(TestClock(), "mariadb", "uji")
    return Assembler(7, start, tables, sheet, markers=lambda *_: [], mariadb=True, checksum=False)


def fed(assembler: Assembler, *events: bytes) -> list[Batch]:
    return list(assembler.batches(events))


START = Place("binlog.000001", 1000, "0-1-5", 1_600_000_000)


def test_a_place_is_behind_a_whole_transaction_and_never_inside_one(tables: Any) -> None:
    assembler = made(tables, START)
    assert fed(assembler, gtid(6, 1100)) == []
    assert assembler.place == START
    (batch,) = fed(assembler, commit(1200))
    assert assembler.place == Place("binlog.000001", 1200, "0-1-6", 1_600_000_000)
    assert batch.state == assembler.place.state()


def test_another_file_is_a_place_of_its_own_and_has_its_own_birth(tables: Any) -> None:
    assembler = made(tables, START)
    fed(assembler, rotate("binlog.000002", 4, 1050), rotate("binlog.000002", 4), description(1_700_000_500, 256))
    assert assembler.place == Place("binlog.000002", 4, "0-1-5", 1_700_000_500)
    fed(assembler, gtid(6, 400), commit(500))
    assert assembler.place == Place("binlog.000002", 500, "0-1-6", 1_700_000_500)


def test_the_file_that_is_read_already_may_be_announced_again(tables: Any) -> None:
    assembler = made(tables, START)
    assert fed(assembler, rotate("binlog.000001", 1000), description(START.born)) == []
    assert assembler.place == START


def test_a_statement_alone_ends_its_transaction_and_one_inside_does_not(tables: Any) -> None:
    assembler = made(tables, START)
    fed(assembler, gtid(6, 1100, alone=True), query("ALTER TABLE warga ADD x int", 1200))
    assert (assembler.place.position, tables.seen) == (1200, [("structure", (1 << 32) + 1200)])
    fed(assembler, gtid(7, 1300), query("SAVEPOINT a", 1400), query("INSERT INTO warga SELECT 1", 1500))
    assert assembler.place.position == 1200
    fed(assembler, query("COMMIT", 1600))
    assert (assembler.place.position, assembler.place.gtid) == (1600, "0-1-7")


def test_heartbeats_tell_how_far_the_server_is_and_move_nothing(tables: Any) -> None:
    assembler = made(tables, START)
    assert fed(assembler, event(27, b"binlog.000001", 5000, ARTIFICIAL)) == []
    assert assembler.place == START
    assert assembler.server_end == ("binlog.000001", 5000)


def test_behind_a_giant_transaction_versions_still_rise_and_no_place_is_remembered(tables: Any) -> None:
    assembler = made(tables, START)
    fed(assembler, gtid(6, 1100))
    assert (assembler._number, assembler._ordinal) == ((1 << 32) + 1000 + 100 - 38, TURNS)
    end = 1100
    for _ in range(5):  # five gigabytes of rows, of which the log writes positions modulo 4 GiB
        end += 1 << 30
        fed(assembler, event(27, b"", 0), query("INSERT INTO lain SELECT 1", end))
    fed(assembler, commit(end + 27))
    assert assembler.place == START, "a place that the server cannot be asked for"
    fed(assembler, gtid(7, end + 100))
    assert (assembler._number, assembler._ordinal) == ((1 << 32) + LIMIT, TURNS)
    assembler._ordinal += 5
    fed(assembler, commit(end + 200), gtid(8, end + 300))
    assert assembler._ordinal == TURNS + 5, "the next transaction's changes would not be newer"
    fed(assembler, commit(end + 400), rotate("binlog.000002", 4, end + 450), description(1_700_000_500, 256))
    assert assembler.place == Place("binlog.000002", 4, "0-1-8", 1_700_000_500)
    fed(assembler, gtid(9, 300))
    assert (assembler._number, assembler._ordinal) == ((2 << 32) + 262, TURNS)


def test_ids_of_both_families_are_kept_up() -> None:
    mariadb = Gtids("0-1-5,2-1-9", mariadb=True)
    mariadb.add("0-2-6")
    assert str(mariadb) == "0-2-6,2-1-9"
    uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
    mysql = Gtids(f"{uuid}:1-5", mariadb=False)
    mysql.add("")
    mysql.add(f"{uuid}:6")
    assert str(mysql) == f"{uuid}:1-6"
