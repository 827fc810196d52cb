"""What becomes of a registry's answers, told by a server that gives each of them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from hub.wire import avro
from hub.wire.clock import TestClock
from hub.wire.errors import Quarantine, RefuseToStart, TryAgain

DEAD = "http://127.0.0.1:9"


@contextmanager
def answering(*answers: tuple[int, bytes]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Give these answers in turn, the last one for ever; yield the address and the requests that came."""
    left, came = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            came.append((f"{self.command} {self.path}", self.headers.get("Authorization", "")))
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}", came
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avro, "_ASK_AGAIN_SECONDS", (0.0, 0.0))


def test_registering_sets_the_compatibility_first_and_names_may_hold_anything() -> None:
    with answering((200, b"{}"), (200, b'{"id": 7}')) as (address, came):
        with closing(avro.ConfluentRegistry(f"http://{address}/api/")) as registry:
            assert registry.register("raw.a/b c-value", '"string"', "NONE") == 7
        assert [request for request, _ in came] == [
            "PUT /api/config/raw.a%2Fb%20c-value", "POST /api/subjects/raw.a%2Fb%20c-value/versions"
        ]  # fmt: skip


def test_trouble_of_a_moment_is_waited_out_and_lasting_trouble_is_told_without_the_password() -> None:
    with answering((503, b""), (200, b'{"schema": "x"}'), (500, b"")) as (address, came):
        with closing(avro.ConfluentRegistry(f"http://hub:rahasia@{address}")) as registry:
            assert registry.schema(1) == "x"
            with pytest.raises(TryAgain, match="schema id 2: HTTP 500") as told:
                registry.schema(2)
        assert "rahasia" not in str(told.value)
        assert [login for _, login in came] == ["Basic aHViOnJhaGFzaWE="] * 5


def test_another_address_is_asked_when_one_is_dead() -> None:
    with answering((200, b'{"id": 3}')) as (address, came):
        with closing(avro.ConfluentRegistry(f"{DEAD}, http://{address}")) as registry:
            assert registry.lookup("s", '"string"') == 3
        assert len(came) == 1


UNKNOWN = (404, b'{"error_code": 40403, "message": "no such schema"}')


@pytest.mark.parametrize("refusal", [(409, b'{"error_code": 409, "message": "not compatible"}'), (401, b"who are you")])
def test_a_refusal_is_told_at_once(refusal: tuple[int, bytes]) -> None:
    with answering(refusal) as (address, came), closing(avro.ConfluentRegistry(f"http://{address}")) as registry:
        with pytest.raises(RefuseToStart, match=rf"subject s: HTTP {refusal[0]}.*(compatible|who)"):
            registry.lookup("s", '"string"')
        assert len(came) == 1


def test_an_id_is_poison_once_it_stayed_unknown_for_longer_than_a_start_takes() -> None:
    clock = TestClock()
    with answering(UNKNOWN) as (address, came), closing(avro.ConfluentRegistry(f"http://{address}", clock)) as registry:
        for pause in (0, 3):
            clock.advance(pause)
            with pytest.raises(TryAgain, match="no such schema"):
                registry.schema(9)
        clock.advance(3)
        with pytest.raises(Quarantine, match="schema id 9"):
            registry.schema(9)
        asked = len(came)
        for schema_id in range(10, 30):  # so shortly after, it cannot have been started again
            clock.advance(1)
            with pytest.raises(Quarantine):
                registry.schema(schema_id)
        assert len(came) == asked + 20


def test_what_a_registry_did_not_know_long_ago_is_not_held_against_a_new_start() -> None:
    clock = TestClock()
    with answering(UNKNOWN) as (address, _), closing(avro.ConfluentRegistry(f"http://{address}", clock)) as registry:
        for pause in (0, 600):
            clock.advance(pause)
            with pytest.raises(TryAgain):
                registry.schema(9)


def test_a_registry_that_is_reading_its_journal_is_asked_again() -> None:
    with (
        answering(UNKNOWN, (404, b"no page"), (200, b'{"schema": "x"}')) as (address, _),
        closing(avro.ConfluentRegistry(f"http://{address}")) as registry,
    ):
        assert registry.schema(9) == "x"
