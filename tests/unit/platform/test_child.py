"""A child ends with its parent, however the parent ends, and its pid file names that child and no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.platform.child import Child, Command, alive, end_left_over, identify, spawn, started, tail, until

_SLEEPER = ("-c", "import time\ntime.sleep(600)")
_PARENT = """
import sys, threading, time
from pathlib import Path
from hub.platform.child import Command, spawn
home = Path(sys.argv[1])
def begin():
    spawn("child", Command((sys.executable, "-c", "import time; time.sleep(600)")), home / "log", home / "pid")
worker = threading.Thread(target=begin)
worker.start(); worker.join()
time.sleep(600)
"""


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Child]:
    child = spawn("sleeper", Command((sys.executable, *_SLEEPER)), tmp_path / "log", tmp_path / "pid")
    yield child
    child.kill()


def test_a_child_dies_with_a_parent_that_is_killed_though_another_thread_started_it(tmp_path: Path) -> None:
    parent = subprocess.Popen((sys.executable, "-c", _PARENT, str(tmp_path)))
    assert until((tmp_path / "pid").exists, 30)
    identity = json.loads((tmp_path / "pid").read_text())
    assert alive(identity)
    parent.kill()
    parent.wait()
    assert until(lambda: not alive(identity), 10)


def test_a_child_whose_parent_died_before_it_looked_does_not_become_the_program(tmp_path: Path) -> None:
    launcher = Path(__file__).parents[3] / "hub" / "platform" / "launch.py"
    mark = tmp_path / "mark"
    other_parent = str(os.getpid() + 1)
    arguments = (other_parent, "9", "-", "-", "/usr/bin/touch", str(mark))
    subprocess.run((sys.executable, "-I", "-S", str(launcher), *arguments), check=True)
    assert not mark.exists()
    arguments = (str(os.getpid()), *arguments[1:])
    subprocess.run((sys.executable, "-I", "-S", str(launcher), *arguments), check=True)
    assert mark.exists()


def test_what_a_killed_owner_left_is_ended_by_its_pid_file(sleeper: Child, tmp_path: Path) -> None:
    end_left_over(tmp_path / "pid")
    assert started(sleeper.pid) == 0
    assert not (tmp_path / "pid").exists()


def test_a_pid_that_the_system_gave_to_another_process_is_left_alone(sleeper: Child, tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(json.dumps({"pid": sleeper.pid, "started": started(sleeper.pid) - 1}))
    end_left_over(tmp_path / "pid")
    assert sleeper.returncode is None


def test_a_child_s_output_is_its_own_and_not_that_of_an_earlier_one(tmp_path: Path) -> None:
    for word in ("first", "second"):
        child = spawn("echo", Command(("/bin/echo", word)), tmp_path / "log")
        assert child.wait(20) == 0
        assert child.output() == word
    assert tail(tmp_path / "log").split() == ["first", "second"]


def test_a_process_that_is_gone_has_no_start(tmp_path: Path) -> None:
    child = spawn("true", Command(("/bin/true",)), tmp_path / "log")
    identity = identify(child.pid)
    child.wait(20)
    assert not alive(identity)
    assert not alive({"pid": child.pid, "started": 0})
