"""The clean record of each entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.wire.records import CleanPerson

RECORDS: Mapping[str, type[Any]] = {"person": CleanPerson}
"""Its class, by entity."""
