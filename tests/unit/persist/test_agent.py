"""The writer's memory after loading: out of the garbage collector's sight, so that no full collection stops it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from hub.persist.agent import Shell, settle_memory
from hub.persist.reconcile import Reconciler
from hub.wire.errors import TryAgain


class Loaded(Reconciler):
    """A reconciler whose store holds some long-lived containers, and is away at first."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.memory: list[list[int]] = []

    def load(self) -> None:
        """Fill memory, or find the store away."""
        if self.away:
            self.away -= 1
            raise TryAgain("the store is away")
        self.memory = [[number] for number in range(1000)]

    def close(self) -> None:
        """Have nothing to give back."""


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.parametrize("away", [0, 1])
def test_loading_freezes_what_was_loaded_and_leaves_full_collections_to_the_agent(away: int) -> None:
    gc.unfreeze()
    reconciler = Loaded(away)
    shell = Shell(reconciler)
    assert shell.start(threading.Event())
    watched = {id(each) for each in gc.get_objects()}
    assert len(reconciler.memory) == 1000
    assert not watched & {id(each) for each in reconciler.memory}
    assert gc.get_freeze_count() >= 1000
    assert gc.isenabled()
    assert gc.get_threshold()[2] >= 100_000
    shell.close()


def test_what_is_dead_is_collected_before_the_rest_is_frozen() -> None:
    class Node:
        """One half of a cycle."""

        other: Node

    for _ in range(3):  # old enough that a young collection does not find it
        gc.collect()
    one, two = Node(), Node()
    one.other, two.other = two, one
    gc.collect()
    del one, two
    settle_memory()
    gc.unfreeze()
    assert not [each for each in gc.get_objects() if type(each).__name__ == "Node"]
