"""The demo's own home: a folder that no other command uses, emptied at each start, and its processes' surroundings."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from hub.platform import embedded
from hub.wire import contract
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings

_MARK = ".satudata-demo"
_KEPT = frozenset({"programs", _MARK})
"""Programs may stand here where the cache is out of another user's reach; they are no data."""


_SERVICES = ("kafka", "registry", "database")


def settings_of(given: Settings, services: Mapping[str, str]) -> Settings:
    """Return the demo's settings: its own home and embedded services, whatever the caller's own point to.

    Only `services` that are named here, by setting, are others.
    """
    place = given.home.absolute() / "demo"
    own = {
        **{name: services.get(name) for name in _SERVICES}, "home": place, "secret_file": None,
        "sources": place / "contracts", "probe_port": 0, "serve_port": 0,
    }  # fmt: skip
    return given.model_copy(update=own)


def fresh(home: Path) -> None:
    """Empty the demo's home; raises RefuseToStart if a demo runs there or the folder is not a demo's."""
    if embedded.attached(home) is not None:
        raise RefuseToStart(
            f"a demo already runs in {home}; stop it with Ctrl-C, or set SATUDATA_HOME to another folder"
        )
    if home.exists() and any(home.iterdir()) and not (home / _MARK).exists():
        raise RefuseToStart(f"{home} holds something that no demo wrote; move it away, or set SATUDATA_HOME")
    if home.exists():
        embedded.end(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / _MARK).touch()
    for path in home.iterdir():
        if path.name in _KEPT:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def agree(home: Path, sources: Iterable[str]) -> None:
    """Copy the contracts of these sources into the demo's home: its processes know no others."""
    folder = home / "contracts"
    folder.mkdir(exist_ok=True)
    for source in sources:
        shutil.copyfile(contract.SHIPPED / f"{source}.toml", folder / f"{source}.toml")


def environment(settings: Settings, opd: Mapping[str, str]) -> dict[str, str]:
    """Return what the hub's processes and the oracle are told, on top of this process's own environment."""
    settings.master_secret()
    services = {f"SATUDATA_{name.upper()}": getattr(settings, name) or "" for name in _SERVICES}
    return {
        **{name: address for name, address in services.items() if address or name in os.environ},
        "SATUDATA_HOME": str(settings.home),
        "SATUDATA_SECRET_FILE": str(settings.home / "secret"),
        "SATUDATA_SOURCES": str(settings.sources),
        "SATUDATA_PROBE_PORT": "0",
        "SATUDATA_SERVE_PORT": "0",
        **{f"{source.upper()}_DSN": dsn for source, dsn in opd.items()},
    }
