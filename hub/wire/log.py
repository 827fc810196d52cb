"""Structured logs, one JSON line an event, with a last processor that removes what could name a person.

Two nets: fields whose name is known to hold a personal value are dropped by name, and any run of digits long enough
to be a NIK, KK, NPWP, NIP, NISN, BPJS or phone number is replaced in every remaining text.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import partial
from typing import Any

import structlog

REDACTED = "[redacted]"
PERSONAL_FIELDS = frozenset(
    {"nik", "kk", "no_kk", "npwp", "nip", "nisn", "bpjs", "phone", "name", "nama", "mother", "birth_date", "value",
     "before", "after", "row", "payload", "record_body"}
)  # fmt: skip
_LONG_NUMBER = re.compile(r"(?<![\w.\-])(?:\+?\d[\s.\-]?){9,22}(?![\w])")
_SAFE_FIELDS = frozenset({"timestamp", "offset", "lsn", "epoch", "version", "position", "ts_us", "next_offset", "xid"})


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Remove personal values from a log event; the last processor before rendering."""
    return {key: _clean(key, value) for key, value in event.items()}


def without_numbers(text: str) -> str:
    """Return a text with every run of digits that could be a personal number replaced."""
    return _LONG_NUMBER.sub(REDACTED, text)


def _clean(key: str, value: Any) -> Any:
    if key.lower() in PERSONAL_FIELDS:
        return REDACTED
    if key in _SAFE_FIELDS:
        return value
    if isinstance(value, str):
        return without_numbers(value)
    if isinstance(value, dict):
        return {k: _clean(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", item) for item in value]
    return value


def _name_process(
    process: str, _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event.setdefault("process", process)  # by a processor, not a context variable: threads have contexts of their own
    return event


def configure(process: str, level: str = "info") -> None:
    """Send structlog and the standard library's loggers through one redacting chain to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        partial(_name_process, process),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpx2", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )


def get(name: str) -> Any:
    """Return a structured logger; call with an event name and fields, never with personal values."""
    return structlog.stdlib.get_logger(name)
