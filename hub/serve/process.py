"""`satudata run serve`: the HTTP API as a process, with its probe and its signals."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import uvicorn

from hub.serve.app import Parts, create
from hub.serve.store import Store
from hub.wire import contract, log
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.clock import SystemClock
from hub.wire.errors import RefuseToStart
from hub.wire.explained import Explainer
from hub.wire.kafka import KafkaSender
from hub.wire.probe import Probe
from hub.wire.settings import Settings

_LOG = log.get(__name__)
PLACE = Path("run") / "serve.json"
"""Where, under the home, the address of the running API stands."""


def run(
    settings: Settings, explainers: Mapping[str, Explainer], *, host: str | None = None, port: int | None = None
) -> int:
    """Answer HTTP until SIGTERM or SIGINT; `host` and `port` win over the settings."""
    listener = _listen(host or settings.serve_host, settings.serve_port if port is None else port)
    sender = KafkaSender(settings.endpoint("kafka"), "serve", **{"message.timeout.ms": 10_000})
    store = Store(settings.endpoint("database"))
    registry = ConfluentRegistry(settings.endpoint("registry"))
    parts = Parts(
        store, sender, Codec(registry), SystemClock(), contracts=contract.load_all(settings),
        sensitive_feeds=tuple(settings.sensitive_feeds.split()), explainers=explainers, settings=settings,
    )  # fmt: skip
    probe = Probe("serve", settings.home, settings.probe_port)
    probe.ready = parts.unready
    place = settings.home / PLACE
    url = "http://{}:{}".format(*listener.getsockname()[:2])
    place.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    server = uvicorn.Server(
        uvicorn.Config(create(parts), access_log=False, log_config=None, server_header=False,
                       timeout_graceful_shutdown=10)
    )  # fmt: skip
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, partial(_end, server))  # before uvicorn's own; it raises the signal once more at its end
    _LOG.info("serve_started", url=url, probe_port=probe.port)
    try:
        server.run(sockets=[listener])
    finally:
        place.unlink(missing_ok=True)
        probe.close()
        store.close()
        sender.close()
        registry.close()
    _LOG.info("serve_stopped")
    return 0


def _end(server: uvicorn.Server, *_signal: object) -> None:
    server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    """Bind the API's address; raises RefuseToStart when it is not loopback, or taken."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        inside = ipaddress.ip_address(address[0]).is_loopback
    except OSError as error:
        raise RefuseToStart(f"serve cannot listen on {host}: {error}; set SATUDATA_SERVE_HOST=127.0.0.1") from error
    if not inside:
        raise RefuseToStart(
            f"serve would listen on {host}, but it asks nobody who they are yet: only loopback is allowed; set "
            "SATUDATA_SERVE_HOST=127.0.0.1 and reach it through a proxy that authenticates"
        )
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise RefuseToStart(f"serve cannot listen on {host}:{port}: {error.strerror}; free that port or set "
                            "SATUDATA_SERVE_PORT (0 = any free one)") from error  # fmt: skip
    return listener
