"""`satudata up`, `down` and `status` as an officer or systemd uses them: as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.platform import child, embedded
from hub.platform.embedded import Platform
from hub.wire.settings import ENDPOINTS, Settings
from tests.services.fixtures import temporary_home

ROOT = Path(__file__).parents[3]
NO_NETWORK = {"SATUDATA_MAVEN_MIRROR": "http://127.0.0.1:9"}
AS_NOBODY = (
    *("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"),
    *("--inh-caps", "-all,+dac_read_search", "--ambient-caps", "-all,+dac_read_search"),
)
"""An ordinary user who may read root's checkout, for that is where this run's Python lies."""


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as folder:
        yield folder
        embedded.end(folder)


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SATUDATA_")}
    return {**kept, "SATUDATA_CACHE": str(Settings().cache), "SATUDATA_HOME": str(home), "COLUMNS": "200", **more}


def satudata(
    home: Path, *arguments: str, before: tuple[str, ...] = (), **more: str
) -> subprocess.CompletedProcess[str]:
    command = (*before, sys.executable, "-m", "hub", *arguments)
    return subprocess.run(
        command, cwd=ROOT, env=environment(home, **more), capture_output=True, text=True, check=False, timeout=240
    )


def given(platform: Platform, *names: str) -> dict[str, str]:
    return {f"SATUDATA_{name.upper()}": platform.services[name].endpoint for name in names}


def processes(home: Path) -> list[Mapping[str, int]]:
    record = json.loads((home / ENDPOINTS).read_text())
    return [record["owner"], *record["services"]]


def states(answer: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return {service["name"]: service["state"] for service in json.loads(answer.stdout)["services"]}


@pytest.mark.timeout(400)
def test_a_life_up_reused_killed_up_again_without_network_and_down(home: Path) -> None:
    """One home's life in one test, because every start costs ten seconds of this machine."""
    record, ours = _comes_up_and_hides_its_password(home)
    _is_reused(home, ours)
    _leaves_no_orphan_when_its_parent_is_killed(home, ours)
    offline = satudata(home, "up", "--detach", **NO_NETWORK)
    assert offline.returncode == 0, offline.stderr
    assert json.loads((home / ENDPOINTS).read_text())["database"] == record["database"]
    ours = processes(home)
    assert satudata(home, "down").returncode == 0
    assert not any(child.alive(process) for process in ours)
    assert satudata(home, "status").returncode == 3


def _comes_up_and_hides_its_password(home: Path) -> tuple[dict[str, Any], list[Mapping[str, int]]]:
    first = satudata(home, "up", "--detach")
    assert first.returncode == 0, first.stderr
    record = json.loads((home / ENDPOINTS).read_text())
    assert record["kafka"] in first.stderr
    password = (home / "database" / "password").read_text()
    assert password in record["database"]
    assert password not in first.stderr
    assert (home / ENDPOINTS).stat().st_mode & 0o077 == 0
    return record, processes(home)


def _is_reused(home: Path, ours: list[Mapping[str, int]]) -> None:
    again = satudata(home, "up")
    assert "already up" in again.stderr
    assert processes(home) == ours
    status = satudata(home, "status", "--json")
    assert status.returncode == 0
    assert states(status) == {"kafka": "healthy", "registry": "healthy", "database": "healthy"}


def _leaves_no_orphan_when_its_parent_is_killed(home: Path, ours: list[Mapping[str, int]]) -> None:
    owner, *services = ours
    database = str(services[-1]["pid"])
    found = subprocess.run(("pgrep", "-P", database), capture_output=True, text=True, check=True).stdout.split()
    workers = [child.identify(int(pid)) for pid in found]
    assert workers
    os.kill(owner["pid"], signal.SIGKILL)
    assert child.until(lambda: not any(child.alive(process) for process in (*services, *workers)), 20)
    assert embedded.attached(home) is None
    assert set(states(satudata(home, "status", "--json")).values()) == {f"process {s['pid']} is gone" for s in services}


def test_a_service_given_by_a_setting_is_not_started(home: Path, platform: Platform) -> None:
    settings = given(platform, "kafka", "registry")
    answer = satudata(home, "up", "--detach", **settings)
    assert answer.returncode == 0, answer.stderr
    record = json.loads((home / ENDPOINTS).read_text())
    assert [service["name"] for service in record["services"]] == ["database"]
    assert record["kafka"] == settings["SATUDATA_KAFKA"]
    assert not (home / "kafka").exists()
    assert states(satudata(home, "status", "--json", **settings))["kafka"] == "given by a setting"


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("KAFKA", "127.0.0.1:9"),
        ("REGISTRY", "http://127.0.0.1:9/apis/ccompat/v7"),
        ("DATABASE", "postgresql://nobody@127.0.0.1:9/none"),
    ],
)
def test_a_given_service_that_does_not_answer_is_named_and_nothing_starts(
    home: Path, setting: str, address: str
) -> None:
    answer = satudata(home, "up", **{f"SATUDATA_{setting}": address})
    assert answer.returncode == 1
    assert f"SATUDATA_{setting}" in answer.stderr
    assert "unset it" in answer.stderr
    assert not list((home / "logs").iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_stop_in_good_order(home: Path, platform: Platform, number: signal.Signals) -> None:
    settings = given(platform, "kafka", "registry")
    command = (sys.executable, "-m", "hub", "up")
    with subprocess.Popen(command, cwd=ROOT, env=environment(home, **settings), stderr=subprocess.DEVNULL) as owner:
        assert child.until((home / ENDPOINTS).exists, 60)
        ours = processes(home)
        owner.send_signal(number)
        assert owner.wait(60) == 0
    assert not any(child.alive(process) for process in ours)
    assert not (home / ENDPOINTS).exists()
    assert "database system is shut down" in (home / "logs" / "database.log").read_text()


def test_a_service_that_cannot_start_says_why_and_what_to_do(home: Path, platform: Platform) -> None:
    (home / "kafka" / "data").mkdir(parents=True)
    answer = satudata(home, "up", **given(platform, "registry", "database"))
    assert answer.returncode == 1
    assert "kafka ended with code" in answer.stderr
    assert "What to do:" in answer.stderr
    assert "meta.properties" in answer.stderr
    assert not (home / ENDPOINTS).exists()


def test_two_owners_of_one_home_are_refused(home: Path, platform: Platform) -> None:
    settings = given(platform, "kafka", "registry", "database")
    command = (sys.executable, "-m", "hub", "up")
    with subprocess.Popen(command, cwd=ROOT, env=environment(home, **settings), stderr=subprocess.DEVNULL) as owner:
        assert child.until((home / ENDPOINTS).exists, 60)
        (home / ENDPOINTS).unlink()
        second = satudata(home, "up", **settings)
        owner.terminate()
    assert second.returncode == 1
    assert f"process {owner.pid} already" in second.stderr


@pytest.mark.timeout(300)
def test_it_works_as_an_ordinary_user(home: Path) -> None:
    before = AS_NOBODY if os.geteuid() == 0 else ()
    if before:
        os.chown(home, 65534, 65534)
    answer = satudata(home, "up", "--detach", before=before, HOME=str(home))
    assert answer.returncode == 0, answer.stderr + (home / "logs" / "up.log").read_text()
    record = json.loads((home / ENDPOINTS).read_text())
    owners = {Path(f"/proc/{service['pid']}").stat().st_uid for service in record["services"]}
    assert owners == {65534 if before else os.geteuid()}
    with psycopg.connect(record["database"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
