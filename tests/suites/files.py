"""A folder of deliveries under test: each change is the whole table, delivered as a file."""

from __future__ import annotations

import csv
import io
import os
import time
from pathlib import Path
from typing import Any

import openpyxl
from confluent_kafka.admin import AdminClient

from hub.wire.avro import ConfluentRegistry, MemoryRegistry, Registry
from hub.wire.broker import Log, Sender
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.memory import MemoryBroker
from tests.suites.stage import contract_of

HASTE = {"settle": "0s", "poll": "0s", "max_loss": 1.0, "delivery": "whole"}
_TAKEN_IN = 0.3
"""Seconds after which an office overwrites a file that nobody took."""


def csv_bytes(rows: list[list[Any]], delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_bytes(rows: list[list[Any]], **sheets: list[list[Any]]) -> bytes:
    """Return a workbook whose first sheet holds these rows, with further sheets by name."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, more in sheets.items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def put(folder: Path, name: str, content: bytes) -> Path:
    """Lay a finished file into a folder."""
    hidden = folder / f".{name}"
    hidden.write_bytes(content)
    return hidden.replace(folder / name)


class FilesStage:
    """One source with a folder of its own; without addresses broker and registry are the twins in memory."""

    def __init__(
        self, folder: Path, *, address: str = "", kind: tuple[str, ...] = ("csv",), kafka: str | None = None,
        registry: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        name = f"s{os.urandom(5).hex()}"
        self._variable, self._address = f"{name.upper()}_DSN", address or "{folder}"
        self.contract = contract_of(name, "file_drop", **{**HASTE, **options})
        self.kind = kind
        """Formats of the deliveries, in turn."""
        self.kafka = kafka
        self.twin = MemoryBroker()
        self.sender: Sender = KafkaSender(kafka, name) if kafka else self.twin
        self.log: Log = KafkaLog(kafka) if kafka else self.twin
        self.registry: Registry = ConfluentRegistry(registry) if registry else MemoryRegistry()
        self.table: dict[int, str] = {}
        self._base = folder
        self._folders = self._deliveries = 0
        self._last = ""
        self.lose()

    def lose(self) -> None:
        """Give the office another folder."""
        self._folders += 1
        self.folder = self._base / f"kiriman{self._folders}"
        self.folder.mkdir()
        os.environ[self._variable] = self._address.format(folder=self.folder)

    def change(self, *changes: tuple[str, int, str | int]) -> None:
        for what, number, value in changes:
            name = self.table.pop(number, "")
            if what != "delete":
                self.table[int(value) if what == "rekey" else number] = name if what == "rekey" else str(value)
        self.deliver()

    def deliver(self) -> None:
        """Lay the whole table into the folder, and give a connector that runs the time to take it."""
        rows = [["ID", "Nama"], *([number, name] for number, name in sorted(self.table.items()))]
        self._deliveries += 1
        kind = self.kind[self._deliveries % len(self.kind)]
        (self.folder / f"warga.{self._last}").unlink(missing_ok=True)  # the office has something newer
        self._last = kind
        path = put(self.folder, f"warga.{kind}", xlsx_bytes(rows) if kind == "xlsx" else csv_bytes(rows))
        until = time.monotonic() + _TAKEN_IN
        while path.exists() and time.monotonic() < until:
            time.sleep(0.01)

    def truncate(self) -> None:
        self.table.clear()
        self.deliver()

    def rows(self) -> dict[int, str]:
        return dict(self.table)

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
