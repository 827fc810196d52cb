"""Write docs/topics.md and deploy/kafka/acls.csv from the table of topics.

The ACL list is one line a right: principal, operation, resource type, pattern, name.  A stage's principal is
`User:<stage>`; a connector's is `User:<source>`, whose pattern `<source>` stands for.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hub.wire.topics import TOPICS, Topic

ROOT = Path(__file__).resolve().parents[1]
DAY_MS = 86_400_000


def page() -> str:
    """Return the documentation page."""
    lines = ["# Topics", "", "Made from `hub/wire/topics.py` by `make gen`.", "",
             "| topic | value | key | partitions | cleanup | kept | written by | read by | compatibility |",
             "|---|---|---|--:|---|---|---|---|---|"]  # fmt: skip
    for topic in TOPICS:
        kept = "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // DAY_MS} days"
        lines.append(
            f"| `{topic.name}` | {topic.schema} | {topic.key} | {topic.partitions} | {topic.cleanup} | {kept} | "
            f"{', '.join(topic.writers)} | {', '.join(topic.readers)} | {topic.compatibility} |"
        )
    return "\n".join(lines) + "\n"


def acls() -> str:
    """Return the ACL list."""
    lines = ["principal,operation,resource,pattern,name"]
    for topic in TOPICS:
        lines += [line for who in topic.writers for line in _rights(who, ("Write", "Describe"), topic)]
        lines += [line for who in topic.readers for line in _rights(who, ("Read", "Describe"), topic)]
    lines += [f"User:{stage},Read,group,literal,{stage}" for stage in ("clean", "reconcile")]
    lines += [f"User:verify,Describe,topic,literal,{name}" for name in ("clean.person", "quarantine.clean")]
    lines += ["User:verify,Describe,topic,prefixed,raw.", "User:verify,Describe,group,literal,clean"]
    lines.append("User:publish,Write,transactional-id,literal,satudata-publish")
    return "\n".join(dict.fromkeys(lines)) + "\n"


def _rights(who: str, operations: tuple[str, ...], topic: Topic) -> list[str]:
    principal = "User:<source>" if who == "connector" else f"User:{who}"
    prefix, family, rest = topic.name.partition("<source>")
    if not family:
        pattern, name = "literal", topic.name
    elif who != "connector":
        pattern, name = "prefixed", prefix
    elif rest:
        pattern, name = "prefixed", f"{prefix}<source>."
    else:
        pattern, name = "literal", topic.name
    return [f"{principal},{operation},topic,{pattern},{name}" for operation in operations]


def main() -> int:
    """Write both files, or with --check say whether they are up to date."""
    files = {ROOT / "docs" / "topics.md": page(), ROOT / "deploy" / "kafka" / "acls.csv": acls()}
    if "--check" in sys.argv:
        return 0 if all(p.exists() and p.read_text(encoding="utf-8") == text for p, text in files.items()) else 1
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
