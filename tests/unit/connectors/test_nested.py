"""Arrays, hstore and vectors: taken apart as PostgreSQL wrote them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.envelope import string
from connectors.kinds.postgres_wal import nested
from connectors.kinds.postgres_wal.nested import Items
from connectors.kinds.postgres_wal.types import form
from connectors.kinds.postgres_wal.values import Unrepresentable
from tests.unit.connectors.test_table import lookup
from tests.unit.connectors.test_values import read

TEXTS = st.text(st.sampled_from('ab"\\,;{}() =>NUL\n'), max_size=12)


def written(item: str | None, delimiter: str) -> str:
    """Write an element as PostgreSQL's array_out does."""
    if item is None:
        return "NULL"
    plain = item and item.upper() != "NULL" and not set(item) & set('"\\{} \n' + delimiter)
    return item if plain else '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize(
    ("text", "items"),
    [
        (b"{}", []), (b"{1,2}", [b"1", b"2"]), (b"{NULL,a}", [None, b"a"]), (b'{"NULL",""}', [b"NULL", b""]),
        (b'{"a,b","c\\"d","e\\\\f","{g}"}', [b"a,b", b'c"d', b"e\\f", b"{g}"]), (b"[0:1]={x,y}", [b"x", b"y"]),
        (b'{"line\nbreak"}', [b"line\nbreak"]),
    ],
)  # fmt: skip
def test_arrays_are_taken_apart(text: bytes, items: list[bytes | None]) -> None:
    assert Items().of(text) == items
    schema = {"type": "array", "items": ["null", "bytes"]}
    assert read(schema, nested.array(string)(text)) == items


def test_boxes_are_parted_by_semicolons() -> None:
    assert Items(";").of(b"{(1,1),(0,0);(3,3),(2,2);NULL}") == [b"(1,1),(0,0)", b"(3,3),(2,2)", None]


@pytest.mark.parametrize("delimiter", [",", ";"])
@given(items=st.lists(st.one_of(st.none(), TEXTS), max_size=6))
def test_whatever_an_array_holds_comes_out_again(delimiter: str, items: list[str | None]) -> None:
    text = "{" + delimiter.join(written(item, delimiter) for item in items) + "}"
    assert Items(delimiter).of(text.encode()) == [None if item is None else item.encode() for item in items]


def test_an_array_of_several_dimensions_is_refused() -> None:
    with pytest.raises(Unrepresentable):
        Items().of(b"{{1,2},{3,4}}")


@given(st.dictionaries(TEXTS, st.one_of(st.none(), TEXTS), max_size=5))
def test_hstore_is_the_text_of_a_json_object(pairs: dict[str, str | None]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = ", ".join(f"{quoted(k)}=>{'NULL' if v is None else quoted(v)}" for k, v in pairs.items())
    assert json.loads(str(read("string", nested.hstore(text.encode())))) == pairs


def test_hstore_is_written_without_blanks_and_unescaped() -> None:
    assert read("string", nested.hstore('"nama"=>"Āmin", "rt"=>NULL'.encode())) == '{"nama":"Āmin","rt":null}'
    with pytest.raises(Unrepresentable):
        nested.hstore(b"nama=>1")


def test_vectors_are_arrays_of_numbers() -> None:
    for oid, numbers in ((60001, [1.0, -2.5, 1e-05]), (60002, [1.0, -2.5, 0.5])):
        how = form(oid, -1, lookup)
        assert how is not None
        text = "[" + ",".join(repr(number) for number in numbers) + "]"
        assert read(how.schema, how.encode(text.encode())) == numbers


def test_a_sparse_vector_is_its_size_and_its_pairs() -> None:
    how = form(60003, -1, lookup)
    assert how is not None
    assert read(how.schema, how.encode(b"{1:1.5,3:-2}/5")) == {
        "dimensions": 5, "vector": [{"key": 1, "value": 1.5}, {"key": 3, "value": -2.0}],
    }  # fmt: skip
    assert read(how.schema, how.encode(b"{}/5")) == {"dimensions": 5, "vector": []}
    with pytest.raises(Unrepresentable):
        how.encode(b"{1:1.5}/40000")
