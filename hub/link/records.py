"""The clean record of each entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.wire.entities import CLEAN

RECORDS: Mapping[str, type[Any]] = {str(entity): cls for entity, cls in CLEAN.items()}
"""Its class, by entity."""
