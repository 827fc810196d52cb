"""Every type that is captured: the value is Debezium's, and snapshot and stream give the same bytes for it."""

import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

from hub.wire import contract as contracts
from hub.wire.avro import plain
from hub.wire.broker import Incoming
from hub.wire.version import unpack
from tests.integration.connectors.wal import WARGA, WalStage, staged, was_read
from tests.suites.connector import build, changes, running, until, version

ROOT = Path(__file__).resolve().parents[3]
DDL = """
CREATE TYPE suasana AS ENUM ('senang', 'biasa', 'sedih');
CREATE DOMAIN kode AS varchar(5);
CREATE DOMAIN rupiah AS numeric(12, 2);
CREATE TABLE public.warga (
    id int PRIMARY KEY, nama text, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric(8, 2), nv numeric,
    v varchar(9), c char(4), nm name, d date, t time, t3 time(3), tz timetz, ts timestamp, ts3 timestamp(3),
    tstz timestamptz, u uuid, j json, jb jsonb, by bytea, e suasana, dk kode, dr rupiah,
    ai int[], at text[], an numeric[], ats timestamp[], ae suasana[], wajib text NOT NULL DEFAULT ''
);
ALTER TABLE public.warga REPLICA IDENTITY FULL
"""
ORDINARY = {
    "b": "true", "i2": "-7", "i8": "9223372036854775807", "f4": "0.1", "f8": "-1.5e300", "n": "1234.5",
    "nv": "-0.00012", "v": "'a\tb\\c'", "c": "'x'", "nm": "'nama'", "d": "'2026-11-24'", "t": "'13:04:05.678901'",
    "t3": "'13:04:05.678'", "tz": "'13:04:05.5+07'", "ts": "'2026-11-24 01:02:03.000007'",
    "ts3": "'2026-11-24 01:02:03.5'", "tstz": "'2026-11-24 08:02:03.25+07'",
    "u": "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "j": "'{\"a\":  1}'", "jb": "'{\"b\": 2, \"a\":  1}'",
    "by": "'\\x00ff5c0a'", "e": "'biasa'", "dk": "'15.08'", "dr": "-10", "ai": "'{1,NULL,-3}'",
    "at": "ARRAY['a,b', 'NULL', NULL, 'q\"\\', '']", "an": "'{1.50,2}'", "ats": "'{2026-11-24 00:00:00}'",
    "ae": "'{sedih,senang}'", "wajib": "E'baris\\nbaru\\t\\\\N'",
}  # fmt: skip
EXPECTED: dict[str, Any] = {
    "b": True, "i2": -7, "i8": 2**63 - 1, "f4": struct.unpack("<f", struct.pack("<f", 0.1))[0], "f8": -1.5e300,
    "n": (123450).to_bytes(3, "big"), "nv": {"scale": 5, "value": b"\xf4"}, "v": "a\tb\\c", "c": "x   ", "nm": "nama",
    "d": 20781, "t": 47045678901, "t3": 47045678, "tz": "06:04:05.5Z", "ts": 1795482123000007, "ts3": 1795482123500,
    "tstz": "2026-11-24T01:02:03.25Z", "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "j": '{"a":  1}',
    "jb": '{"a": 1, "b": 2}', "by": b"\x00\xff\x5c\x0a", "e": "biasa", "dk": "15.08",
    "dr": (-1000).to_bytes(2, "big", signed=True),
    "ai": [1, None, -3], "at": ["a,b", "NULL", None, 'q"\\', ""],
    "an": [{"scale": 2, "value": b"\x00\x96"}, {"scale": 0, "value": b"\x02"}], "ats": [1795478400000000],
    "ae": ["sedih", "senang"], "wajib": "baris\nbaru\t\\N",
}  # fmt: skip
EDGES = {
    "f4": "'NaN'", "f8": "'-Infinity'", "d": "'0044-03-15 BC'", "t": "'24:00:00'", "ts": "'infinity'",
    "ts3": "'-infinity'", "tstz": "'0044-03-15 00:00:00+00 BC'", "n": "-0.01", "i2": "-32768",
    "i8": "-9223372036854775808",
    "at": "'{}'", "by": "''", "v": "''", "c": "''",
}  # fmt: skip


