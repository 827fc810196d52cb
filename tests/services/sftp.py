"""Debian's own OpenSSH as an SFTP server: the place where an office without a shared folder lays its files."""

from __future__ import annotations

import base64
import getpass
import os
import pwd
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.kinds.file_drop.sftp import fingerprint
from hub.platform import cache
from hub.platform.child import Child, Command, User, spawn, until
from tools.debian import PROGRAMS

_CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {home}/host_key
AuthorizedKeysFile {home}/authorized_keys
PidFile none
UsePAM yes
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
ForceCommand internal-sftp
LogLevel VERBOSE
"""


class Sftp:
    """One server on a free port, which lets one key in as the user that it runs as."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._user = _other_user()
        self.login = pwd.getpwuid(self._user.uid).pw_name if self._user else getpass.getuser()
        self.client_key = home / "client_key"
        self.host_key = fingerprint(_key(home / "host_key"))
        _key(self.client_key, home / "authorized_keys")
        self.port = _free_port()
        (home / "sshd_config").write_text(_CONFIG.format(port=self.port, home=home))
        for name in ("host_key", "authorized_keys"):
            self.own(home / name)
        self._root = self._programs()
        self._child: Child | None = None

    def _programs(self) -> Path:
        """Return the root of the package, copied to where the server's user can enter it if need be."""
        found = PROGRAMS["sshd"].find()
        assert found is not None, "sshd is not unpacked: run python tools/debian.py sshd"
        if self._user is None or cache.reachable(found, self._user):
            return found
        return Path(shutil.copytree(found, self.home / "debian", symlinks=True))

    def own(self, path: Path) -> None:
        """Give a file or folder to the server's user."""
        if self._user is not None:
            os.chown(path, self._user.uid, self._user.gid)

    def url(self, folder: str | Path, port: int | None = None) -> str:
        """Return the address of a folder."""
        return f"sftp://{self.login}@127.0.0.1:{port or self.port}{folder}"

    def start(self) -> None:
        """Start the server and wait until it listens."""
        libraries = ":".join(str(path) for path in sorted(self._root.glob("usr/lib/*-linux-gnu*")))
        libraries += ":" + ":".join(str(path) for path in sorted(self._root.glob("lib/*-linux-gnu*")))
        env = {} if self._root == Path("/") else {"LD_LIBRARY_PATH": libraries}
        argv = (str(self._root / "usr/sbin/sshd"), "-D", "-e", "-f", str(self.home / "sshd_config"))
        self._child = spawn("sshd", Command(argv, env, self.home, self._user), self.home / "sshd.log")
        child = self._child
        assert until(self._listens, 20), child.output()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Stop the server; its open sessions end with it."""
        if self._child is not None:
            self._child.stop()
            self._child = None


def _other_user() -> User | None:
    """Return who the server runs as: without root's rights it needs no set-up of the machine."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return User(entry.pw_uid, entry.pw_gid)


def _key(path: Path, public: Path | None = None) -> bytes:
    """Write a new private key, and its public line if a path is given; return the public key's bytes."""
    key = Ed25519PrivateKey.generate()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    )
    path.chmod(0o600)
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    if public is not None:
        public.write_bytes(line + b"\n")
    return base64.b64decode(line.split()[1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(home: Path) -> Iterator[Sftp]:
    """Run a server for as long as it is needed."""
    server = Sftp(home)
    server.start()
    try:
        yield server
    finally:
        server.stop()
