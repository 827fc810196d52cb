"""The API's OpenAPI document, without a running service."""

from __future__ import annotations

import json
from typing import cast

from hub.serve.app import Parts, create


def document() -> str:
    """Return the document as JSON text; docs/openapi.json is made from it."""
    return json.dumps(create(cast("Parts", None)).openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