@pytest.fixture
def typed(opd_database: str, kafka: str, registry: str) -> Iterator[WalStage]:
    with staged(opd_database, kafka, registry, DDL) as stage:
        yield stage


@pytest.fixture
def typed16(opd16_database: str) -> Iterator[WalStage]:
    with staged(opd16_database, ddl=DDL) as stage:
        yield stage


def insert(stage: WalStage, number: int, row: dict[str, str]) -> None:
    columns, values = ["id", "nama", *row], [str(number), "'NAMA'", *row.values()]
    stage.run_sql(f"INSERT INTO warga ({', '.join(columns)}) VALUES ({', '.join(values)})")


def read_twice(stage: WalStage) -> tuple[dict[int, Incoming], dict[int, Incoming]]:
    """Take the rows by snapshot, then touch each so that the stream has it too."""
    with running(build(stage)):
        until(lambda: was_read(stage))
        first = {stage.decode(m)["after"]["id"]: m for m in changes(stage)}
        stage.run_sql("UPDATE warga SET id = id")
        until(lambda: len(changes(stage)) == 2 * len(first))
    last = {stage.decode(m)["after"]["id"]: m for m in changes(stage) if unpack(version(m)).minor}
    return first, last


def row_bytes(stage: WalStage, message: Incoming, image: str) -> bytes:
    """Return a row as fastavro would write it, by the message's own schema."""
    schema = json.loads(stage.registry.schema(int.from_bytes((message.value or b"")[1:5], "big")))
    row = plain(schema["fields"][0]["type"][1])
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema({"namespace": "t", **row}), stage.decode(message)[image])
    return out.getvalue()


@pytest.mark.parametrize("server", ["typed", "typed16"])
def test_each_type_has_debezium_s_value_in_snapshot_and_stream(server: str, request: pytest.FixtureRequest) -> None:
    stage: WalStage = request.getfixturevalue(server)
    insert(stage, 1, ORDINARY)
    insert(stage, 2, {})
    insert(stage, 3, EDGES)
    snapshot, stream = read_twice(stage)
    ordinary, empty, edges = (stage.decode(snapshot[number])["after"] for number in (1, 2, 3))
    assert {name: ordinary[name] for name in EXPECTED} == EXPECTED
    assert {name: value for name, value in empty.items() if value is not None} == {"id": 2, "nama": "NAMA", "wajib": ""}
    assert (repr(edges["f4"]), edges["f8"], edges["d"], edges["t"]) == ("nan", float("-inf"), -735160, 86400000000)
    assert (edges["ts"], edges["ts3"]) == (9223372036825200000, -9223372036832400000)
    assert edges["tstz"] == "-0043-03-15T00:00:00Z"
    assert (edges["at"], edges["by"], edges["v"], edges["c"], edges["n"]) == ([], b"", "", "    ", b"\xff")
    for number, first in snapshot.items():
        row, frame = row_bytes(stage, first, "after"), (first.value or b"")[:5]
        assert (first.value or b"").startswith(frame + b"\0\2" + row)
        assert (stream[number].value or b"").startswith(frame + b"\2" + row + b"\2" + row)
        assert first.key == stream[number].key


def test_the_source_block_tells_where_and_when(typed: WalStage) -> None:
    insert(typed, 1, {})
    snapshot, stream = read_twice(typed)
    first, last = typed.decode(snapshot[1]), typed.decode(stream[1])
    assert (first["op"], last["op"]) == ("r", "u")
    assert (first["source"]["snapshot"], last["source"]["snapshot"]) == ("true", "false")
    for datum in (first, last):
        source = datum["source"]
        assert (source["connector"], source["schema"], source["table"]) == ("postgresql", "public", "warga")
        assert source["name"] == f"raw.{typed.contract.source.name}"
        assert source["ts_us"] // 1000 == source["ts_ms"]
        assert abs(datum["ts_us"] - source["ts_us"]) < 60_000_000
    assert last["source"]["lsn"] >= first["source"]["lsn"]
    assert json.loads(last["source"]["sequence"])[1] == str(last["source"]["lsn"])


