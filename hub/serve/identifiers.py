"""Identifiers as people type them, brought into the form in which the store keeps them."""

from __future__ import annotations

import re
from typing import Any

from hub.serve.shapes import Lookup


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


def digits(text: str) -> str:
    """Return the digits of a number."""
    return re.sub(r"\D", "", text)


def phone(text: str) -> str:
    """Return a telephone number in E.164; one without a country is Indonesian."""
    number = digits(text)
    if text.strip().startswith("+") or number.startswith("62"):
        return f"+{number}"
    return f"+62{number.removeprefix('0')}"
