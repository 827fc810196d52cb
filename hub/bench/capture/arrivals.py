"""What reached a topic: from the broker's end offsets, and by reading along."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

from hub.bench import figure
from hub.bench.capture.office import MARK
from hub.wire.errors import Halt

_LOOK_S = 0.02
_MARKED = re.compile(MARK.encode() + rb"(\d+)")


@dataclass(frozen=True, slots=True)
class Drained:
    """So many rows, from the first seen at the broker to the last."""

    rows: int
    seconds: float
    cpu_s: float
    rss_mb: float

    @property
    def rows_per_s(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds

    @property
    def cpu_us_per_row(self) -> float:
        """CPU microseconds of the contender's process a row."""
        return self.cpu_s / self.rows * 1e6


class Topic:
    """One raw topic of one contender."""

    def __init__(self, bootstrap: str, name: str, partitions: int) -> None:
        self._places = [TopicPartition(name, partition) for partition in range(partitions)]
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": f"bench-{name}", "enable.auto.commit": False,
             "auto.offset.reset": "latest", "fetch.wait.max.ms": 5}
        )  # fmt: skip

    def end(self) -> int:
        """Return how many messages the topic has; a topic just made is waited for."""
        deadline = time.monotonic() + 20
        while True:
            try:
                return sum(self._consumer.get_watermark_offsets(place, timeout=20)[1] for place in self._places)
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_S)

    def drain(self, pid: int, start: int, rows: int, patience_s: float) -> Drained:
        """Wait for `rows` messages beyond `start`, written by process `pid`; raises Halt when they do not come."""
        deadline, begun, used, seen = time.monotonic() + patience_s, 0.0, 0.0, 0
        while (now := self.end()) < start + rows:
            if begun == 0.0 and now > start:
                begun, used, seen = time.monotonic(), figure.cpu_seconds(pid) or 0.0, now - start
            if time.monotonic() > deadline or not Path(f"/proc/{pid}").exists():
                raise Halt(f"{now - start} of {rows} rows reached {self._places[0].topic}; see the contender's log")
            time.sleep(_LOOK_S)
        ended = time.monotonic()
        if begun == 0.0:
            raise Halt(f"{rows} rows came between two looks; ask for more rows")
        return Drained(rows - seen, ended - begun, (figure.cpu_seconds(pid) or 0.0) - used, _rss_mb(pid))

    def wait_still(self, seconds: float) -> None:
        """Wait until the topic has not grown for so long: a backlog is through."""
        seen, since = self.end(), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.1)
            if (now := self.end()) != seen:
                seen, since = now, time.monotonic()

    def read_marks(self, stop: threading.Event, found: dict[int, float]) -> None:
        """Read along from the present end and note when each marked change came, until told to stop."""
        ends = [(place, self._consumer.get_watermark_offsets(place, timeout=20)[1]) for place in self._places]
        self._consumer.assign([TopicPartition(place.topic, place.partition, end) for place, end in ends])
        while not stop.is_set():
            message = self._consumer.poll(0.05)  # one at a time: `consume` waits for as many as it is asked for
            marks = _MARKED.findall(message.value() or b"") if message is not None else ()
            if marks:
                found.setdefault(int(marks[-1]), time.time())
        self._consumer.unassign()

    def close(self) -> None:
        """Leave Kafka."""
        self._consumer.close()


def _rss_mb(pid: int) -> float:
    """Return the most memory that a process ever had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
