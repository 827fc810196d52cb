"""Places in a binlog, the versions that they give, and what is left to read."""

import json

import pytest

from connectors.kinds.mysql_binlog import tasks
from connectors.kinds.mysql_binlog.place import LIMIT, Place, major, of_state
from connectors.kinds.mysql_binlog.tasks import Seal, Task
from hub.wire.contract import Table
from hub.wire.errors import RefuseToStart

SEAL = Seal(b"k" * 32)


def table(**changes: object) -> Table:
    made = {"name": "opd.warga", "entity": "person", "key": ["id"], "map": {"name": {"from": "nama", "with": "name"}}}
    return Table.model_validate({**made, **changes})


def test_a_place_comes_back_from_the_state_it_wrote() -> None:
    place = Place("binlog.000012", 3456, "0-1-7", 1_700_000_000)
    assert of_state(place.state()) == place
    assert of_state({}) is None


def test_a_later_file_comes_after_any_position_of_an_earlier_one() -> None:
    assert major("binlog.000009", LIMIT + 10**9) < major("binlog.000010", 4)
    assert major("mysql-bin.000010", 4) < major("mysql-bin.000010", 5)
    assert major("mysql-bin.1000000", 4) > major("mysql-bin.999999", LIMIT)


def test_a_name_without_a_number_is_refused() -> None:
    with pytest.raises(RefuseToStart, match="000001"):
        major("binlog", 4)


def test_a_task_comes_back_where_it_was_and_its_key_is_sealed() -> None:
    task = Task("opd.warga", tasks.mark(table()), ("r1",), "first", 77, (b"1508010101900001",), 500, 3)
    text = task.text(SEAL)
    assert "1508010101900001" not in text
    assert tasks.of_state({"snap:opd.warga": text}, table(), SEAL) == [task]


def test_a_key_that_another_secret_sealed_begins_the_table_anew() -> None:
    text = Task("opd.warga", tasks.mark(table()), (), "first", 77, (b"1",), 500, 3).text(SEAL)
    (again,) = tasks.of_state({"snap:opd.warga": text}, table(), Seal(b"x" * 32))
    assert (again.floor, again.after, again.turn) == (0, (), 3)
    assert SEAL.open("opd.anak", json.loads(text)["after"]) is None, "a key of one table opened as another's"


def test_a_table_is_read_once_and_again_under_another_key_or_other_ignored_columns() -> None:
    done = {"snap:opd.warga": tasks.done(table(), 2)}
    assert tasks.of_state(done, table(), SEAL) == []
    assert tasks.is_done(done, table())
    for other in (table(key=["nik"]), table(ignore=["foto"])):
        (task,) = tasks.of_state(done, other, SEAL)
        assert (task.reason, task.floor, task.turn) == ("contract", 0, 2)
    assert not tasks.is_done({}, table())
    (first,) = tasks.of_state({}, table(), SEAL)
    assert (first.reason, first.turn) == ("first", -1)


def test_a_table_that_is_to_be_read_once_more_is_so_after_a_kill_too() -> None:
    text = Task("opd.warga", tasks.mark(table()), ("r1",), "table_replaced", 77, (b"5",), 10, 0).text(SEAL, again=True)
    (task,) = tasks.of_state({"snap:opd.warga": text}, table(), SEAL)
    assert (task.floor, task.after, task.requests, task.turn) == (0, (), ("r1",), 0)


def test_turns_are_taken_from_what_was_read_or_is_being_read() -> None:
    state = {"snap:a.b": tasks.done(table(), 4), "snap:c.d": "", "binlog:file": "x.1"}
    assert tasks.turns(state) == {"a.b": 4}
    assert tasks.all_done(state)
    assert not tasks.all_done({"snap:a.b": Task("a.b").text(SEAL)})
