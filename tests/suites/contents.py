"""What a source says that a table holds, by bucket, is what whoever takes raw's changes up to there would count."""

from __future__ import annotations

from hub.wire.broker import Incoming
from hub.wire.envelope import Envelopes
from hub.wire.identity import digest_key, row_digest, shape_of
from hub.wire.records import Verification
from hub.wire.topics import VERIFICATION
from tests.suites.stage import (
    MASTER,
    TABLE,
    Stage,
    answers,
    ask,
    at_rest,
    build,
    changes,
    codec_of,
    floor,
    notices,
    run_to_rest,
    running,
    until,
    version,
)


def told(stage: Stage) -> list[Verification]:
    """Return the fingerprints that were sent of the stage's source."""
    codec = codec_of(stage)
    found = [codec.decode_record(message.value or b"") for message in stage.log.read(VERIFICATION.name)]
    return [each for each in found if each.source == stage.contract.source.name]


def counted(stage: Stage, at: bytes) -> tuple[list[int], list[int], set[int]]:
    """Return counts, digests and shapes of what raw tells as of a stamp."""
    envelopes, key = Envelopes(codec_of(stage)), digest_key(MASTER, stage.contract.source.name)
    last: dict[bytes, Incoming] = {}
    for message in changes(stage):
        known = message.key or b""
        if version(message)[:20] <= at and (known not in last or version(message) >= version(last[known])):
            last[known] = message
    counts, digests, shapes = [0] * 256, [0] * 256, set[int]()
    lowest = floor(stage)
    for message in last.values():
        change = envelopes.read(message.value or b"")
        if change.after is not None and version(message) >= lowest:
            digest = row_digest(key, change.row, change.layout.shape)
            counts[(message.key or b"")[0]] += 1
            digests[(message.key or b"")[0]] ^= digest
            shapes.add(shape_of(digest))
    return counts, digests, shapes


def agrees(stage: Stage) -> bool:
    """Say whether the last fingerprint is what raw tells as of its version; swept since, nothing tells any more."""
    sent = told(stage)[-1]
    if floor(stage)[:20] > sent.version:
        return True
    counts, digests, shapes = counted(stage, sent.version)
    return (list(sent.counts), list(sent.digests)) == (counts, digests) and shapes <= set(sent.shapes)


class ContentsSuite:
    """A part of `tests.suites.connector.ConnectorSuite`."""

    tells_contents = True
    """A table can be compared with the hub; False: the kind cannot tell what it held at one position."""

    def test_what_a_table_holds_is_told_as_raw_tells_it(self, stage: Stage) -> None:
        stage.change(*[("insert", n, f"AWAL {n}") for n in range(60)])
        run_to_rest(stage)
        if not self.tells_contents:
            with running(build(stage)) as made:
                until(lambda: made.reading)
                asked = ask(stage, "verify", table=TABLE)
                until(lambda: answers(stage, asked) == ["signal_refused"])
            return
        with running(build(stage)) as made:
            until(lambda: made.reading)
            stage.change(("update", 3, "GANTI"), ("delete", 4, ""), ("insert", 100, "BARU"))
            until(lambda: at_rest(stage))
            ask(stage, "verify")
            until(lambda: len(notices(stage, "verified")) == 1)
            assert agrees(stage)
            stage.change(("update", 5, "SESUDAH"), ("delete", 6, ""))
            until(lambda: at_rest(stage))
            assert sum(told(stage)[-1].counts) == 60
            assert agrees(stage)
            ask(stage, "verify", table=TABLE)
            until(lambda: len(notices(stage, "verified")) == 2)
            assert sum(told(stage)[-1].counts) == 59
            assert agrees(stage)
