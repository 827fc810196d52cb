"""/metrics, /healthz and /readyz of a process, on loopback, in a thread of its own.

The address is written to `<home>/run/probes/<process>.json` in the form of Prometheus's file service discovery; the
process's id stands beside it as a label that Prometheus drops.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from hub.wire import metrics

PID = "__meta_pid"
"""Label of a probe's file that names its process."""
Check = Callable[[], str | None]
"""Returns None when all is well, else what is wrong, in one sentence without personal values."""


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Write no access log."""


class Probe:
    """The probe server of one process; `ready` and `healthy` may be replaced while it runs."""

    def __init__(self, process: str, home: Path, port: int = 0) -> None:
        self.process = process
        self.ready: Check = lambda: "starting"
        self.healthy: Check = lambda: None
        self.answers: dict[str, Callable[[], str]] = {}
        """Further paths: what a process tells of its own state, in words that name nobody."""
        self._metrics = make_wsgi_app(metrics.REGISTRY)
        self._server = make_server("127.0.0.1", port, self._answer, server_class=WSGIServer, handler_class=_Silent)
        self.port = int(self._server.server_port)
        self._file = home / "run" / "probes" / f"{process}.json"
        self._write_target()
        threading.Thread(target=self._server.serve_forever, name=f"{process}-probe", daemon=True).start()

    def _write_target(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps([self._target()]))
        draft.replace(self._file)

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            metrics.UP.labels(process=self.process).set(0 if self.ready() else 1)
            return self._metrics(environ, start_response)  # type: ignore[no-any-return]
        if path in self.answers:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [f"{self.answers[path]()}\n".encode()]
        check = {"/healthz": self.healthy, "/readyz": self.ready}.get(path)
        if check is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/metrics, /healthz or /readyz\n"]
        fault = check()
        start_response("503 Service Unavailable" if fault else "200 OK", [("Content-Type", "text/plain")])
        return [f"{fault or 'ok'}\n".encode()]

    def close(self) -> None:
        """Stop answering and take the address back, unless a successor has written its own there."""
        self._server.shutdown()
        self._server.server_close()
        try:
            (target,) = json.loads(self._file.read_text())
        except FileNotFoundError:
            return
        if target == self._target():
            self._file.unlink(missing_ok=True)

    def _target(self) -> dict[str, Any]:
        labels = {"process": self.process, PID: str(os.getpid())}
        return {"targets": [f"127.0.0.1:{self.port}"], "labels": labels}
