"""Twenty arrival orders, shuffled, with duplicates and late deletes, through the real process give one result."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub import flow
from hub.demo.expect import Expected
from hub.persist.reconcile import digest_of
from tests.e2e.order.arrival import Ground, Outcome
from tests.services.fixtures import started
from tests.unit.link.test_laws import DECISIONS, EXPECTED, FOUND, STRAIGHT

pytestmark = pytest.mark.timeout(300)
ORDERS = 20


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with started() as platform:
        made = Ground(platform)
        yield made
        made.close()


def expected() -> Expected:
    """What the same engine says of the same records, fed straight and in order, without any service."""
    bodies = {record: row.body for record, row in STRAIGHT.records.items() if row.body is not None and not row.deleted}
    member = {record: entity for entity, records in STRAIGHT.members.items() for record in records}
    return Expected({record: bodies[record] for record in member}, member, EXPECTED[1])


def digest() -> str:
    """What the process says of its engines: nothing arrives for the others than people's."""
    engines = {entity: made.engine for entity, made in flow.resolvers({}).items()}
    return digest_of({**engines, "person": STRAIGHT.engine})


def edges() -> tuple[tuple[str, str, int], ...]:
    return tuple(sorted((row.a.hex(), row.b.hex(), row.weight) for row in STRAIGHT.edges.values()))


def judgements() -> tuple[tuple[str, str, str, str, str], ...]:
    rows = STRAIGHT.judgements.values()
    return tuple(sorted((row.id, row.a.hex(), row.b.hex(), row.verdict, row.state) for row in rows))


@pytest.mark.parametrize("seed", range(ORDERS))
def test_every_order_gives_the_result_of_a_straight_run(ground: Ground, seed: int) -> None:
    found: Outcome = ground.outcome(FOUND, DECISIONS, expected(), seed, clean=4 if seed % 2 else 1)
    assert found.digest == digest()
    assert found.differences == ()
    assert tuple((a, b, weight) for a, b, weight, _ in found.edges) == edges()
    assert found.judgements == judgements()
    assert found.refused == 0
