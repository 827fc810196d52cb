"""Tables without a watermark, compared whole again and again over SQLAlchemy."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.protocol import Connector, Finding, Surroundings
from connectors.sql import inspection
from connectors.sql.options import DiffOptions, options
from connectors.sql.source import SqlSource
from hub.wire.clock import Clock
from hub.wire.contract import Contract


def connector(contract: Contract, surroundings: Surroundings) -> Connector:
    """Return a connector of this source, not yet connected."""
    return SqlSource(contract, surroundings, options(contract, DiffOptions))


def preflight(contract: Contract, clock: Clock) -> Sequence[Finding]:
    """Look at the source without changing it."""
    return inspection.preflight(contract, clock, options(contract, DiffOptions), lambda _table: ())
