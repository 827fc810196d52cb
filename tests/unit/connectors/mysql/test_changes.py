"""Inserts, updates, deletes, changed keys, images that are not whole, dates that are none: as MariaDB logged them."""

import pytest

from connectors.kinds.mysql_binlog.columns import Column, from_log
from connectors.kinds.mysql_binlog.table import Change
from connectors.protocol import LARGEST_VALUE
from hub.wire.avro import MemoryRegistry
from hub.wire.errors import Halt, RefuseToStart
from hub.wire.topics import HEADER_NEXT, HEADER_PREVIOUS
from tests.unit.connectors.mysql.recorded import (
    catalogue,
    changes,
    identity,
    images,
    plan_of,
    raw_events,
    rows,
    schema_of,
    texts,
)


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


@pytest.fixture
def found(registry: MemoryRegistry) -> list[Change]:
    return list(changes(rows("perubahan"), registry=registry))


def test_each_operation_with_its_record(found: list[Change]) -> None:
    one, two, three, twenty = (identity(part) for part in ("1", "2", "3", "20"))
    assert [(change.op, change.record) for change in found[:9]] == [
        ("c", one), ("c", two), ("c", three), ("u", one), ("d", two), ("c", twenty), ("d", three), ("u", one),
        ("d", twenty),
    ]  # fmt: skip


def test_a_changed_key_ends_one_record_and_begins_another(found: list[Change], registry: MemoryRegistry) -> None:
    ended, begun = found[4:6]
    assert ended.headers == ((HEADER_NEXT, identity("20")),)
    assert begun.headers == ((HEADER_PREVIOUS, identity("2")),)
    assert images(registry, ended.beginning)[1] is None
    assert images(registry, begun.beginning)[0] is None
    assert all(not change.headers for change in [*found[:4], *found[6:]])


def test_0000_00_00_is_no_date_even_where_the_column_is_not_null(found: list[Change], registry: MemoryRegistry) -> None:
    assert images(registry, found[2].beginning)[1] == {"id": 3, "nama": "UPIK", "lahir": None, "catatan": "b"}


def test_a_date_without_its_day_travels_as_text(found: list[Change], registry: MemoryRegistry) -> None:
    assert images(registry, found[1].beginning)[1] == {
        "id": "2", "nama": "BUDI", "lahir": "1980-00-00", "catatan": "a"
    }  # fmt: skip
    before, after = images(registry, found[3].beginning)
    assert (before["lahir"], after["lahir"], after["nama"]) == (3685, 3685, "SITI AMINAH")


def test_columns_that_an_image_lacks_are_left_out_and_never_null(found: list[Change], registry: MemoryRegistry) -> None:
    # MINIMAL: the old image has the key, the new one what was set
    assert images(registry, found[7].beginning) == (None, {"id": "1", "nama": "SITI A"})
    assert images(registry, found[8].beginning) == ({"id": "20"}, None)
    # NOBLOB: both lack the texts
    assert images(registry, found[9].beginning) == (None, {"id": "1", "lahir": "1981-01-01"})


def test_a_column_added_between_two_rows_is_in_the_second_only(found: list[Change], registry: MemoryRegistry) -> None:
    names = [f["name"] for f in schema_of(registry, found[10].beginning)["fields"][0]["type"][1]["fields"]]
    assert names == ["id", "nama", "lahir", "catatan", "rt"]
    assert images(registry, found[10].beginning)[1]["rt"] == 7
    assert "rt" not in images(registry, found[3].beginning)[1]


def test_a_row_without_its_key_has_no_id(registry: MemoryRegistry) -> None:
    assert {change.record for change in changes(rows("perubahan")[:1], key=["catatan"])} == {
        None, identity("a"), identity("b")
    }  # fmt: skip
    before_of_update = [change for change in changes(rows("perubahan"), key=["catatan"]) if change.op == "u"]
    assert before_of_update[0].record is None


def test_a_change_too_large_for_kafka_leaves_its_large_columns_out(registry: MemoryRegistry) -> None:
    columns = [Column("id", "int", True), Column("nama", "text"), Column("pindai", "blob")]
    plan = plan_of(columns, registry=registry)
    made = plan.read([b"1", b"SITI", b"\0" * LARGEST_VALUE])
    assert images(registry, made.beginning) == (None, {"id": "1", "nama": "SITI"})


def test_rows_that_end_inside_a_value_stop_the_source() -> None:
    event = rows("perubahan")[0]
    plan = plan_of(from_log(event.shape), event.shape)
    whole = {event.at + n for n in (14, 31)}
    """Between two rows: that a row is gone, only the checksum can tell."""
    for cut in range(event.at + 1, event.end):
        cut_off = event._replace(data=event.data[:cut], end=cut)
        if cut in whole:
            assert len(list(plan.changes(cut_off))) == sorted(whole).index(cut) + 1
            continue
        with pytest.raises(Halt, match="inside a value"):
            list(plan.changes(cut_off))


def test_a_plan_without_a_description_reads_no_rows() -> None:
    with pytest.raises(Halt, match="before it was described"):
        plan_of(catalogue("warga")).changes(rows("perubahan")[0])


def test_a_key_that_the_table_lacks_is_refused() -> None:
    with pytest.raises(RefuseToStart, match="no column nik"):
        plan_of(catalogue("warga"), key=["nik"])


def test_a_row_of_another_size_than_was_asked_for_is_refused() -> None:
    with pytest.raises(Halt, match="has 1 values"):
        plan_of(catalogue("warga")).read([b"1"])


def test_moments_in_the_form_before_fractions(registry: MemoryRegistry) -> None:
    made = list(changes(rows("lama"), registry=registry))
    plan = plan_of(catalogue("lama"), registry=registry)
    assert [change.beginning for change in made] == [plan.read(row).beginning for row in texts("lama")]
    assert images(registry, made[0].beginning)[1] == {
        "id": 1, "t": -3020399000000, "dt": 1795482123000, "ts": "2026-11-24T01:02:03Z", "d": 20781, "e": "a"
    }  # fmt: skip
    assert images(registry, made[1].beginning)[1]["dt"] is None


def test_a_compressed_log_holds_the_same_changes(registry: MemoryRegistry) -> None:
    kinds = {raw[4] for raw in raw_events("padat")}
    assert kinds >= {166, 167, 168}, "the recording has MariaDB's compressed rows"
    made = list(changes(rows("padat"), registry=registry))
    assert [change.op for change in made] == ["c", "c", "u", "u", "d"]
    before, after = images(registry, made[2].beginning)
    assert (before["nama"], before["catatan"], after["catatan"]) == ("SITI " * 80, None, "x" * 300)
    assert images(registry, made[4].beginning)[0] == after
