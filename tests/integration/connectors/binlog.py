"""A MariaDB database under test, and the hub's broker and registry around it."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from confluent_kafka.admin import AdminClient

from hub.wire.avro import Codec, ConfluentRegistry, MemoryRegistry, Registry
from hub.wire.broker import Incoming, Log, Sender
from hub.wire.contract import Contract
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.memory import MemoryBroker
from tests.services.mariadb import session
from tests.suites.stage import TABLE, contract_of, position, state, until

WARGA = "CREATE TABLE warga (id int PRIMARY KEY, nama text)"
DATABASE = "public"


class BinlogStage:
    """One source with a name of its own; without addresses broker and registry are the twins in memory."""

    def __init__(self, url: str, kafka: str | None, registry: str | None, ddl: str, options: Mapping[str, Any]) -> None:
        name = f"s{os.urandom(5).hex()}"
        self.url, self.kafka, self.registry_url = url, kafka, registry
        self.connect_by(url)
        os.environ[f"{name.upper()}_DSN"] = url
        self.contract: Contract = contract_of(name, "mysql_binlog", **options)
        self.twin = MemoryBroker()
        self.sender: Sender = KafkaSender(kafka, name) if kafka else self.twin
        self.log: Log = KafkaLog(kafka) if kafka else self.twin
        self.registry: Registry = ConfluentRegistry(registry) if registry else MemoryRegistry()
        self.make_database()
        self.run_sql(f"USE {DATABASE}")
        for statement in ddl.split(";"):
            self.run_sql(statement)

    def make_database(self) -> None:
        """Begin with an empty database."""
        self.run_sql("SET SESSION foreign_key_checks = 0")
        self.run_sql(f"CREATE OR REPLACE DATABASE {DATABASE}")
        self.run_sql("SET SESSION foreign_key_checks = 1")

    def log_end(self) -> str:
        """Return the file that the server writes to."""
        return str(self.run_sql("SHOW MASTER STATUS")[0][0])

    def connect_by(self, url: str) -> None:
        """Take a session of the test's own."""
        self.sql = session(url)

    def reach_by(self, url: str) -> None:
        """Let the connector reach the server by another address or account."""
        os.environ[f"{self.contract.source.name.upper()}_DSN"] = url

    def reconnect(self) -> None:
        """Take a new session after the server was restarted."""
        self.sql.close()
        self.sql = session(self.url, DATABASE)

    def run_sql(self, statement: str, *arguments: Any) -> Sequence[Any]:
        with self.sql.cursor() as cursor:
            cursor.execute(statement, arguments or None)
            return cursor.fetchall()

    @cached_property
    def _codec(self) -> Codec:
        return Codec(self.registry)

    def decode(self, message: Incoming) -> dict[str, Any]:
        """Return a message's envelope."""
        return self._codec.decode(message.value or b"")[1]

    def change(self, *changes: tuple[str, int, str | int]) -> None:
        with session(self.url, DATABASE) as connection, connection.cursor() as cursor:
            connection.begin()
            for what, number, value in changes:
                if what == "insert":
                    cursor.execute("INSERT INTO warga (id, nama) VALUES (%s, %s)", [number, value])
                elif what == "update":
                    cursor.execute("UPDATE warga SET nama = %s WHERE id = %s", [value, number])
                elif what == "delete":
                    cursor.execute("DELETE FROM warga WHERE id = %s", [number])
                else:
                    cursor.execute("UPDATE warga SET id = %s WHERE id = %s", [value, number])
            connection.commit()

    def truncate(self) -> None:
        self.run_sql("TRUNCATE warga")

    def lose(self) -> None:
        """Let the server forget its log beyond every position."""
        self.run_sql("FLUSH BINARY LOGS")

        def purged() -> bool:  # a file that is still being sent is kept
            self.run_sql(f"PURGE BINARY LOGS TO '{self.log_end()}'")
            return len(self.run_sql("SHOW BINARY LOGS")) == 1

        until(purged)

    def rows(self) -> dict[int, str]:
        return dict(self.run_sql("SELECT id, nama FROM warga"))

    def read_once(self, found: Mapping[str, str]) -> bool:
        return "done" in json.loads(found.get(f"snap:{TABLE}", "{}"))

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
        self.sql.close()


@contextmanager
def binlogged(
    url: str, kafka: str | None = None, registry: str | None = None, ddl: str = WARGA, **options: Any
) -> Iterator[BinlogStage]:
    """Give a stage on a server."""
    stage = BinlogStage(url, kafka, registry, ddl, options)
    try:
        yield stage
    finally:
        stage.close()


def epoch(stage: BinlogStage) -> int:
    found = position(stage)
    assert found is not None
    return found.epoch


def reading(stage: BinlogStage) -> bool:
    """Say whether the first reading is finished, as a running connector shows it."""
    return stage.read_once(state(stage))


@contextmanager
def busy(stage: BinlogStage) -> Iterator[None]:
    """Insert, update, delete and re-key rows all the while, in transactions of several changes."""
    done, chance = threading.Event(), random.Random(7)

    def work() -> None:
        with session(stage.url, DATABASE) as connection, connection.cursor() as cursor:
            number = 0
            while not done.wait(0.002):
                connection.begin()
                for _ in range(chance.randrange(1, 6)):
                    number += 1
                    at = chance.randrange(1, number + 1)
                    cursor.execute("INSERT INTO warga VALUES (%s, %s)", [number, f"BARU {number}"])
                    cursor.execute("UPDATE warga SET nama = %s WHERE id = %s", [f"GANTI {number}", at])
                    if number % 5 == 0:
                        cursor.execute("DELETE FROM warga WHERE id = %s", [at])
                    if number % 7 == 0:
                        cursor.execute("UPDATE warga SET id = %s WHERE id = %s", [1_000_000 + number, number])
                connection.commit()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
