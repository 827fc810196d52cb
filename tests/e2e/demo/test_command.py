"""`satudata demo` as a person types it: Ctrl-C ends everything, and the next start begins afresh."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.fixtures import temporary_home

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as folder:
        yield folder


def command(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        (sys.executable, "-m", "hub", "demo", "--people", "150", "--rate", "30", *arguments),
        env={**os.environ, "SATUDATA_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def left_over(home: Path) -> list[str]:
    """Return the command lines of processes that still belong to this home."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"SATUDATA_HOME={home}".encode() in (path / "environ").read_bytes():
                found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_ctrl_c_ends_everything_and_a_second_demo_is_judged_on_the_same_home(home: Path) -> None:
    first = command(home)
    journal = home / "demo" / "journal.sqlite"
    while not (journal.exists() and list((home / "demo" / "run" / "probes").glob("reconcile.json"))):
        assert first.poll() is None, first.communicate()
        time.sleep(0.2)
    first.send_signal(signal.SIGINT)
    out, _ = first.communicate()
    assert (first.returncode, out) == (130, b"")
    assert left_over(home) == []

    second = command(home, "--seconds", "4", "--json")
    out, err = second.communicate()
    line = json.loads(out)
    assert out.count(b"\n") == 1
    assert list(line)[:10] == [
        "changes", "lost", "store_equals_oracle", "precision", "recall", "f1", "exact_nik_f1", "p50_ms", "p99_ms",
        "changes_per_s",
    ]  # fmt: skip
    assert (line["lost"], line["store_equals_oracle"]) == (0, True)
    assert second.returncode == (0 if line["passed"] else 1)
    assert b"mengisi" in err
    assert left_over(home) == []
