"""MariaDB as offices have it: 11.4 from the platform's archive, and Debian's 10.11."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pymysql

from hub.platform.mariadb import MariaDB, Programs, programs
from hub.platform.ports import Ports
from hub.wire.settings import Settings
from tests.services.fixtures import temporary_home
from tools.debian import PROGRAMS

SLACK = {"sync-binlog": "0", "innodb-flush-log-at-trx-commit": "2"}
"""A test kills servers, not machines, so nothing need wait for the disk."""


def debian() -> Programs:
    """Return Debian's programs, with the libraries that were unpacked with them."""
    root = PROGRAMS["mariadb"].find()
    assert root is not None, "MariaDB 10.11 is not unpacked: run python tools/debian.py mariadb"
    libraries = next(iter(sorted(root.glob("usr/lib/*-linux-gnu")))) if root != Path("/") else None
    return Programs("10.11", root / "usr/sbin/mariadbd", root / "usr/share/mysql", libraries)


@contextmanager
def serving(name: str, installed: Programs | None = None, **settings: str) -> Iterator[MariaDB]:
    """Start a server of its own in a temporary home; stop it and remove all of it afterwards."""
    with temporary_home() as home:
        for folder in ("run", "logs"):
            (home / folder).mkdir()
        given = {**SLACK, **{key.replace("_", "-"): value for key, value in settings.items()}}
        server = MariaDB(
            name, home, installed or programs(Settings().cache), Ports(home / "run" / "ports.json"), settings=given
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


def session(url: str, database: str | None = None) -> pymysql.connections.Connection[pymysql.cursors.Cursor]:
    """Return a connection to a server by its URL."""
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname or "", port=parts.port or 0, user=parts.username or "", password=parts.password or "",
        database=database, autocommit=True,
    )  # fmt: skip


@contextmanager
def account(url: str, *grants: str) -> Iterator[str]:
    """Give the URL of an account that has these grants (`SELECT ON public.warga`) and no other right."""
    name, password = f"u{secrets.token_hex(5)}", secrets.token_urlsafe(12)
    parts = urlsplit(url)
    with session(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {name}@'%%' IDENTIFIED BY %s", [password])
        for grant in grants:
            cursor.execute(f"GRANT {grant} TO {name}@'%'")
        yield f"mysql://{name}:{password}@{parts.hostname}:{parts.port}/"
        cursor.execute(f"DROP USER {name}@'%'")
