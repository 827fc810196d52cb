"""The offices' own systems, as their officers use them: made, filled, written to, and read when all is at rest.

    postgres.py   the three registers whose log is read
    mariadb.py    hospital and villages: the binlog is read
    sqlite.py     staff office (polled) and health centres (compared); no log, so only what is seen counts
    files.py      deliveries: the social office's workbook, the civil register's monthly export

The oracle reads the same systems by itself, in a process of its own: `rows_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from hub.demo.rows import Row
    from hub.demo.writing import Write


Position = Callable[[], Mapping[str, str]]
"""Asks for the state of a connector's last durable position."""


class Away(Exception):
    """The office's system does not answer, and nothing is known of the transaction that was under way."""


class Office(Protocol):
    """One office's system."""

    source: str
    dsn: str
    """What the contract's environment variable holds."""

    def create(self) -> None:
        """Make the system anew, empty."""
        ...

    def load(self, rows: Iterable[Row]) -> None:
        """Write the first filling."""
        ...

    def commit(self, writes: Sequence[Write]) -> int:
        """Write one transaction, exactly once; return its number in the system's log, 0 where there is no log.

        Raises Away when the system went away and the run is being stopped.
        """
        ...

    def mark(self) -> Any:
        """Return how far the system has come, for `taken`."""
        ...

    def taken(self, mark: Any, position: Position) -> bool:
        """Tell from a connector's durable position whether everything up to the mark has been read."""
        ...

    def close(self) -> None:
        """Leave the system."""
        ...
