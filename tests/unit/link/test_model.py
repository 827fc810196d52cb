"""The model file is checked whole, and features and keys are what the research asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.link import features as kept
from hub.link.features import unpack
from hub.link.journal import Journal
from hub.link.keys import keys_of
from hub.link.model import DEFAULT, read
from hub.wire.errors import RefuseToStart
from hub.wire.records import CleanPerson
from tests.unit.link.builders import BUDI, MODEL, day, person


def pack(record: CleanPerson) -> bytes:
    return kept.pack(kept.read(record))


def test_the_shipped_model_is_whole() -> None:
    assert MODEL.version == "person-1"
    assert MODEL.prior < MODEL.floor < 0 < MODEL.threshold
    assert MODEL.weights["nik"][0] == 0
    assert MODEL.anchor[0] == "register"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("serial_next", "serial_near", "serial_near"),
        ("[compare.kk]", "[compare.npwp]", "npwp"),
        ('version = "person-1"', "", "version"),
        ("prior = -18.0", 'prior = "low"', "numbers"),
        ("prior = -18.0", "prior = ", "cannot be read"),
    ],
)
def test_a_model_file_with_a_fault_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = tmp_path / "person-2.toml"
    path.write_text(DEFAULT.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RefuseToStart, match=named) as caught:
        read(path)
    assert "person-2.toml" in str(caught.value)


def test_a_missing_model_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefuseToStart, match="cannot be read"):
        read(tmp_path / "none.toml")


def test_features_come_back_as_they_went_in_and_stay_small() -> None:
    packed = pack(person("s1", 1, name_variants=("BOEDI SANTOSO", "BUDHI SANTOSO")))
    features = unpack(packed)
    assert (features.nik, features.kk, features.sex) == (1508021203900001, 1508020101100001, 1)
    assert (features.ymd >> 9, features.ymd >> 5 & 15, features.ymd & 31) == (1990, 3, 12)
    assert features.name == ("BUDI", "SANTOSO")
    assert features.spellings == (("BUDHI", "SANTOSO"),)
    assert features.mother == ("SITI", "AMINAH")
    assert len(packed) < 100
    empty = unpack(pack(person("s1", 1, {})))
    assert (empty.nik, empty.ymd, empty.name, empty.mother, empty.spellings) == (0, 0, (), (), ())


def test_dates_outside_the_calendar_are_no_feature() -> None:
    assert unpack(pack(person("s1", 1, birth_date=10**8))).ymd == 0


def shared(**changes: object) -> int:
    left = keys_of(unpack(pack(person("s1", 1, BUDI))))
    right = keys_of(unpack(pack(person("s1", 1, BUDI, **changes))))
    assert len(left) == len(set(left))
    assert all(0 < key < 1 << 60 for key in left)
    return len(set(left) & set(right))


def test_keys_survive_the_errors_that_registers_make() -> None:
    assert shared(nik="1508021203900007", kk=None) >= 4
    assert shared(nik=None, kk=None, birth_date=day("1990-12-03")) >= 2
    assert shared(nik=None, kk=None, name="BOEDI S") >= 2
    assert shared(nik=None, kk=None, birth_date=day("1990-07-01"), region=None) == 1
    assert shared(nik=None, birth_date=None, mother=None) == 1
    assert shared(nik=None, name="DUBI SANTOSA", birth_date=day("1990-07-01")) >= 2
    assert shared(name="DEWI", nik=None, kk=None, mother=None) == 0


def test_the_journal_undoes_every_kind_of_change_in_reverse() -> None:
    class Thing:
        value = 1

    journal, mapping, members, items, thing = Journal(), {"a": 1}, {1}, [1], Thing()
    journal.put(mapping, "a", 2)
    journal.put(mapping, "b", 3)
    journal.drop(mapping, "a")
    journal.drop(mapping, "zz")
    journal.add(members, 2)
    journal.add(members, 1)
    journal.discard(members, 1)
    journal.append(items, 2)
    journal.assign(thing, "value", 5)
    journal.rollback()
    assert (mapping, members, items, thing.value) == ({"a": 1}, {1}, [1], 1)
    journal.put(mapping, "a", 9)
    journal.commit()
    journal.rollback()
    assert mapping == {"a": 9}
