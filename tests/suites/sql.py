"""A database that SQLAlchemy reaches, under one of the kinds that read tables by SELECT."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from confluent_kafka.admin import AdminClient

from hub.wire.avro import Codec, ConfluentRegistry, MemoryRegistry, Registry
from hub.wire.broker import Incoming, Log, Sender
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.memory import MemoryBroker
from tests.suites.stage import contract_of

WARGA = "CREATE TABLE warga (id integer PRIMARY KEY, nama text, diubah timestamp)"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "sql_diff": {"every": "0s"},
    "sql_poll": {"watermark": "diubah", "every": "0s", "keys_every": "0s", "overlap": "1m"},
}


def now() -> datetime:
    """Return the present as an office's program writes it: without a zone."""
    return datetime.now(ZoneInfo("Asia/Jakarta")).replace(tzinfo=None)


class SqlStage:
    """One source with a name of its own; without addresses broker and registry are the twins in memory."""

    def __init__(
        self, url: str, kind: str, folder: Path, *, kafka: str | None = None, registry: str | None = None,
        ddl: str = WARGA, **options: Any,
    ) -> None:  # fmt: skip
        name = f"s{os.urandom(5).hex()}"
        os.environ[f"{name.upper()}_DSN"] = url
        self.folder = folder / name
        given = {"state": str(self.folder), **OPTIONS[kind], **options}
        made = contract_of(name, kind, **given)
        self.contract = made.model_copy(
            update={"table": (made.table[0].model_copy(update={"ignore": ("diubah",)}),)}
        )  # fmt: skip
        self.kafka = kafka
        self.twin = MemoryBroker()
        self.sender: Sender = KafkaSender(kafka, name) if kafka else self.twin
        self.log: Log = KafkaLog(kafka) if kafka else self.twin
        self.registry: Registry = ConfluentRegistry(registry) if registry else MemoryRegistry()
        driven = url.replace("postgresql:", "postgresql+psycopg:").replace("mysql:", "mysql+pymysql:")
        self.engine = sa.create_engine(driven, poolclass=sa.pool.NullPool)
        if ddl:
            self.run_sql(ddl)

    def run_sql(self, statement: str, **values: Any) -> list[Any]:
        """Run one statement and commit; return its rows."""
        with self.engine.begin() as connection:
            found = connection.execute(sa.text(statement), values)
            return [tuple(row) for row in found] if found.returns_rows else []

    @cached_property
    def _codec(self) -> Codec:
        return Codec(self.registry)

    def decode(self, message: Incoming) -> dict[str, Any]:
        """Return a message's envelope."""
        return self._codec.decode(message.value or b"")[1]

    def change(self, *changes: tuple[str, int, str | int]) -> None:
        with self.engine.begin() as connection:
            for what, number, value in changes:
                bound = {"id": number, "value": value, "now": now()}
                connection.execute(sa.text(_CHANGES[what]), bound)

    def truncate(self) -> None:
        self.run_sql("DELETE FROM warga")

    def lose(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()

    def rows(self) -> dict[int, str]:
        return dict(self.run_sql("SELECT id, nama FROM warga"))

    def read_once(self, state: Mapping[str, str]) -> bool:
        return "sql:read:public.warga" in state

    def wipe(self, topic: str) -> None:
        if self.kafka is None:
            self.twin.drop(topic)
            return
        admin = AdminClient({"bootstrap.servers": self.kafka})
        admin.delete_topics([topic])[topic].result()
        while self.log.partitions(topic):
            time.sleep(0.05)

    def close(self) -> None:
        self.sender.close()
        if isinstance(self.registry, ConfluentRegistry):
            self.registry.close()
        self.engine.dispose()


_CHANGES = {
    "insert": "INSERT INTO warga (id, nama, diubah) VALUES (:id, :value, :now)",
    "update": "UPDATE warga SET nama = :value, diubah = :now WHERE id = :id",
    "delete": "DELETE FROM warga WHERE id = :id",
    "rekey": "UPDATE warga SET id = :value, diubah = :now WHERE id = :id",
}


@contextmanager
def staged(url: str, kind: str, folder: Path, **more: Any) -> Iterator[SqlStage]:
    """Give a stage and let go of it."""
    stage = SqlStage(url, kind, folder, **more)
    try:
        yield stage
    finally:
        stage.close()
