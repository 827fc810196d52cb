"""Write docs/openapi.json from the API's code."""

from __future__ import annotations

import sys
from pathlib import Path

from hub.serve.openapi import document

PAGE = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def main() -> int:
    """Write the file, or with --check say whether it is up to date."""
    text = document()
    if "--check" in sys.argv:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
