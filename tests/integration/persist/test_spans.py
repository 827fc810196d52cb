"""Memberships with validity: what the writer keeps, and what a migration makes of an older store's history."""

from __future__ import annotations

import psycopg

from hub.persist import migrate, spans
from hub.persist.migrations.versions.r0006_entities import DOWN
from hub.wire.archive import Archive
from tests.integration.persist.build import change, entity, person, row, work

SPANS = "select record, generation, sequence, since, until, entity_id::text from store.member_span order by 1, 2, 3"


def lived(writer):
    """Two people merge, part, lose a record and get it back: commits 1 to 6."""
    a, b, c = person(1), person(2), person(3)
    one, two = entity(1), entity(2)
    for batch in (
        work([(change(one, [a], "created"), [a]), (change(two, [b, c], "created"), [b, c])], [row(a), row(b), row(c)]),
        work([(change(one, [a, b, c], other_ids=(two,)), [a, b, c]),
              (change(two, [], "merged", other_ids=(one,)), [])]),
        work([(change(one, [a], other_ids=(two,)), [a]), (change(two, [b, c], "created", other_ids=(one,)), [b, c])]),
        work([(change(two, [b]), [b])], [row(c, deleted=True)]),
        work([(change(two, [b, c]), [b, c])], [row(person(3, 2))]),
        work([(change(one, [a]), [a])], [row(person(1, 2, "SITI AMINAH B"))]),
    ):  # fmt: skip
        writer.commit(batch)


def test_each_membership_has_its_validity(writer, rows):
    lived(writer)
    told = [(int.from_bytes(r[0], "big"), r[2], r[5] == entity(1), r[4] is None) for r in rows(SPANS)]
    assert told == [
        (1, 1, True, True),
        (2, 1, False, False), (2, 2, True, False), (2, 3, False, True),
        (3, 1, False, False), (3, 2, True, False), (3, 3, False, False), (3, 5, False, True),
    ]  # fmt: skip
    open_ = rows("select record, entity_id from store.member_span where until is null order by 1")
    assert open_ == rows("select record, entity_id from store.member order by 1")
    gaps = rows("select count(*) from store.member_span x join store.member_span y using (record) "
                "where x.sequence < y.sequence and (x.until is null or x.until > y.since)")  # fmt: skip
    assert gaps == [(0,)]


def test_the_history_says_the_same_the_other_way_round(writer, rows):
    lived(writer)
    archive = Archive({bytes(r[0]): r[1] for r in rows("select fingerprint, text from store.schema")}.get)
    states = [
        (r[0], r[1], r[2], r[3], tuple(member.record for member in archive.decode(bytes(r[4])).members))
        for r in rows("select entity_id::text, generation, sequence, at, body from store.history order by 1, 2, 3")
    ]
    assert sorted(spans.from_history(states)) == sorted((bytes(r[0]), *r[1:]) for r in rows(SPANS))


def test_a_migration_fills_them_from_the_history_of_an_older_store(store, writer, rows):
    lived(writer)
    kept = rows(SPANS)
    writer.close()
    with psycopg.connect(store) as connection:
        connection.execute(DOWN)
        connection.execute("drop table store.member_span, link.model")
        connection.execute("update store.alembic_version set version_num = '0003'")
    migrate(store)
    assert rows(SPANS) == kept
