"""Loopback ports: a service keeps the port it had, so that settings written down stay true, unless it is taken."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from pathlib import Path

from hub.platform.child import write_atomically

LOOPBACK = "127.0.0.1"
_RANGE = range(15_000, 32_000)
"""Below what the kernel lends to outgoing connections: a client that retries while a service is down would otherwise
take its port, or even connect to itself."""


class Ports:
    """The ports of one home, remembered in a file; services that start at once may ask at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._asking = threading.Lock()
        self._known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def of(self, name: str) -> int:
        """Return the port of a listener: the one it had if that is free, else another free one."""
        with self._asking:
            port = self._known.get(name)
            if port is None or not free(port):
                port = self._unused()
                self._known[name] = port
                write_atomically(self._file, json.dumps(self._known))
            return port

    def _unused(self) -> int:
        while True:
            port = secrets.choice(_RANGE)
            if port not in self._known.values() and free(port):
                return port


def free(port: int) -> bool:
    """Say whether nothing listens on a loopback port (sockets of an earlier listener that linger do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
