"""Prints the digest of an engine loaded from the store, in a process of its own: `python -m tests.e2e.soak.reload`."""

from __future__ import annotations

from hub import flow
from hub.persist import load
from hub.persist.reconcile import digest_of
from hub.wire import contract
from hub.wire.settings import Settings

if __name__ == "__main__":
    settings = Settings()
    engines = {entity: each.engine for entity, each in flow.resolvers(contract.load_all(settings)).items()}
    for entity, engine in engines.items():
        with load.state(settings.endpoint("database"), entity) as state:
            engine.load(state)
    print(digest_of(engines))
