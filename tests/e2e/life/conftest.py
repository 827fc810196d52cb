"""The river on which all of this takes place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.river import SmallRiver, flowing


@pytest.fixture(scope="package")
def life() -> Iterator[SmallRiver]:
    with flowing(80) as running:
        running.begin("verify")
        yield running
