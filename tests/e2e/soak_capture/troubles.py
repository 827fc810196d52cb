"""What can befall every connector, and what must be seen of it; each kind of office adds its own."""

from __future__ import annotations

import random
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from functools import partial

from tests.e2e.soak_capture.connector import off_by
from tests.e2e.soak_capture.ground import Ground
from tests.e2e.soak_capture.sight import Row, Sight, errors

CONNECTED = "satudata_source_connected"
RECONNECTS = "satudata_source_reconnects_total"
ERRORS = "satudata_source_errors_total"
NOTICES = "satudata_source_notices_total"
DRIFTS = "satudata_source_drift_total"
DRIFTED = "satudata_source_drifted_columns"
LAG = "satudata_source_lag_seconds"
SUCCESS = "satudata_source_last_success_timestamp_seconds"
_HOUR = 3600
Trouble = Callable[[str], None]


class Lane(ABC):
    """The troubles of one kind of office, one after another; each ends when it was seen and is over."""

    def __init__(self, ground: Ground, sight: Sight, rng: random.Random) -> None:
        self.ground = ground
        self.sight = sight
        self.rng = rng
        self.done: Counter[str] = Counter()
        self.seen: dict[str, set[str]] = {}
        """Where each trouble was seen: metric, notice, status."""
        self._under_way = ""

    @property
    def name(self) -> str:
        """How troubles of this lane are called in the report."""
        return type(self).__name__.lower()

    @abstractmethod
    def plan(self) -> list[tuple[Trouble, str]]:
        """Return the troubles of a round, each with the source it befalls."""

    def round(self) -> None:
        """Make the troubles of one round."""
        plan = self.plan()
        self.rng.shuffle(plan)
        for trouble, source in plan:
            time.sleep(self.rng.uniform(0.2, 1.0))
            began, self._under_way = time.monotonic(), f"{self.name}.{trouble.__name__}"
            try:
                trouble(source)
            except BaseException as error:
                self.sight.given_up.set()
                raise AssertionError(f"{self.name}: {trouble.__name__} at {source}: {error}") from error
            self.done[self._under_way] += 1
            tell(f"  {self.name}: {trouble.__name__} at {source}, seen and over in {time.monotonic() - began:.0f} s")

    def saw(self, *places: str) -> None:
        """Note where the trouble under way was seen."""
        self.seen.setdefault(self._under_way, set()).update(places)

    # ------------------------------------------------------------------ what befalls every kind

    def kill(self, source: str) -> None:
        """End a connector as a crash would."""
        before = self.sight.pid(source)
        self.ground.supervisor.kill(source)
        assert self.sight.now(source).state == "not running", "a dead process is not told to be dead"
        self.saw("metric", "status")  # nobody answers: Prometheus's `up` is 0, the status says `not running`
        self.sight.until("another process", lambda: self.sight.pid(source) not in (0, before))
        self.goes_on(source)

    def stop_and_start(self, source: str) -> None:
        """Stop a connector in good order and start it a little later."""
        assert self.ground.supervisor.stop(source) == 0
        assert self.sight.told(source) is None
        self.sight.shows(source, "not running", lambda row: row["state"] == "not running")
        self.saw("metric", "status")
        self.ground.start(source)
        self.goes_on(source)

    def wrong_clock(self, source: str) -> None:
        """Set a connector's clock an hour off, and right again."""
        off = self.rng.choice((-_HOUR, _HOUR))
        wrong = off_by(self.ground.settings.home, source)
        wrong.write_text(str(off))

        def believed() -> bool:
            return abs(self.sight.metric(source, SUCCESS) - time.time() - off) < _HOUR / 4

        self.sight.until("a wrong time of the last success", believed)
        self.sight.shows(source, "a wrong time", lambda row: abs(row["last_success"] - time.time()) > _HOUR / 2)
        self.saw("metric", "status")
        wrong.unlink()
        self.sight.until("the right time", lambda: abs(self.sight.metric(source, SUCCESS) - time.time()) < _HOUR / 4)

    def goes_on(self, *names: str) -> None:
        """Wait until sources are being read again."""
        for source in names:
            self.sight.until(f"{source} to be read again", partial(self.sight.reads, source))

    def fails(self, source: str, before: float, keep: Callable[[], None] = lambda: None) -> None:
        """Wait until errors of reading a source are counted, in its metrics and in the status.

        `keep` makes the trouble again meanwhile, where it may pass by itself.
        """

        def failed() -> bool:
            keep()
            return self.failures(source) > before

        self.sight.until("an error", failed)
        self.sight.shows(source, "an error", lambda row: errors(row) > before)

    def failures(self, source: str) -> float:
        """Return how often reading a source failed so far."""
        return self.sight.metric(source, ERRORS, code="try_again")


def waits(row: Row) -> bool:
    """Say whether a row of the status tells of a source that waits, and for what."""
    return bool(row["state"] == "waiting" and row["trouble"])


def tell(line: str) -> None:
    """Say how it goes."""
    print(line, file=sys.stderr, flush=True)
