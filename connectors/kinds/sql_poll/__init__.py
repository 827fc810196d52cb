"""Tables with a watermark column, polled over SQLAlchemy; hard deletes are found by comparing keys."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.protocol import Connector, Finding, Surroundings
from connectors.sql import inspection
from connectors.sql.options import PollOptions, options
from connectors.sql.source import SqlSource
from hub.wire.clock import Clock
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart


def _options(contract: Contract) -> PollOptions:
    """Return the options; raises RefuseToStart where a table has no watermark."""
    chosen = options(contract, PollOptions)
    bare = [table.name for table in contract.table if not chosen.watermarks(table.name)]
    if bare:
        raise RefuseToStart(
            f"source {contract.source.name}: options.watermark names no column for {', '.join(bare)}; name one, or put "
            "the table into a source of kind sql_diff"
        )
    return chosen


def connector(contract: Contract, surroundings: Surroundings) -> Connector:
    """Return a connector of this source, not yet connected."""
    return SqlSource(contract, surroundings, _options(contract))


def preflight(contract: Contract, clock: Clock) -> Sequence[Finding]:
    """Look at the source without changing it."""
    chosen = _options(contract)
    return inspection.preflight(contract, clock, chosen, chosen.watermarks)
