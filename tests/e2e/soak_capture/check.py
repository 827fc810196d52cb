"""What must hold whenever all is at rest: nothing is lost but what a declared gap hides, and the store is right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import replace
from typing import Any

from hub.demo import lost
from hub.demo.journal import Change
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.kafka import KafkaLog
from hub.wire.records import SourceNotice
from tests.e2e.soak_capture.ground import Ground

MARGIN_US = 10_000_000
"""What a connector had not yet captured when it was stopped is lost with the log."""


def at_rest(ground: Ground, notices: Iterable[SourceNotice]) -> dict[str, Any]:
    """Return the figures of one check; raises AssertionError on the first thing that does not hold."""
    begun = Counter(notice.source for notice in notices if notice.code == "source_began_anew")
    allowed = Counter([*ground.offices, *(source for source, _, _ in ground.gaps)])
    assert begun == allowed, f"read anew {begun}, though logs were lost only so often: {allowed}"
    with closing(ConfluentRegistry(ground.settings.endpoint("registry"))) as registry:
        raw = lost.Arrived().look(KafkaLog(ground.settings.endpoint("kafka")), Codec(registry))
    never = _never_in_raw(ground, raw)
    assert not never, f"{len(never)} commits never reached raw: {never[:5]}"
    report = _oracle(ground)
    assert report["store_equals_oracle"], (report["difference_counts"], report["differences"][:5])
    return {"records": report["records"], "entities": report["entities"], "f1": round(report["f1"], 5),
            "in_raw": len(raw)}  # fmt: skip


def _never_in_raw(ground: Ground, raw: Collection[tuple[bytes, int]]) -> list[tuple[str, str]]:
    """Return source and record of commits that neither raw holds nor a later snapshot covers."""
    seen = set(raw)
    numbered = [(seq, change) for seq, change in ground.numbered() if change.xid]
    missing = [(seq, change) for seq, change in numbered if lost.missing([change], seen)]
    # a snapshot tells rows, not changed keys: the hub cannot know that lineage, nor may the oracle
    untold = set(lost.missing([replace(change, previous=None) for _, change in missing], seen))
    ground.forget_lineage(seq for seq, change in missing if _covered(ground, change) and change.record in untold)
    return [(change.source, change.record.hex()) for _, change in missing if not _covered(ground, change)]


def _covered(ground: Ground, change: Change) -> bool:
    return any(change.source == s and begun - MARGIN_US <= change.at_us <= end for s, begun, end in ground.gaps)


def _oracle(ground: Ground) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "hub.demo.oracle", str(ground.settings.home)],
        env={**os.environ, **ground.environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found
