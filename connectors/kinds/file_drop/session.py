"""One connection to a folder: what all its steps share, and the rule that nothing is done before it is durable."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from connectors.drift import Drift
from connectors.kinds.file_drop import memory
from connectors.kinds.file_drop.inspection import Inspector
from connectors.kinds.file_drop.memory import Memory
from connectors.kinds.file_drop.options import Options
from connectors.kinds.file_drop.place import Place
from connectors.protocol import Batch, Position, Surroundings
from hub.wire import identity
from hub.wire.contract import Contract, Table

Steps = Generator[Batch | None, None, None]
_TICK = 0.02


def scratch(source: str) -> Path:
    """Return a new private folder for copies; what a killed process of this source left behind is removed."""
    stem = f"satudata-files-{source}-"
    for left in Path(tempfile.gettempdir()).glob(f"{stem}*"):
        owner = left.name.removeprefix(stem).partition("-")[0]
        if owner.isdigit() and not _lives(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{stem}{os.getpid()}-"))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Session:
    """A folder, open at a position."""

    def __init__(self, contract: Contract, options: Options, around: Surroundings, place: Place, at: Position) -> None:
        self.contract = contract
        self.options = options
        self.around = around
        self.place = place
        self.epoch = at.epoch
        self.drift = Drift(contract, at.state)
        self.durable: Mapping[str, str] = at.state
        self._state = dict(at.state)
        self._identify: dict[str, Callable[[Sequence[str]], bytes]] = {
            table.name: identity.record_ids(around.key, table.name) for table in contract.table
        }
        self._scratch = scratch(contract.source.name)

    @property
    def source(self) -> str:
        """The source's name."""
        return self.contract.source.name

    @property
    def copy(self) -> Path:
        """Where the delivery that is being read lies on this machine."""
        return self._scratch / "delivery"

    @property
    def memory(self) -> Memory:
        """What is remembered, with all that was yielded already."""
        return Memory(self._state)

    def identify(self, table: Table) -> Callable[[Sequence[str]], bytes]:
        """Return what gives the ids of a table's records."""
        return self._identify[table.name]

    def inspector(self, table: Table) -> Inspector:
        """Return what reads a table's deliveries."""
        return Inspector(table, self.options, self._identify[table.name])

    def remember(self, batch: Batch) -> Batch:
        """Note what a batch will leave in the position, and return it."""
        self._state |= {**(batch.reserve or {}), **(batch.state or {})}
        return batch

    def durably(self, batch: Batch) -> Steps:
        """Yield a batch and go on only when the position holds its state, so when Kafka has its messages."""
        self._state[memory.STEP] = str(int(self._state.get(memory.STEP) or 0) + 1)
        step = self._state[memory.STEP]
        yield self.remember(replace(batch, state={**(batch.state or {}), memory.STEP: step}))
        while self.durable.get(memory.STEP) != step:
            time.sleep(_TICK)
            yield None

    def close(self) -> None:
        """Throw away the copy and leave the folder."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self.place.close()
