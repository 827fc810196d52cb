"""The probe: answers health, readiness and metrics, and says where it listens."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.wire.probe import PID, Probe


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Probe]:
    probe = Probe("clean", tmp_path)
    yield probe
    probe.close()


def get(probe: Probe, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{probe.port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_process_is_not_ready_until_it_says_so(probe: Probe) -> None:
    assert get(probe, "/readyz") == (503, "starting\n")
    probe.ready = lambda: None
    assert get(probe, "/readyz") == (200, "ok\n")


def test_an_unhealthy_process_says_what_is_wrong(probe: Probe) -> None:
    assert get(probe, "/healthz") == (200, "ok\n")
    probe.healthy = lambda: "the lease was lost"
    assert get(probe, "/healthz") == (503, "the lease was lost\n")


def test_metrics_follow_readiness(probe: Probe) -> None:
    assert 'satudata_process_ready{process="clean"} 0.0' in get(probe, "/metrics")[1]
    probe.ready = lambda: None
    assert 'satudata_process_ready{process="clean"} 1.0' in get(probe, "/metrics")[1]


def test_an_unknown_path_is_told_the_known_ones(probe: Probe) -> None:
    assert get(probe, "/nik/1") == (404, "/metrics, /healthz or /readyz\n")


def test_the_address_is_written_for_prometheus_and_taken_back(tmp_path: Path) -> None:
    probe = Probe("publish", tmp_path)
    path = tmp_path / "run" / "probes" / "publish.json"
    (target,) = json.loads(path.read_text())
    assert target == {"targets": [f"127.0.0.1:{probe.port}"], "labels": {"process": "publish", PID: str(os.getpid())}}
    probe.close()
    assert not path.exists()


def test_a_process_that_ends_late_leaves_its_successor_s_address(tmp_path: Path) -> None:
    first, second = Probe("reconcile", tmp_path), Probe("reconcile", tmp_path)
    first.close()
    (target,) = json.loads((tmp_path / "run" / "probes" / "reconcile.json").read_text())
    assert target["targets"] == [f"127.0.0.1:{second.port}"]
    second.close()


def test_a_process_can_tell_more_of_itself(probe: Probe) -> None:
    probe.answers["/digest"] = lambda: "abc"
    assert get(probe, "/digest") == (200, "abc\n")
