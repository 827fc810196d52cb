"""How a service starts and fails, with a program of a few lines in its place."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.platform import embedded
from hub.platform.child import Command, identify
from hub.platform.commands import without_password
from hub.platform.embedded import Platform
from hub.platform.kafka import brokers
from hub.platform.ports import LOOPBACK, Ports, free
from hub.platform.service import Service
from hub.wire.clock import TestClock
from hub.wire.errors import Halt, RefuseToStart
from hub.wire.settings import ENDPOINTS, Settings


class Program(Service):
    """A service whose program is the given Python code; healthy when its log says so."""

    patience = 20

    def __init__(self, home: Path, code: str) -> None:
        super().__init__("program", home)
        self.code = code
        self.prepared = 0

    version = "1"
    endpoint = "nowhere"

    def prepare(self) -> None:
        self.prepared += 1

    def command(self) -> Command:
        return Command((sys.executable, "-c", self.code))

    def ailment(self) -> str | None:
        return None if self.child and "serving" in self.child.output() else "not ready"


def test_a_start_returns_when_the_service_is_healthy(tmp_path: Path) -> None:
    service = Program(tmp_path, "print('serving', flush=True)\nimport time\ntime.sleep(600)")
    service.start()
    assert service.running
    service.stop()
    assert not service.running


def test_a_service_that_ends_tells_the_end_of_its_log_and_a_remedy(tmp_path: Path) -> None:
    service = Program(tmp_path, "raise SystemExit('No space left on device')")
    with pytest.raises(RefuseToStart, match="free some space") as caught:
        service.start()
    assert "program ended with code 1" in str(caught.value)
    assert "No space left on device" in str(caught.value)


def test_a_service_that_never_gets_healthy_is_stopped_and_says_what_was_wrong(tmp_path: Path) -> None:
    service = Program(tmp_path, "import time\ntime.sleep(600)")
    service.patience = 0.5
    with pytest.raises(RefuseToStart, match=r"was not healthy after .*: not ready"):
        service.start()
    assert not service.running


def test_a_passing_trouble_is_tried_again_with_fresh_preparation(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = (
        f"import pathlib, time\nmark = pathlib.Path({str(mark)!r})\n"
        "if not mark.exists():\n    mark.touch()\n    raise SystemExit('Address already in use')\n"
        "print('serving', flush=True)\ntime.sleep(600)"
    )
    service = Program(tmp_path, code)
    service.start()
    assert service.prepared == 2
    service.stop()


def test_a_start_can_be_called_off(tmp_path: Path) -> None:
    service = Program(tmp_path, "import time\ntime.sleep(600)")
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(RefuseToStart, match="called off"):
        service.start(cancelled)
    assert not service.running


def test_a_service_that_ends_by_itself_is_started_again_but_not_for_ever(tmp_path: Path) -> None:
    service = Program(tmp_path, "print('serving', flush=True)\nimport time\ntime.sleep(600)")
    service.start()
    platform = Platform(Settings(home=tmp_path), clock=TestClock())
    platform.services = {"program": service}
    for _ in range(5):
        service.kill()
        platform.heal()
        assert service.running
    service.kill()
    with pytest.raises(Halt, match="program ended 5 times"):
        platform.heal()
    assert not service.running


def test_a_port_is_kept_while_it_is_free_and_given_up_when_taken(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    port = Ports(file).of("kafka")
    assert Ports(file).of("kafka") == port
    with socket.socket() as other:
        other.bind((LOOPBACK, port))
        other.listen()
        assert not free(port)
        assert Ports(file).of("kafka") != port


def test_services_that_ask_for_ports_at_once_get_one_each(tmp_path: Path) -> None:
    ports, names = Ports(tmp_path / "ports.json"), [f"p{n}" for n in range(64)]
    with ThreadPoolExecutor(16) as pool:
        given = list(pool.map(ports.of, names))
    assert len(set(given)) == len(names)
    assert [Ports(tmp_path / "ports.json").of(name) for name in names] == given


def test_ports_lie_below_those_that_the_kernel_lends_to_outgoing_connections(tmp_path: Path) -> None:
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = Ports(tmp_path / "ports.json")
    assert all(ports.of(f"p{n}") < low for n in range(50))


@pytest.mark.parametrize(("answer", "count"), [(struct.pack(">iii", 8, 0, 1), 1), (struct.pack(">iii", 8, 0, 0), 0)])
def test_a_broker_is_asked_for_the_brokers_it_knows(answer: bytes, count: int) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        threading.Thread(target=_answer_once, args=(server, answer)).start()
        assert brokers(server.getsockname()[1]) == count


def test_a_broker_that_hangs_up_is_no_broker() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        threading.Thread(target=_answer_once, args=(server, b"")).start()
        with pytest.raises(ConnectionError, match="without an answer"):
            brokers(server.getsockname()[1])


def _answer_once(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(100)
        connection.sendall(answer)


def test_a_record_whose_owner_is_gone_is_not_taken_for_running_services(tmp_path: Path) -> None:
    gone = {"pid": 1, "started": 0}
    (tmp_path / ENDPOINTS).parent.mkdir()
    (tmp_path / ENDPOINTS).write_text(json.dumps({"owner": gone, "services": []}))
    assert embedded.attached(tmp_path) is None
    (tmp_path / ENDPOINTS).write_text(
        json.dumps({"owner": identify(threading.main_thread().native_id or 0), "services": []})
    )
    assert embedded.attached(tmp_path) is not None
    assert embedded.record(tmp_path / "nowhere") is None


def test_down_without_anything_running_says_so(tmp_path: Path) -> None:
    assert not embedded.end(tmp_path)


def test_a_password_is_not_shown_on_a_screen() -> None:
    assert (
        without_password("postgresql://satudata:s3cret@127.0.0.1:5432/x")
        == "postgresql://satudata:***@127.0.0.1:5432/x"
    )
    assert without_password("127.0.0.1:9092") == "127.0.0.1:9092"
