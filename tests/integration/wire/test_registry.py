"""The registry: what one process registers, another decodes; an unknown id and a dead registry are told apart."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from hub.wire import avro, records, version
from hub.wire.clock import TestClock
from hub.wire.errors import Quarantine, RefuseToStart, TryAgain

PERSON = records.CleanPerson(b"i" * 16, version.pack(1, 2, 3), False, "s", "t", 1, 2, name="BUDI CONTOH")
Connect = Callable[..., avro.ConfluentRegistry]


@pytest.fixture
def connect(registry: str) -> Iterator[Connect]:
    """Return a function that opens a client of its own, as another process would."""
    with ExitStack() as clients:
        yield lambda url=registry: clients.enter_context(closing(avro.ConfluentRegistry(url)))


def test_a_second_process_reads_what_the_first_wrote(connect: Connect) -> None:
    avro.Codec(connect(), register=True).prepare_all()
    data = avro.Codec(connect()).encode(PERSON)
    assert avro.Codec(connect()).decode_record(data) == PERSON


def test_an_incompatible_schema_is_refused(connect: Connect, topic: Callable[[], str]) -> None:
    client, subject = connect(), f"{topic()}-value"
    first = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
    other = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}
    client.register(subject, json.dumps(first), "FULL_TRANSITIVE")
    with pytest.raises(RefuseToStart, match=subject):
        client.register(subject, json.dumps(other), "FULL_TRANSITIVE")


def test_raw_subjects_take_any_change(connect: Connect, topic: Callable[[], str]) -> None:
    client, subject = connect(), f"{topic()}-value"
    ids = [
        client.register(subject, json.dumps({"type": "record", "name": "R", "fields": fields}), "NONE")
        for fields in ([{"name": "a", "type": "int"}], [{"name": "b", "type": "string"}])
    ]
    assert len(set(ids)) == 2


def test_an_id_that_stays_unknown_is_poison_but_a_dead_registry_is_trouble(connect: Connect, registry: str) -> None:
    clock = TestClock()
    with closing(avro.ConfluentRegistry(registry, clock)) as running:
        with pytest.raises(TryAgain, match="not found"):  # it may still be reading its journal
            running.schema(987654321)
        clock.advance(6)
        with pytest.raises(Quarantine, match="987654321"):
            running.schema(987654321)
    with pytest.raises(TryAgain, match="does not answer"):
        connect("http://127.0.0.1:9").schema(1)
