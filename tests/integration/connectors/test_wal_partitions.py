"""A table in partitions is one table; what happens to partitions beside the log is noticed."""

from collections.abc import Iterator

import pytest

from connectors.kinds.postgres_wal import readings, source
from tests.integration.connectors.wal import WalStage, staged, was_read
from tests.suites.connector import (
    answers,
    ask,
    at_rest,
    build,
    changes,
    floor,
    living,
    named,
    notices,
    run_to_rest,
    running,
    until,
)

PARTITIONED = """
CREATE TABLE public.warga (id int PRIMARY KEY, nama text) PARTITION BY RANGE (id);
CREATE TABLE public.warga_a PARTITION OF warga FOR VALUES FROM (0) TO (1000);
CREATE SCHEMA lama;
CREATE TABLE lama.warga_b PARTITION OF public.warga FOR VALUES FROM (1000) TO (2000) PARTITION BY RANGE (id);
CREATE TABLE lama.warga_b1 PARTITION OF lama.warga_b FOR VALUES FROM (1000) TO (1500);
ALTER TABLE public.warga REPLICA IDENTITY FULL;
ALTER TABLE public.warga_a REPLICA IDENTITY FULL;
ALTER TABLE lama.warga_b1 REPLICA IDENTITY FULL
"""


@pytest.fixture(params=["opd_database", "opd16_database"], ids=["18", "16"])
def stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[WalStage]:
    monkeypatch.setattr(source, "LOOK_AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(readings, "CHUNK_BYTES", 2 * 8192)
    with staged(request.getfixturevalue(request.param), ddl=PARTITIONED) as stage:
        yield stage


def test_rows_of_every_partition_are_read_and_followed_as_the_table_s(stage: WalStage) -> None:
    stage.run_sql("INSERT INTO warga SELECT n, 'AWAL ' || n FROM generate_series(1, 1400) n")
    with running(build(stage)):
        until(lambda: was_read(stage) and at_rest(stage))
        stage.change(("update", 5, "GANTI"), ("update", 1200, "GANTI"), ("delete", 6, ""), ("insert", 1450, "BARU"))
        stage.change(("rekey", 7, 1460))  # the row moves to another partition
        until(lambda: at_rest(stage))
    assert len([m for m in changes(stage) if stage.decode(m)["op"] == "r"]) == 1400
    assert {stage.decode(m)["source"]["table"] for m in changes(stage)} == {"warga"}
    assert {m.key for m in changes(stage)} >= {named(stage, 5), named(stage, 1460)}


def test_a_new_partition_is_read_alone_and_one_that_went_is_swept(stage: WalStage) -> None:
    stage.change(("insert", 1, "SATU"), ("insert", 1100, "PINDAH"))
    with running(build(stage)):
        until(lambda: was_read(stage) and at_rest(stage))
        before, sent = floor(stage), len(changes(stage))
        stage.run_sql("CREATE TABLE tiga (id int PRIMARY KEY, nama text)")
        stage.run_sql("ALTER TABLE tiga REPLICA IDENTITY FULL")
        stage.run_sql("INSERT INTO tiga VALUES (2500, 'SUDAH ADA')")
        stage.run_sql("ALTER TABLE warga ATTACH PARTITION tiga FOR VALUES FROM (2000) TO (3000)")
        until(lambda: at_rest(stage))
        assert (floor(stage), len(changes(stage))) == (before, sent + 1)
        stage.run_sql("ALTER TABLE lama.warga_b DETACH PARTITION lama.warga_b1")
        until(lambda: floor(stage) > before and at_rest(stage))
    assert living(stage) == {1: "SATU", 2500: "SUDAH ADA"}


def test_a_partition_that_is_emptied_or_dropped_by_itself_is_swept(stage: WalStage) -> None:
    stage.change(("insert", 1, "SATU"), ("insert", 1100, "SERIBU"))
    with running(build(stage)):
        until(lambda: was_read(stage) and at_rest(stage))
        stage.run_sql("TRUNCATE warga_a")
        stage.change(("insert", 2, "DUA"))
        until(lambda: at_rest(stage))
        assert living(stage) == {2: "DUA", 1100: "SERIBU"}
    stage.run_sql("DROP TABLE lama.warga_b1")
    with running(build(stage)):
        until(lambda: at_rest(stage))
    assert living(stage) == {2: "DUA"}


def test_a_publication_that_speaks_of_partitions_is_corrected_and_the_table_read_again(stage: WalStage) -> None:
    stage.run_sql(f"CREATE PUBLICATION {stage.slot} FOR TABLE warga")
    stage.change(("insert", 1, "SATU"))
    run_to_rest(stage)
    before = floor(stage)
    stage.run_sql(f"ALTER PUBLICATION {stage.slot} SET (publish_via_partition_root = false)")
    stage.change(("insert", 2, "DUA"))
    with running(build(stage)) as made:
        until(lambda: floor(stage) > before and at_rest(stage))
        before = floor(stage)
        stage.run_sql(f"ALTER PUBLICATION {stage.slot} SET (publish_via_partition_root = false)")
        stage.change(("insert", 3, "TIGA"))
        until(lambda: floor(stage) > before and at_rest(stage))
        assert "another table:public.warga" in made.trouble


def test_rows_of_a_partitioned_table_are_read_again_by_key(stage: WalStage) -> None:
    stage.change(("insert", 1, "SATU"), ("insert", 1100, "SERIBU"))
    with running(build(stage)):
        until(lambda: was_read(stage) and at_rest(stage))
        request = ask(stage, "snapshot", table="public.warga", keys=("1", "1100"))
        until(lambda: "snapshot_finished" in answers(stage, request))
    (done,) = [n for n in notices(stage, "snapshot_finished") if "request" in n.detail]
    assert done.detail["rows"] == "2"
