"""Stages with one fault built in, which the demo's judge must find: `python -m tests.e2e.demo.mutants <which>`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from hub import flow
from hub.wire.broker import Outgoing, Ticket
from hub.wire.kafka import KafkaSender
from hub.wire.settings import Settings
from hub.wire.topics import HEADER_KIND

ROWS_DROPPED = 40
"""Enough that some of them are not written again before the end."""


def drop_batch(source: str, settings: Settings) -> int:
    """Run a connector that takes a batch of changes for acknowledged although nobody sent it."""
    honest = KafkaSender.submit
    seen = {"snapshot": False, "dropped": 0}

    def submit(self: KafkaSender, messages: Sequence[Outgoing]) -> Ticket:
        raw = [m for m in messages if m.topic.startswith("raw.")]
        if any(dict(m.headers).get(HEADER_KIND) == b"sweep" for m in raw):
            seen["snapshot"] = True
        elif raw and seen["snapshot"] and seen["dropped"] < ROWS_DROPPED:
            seen["dropped"] += len(raw)
            done = Ticket(len(messages))
            for _ in messages:
                done.settle()
            return done
        return honest(self, messages)

    KafkaSender.submit = submit  # type: ignore[method-assign]
    return flow.run(source, settings)


def skip_delete(settings: Settings) -> int:
    """Run clean with a sender that keeps to itself that a row was deleted."""
    from hub.clean.rules import Cleaner

    clean, submit = Cleaner.clean, KafkaSender.submit
    secret: set[bytes | None] = set()

    def notice(self: Cleaner, message: Any, content: Any) -> Any:
        (secret.add if getattr(content, "op", None) == "d" else secret.discard)(message.key)
        return clean(self, message, content)

    def keep(self: KafkaSender, messages: Sequence[Outgoing]) -> Ticket:
        return submit(self, [m for m in messages if m.key not in secret])

    Cleaner.clean = notice  # type: ignore[method-assign]
    KafkaSender.submit = keep  # type: ignore[method-assign]
    return flow.run("clean", settings)


def main(which: str) -> int:
    """Run the mutant of this name."""
    if which == "skip-delete":
        return skip_delete(Settings())
    return drop_batch(which.removeprefix("drop-batch-"), Settings())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
