"""serve as a process: answers, says where, and ends cleanly; never on an address that others can reach."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from hub.serve.process import run
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings
from tests.integration.serve.stores import TestStore, entity_id

CODE = "from hub import flow; from hub.wire.settings import Settings; exit(flow.STAGES['serve'](Settings()))"
NIK = "1508012345670001"


def wait_for(file: Path, process: subprocess.Popen[bytes]) -> str:
    pause = threading.Event()
    for _ in range(1500):
        if file.exists() and (text := file.read_text()):
            return text
        assert process.poll() is None, "it ended"
        pause.wait(0.02)
    raise AssertionError(f"{file.name} did not appear")


def test_the_process_answers_and_ends_cleanly_and_logs_no_path(kept: TestStore, kafka: str, tmp_path: Path) -> None:
    kept.person(1, [(1, "dukcapil")], nik=NIK)
    env = {**os.environ, "SATUDATA_HOME": str(tmp_path), "SATUDATA_KAFKA": kafka, "SATUDATA_DATABASE": kept.url,
           "SATUDATA_REGISTRY": "http://127.0.0.1:1", "SATUDATA_SERVE_PORT": "0"}  # fmt: skip
    log = tmp_path / "log"
    with log.open("wb") as out, subprocess.Popen([sys.executable, "-c", CODE], env=env, stderr=out) as process:
        try:
            url = json.loads(wait_for(tmp_path / "run" / "serve.json", process))["url"]
            with httpx.Client(base_url=url) as client:
                assert client.get(f"/v1/person/{entity_id(1)}").json()["nik"] == NIK
                assert client.get(f"/v1/entities/{entity_id(1)}/explanation").json()["reason"] == "alone"
                assert client.get("/readyz").status_code == 200
                assert client.get(f"/v1/person/{NIK}").status_code == 422
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                ended = process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert ended == 0
    assert not (tmp_path / "run" / "serve.json").exists()
    assert NIK not in log.read_text()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(RefuseToStart, match="loopback"):
        run(Settings(kafka=None, registry=None, database=None), {}, host=host, port=0)


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(RefuseToStart, match="SATUDATA_SERVE_PORT"):
            run(Settings(kafka=None, registry=None, database=None), {}, host="127.0.0.1", port=taken.getsockname()[1])
