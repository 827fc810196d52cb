"""Life, played into tables in memory: they must end as the world says, whatever happened."""

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from hub.demo.life import Life
from hub.demo.rows import SYSTEMS
from hub.demo.systems import World
from hub.demo.writing import Write

NOTED = {"diubah_pada", "last_update"}


class Tables:
    """The three tables as dictionaries; stands where the databases' desk stands."""

    def __init__(self, world: World) -> None:
        self.rows: dict[str, dict[tuple, dict[str, Any]]] = {
            source: {entry.key: world.row(entry) for entry in found} for source, found in world.entries.items()
        }
        self.left: set[tuple[str, tuple]] = set()
        self.ops: Counter[str] = Counter()
        self.sizes: Counter[int] = Counter()

    def commit(self, writes: Sequence[Write]) -> int:
        assert len({w.source for w in writes}) == 1, "a transaction lives in one database"
        assert len({w.key for w in writes}) == len(writes), "a row is written once a transaction"
        table = self.rows[writes[0].source]
        for write in writes:
            self._apply(table, write)
        self.sizes[len(writes)] += 1
        return len(writes)

    def _apply(self, table: dict[tuple, dict[str, Any]], write: Write) -> None:
        if write.insert:
            assert write.key not in table
            assert (write.source, write.key) not in self.left, "a key that a record left is never given again"
            table[write.key] = dict(write.values or {})
            self.ops["c"] += 1
            return
        row = table.pop(write.key)
        if write.values is None:
            self.ops["d"] += 1
            return
        row |= write.values
        key = tuple(row[column] for column in SYSTEMS[write.source].key)
        if key != write.key:
            self.left.add((write.source, write.key))
        self.ops["u" if key == write.key else "k"] += 1
        table[key] = row


@pytest.fixture(scope="module")
def played() -> tuple[World, Tables, Life]:
    world = World(400, seed=11)
    tables = Tables(world)
    life = Life(world, tables, seed=11)  # type: ignore[arg-type]  # the tables stand for the desk
    for _ in range(4000):
        life.step()
    return world, tables, life


def test_the_tables_end_as_the_world_says(played: tuple[World, Tables, Life]) -> None:
    world, tables, _ = played
    for source, found in world.entries.items():
        assert {entry.key for entry in found} == set(tables.rows[source])


def test_every_row_is_one_that_its_office_could_have_written(played: tuple[World, Tables, Life]) -> None:
    world, tables, _ = played
    for source, found in world.entries.items():
        for entry in found:
            row = {column: value for column, value in tables.rows[source][entry.key].items() if column not in NOTED}
            assert row.keys() == world.row(entry).keys()


def test_deletes_and_changed_keys_are_two_per_cent_each(played: tuple[World, Tables, Life]) -> None:
    _, tables, life = played
    assert tables.ops["d"] >= 0.02 * life.changes
    assert tables.ops["k"] >= 0.02 * life.changes
    assert life.changes == sum(tables.ops.values())
    assert (life.rekeyed, life.deleted <= tables.ops["d"]) == (tables.ops["k"], True)


def test_some_transactions_hold_several_rows(played: tuple[World, Tables, Life]) -> None:
    _, tables, _ = played
    assert tables.sizes[1] > sum(count for size, count in tables.sizes.items() if size > 1) > 20


def test_mistakes_stay_about_as_frequent_as_they_were(played: tuple[World, Tables, Life]) -> None:
    world, _, _ = played
    rates = world.error_rates()
    assert 0.03 < rates["missing"] < 0.2
    assert 0.1 < rates["variant"] < 0.4


def test_no_table_dies_out(played: tuple[World, Tables, Life]) -> None:
    world, _, _ = played
    first = World(400, seed=11)
    for source, found in world.entries.items():
        assert len(found) >= len(first.entries[source]) // 2


def test_life_stops_when_told() -> None:
    world, stop = World(100, seed=1), threading.Event()
    life = Life(world, Tables(world), seed=1)  # type: ignore[arg-type]
    stop.set()
    life.run(1000, stop)
    assert life.changes == 0


def test_same_seed_same_life() -> None:
    def play() -> Counter[str]:
        world = World(150, seed=4)
        tables = Tables(world)
        life = Life(world, tables, seed=4)  # type: ignore[arg-type]
        for _ in range(300):
            life.step()
        return tables.ops

    assert play() == play()
