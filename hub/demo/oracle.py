"""The oracle, a process of its own: `python -m hub.demo.oracle <demo folder>`.

It works out what the store must hold (`hub.demo.expect`) and compares; of the store it first takes only when records of
systems without commit times were met.  It prints one JSON object with counts, ids and qualities, never a value of a
person.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Hashable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hub.demo import expect, stored
from hub.demo.expect import Expected
from hub.demo.journal import Journal
from hub.demo.stored import Stored
from hub.demo.verdict import quality
from hub.wire import contract
from hub.wire.records import CleanPerson
from hub.wire.settings import Settings

JOURNAL = "journal.sqlite"
SHOWN = 40
"""Differences listed one by one; the rest are only counted."""
RECORD_KINDS = frozenset({"missing", "extra", "values"})


def judge(expected: Expected, found: Stored, truth: dict[bytes, int]) -> dict[str, Any]:
    """Return the report: differences, and how well people are told apart by the hub and by equal NIK alone."""
    differences = list(stored.differences(expected, found))
    people = {record: truth[record] for record in expected.member}
    hub = quality(found.member, people)
    numbers: dict[bytes, Hashable] = {
        record: clean.nik
        for record, clean in expected.clean.items()
        if isinstance(clean, CleanPerson) and clean.nik is not None
    }
    return {
        "store_equals_oracle": not differences,
        "records_differing": len({d.id for d in differences if d.kind in RECORD_KINDS}),
        "precision": hub.precision,
        "recall": hub.recall,
        "f1": hub.f1,
        "exact_nik_f1": quality(numbers, people).f1,
        "records": len(expected.member),
        "entities": len(expected.golden),
        "people": len(set(people.values())),
        "refused": expected.refused,
        "vanished": len(found.vanished),
        "difference_counts": dict(Counter(d.kind for d in differences)),
        "differences": [asdict(d) for d in differences[:SHOWN]],
    }


def report(folder: Path) -> dict[str, Any]:
    """Work out what the store of a demo must hold, and compare."""
    settings = Settings()
    with closing(Journal(folder / JOURNAL)) as journal:
        found = stored.read(settings.endpoint("database"))
        met_us = {record: person.changed_at for record, person in found.clean.items()}
        expected = expect.compute(contract.load_all(settings), settings.master_secret(), journal, met_us)
        return judge(expected, found, journal.truth())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(report(Path(sys.argv[1]))) + "\n")
