"""Rows of the three offices, from Avro to the canonical record."""

from __future__ import annotations

import pytest

from hub.wire.records import CleanPerson, Flag
from hub.wire.version import pack
from tests.unit.clean.conftest import Bench
from tests.unit.clean.raw import COMMIT_US, DAPODIK, DINSOS, DUKCAPIL, KEY, ROWS


def test_a_row_of_the_civil_register(bench: Bench) -> None:
    (person,) = bench.records(bench.sender("dukcapil").change("r", DUKCAPIL))
    assert person == CleanPerson(
        id=KEY, version=pack(1, 100, 0, 1), deleted=False, source="dukcapil", table="public.penduduk",
        changed_at=COMMIT_US, digest=person.digest, key=("7",), nik="1508054107900001", kk="1508051203150007",
        name="SITI CONTOH", sex="female", birth_date=7486, birth_place="MUARA BUNGO", mother="AMINAH",
        street="JALAN CONTOH NO 5", rt=7, rw=2, region="1508052001", region_system="kemendagri", marital="married",
        vital="alive",
        flags=(Flag("birth_date", "default"),),
    )  # fmt: skip
    assert person.digest != 0


def test_a_row_of_the_school_register(bench: Bench) -> None:
    """Decimals are bytes, the region is BPS's in a padded column, nobody has a family card."""
    (person,) = bench.records(bench.sender("dapodik").change("c", DAPODIK))
    assert (person.name, person.sex, person.birth_date) == ("SITI CONTOH", "female", 16202)
    assert (person.rt, person.rw, person.phone) == (5, 12, "+6281270012345")
    assert (person.region, person.region_system) == ("150805", "kemendagri")
    assert set(person.flags) == {Flag("kk", "missing"), Flag("region", "converted", "1509040 ")}


def test_a_row_of_the_aid_programmes(bench: Bench) -> None:
    """All is text; the address tells RT and RW; titles go apart."""
    (person,) = bench.records(bench.sender("dinsos").change("u", DINSOS))
    assert (person.name, person.titles) == ("SITI CONTOH", "HJ.|")
    assert (person.nik, person.kk, person.mother) == (None, "1508051203150007", None)
    assert (person.street, person.rt, person.rw, person.region) == ("JALAN CONTOH NO 5", 5, 2, "150805")
    assert (person.birth_date, person.sex, person.phone) == (7485, "female", "+6281270012345")
    assert set(person.flags) == {Flag("nik", "placeholder", "-"), Flag("mother", "placeholder", "-")}


@pytest.mark.parametrize("source", ROWS)
def test_snapshot_and_stream_of_one_row_have_one_digest(bench: Bench, source: str) -> None:
    row, sender = ROWS[source], bench.sender(source)
    read = sender.message(sender.value("r", row))
    update = sender.message(sender.value("u", row, before={**row, "nik": "9"}, at=COMMIT_US + 5))
    other = sender.message(sender.value("u", {**row, "nik": "9"}))
    first, second, third = bench.records(read, update, other)
    assert first.digest == second.digest != third.digest
    assert second.changed_at == COMMIT_US + 5


def test_a_digest_needs_the_source_s_own_key(bench: Bench) -> None:
    from hub.wire.identity import row_digest, shape_of

    sender = bench.sender("dukcapil")
    value = sender.value("r", DUKCAPIL)
    (person,) = bench.records(sender.message(value))
    # frame 5, before's branch 1, after's branch 1; the rest is source, op and ts_ms
    tail = len(sender.value("r", None)) - 7
    shape = shape_of(person.digest).to_bytes(2, "big")
    assert person.digest == row_digest(b"d" * 32, value[7:-tail], shape)
    assert person.digest != row_digest(b"e" * 32, value[7:-tail], shape)


def test_a_soft_deleted_pupil_is_a_deleted_record(bench: Bench) -> None:
    (person,) = bench.records(bench.sender("dapodik").change("u", {**DAPODIK, "soft_delete": b"\x01"}))
    assert person.deleted
    assert (person.name, person.nik, person.digest, person.flags) == (None, None, 0, ())
    (back,) = bench.records(bench.sender("dapodik").change("u", DAPODIK))
    assert not back.deleted


@pytest.mark.parametrize("source", ROWS)
def test_a_row_read_from_the_database_becomes_the_same_record(bench: Bench, source: str) -> None:
    """The demo's oracle reads the offices' databases with a driver: same rules, same values."""
    from hub.clean.mapping import TableMap
    from hub.clean.rules import Origin, clean_row
    from tests.unit.clean.python_rows import PYTHON_ROWS

    (person,) = bench.records(bench.sender(source).change("r", ROWS[source]))
    mapping = TableMap(bench.contracts[source].table[0])
    origin = Origin(source, person.table, KEY, person.version, person.changed_at, person.digest)
    assert clean_row(mapping, PYTHON_ROWS[source], origin) == person
