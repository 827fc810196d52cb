"""The database under capture: one table of fourteen columns with before images, and its load.

Every value is made from the row's number; the identity numbers begin with 99, which no province has.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import unquote, urlsplit

import psycopg

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

    def insert(self, rows: int) -> None:
        """Insert rows 1 to `rows`, a thousand a transaction."""
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

    def insert(self, rows: int) -> None:
        """Insert rows 1 to `rows`, a thousand a transaction."""
        statement = """
            INSERT INTO public.warga SELECT n, '99' || lpad(n::text, 14, '0'), '99' || lpad((n / 4)::text, 14, '0'),
                'Warga Uji ' || n, CASE n %% 2 WHEN 0 THEN 'L' ELSE 'P' END, date '1950-01-01' + (n %% 25000)::int,
                'Kota Uji', 'Ibu Uji ' || n / 3, 'Jalan Percobaan Nomor ' || n, n %% 20, n %% 9,
                '99' || lpad((n %% 150)::text, 8, '0'), true, now()
            FROM generate_series(%s::bigint, %s::bigint) AS n
        """
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for first in range(1, rows + 1, ROWS_A_COMMIT):
                connection.execute(statement, [first, min(first + ROWS_A_COMMIT - 1, rows)])

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
