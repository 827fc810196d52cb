"""Apicurio Registry with its schemas in Kafka, spoken to by Confluent's API."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from hub.platform import maven
from hub.platform.cache import JAVA
from hub.platform.child import Command
from hub.platform.classes import Archive
from hub.platform.ports import LOOPBACK, Ports
from hub.platform.service import Service

_POLL_MS = "200"
"""How long a read of the journal's end waits.  The default of 5 s is spent twice at every start."""
_PATH = ("quarkus/transformed-bytecode.jar", "quarkus/generated-bytecode.jar", "app/*", "lib/main/*", "lib/boot/*")
"""Where the program's classes are, in the order in which its own launcher looks.  That launcher, `quarkus-run.jar`,
loads them in a way of its own, which leaves nothing to an archive of classes."""
_MAIN = "io.quarkus.runner.GeneratedMain"
_JVM = (
    "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError",
    "--add-opens=java.base/java.lang=ALL-UNNAMED", "--enable-native-access=ALL-UNNAMED",
)  # fmt: skip


class Registry(Service):
    """The embedded schema registry."""

    def __init__(self, home: Path, programs: Path, ports: Ports) -> None:
        super().__init__("registry", home)
        self.bootstrap = ""
        self._programs = programs
        self._ports = ports
        self._port = 0
        self._path = ":".join(f"{programs}/{part}" for part in _PATH)
        self.classes = Archive(programs, self._path, _JVM, self.folder)

    @property
    def version(self) -> str:
        """Return the version of the program."""
        return maven.locked("registry").version

    @property
    def endpoint(self) -> str:
        """Return the base of Confluent's API."""
        return f"http://{LOOPBACK}:{self._port}/apis/ccompat/v7"

    def prepare(self) -> None:
        """Choose the port; the schemas live in Kafka."""
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._port = self._ports.of("registry")

    def command(self) -> Command:
        """Return what to run."""
        environment = {
            "APICURIO_STORAGE_KIND": "kafkasql",
            "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": self.bootstrap,
            "APICURIO_KAFKASQL_CONSUMER_POLL_TIMEOUT": _POLL_MS,
            "APICURIO_STORAGE_SNAPSHOT_LOCATION": str(self.folder / "tmp"),
            "APICURIO_CCOMPAT_MAX_SUBJECTS": "100000",
            "QUARKUS_HTTP_HOST": LOOPBACK,
            "QUARKUS_HTTP_PORT": str(self._port),
            "QUARKUS_MANAGEMENT_HOST": LOOPBACK,
            "QUARKUS_MANAGEMENT_PORT": str(self._ports.of("registry-management")),
            "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
            "QUARKUS_LOG_CATEGORY__ORG_APACHE_KAFKA__LEVEL": "WARN",
        }
        options = (*_JVM, *self.classes.options, f"-Djava.io.tmpdir={self.folder / 'tmp'}", "-cp", self._path)
        return Command((str(JAVA), *options, _MAIN), environment, cwd=self._programs)

    def ailment(self) -> str | None:
        """Ask for the list of subjects."""
        return ailment_of(self.endpoint)


def ailment_of(url: str) -> str | None:
    """Return None if a schema registry answers at `url`, else what is wrong."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/subjects", timeout=3):  # noqa: S310 - our own http address
            return None
    except (urllib.error.URLError, OSError) as error:
        return f"no answer on {url} ({error})"
