"""The reconcile process with the real link and merge, run as `python -m tests.integration.persist.process`."""

from __future__ import annotations

import sys

from hub.link import model
from hub.link.engine import Engine
from hub.merge.golden import Golden
from hub.persist.agent import run_agent
from hub.persist.kinds import Stages
from hub.wire import log
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.errors import HubError
from hub.wire.settings import Settings

AUTHORITIES = {"dukcapil": "register", "dapodik": "sector", "dinsos": "programme"}


def main() -> int:
    """Run until told to stop."""
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    log.configure("reconcile", settings.log_level)
    given = model.read()
    stages = Stages(Engine(given, AUTHORITIES, frozenset({"dukcapil"})), Golden(given.survivorship), AUTHORITIES)
    try:
        return run_agent(settings, {"person": stages}, Codec(ConfluentRegistry(settings.endpoint("registry"))))
    except HubError as error:
        log.get("test").critical("refused", reason=str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
