"""A TCP line between a program and a server that a test can cut, slow down or freeze."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

_PIECE = 16_384
_TICK = 0.02


class Proxy:
    """Forwards every connection to one server, byte for byte, for as long as the line is whole."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._lines: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._whole, self._flowing = True, threading.Event()
        self._flowing.set()
        self._rate = 0
        self.connections = 0
        """How many connections were made through the proxy so far."""
        self._start(self._accept)

    @property
    def port(self) -> int:
        """The port to connect to instead of the server's."""
        return int(self._listener.getsockname()[1])

    def through(self, url: str) -> str:
        """Return a URL of the server as one that goes through this proxy."""
        parts = urlsplit(url)
        login, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{login}{at}127.0.0.1:{self.port}"))

    def cut(self) -> None:
        """Break every connection at once, without a farewell; new ones are let through."""
        with self._lock:
            lines, self._lines = self._lines, set()
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def down(self) -> None:
        """Break every connection, and new ones too, until `up`."""
        self._whole = False
        self.cut()

    def up(self) -> None:
        """Let connections through again."""
        self._whole = True

    def freeze(self) -> None:
        """Let nothing through and close nothing, as a pulled cable does, until `thaw`."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let through what was held back, and what comes."""
        self._flowing.set()

    def slow(self, bytes_per_second: int) -> None:
        """Let each direction of each connection carry so many bytes a second; 0: as many as it can."""
        self._rate = bytes_per_second

    def close(self) -> None:
        """End all connections and the threads that served them."""
        self._flowing.set()
        self._rate = 0
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.down()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._server, 10) if self._whole else None
            except OSError:
                server = None
            if server is None:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._lines |= {client, server}
            self.connections += 1
            self._start(self._serve, client, server)

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        answers = threading.Thread(target=self._pump, args=(server, client), daemon=True)
        answers.start()
        self._pump(client, server)
        answers.join()
        with self._lock:
            self._lines -= {client, server}
        client.close()
        server.close()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                self._flowing.wait()
                self._carry(data, target)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _carry(self, data: bytes, target: socket.socket) -> None:
        while data:
            rate = self._rate
            piece = data if not rate else data[: max(1, int(rate * _TICK))]
            target.sendall(piece)
            data = data[len(piece) :]
            if rate:
                time.sleep(len(piece) / rate)


@contextlib.contextmanager
def proxied(url: str) -> Iterator[tuple[Proxy, str]]:
    """Give a proxy before the server of a URL, and the URL that goes through it."""
    parts = urlsplit(url)
    proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or 5432)
    try:
        yield proxy, proxy.through(url)
    finally:
        proxy.close()
