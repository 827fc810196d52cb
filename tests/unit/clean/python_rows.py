"""The rows of `raw.py` as a database driver gives them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.unit.clean.raw import DAPODIK, DINSOS, DUKCAPIL

PYTHON_ROWS: dict[str, dict[str, Any]] = {
    "dukcapil": {**DUKCAPIL, "tgl_lhr": date(1990, 7, 1), "diubah_pada": datetime(2026, 5, 28, tzinfo=UTC)},
    "dapodik": {
        **DAPODIK, "peserta_didik_id": UUID(DAPODIK["peserta_didik_id"]), "tanggal_lahir": date(2014, 5, 12),
        "rt": Decimal(5), "rw": Decimal(12), "riwayat_sekolah": [], "last_update": datetime(2026, 5, 28, tzinfo=UTC),
        "soft_delete": Decimal(0),
    },
    "dinsos": {**DINSOS, "nominal": Decimal("0.07"), "mulai": time(0)},
}  # fmt: skip
