"""A session at the office's database that does not wait for ever, and whose values have one text form."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo

T = TypeVar("T")

_VALUES = (
    "-c DateStyle=ISO -c IntervalStyle=iso_8601 -c TimeZone=UTC -c extra_float_digits=1 -c bytea_output=hex "
    "-c statement_timeout=0"
)
SILENCE_SECONDS = 120.0
"""How long a server may keep silent, although asked, before the line counts as dead."""


def connection_string(dsn: str, application: str, **more: str) -> str:
    """Return a connection string whose session writes values in the one text form that the encoders know."""
    given = conninfo_to_dict(dsn).get("options") or ""
    return make_conninfo(
        dsn, application_name=application, client_encoding="UTF8", options=f"{given} {_VALUES}".strip(),
        connect_timeout="10", keepalives_idle="30", keepalives_interval="10", keepalives_count="3",
        tcp_user_timeout="60000", **more,
    )  # fmt: skip


class Session(psycopg.Connection[Any]):
    """A connection each of whose statements is answered within a bound, or is an OperationalError."""

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Run a generator of psycopg's to its end."""
        return super().wait(gen, interval, timeout or SILENCE_SECONDS)


def connect(dsn: str, application: str) -> Session:
    """Return a session in which each statement stands for itself, and none waits long for a lock."""
    session = Session.connect(connection_string(dsn, application), autocommit=True)
    session.execute("SET lock_timeout = '2s'")
    return session
