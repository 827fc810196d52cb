"""What a retry and a discard send."""

from datetime import UTC, datetime

from hub.serve.quarantine import Content, Item, again, settling

ITEM = Item(
    "7f0c", "clean", "dinsos", "public.penerima", "raw.dinsos.public.penerima", 2, 41, "unknown_value", "what", "apa",
    datetime(2026, 11, 24, tzinfo=UTC), "sex", b"r" * 16, b"v" * 24, "open", 0, None, None, 5,
)  # fmt: skip


def test_a_retry_is_the_stored_message_at_its_old_place_with_its_item() -> None:
    message = again(ITEM, Content(b"r" * 16, b"value", {"version": b"old stamp", "kind": b"change"}))
    assert (message.topic, message.partition) == ("raw.dinsos.public.penerima", 2)
    assert (message.key, message.value) == (b"r" * 16, b"value")
    assert dict(message.headers) == {"version": b"old stamp", "kind": b"change", "retry": b"7f0c"}


def test_a_second_retry_names_its_item_once() -> None:
    message = again(ITEM, Content(None, None, {"retry": b"7f0c"}))
    assert message.headers == (("retry", b"7f0c"),)


def test_a_discard_settles_the_item_and_carries_no_content() -> None:
    note = settling(ITEM, "keliru", 1)
    assert (note.id, note.code, note.reason) == ("7f0c", "closed", "keliru")
    assert (note.key, note.payload, note.headers) == (None, None, {})
    assert note.record == ITEM.record, "reconcile must know whether a sweep waits for it"
