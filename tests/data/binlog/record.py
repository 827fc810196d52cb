"""Records the binlog fixtures beside this file from an embedded MariaDB 11.4: `python -m tests.data.binlog.record`.

Each `<name>.bin` is a server's binlog without its four magic bytes; `<table>.json` holds what the same server says of
a table: its catalogue, and its rows in the text protocol.  The people are invented.  Times and ids differ from run to
run; no test looks at them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql

from connectors.kinds.mysql_binlog.columns import CATALOGUE, from_catalogue
from connectors.kinds.mysql_binlog.types import select
from hub.platform.mariadb import MariaDB, programs
from hub.platform.ports import Ports
from hub.wire.settings import Settings

HERE = Path(__file__).parent
SEMUA = """
CREATE TABLE semua (
 id BIGINT UNSIGNED NOT NULL PRIMARY KEY, t TINYINT, tu TINYINT UNSIGNED, b BOOL, y YEAR, si SMALLINT,
 su SMALLINT UNSIGNED, mi MEDIUMINT, mu MEDIUMINT UNSIGNED ZEROFILL, i INT, iu INT UNSIGNED, bi BIGINT, f FLOAT,
 fd FLOAT(7,2), d DOUBLE, dd DOUBLE(10,3), n DECIMAL(15,2), n2 DECIMAL(65,30) UNSIGNED, n3 DECIMAL(5,0) ZEROFILL,
 n4 DECIMAL(9,9), b1 BIT(1), b9 BIT(9), b64 BIT(64), dt DATE, tm TIME, tm3 TIME(3), tm6 TIME(6), dtm DATETIME,
 dtm1 DATETIME(1), dtm6 DATETIME(6), ts TIMESTAMP NULL, ts6 TIMESTAMP(6) NULL, c CHAR(10), cw CHAR(255),
 cl CHAR(5) CHARACTER SET latin1, v VARCHAR(50), vl VARCHAR(300) CHARACTER SET latin1, v3 VARCHAR(2000), bn BINARY(5),
 vb VARBINARY(300), tt TINYTEXT, tx TEXT, mt MEDIUMTEXT, lt LONGTEXT, tb TINYBLOB, bb BLOB, mb MEDIUMBLOB, lb LONGBLOB,
 e ENUM('L','P','é,x'), e2 ENUM('a''b') CHARACTER SET latin1, s SET('x','y','z'), j JSON, u UUID, i4 INET4, i6 INET6,
 g GEOMETRY, p POINT, vc INT AS (i DIV 2) VIRTUAL, st INT AS (i DIV 3) STORED, inv INT INVISIBLE DEFAULT 7,
 txc TEXT COMPRESSED, vcc VARCHAR(100) COMPRESSED, tx2 TEXT CHARACTER SET ucs2, `ko`` lom` INT NOT NULL DEFAULT 9
) CHARACTER SET utf8mb4"""
VALUES: dict[str, list[str]] = {
    "t": ["-128", "127", "0"], "tu": ["255", "0"], "b": ["1", "0", "5"], "y": ["2155", "0", "1901"],
    "si": ["-32768", "32767"], "su": ["65535"], "mi": ["-8388608", "8388607"], "mu": ["16777215", "7"],
    "i": ["-2147483648", "2147483647", "8191", "8192"], "iu": ["4294967295"],
    "bi": ["-9223372036854775808", "9223372036854775807", "-1"],
    "f": ["0.1", "-3.4028234e38", "1.17549435e-38", "16777217", "-0e0", "'0.3333333333333'"], "fd": ["12345.67"],
    "d": ["0.1", "1.7976931348623157e308", "5e-324", "-0e0", "123456789.123456789"], "dd": ["1234567.891"],
    "n": ["9999999999999.99", "-0.01", "0", "-9999999999999.99"],
    "n2": ["12345678901234567890123456789012345.123456789012345678901234567891", "0.000000000000000000000000000001"],
    "n3": ["99999", "7"], "n4": ["0.123456789", "-0.999999999"], "b1": ["b'1'", "b'0'"],
    "b9": ["b'101010101'", "b'1'"], "b64": ["b'1'", "18446744073709551615"],
    "dt": ["'0000-00-00'", "'1000-01-01'", "'9999-12-31'", "'1969-12-31'", "'2026-11-24'"],
    "tm": ["'-838:59:59'", "'838:59:59'", "'-00:00:01'"], "tm3": ["'-01:01:01.001'", "'-00:00:00.5'", "'23:59:59.999'"],
    "tm6": ["'-01:01:01.000001'", "'-838:59:58.999999'", "'00:00:00.000001'"],
    "dtm": ["'0000-00-00'", "'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'"],
    "dtm1": ["'1969-12-31 23:59:59.9'", "'0000-00-00'"],
    "dtm6": ["'1969-12-31 23:59:59.999999'", "'2024-02-29 12:13:14.000001'", "'0000-00-00'"],
    "ts": ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", "'0000-00-00 00:00:00'"],
    "ts6": ["'2038-01-19 03:14:07.999999'", "'2024-02-29 12:00:00.1'", "'0000-00-00 00:00:00'"],
    "c": ["'ab'", "'é  '", "'\U0001f600'"], "cw": ["'x'", "REPEAT('é',255)"], "cl": ["'é€'", "''"],
    "v": ["''", "' a '", "'SITI AMINAH'"], "vl": ["'é€'", "REPEAT('ÿ',300)"], "v3": ["REPEAT('日',100)", "''"],
    "bn": ["X'0100'", "X'0000000000'", "X'FF00FF0000'"], "vb": ["X'0100'", "REPEAT(X'00',300)"], "tt": ["'é'"],
    "tx": ["REPEAT('é',300)", "''"], "mt": ["'x'"], "lt": ["''", "REPEAT('x',4200)"], "tb": ["X'00'"], "bb": ["X'FF'"],
    "mb": ["''"], "lb": ["X'00FF'"], "e": ["'L'", "'é,x'", "''"], "e2": ["\"a'b\""], "s": ["'x,z'", "''", "'z,y,x'"],
    "j": ["'{\"b\": 1.50,  \"a\":[1, 2]}'"],
    "u": ["'00112233-4455-1677-8899-aabbccddee00'", "'00112233-4455-4677-8899-aabbccddeeff'",
          "'00112233-4455-7677-8899-aabbccddeeff'", "'00000000-0000-0000-0000-000000000000'"],
    "i4": ["'10.0.0.0'", "'255.255.255.1'"],
    "i6": ["'::ffff:1.2.3.4'", "'1:0:0:2:0:0:0:0'", "'::'", "'::1'", "'::0.1.0.2'", "'1:2:3:4:5:6:7:0'"],
    "g": ["ST_GeomFromText('LINESTRING(1 2,3 4)',4326)", "ST_GeomFromText('POINT(1 2)')"],
    "p": ["ST_GeomFromText('POINT(-0.5 1e300)',4326)", "ST_GeomFromText('POINT(1 2)')"],
    "txc": ["REPEAT('é',300)", "'s'", "''"], "vcc": ["REPEAT('é',90)", "''"], "tx2": ["'é日\U0001f600'", "''"],
}  # fmt: skip
ROWS = 6
WARGA = "CREATE TABLE warga (id INT NOT NULL PRIMARY KEY, nama TEXT, lahir DATE NOT NULL, catatan TEXT)"
PERUBAHAN = [
    "INSERT INTO warga VALUES (1,'SITI','1980-02-03',NULL),(2,'BUDI','1980-00-00','a'),(3,'UPIK','0000-00-00','b')",
    "UPDATE warga SET nama='SITI AMINAH' WHERE id=1", "UPDATE warga SET id=20 WHERE id=2",
    "DELETE FROM warga WHERE id=3",
    "SET SESSION binlog_row_image=MINIMAL", "UPDATE warga SET nama='SITI A' WHERE id=1",
    "DELETE FROM warga WHERE id=20",
    "SET SESSION binlog_row_image=NOBLOB", "UPDATE warga SET lahir='1981-01-01' WHERE id=1",
    "SET SESSION binlog_row_image=FULL", "ALTER TABLE warga ADD COLUMN rt INT", "UPDATE warga SET rt=7",
    "BEGIN", "INSERT INTO warga VALUES (4,'A','2000-01-01',NULL,1)", "SAVEPOINT a", "ROLLBACK TO a", "COMMIT",
    "XA START 'x'", "INSERT INTO warga VALUES (5,'B','2000-01-01',NULL,1)", "XA END 'x'", "XA PREPARE 'x'",
    "XA COMMIT 'x'", "SET SESSION binlog_format=STATEMENT", "UPDATE warga SET rt=8 WHERE id=5",
    "SET SESSION binlog_format=ROW", "TRUNCATE TABLE warga",
]  # fmt: skip
PADAT = [
    f"INSERT INTO warga VALUES (1,'{'SITI ' * 80}','1980-02-03',NULL),(2,'{'BUDI ' * 80}','1980-02-04','a')",
    f"UPDATE warga SET catatan='{'x' * 300}'", "DELETE FROM warga WHERE id=1",
    f"CREATE TABLE lain (id INT COMMENT '{'panjang ' * 40}')",
]  # fmt: skip
UMUM = """
CREATE TABLE umum (
 id INT NOT NULL PRIMARY KEY, t TINYINT, tu TINYINT UNSIGNED, si SMALLINT, su SMALLINT UNSIGNED, mi MEDIUMINT,
 mu MEDIUMINT UNSIGNED ZEROFILL, i INT, iu INT UNSIGNED, bi BIGINT, d DOUBLE, dd DOUBLE(10,3), n DECIMAL(15,2),
 n2 DECIMAL(65,30) UNSIGNED, n3 DECIMAL(5,0) ZEROFILL, n4 DECIMAL(9,9), dt DATE, tm TIME, dtm DATETIME,
 dtm6 DATETIME(6), c CHAR(10), cw CHAR(255), v VARCHAR(50), v3 VARCHAR(2000), tx TEXT, lt LONGTEXT,
 vb VARBINARY(300), bb BLOB, lb LONGBLOB, e ENUM('L','P','é,x')
) CHARACTER SET utf8mb4"""
"""What another reader of binlogs can read as well."""
LAMA = (
    "CREATE TABLE lama (id INT NOT NULL PRIMARY KEY, t TIME, dt DATETIME, ts TIMESTAMP NULL, d DATE, e ENUM('a','b'))"
)


class Recorder:
    """A server, and the files that it wrote."""

    def __init__(self, server: MariaDB) -> None:
        self._server = server

    def session(self, **given: Any) -> Any:
        """Return a session."""
        url = urlsplit(self._server.endpoint)
        return pymysql.connect(
            host=url.hostname or "", port=url.port or 0, user=url.username, password=unquote(url.password or ""),
            database="uji", autocommit=True, charset="utf8mb4", **given,
        )  # fmt: skip

    def record(self, name: str, table: str, make: str, statements: Sequence[str], **globals_: str) -> None:
        """Write one pair of files."""
        with self.session() as session, session.cursor() as cursor:
            for variable, value in globals_.items():
                cursor.execute(f"SET GLOBAL {variable}={value}")
            for told in (f"DROP TABLE IF EXISTS {table}, lain", make, "RESET MASTER"):
                cursor.execute(told)
        with self.session() as session, session.cursor() as cursor:
            for told in ("SET sql_mode=''", "SET time_zone='+00:00'", *statements, "FLUSH BINARY LOGS"):
                cursor.execute(told)
        log = (self._server.folder / "data" / "binlog.000001").read_bytes()
        (HERE / f"{name}.bin").write_bytes(log[4:])
        (HERE / f"{table}.json").write_text(json.dumps(self.told(table), indent=1, ensure_ascii=True) + "\n")

    def told(self, table: str) -> dict[str, Any]:
        """Return what the server says of the table, as a snapshot would be told."""
        with self.session() as session, session.cursor() as cursor:
            cursor.execute(CATALOGUE, ("uji", table))
            catalogue = [list(row) for row in cursor.fetchall()]
        wanted = [select(column) for column in from_catalogue(catalogue)]
        with self.session(use_unicode=False, conv={}) as session, session.cursor() as cursor:
            cursor.execute("SET sql_mode='', time_zone='+00:00'")
            cursor.execute(f"SELECT {','.join(wanted)} FROM {table} ORDER BY id")
            rows = [[None if value is None else value.hex() for value in row] for row in cursor.fetchall()]
        return {"catalogue": catalogue, "select": wanted, "rows": rows}


def main() -> None:
    """Record them all."""
    full = {"binlog_row_metadata": "FULL", "binlog_checksum": "CRC32", "log_bin_compress": "OFF"}
    names = ["id", *VALUES]
    rows = [[str(n + 1), *(texts[n % len(texts)] for texts in VALUES.values())] for n in range(ROWS)]
    some = [f"INSERT INTO semua ({','.join(names)}) VALUES {','.join('(' + ','.join(row) + ')' for row in rows)}",
            "INSERT INTO semua (id) VALUES (18446744073709551615)"]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        server = MariaDB("uji", home, programs(Settings().cache), Ports(home / "ports.json"))
        server.start()
        try:
            recorder = Recorder(server)
            recorder.record("semua", "semua", SEMUA, some, **full)
            recorder.record("polos", "semua", SEMUA, some, **{**full, "binlog_row_metadata": "NO_LOG"})
            recorder.record("sedikit", "semua", SEMUA, some,
                            **{**full, "binlog_row_metadata": "MINIMAL", "binlog_checksum": "NONE"})  # fmt: skip
            wanted = [n for n, name in enumerate(names) if f" {name} " in UMUM.replace("\n", " ")]
            recorder.record("umum", "umum", UMUM, [
                f"INSERT INTO umum ({','.join(names[n] for n in wanted)}) VALUES "
                + ",".join("(" + ",".join(row[n] for n in wanted) + ")" for row in rows),
                "INSERT INTO umum (id) VALUES (99)",
            ], **full)  # fmt: skip
            recorder.record("perubahan", "warga", WARGA, PERUBAHAN, **full)
            recorder.record("padat", "warga", WARGA, PADAT, **{**full, "log_bin_compress": "ON"})
            recorder.record("lama", "lama", LAMA, [
                "INSERT INTO lama VALUES (1,'-838:59:59','2026-11-24 01:02:03','2026-11-24 01:02:03','2026-11-24','a'),"
                "(2,'00:00:01','0000-00-00','0000-00-00','0000-00-00','b'),(3,NULL,NULL,NULL,NULL,NULL)",
            ], **full, mysql56_temporal_format="OFF")  # fmt: skip
        finally:
            server.stop()


if __name__ == "__main__":
    main()
