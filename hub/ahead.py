"""What the stages and sources import, imported ahead of their start: preloaded by `hub.platform.forks`.

Only a fork server imports this module.  What a stage imports beyond it is imported by the stage itself, later.
"""

from __future__ import annotations

import gc
from importlib import import_module

from hub.link import model
from hub.wire.entities import ENTITIES

_PARTS = (
    "hub.flow", "hub.wire.settings", "connectors.runner", "connectors.kinds.postgres_wal",
    "hub.clean.agent", "hub.link.engine", "hub.link.switch", "hub.link.trace", "hub.merge.golden", "hub.persist.agent",
    "hub.persist.models", "hub.persist.turning", "hub.publish.process", "hub.serve.process",
    # what the libraries leave until they are used
    "httpcore2", "encodings.idna", "uvloop", "faust.tables.manager", "faust.worker", "uvicorn.loops.auto",
    "uvicorn.lifespan.on", "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto",
)  # fmt: skip

for _name in _PARTS:
    import_module(_name)
for _entity in ENTITIES:
    model.of(_entity)  # a model names its comparisons, each a module
gc.collect()
gc.freeze()  # a fork that collects would otherwise write to, and so copy, what all of them share
