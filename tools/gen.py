"""Write every generated file anew, or with --check fail where one differs from what its source gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GENERATORS = (
    "gen_records.py",
    "gen_topics.py",
    "gen_metrics.py",
    "gen_notices.py",
    "gen_dashboard.py",
    "gen_openapi.py",
    "gen_types.py",
)


def main() -> int:
    """Run every generator; return 1 if a checked file is out of date."""
    stale = []
    for name in GENERATORS:
        done = subprocess.run([sys.executable, str(ROOT / "tools" / name), *sys.argv[1:]], check=False)
        if done.returncode:
            stale.append(name)
    if stale:
        print(f"out of date or failing: {', '.join(stale)}; run `make gen` and commit the result", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
