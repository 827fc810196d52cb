"""Raw messages as a connector writes them: Debezium's envelope around rows of the three shipped tables."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import fastavro

from hub.wire import avro, version
from hub.wire.broker import Headers, Incoming
from hub.wire.topics import HEADER_VERSION, raw_topic

Row = dict[str, Any]
KEY = b"k" * 16
COMMIT_US = 1_780_000_000_000_000  # 2026-05-28
DECIMAL = "org.apache.kafka.connect.data.Decimal"


def semantic(avro_type: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": avro_type, "connect.version": 1, "connect.name": name, **more}


DATE = semantic("int", "io.debezium.time.Date")
MICROS = semantic("long", "io.debezium.time.MicroTimestamp")
ZONED = semantic("string", "io.debezium.time.ZonedTimestamp")
ENUM = semantic("string", "io.debezium.data.Enum", **{"connect.parameters": {"allowed": "L,P"}})
UUID = semantic("string", "io.debezium.data.Uuid")
JSON = semantic("string", "io.debezium.data.Json")
SHORT = {"type": "int", "connect.type": "int16"}


def decimal(scale: int, precision: int) -> dict[str, Any]:
    return semantic("bytes", DECIMAL, scale=scale, precision=precision, logicalType="decimal")


COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "dukcapil": {
        "id": "long", "nik": "string", "no_kk": "string", "nama_lgkp": "string", "jk": ENUM, "tgl_lhr": DATE,
        "tmpt_lhr": "string", "nama_ibu": "string", "alamat": "string", "no_rt": SHORT, "no_rw": SHORT,
        "kode_desa": "string", "status_kawin": SHORT, "status_hidup": "boolean", "pas_foto": "bytes",
        "diubah_pada": ZONED,
    },
    "dapodik": {
        "peserta_didik_id": UUID, "nama": "string", "jenis_kelamin": "string", "nik": "string", "no_kk": "string",
        "tempat_lahir": "string", "tanggal_lahir": DATE, "nama_ibu_kandung": "string", "alamat_jalan": "string",
        "rt": decimal(0, 2), "rw": decimal(0, 2), "kode_wilayah": "string", "nomor_telepon": "string",
        "nilai_rapor": "double", "riwayat_sekolah": JSON, "last_update": MICROS, "soft_delete": decimal(0, 1),
    },
    "dinsos": {
        "program": "string", "no_urut": "int", "nama_penerima": "string", "nik": "string", "no_kk": "string",
        "l_p": "string", "tgl_lahir": "string", "nama_ibu": "string", "alamat": "string", "kecamatan": "string",
        "no_hp": "string", "nominal": decimal(2, 15), "bansos": {"type": "array", "items": ["null", "string"]},
        "mulai": semantic("long", "io.debezium.time.MicroTime"),
    },
}  # fmt: skip
TABLES = {"dukcapil": "public.penduduk", "dapodik": "public.peserta_didik", "dinsos": "public.penerima"}
DUKCAPIL: Row = {
    "id": 7, "nik": "1508054107900001", "no_kk": "1508051203150007", "nama_lgkp": "SITI CONTOH", "jk": "P",
    "tgl_lhr": 7486, "tmpt_lhr": "MUARA BUNGO", "nama_ibu": "AMINAH", "alamat": "JL. CONTOH NO. 5", "no_rt": 7,
    "no_rw": 2, "kode_desa": "1508052001", "status_kawin": 2, "status_hidup": True, "pas_foto": b"\x00\xff",
    "diubah_pada": "2026-05-28T00:00:00.000000Z",
}  # fmt: skip
DAPODIK: Row = {
    "peserta_didik_id": "7f1d3a52-9c1e-4a8e-8f43-0c4f4f0f5b11", "nama": "Siti Contoh", "jenis_kelamin": "P",
    "nik": "1508055205140002", "no_kk": None, "tempat_lahir": "Muara Bungo", "tanggal_lahir": 16202,
    "nama_ibu_kandung": "Aminah", "alamat_jalan": "Gg. Contoh", "rt": b"\x05", "rw": b"\x0c",
    "kode_wilayah": "1509040 ", "nomor_telepon": "0812-7001-2345", "nilai_rapor": 88.5,
    "riwayat_sekolah": "[]", "last_update": COMMIT_US, "soft_delete": b"\x00",
}  # fmt: skip
DINSOS: Row = {
    "program": "PKH", "no_urut": 3, "nama_penerima": "Hj. Siti Contoh", "nik": "-", "no_kk": "1508051203150007",
    "l_p": "Perempuan", "tgl_lahir": "30/06/1990", "nama_ibu": "-", "no_hp": "+62 812-7001-2345",
    "alamat": "Jl. Contoh No. 5 RT 05/RW 02 Dusun Empelu", "kecamatan": "15.08.05", "nominal": b"\x07",
    "bansos": ["beras", None], "mulai": 0,
}  # fmt: skip
ROWS = {"dukcapil": DUKCAPIL, "dapodik": DAPODIK, "dinsos": DINSOS}


def schema_text(source: str, columns: Mapping[str, Any]) -> str:
    """Return the envelope's schema, as Debezium registers it."""
    topic = raw_topic(source, TABLES[source]).name
    fields = [{"name": name, "type": ["null", kind], "default": None} for name, kind in columns.items()]
    value = {"type": "record", "name": "Value", "fields": fields}
    origin = [{"name": "ts_ms", "type": "long"}, {"name": "ts_us", "type": ["null", "long"], "default": None}]
    block = {"type": "record", "name": "Source", "namespace": "io.debezium.connector.postgresql", "fields": origin}
    envelope = [
        {"name": "before", "type": ["null", value], "default": None},
        {"name": "after", "type": ["null", "Value"], "default": None},
        {"name": "source", "type": block},
        {"name": "op", "type": "string"},
        {"name": "ts_ms", "type": ["null", "long"], "default": None},
    ]
    return json.dumps({"type": "record", "name": "Envelope", "namespace": topic, "fields": envelope})


class Sender:
    """Writes raw messages of one table under a schema of its own."""

    def __init__(
        self, registry: avro.Registry, source: str, columns: Mapping[str, Any] | None = None, topic: str | None = None
    ) -> None:
        self.source = source
        self.topic = topic or raw_topic(source, TABLES[source]).name
        text = schema_text(source, columns or COLUMNS[source])
        self._frame = avro.frame(registry.register(f"{self.topic}-value", text, "NONE"))
        self._schema = fastavro.parse_schema(avro.plain(json.loads(text)))
        self._offset = 0

    def value(self, op: str, after: Row | None, before: Row | None = None, at: int = COMMIT_US) -> bytes:
        out = io.BytesIO()
        out.write(self._frame)
        source = {"ts_ms": at // 1000, "ts_us": at}
        datum = {"before": before, "after": after, "source": source, "op": op, "ts_ms": 1}
        fastavro.schemaless_writer(out, self._schema, datum)
        return out.getvalue()

    def message(
        self, value: bytes | None, *, key: bytes | None = KEY, headers: Headers = (), stamp: bytes | None = None,
        partition: int = 1,
    ) -> Incoming:  # fmt: skip
        stamped = version.stamp(1, 100, 0) if stamp is None else stamp
        self._offset += 1
        return Incoming(
            self.topic, partition, self._offset, key, value, ((HEADER_VERSION, stamped), *headers), COMMIT_US // 1000
        )

    def change(self, op: str, row: Row | None, **message: Any) -> Incoming:
        after, before = (None, row) if op == "d" else (row, None)
        return self.message(self.value(op, after, before), **message)
