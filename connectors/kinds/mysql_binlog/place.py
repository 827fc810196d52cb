"""A place in a server's binlog, its form in a position's state, and the version that it gives.

Versions are (epoch, file number << 32 | position at which the transaction begins, ordinal of the change in it, from
65,537 on); a snapshot has the place as of which it was taken and, as ordinal, how often its table was read before: a
table read twice at one place, under two contracts say, has two versions, both below any change made there.  It is the
transaction's own place and not its events': events inside a compressed transaction have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.wire.errors import RefuseToStart

FILE, POSITION, GTID, BORN = "binlog:file", "binlog:pos", "binlog:gtid", "binlog:born"
LIMIT = 0xFFFF_FFFF
"""The largest position that a version can hold.  A file is closed at a gigabyte, after the transaction that passed it;
what comes behind a giant one in the same file shares this position and goes on counting its changes."""

TURNS = 0xFFFF
"""The largest ordinal of a snapshot; changes count on from there."""


class Place(NamedTuple):
    """Between two transactions of a binlog."""

    file: str
    position: int
    gtid: str = ""
    """All ids up to here, as the server takes them; empty where it has none."""
    born: int = 0
    """Second at which the file was begun: a file of the same name from after RESET MASTER has another."""

    @property
    def major(self) -> int:
        """Return the version's number."""
        return major(self.file, self.position)

    def state(self) -> dict[str, str]:
        """Return the place as a position's state holds it; an empty text removes its key."""
        return {FILE: self.file, POSITION: str(self.position), GTID: self.gtid, BORN: str(self.born or "")}


def major(file: str, position: int) -> int:
    """Return the version's number of a place; raises RefuseToStart on a file without a number."""
    _, _, digits = file.rpartition(".")
    if not digits.isdigit():
        raise RefuseToStart(f"{file!r} is no name of a binlog, which ends in a number such as .000001")
    return int(digits) << 32 | min(position, LIMIT)


def of_state(state: Mapping[str, str]) -> Place | None:
    """Return the place that a position's state holds, or None."""
    if FILE not in state:
        return None
    return Place(state[FILE], int(state[POSITION]), state.get(GTID, ""), int(state.get(BORN) or 0))
