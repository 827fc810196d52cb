"""A fork is a program of its own: its words, code and signals, its end with its owner; only its imports are made."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path

import pytest

from hub import flow
from hub.platform import forks
from hub.platform.child import Child, Command, alive, spawn, until

_PROGRAM = """
import json, os, sys, time
print(json.dumps({
    "name": __name__, "argv": sys.argv[1:], "cwd": os.getcwd(), "given": os.environ.get("GIVEN"),
    "in": sys.stdin.read(),
    "session": os.getsid(0), "pid": os.getpid(), "ahead": "hub.ahead" in sys.modules,
}), flush=True)
if sys.argv[1] == "sleep":
    time.sleep(600)
sys.exit(int(sys.argv[1]))
"""
_OWNER = """
import sys, time
from pathlib import Path
from hub.platform import forks
from hub.platform.child import Command, spawn
if __name__ == "__main__":
    home = Path(sys.argv[1])
    forks.prepare(["json"])
    spawn("fork", Command((sys.executable, "-m", "program", "sleep"), cwd=home), home / "log", home / "pid", fork=True)
    time.sleep(600)
"""
Start = Callable[..., Child]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    forks.prepare(flow.AHEAD)
    (tmp_path / "program.py").write_text(_PROGRAM)
    made = []

    def begin(*arguments: str, module: str = "program") -> Child:
        argv = (sys.executable, "-m", module, *arguments)
        command = Command(argv, {"GIVEN": "yes"}, tmp_path)
        made.append(spawn(f"fork{len(made)}", command, tmp_path / f"log{len(made)}", fork=True))
        return made[-1]

    yield begin
    for child in made:
        child.kill()


def said(child: Child) -> dict[str, object]:
    assert until(lambda: child.output().endswith("}"), 20)
    found: dict[str, object] = json.loads(child.output())
    return found


def test_it_is_the_module_s_program_and_finds_its_imports_made(start: Start, tmp_path: Path) -> None:
    child = start("7", "two words")
    assert child.wait(20) == 7
    assert said(child) == {
        "name": "__main__", "argv": ["7", "two words"], "cwd": str(tmp_path), "given": "yes", "in": "",
        "session": child.pid, "pid": child.pid, "ahead": True,
    }  # fmt: skip


def test_a_signal_is_its_code(start: Start) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        child = start("sleep")
        said(child)
        assert (child.returncode, child.wait(0)) == (None, None)
        child.send(number)
        assert child.wait(20) == child.returncode == -number
        child.send(number)  # it is gone: nothing else is hit


def test_what_it_does_not_catch_stands_in_its_log(start: Start) -> None:
    child = start("one")
    assert child.wait(20) == 1
    assert "ValueError: invalid literal for int() with base 10: 'one'" in child.output()
    missing = start(module="no_such_module")
    assert missing.wait(20) == 1
    assert "No module named no_such_module" in missing.output()


def test_whoever_asks_hears_the_same_end(start: Start) -> None:
    with ThreadPoolExecutor(8) as pool:
        for code in (0, 3, 5):
            child = start(str(code))
            assert set(pool.map(lambda _, child=child: child.wait(20), range(8))) == {code}  # type: ignore[misc]


def test_its_owner_s_death_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(_PROGRAM)
    (tmp_path / "owner.py").write_text(_OWNER)
    with subprocess.Popen((sys.executable, str(tmp_path / "owner.py"), str(tmp_path))) as owner:
        assert until((tmp_path / "pid").exists, 30)
        identity = json.loads((tmp_path / "pid").read_text())
        assert alive(identity)
        owner.kill()
    assert until(lambda: not alive(identity), 10)


def test_after_the_server_s_death_another_serves(start: Start) -> None:
    child = start("sleep")
    pid = said(child)["pid"]
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)  # type: ignore[attr-defined]
    assert child.wait(20) not in (None, 0)
    assert until(lambda: not Path(f"/proc/{pid}").exists(), 20)
    assert start("4").wait(20) == 4


def test_another_program_is_no_fork(tmp_path: Path) -> None:
    assert not forks.can_become((sys.executable, "-c", "pass"))
    assert not forks.can_become(("/usr/bin/java", "-m", "module"))
    child = spawn("other", Command((sys.executable, "-c", "print('here')")), tmp_path / "log", fork=True)
    assert child.wait(20) == 0
    assert child.output() == "here"
