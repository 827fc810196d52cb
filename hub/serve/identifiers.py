"""Identifiers as people type them, brought into the form in which the store keeps them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

from hub.serve.shapes import Lookup
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


def asked(text: str) -> list[tuple[dict[str, Any], bytes | None]]:
    """Return what an identifier of unknown kind may mean, as (columns, record id); raises RefuseToStart for none."""
    name, separator, born = text.rpartition(";")
    if separator:
        try:
            return [({"name": " ".join(name.upper().split()), "birth_date": date.fromisoformat(born.strip())}, None)]
        except ValueError:
            raise RefuseToStart("a birth date is written as 1994-03-21") from None
    if re.fullmatch("[0-9a-fA-F]{32}", text):
        return [({}, bytes.fromhex(text))]
    number = digits(text)
    if len(number) == 16:
        return [({"nik": number}, None), ({"kk": number}, None)]
    if 8 <= len(number) <= 15:
        return [({"phone": phone(text)}, None)]
    raise RefuseToStart("give a NIK or KK (16 digits), a telephone number, a record id (32 hexadecimal digits), or "
                        "NAME;1994-03-21")  # fmt: skip


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
