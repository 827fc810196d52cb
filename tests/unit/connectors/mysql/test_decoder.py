"""Events: what a real MariaDB 11.4 wrote, what MySQL 8.4 would write (built by hand), and what must stop the source."""

import zlib

import pytest
import zstandard

from connectors.kinds.mysql_binlog.decoder import Decoder
from connectors.kinds.mysql_binlog.events import (
    Commit,
    Event,
    FormatDescription,
    Gtid,
    GtidsBefore,
    Heartbeat,
    Payload,
    Prepare,
    Query,
    Rotate,
    Rows,
    TableMap,
)
from hub.wire.errors import Halt
from tests.unit.connectors.mysql.recorded import catalogue, changes, decoded, event, raw_events, rows

MYSQL_FORMAT = (4).to_bytes(2, "little") + b"8.4.3".ljust(50, b"\0") + bytes(4) + b"\x13" + bytes(42)


def packed(number: int) -> bytes:
    return bytes((number,)) if number < 251 else b"\xfd" + number.to_bytes(3, "little")


def payload(inner: bytes, kind: int = 0) -> bytes:
    """Build the body of a TRANSACTION_PAYLOAD event, as MySQL 8.0.20 and newer document it."""
    data = zstandard.compress(inner) if kind == 0 else inner
    fields = [(2, packed(kind)), (3, packed(len(inner))), (1, packed(len(data)))]
    head = b"".join(packed(field) + packed(len(value)) + value for field, value in fields)
    return head + packed(0) + data


def kinds(name: str) -> list[type[Event]]:
    return [type(made) for made in decoded(raw_events(name))]


def test_a_file_begins_with_its_form_and_ends_with_the_next_file() -> None:
    first, before, *_, last = decoded(raw_events("semua"))
    assert isinstance(first, FormatDescription)
    assert (first.checksum, first.mariadb) == (True, True)
    assert first.server.startswith("11.4.5-MariaDB")
    assert before == GtidsBefore(before.head, "")
    assert isinstance(last, Rotate)
    assert (last.file, last.position) == ("binlog.000002", 4)


def test_a_transaction_is_gtid_table_rows_commit() -> None:
    found = [made for made in decoded(raw_events("semua")) if not isinstance(made, FormatDescription | GtidsBefore)]
    end = [type(made) for made in found].index(Commit)
    assert [type(made) for made in found[: end + 1]] == [Gtid, TableMap, *[Rows] * (end - 2), Commit]
    gtid, table, changed, commit = *found[:3], found[end]
    assert isinstance(gtid, Gtid)
    assert isinstance(table, TableMap)
    assert isinstance(changed, Rows)
    assert (gtid.text, gtid.alone, gtid.at_us) == ("0-1-1", False, gtid.head.at * 1_000_000)
    assert (table.shape.name, changed.shape is table.shape, table.shape.key) == ("uji.semua", True, (0,))
    assert gtid.head.end - gtid.head.start == gtid.head.size
    assert commit.head.end > gtid.head.end


def test_the_same_description_is_the_same_object() -> None:
    shapes = [made.shape for made in decoded(raw_events("perubahan")) if isinstance(made, TableMap)]
    assert len(shapes) > 8
    assert len({id(shape) for shape in shapes}) == 2, "one before ALTER TABLE, one after"
    decoder = Decoder(True)
    again = [made.shape for made in map(decoder.feed, raw_events("perubahan") * 2) if isinstance(made, TableMap)]
    assert len({id(shape) for shape in again}) == 2, "the next file brings the same table"


def test_statements_are_told_with_their_schema_and_never_shown() -> None:
    found = [made for made in decoded(raw_events("perubahan")) if isinstance(made, Query)]
    texts = [query.sql for query in found]
    assert "TRUNCATE TABLE warga" in texts
    assert "UPDATE warga SET rt=8 WHERE id=5" in texts
    assert "SAVEPOINT `a`" in texts
    assert {query.schema for query in found} == {"uji"}
    assert all("warga" not in repr(query) for query in found)
    alone = [made.alone for made in decoded(raw_events("perubahan")) if isinstance(made, Gtid)]
    assert True in alone
    assert False in alone


