"""Connections of the writer: every wait on either side has an end, so that a frozen process cannot block a standby."""

from __future__ import annotations

from typing import Any

import psycopg

WRITER = "satudata-writer"
"""Application name of connections that may hold the lease row; a takeover ends those of a dead holder."""
LEASE = "satudata-lease"

_LIMITS = {
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "tcp_user_timeout": "10s",
    "client_connection_check_interval": "5s",
    "jit": "off",
    # the writer only ever reads and writes by key; without statistics on a staging table a plan may still go astray
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
}
_LOADER = {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "10min", "statement_timeout": "0"}


def writer(url: str, name: str = WRITER) -> psycopg.Connection[tuple[Any, ...]]:
    """Return an autocommit connection under the writer's limits; raises psycopg.OperationalError."""
    return _connect(url, name, _LIMITS if name == WRITER else {**_LIMITS, "lock_timeout": "2s"})


def loader(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Return a connection for reading everything at start, which may take minutes."""
    return _connect(url, "satudata-load", _LOADER)


def _connect(url: str, name: str, limits: dict[str, str]) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(
        url, autocommit=True, application_name=name, connect_timeout=5,
        options=" ".join(f"-c {key}={value}" for key, value in limits.items()),
        keepalives=1, keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
    )  # fmt: skip


def said(error: psycopg.Error) -> str:
    """Return what an error says, without its context and detail, which may quote a row."""
    return error.diag.message_primary or str(error).partition("\n")[0].strip()
