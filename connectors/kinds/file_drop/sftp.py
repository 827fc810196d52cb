"""SFTP with a pinned host key: fsspec's own default would trust any server that answers."""

from __future__ import annotations

import base64
import hashlib
import logging
from typing import Any

from connectors.kinds.file_drop.faults import needed
from hub.wire.errors import RefuseToStart

_SECONDS = 15


def fingerprint(key: bytes) -> str:
    """Return a key's fingerprint as `ssh-keygen -l` writes it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def arguments(host_key: str | None) -> dict[str, Any]:
    """Return what fsspec's SFTP needs so that only the server with this key is spoken to; raises RefuseToStart."""
    paramiko = needed("paramiko", "sftp")
    if host_key is None:
        raise RefuseToStart(
            "options.host_key must name the SFTP server's key, so that nobody else can pose as it: take the line "
            "SHA256:... that `ssh-keyscan <host> | ssh-keygen -lf -` shows, after its administrator confirmed it"
        )

    def pinned(_policy: Any, _client: Any, _hostname: str, key: Any) -> None:
        shown = fingerprint(key.asbytes())
        if shown != host_key:
            raise RefuseToStart(f"the SFTP server shows the key {shown}, the contract names {host_key}; ask its "
                                "administrator whether the key was changed")  # fmt: skip

    logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # it logs a traceback for each line that is lost
    policy = type("Pinned", (paramiko.MissingHostKeyPolicy,), {"missing_host_key": pinned})
    return {
        "host_key_policy": policy(), "timeout": _SECONDS, "banner_timeout": _SECONDS, "auth_timeout": _SECONDS,
        "look_for_keys": False, "allow_agent": False,
    }  # fmt: skip
