"""The reference kind passes the suite on the broker's twin, with no service at all."""

import json
from pathlib import Path

import pytest

from hub.wire.avro import MemoryRegistry
from hub.wire.memory import MemoryBroker
from tests.suites.connector import TABLE, ConnectorSuite, contract_of


class ReplayStage:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "list.jsonl"
        self.file.touch()
        self.contract = contract_of("daftar", "replay", file=str(self.file))
        self.sender = self.log = self.broker = MemoryBroker()
        self.registry = MemoryRegistry()
        self.table: dict[int, str] = {}

    def change(self, *changes: tuple[str, int, str | int]) -> None:
        lines = []
        for what, number, value in changes:
            line = {"op": {"insert": "c", "update": "u", "delete": "d", "rekey": "u"}[what], "table": TABLE}
            name = self.table.pop(number, "")
            after = int(value) if what == "rekey" else number
            if what == "rekey":
                line["previous"] = [str(number)]
            if what in {"insert", "update"}:
                name = str(value)
            if what != "delete":
                self.table[after] = name
            lines.append({**line, "key": [str(after)], "row": {"id": str(after), "nama": name}, "at": 1})
        self._write(lines)

    def _write(self, lines: list[dict[str, object]]) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))

    def truncate(self) -> None:
        self.table.clear()
        self._write([{"op": "t", "table": TABLE}])

    def lose(self) -> None:
        self.file = self.folder / "another.jsonl"
        self.contract = self.contract.model_copy(update={"options": {"file": str(self.file)}})
        self.file.touch()
        table, self.table = self.table, {}
        self.change(*[("insert", number, name) for number, name in table.items()])

    def rows(self) -> dict[int, str]:
        return dict(self.table)

    def wipe(self, topic: str) -> None:
        self.broker.drop(topic)


class TestReplay(ConnectorSuite):
    kind = "replay"
    tells_contents = False
    reads_again = False

    @pytest.fixture
    def stage(self, tmp_path: Path) -> ReplayStage:
        return ReplayStage(tmp_path)
