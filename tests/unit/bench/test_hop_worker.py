"""Both sides of the hop read the same bytes, and a report counts from the first record to the last."""

from __future__ import annotations

import json

from hub.bench.hop_worker import Side, argument, codec, sample


def test_two_processes_would_agree_on_the_bytes() -> None:
    data = codec().encode(sample(7))
    assert codec().decode_record(data) == sample(7)
    assert 200 < len(data) < 400


def test_a_side_travels_as_an_argument() -> None:
    side = Side(True, "127.0.0.1:1", "a", "b", "g", 10, False)
    assert Side(**json.loads(argument(side))) == side
