"""Headers of what the hub publishes: CloudEvents 1.0, Kafka protocol binding, binary mode, attributes as `ce_*`.

An event's id is the id of what it speaks of and the version of that, so a repeat is recognised as one.
"""

from __future__ import annotations

from datetime import UTC, datetime

SOURCE = "satudata/hub"
GOLDEN_TYPE = "satudata.golden.{entity}"
CHANGE_TYPE = "satudata.change.{entity}"
MEMBERSHIP_TYPE = "satudata.golden.membership"


def headers(kind: str, subject: str, generation: int, sequence: int, at_us: int) -> str:
    """Return the headers of an event at a version, as the outbox's JSON; no value needs escaping."""
    time = datetime.fromtimestamp(at_us / 1e6, UTC).isoformat().replace("+00:00", "Z")
    return (
        f'{{"ce_specversion":"1.0","ce_id":"{subject}/{generation}.{sequence}",'
        f'"ce_source":"{SOURCE}","ce_type":"{kind}","ce_time":"{time}","ce_subject":"{subject}",'
        f'"content-type":"application/avro"}}'
    )
