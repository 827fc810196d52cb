"""Write docs/metrics.md from the typed list of metrics."""

from __future__ import annotations

import sys
from pathlib import Path

from hub.wire import metrics

TARGET = Path(__file__).resolve().parents[1] / "docs" / "metrics.md"


def render() -> str:
    """Return the page."""
    lines = [
        "# Metrics",
        "",
        "Made from `hub/wire/metrics.py` by `make gen`.",
        "",
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    for metric in metrics.ALL:
        (family,) = metric.collect()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = ", ".join(f"`{label}`" for label in metric._labelnames) or "-"  # noqa: SLF001 - no public name
        lines.append(f"| `{name}` | {family.type} | {labels} | {family.documentation} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or with --check say whether it is up to date."""
    if "--check" in sys.argv:
        return 0 if TARGET.exists() and TARGET.read_text(encoding="utf-8") == render() else 1
    TARGET.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
