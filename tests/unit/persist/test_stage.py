"""Statements of the bulk path, and the texts that stand for arrays and levels."""

from hub.persist import link_rows
from hub.persist.stage import Upsert, byteas, uuids
from hub.wire.decisions import Level

TABLE = Upsert("s.t", ("id", "a", "b"), ("id",), guard="excluded.a > t.a", override=(("b", "t.b"),))


def test_rows_are_merged_in_key_order_under_their_guard():
    assert "from stage_s_t order by id" in TABLE.merge
    assert "on conflict (id) do update set a = excluded.a, b = t.b where excluded.a > t.a" in TABLE.merge


def test_the_staging_table_is_emptied_at_every_end():
    assert TABLE.create.startswith("create temporary table stage_s_t on commit delete rows")


def test_arrays_are_postgresqls_own_text():
    assert byteas([b"a\x00", b""]) == '{"\\\\x6100","\\\\x"}'
    assert uuids(["6f1c1a52-5d3b-4b53-9a52-1f0e0e9a7c11"]) == "{6f1c1a52-5d3b-4b53-9a52-1f0e0e9a7c11}"


def test_levels_come_back_as_they_were():
    levels = (Level("nik", "equal", 9000), Level("name", "other", -400))
    text = link_rows.levels_text(levels)
    assert text == '[["nik","equal",9000],["name","other",-400]]'
    assert link_rows.levels_of(text) == levels
