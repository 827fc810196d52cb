"""Stewards at a real river: part, contest, undo, reassign, expire, leave open; everything kept, everything replayed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.life.desk import CITIZEN, Desk
from tests.e2e.persons import pupil_key, recipient_key, resident_key, somebody
from tests.e2e.river import SmallRiver

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def river(life: SmallRiver) -> Iterator[SmallRiver]:
    """The river, which the oracle judges afterwards: it knows of no decisions, so whom they are on leave it again."""
    before = len(life.inserted)
    yield life
    life.delete(*life.inserted[before:])
    assert life.equals_oracle()


@pytest.fixture(scope="module")
def desk(river: SmallRiver) -> Desk:
    return Desk(river)


def couple(river: SmallRiver) -> tuple[bytes, bytes, str]:
    """Insert one person at two offices; return both records and their entity."""
    who = somebody()
    d, s = (
        river.insert("dukcapil", resident_key(), **who.resident()),
        river.insert("dapodik", pupil_key(), **who.pupil()),
    )
    entity = river.wait(lambda: river.entity(d) if together(river, d, s) else None)
    assert entity is not None
    return d, s, entity


def together(river: SmallRiver, *records: bytes) -> bool:
    found = {river.entity(record) for record in records}
    return len(found) == 1 and None not in found


def test_a_different_parts_a_contest_returns_it_to_the_queue_and_the_undo_gives_everything_back(
    river: SmallRiver, desk: Desk
) -> None:
    d, s, entity = couple(river)
    before = river.golden(entity)
    parting = desk.decide("different", d, s)
    river.wait(lambda: not together(river, d, s))
    [other] = [found for found in river.entities(d, s) if found != entity]
    apart_at = desk.history(other)[-1]["at"]

    contest = desk.decide("contested", contests=parting, by=CITIZEN)
    [item] = river.wait(lambda: desk.reviews(d, s, kind="contested"))
    assert (item["judgement"], item["worth"] >= 1000, desk.state(parting)) == (parting, True, "active")
    assert {desk.get(f"/v1/holds/{one}")["reason"] for one in (entity, other)} == {"contested"}
    assert not together(river, d, s)

    undo = desk.decide("withdrawn", withdraws=parting)
    river.wait(lambda: together(river, d, s))
    after = river.golden(entity)
    assert river.entity(d) == entity
    assert {**after, "sequence": 0, "changed_at": 0, "previous_ids": [], "digest": b""} == {
        **before, "sequence": 0, "changed_at": 0, "previous_ids": [], "digest": b""
    }  # fmt: skip
    assert desk.reviews(d, s) == []
    assert [desk.get(f"/v1/holds/{one}") for one in (entity, other)] == [None, None]
    assert [note["id"] for note in desk.get(f"/v1/judgement/{parting}")["notes"]] == [contest, undo]
    assert desk.history(other, as_of=apart_at)[0]["status"] == "active"
    parted, joined = desk.history(other)[-2:]
    assert (parted["kind"], joined["kind"]) == ("created", "merged")
    assert parting in {cause["id"] for cause in parted["causes"]}
    assert undo in {cause["id"] for cause in joined["causes"]}


def test_an_id_whose_records_mostly_left_is_reassigned(river: SmallRiver, desk: Desk) -> None:
    who = somebody()
    poor = who.but(mother=None, kk=None)  # what the register does not say holds the other two closer together
    d = river.insert("dukcapil", resident_key(), **poor.resident())
    s = river.insert("dapodik", pupil_key(), **who.pupil())
    a = river.insert("dinsos", recipient_key(), **who.recipient())
    river.wait(lambda: together(river, d, s, a))
    entity = river.entity(d)
    desk.decide("different", d, s)
    river.wait(lambda: together(river, s, a) and not together(river, d, s))
    assert river.entity(d) == entity
    assert desk.history(str(entity))[-1]["kind"] == "reassigned"
    assert desk.history(str(entity))[-1]["other_ids"] == [river.entity(s)]


def test_a_decision_expires_by_itself_and_says_so(river: SmallRiver, desk: Desk) -> None:
    d, s, entity = couple(river)
    until = datetime.now(UTC) + timedelta(seconds=4)
    parting = desk.decide("different", d, s, expires_at=until.isoformat())
    river.wait(lambda: desk.state(parting) == "expired")
    river.wait(lambda: together(river, d, s))
    assert river.entity(d) == entity
    kinds = [(state["kind"], {cause["id"] for cause in state["causes"]}) for state in desk.history(entity)]
    assert [kind for kind, causes in kinds if parting in causes] == ["changed", "changed"]


def test_unsure_leaves_an_item_alone_until_its_evidence_changes(river: SmallRiver, desk: Desk) -> None:
    who = somebody()
    assert who.nik is not None
    key = resident_key()
    one = river.insert("dukcapil", resident_key(), **who.resident())
    other = river.insert("dukcapil", key, **who.but(nik=f"{int(who.nik) + 1}").resident())
    [item] = river.wait(lambda: desk.reviews(one, other))
    assert (item["kind"], item["conflict"], item["twins"]) == ("attested", True, True)
    shown = desk.get(f"/v1/reviews/{item['id']}")
    assert {shown["left"]["record"], shown["right"]["record"]} == {one.hex(), other.hex()}
    assert shown["left"]["values"]["name"] == shown["right"]["values"]["name"]
    desk.decide("unsure", one, other)
    river.wait(lambda: desk.reviews(one, other, state="aside"))
    assert desk.reviews(one, other) == []
    river.update("dukcapil", key, nama_ibu="IBU YANG LAIN")
    river.wait(lambda: desk.reviews(one, other))


def test_a_fresh_engine_fed_from_kafka_comes_to_the_same_digest(river: SmallRiver, desk: Desk) -> None:
    d, s, _ = couple(river)
    parting = desk.decide("different", d, s)
    desk.decide("contested", contests=parting, by=CITIZEN)
    desk.decide("withdrawn", withdraws=parting)
    river.wait(lambda: together(river, d, s))
    river.wait(lambda: desk.replayed() == desk.digest())
    digest = desk.digest()
    river.supervisor.stop("reconcile")
    river.begin("reconcile")
    assert river.wait(lambda: desk.digest() == digest)
