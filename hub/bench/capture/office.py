"""The database under capture: one table of fourteen columns with before images, and its load.

Every value is made from the row's number; the identity numbers begin with 99, which no province has.
"""

from __future__ import annotations

import contextlib
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql

ROWS_A_COMMIT = 1000
MARK = "Jalan Uji Nomor "
"""Begins the address that a change of the latency run writes; its number follows."""
WRITERS = 4


class Office(Protocol):
    """One database server with the table to be captured."""

    engine: str
    dsn: str
    table: str
    """As a contract writes it."""
    kind: str

    def create(self) -> None:
        """Make the table anew, empty."""
        ...

    def insert(self, first: int, last: int) -> None:
        """Insert the rows of these numbers, a thousand a transaction."""
        ...

    def update(self, rows: int) -> None:
        """Change rows 1 to `rows`, a thousand a transaction."""
        ...

    def touch(self, numbers: range, rate: float) -> dict[int, float]:
        """Change one row a transaction at an even rate; return when each commit returned, by its number."""
        ...

    def streams(self, name: str) -> bool:
        """Tell whether a contender of that name follows the log now."""
        ...

    def peer(self, name: str) -> Mapping[str, str]:
        """Return the properties by which Debezium reaches this office."""
        ...


class PostgresOffice:
    """PostgreSQL with logical decoding."""

    engine = "postgresql"
    kind = "postgres_wal"
    table = "public.warga"

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def create(self) -> None:
        """Make the table anew, empty."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(
                "DROP TABLE IF EXISTS public.warga; CREATE TABLE public.warga ("
                "id bigint PRIMARY KEY, nik char(16), no_kk char(16), nama varchar(60) NOT NULL, jk char(1), "
                "tgl_lahir date, tempat_lahir text, nama_ibu text, alamat text, rt smallint, rw smallint, "
                "kode_desa char(10), hidup boolean NOT NULL, diubah timestamptz NOT NULL); "
                "ALTER TABLE public.warga REPLICA IDENTITY FULL"
            )

    def insert(self, first: int, last: int) -> None:
        """Insert the rows of these numbers, a thousand a transaction."""
        statement = """
            INSERT INTO public.warga SELECT n, '99' || lpad(n::text, 14, '0'), '99' || lpad((n / 4)::text, 14, '0'),
                'Warga Uji ' || n, CASE n %% 2 WHEN 0 THEN 'L' ELSE 'P' END, date '1950-01-01' + (n %% 25000)::int,
                'Kota Uji', 'Ibu Uji ' || n / 3, 'Jalan Percobaan Nomor ' || n, n %% 20, n %% 9,
                '99' || lpad((n %% 150)::text, 8, '0'), true, now()
            FROM generate_series(%s::bigint, %s::bigint) AS n
        """
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for at in range(first, last + 1, ROWS_A_COMMIT):
                connection.execute(statement, [at, min(at + ROWS_A_COMMIT - 1, last)])

    def update(self, rows: int) -> None:
        """Change rows 1 to `rows`, a thousand a transaction."""
        statement = "UPDATE public.warga SET alamat = alamat || ' A', diubah = now() WHERE id BETWEEN %s AND %s"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for first in range(1, rows + 1, ROWS_A_COMMIT):
                connection.execute(statement, [first, min(first + ROWS_A_COMMIT - 1, rows)])

    def touch(self, numbers: range, rate: float) -> dict[int, float]:
        """Change one row a transaction at an even rate; return when each commit returned, by its number."""

        def work(mine: range, begin: float, found: dict[int, float]) -> None:
            with psycopg.connect(self.dsn, autocommit=True) as connection:
                for number in mine:
                    time.sleep(max(0.0, begin + (number - numbers.start) / rate - time.monotonic()))
                    connection.execute(
                        "UPDATE public.warga SET alamat = %s WHERE id = %s", [f"{MARK}{number}", number % 5000 + 1]
                    )
                    found[number] = time.time()

        return share(numbers, work)

    def streams(self, name: str) -> bool:
        """Tell whether the slot of that name is read and has caught up with nothing left to copy."""
        statement = (
            "SELECT 1 FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid "
            "WHERE s.slot_name = %s AND r.state = 'streaming'"
        )
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(statement, [name]).fetchone() is not None

    def peer(self, name: str) -> Mapping[str, str]:
        """Return the properties by which Debezium reaches this office."""
        return {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            **address(self.dsn, "database.dbname"),
            "plugin.name": "pgoutput", "slot.name": name, "publication.name": name,
            "publication.autocreate.mode": "filtered", "table.include.list": self.table,
        }  # fmt: skip


def address(dsn: str, database: str) -> dict[str, str]:
    """Return a connection string as Debezium's properties; `database` names the property of the database."""
    url = urlsplit(dsn)
    return {
        "database.hostname": url.hostname or "", "database.port": str(url.port), "database.user": url.username or "",
        "database.password": unquote(url.password or ""), database: url.path.strip("/"),
    }  # fmt: skip