def test_a_padded_key_has_one_id_whatever_its_padding(opd_database: str, kafka: str, registry: str) -> None:
    ddl = WARGA.replace("id int PRIMARY KEY", "id char(8) PRIMARY KEY")
    with staged(opd_database, kafka, registry, ddl) as stage:
        stage.run_sql("INSERT INTO warga VALUES ('AB', 'SATU')")
        with running(build(stage)):
            until(lambda: was_read(stage))
            stage.run_sql("ALTER TABLE warga ALTER COLUMN id TYPE char(12)")
            stage.run_sql("UPDATE warga SET nama = 'DUA' WHERE id = 'AB'")
            until(lambda: len(changes(stage)) == 2)
        assert len({m.key for m in changes(stage)}) == 1


@pytest.mark.parametrize(
    ("office", "table", "insert_row"),
    [
        ("dukcapil", "public.penduduk", "INSERT INTO penduduk (nik, nama_lgkp, jk, tgl_lhr, no_rt, pas_foto) "
         "SELECT lpad(n::text, 16, '0'), 'WARGA ' || n, 'L', '1990-01-01', 3, '\\xffd8' FROM generate_series(1, 50) n"),
        ("dapodik", "public.peserta_didik", "INSERT INTO peserta_didik (peserta_didik_id, nama, jenis_kelamin, rt, "
         "kode_wilayah, nilai_rapor, riwayat_sekolah) SELECT gen_random_uuid(), 'SISWA ' || n, 'P', 5, '1508010', "
         "88.5, '[{\"kelas\": 1}]' FROM generate_series(1, 50) n"),
        ("dinsos", "public.penerima", "INSERT INTO penerima (program, no_urut, nama_penerima, nominal, bansos, mulai) "
         "SELECT 'PKH', n, 'PENERIMA ' || n, 750000.50, "
         "'{beras,\"minyak, gula\"}', '08:00' FROM generate_series(1, 50) n"),
    ],
)  # fmt: skip
def test_the_demo_s_offices_are_captured_with_every_column(
    opd_database: str, kafka: str, registry: str, office: str, table: str, insert_row: str
) -> None:
    ddl = (ROOT / "hub" / "demo" / "systems" / f"{office}.sql").read_text()
    shipped = contracts.load(contracts.SHIPPED / f"{office}.toml").table_named(table)
    with staged(opd_database, kafka, registry, ddl) as stage:
        whole = shipped.model_copy(update={"ignore": ()})
        stage.contract = stage.contract.model_copy(update={"table": (whole,)})
        stage.run_sql(insert_row)
        topic = f"raw.{stage.contract.source.name}.{table}"
        with running(build(stage)):
            until(lambda: was_read(stage))
            stage.run_sql(f"UPDATE {table} SET {whole.key[0]} = {whole.key[0]}")
            until(lambda: sum(high for _, high in stage.log.bounds(topic).values()) == 50 + 3 + 50)
        found = [stage.decode(m) for m in stage.log.read(topic) if not any(name == "kind" for name, _ in m.headers)]
        live = {row[0] for row in stage.run_sql("SELECT attname FROM pg_attribute WHERE attnum > 0 AND "
                                                "attrelid = %s::regclass", table)}  # fmt: skip
        assert {frozenset(datum["after"]) for datum in found} == {frozenset(live)}
        by_key: dict[str, list[Any]] = {}
        for datum in found:
            by_key.setdefault(str([datum["after"][part] for part in whole.key]), []).append(datum["after"])
        assert len(by_key) == 50
        assert all(first == last for first, last in by_key.values())
