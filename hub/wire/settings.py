"""Settings of every process: environment variables `SATUDATA_*`, else the embedded platform's own record.

`satudata up` writes what it started to `<home>/run/endpoints.json`; a setting given by hand wins over it, service by
service, so an office can bring its own Kafka and keep the embedded rest.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from pathlib import Path

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.wire.errors import RefuseToStart

ENDPOINTS = Path("run") / "endpoints.json"


def _default_home() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/satudata")  # PostgreSQL runs as another user there, who must be able to enter
    return Path(platformdirs.user_data_dir("satudata"))


def _default_cache() -> Path:
    if os.geteuid() == 0:
        return Path("/var/cache/satudata")  # as the home: PostgreSQL's binaries must be within another user's reach
    return Path(platformdirs.user_cache_dir("satudata"))


class Settings(BaseSettings):
    """What a process must know of its surroundings."""

    model_config = SettingsConfigDict(env_prefix="SATUDATA_", extra="ignore", frozen=True)

    home: Path = Field(default_factory=_default_home, description="data folder of the embedded platform")
    cache: Path = Field(default_factory=_default_cache, description="folder of the platform's downloaded programs")
    kafka: str | None = Field(None, description="bootstrap servers, host:port[,host:port]")
    registry: str | None = Field(None, description="schema registry, Confluent API, base URL")
    database: str | None = Field(None, description="the hub's PostgreSQL, as a libpq URL")
    secret_file: Path | None = Field(None, description="file with the master secret (32 bytes or more)")
    sources: Path | None = Field(None, description="folder of source contracts; default: the ones shipped")
    models: Path | None = Field(None, description="folder of models that go before the ones shipped, <entity>-<n>.toml")
    probe_port: int = Field(0, description="port of /metrics, /healthz, /readyz; 0 = any free one")
    serve_host: str = Field("127.0.0.1", description="address of the HTTP API; only loopback is allowed for now")
    serve_port: int = Field(8088, description="port of the HTTP API; 0 = any free one, see <home>/run/serve.json")
    log_level: str = Field("info", description="debug, info, warning or error")
    quarantine_limit: int = Field(
        1000, gt=0, description="rows of one source that clean may refuse in a row before it halts"
    )
    sensitive_feeds: str = Field(
        "", description="subscriptions that wait while an entity is held for review, separated by spaces"
    )
    durable_flush: bool = Field(True, description="single-broker profile: flush the log at every message")

    def endpoint(self, name: str) -> str:
        """Return the address of `kafka`, `registry` or `database`; raises RefuseToStart if none is known."""
        given = {"kafka": self.kafka, "registry": self.registry, "database": self.database}[name]
        if given:
            return given
        path = self.home / ENDPOINTS
        if path.exists():
            known = json.loads(path.read_text())
            if known.get(name):
                return str(known[name])
        raise RefuseToStart(
            f"no address for {name}: neither SATUDATA_{name.upper()} is set nor does {path} hold one; "
            f"start the embedded services with `satudata up` or set SATUDATA_{name.upper()}"
        )

    def has_secret(self) -> bool:
        """Say whether the master secret is there, without making one."""
        return (self.secret_file or self.home / "secret").exists()

    def master_secret(self) -> bytes:
        """Return the master secret, making one on first use unless `secret_file` was given by hand."""
        path = self.secret_file or self.home / "secret"
        if not path.exists():
            if self.secret_file is not None:
                raise RefuseToStart(f"SATUDATA_SECRET_FILE names {path}, which does not exist; create it or unset it")
            _make_secret(path)
        secret = path.read_bytes()
        if len(secret) < 32:
            raise RefuseToStart(f"{path} holds {len(secret)} bytes; the master secret needs at least 32")
        return secret


def _make_secret(path: Path) -> None:
    """Make the secret, whole and on disk before it has its name; of processes that do so at once, the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=".secret-", dir=path.parent)  # its owner alone may read it
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