def test_rows_are_never_shown() -> None:
    found = [made for made in decoded(raw_events("perubahan")) if isinstance(made, Rows)]
    assert all("warga" in repr(made) for made in found)
    assert not any("SITI" in repr(made) for made in found)


def test_an_xa_transaction_is_prepared_first() -> None:
    found = list(decoded(raw_events("perubahan")))
    prepared = next(n for n, made in enumerate(found) if isinstance(made, Prepare))
    prepare = found[prepared]
    assert isinstance(prepare, Prepare)
    assert not prepare.one_phase
    later = [made.sql for made in found[prepared:] if isinstance(made, Query)]
    assert any(sql.startswith("XA COMMIT") for sql in later)


def test_a_compressed_statement_is_read() -> None:
    queries = [made.sql for made in decoded(raw_events("padat")) if isinstance(made, Query)]
    assert 165 in {raw[4] for raw in raw_events("padat")}
    assert any(sql.startswith("CREATE TABLE lain") and sql.endswith("')") for sql in queries)


def test_a_log_without_checksums_is_read() -> None:
    with_, without = raw_events("semua"), raw_events("sedikit")
    assert [type(made) for made in decoded(without, checksum=False)] == [type(made) for made in decoded(with_)]


@pytest.mark.parametrize("at", [19, 22, -5, -1])
def test_a_flipped_bit_stops_the_source(at: int) -> None:
    events = raw_events("semua")
    broken = bytearray(events[2])
    broken[at] ^= 1
    decoder = Decoder(True)
    decoder.feed(events[0])
    with pytest.raises(Halt, match="fails its checksum"):
        decoder.feed(bytes(broken))


def test_an_event_of_another_size_than_it_says_stops_the_source() -> None:
    with pytest.raises(Halt, match="came as"):
        Decoder(True).feed(raw_events("semua")[1][:-1])


@pytest.mark.parametrize("checksum", [True, False])
def test_what_the_server_makes_up_may_have_a_checksum_or_none(checksum: bool) -> None:
    body = (4).to_bytes(8, "little") + b"binlog.000007"
    for expected in (True, False):
        made = Decoder(expected).feed(event(4, body, checksum=checksum, flags=0x20, end=0))
        assert isinstance(made, Rotate)
        assert (made.file, made.position) == ("binlog.000007", 4)
    beat = Decoder(True).feed(event(27, b"binlog.000007", checksum=checksum, end=99))
    assert beat == Heartbeat(beat.head, "binlog.000007", 99) if beat else False


def test_mysql_s_newer_heartbeat_tells_a_long_position() -> None:
    position = b"\xfe" + (2**33).to_bytes(8, "little")
    body = b"\1\x0dbinlog.000007" + b"\2\x09" + position + b"\0"
    made = Decoder(False).feed(event(41, body))
    assert isinstance(made, Heartbeat)
    assert (made.file, made.position) == ("binlog.000007", 2**33)


@pytest.mark.parametrize(("kind", "says"), [(26, "incident"), (39, "binlog_row_value_options"), (20, "older"),
                                            (99, "not known")])  # fmt: skip
def test_what_cannot_be_read_without_loss_stops_the_source(kind: int, says: str) -> None:
    with pytest.raises(Halt, match=says) as raised:
        Decoder(False).feed(event(kind, b"\1\0"))
    assert f"event {kind}" in str(raised.value)


@pytest.mark.parametrize("kind", [3, 5, 13, 14, 29, 36, 37, 160, 161])
def test_what_holds_no_change_is_passed_over(kind: int) -> None:
    assert Decoder(False).feed(event(kind, b"anything")) is None


