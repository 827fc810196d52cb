"""What every kind of source must do; run on every kind, on the twin broker and on Kafka.

Nothing here knows a kind: a `Stage` gives a source that can be changed, and the broker.  What reached raw is judged as
link would judge it: by version alone, never by arrival.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from connectors import kinds
from connectors.protocol import Position
from hub.wire.clock import SystemClock
from hub.wire.errors import RefuseToStart
from hub.wire.topics import HEADER_NEXT, HEADER_PREVIOUS, raw_topic
from hub.wire.version import unpack
from tests.suites.contents import ContentsSuite
from tests.suites.stage import (
    MASTER,
    PATIENCE,
    TABLE,
    Doomed,
    Killed,
    Stage,
    Vanishing,
    Withholding,
    answers,
    ask,
    at_rest,
    build,
    changes,
    contract_of,
    floor,
    header,
    living,
    named,
    notices,
    position,
    raw,
    read_once,
    run_to_rest,
    running,
    state,
    until,
    version,
    writing,
)

__all__ = [
    "MASTER", "PATIENCE", "TABLE", "ConnectorSuite", "Doomed", "Killed", "Stage", "Vanishing", "Withholding", "answers",
    "ask", "at_rest", "build", "changes", "contract_of", "floor", "header", "living", "named", "notices", "position",
    "raw", "read_once", "run_to_rest", "running", "state", "until", "version", "writing",
]  # fmt: skip

_ENDS = {"snapshot_finished", "signal_refused"}


def _without_promises(state_: Mapping[str, str]) -> dict[str, str]:
    """Return a state without what a kind must write before it sends, so before anything is acknowledged."""
    return {key: value for key, value in state_.items() if key.rpartition(":")[2] not in {"reserved", "sending"}}


class ConnectorSuite(ContentsSuite):
    """Subclass with a fixture `stage`, the kind's name, and what of these acts has no meaning for it."""

    kind: str
    every_state = True
    """Each state of a row reaches raw; False: the kind looks from time to time and sees the last one."""
    links_keys = True
    """A changed key is seen as such; False: as one row that went and another that came."""
    sees_truncate = True
    """An emptied table is swept; False: its rows are deleted one by one."""
    only_changes = True
    """A row that did not change is not sent again; False: a delivery brings every row."""
    reads_again = True
    """A table can be read again on request."""

    def test_the_kind_is_one_of_the_tree(self) -> None:
        assert self.kind in kinds.names()

    def test_what_was_there_and_what_changes_reaches_raw(self, stage: Stage) -> None:
        stage.change(*[("insert", n, f"AWAL {n}") for n in range(50)])
        with running(build(stage)):
            until(lambda: at_rest(stage))
            stage.change(("insert", 100, "BARU"), ("update", 3, "GANTI"), ("delete", 4, ""))
            stage.change(("update", 3, "GANTI LAGI"), ("insert", 4, "KEMBALI"))
            until(lambda: at_rest(stage))
        assert living(stage)[3] == "GANTI LAGI"
        assert living(stage)[4] == "KEMBALI"

    def test_versions_of_a_record_rise_in_the_order_of_its_partition(self, stage: Stage) -> None:
        stage.change(("insert", 1, "A"), ("insert", 2, "B"))
        with running(build(stage)):
            until(lambda: at_rest(stage))
            for n in range(10):
                stage.change(("update", 1, f"A{n}"), ("update", 2, f"B{n}"), ("update", 1, f"A{n}'"))
            until(lambda: at_rest(stage))
        for key in (named(stage, 1), named(stage, 2)):
            versions = [version(m) for m in changes(stage) if m.key == key]
            assert versions == sorted(set(versions))
            assert len(versions) >= (11 if self.every_state else 2)

    def test_a_record_s_key_is_the_keyed_hash_of_its_key_and_nothing_else(self, stage: Stage) -> None:
        stage.change(("insert", 7, "TUJUH"))
        run_to_rest(stage)
        assert {m.key for m in changes(stage)} == {named(stage, 7)}

    def test_a_changed_key_ends_one_record_and_begins_another_that_knows_it(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        with running(build(stage)):
            until(lambda: at_rest(stage))
            stage.change(("rekey", 1, 2))
            until(lambda: at_rest(stage))
        if not self.links_keys:
            assert living(stage) == {2: "SATU"}
            return
        (ended,) = [m for m in changes(stage) if header(m, HEADER_NEXT)]
        (began,) = [m for m in changes(stage) if header(m, HEADER_PREVIOUS)]
        assert (ended.key, header(ended, HEADER_NEXT)) == (named(stage, 1), named(stage, 2))
        assert (began.key, header(began, HEADER_PREVIOUS)) == (named(stage, 2), named(stage, 1))
        assert version(ended) < version(began)
        assert unpack(version(ended)).epoch == unpack(version(began)).epoch

    def test_an_emptied_table_is_swept_within_its_epoch(self, stage: Stage) -> None:
        stage.change(*[("insert", n, f"LAMA {n}") for n in range(20)])
        with running(build(stage)):
            until(lambda: at_rest(stage))
            before = floor(stage)
            stage.truncate()
            stage.change(("insert", 5, "SESUDAH"))
            until(lambda: (floor(stage) > before or not self.sees_truncate) and at_rest(stage))
        assert living(stage) == {5: "SESUDAH"}
        assert {unpack(version(m)).epoch for m in changes(stage)} == {unpack(floor(stage)).epoch}

    def test_a_clean_stop_leaves_the_position_behind_everything_sent(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        sent = len(raw(stage))
        with running(build(stage)) as again:
            until(lambda: again.reading)
            stage.change(("insert", 2, "DUA"))
            until(lambda: at_rest(stage))
        assert len(raw(stage)) == sent + 1 or not self.only_changes

    @pytest.mark.parametrize("after", [False, True], ids=["before it is sent", "after it is sent"])
    def test_a_kill_at_any_batch_loses_nothing(self, stage: Stage, after: bool) -> None:
        stage.change(*[("insert", n, f"AWAL {n}") for n in range(30)])
        for number in range(6):
            doomed = build(stage, Doomed)
            assert isinstance(doomed, Doomed)
            doomed.at, doomed.after = number // 2, after
            with writing(stage, number), pytest.raises(Killed):
                doomed.run()
        run_to_rest(stage)
        assert living(stage) == stage.rows()

    def test_the_position_waits_for_kafka_s_acknowledgement(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        before = state(stage)
        withholding = Withholding(stage.sender)
        with running(build(stage, sender=withholding)) as made:
            until(lambda: made.reading)
            stage.change(("insert", 2, "DUA"))
            until(lambda: at_rest(stage))
            time.sleep(1.5)  # longer than the pause between two positions
            assert _without_promises(state(stage)) == _without_promises(before)
            withholding.release()
            until(lambda: state(stage) != before)

    def test_a_kill_while_acknowledgements_are_out_repeats_and_never_skips(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        with running(build(stage, Vanishing, Withholding(stage.sender))) as made:
            until(lambda: made.reading)
            stage.change(("insert", 2, "DUA"))
            until(lambda: at_rest(stage))
        sent = [m for m in changes(stage) if m.key == named(stage, 2)]
        run_to_rest(stage)
        until(lambda: len([m for m in changes(stage) if m.key == named(stage, 2)]) >= len(sent))
        assert living(stage) == {1: "SATU", 2: "DUA"}

    def test_a_lost_place_begins_a_higher_epoch_and_sweeps_what_went_meanwhile(self, stage: Stage) -> None:
        stage.change(*[("insert", n, f"AWAL {n}") for n in range(10)])
        run_to_rest(stage)
        first = position(stage)
        assert first is not None
        stage.lose()
        stage.change(("delete", 3, ""), ("update", 4, "GANTI"))
        with running(build(stage)) as made:  # until the markers stand, too: the rows alone may be told before them
            until(lambda: made.reading and at_rest(stage) and floor(stage)[:8] > first.epoch.to_bytes(8))
        second = position(stage)
        assert second is not None
        assert second.epoch > first.epoch
        assert 3 not in living(stage)
        assert unpack(floor(stage)).epoch == second.epoch

    def test_a_lost_position_is_refused_while_raw_holds_changes(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        topic = f"position.{stage.contract.source.name}"
        stage.wipe(topic)
        with pytest.raises(RefuseToStart, match="--anew"):
            build(stage).run()

    def test_a_wiped_kafka_is_filled_again_in_a_higher_epoch(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
        run_to_rest(stage)
        old = max(unpack(version(m)).epoch for m in changes(stage))
        stage.wipe(raw_topic(stage.contract.source.name, TABLE).name)
        stage.wipe(f"position.{stage.contract.source.name}")
        stage.change(("delete", 1, ""))
        until(lambda: SystemClock().now_us() // 1_000_000 > old)
        run_to_rest(stage)
        assert min(unpack(version(m)).epoch for m in changes(stage)) > old
        assert living(stage) == {2: "DUA"}

    def test_a_paused_source_is_left_alone_over_restarts_and_goes_on_where_it_was(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        with running(build(stage)) as made:
            until(lambda: made.reading)
            pause = ask(stage, "pause")
            until(lambda: "paused" in made.trouble)
            stage.change(("insert", 2, "DUA"))
        sent = len(raw(stage))
        with running(build(stage)) as again:
            until(lambda: "paused" in again.trouble)
            assert not again.reading
            assert len(raw(stage)) == sent
            resume = ask(stage, "resume")
            until(lambda: at_rest(stage))
        assert (answers(stage, pause), answers(stage, resume)) == (["source_paused"], ["source_resumed"])
        assert living(stage) == {1: "SATU", 2: "DUA"}

    def test_a_table_is_read_again_when_somebody_asks(self, stage: Stage) -> None:
        stage.change(*[("insert", n, f"AWAL {n}") for n in range(20)])
        run_to_rest(stage)
        sent = len(raw(stage))
        with running(build(stage)) as made:
            until(lambda: made.reading)
            request = ask(stage, "snapshot", table=TABLE)
            stage.change(("update", 3, "GANTI"), ("delete", 4, ""))
            until(lambda: bool(_ENDS & set(answers(stage, request))))
            until(lambda: at_rest(stage))
        if self.reads_again:
            assert answers(stage, request) == ["snapshot_started", "snapshot_finished"]
            assert len(raw(stage)) >= sent + 19
        else:
            assert answers(stage, request) == ["signal_refused"]
        assert living(stage)[3] == "GANTI"
        assert not [key for key in (position(stage) or Position(0)).state if key.startswith("run:request:")]

    @pytest.mark.parametrize("after", [False, True], ids=["before it is sent", "after it is sent"])
    def test_a_request_outlives_kills_until_it_is_fulfilled(self, stage: Stage, after: bool) -> None:
        stage.change(*[("insert", n, f"AWAL {n}") for n in range(20)])
        run_to_rest(stage)
        request = ask(stage, "snapshot", table=TABLE)
        for number in range(4):
            doomed = build(stage, Doomed)
            assert isinstance(doomed, Doomed)
            doomed.at, doomed.after = number // 2, after
            with writing(stage, number), pytest.raises(Killed):
                doomed.run()
        with running(build(stage)):
            until(lambda: bool(_ENDS & set(answers(stage, request))))
            until(lambda: at_rest(stage))
        assert ("snapshot_finished" in answers(stage, request)) == self.reads_again

    def test_a_signal_that_makes_no_sense_is_refused_and_nothing_else_happens(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        with running(build(stage)) as made:
            until(lambda: made.reading)
            asked = [ask(stage, "snapshot", table="public.lain"), ask(stage, "dance")]
            until(lambda: [answers(stage, one) for one in asked] == [["signal_refused"]] * 2)
            stage.change(("insert", 2, "DUA"))
            until(lambda: at_rest(stage))

    def test_a_new_epoch_is_told_with_its_reason(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        stage.lose()
        run_to_rest(stage)
        told = [notice.detail for notice in notices(stage, "source_began_anew")]
        found = position(stage)
        assert found is not None
        assert [detail["epoch"] for detail in told][-1] == str(found.epoch)
        assert told[0]["reason"] == "no position is known"
        assert told[-1]["reason"] != "no position is known"
