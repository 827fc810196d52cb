"""A figure is one JSON line, and CPU is counted for a process with all that it started."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from hub.bench import figure

BUSY = "import time\nwhile time.process_time() < 0.3: pass\n"


def test_a_figure_is_one_line_with_the_machine_it_was_measured_on() -> None:
    line = figure.line("hop", records_per_s=12.34567, cpu={"a": 1.23456}, peer=None)
    assert "\n" not in line
    found = json.loads(line)
    assert found["figure"] == "hop"
    assert found["records_per_s"] == 12.346
    assert found["cpu"] == {"a": 1.235}
    assert found["peer"] is None
    assert found["machine"]["cores"] == os.cpu_count()
    assert found["machine"]["memory_gb"] > 0


def test_cpu_counts_children_that_ended() -> None:
    before = figure.cpu_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    after = figure.cpu_seconds(os.getpid())
    assert before is not None
    assert after is not None
    assert after - before >= 0.28


def test_a_process_that_is_gone_is_left_out() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert figure.cpu_seconds(child.pid) is None
    assert figure.cpu_of({"gone": child.pid, "down": 0, "here": os.getpid()}).keys() == {"here"}


def test_cpu_is_told_a_change() -> None:
    known = figure.cpu_seconds(os.getpid())
    assert known is not None
    each = figure.cpu_us_each({"here": (os.getpid(), known - 1.0)}, 1000)
    assert each["here"] >= 1000
    assert figure.cpu_us_each({"here": (os.getpid(), known)}, 0) == {}