def test_an_unknown_event_that_may_be_ignored_is() -> None:
    assert Decoder(False).feed(event(99, b"anything", flags=0x80)) is None
    with pytest.raises(Halt):
        Decoder(False).feed(event(26, b"\1\0", flags=0x80))


def test_rows_of_a_table_that_was_not_described_stop_the_source() -> None:
    with pytest.raises(Halt, match="did not describe"):
        Decoder(False).feed(event(30, (7).to_bytes(6, "little") + b"\1\0" + b"\2\0" + b"\1\xff\0"))
    assert Decoder(False).feed(event(30, b"\xff\xff\xff\0\0\0" + b"\1\0" + b"\2\0" + b"\0")) is None


@pytest.mark.parametrize("kind", [0, 255])
def test_a_compressed_transaction_of_mysql_gives_the_same_changes(kind: int) -> None:
    """Inner events have no checksum; a row event in MySQL's second form has two bytes for what may follow."""
    plain = [raw[:-4] for raw in raw_events("polos")[2:-1]]
    plain = [raw[:9] + len(raw).to_bytes(4, "little") + raw[13:] for raw in plain]
    inner = b"".join(second_form(raw) for raw in plain)
    decoder = Decoder(False)
    decoder.feed(event(15, MYSQL_FORMAT + b"\0", checksum=True))
    made = decoder.feed(event(40, payload(inner, kind), end=777))
    assert isinstance(made, Payload)
    found = list(made.events)
    assert {one.head.end for one in found} == {777}
    again = list(changes([one for one in found if isinstance(one, Rows)], catalogue("semua")))
    assert again == list(changes(rows("polos"), catalogue("semua")))
    assert len(again) == 7


def second_form(raw: bytes) -> bytes:
    if raw[4] != 23:
        return raw
    longer = raw[:27] + b"\2\0" + raw[27:]
    return longer[:4] + b"\x1e" + longer[5:9] + len(longer).to_bytes(4, "little") + longer[13:]


def test_a_large_compressed_transaction_is_cut_piece_by_piece() -> None:
    inner = b"".join(event(29, bytes(50_000)) + event(16, n.to_bytes(8, "little")) for n in range(100))
    made = Decoder(False).feed(event(40, large_payload(inner)))
    assert isinstance(made, Payload)
    assert [type(one) for one in made.events] == [Commit] * 100


def large_payload(inner: bytes) -> bytes:
    data = zstandard.compress(inner[: len(inner) // 2]) + zstandard.compress(inner[len(inner) // 2 :])
    size = b"\xfe" + len(data).to_bytes(8, "little")
    return b"\2\1\0" + b"\1\x09" + size + b"\0" + data


def test_a_damaged_compressed_transaction_stops_the_source() -> None:
    cut = Decoder(False).feed(event(40, payload(event(16, bytes(8))[:-1], 255)))
    assert isinstance(cut, Payload)
    with pytest.raises(Halt, match="inside an event"):
        list(cut.events)
    other = Decoder(False).feed(event(40, payload(b"", 7)))
    assert isinstance(other, Payload)
    with pytest.raises(Halt, match="unknown way 7"):
        list(other.events)
    torn = Decoder(False).feed(event(40, payload(event(16, bytes(8)))[:-3]))
    assert isinstance(torn, Payload)
    with pytest.raises(Halt, match="damaged"):
        list(torn.events)


def test_a_damaged_compressed_event_of_mariadb_stops_the_source() -> None:
    head = bytes(4 + 4) + b"\0" + bytes(2) + bytes(2) + b"\0"
    good = zlib.compress(b"BEGIN")
    made = Decoder(False).feed(event(165, head + b"\x81\x05" + good))
    assert isinstance(made, Query)
    assert made.sql == "BEGIN"
    for body, says in ((b"\x91\x05" + good, "unknown kind"), (b"\x81\x06" + good, "holds 5 bytes"),
                       (b"\x81\x05" + good[:-6], "damaged")):  # fmt: skip
        with pytest.raises(Halt, match=says):
            Decoder(False).feed(event(165, head + body))
