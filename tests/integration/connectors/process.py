"""A connector's process, and an office that is busy meanwhile."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.integration.connectors.wal import WalStage
from tests.suites.connector import MASTER, position

CONTRACT = """
[source]
name = "{name}"
kind = "postgres_wal"
owner = "Dinas Uji"
authority = "register"
legal_basis = "Uji 1/2026"
purpose = "uji coba"
retention_days = 30
expires = 2099-12-31
dsn = "env:{variable}_DSN"

[[table]]
name = "public.warga"
entity = "person"
key = ["id"]
[table.map]
name = {{ from = "nama", with = "name" }}
"""


def epoch(stage: WalStage) -> int:
    found = position(stage)
    assert found is not None
    return found.epoch


def first_reading_is_noted(stage: WalStage) -> bool:
    """Say whether it has begun for good: where the log goes on from is durable, before any change is sent."""
    found = position(stage)
    return found is not None and "lsn" in found.state


@contextlib.contextmanager
def busy(stage: WalStage) -> Iterator[None]:
    """Insert, update, delete and re-key rows all the while, in transactions of several changes."""
    done, chance = threading.Event(), random.Random(7)

    def work() -> None:
        with psycopg.connect(stage.dsn) as conn:
            number = 0
            while not done.wait(0.002):
                for _ in range(chance.randrange(1, 6)):
                    number += 1
                    at = chance.randrange(1, number + 1)
                    conn.execute("INSERT INTO warga VALUES (%s, %s)", [number, f"BARU {number}"])
                    conn.execute("UPDATE warga SET nama = %s WHERE id = %s", [f"GANTI {number}", at])
                    if number % 5 == 0:
                        conn.execute("DELETE FROM warga WHERE id = %s", [at])
                    if number % 7 == 0:
                        conn.execute("UPDATE warga SET id = %s WHERE id = %s", [1_000_000 + number, number])
                conn.commit()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Process:
    """`python -m connectors.runner <source>`, as an operator's machine runs it."""

    def __init__(self, stage: WalStage, folder: Path) -> None:
        name = stage.contract.source.name
        (folder / "sources").mkdir(exist_ok=True)
        (folder / "secret").write_bytes(MASTER)
        (folder / "sources" / f"{name}.toml").write_text(CONTRACT.format(name=name, variable=name.upper()))
        self._command = [sys.executable, "-m", "connectors.runner", name]
        self._environment = {
            **os.environ, "SATUDATA_HOME": str(folder), "SATUDATA_SOURCES": str(folder / "sources"),
            "SATUDATA_SECRET_FILE": str(folder / "secret"), "SATUDATA_KAFKA": str(stage.kafka),
            "SATUDATA_REGISTRY": str(stage.registry_url),
        }  # fmt: skip
        self._log = folder / "log"

    def __enter__(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(self._command, env=self._environment, stderr=log)
        return self._child

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()
