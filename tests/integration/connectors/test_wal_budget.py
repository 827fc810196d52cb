"""The log that an office's server keeps for the hub has a budget: alarm first, then the declared act."""

import pytest

from connectors import loop
from connectors.kinds.postgres_wal import source
from hub.wire import metrics
from tests.integration.connectors.process import epoch
from tests.integration.connectors.wal import WalStage, was_read
from tests.suites.connector import (
    Withholding,
    ask,
    at_rest,
    build,
    floor,
    living,
    notices,
    run_to_rest,
    running,
    until,
)

BUDGET = {"wal_budget": "4MB"}


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BUDGET_SECONDS", 0.1)
    monkeypatch.setattr("connectors.delivery.KEEP_ALIVE_SECONDS", 0.1)
    monkeypatch.setattr("connectors.delivery.IDLE_SECONDS", 0.1)
    monkeypatch.setattr(loop, "WATCH_SECONDS", 0.2)


def fill(stage: WalStage, megabytes: int) -> None:
    """Let other tables write so much log."""
    stage.run_sql(f"CREATE TABLE IF NOT EXISTS isi AS SELECT repeat('x', 1000) FROM generate_series(1, {megabytes}000)")
    stage.run_sql("DROP TABLE isi")


def held(stage: WalStage) -> float:
    return float(metrics.SOURCE_HELD_BYTES.labels(source=stage.contract.source.name)._value.get())


def slots(stage: WalStage) -> list[str]:
    return [row[0] for row in stage.run_sql("SELECT slot_name FROM pg_replication_slots WHERE slot_name = %s",
                                            stage.slot)]  # fmt: skip


def test_an_alarm_is_told_once_and_again_after_it_was_over(stage: WalStage) -> None:
    stage.with_options(**BUDGET)
    stage.change(("insert", 1, "SATU"))
    with running(build(stage)):
        until(lambda: was_read(stage))
    withholding = Withholding(stage.sender)
    with running(build(stage, sender=withholding)) as made:
        until(lambda: made.reading)
        stage.change(("insert", 2, "DUA"))
        fill(stage, 8)
        until(lambda: held(stage) > 8e6)
        withholding.release()
        until(lambda: len(notices(stage, "wal_budget")) == 1)
        until(lambda: held(stage) < 2e6)
    (told,) = notices(stage, "wal_budget")
    assert int(told.detail["percent"]) >= 100
    assert told.detail["action"] == "alarm"
    assert slots(stage) == [stage.slot]


def test_the_slot_is_dropped_while_kafka_takes_nothing_and_all_is_read_anew_afterwards(stage: WalStage) -> None:
    stage.with_options(**BUDGET, wal_action="drop_slot")
    stage.change(("insert", 1, "SATU"), ("insert", 3, "TIGA"))
    run_to_rest(stage)
    first, before = epoch(stage), floor(stage)
    withholding = Withholding(stage.sender)
    with running(build(stage, sender=withholding)) as made:
        until(lambda: made.reading)
        stage.change(("insert", 2, "DUA"))
        fill(stage, 8)
        until(lambda: slots(stage) == [])
        stage.change(("delete", 3, ""))
        withholding.release()
        until(lambda: floor(stage) > before and at_rest(stage))
    assert epoch(stage) > first
    assert living(stage) == {1: "SATU", 2: "DUA"}
    assert notices(stage, "wal_budget")[0].detail["action"] == "drop_slot"
    assert len(notices(stage, "slot_lost")) == 1


def test_a_paused_source_keeps_its_budget_too(stage: WalStage) -> None:
    stage.with_options(**BUDGET, wal_action="drop_slot")
    stage.change(("insert", 1, "SATU"))
    with running(build(stage)) as made:
        until(lambda: was_read(stage))
        ask(stage, "pause")
        until(lambda: not made.reading)
        fill(stage, 8)
        until(lambda: slots(stage) == [])
        stage.change(("insert", 2, "DUA"))
        ask(stage, "resume")
        until(lambda: at_rest(stage))
    assert len(notices(stage, "wal_budget")) == 1
