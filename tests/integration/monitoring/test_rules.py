"""Prometheus's own tool accepts the configuration and the alert rules, and their tests pass."""

import subprocess
from pathlib import Path

import pytest

from tools.get_prometheus import find

MONITORING = Path(__file__).resolve().parents[3] / "monitoring"


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "rules/river.yml"],
        ["test", "rules", "rules_test/river.yml"],
    ],
)
def test_promtool_accepts(arguments: list[str]) -> None:
    tool = find("promtool")
    assert tool, "promtool is missing: `make test` fetches it, or put it on PATH"
    done = subprocess.run([tool, *arguments], cwd=MONITORING, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout + done.stderr
