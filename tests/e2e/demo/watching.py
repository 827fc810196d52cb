"""A real Prometheus beside a running demo, set up as monitoring/prometheus.yml says, but looking every second."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from hub.demo.river import River
from tools.get_prometheus import find

MONITORING = Path(__file__).resolve().parents[3] / "monitoring"


class Prometheus:
    """The running server, asked through its own API."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._since = time.time()

    def range(self, query: str) -> list[list[float]]:
        """Return the values of every series of a query since the start, one a second."""
        answer = self._get("query_range", query=query, start=self._since, end=time.time(), step=1)
        return [[float(value) for _, value in series["values"]] for series in answer["result"]]

    def targets(self) -> dict[str, str]:
        """Return the health of every scraped process."""
        found = self._get("targets")["activeTargets"]
        return {target["labels"]["process"]: target["health"] for target in found}

    def rules(self) -> dict[str, str]:
        """Return the health of every alert rule: `ok` once it was evaluated without an error."""
        return {rule["name"]: rule["health"] for group in self._get("rules")["groups"] for rule in group["rules"]}

    def _get(self, path: str, **parameters: Any) -> Any:
        answer = httpx.get(f"{self._url}/api/v1/{path}", params=parameters, timeout=20)
        answer.raise_for_status()
        return answer.json()["data"]


@contextmanager
def prometheus(river: River) -> Iterator[Prometheus]:
    """Run Prometheus on the demo's home."""
    home, tool = river.settings.home, find("prometheus")
    assert tool, "prometheus is missing: `make test` fetches it, or put it on PATH"
    text = (MONITORING / "prometheus.yml").read_text(encoding="utf-8")
    (home / "prometheus.yml").write_text(text.replace("5s", "1s"), encoding="utf-8")
    shutil.copytree(MONITORING / "rules", home / "rules")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (home / "logs" / "prometheus.log").open("wb") as out:
        command = [tool, f"--config.file={home / 'prometheus.yml'}", f"--storage.tsdb.path={home / 'tsdb'}",
                   f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]  # fmt: skip
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)
