"""The table of topics: names, settings, writers and readers."""

from hub.wire import avro, topics
from hub.wire.entities import ENTITIES


def test_a_raw_topic_is_named_after_source_and_table() -> None:
    topic = topics.raw_topic("dukcapil", "public.penduduk")
    assert topic.name == "raw.dukcapil.public.penduduk"
    assert topic.config()["cleanup.policy"] == "delete"


def test_every_topic_has_one_kind_of_writer_and_a_reader_but_quarantine() -> None:
    for topic in topics.TOPICS:
        assert topic.readers, topic.name
        stages = [writer for writer in topic.writers if writer != topics.OPERATOR]
        assert len(stages or topic.writers) == 1 or topic is topics.QUARANTINE_CLEAN, topic.name


def test_only_what_tells_a_present_state_is_compacted_and_judgements_stay_for_ever() -> None:
    compacted = {t.name for t in topics.TOPICS if t.cleanup == "compact"}
    golden = {f"golden.{entity}" for entity in (*ENTITIES, "membership")}
    assert compacted == {"position.<source>", "verification", "hold", *golden}
    assert topics.JUDGEMENT.retention_ms == topics.FOR_EVER
    assert topics.JUDGEMENT.partitions == 1


def test_every_schema_of_a_topic_is_one_that_the_codec_knows() -> None:
    assert {t.schema for t in topics.TOPICS if t is not topics.RAW} <= set(avro.SUBJECTS)


def test_raw_and_quarantine_take_large_messages() -> None:
    assert topics.RAW.max_message_bytes == topics.QUARANTINE_CLEAN.max_message_bytes == topics.LARGE_MESSAGE
