"""Write docs/notices.md from the codes of connectors/notices.py."""

from __future__ import annotations

import sys
from pathlib import Path

from connectors.notices import CODES

TARGET = Path(__file__).resolve().parents[1] / "docs" / "notices.md"


def render() -> str:
    """Return the page."""
    lines = [
        "# Notices",
        "",
        "Made from `connectors/notices.py` by `make gen`. A notice stands in the topic `notice` with its source, table "
        "and details (names, numbers and codes, never a value of a row); `satudata status` shows the last ones of each "
        "source, `satudata_source_notices_total` counts them.",
        "",
        "| code | what happened |",
        "|---|---|",
    ]
    return "\n".join([*lines, *(f"| `{code}` | {text} |" for code, text in CODES.items())]) + "\n"


def main() -> int:
    """Write the page, or with --check say whether it is up to date."""
    if "--check" in sys.argv:
        return 0 if TARGET.exists() and TARGET.read_text(encoding="utf-8") == render() else 1
    TARGET.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
