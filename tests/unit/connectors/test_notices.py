"""Notices: every code is listed, counted from nothing on, and no reason quotes a person's number."""

import re
from pathlib import Path

from connectors.notices import CODES, Notices
from connectors.protocol import Notice
from hub.wire import metrics
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.clock import TestClock

CONNECTORS = Path(__file__).resolve().parents[3] / "connectors"
CODEC = Codec(MemoryRegistry(), register=True)


def count(source: str, code: str) -> float | None:
    wanted = {"source": source, "code": code}
    found = [s.value for s in metrics.parse(metrics.exposition().decode())
             if s.name == "satudata_source_notices_total" and s.labels == wanted]  # fmt: skip
    return found[0] if found else None


def test_every_code_that_a_connector_names_is_listed() -> None:
    named = {
        code
        for path in CONNECTORS.rglob("*.py")
        for code in re.findall(r"\bNotice\(\s*\"([a-z_]+)\"", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert named <= set(CODES)


def test_a_notice_becomes_a_message_whose_key_names_nobody() -> None:
    (message,) = Notices("uji", CODEC, TestClock(5)).messages([Notice("column_added", "a.b", {"column": "x"})])
    record = CODEC.decode_record(message.value or b"")
    assert (message.topic, message.key) == ("notice", b"uji")
    assert (record.source, record.table, record.code, record.detail, record.at_us) == (
        "uji", "a.b", "column_added", {"column": "x"}, 5,
    )  # fmt: skip


def test_a_reason_that_quotes_a_long_number_is_masked_and_an_epoch_is_not() -> None:
    reason = "invalid input syntax: 1508011203900001"
    (message,) = Notices("uji", CODEC, TestClock()).messages(
        [Notice("source_ended", detail={"reason": reason, "epoch": "1795545600"})]
    )
    assert CODEC.decode_record(message.value or b"").detail == {
        "reason": "invalid input syntax: [redacted]", "epoch": "1795545600"
    }  # fmt: skip


def test_every_code_is_counted_from_nothing_on() -> None:
    notices = Notices("sumber_baru", CODEC, TestClock())
    assert {count("sumber_baru", code) for code in CODES} == {0.0}
    notices.count([Notice("slot_lost"), Notice("column_added", "a.b")])
    assert (count("sumber_baru", "slot_lost"), count("sumber_baru", "verified")) == (1.0, 0.0)
