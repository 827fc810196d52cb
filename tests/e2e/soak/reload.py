"""Prints the digest of an engine loaded from the store, in a process of its own: `python -m tests.e2e.soak.reload`."""

from __future__ import annotations

from hub import flow
from hub.persist import load
from hub.wire import contract
from hub.wire.settings import Settings

if __name__ == "__main__":
    settings = Settings()
    engine = flow.resolver(contract.load_all(settings)).engine
    with load.state(settings.endpoint("database")) as state:
        engine.load(state)
    print(engine.digest())
