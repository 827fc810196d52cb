"""`bench diff`: a table without a watermark, compared whole; how fast, and with how much memory.

The office's table is a file of SQLite, so that the figure is the connector's own.  A process of its own reads it once,
then compares it: `python -m hub.bench.diff <rows> <folder>` prints one JSON object.  Kafka is left out: who confirms
at once is the swiftest one there is.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.kinds import sql_diff
from connectors.protocol import Batch, Connector, Position, Surroundings
from hub.bench import figure
from hub.wire import identity, log
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.clock import SystemClock
from hub.wire.contract import Contract
from hub.wire.errors import Halt

GIVE_UP_S = 3600.0
RSS_LIMIT_MB = 200.0
_MASTER = b"a secret of the bench, 32 bytes.."
_TABLE = "main.pasien"
_MAKE = """
CREATE TABLE pasien (no_rkm_medis text PRIMARY KEY, nm_pasien text, no_ktp text, jk text, tmp_lahir text,
    tgl_lahir text, nm_ibu text, alamat text, gol_darah text, pekerjaan text, stts_nikah text, agama text,
    tgl_daftar text, no_tlp text) WITHOUT ROWID;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {rows})
INSERT INTO pasien SELECT printf('%08d', i), 'PASIEN CONTOH ' || i, printf('1508%012d', i), iif(i % 2, 'L', 'P'),
    'MUARA BUNGO', date('1950-01-01', '+' || (i % 25000) || ' days'), 'IBU CONTOH ' || (i % 9999),
    'JL. LINTAS SUMATERA KM ' || (i % 300), 'O', 'WIRASWASTA', 'MENIKAH', 'ISLAM', '2020-01-01', '0812' || i FROM n;
"""


def measure(rows: int) -> str:
    """Return the figure's line."""
    with tempfile.TemporaryDirectory(prefix="satudata-bench-") as folder:
        with sqlite3.connect(Path(folder) / "simrs.db") as db:
            db.executescript(_MAKE.format(rows=rows))
        db.close()
        told = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", __name__, str(rows), folder], check=True, capture_output=True, text=True,
            timeout=GIVE_UP_S,
        )  # fmt: skip
    found = json.loads(told.stdout)
    return figure.line("sql_diff", rows=rows, **found, rss_limit_mb=RSS_LIMIT_MB, met=found["rss_mb"] <= RSS_LIMIT_MB)


def contract(folder: Path) -> Contract:
    """Return the contract of the hospital's table, at full speed."""
    os.environ["SIMRS_DSN"] = f"sqlite:///{folder / 'simrs.db'}"
    return Contract.model_validate({
        "source": {"name": "simrs", "kind": "sql_diff", "owner": "RSUD Contoh", "authority": "sector",
                   "legal_basis": "hanya pengukuran", "purpose": "pengukuran", "retention_days": 1,
                   "expires": "2099-12-31", "dsn": "env:SIMRS_DSN"},
        "table": [{"name": _TABLE, "entity": "person", "key": ["no_rkm_medis"],
                   "map": {"name": {"from": "nm_pasien", "with": "name"}}}],
        "options": {"state": str(folder / "state"), "every": "0s", "rows_per_s": 100_000_000, "page": 2000},
    })  # fmt: skip


def connector(folder: Path) -> Connector:
    """Return the kind's connector, on a registry in memory."""
    registry = MemoryRegistry()
    encode = Codec(registry, register=True).encode
    key, digest = identity.source_key(_MASTER, "simrs"), identity.digest_key(_MASTER, "simrs")
    around = Surroundings(key, registry, encode, lambda _topic: 3, SystemClock(), digest)
    return sql_diff.connector(contract(folder), around)


def _confirmed(source: Connector) -> Iterator[Batch]:
    """Yield what the source reads, each batch confirmed as soon as it was taken."""
    state: dict[str, str] = {}
    for batch in source.read(Position(1, source.open(None).identity)):
        if batch is not None:
            yield batch
            state |= {**(batch.reserve or {}), **(batch.state or {})}
            source.confirm(state)


def _work(rows: int, folder: Path) -> dict[str, Any]:
    source = connector(folder)
    begun, sent, first_s = time.perf_counter(), 0, 0.0
    for batch in _confirmed(source):
        sent += len(batch.messages)
        if not first_s and batch.state is not None and f"sql:read:{_TABLE}" in batch.state:
            first_s = time.perf_counter() - begun
            _change(folder / "simrs.db")
            begun = time.perf_counter()
        if (_TABLE, "d") in batch.counts:
            break
    compared_s = time.perf_counter() - begun
    source.close()
    if sent != rows + 3 + 2:
        raise Halt(f"{sent} messages for {rows} rows, one change and one delete: the bench read something else")
    return {
        "first_rows_per_s": round(rows / first_s),
        "compared_rows_per_s": round(rows / compared_s),
        "memory_file_mb": round((folder / "state" / "known.sqlite").stat().st_size / 1e6, 1),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _change(path: Path) -> None:
    """Change one row and delete another, so that the comparison has something to find."""
    with sqlite3.connect(path) as db:
        db.execute("UPDATE pasien SET alamat = 'PINDAH' WHERE no_rkm_medis = '00000007'")
        db.execute("DELETE FROM pasien WHERE no_rkm_medis = '00000008'")
    db.close()


if __name__ == "__main__":
    log.configure("bench", "error")
    print(json.dumps(_work(int(sys.argv[1]), Path(sys.argv[2]))))  # noqa: T201 - its output is what the parent reads
