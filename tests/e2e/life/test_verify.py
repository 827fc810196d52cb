"""Source and hub compared on the running river: equal at rest, never falsely different under writes, told when not."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from hub.demo import gauges
from hub.demo.rows import SYSTEMS
from hub.persist.load import schemas
from hub.wire.archive import Archive
from tests.e2e.river import SmallRiver

LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
COMPARED_S = 240
"""A comparison that the source cannot make at once is tried again after one, two, four ... 60 s."""
_ids = itertools.count(500_000)
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def river(life: SmallRiver) -> SmallRiver:
    return life


def stored(river: SmallRiver, source: str) -> dict[str, Any]:
    found = river.rows("select * from store.verification where source = %s and tbl = %s", source, SYSTEMS[source].table)
    return found[0] if found else {"taken_at": LONG_AGO}


def verified(river: SmallRiver, source: str) -> dict[str, Any]:
    """Ask for a comparison and return it, not one that was begun before, once it is made."""
    asked = datetime.now(UTC)
    river.satudata("source", "verify", source)

    def made() -> dict[str, Any] | None:
        found = stored(river, source)
        return found if found["taken_at"] > asked else None

    found = river.wait(made, COMPARED_S)
    assert found is not None
    return found


def numbers(found: dict[str, Any]) -> tuple[int, int, int]:
    return found["equal"], found["differing"], found["undecided"]


def reasons(found: dict[str, Any]) -> dict[str, set[int]]:
    """Return the buckets that are not equal, by reason."""
    told: dict[str, set[int]] = {}
    for bucket in found["buckets"]:
        told.setdefault(bucket["reason"], set()).add(bucket["bucket"])
    return told


def resident(river: SmallRiver, **values: Any) -> tuple[int, bytes]:
    """Commit a new resident; return its key and record id."""
    number = next(_ids)
    plain = {"nama_lgkp": "SITI CONTOH", "jk": "P", "nik": None, "tgl_lhr": "1990-06-30", **values}
    return number, river.insert("dukcapil", (number,), **plain)


@pytest.mark.parametrize("source", SYSTEMS)
def test_a_source_at_rest_is_equal_whatever_its_rows_went_through(river: SmallRiver, source: str) -> None:
    system, key = SYSTEMS[source], river.world.entries[source][0].key
    if source == "dinsos":
        river.update(source, key, no_urut=90_000 + next(_ids))
    if source == "dapodik":
        river.execute(source, f"UPDATE {system.table} SET soft_delete = 1 WHERE peserta_didik_id = '{key[0]}'")
    if source == "dukcapil":
        river.delete((source, (resident(river)[0],)))
    found = verified(river, source)
    assert numbers(found) == (256, 0, 0), reasons(found)
    assert found["source_rows"] == found["hub_rows"] > 0
    if source == "dapodik":
        river.execute(source, f"UPDATE {system.table} SET soft_delete = 0 WHERE peserta_didik_id = '{key[0]}'")


@contextmanager
def writing(river: SmallRiver) -> Iterator[None]:
    """Change, add, move and delete residents until told to stop."""
    stop, faults = threading.Event(), list[BaseException]()

    def work() -> None:
        kept: list[int] = []
        while not stop.is_set():
            number, _ = resident(river)
            kept.append(number)
            river.update("dukcapil", (number,), alamat=f"JL. UJI {number}")
            if len(kept) % 3 == 0:
                river.delete(("dukcapil", (kept.pop(0),)))
            time.sleep(0.02)
        river.delete(*[("dukcapil", (number,)) for number in kept])

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - a thread's fault is the test's
            faults.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert faults == []


def test_under_writes_a_bucket_may_be_undecided_but_is_never_falsely_different(river: SmallRiver) -> None:
    undecided = 0
    with writing(river):
        for _ in range(4):
            found = verified(river, "dukcapil")
            assert found["differing"] == 0, reasons(found)
            assert set(reasons(found)) <= {"newer"}
            undecided += found["undecided"]
    assert undecided > 0, "nothing was written while the table was compared"
    assert numbers(verified(river, "dukcapil")) == (256, 0, 0)


def test_a_refused_row_is_known_by_what_was_refused(river: SmallRiver) -> None:
    number, record = resident(river)
    never, unborn = resident(river, status_kawin=9)
    river.wait(lambda: river.entity(record))
    river.update("dukcapil", (number,), status_kawin=9)
    items = "select id from store.quarantine where record in (%s, %s)"
    river.wait(lambda: len(river.rows(items, record, unborn)) == 2)
    found = verified(river, "dukcapil")
    assert numbers(found) == (256, 0, 0), reasons(found)
    river.delete(("dukcapil", (number,)), ("dukcapil", (never,)))
    assert numbers(verified(river, "dukcapil")) == (256, 0, 0)


@contextmanager
def changed_by_hand(river: SmallRiver, record: bytes, column: str, value: Any) -> Iterator[None]:
    """Change a stored record behind the hub's back."""
    with psycopg.connect(river.settings.endpoint("database"), autocommit=True) as store:
        (was,) = store.execute(f"select {column} from link.record where id = %s", [record]).fetchone() or (None,)
        store.execute(f"update link.record set {column} = %s where id = %s", [value, record])
        try:
            yield
        finally:
            store.execute(f"update link.record set {column} = %s where id = %s", [was, record])


