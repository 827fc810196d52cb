"""What an office's MySQL or MariaDB says of itself: plain questions, no cache."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pymysql

from connectors.kinds.mysql_binlog.client import Session
from connectors.kinds.mysql_binlog.place import Place, major
from hub.wire.errors import RefuseToStart, TryAgain

TRANSACTIONAL = frozenset({"InnoDB", "ROCKSDB", "TokuDB"})
_ORDERED = frozenset({
    "tinyint", "smallint", "mediumint", "int", "bigint", "year", "decimal", "char", "varchar", "binary", "varbinary",
    "date", "datetime", "timestamp", "uuid", "inet4", "inet6",
})  # fmt: skip
"""Types by which a table can be read piece by piece: in one order, and comparable with a literal."""
_BARE = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "year", "decimal"})
"""Of these the types whose literals stand without quotes: a quoted number is compared as a floating one."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_BYTES = frozenset({"binary", "varbinary"})
_NO_RIGHT = frozenset({1044, 1045, 1142, 1227})
_COLUMNS = """
SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, EXTRA FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION
"""
_KEYS = """
SELECT INDEX_NAME, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR '\\n'), MAX(NULLABLE = 'YES'),
       MAX(SUB_PART IS NOT NULL)
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND NON_UNIQUE = 0 GROUP BY INDEX_NAME
"""
_PARENTS = """
SELECT k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, r.DELETE_RULE, r.UPDATE_RULE
FROM information_schema.REFERENTIAL_CONSTRAINTS r
JOIN information_schema.KEY_COLUMN_USAGE k
  ON k.CONSTRAINT_SCHEMA = r.CONSTRAINT_SCHEMA AND k.CONSTRAINT_NAME = r.CONSTRAINT_NAME AND k.TABLE_NAME = r.TABLE_NAME
WHERE r.CONSTRAINT_SCHEMA = %s AND r.TABLE_NAME = %s AND k.ORDINAL_POSITION = 1
"""
_PASSIVE = frozenset({"RESTRICT", "NO ACTION"})


@dataclass(frozen=True, slots=True)
class Server:
    """A server and how it logs."""

    mariadb: bool
    version: str
    number: tuple[int, int]
    id: int
    uuid: str
    """MySQL's own; empty at MariaDB, which has none."""
    domain: int
    settings: Mapping[str, str]
    """Its variables, names in lower case."""

    @property
    def identity(self) -> str:
        """Return what tells this server's log from another's."""
        return f"uuid={self.uuid}" if self.uuid else f"id={self.id} domain={self.domain}"

    @property
    def connector(self) -> str:
        """Return Debezium's name of a connector to such a server."""
        return "mariadb" if self.mariadb else "mysql"

    def on(self, name: str) -> bool:
        """Say whether a variable is on."""
        return self.settings.get(name, "").upper() in ("1", "ON", "YES")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalogue names it."""

    name: str
    type: str
    text: str
    """The whole type, as a DDL statement would say it."""
    nullable: bool
    extra: str


@dataclass(frozen=True, slots=True)
class Parent:
    """A table whose deletes or updates the server carries over to another one without logging them."""

    name: str
    on_delete: bool
    on_update: bool


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table."""

    name: str
    kind: str
    engine: str
    rows: int
    """About how many."""
    columns: Sequence[Column]
    unique_keys: Sequence[tuple[str, ...]]
    """Columns of each unique key without NULLs, in its order."""
    parents: Sequence[Parent]

    def types(self) -> list[tuple[str, str]]:
        """Return name and whole type of each column."""
        return [(column.name, column.text) for column in self.columns]


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever letters it has; a contract's table name in both its parts."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in name.split(".", 1))


def identifier(name: str) -> str:
    """Return one column's name as SQL takes it."""
    return "`" + name.replace("`", "``") + "`"


def server(session: Session) -> Server:
    """Return who the server is and how it logs."""
    settings = {str(name).lower(): str(value) for name, value in session.ask("SHOW GLOBAL VARIABLES")}
    version = settings["version"]
    found = re.match(r"(\d+)\.(\d+)", version)
    number = (int(found[1]), int(found[2])) if found else (0, 0)
    return Server(
        "mariadb" in version.lower(), version, number, int(settings.get("server_id", "0")),
        settings.get("server_uuid", ""), int(settings.get("gtid_domain_id", "0")), settings,
    )  # fmt: skip


