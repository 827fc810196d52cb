"""The check of a source before it goes live: the law, then what its kind has to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from connectors import kinds
from connectors.protocol import Finding
from hub.wire.clock import Clock
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart

_SOON_DAYS = 30


def check(contract: Contract, clock: Clock) -> Sequence[Finding]:
    """Return every finding on a source, errors first; nothing is changed."""
    found = list(_law(contract, datetime.fromtimestamp(clock.now_us() / 1e6, UTC).date()))
    try:
        found += kinds.load(contract.source.kind).preflight(contract, clock)
    except RefuseToStart as error:
        found.append(Finding("error", "contract", str(error), "Perbaiki kontrak atau lingkungan seperti yang disebut.",
                             "correct the contract or the environment as said"))  # fmt: skip
    return sorted(found, key=lambda finding: ("error", "warning", "ok").index(finding.level))


def _law(contract: Contract, today: date) -> Iterator[Finding]:
    left = (contract.source.expires - today).days
    if left < 0:
        yield Finding("error", "expired", f"the legal basis ended on {contract.source.expires}",
                      "Perbarui dasar hukum atau nota kesepakatan, lalu ubah source.expires.",
                      "renew the legal basis, then change source.expires")  # fmt: skip
    elif left < _SOON_DAYS:
        yield Finding("warning", "expires_soon", f"the legal basis ends on {contract.source.expires}",
                      "Ajukan perpanjangan sekarang; penangkapan berhenti pada hari itu.",
                      "renew it now: capture stops on that day")  # fmt: skip
