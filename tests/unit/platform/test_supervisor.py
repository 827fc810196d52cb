"""A stage is kept alive, ends when told to, and never outlives its supervisor."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.platform import health
from hub.platform.child import Command, until
from hub.platform.supervisor import Supervisor, pause_after
from hub.wire.errors import RefuseToStart
from hub.wire.probe import PID

ROOT = Path(__file__).parents[3]
_SLEEPER = "import time\nprint('here', flush=True)\ntime.sleep(600)"


def python(code: str) -> Command:
    return Command((sys.executable, "-c", code))


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path) as made:
        yield made


def test_a_killed_stage_is_started_again_and_counted(supervisor: Supervisor) -> None:
    first = supervisor.start("clean", python(_SLEEPER))
    supervisor.kill("clean")
    assert until(lambda: supervisor.stage("clean").restarts == 1, 20)
    again = supervisor.stage("clean")
    assert again.pid not in (0, first.pid)
    assert until(lambda: again.log.read_text().count("here") >= 1, 20)


def test_a_stage_that_ends_badly_is_started_again_with_growing_pauses(supervisor: Supervisor) -> None:
    supervisor.start("clean", python("raise SystemExit(3)"))
    assert until(lambda: supervisor.stage("clean").restarts >= 2, 30)
    assert supervisor.stage("clean").quick_ends >= 2
    assert [pause_after(n) for n in (0, 1, 2, 3, 40)] == [0.25, 0.25, 0.5, 1.0, 10.0]


def test_a_stage_that_ends_well_is_done(supervisor: Supervisor) -> None:
    supervisor.start("prepare", python("print('done')"))
    assert until(lambda: supervisor.stage("prepare").code == 0, 20)
    supervisor.start("prepare", python("print('done')"))
    assert supervisor.stage("prepare").restarts == 0


def test_a_stopped_stage_stays_stopped(supervisor: Supervisor) -> None:
    supervisor.start("serve", python(_SLEEPER))
    assert until(lambda: "here" in supervisor.output("serve"), 20)
    assert supervisor.stop("serve") == -signal.SIGTERM
    assert supervisor.stage("serve").pid == 0


def test_a_frozen_stage_can_be_stopped(supervisor: Supervisor) -> None:
    supervisor.start("serve", python(_SLEEPER))
    assert until(lambda: "here" in supervisor.output("serve"), 20)
    supervisor.send("serve", signal.SIGSTOP)
    assert supervisor.stop("serve") == -signal.SIGTERM


def test_a_name_is_supervised_once(supervisor: Supervisor) -> None:
    supervisor.start("serve", python(_SLEEPER))
    with pytest.raises(RefuseToStart, match="serve is already supervised"):
        supervisor.start("serve", python(_SLEEPER))


_PROBED = """
import signal, sys, time
from pathlib import Path
from hub.wire.probe import Probe

fault = Path("fault")
probe = Probe("clean", Path("."))
probe.healthy = lambda: fault.read_text() if fault.exists() else None
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("here", flush=True)
time.sleep(600)
"""


@pytest.fixture
def watchful(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path, check_seconds=0.1) as made:
        yield made


def probed(home: Path) -> Command:
    return Command((sys.executable, "-c", _PROBED), cwd=home, env={"PYTHONPATH": str(ROOT)})


def test_a_stage_that_says_it_is_ill_is_started_again_although_it_ends_well(watchful: Supervisor) -> None:
    first = watchful.start("clean", probed(watchful.home))
    assert until(lambda: "here" in watchful.output("clean"), 20)
    (watchful.home / "fault").write_text("the loop stands")
    assert until(lambda: watchful.stage("clean").pid not in (0, first.pid), 20)
    (watchful.home / "fault").unlink()
    assert until(lambda: "here" in watchful.output("clean"), 20)
    well = watchful.stage("clean")
    assert not until(lambda: watchful.stage("clean") != well, 1)


def test_a_stage_that_is_frozen_is_started_again(watchful: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_SECONDS", 0.5)
    first = watchful.start("clean", probed(watchful.home))
    assert until(lambda: "here" in watchful.output("clean"), 20)
    watchful.send("clean", signal.SIGSTOP)
    assert until(lambda: watchful.stage("clean").pid not in (0, first.pid), 30)


def test_a_stage_without_a_probe_is_not_judged(watchful: Supervisor) -> None:
    first = watchful.start("prepare", python(_SLEEPER))
    assert until(lambda: "here" in watchful.output("prepare"), 20)
    assert not until(lambda: watchful.stage("prepare") != first, 1)


def test_one_failing_check_is_forgiven(tmp_path: Path) -> None:
    probes = tmp_path / "run" / "probes"
    probes.mkdir(parents=True)
    address, judge = probes / "clean.json", health.Health(tmp_path)
    gone = json.dumps([{"targets": ["127.0.0.1:9"], "labels": {PID: "7"}}])
    for _ in range(3):
        address.write_text(gone)
        assert [judge.ailment(7) for _ in range(health.LIMIT - 1)] == [None] * (health.LIMIT - 1)
        address.unlink()
        assert judge.ailment(7) is None
    address.write_text(gone)
    assert [judge.ailment(7) is None for _ in range(health.LIMIT)] == [True, True, False]
    assert [judge.ailment(8) for _ in range(health.LIMIT)] == [None] * health.LIMIT, "it was another's probe"


def test_a_program_that_is_not_there_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(RefuseToStart, match="/nowhere/java"):
        supervisor.start("kafka", Command(("/nowhere/java",)))