class Work(Protocol):
    """Writes the changes of these numbers, the first due at `begin`, and notes when each was committed."""

    def __call__(self, mine: range, begin: float, found: dict[int, float]) -> None:
        """Write them."""
        ...


def share(numbers: range, work: Work) -> dict[int, float]:
    """Have these numbers written by several sessions and return all their commits."""
    found: dict[int, float] = {}
    begin = time.monotonic() + 0.2
    threads = [
        threading.Thread(target=work, args=(numbers[at::WRITERS], begin, found), daemon=True) for at in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


class MariadbOffice:
    """MariaDB with its binlog."""

    engine = "mariadb"
    kind = "mysql_binlog"

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._at = address(dsn, "database.name")
        self.table = f"{self._at['database.name']}.warga"

    def create(self) -> None:
        """Make the table anew, empty."""
        with self._session() as cursor:
            cursor.execute("DROP TABLE IF EXISTS warga")
            cursor.execute(
                "CREATE TABLE warga (id bigint PRIMARY KEY, nik char(16), no_kk char(16), nama varchar(60) NOT NULL, "
                "jk char(1), tgl_lahir date, tempat_lahir varchar(60), nama_ibu varchar(60), alamat varchar(120), "
                "rt smallint, rw smallint, kode_desa char(10), hidup tinyint NOT NULL, diubah timestamp(6) NOT NULL)"
            )

    def insert(self, first: int, last: int) -> None:
        """Insert the rows of these numbers, a thousand a transaction."""
        statement = """
            INSERT INTO warga SELECT n, concat('99', lpad(n, 14, '0')), concat('99', lpad(n DIV 4, 14, '0')),
                concat('Warga Uji ', n), IF(n %% 2, 'P', 'L'), date_add('1950-01-01', INTERVAL n %% 25000 DAY),
                'Kota Uji', concat('Ibu Uji ', n DIV 3), concat('Jalan Percobaan Nomor ', n), n %% 20, n %% 9,
                concat('99', lpad(n %% 150, 8, '0')), 1, now(6)
            FROM (SELECT CAST(seq AS SIGNED) + %s AS n FROM seq_0_to_999) AS numbers WHERE n <= %s
        """
        with self._session() as cursor:
            for at in range(first, last + 1, ROWS_A_COMMIT):
                cursor.execute(statement, [at, last])

    def update(self, rows: int) -> None:
        """Change rows 1 to `rows`, a thousand a transaction."""
        statement = "UPDATE warga SET alamat = concat(alamat, ' A'), diubah = now(6) WHERE id BETWEEN %s AND %s"
        with self._session() as cursor:
            for first in range(1, rows + 1, ROWS_A_COMMIT):
                cursor.execute(statement, [first, min(first + ROWS_A_COMMIT - 1, rows)])

    def touch(self, numbers: range, rate: float) -> dict[int, float]:
        """Change one row a transaction at an even rate; return when each commit returned, by its number."""

        def work(mine: range, begin: float, found: dict[int, float]) -> None:
            with self._session() as cursor:
                for number in mine:
                    time.sleep(max(0.0, begin + (number - numbers.start) / rate - time.monotonic()))
                    cursor.execute("UPDATE warga SET alamat = %s WHERE id = %s", [f"{MARK}{number}", number % 5000 + 1])
                    found[number] = time.time()

        return share(numbers, work)

    def streams(self, name: str) -> bool:  # noqa: ARG002 - a server does not know its readers by name
        """Tell whether anybody reads the binlog; contenders run one at a time."""
        with self._session() as cursor:
            cursor.execute("SELECT count(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%%'")
            row = cursor.fetchone()
        return bool(row and row[0])

    def peer(self, name: str) -> Mapping[str, str]:
        """Return the properties by which Debezium reaches this office."""
        at = {key: value for key, value in self._at.items() if key != "database.name"}
        return {
            "connector.class": "io.debezium.connector.mariadb.MariaDbConnector", **at,
            "database.server.id": str(1_000_000 + zlib.crc32(name.encode()) % 1_000_000),
            "database.include.list": self._at["database.name"], "table.include.list": self.table,
            "schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory",
            "schema.history.internal.file.filename": f"{name}.history", "database.ssl.mode": "disable",
        }  # fmt: skip

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        at = self._at
        session = pymysql.connect(
            host=at["database.hostname"], port=int(at["database.port"]), user=at["database.user"],
            password=at["database.password"], database=at["database.name"], autocommit=True,
        )  # fmt: skip
        try:
            with session.cursor() as cursor:
                yield cursor
        finally:
            session.close()
