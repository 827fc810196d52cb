"""The compiled encoders write what fastavro writes, for every record of the hub."""

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.wire.avro import plain, schema_text
from hub.wire.encoder import encoder, long
from hub.wire.records import SCHEMA_OF


def values(schema: Any, named: dict[str, Any], space: str = "") -> st.SearchStrategy[Any]:
    """Return any datum of a schema."""
    if isinstance(schema, list):
        return st.none() | values(next(branch for branch in schema if branch != "null"), named, space)
    if isinstance(schema, str):
        simple = {
            "string": st.text(max_size=90), "bytes": st.binary(max_size=90), "boolean": st.booleans(),
            "long": st.integers(-(2**63), 2**63 - 1), "int": st.integers(-(2**31), 2**31 - 1),
            "double": st.floats(allow_nan=False),
        }  # fmt: skip
        return simple[schema] if schema in simple else named[schema if "." in schema else f"{space}.{schema}"]
    kind = schema["type"]
    if kind == "array":
        return st.lists(values(schema["items"], named, space), max_size=3).map(tuple)
    if kind == "map":
        return st.dictionaries(st.text(max_size=9), values(schema["values"], named, space), max_size=3)
    if not isinstance(kind, str) or kind in ("string", "bytes", "boolean", "long", "int", "double"):
        return values(kind, named, space)
    space = schema.get("namespace", space)
    if kind == "fixed":
        made: st.SearchStrategy[Any] = st.binary(min_size=schema["size"], max_size=schema["size"])
    else:
        made = st.fixed_dictionaries({field["name"]: values(field["type"], named, space) for field in schema["fields"]})
    named[f"{space}.{schema['name']}"] = made
    return made


@pytest.mark.parametrize("cls", SCHEMA_OF, ids=lambda cls: cls.__name__)
def test_the_bytes_are_fastavros(cls):
    schema = plain(json.loads(schema_text(SCHEMA_OF[cls])))
    parsed, encode = fastavro.parse_schema(schema), encoder(schema)

    @settings(max_examples=60, deadline=None)
    @given(values(schema, {}))
    def check(datum: dict[str, Any]) -> None:
        record = cls.from_dict(datum)
        expected = io.BytesIO()
        fastavro.schemaless_writer(expected, parsed, record.to_dict())
        assert encode(record) == expected.getvalue()

    check()


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_a_number_that_does_not_fit_is_refused(value):
    with pytest.raises(ValueError, match="64 bits"):
        long(value)


def test_ill_typed_values_are_refused():
    encode = encoder({"type": "record", "name": "T", "fields": [
        {"name": "real", "type": {"type": "fixed", "name": "F", "size": 2}}]})  # fmt: skip

    class Holder:
        real = b"abc"

    with pytest.raises(ValueError, match="fixed of 2 bytes was given 3"):
        encode(Holder())


@pytest.mark.parametrize("kind", ["float", ["string", "long"], ["null", "string", "long"]])
def test_types_that_the_hub_does_not_use_are_refused_at_once(kind):
    with pytest.raises(ValueError, match="hub's own schemas"):
        encoder({"type": "record", "name": "T", "fields": [{"name": "f", "type": kind}]})
