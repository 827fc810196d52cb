"""The registry: what one process registers, another decodes; an unknown id and a dead registry are told apart."""

import json

import pytest

from hub.wire import avro, records, version
from hub.wire.errors import Quarantine, RefuseToStart, TryAgain

PERSON = records.CleanPerson(b"i" * 16, version.pack(1, 2, 3), False, "s", "t", 1, 2, name="BUDI CONTOH")


def test_a_second_process_reads_what_the_first_wrote(registry: str) -> None:
    avro.Codec(avro.ConfluentRegistry(registry), register=True).prepare_all()
    data = avro.Codec(avro.ConfluentRegistry(registry)).encode(PERSON)
    assert avro.Codec(avro.ConfluentRegistry(registry)).decode_record(data) == PERSON


def test_an_incompatible_schema_is_refused(registry: str, topic: str) -> None:
    client = avro.ConfluentRegistry(registry)
    first = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
    other = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}
    client.register(f"{topic}-value", json.dumps(first), "FULL_TRANSITIVE")
    with pytest.raises(RefuseToStart, match=f"{topic}-value"):
        client.register(f"{topic}-value", json.dumps(other), "FULL_TRANSITIVE")


def test_raw_subjects_take_any_change(registry: str, topic: str) -> None:
    client = avro.ConfluentRegistry(registry)
    ids = [
        client.register(f"{topic}-value", json.dumps({"type": "record", "name": "R", "fields": fields}), "NONE")
        for fields in ([{"name": "a", "type": "int"}], [{"name": "b", "type": "string"}])
    ]
    assert len(set(ids)) == 2


def test_an_unknown_id_is_poison_but_a_dead_registry_is_trouble(registry: str) -> None:
    with pytest.raises(Quarantine, match="987654321"):
        avro.ConfluentRegistry(registry).schema(987654321)
    with pytest.raises(TryAgain, match="does not answer"):
        avro.ConfluentRegistry("http://127.0.0.1:9").schema(1)