def another_digest(river: SmallRiver, record: bytes) -> bytes:
    """Return a record's body as it would be had the source held another value."""
    with psycopg.connect(river.settings.endpoint("database")) as store:
        archive = Archive(schemas(store).get)
        (body,) = store.execute("select body from link.record where id = %s", [record]).fetchone() or (b"",)
    person = archive.decode(body)
    return archive.encode(replace(person, digest=person.digest ^ 1))


def two_residents(river: SmallRiver) -> tuple[bytes, bytes]:
    """Return two records in different buckets."""
    first = river.desk.record("dukcapil", river.world.entries["dukcapil"][0].key)
    others = (river.desk.record("dukcapil", entry.key) for entry in river.world.entries["dukcapil"][1:])
    return first, next(other for other in others if other[0] != first[0])


def test_a_record_changed_behind_the_hub_s_back_is_found(river: SmallRiver) -> None:
    lost, altered = two_residents(river)
    began = datetime.now(UTC)
    with (
        changed_by_hand(river, lost, "deleted", True),
        changed_by_hand(river, altered, "body", another_digest(river, altered)),
    ):
        found = verified(river, "dukcapil")
        assert numbers(found) == (254, 2, 0)
        assert reasons(found) == {"count": {lost[0]}, "digest": {altered[0]}}
        assert found["hub_rows"] == found["source_rows"] - 1
        assert began < found["differing_since"] <= found["taken_at"]
        again = verified(river, "dukcapil")
        assert again["differing_since"] == found["differing_since"]
        labels = {"source": "dukcapil", "table": "public.penduduk"}
        with httpx.Client() as client:
            shown = gauges.read(river.settings.home, client)
        assert shown.total("satudata_verification_differing_buckets", **labels) == 2
    healed = verified(river, "dukcapil")
    assert numbers(healed) == (256, 0, 0)
    assert healed["differing_since"] is None


def test_after_a_changed_schema_old_rows_are_counted_and_new_ones_compared(river: SmallRiver) -> None:
    entries = river.world.entries["dinsos"]
    river.execute("dinsos", "ALTER TABLE public.penerima ADD COLUMN catatan text DEFAULT 'x'")
    try:
        river.update("dinsos", entries[1].key, nama_ibu="RATNA UJI")
        found = verified(river, "dinsos")
        assert found["differing"] == 0
        assert set(reasons(found)) == {"schema"}
        lost = river.desk.record("dinsos", entries[2].key)
        with changed_by_hand(river, lost, "deleted", True):
            assert reasons(verified(river, "dinsos"))["count"] == {lost[0]}
        river.execute("dinsos", "UPDATE public.penerima SET catatan = 'y'")
        assert numbers(verified(river, "dinsos")) == (256, 0, 0)
    finally:
        river.execute("dinsos", "ALTER TABLE public.penerima DROP COLUMN catatan")
        river.execute("dinsos", "UPDATE public.penerima SET mulai = mulai")


def test_a_restarted_verifier_remembers_what_it_found(river: SmallRiver) -> None:
    verified(river, "dapodik")
    river.supervisor.stop("dapodik")  # whatever is shown afterwards was found before
    river.supervisor.stop("verify")
    river.begin("verify")
    labels = {"source": "dapodik", "table": "public.peserta_didik"}

    def shown() -> float:
        with httpx.Client() as client:
            return gauges.read(river.settings.home, client).total("satudata_verification_equal_buckets", **labels)

    river.wait(lambda: shown() == stored(river, "dapodik")["equal"] > 0)
    river.begin("dapodik")