def log_status(session: Session, found: Server) -> dict[str, Any]:
    """Return SHOW MASTER STATUS, whatever this server calls it; empty when it logs nothing."""
    new = not found.mariadb and found.number >= (8, 2)
    return session.named("SHOW BINARY LOG STATUS" if new else "SHOW MASTER STATUS")


def end(session: Session, found: Server) -> Place:
    """Return the end of the log."""
    row = log_status(session, found)
    if not row:
        raise TryAgain("the server writes no binlog")
    return place(session, found, str(row["file"]), int(row["position"]), str(row.get("executed_gtid_set") or ""))


def end_number(session: Session, found: Server) -> int:
    """Return the end of the log as a version's number, without its ids, which take the server longer."""
    row = log_status(session, found)
    if not row:
        raise TryAgain("the server writes no binlog")
    return major(str(row["file"]), int(row["position"]))


def place(session: Session, found: Server, file: str, position: int, gtids: str = "") -> Place:
    """Return a place with its ids."""
    if found.mariadb:
        gtids = str(session.one("SELECT BINLOG_GTID_POS(%s, %s)", file, position)[0] or "")
    return Place(file, position, "".join(gtids.split()))


def snapshot_place(session: Session) -> Place | None:
    """Return the place as of which the open transaction sees the tables; None where the server does not tell."""
    told = {str(name).lower(): str(value) for name, value in session.ask("SHOW STATUS LIKE 'binlog_snapshot_%%'")}
    file, position = told.get("binlog_snapshot_file"), told.get("binlog_snapshot_position")
    return Place(file, int(position)) if file and position else None


def logs(session: Session) -> list[tuple[str, int]]:
    """Return the server's log files and their sizes, oldest first."""
    return [(str(row[0]), int(row[1])) for row in session.ask("SHOW BINARY LOGS")]


def rights(session: Session) -> frozenset[str]:
    """Return the account's rights on the whole server, in the server's words."""
    found: set[str] = set()
    for (line,) in session.ask("SHOW GRANTS"):
        match = re.match(r"GRANT (.*?) ON \*\.\* TO", str(line))
        if match:
            found |= {word.strip().upper() for word in match[1].split(",")}
    return frozenset(found)


def readable(session: Session, name: str) -> bool:
    """Say whether the account may read a table."""
    try:
        session.ask(f"SELECT 1 FROM {quoted(name)} LIMIT 0")  # noqa: S608 - quoted
    except pymysql.err.MySQLError as error:
        if error.args and error.args[0] in _NO_RIGHT:
            return False
        raise
    return True


def table(session: Session, name: str) -> TableRow | None:
    """Return a table, or None if there is none of this name that the account may see."""
    parts = tuple(name.split(".", 1))
    rows = session.ask(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s", *parts,
    )  # fmt: skip
    if not rows:
        return None
    schema, short, kind, engine, count = rows[0]
    columns = [Column(str(n), str(t).lower(), str(full), null == "YES", str(extra).upper())
               for n, t, full, null, extra in session.ask(_COLUMNS, *parts)]  # fmt: skip
    keys = [tuple(str(names).split("\n")) for _, names, nullable, part in session.ask(_KEYS, *parts)
            if not nullable and not part]  # fmt: skip
    parents = [Parent(f"{s}.{t}", on_delete not in _PASSIVE, on_update not in _PASSIVE)
               for s, t, on_delete, on_update in session.ask(_PARENTS, *parts)]  # fmt: skip
    acting = [parent for parent in parents if parent.on_delete or parent.on_update]
    return TableRow(f"{schema}.{short}", str(kind), str(engine or ""), int(count or 0), columns, keys, acting)


def in_order(row: TableRow, key: Sequence[str]) -> bool:
    """Say whether a table can be read piece by piece along its key."""
    types = {column.name: column.type for column in row.columns}
    return all(types.get(part) in _ORDERED for part in key)


def literal(row: TableRow, column: str, value: bytes) -> str:
    """Return a key's value, as the server sent it, as SQL that compares exactly."""
    type_ = next(c.type for c in row.columns if c.name == column)
    if type_ in _BARE:
        text = value.decode("ascii", "replace")
        if not _NUMBER.fullmatch(text):
            raise RefuseToStart(f"column {column} of {row.name} is a number, and a key that was asked for is none")
        return text
    if type_ in _BYTES:
        return f"x'{value.hex()}'"
    return "'" + value.decode("utf-8").replace("\\", "\\\\").replace("'", "\\'") + "'"
