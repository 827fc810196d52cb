"""What an operator sees of the sources while they are in trouble, from all three places where it must show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, TypeVar

import psycopg
import pymysql

from hub.platform import sources
from hub.platform.sources import Source
from hub.wire import metrics
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.errors import TryAgain
from hub.wire.kafka import KafkaLog
from hub.wire.probe import PID
from hub.wire.records import SourceNotice
from hub.wire.topics import NOTICE
from tests.e2e.soak_capture.ground import Ground

T = TypeVar("T")
Row = dict[str, Any]
PATIENCE_S = 120.0
_PAUSE_S = 0.2
_STATUS_PAUSE_S = 1.0


class Sight:
    """Metrics asked of the processes, notices read as they come, and `satudata status --json` again and again."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._ended = threading.Event()
        self.given_up = threading.Event()
        """Set when some trouble failed: the others need not wait any longer."""
        self._notices: list[SourceNotice] = []
        self._next: dict[int, int] = {}
        self._status: tuple[float, dict[str, Row]] = (0.0, {})
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read, self._ask)]

    @contextmanager
    def open(self) -> Iterator[None]:
        """Look on."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in self._threads:
                thread.join()

    # ------------------------------------------------------------------ metrics

    def metric(self, source: str, name: str, **labels: str) -> float:
        """Return the sum of a metric's series at a source's own process; 0 where there is none or nobody answers."""
        text = self.told(source)
        if text is None:
            return 0.0
        wanted = {"source": source, **labels}.items()
        return sum(s.value for s in metrics.parse(text) if s.name == name and wanted <= s.labels.items())

    def told(self, source: str) -> str | None:
        """Return all that a source's process tells by its metrics; None when it does not answer."""
        address = sources._probes(self._ground.settings.home).get(source)
        return sources._ask(f"http://{address}/metrics") if address else None

    def pid(self, source: str) -> int:
        """Return the process id that a source's probe was written by; 0 where there is none."""
        path = self._ground.settings.home / "run" / "probes" / f"{source}.json"
        try:
            (target,) = json.loads(path.read_text())
        except (OSError, ValueError):
            return 0
        return int(target["labels"].get(PID, 0))

    def reads(self, source: str) -> bool:
        """Say whether a source is being read."""
        return self.metric(source, "satudata_source_connected") == 1

    def now(self, source: str) -> Source:
        """Return what `satudata status` would say this moment, for what passes too soon for the command."""
        found = {source: Source(source, "")}
        address = sources._probes(self._ground.settings.home).get(source)
        text = sources._ask(f"http://{address}/metrics") if address else None
        if text is not None:
            samples = [s for s in metrics.parse(text) if s.labels.get("source") == source]
            for sample in samples:
                sources._note(found[source], sample)
            sources._judge(found[source], samples, sources._ask(f"http://{address}/readyz"))
        return found[source]

    # ------------------------------------------------------------------ notices

    def mark(self) -> int:
        """Return a place among the notices: the later ones count."""
        return len(self._notices)

    def notices(self, source: str | None = None, since: int = 0) -> list[SourceNotice]:
        """Return the notices of one source, or of all, from a place on."""
        return [notice for notice in self._notices[since:] if source in (None, notice.source)]

    def notice(self, source: str, code: str, since: int, **detail: str) -> SourceNotice:
        """Wait for a notice and return it."""

        def found() -> SourceNotice | None:
            fitting = (n for n in self.notices(source, since) if n.code == code)
            return next((n for n in fitting if detail.items() <= n.detail.items()), None)

        def said() -> str:
            return f"since then only {[(n.code, n.detail) for n in self.notices(source, since)]}"

        return self.until(f"{source}: notice {code} {detail}", found, said=said)

    def _read(self) -> None:
        settings = self._ground.settings
        with closing(ConfluentRegistry(settings.endpoint("registry"))) as registry:
            codec, log = Codec(registry), KafkaLog(settings.endpoint("kafka"))
            while not self._ended.wait(0.5):
                try:
                    for message in log.read(NOTICE.name, self._next):
                        record = codec.decode_record(message.value or b"")
                        assert isinstance(record, SourceNotice)
                        self._notices.append(record)
                        self._next[message.partition] = message.offset + 1
                except TryAgain:
                    continue

    # ------------------------------------------------------------------ satudata status --json

    def shows(self, source: str, what: str, holds: Callable[[Row], bool]) -> Row:
        """Wait until `satudata status --json`, asked after this moment, shows something of a source."""
        since = time.monotonic()

        def found() -> Row | None:
            asked, rows = self._status
            row = rows.get(source, {})
            return row if asked > since and row and holds(row) else None

        return self.until(
            f"{source}: status --json to show {what}", found, said=lambda: str(self._status[1].get(source))
        )

    def _ask(self) -> None:
        environment = {**os.environ, **self._ground.environment}
        command = [sys.executable, "-m", "hub", "status", "--json"]
        while not self._ended.wait(_STATUS_PAUSE_S):
            asked = time.monotonic()
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            try:
                rows = json.loads(done.stdout)["sources"]
            except (ValueError, KeyError):
                print(f"status: {done.stdout[-300:]} {done.stderr[-1000:]}", file=sys.stderr)
                continue
            self._status = asked, {row["name"]: row for row in rows}

    # ------------------------------------------------------------------ waiting

    def until(
        self, what: str, found: Callable[[], T | None], seconds: float = PATIENCE_S, said: Callable[[], str] = str
    ) -> T:
        """Return the first true answer; a database that is away is asked again."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = found()
            except (psycopg.OperationalError, pymysql.OperationalError):
                answer = None
            if answer:
                return answer
            assert not self.given_up.is_set(), f"{what}: not waited for, another trouble failed"
            assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s; {said()}"
            time.sleep(_PAUSE_S)


def errors(row: Row | Mapping[str, Any]) -> int:
    """Return how often reading a source failed, as a row of the status says."""
    return int(row["errors"].get("try_again", 0))
