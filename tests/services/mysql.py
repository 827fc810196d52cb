"""A MySQL server for `make verify-mysql`: Debian unstable's, by the loader and libraries that it was built for."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pymysql

from hub.platform.child import Command, spawn, write_atomically
from hub.platform.ports import LOOPBACK, Ports
from hub.platform.service import Service
from tests.services.fixtures import temporary_home
from tools import get_debian_mysql

_SETTINGS = {
    "bind-address": LOOPBACK, "skip-name-resolve": "1", "socket": "server.sock", "mysqlx": "OFF", "server-id": "1",
    "log-bin": "binlog", "binlog-row-metadata": "FULL", "gtid-mode": "ON", "enforce-gtid-consistency": "ON",
    "sync-binlog": "0", "innodb-flush-log-at-trx-commit": "2", "innodb-buffer-pool-size": "64M",
    "performance-schema": "OFF", "innodb-redo-log-capacity": "64M", "secure-file-priv": "NULL",
}  # fmt: skip


class MySQL(Service):
    """One MySQL server of a test's own."""

    def __init__(self, name: str, home: Path, ports: Ports, settings: Mapping[str, str]) -> None:
        super().__init__(name, home)
        self.settings = dict(settings)
        self._ports = ports
        self._port = 0
        self._data = self.folder / "data"
        self._root = get_debian_mysql.cache()
        self._password = secrets.token_urlsafe(12)

    @property
    def version(self) -> str:
        return "of Debian unstable"

    @property
    def endpoint(self) -> str:
        return f"mysql://satudata:{quote(self._password)}@{LOOPBACK}:{self._port}/"

    def prepare(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self._port = self._ports.of(self.name)
        share = str(self._root / "usr/share/mysql")
        given = {"datadir": str(self._data), "port": str(self._port), "lc-messages-dir": share,
                 "character-sets-dir": f"{share}/charsets"}  # fmt: skip
        lines = [f"{key} = {value}" for key, value in {**_SETTINGS, **given, **self.settings}.items()]
        if os.geteuid() == 0:
            lines.append("user = root")
        write_atomically(self.folder / "server.cnf", "\n".join(["[mysqld]", *lines, ""]))
        if not self._data.is_dir():
            self._initialise()

    def _initialise(self) -> None:
        accounts = self.folder / "accounts.sql"
        write_atomically(accounts, f"CREATE USER satudata@'%' IDENTIFIED BY '{self._password}';\n"
                                   "GRANT ALL ON *.* TO satudata@'%' WITH GRANT OPTION;\n")  # fmt: skip
        argv = (*self.command().argv, "--initialize-insecure", f"--init-file={accounts}", "--skip-log-bin",
                "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF")  # fmt: skip
        tool = spawn(self.name, Command(argv), self.log)
        code = tool.wait(self.patience)
        if code != 0:
            shutil.rmtree(self._data, ignore_errors=True)
            raise self._failure("could not make its data folder", tool.output())

    def command(self) -> Command:
        libraries = self._root / "usr/lib/x86_64-linux-gnu"
        loader = libraries / "ld-linux-x86-64.so.2"
        return Command((str(loader), "--library-path", str(libraries), str(self._root / "usr/sbin/mysqld"),
                        f"--defaults-file={self.folder / 'server.cnf'}"))  # fmt: skip

    def ailment(self) -> str | None:
        try:
            pymysql.connect(
                host=LOOPBACK, port=self._port, user="satudata", password=self._password, connect_timeout=5
            ).close()
        except pymysql.Error as error:
            return str(error)
        return None


@contextmanager
def serving_mysql(name: str, **settings: str) -> Iterator[MySQL]:
    """Start a server in a temporary home; stop it and remove all of it afterwards."""
    with temporary_home() as home:
        for folder in ("run", "logs"):
            (home / folder).mkdir()
        given = {key.replace("_", "-"): value for key, value in settings.items()}
        server = MySQL(name, home, Ports(home / "run" / "ports.json"), given)
        server.start()
        try:
            yield server
        finally:
            server.stop()
