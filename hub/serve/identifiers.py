"""Identifiers as people type them, brought into the form in which the store keeps them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

from hub.serve.shapes import Lookup
from hub.wire.entities import Entity
from hub.wire.errors import RefuseToStart


def criteria(wanted: Lookup) -> dict[str, Any]:
    """Return the columns of store.person and the values that they must have."""
    found: dict[str, Any] = {}
    if wanted.nik is not None:
        found["nik"] = digits(wanted.nik)
    if wanted.kk is not None:
        found["kk"] = digits(wanted.kk)
    if wanted.phone is not None:
        found["phone"] = phone(wanted.phone)
    if wanted.name is not None:
        found["name"] = " ".join(wanted.name.upper().split())
        found["birth_date"] = wanted.birth_date
    return found


def entity_criteria(wanted: BaseModel) -> dict[str, Any]:
    """Return the columns of a family's, business's or facility's table and the values that they must have."""
    given = wanted.model_dump(exclude_none=True, exclude={"record"})
    return {name: _FORMS.get(name, digits)(value) for name, value in given.items()}


def npwp(text: str) -> str:
    """Return a tax number in its 16 digits: an old one has 15, a place of business six more."""
    number = digits(text)
    return f"0{number}" if len(number) == 15 else number[:16]


def code(text: str) -> str:
    """Return a code's capitals and digits."""
    return re.sub(r"[\s.\-/]", "", text).upper()


def words(text: str) -> str:
    """Return a name in capitals and single blanks."""
    return " ".join(text.upper().split())


def asked(text: str, entity: Entity = "person") -> list[tuple[dict[str, Any], bytes | None]]:
    """Return what an identifier may mean, as (columns, record id); raises RefuseToStart for none."""
    if re.fullmatch("[0-9a-fA-F]{32}", text):
        return [({}, bytes.fromhex(text))]
    found: list[tuple[dict[str, Any], bytes | None]] = [
        ({column: value}, None) for column, value in _meant(text, entity)
    ]
    name, separator, born = text.rpartition(";")
    if separator and entity == "person":
        try:
            return [({"name": words(name), "birth_date": date.fromisoformat(born.strip())}, None)]
        except ValueError:
            raise RefuseToStart("a birth date is written as 1994-03-21") from None
    if not found:
        raise RefuseToStart(f"give {_ASKED[entity]}")
    return found


def _meant(text: str, entity: Entity) -> Iterator[tuple[str, str]]:
    """Yield the columns that a text fits by its form."""
    number, bare = digits(text), re.fullmatch(r"[\d\s.+\-/()]+", text) is not None
    if entity == "person" and len(number) == 16:
        yield from (("nik", number), ("kk", number))
    elif entity == "family" and len(number) == 16:
        yield from (("kk", number), ("head_nik", number))
    elif entity == "business" and bare and len(number) in (15, 16, 22):
        yield "npwp", npwp(text)
        if len(number) == 16:
            yield "owner_nik", number
    elif entity == "facility" and re.fullmatch("[A-Z]?[0-9]{7,11}", code(text)):
        yield from (("npsn", code(text)), ("health_code", code(text)))
    if entity == "business" and bare and len(number) == 13:
        yield "nib", number
    if 8 <= len(number) <= 15 and (bare or entity in {"person", "family"}):
        yield "phone", phone(text)
    if entity in {"business", "facility"} and re.search("[^\\W\\d]", text):
        yield "name", words(text)


def digits(text: str) -> str:
    """Return the digits of a number."""
    return re.sub(r"\D", "", text)


def phone(text: str) -> str:
    """Return a telephone number in E.164; one without a country is Indonesian."""
    number = digits(text)
    if text.strip().startswith("+") or number.startswith("62"):
        return f"+{number}"
    return f"+62{number.removeprefix('0')}"


_FORMS: Mapping[str, Callable[[str], str]] = {
    "npwp": npwp, "npsn": code, "health_code": code, "name": words, "phone": phone,
}  # fmt: skip
"""How an identifier is brought into the store's form; every other one is its digits."""
_RECORD = "a record id (32 hexadecimal digits)"
_ASKED: Mapping[Entity, str] = {
    "person": f"a NIK or KK (16 digits), a telephone number, {_RECORD}, or NAME;1994-03-21",
    "family": f"a KK or the head's NIK (16 digits), a telephone number or {_RECORD}",
    "business": f"a NIB (13 digits), NPWP (15 or 16), owner's NIK, telephone number, name without"
    f" legal form, or {_RECORD}",
    "facility": f"an NPSN, a health-facility code, a telephone number, a name or {_RECORD}",
}
"""What can be typed to find one."""
