"""`satudata source` and `satudata status` on a running source, as an operator uses them: as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.platform import child
from hub.platform.embedded import Platform
from hub.wire.settings import Settings
from tests.services.fixtures import temporary_home

ROOT = Path(__file__).parents[3]
PATIENCE = 40
CONTRACT = """
[source]
name = "{name}"
kind = "replay"
owner = "Dinas Uji"
authority = "register"
legal_basis = "Uji 1/2026"
purpose = "uji coba"
retention_days = 30
expires = 2099-12-31
dsn = "env:UJI_DSN"
[options]
file = "{file}"
[[table]]
name = "public.warga"
entity = "person"
key = ["id"]
[table.map]
name = {{ from = "nama", with = "name" }}
[table.expect]
freshness = "1h"
"""


class Desk:
    """An operator's machine with one source of invented rows."""

    def __init__(self, home: Path, platform: Platform) -> None:
        self.name = f"s{os.urandom(4).hex()}"
        self.list = home / "list.jsonl"
        self.list.touch()
        sources = home / "sources"
        sources.mkdir()
        (sources / f"{self.name}.toml").write_text(CONTRACT.format(name=self.name, file=self.list))
        services = {f"SATUDATA_{n.upper()}": platform.services[n].endpoint for n in ("kafka", "registry", "database")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SATUDATA_")}
        self.environment = {
            **kept, **services, "SATUDATA_CACHE": str(Settings().cache), "SATUDATA_HOME": str(home),
            "SATUDATA_SOURCES": str(sources), "COLUMNS": "240",
        }  # fmt: skip

    def insert(self, number: int) -> None:
        row = {"id": str(number), "nama": f"WARGA {number}"}
        change = {"op": "c", "table": "public.warga", "key": [str(number)], "row": row, "at": 1}
        with self.list.open("a") as file:
            file.write(json.dumps(change) + "\n")

    def satudata(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (sys.executable, "-m", "hub", *arguments), cwd=ROOT, env=self.environment, input=given,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        command = (sys.executable, "-m", "hub", "run", self.name)
        with subprocess.Popen(command, cwd=ROOT, env=self.environment) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.wait(PATIENCE)

    def status(self) -> dict[str, Any]:
        answer = self.satudata("status", "--json")
        assert answer.returncode == 0, answer.stderr
        (source,) = json.loads(answer.stdout)["sources"]
        found: dict[str, Any] = source
        return found

    def is_(self, state: str) -> bool:
        return bool(self.status()["state"] == state)

    def told(self) -> list[str]:
        return [notice["code"] for notice in self.status()["notices"]]


def until(condition: Callable[[], bool]) -> bool:
    """Wait for what a process is asked about: each look is a start of Python, which what is waited for needs too."""
    return child.until(condition, PATIENCE, 0.7)


@pytest.fixture
def desk(platform: Platform) -> Iterator[Desk]:
    with temporary_home() as home:
        yield Desk(home, platform)


@pytest.mark.timeout(300)
def test_a_source_is_paused_resumed_and_refused_something_and_the_status_tells(desk: Desk) -> None:
    assert desk.status()["state"] == "not running"
    desk.insert(1)
    with desk.running():
        assert until(lambda: desk.is_("reading"))
        assert until(lambda: "source_began_anew" in desk.told())
        assert desk.satudata("source", "pause", desk.name).returncode == 0
        assert until(lambda: desk.is_("paused"))
        assert desk.told()[0] == "source_paused"
        listed = desk.satudata("source", "list")
        assert listed.returncode == 0
        assert "yes" in listed.stdout
    with desk.running():
        assert until(lambda: desk.is_("paused")), "a restart ended the pause"
        assert desk.satudata("source", "resume", desk.name).returncode == 0
        assert until(lambda: desk.is_("reading"))
        assert desk.satudata("source", "snapshot", desk.name, "--keys", "-", given="7\n8\n").returncode == 0
        assert until(lambda: desk.told()[0] == "signal_refused")
    shown = desk.satudata("status").stdout
    assert desk.name in shown
    assert "signal_refused" in shown
    assert desk.status()["state"] == "not running"


def test_a_source_that_ended_for_good_left_word_why(desk: Desk) -> None:
    desk.list.unlink()
    with desk.running() as process:
        assert process.wait(PATIENCE) == 1
    (last, *_) = desk.status()["notices"]
    assert (last["code"], last["detail"]["kind"]) == ("source_ended", "RefuseToStart")
    assert "list.jsonl does not exist" in last["detail"]["reason"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("pause", "nobody"), "no contract for source 'nobody'"),
        (("snapshot", "NAME", "--table", "public.lain"), "names no table public.lain"),
        (("snapshot", "NAME", "--keys", "1508010101900001"), "standard input"),
        (("snapshot", "NAME", "--where", "nik = '1508010101900001'"), "standard input"),
        (("snapshot", "NAME", "--where", "id > 5", "--keys", "1"), "one of them"),
    ],
)
def test_what_cannot_be_asked_is_told_and_nothing_is_sent(desk: Desk, arguments: tuple[str, ...], told: str) -> None:
    answer = desk.satudata("source", *(desk.name if part == "NAME" else part for part in arguments))
    assert answer.returncode == 1
    assert told in answer.stderr
