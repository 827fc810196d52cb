"""Archive the classes of the embedded Kafka and registry unless that is done: the tests start both dozens of times.

Any start makes the archives, but in the background, which ends with it; here the services run for nothing else.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from hub.platform import cache
from hub.platform.child import until
from hub.platform.embedded import Platform
from hub.platform.kafka import Kafka
from hub.platform.ports import Ports
from hub.platform.registry import Registry
from hub.wire.settings import Settings

PATIENCE_S = 300


def places(home: Path, settings: Settings) -> list[Path]:
    """Return where the two archives are, or will be; fetches the programs if need be."""
    ports = Ports(home / "run" / "ports.json")
    broker = Kafka(home, cache.bundle("kafka", settings.cache), ports, durable=True)
    registry = Registry(home, cache.bundle("registry", settings.cache), ports)
    return [broker.classes.place, registry.classes.place]


def main() -> int:
    """Make what is missing; without an archive the tests only take longer, so a failure is told and is none."""
    with tempfile.TemporaryDirectory(prefix="satudata-classes-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # PostgreSQL's user must enter
        settings = Settings(home=home, kafka=None, registry=None, database=None)
        wanted = places(home, settings)
        if all(place.is_file() for place in wanted):
            return 0
        print("archiving the classes of Kafka and the registry, once", file=sys.stderr)
        with Platform(settings, brief=True):
            if not until(lambda: all(place.is_file() for place in wanted), PATIENCE_S):
                print(f"that took longer than {PATIENCE_S} s; the tests go on without", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
