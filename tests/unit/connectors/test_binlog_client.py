"""The protocol's client side: packets cut from any pieces, errors told apart, addresses read."""

import socket
import threading
from collections.abc import Iterator

import pytest

from connectors.kinds.mysql_binlog.client import Dump, Lost, Packets, _values, address, replica_number
from hub.wire.errors import RefuseToStart, TryAgain


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def packet(body: bytes, number: int = 0) -> bytes:
    return len(body).to_bytes(3, "little") + bytes((number,)) + body


def received(packets: Packets, count: int) -> list[bytes]:
    found: list[bytes] = []
    for _ in range(1000):
        found += packets.receive(0.01)
        if len(found) >= count:
            break
    return found


def test_packets_come_whole_whatever_pieces_the_line_brings(line: tuple[socket.socket, socket.socket]) -> None:
    bodies = [b"", b"a", b"x" * 300, bytes(range(256)) * 3]
    data = b"".join(packet(body, n) for n, body in enumerate(bodies))
    for size in (1, 3, 7, len(data)):
        packets, found = Packets(line[0]), list[bytes]()
        for at in range(0, len(data), size):
            line[1].sendall(data[at : at + size])
            found += packets.receive(0.01)
        assert found == bodies


def test_what_is_longer_than_a_packet_comes_in_several_and_is_joined(line: tuple[socket.socket, socket.socket]) -> None:
    body = bytes(0xFFFFFF) + b"end"
    sent = packet(body[:0xFFFFFF]) + packet(body[0xFFFFFF:]) + packet(b"next")
    sender = threading.Thread(target=line[1].sendall, args=(sent,))
    sender.start()
    assert received(Packets(line[0]), 2) == [body, b"next"]
    sender.join()


def test_silence_is_no_packet_and_an_end_is_an_error(line: tuple[socket.socket, socket.socket]) -> None:
    packets = Packets(line[0])
    assert packets.receive(0) == []
    assert packets.receive(0.01) == []
    line[1].close()
    with pytest.raises(TryAgain, match="closed"):
        packets.receive(0.01)


@pytest.mark.parametrize(
    ("number", "words", "kind"),
    [
        (1236, b"Could not find first log file name", Lost),
        (1236, b"A slave with the same server_uuid/server_id as this slave has connected; the same server", TryAgain),
        (1227, b"Access denied", TryAgain),
    ],
)
def test_a_lost_log_is_told_from_other_refusals(
    line: tuple[socket.socket, socket.socket], number: int, words: bytes, kind: type[Exception]
) -> None:
    line[1].sendall(packet(b"\xff" + number.to_bytes(2, "little") + b"#HY000" + words))
    with pytest.raises(TryAgain, match=str(number)) as raised:
        Dump(Packets(line[0]), checksum=True).receive(1)
    assert type(raised.value) is kind


def test_events_that_were_put_back_come_again_first(line: tuple[socket.socket, socket.socket]) -> None:
    dump = Dump(Packets(line[0]), checksum=True)
    line[1].sendall(packet(b"\0one") + packet(b"\0two"))
    events = dump.receive(1)
    dump.back(events)
    line[1].sendall(packet(b"\0three"))
    assert dump.receive(1) == [b"one", b"two"]
    assert dump.receive(1) == [b"three"]


def test_a_row_s_values_of_every_length_and_null() -> None:
    long, huge = b"y" * 300, b"z" * 70_000
    row = b"\x01a\xfb\x00\xfc" + (300).to_bytes(2, "little") + long + b"\xfd" + (70_000).to_bytes(3, "little") + huge
    assert _values(row) == [b"a", None, b"", long, huge]


def test_an_address_is_read_and_never_shown_with_its_account() -> None:
    found = address("mysql://satu%40data:p%2Fw@db.example:3307/apa?tls=verify&ca=/etc/ca.pem")
    assert (found.host, found.port, found.user, found.password) == ("db.example", 3307, "satu@data", "p/w")
    assert (found.tls, found.ca) == ("verify", "/etc/ca.pem")
    assert "p/w" not in repr(found)
    assert address("mariadb://a@h").port == 3306
    with pytest.raises(RefuseToStart):
        address("mysql://a:b@/x")


def test_every_source_asks_under_a_number_of_its_own_that_stays() -> None:
    numbers = {replica_number(f"sumber_{n}") for n in range(1000)}
    assert len(numbers) > 995
    assert replica_number("rsud") == replica_number("rsud")
    assert all(0 < number < 1 << 32 for number in numbers)
