"""One transaction: all or nothing, from the offsets it started at, by the holder of the lease."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from hub.persist.work import Move
from hub.wire.archive import Archive
from hub.wire.decisions import FloorRow, JudgementRow
from hub.wire.errors import Halt
from hub.wire.records import Held, Sweep
from tests.integration.persist import build
from tests.integration.persist.build import CODEC, LOG, changed, created, entity, person, record_id, vanished, work

CONTENT = """
select (select count(*) from link.record), (select count(*) from store.person), (select count(*) from store.history),
       (select count(*) from store.outbox), (select next_offset from link."offset"), (select sequence from store.clock)
"""


def test_a_batch_is_committed_whole(writer, rows):
    first, second = person(1), person(2, source="dapodik")
    done = writer.commit(work([created(7, first, second)], edges=[build.edge(1, 2)], moves=[Move(LOG, 0, 2)]))
    assert rows(CONTENT) == [(2, 1, 1, 2, 2, 1)]
    assert (done.generation, done.sequence, done.living, done.members, done.edges) == (1, 1, 1, 2, 1)
    assert rows("select entity_id::text, nik, birth_date::text, status, sequence from store.person") == [
        (entity(7), first.nik, "1994-08-23", "active", 1)
    ]
    assert rows("select record, entity_id::text, source from store.member order by 1") == [
        (record_id(1), entity(7), "dukcapil"), (record_id(2), entity(7), "dapodik")
    ]  # fmt: skip
    assert rows("select levels from link.edge") == [([["nik", "equal", 9000], ["name", "similar", 3000]],)]


def test_a_batch_that_fails_leaves_nothing(writer, rows):
    unstorable = JudgementRow("j", 1, record_id(1), record_id(2), "same", "ani", "a\0b", 0, None, "active")
    with pytest.raises(Halt) as refusal:
        writer.commit(work([created(7, person(1))], judgements=[unstorable], moves=[Move(LOG, 0, 1)]))
    assert rows(CONTENT) == [(0, 0, 0, 0, 0, 0)]
    assert "SITI" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_the_message_the_history_and_the_row_say_the_same(writer, rows):
    writer.commit(work([created(7, person(1))]))
    ((golden_bytes, headers),) = rows("select value, headers from store.outbox where topic = 'golden.person'")
    golden = CODEC.decode_record(golden_bytes)
    assert golden == replace(build.golden(entity(7), [person(1)]), generation=1, sequence=1)
    ((body,),) = rows("select body from store.history")
    stored = dict(rows("select fingerprint, text from store.schema"))
    assert Archive(stored.get).decode(body) == golden
    assert headers["ce_id"] == f"{entity(7)}/1.1"
    assert headers["ce_subject"] == entity(7)
    ((change, key),) = rows("select value, key from store.outbox where topic = 'changes.person'")
    assert key == entity(7).encode()
    assert (CODEC.decode_record(change).kind, CODEC.decode_record(change).sequence) == ("created", 1)


def test_no_key_or_header_holds_a_personal_value(writer, rows):
    writer.commit(work([created(7, person(1))]))
    for key, headers in rows("select key, headers::text from store.outbox"):
        assert not any(value in key.decode() + headers for value in (person(1).nik, "SITI", "+62812"))


def test_an_unchanged_golden_record_is_neither_published_nor_kept_again(writer, rows):
    writer.commit(work([created(7, person(1))]))
    done = writer.commit(work([changed(7, person(1))], [build.row(person(1, position=2))]))
    assert done.published == {}
    assert rows(CONTENT) == [(1, 1, 1, 2, 0, 2)]
    assert rows("select version from link.record") == [(build.at(2),)]


def test_each_change_raises_the_entity_version(writer, rows):
    writer.commit(work([created(7, person(1))]))
    writer.commit(work([changed(7, person(1, 2, "SITI AMINAH PUTRI"))]))
    assert rows("select sequence, kind, until is null from store.history_span order by 1") == [
        (1, "created", False), (2, "changed", True)
    ]  # fmt: skip


def test_a_living_row_without_values_keeps_those_of_the_store(writer, rows):
    writer.commit(work([created(7, person(1))]))
    writer.commit(work([], [build.row(person(1, 2), keep=True)]))
    ((body, version),) = rows("select body, version from link.record")
    assert (Archive().decode(body).name, version) == ("SITI AMINAH", build.at(2))


def test_a_deleted_record_keeps_its_version_and_loses_its_values(writer, rows):
    writer.commit(work([created(7, person(1), person(2))]))
    writer.commit(work([changed(7, person(2))], [build.row(person(1, 5), deleted=True)]))
    assert rows("select deleted, body is null, version from link.record where id = %s", record_id(1)) == [
        (True, True, build.at(5))
    ]
    assert rows("select record from store.member") == [(record_id(2),)]


def test_a_stub_holds_no_personal_value(writer, rows):
    writer.commit(work([created(7, person(1)), created(8, person(2))]))
    done = writer.commit(work([changed(7, person(1), person(2)), vanished(8, "merged", 7)]))
    assert done.living == -1
    ((stub,),) = rows("select to_jsonb(p) from store.person p where status = 'merged'")
    assert stub["moved_to"] == [entity(7)]
    assert not any(stub[column] for column in ("nik", "kk", "name", "mother", "phone", "street", "wins", "birth_date"))
    ((message,),) = rows("select value from store.outbox where key = %s and topic = 'golden.person' order by id desc "
                         "limit 1", entity(8).encode())  # fmt: skip
    assert CODEC.decode_record(message).moved_to == (entity(7),)
    assert person(2).nik.encode() not in message


def test_a_merge_is_told_to_who_held_the_old_id(writer, rows):
    writer.commit(work([created(7, person(1)), created(8, person(2)), created(9, person(3))]))
    writer.commit(work([changed(8, person(2), person(3)), vanished(9, "merged", 8)]))
    writer.commit(work([changed(7, person(1), person(2), person(3)), vanished(8, "merged", 7)]))
    assert rows("select previous_ids::text[] from store.person where entity_id = %s", entity(7)) == [
        ([entity(8), entity(9)],)
    ]
    assert rows("select old_id::text, new_id::text, status from store.alias order by 1") == [
        (entity(8), entity(7), "merged"), (entity(9), entity(8), "merged")
    ]  # fmt: skip


def test_an_unmerge_gives_the_old_id_back_with_a_higher_version(writer, rows):
    writer.commit(work([created(7, person(1)), created(8, person(2))]))
    writer.commit(work([changed(7, person(1), person(2)), vanished(8, "merged", 7)]))
    writer.commit(work([changed(7, person(1)), created(8, person(2))]))
    assert rows("select * from store.alias") == []
    assert rows("select status, sequence, previous_ids from store.person order by entity_id") == [
        ("active", 3, []), ("active", 3, [])
    ]  # fmt: skip
    assert rows("select status, sequence from store.history where entity_id = %s order by sequence", entity(8)) == [
        ("active", 1), ("merged", 2), ("active", 3)
    ]  # fmt: skip


def test_an_id_that_returns_elsewhere_leaves_no_trace_where_it_went(writer, rows):
    writer.commit(work([created(7, person(1)), created(8, person(2)), created(9, person(3))]))
    writer.commit(work([changed(7, person(1), person(2)), vanished(8, "merged", 7)]))
    writer.commit(work([changed(7, person(1), kind="reassigned"), changed(9, person(3), person(2))]))
    done = writer.commit(work([changed(9, person(3)), created(8, person(2))]))
    assert done.published == {"created": 1, "changed": 2}
    assert rows("select previous_ids, sequence, name from store.person where entity_id = %s", entity(7)) == [
        ([], 4, "SITI AMINAH")
    ]


def test_a_deleted_id_may_come_back(writer, rows):
    writer.commit(work([created(7, person(1))]))
    gone = writer.commit(work([vanished(7, "deleted")], [build.row(person(1, 2), deleted=True)]))
    back = writer.commit(work([created(7, person(1, 3))]))
    assert (gone.living, gone.members, back.living, back.members) == (-1, -1, 1, 1)
    assert rows("select status, sequence from store.person") == [("active", 3)]


def test_offsets_move_only_from_where_the_batch_started(writer, rows):
    writer.commit(work([created(7, person(1))], moves=[Move(LOG, 0, 10)]))
    with pytest.raises(Halt, match="refused: 1 of 1 offsets"):
        writer.commit(work([created(8, person(2))], moves=[Move(LOG, 0, 12)]))
    assert rows(CONTENT) == [(1, 1, 1, 2, 10, 1)]


def test_a_writer_that_memory_has_fallen_behind_is_refused(store, lease, writer, rows):
    other = build.writer(store, lease)
    writer.commit(work([]))
    other.commit(work([]))
    with pytest.raises(Halt, match=r"store\.clock"):
        writer.commit(work([created(7, person(1))]))
    other.close()
    assert rows("select count(*) from link.record") == [(0,)]


def test_a_record_never_goes_back(writer):
    writer.commit(work([created(7, person(1, position=5))]))
    with pytest.raises(Halt, match=r"link\.record: 1 of 1 rows are newer"):
        writer.commit(work([changed(7, person(1, position=4))]))


def test_merge_and_link_must_agree_about_members(writer):
    (delta, _) = changed(7, person(1), person(2))
    fault = replace(work([created(7, person(1))]), delta=work([(delta, ())]).delta)
    with pytest.raises(Halt, match="disagree"):
        writer.commit(fault)


def test_sweeps_floors_blocks_edges_and_lineage_come_and_go(writer, rows):
    marker = Sweep("dapodik", "t", build.at(9), 0, 3, 1, 4)
    block = Held("dapodik", "t", build.at(3), "item-1")
    writer.commit(work([], edges=[build.edge(1, 2), build.edge(1, 3)], sweeps=[marker], blocks=[block],
                       floors=[FloorRow("dapodik", "t", build.at(9))]))  # fmt: skip
    assert rows("select raw_partition, clean_partition from link.sweep") == [(0, 1)]
    assert rows("select item from link.block") == [("item-1",)]
    done = writer.commit(work([], edges=[build.edge(1, 3, 500)], edges_gone=[(record_id(1), record_id(2))],
                              sweeps_done=[FloorRow("dapodik", "t", build.at(9))], blocks_gone=["item-1"],
                              floors=[FloorRow("dapodik", "t", build.at(8))]))  # fmt: skip
    assert done.edges == -1
    assert rows("select b, weight from link.edge") == [(record_id(3), 500)]
    assert rows("select floor from link.floor") == [(build.at(9),)]
    assert rows("select (select count(*) from link.sweep), (select count(*) from link.block)") == [(0, 0)]


def test_quarantine_items_are_kept_whole(writer, rows):
    writer.commit(work([], refused=[build.item(5, field="agama", reason="kind\0less")], moves=[Move(LOG, 0, 1)]))
    ((state, headers, payload, reason),) = rows("select state, headers, payload, reason from store.quarantine")
    assert (state, base64.b64decode(headers["version"]), payload) == ("open", b"\x00\xff", b"\x00x")
    assert reason == "kind\ufffdless"
