"""A golden record is encoded once; its version is set into the bytes afterwards."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.persist import messages
from hub.persist.messages import Coding
from hub.wire import cloud_events
from hub.wire.archive import Archive
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.records import GoldenPerson

CODEC = Codec(MemoryRegistry(), register=True)
CODING = Coding(CODEC, Archive())
ID = "6f1c1a52-5d3b-4b53-9a52-1f0e0e9a7c11"
GOLDEN = GoldenPerson(ID, 0, 0, "active", name="SITI AMINAH", previous_ids=(ID,))


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_the_version_set_into_the_bytes_is_the_one_that_is_read(generation, sequence):
    framed = CODING.draft(GOLDEN).framed_at(generation, sequence)
    assert framed == CODEC.encode(replace(GOLDEN, generation=generation, sequence=sequence))


def test_the_digest_is_of_the_content_not_of_the_version():
    assert CODING.draft(replace(GOLDEN, generation=3, sequence=9)) == CODING.draft(GOLDEN)
    assert CODING.draft(replace(GOLDEN, name="SITI")).digest != CODING.draft(GOLDEN).digest


def test_the_history_body_is_the_message_without_its_registry_id():
    framed = CODING.draft(GOLDEN).framed_at(1, 2)
    assert Archive().decode(CODING.body(framed)) == replace(GOLDEN, generation=1, sequence=2)


def test_a_stub_says_where_the_records_went_and_nothing_else():
    assert messages.stub("person", ID, "merged", (ID,)) == GoldenPerson(ID, 0, 0, "merged", moved_to=(ID,))
    assert messages.stub("person", ID, "deleted", ()).status == "deleted"
    assert messages.stub("person", ID, "changed", (ID, ID)).status == "split"
    assert messages.stub("person", ID, "reassigned", ()).status == "deleted"


def test_headers_are_cloudevents_and_the_same_at_every_repeat():
    event = (cloud_events.GOLDEN_TYPE.format(entity="person"), ID, 1, 42, 1_700_000_000_000_000)
    text = cloud_events.headers(*event)
    assert json.loads(text) == {
        "ce_specversion": "1.0", "ce_id": f"{ID}/1.42", "ce_source": "satudata/hub",
        "ce_type": "satudata.golden.person", "ce_time": "2023-11-14T22:13:20Z", "ce_subject": ID,
        "content-type": "application/avro",
    }  # fmt: skip
    assert text == cloud_events.headers(*event)
