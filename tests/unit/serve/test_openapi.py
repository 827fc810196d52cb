"""The API's document: complete, checked in, and without a personal value in any address."""

import json
from pathlib import Path

from hub.serve.openapi import document

DOCUMENT = json.loads(document())
PERSONAL = {"nik", "kk", "name", "phone", "birth_date"}


def operations() -> list[dict[str, object]]:
    return [operation for path in DOCUMENT["paths"].values() for operation in path.values()]


def test_the_checked_in_document_is_what_the_code_says() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"
    assert page.read_text(encoding="utf-8") == document()


def test_every_operation_and_parameter_is_described() -> None:
    assert all(operation.get("description") for operation in operations())


def test_no_path_or_query_takes_a_personal_value() -> None:
    named = {parameter["name"] for operation in operations() for parameter in operation.get("parameters", [])}  # type: ignore[attr-defined]
    queue = {"entity", "kind", "office", "state", "free", "released", "review_id"}
    assert named == {
        "entity_id", "judgement_id", "as_of", "source", "category", "duplicate", "after", "limit", *queue,
        "at", "lang", "step", "record",
    }  # fmt: skip
    assert not named & PERSONAL


def test_judgements_and_lookups_come_with_examples() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["JudgementIn"]["examples"]
    assert schemas["Lookup"]["examples"]
