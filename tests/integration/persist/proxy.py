"""A TCP proxy before PostgreSQL that can lose the reply to a COMMIT, or the COMMIT itself."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit, urlunsplit

_COMMIT = b"COMMIT\0"


class Proxy:
    """Forwards every connection to the server of a libpq URL; `lose` arms it once, for the next COMMIT."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        user = f"{parts.username}@" if parts.password is None else f"{parts.username}:{parts.password}@"
        address = f"{user}127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = urlunsplit((parts.scheme, address, parts.path, "sslmode=disable", ""))
        self._lose: str | None = None
        self._left: list[socket.socket] = []
        self.lost = threading.Event()
        """Set once something was lost."""
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, what: str) -> None:
        """Lose the `reply` to the next COMMIT, or the `request`, and cut that connection."""
        self.lost.clear()
        self._lose = what

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._server)
            except OSError:  # the server is away: so is the proxy
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        answers = threading.Thread(target=_pump, args=(server, client), daemon=True)
        answers.start()
        what: str | None = None
        while data := _read(client):
            if self._lose and _COMMIT in data.upper():
                what, self._lose = self._lose, None
                client.shutdown(socket.SHUT_RDWR)  # from now on no answer reaches the client
                if what == "reply":
                    server.sendall(data)
                    server.shutdown(socket.SHUT_WR)
                    answers.join()
                self.lost.set()
                break
            server.sendall(data)
        client.close()
        if what == "request":
            self._left.append(server)  # the server keeps waiting, as after a cable was pulled
        else:
            server.close()

    def close(self) -> None:
        """Take no further connections, and end those that were left hanging."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for server in self._left:
            server.close()


def _read(source: socket.socket) -> bytes:
    try:
        return source.recv(65_536)
    except OSError:
        return b""


def _pump(source: socket.socket, target: socket.socket) -> None:
    while data := _read(source):
        try:
            target.sendall(data)
        except OSError:
            continue  # the client is gone; the server's answer must still be read to its end
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
