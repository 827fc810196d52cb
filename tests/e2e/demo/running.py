"""A demo for a test: everything real, in a temporary home, small and short."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from hub.demo.play import Play
from hub.demo.river import Options, River
from hub.demo.rows import SYSTEMS
from hub.demo.screen import Progress
from hub.demo.verdict import Verdict
from hub.wire.settings import Settings
from tests.services.fixtures import temporary_home


@dataclass(frozen=True)
class Judged:
    """A demo whose life is over and judged, its services still up."""

    river: River
    verdict: Verdict
    beside: Any
    """What ran along."""


@contextmanager
def judged(
    *,
    people: int,
    rate: float,
    seconds: float,
    seed: int = 1,
    mutants: Mapping[str, str] | None = None,
    sources: tuple[str, ...] = tuple(SYSTEMS),
    services: Mapping[str, str] | None = None,
    beside: Callable[[River], AbstractContextManager[object]] = lambda _river: nullcontext(),
) -> Iterator[Judged]:
    """Run a demo to its verdict; `mutants` names, by process, the fault that is built into it.

    `services` are others than the demo's own. `beside` runs along, from before the first filling until after the
    verdict was used.
    """
    commands = {
        process: (sys.executable, "-m", "tests.e2e.demo.mutants", which) for process, which in (mutants or {}).items()
    }
    with (
        temporary_home() as home,
        River(Settings(home=home), Options(people, rate, seed, commands, sources, services=services or {})) as river,
        beside(river) as along,
    ):
        play = Play(river, Progress(), lambda: None)
        play.fill()
        play.live(seconds)
        yield Judged(river, play.judge(), along)
