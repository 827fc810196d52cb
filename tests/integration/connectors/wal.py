"""A PostgreSQL database under test, and the hub's broker and registry around it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import psycopg
from confluent_kafka.admin import AdminClient

from hub.wire.avro import Codec, ConfluentRegistry, MemoryRegistry, Registry
from hub.wire.broker import Incoming, Log, Sender
from hub.wire.contract import Contract
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.memory import MemoryBroker
from tests.suites.connector import TABLE, contract_of, state

WARGA = "CREATE TABLE public.warga (id int PRIMARY KEY, nama text); ALTER TABLE public.warga REPLICA IDENTITY FULL"

DROP_SLOT = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s"


class WalStage:
    """One source with a name of its own; without addresses broker and registry are the twins in memory."""

    def __init__(self, dsn: str, kafka: str | None, registry: str | None, ddl: str) -> None:
        name = f"s{os.urandom(5).hex()}"
        self.dsn, self.kafka, self.registry_url = dsn, kafka, registry
        os.environ[f"{name.upper()}_DSN"] = dsn
        self.contract: Contract = contract_of(name, "postgres_wal")
        self.twin = MemoryBroker()
        self.sender: Sender = KafkaSender(kafka, name) if kafka else self.twin
        self.log: Log = KafkaLog(kafka) if kafka else self.twin
        self.registry: Registry = ConfluentRegistry(registry) if registry else MemoryRegistry()
        self.sql = psycopg.connect(dsn, autocommit=True)
        self.sql.execute(ddl.encode())

    @property
    def slot(self) -> str:
        return f"satudata_{self.contract.source.name}"

    def run_sql(self, statement: str, *arguments: Any) -> list[Any]:
        cursor = self.sql.execute(statement.encode(), arguments or None)
        return cursor.fetchall() if cursor.description else []

    def reconnect(self) -> None:
        """Take a new session after the server was restarted."""
        self.sql.close()
        self.sql = psycopg.connect(self.dsn, autocommit=True)

    @cached_property
    def _codec(self) -> Codec:
        return Codec(self.registry)

    def decode(self, message: Incoming) -> dict[str, Any]:
        """Return a message's envelope."""
        return self._codec.decode(message.value or b"")[1]

    def change(self, *changes: tuple[str, int, str | int]) -> None:
        with psycopg.connect(self.dsn) as conn:
            for what, number, value in changes:
                if what == "insert":
                    conn.execute("INSERT INTO warga VALUES (%s, %s)", [number, value])
                elif what == "update":
                    conn.execute("UPDATE warga SET nama = %s WHERE id = %s", [value, number])
                elif what == "delete":
                    conn.execute("DELETE FROM warga WHERE id = %s", [number])
                else:
                    conn.execute("UPDATE warga SET id = %s WHERE id = %s", [value, number])

    def truncate(self) -> None:
        self.run_sql("TRUNCATE warga")

    def lose(self) -> None:
        self.drop_slot()

    def drop_slot(self) -> None:
        for _ in range(100):  # a connection that was cut a moment ago may still hold it
            try:
                self.run_sql(DROP_SLOT, self.slot)
                return
            except psycopg.errors.ObjectInUse:
                time.sleep(0.1)

    def read_once(self, state: Mapping[str, str]) -> bool:
        """Say whether every table is read to its end."""
        return all(f"table:{t.name}" in state and f"snap:{t.name}" not in state for t in self.contract.table)

    def with_options(self, **options: Any) -> None:
        """Go on under a contract with other options."""
        self.contract = self.contract.model_copy(update={"options": options})

    def with_table(self, **changed: Any) -> None:
        """Go on under a contract whose only table is described otherwise."""
        table = self.contract.table[0].model_copy(update=changed)
        self.contract = self.contract.model_copy(update={"table": (table,)})

    def point_to(self, dsn: str) -> None:
        """Let the contract's connection string be another one; the test's own session stays where it is."""
        os.environ[self.contract.source.dsn.removeprefix("env:")] = dsn

    def rows(self) -> dict[int, str]:
        return dict(self.run_sql("SELECT id, nama FROM warga"))

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
        self.drop_slot()
        self.sql.close()


def was_read(stage: WalStage) -> bool:
    """Say whether every table's first reading is finished and durable."""
    return stage.read_once(state(stage))


@contextmanager
def staged(dsn: str, kafka: str | None = None, registry: str | None = None, ddl: str = WARGA) -> Iterator[WalStage]:
    """Give a stage and take its slot away at the end: a slot that is left behind fills the server's disk."""
    stage = WalStage(dsn, kafka, registry, ddl)
    try:
        yield stage
    finally:
        stage.close()


__all__ = ["TABLE", "WalStage", "staged", "was_read"]
