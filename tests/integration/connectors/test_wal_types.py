"""Every type that is captured: the value is Debezium's, and snapshot and stream give the same bytes for it."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

from hub.wire import contract as contracts
from hub.wire.avro import plain
from hub.wire.broker import Incoming
from hub.wire.version import unpack
from tests.integration.connectors import parity
from tests.integration.connectors.wal import WARGA, WalStage, staged, was_read
from tests.suites.connector import build, changes, running, until, version

ROOT = Path(__file__).resolve().parents[3]
LACKING = {"opd_database": {"citext", "isn", "ltree", "hstore", "cube"}, "opd15_database": {"vector"}}
LACKING |= {"opd16_database": LACKING["opd_database"], "opd13_database": LACKING["opd15_database"]}
"""Extensions that a server does not have; another one has them."""


@pytest.fixture
def typed(opd_database: str, kafka: str, registry: str) -> Iterator[WalStage]:
    with staged(opd_database, kafka, registry) as stage:
        yield stage


def read_twice(stage: WalStage) -> tuple[dict[int, Incoming], dict[int, Incoming]]:
    """Take the rows by snapshot, then touch each so that the stream has it too."""
    with running(build(stage)):
        until(lambda: was_read(stage))
        first = {int(stage.decode(m)["after"]["id"]): m for m in changes(stage)}
        stage.run_sql("UPDATE warga SET id = id")
        until(lambda: len(changes(stage)) == 2 * len(first))
    last = {int(stage.decode(m)["after"]["id"]): m for m in changes(stage) if unpack(version(m)).minor}
    return first, last


def schema_of(stage: WalStage, message: Incoming) -> Any:
    return json.loads(stage.registry.schema(int.from_bytes((message.value or b"")[1:5], "big")))


def row_bytes(stage: WalStage, message: Incoming, image: str) -> bytes:
    """Return a row as fastavro would write it, by the message's own schema."""
    row = plain(schema_of(stage, message)["fields"][0]["type"][1])
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema({"namespace": "t", **row}), stage.decode(message)[image])
    return out.getvalue()


def check_equal(stage: WalStage, first: Incoming, last: Incoming) -> None:
    """Snapshot and stream wrote the same row, and wrote it as fastavro would."""
    row, frame = row_bytes(stage, first, "after"), (first.value or b"")[:5]
    assert (first.value or b"").startswith(frame + b"\0\2" + row)
    assert (last.value or b"").startswith(frame + b"\2" + row + b"\2" + row)
    assert first.key == last.key


@pytest.mark.parametrize("server", ["opd_database", "opd16_database", "opd15_database", "opd13_database"])
def test_each_type_is_debezium_s_in_snapshot_and_stream(server: str, request: pytest.FixtureRequest) -> None:
    every = parity.kinds("postgres")
    with staged(request.getfixturevalue(server)) as stage:
        wanted = parity.available(stage.sql, every)
        expected = dict(parity.fill(stage.sql, wanted))
        snapshot, stream = read_twice(stage)
        schema = schema_of(stage, snapshot[0])
        fields = {f["name"]: f["type"] for f in parity.spread(schema["fields"][0]["type"][1]["fields"], {})}
        assert {kind.sql: fields[kind.column] for kind in wanted} == {k.sql: ["null", k.schema] for k in wanted}
        for number, first in snapshot.items():
            after = stage.decode(first)["after"]
            wrong = {
                kind.sql: (after[kind.column], expected[number][kind.column])
                for kind in wanted
                if not parity.same(after[kind.column], expected[number][kind.column])
            }
            assert wrong == {}
            check_equal(stage, first, stream[number])
    absent = {kind.needs for kind in every if kind not in wanted and kind.needs}
    assert absent - {"xml"} == LACKING[server]


def test_debian_s_server_has_what_the_packaged_ones_lack(opd15_database: str) -> None:
    with staged(opd15_database) as stage:
        known = {kind.needs for kind in parity.available(stage.sql, parity.kinds("postgres"))}
        assert known >= LACKING["opd_database"] | {"xml"}


@pytest.mark.parametrize(
    ("sql", "value", "text"),
    [
        ("numeric(6,2)", "'NaN'", "NaN"), ("numeric", "'NaN'", "NaN"), ("int[]", "'{{1,2},{3,4}}'", "{{1,2},{3,4}}"),
        ("interval", "'178000000 years'", "P178000000Y"), ("varbit(1)", "B''", ""),
        ("numeric[]", "'{1,NaN}'", "{1,NaN}"),
    ],
)  # fmt: skip
def test_a_value_without_a_place_in_its_type_makes_its_row_text(
    opd_database: str, sql: str, value: str, text: str
) -> None:
    with staged(opd_database) as stage:
        stage.run_sql(f"ALTER TABLE warga ADD COLUMN x {sql}, ADD COLUMN d date")
        stage.run_sql(f"INSERT INTO warga VALUES (1, 'SATU', {value}, '2026-11-24'), (2, 'DUA', NULL, '2026-11-24')")
        snapshot, stream = read_twice(stage)
        for message in (snapshot[1], stream[1]):
            assert stage.decode(message)["after"] == {"id": "1", "nama": "SATU", "x": text, "d": "2026-11-24"}
        assert stage.decode(stream[2])["after"] == {"id": 2, "nama": "DUA", "x": None, "d": 20781}
        check_equal(stage, snapshot[1], stream[1])


def test_money_is_read_whatever_the_database_s_locale_makes_of_it(opd_database: str) -> None:
    with staged(opd_database) as stage:
        stage.run_sql("ALTER TABLE warga ADD COLUMN uang money")
        stage.run_sql("INSERT INTO warga VALUES (1, 'A', -1234567.89)")
        snapshot, stream = read_twice(stage)
        for message in (snapshot[1], stream[1]):
            assert int.from_bytes(stage.decode(message)["after"]["uang"], "big", signed=True) == -123456789


def test_an_office_s_own_ways_of_writing_values_change_nothing(opd_database: str) -> None:
    with staged(opd_database) as stage:
        name = opd_database.rpartition("/")[2]
        for way in ("datestyle = 'German, DMY'", "intervalstyle = 'sql_standard'", "timezone = 'Asia/Jakarta'",
                    "bytea_output = 'escape'", "extra_float_digits = -3", "xmloption = 'document'"):  # fmt: skip
            stage.run_sql(f"ALTER DATABASE {name} SET {way}")
        stage.run_sql("ALTER TABLE warga ADD COLUMN d date, ADD COLUMN i interval, ADD COLUMN z timestamptz, "
                      "ADD COLUMN b bytea, ADD COLUMN f float8, ADD COLUMN r tstzrange")  # fmt: skip
        stage.run_sql("INSERT INTO warga VALUES (1, 'A', '2026-11-24', '1 mon', '2026-11-24 07:00+07', '\\x00', "
                      "0.1234567890123456, '[2026-11-24 07:00+07,)')")  # fmt: skip
        snapshot, stream = read_twice(stage)
        assert stage.decode(snapshot[1])["after"] == {
            "id": 1, "nama": "A", "d": 20781, "i": 2629800000000, "z": "2026-11-24T00:00:00.000000Z", "b": b"\0",
            "f": 0.1234567890123456, "r": '["2026-11-24 00:00:00+00",)',
        }  # fmt: skip
        check_equal(stage, snapshot[1], stream[1])


def test_the_source_block_tells_where_and_when(typed: WalStage) -> None:
    typed.run_sql("INSERT INTO warga VALUES (1, 'NAMA')")
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
            until(lambda: {"u", "r"} <= {stage.decode(m)["op"] for m in changes(stage)[1:]})  # it is read anew too
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
