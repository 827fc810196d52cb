"""Logs: what could name a person does not pass, whoever logged it."""

import json
import logging

import pytest
import structlog

from hub.wire import log

NIK = "1508054107900001"  # invented


@pytest.fixture(autouse=True)
def _restore_logging() -> object:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_personal_field_is_dropped_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("test")
    log.get("t").info("seen", nik=NIK, name="SITI CONTOH", source="dukcapil")
    (event,) = lines(capsys)
    assert event["nik"] == log.REDACTED
    assert event["name"] == log.REDACTED
    assert event["source"] == "dukcapil"
    assert event["process"] == "test"


@pytest.mark.parametrize(
    "text", [NIK, f"row {NIK} refused", "0812-3456-7890", "+6281234567890", "35.1508.0123456789", f"Key (nik)=({NIK})"]
)
def test_a_long_number_in_any_text_is_dropped(capsys: pytest.CaptureFixture[str], text: str) -> None:
    log.configure("test")
    log.get("t").info("seen", detail=text, nested={"list": [text]})
    (event,) = lines(capsys)
    assert not any(character.isdigit() for character in str(event["detail"]) + str(event["nested"]))


def test_a_number_in_a_library_s_message_and_traceback_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("test")
    try:
        raise ValueError(f"bad value {NIK}")
    except ValueError:
        logging.getLogger("some.library").exception("failed on %s", NIK)
    text = capsys.readouterr().err
    assert NIK not in text
    assert "ValueError" in text


def test_offsets_and_positions_stay_readable(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("test")
    log.get("t").info("committed", offset=123456789012, lsn="0/16B3748")
    (event,) = lines(capsys)
    assert event["offset"] == 123456789012
    assert event["lsn"] == "0/16B3748"
