"""From a source's own key to the record id, where this process holds the secret that ids are made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.serve.problems import Away, NotFound, Refused
from hub.wire import identity
from hub.wire.contract import Contract
from hub.wire.settings import Settings


class Keys:
    """Makes record ids as connectors do; the secret is read when it is first needed, and never made here."""

    def __init__(self, settings: Settings | None, contracts: Mapping[str, Contract]) -> None:
        self._settings = settings
        self._contracts = contracts

    def __call__(self, source: str, table: str, key: Sequence[str]) -> bytes:
        """Return the id of (source, table, key parts); raises NotFound, Refused, or Away without the secret."""
        contract = self._contracts.get(source)
        if contract is None:
            raise NotFound(f"there is no source {source}; there are {', '.join(sorted(self._contracts))}")
        known = {one.name: one for one in contract.table}
        if table not in known:
            raise NotFound(f"source {source} has no table {table}; it has {', '.join(sorted(known))}")
        wanted = known[table].key
        if len(key) != len(wanted):
            raise Refused(f"the key of {table} has {len(wanted)} parts ({', '.join(wanted)}), not {len(key)}")
        return identity.record_id(identity.source_key(self._secret(), source), table, key)

    def _secret(self) -> bytes:
        if self._settings is None or not self._settings.has_secret():
            raise Away("this process does not hold the secret that record ids are made with; ask by record id, or set "
                       "SATUDATA_SECRET_FILE for serve")  # fmt: skip
        return self._settings.master_secret()
