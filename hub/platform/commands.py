"""`satudata up`, `down` and `status`: the embedded platform from the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from hub.platform import cache, child, embedded, kafka, registry, sources
from hub.wire import contract as contracts
from hub.wire import log
from hub.wire.errors import HubError, RefuseToStart
from hub.wire.settings import Settings

_NAMES = ("kafka", "registry", "database")
_DETACHED_PATIENCE = 180


def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once all is healthy; `down` stops it")] = False,
) -> None:
    """Start Kafka, registry and PostgreSQL on this machine; Ctrl-C stops them."""
    settings, console = Settings(), Console(stderr=True)
    running = embedded.attached(settings.home)
    if running:
        console.print(_table(running, "already up"))
    elif detach:
        _detach(settings, console)
    else:
        _foreground(settings, console)


def down() -> None:
    """Stop the services that `up` started, whoever started them."""
    home = Settings().home
    Console(stderr=True).print("stopped" if embedded.end(home) else f"nothing was running in {home}")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, passwords included")] = False,
) -> None:
    """Show services and sources; the exit code is 0 only if all services are healthy."""
    settings = Settings()
    known = embedded.record(settings.home) or {"services": []}
    services = [_look(name, settings, known) for name in _all_names(known)]
    healthy = all(service["healthy"] for service in services)
    if as_json:
        told = {"healthy": healthy, "home": str(settings.home), "services": services}
        typer.echo(json.dumps({**told, "sources": sources.as_json(_sources(settings, services))}))
    else:
        Console().print(_status_table(services, str(settings.home)))
        Console().print(_sources_table(_sources(settings, services)))
    raise typer.Exit(0 if healthy else 3)


def _foreground(settings: Settings, console: Console) -> None:
    log.configure("platform", settings.log_level)
    signal.signal(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    platform = embedded.Platform(settings, console=console)
    try:
        console.print(_table(platform.start(), "up; Ctrl-C stops"))
        while True:
            time.sleep(1)
            platform.heal()
    except KeyboardInterrupt:
        console.print("stopping")
    finally:
        platform.stop()


def _detach(settings: Settings, console: Console) -> None:
    """Fetch here, where the progress bar is seen; then leave the services to a process of their own."""
    for service in ("kafka", "registry"):
        if not getattr(settings, service):
            cache.bundle(service, settings.cache, console)
    path = settings.home / "logs" / "up.log"
    for folder in (settings.home, path.parent):
        cache.make_folder(folder)
    with path.open("wb") as output:
        owner = subprocess.Popen(
            (sys.executable, "-m", "hub", "up"),
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with console.status("starting the services"):
            child.until(
                lambda: owner.poll() is not None or embedded.attached(settings.home) is not None,
                _DETACHED_PATIENCE,
                0.1,
            )
    except KeyboardInterrupt:
        owner.terminate()
        raise
    running = embedded.attached(settings.home)
    if running is None:
        raise RefuseToStart(f"the services did not come up; the end of {path}:\n{child.tail(path, 40)}")
    console.print(_table(running, "up; `satudata down` stops"))


def _all_names(known: dict[str, Any]) -> list[str]:
    return [*_NAMES, *(service["name"] for service in known["services"] if service["name"] not in _NAMES)]


def _look(name: str, settings: Settings, known: dict[str, Any]) -> dict[str, Any]:
    """Return what is to be said about one service now."""
    given = getattr(settings, name, None)
    entry = next((service for service in known["services"] if service["name"] == name), None)
    if given is None and entry is None:
        return {"name": name, "healthy": False, "state": "not started: run `satudata up`", "endpoint": ""}
    if given is None and entry is not None and not child.alive(entry):
        return {"name": name, "healthy": False, "state": f"process {entry['pid']} is gone", **_facts(entry)}
    endpoint = given or (entry or {})["endpoint"]
    trouble = _trouble(name, endpoint)
    state = trouble or ("given by a setting" if given else "healthy")
    return {"name": name, "healthy": trouble is None, "state": state, **_facts(entry or {}), "endpoint": endpoint}


def _sources(settings: Settings, services: list[dict[str, Any]]) -> dict[str, sources.Source]:
    """Return every source, with its notices if Kafka and the registry can be asked."""
    try:
        found = sources.look(contracts.load_all(settings), settings.home)
    except RefuseToStart as error:
        Console(stderr=True).print(f"no sources: {error}")
        return {}
    asked = {service["name"]: service["endpoint"] for service in services if service["healthy"]}
    if "kafka" in asked and "registry" in asked:
        try:
            sources.add_notices(found, asked["kafka"], asked["registry"])
        except HubError as error:
            Console(stderr=True).print(f"no notices: {error}")
    return found


def _sources_table(found: dict[str, sources.Source]) -> Table:
    table = Table(title="sources", title_justify="left")
    for heading in ("source", "state", "lag", "remarks", "last notice"):
        table.add_column(heading, overflow="fold")
    for row in sources.lines(found):
        table.add_row(*row)
    return table


def _facts(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("version", "endpoint", "pid", "log") if key in entry}


def _trouble(name: str, endpoint: str) -> str | None:
    try:
        if name == "kafka":
            kafka.require(endpoint)
        elif name != "registry":
            embedded.require_database(endpoint)
    except HubError as error:
        return str(error)
    return registry.ailment_of(endpoint) if name == "registry" else None


def _table(record: dict[str, Any], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("service", "version", "address", "log"):
        table.add_column(heading, overflow="fold")
    started = {service["name"]: service for service in record["services"]}
    for name in _all_names(record):
        entry = started.get(name, {"version": "given", "log": ""})
        table.add_row(name, entry["version"], without_password(str(record[name])), entry["log"])
    return table


def _status_table(services: list[dict[str, Any]], home: str) -> Table:
    table = Table(title=home, title_justify="left")
    for heading in ("service", "state", "address", "pid"):
        table.add_column(heading, overflow="fold")
    for service in services:
        address = without_password(service["endpoint"])
        table.add_row(service["name"], service["state"], address, str(service.get("pid", "")))
    return table


def without_password(url: str) -> str:
    """Return an address as it may be shown on a screen."""
    password = urlsplit(url).password if "://" in url else None
    return url.replace(f":{password}@", ":***@") if password else url
