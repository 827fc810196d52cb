"""A river of its own for one set: services, stages and sources as processes, files in, clusters out.

The files go in as the package ships them; contracts say what their columns are; the model is the one that the folder
`models` declares.  Nothing of the river knows that it is measured.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from hub import flow
from hub.demo import home as demo_home
from hub.evaluate.public import sets
from hub.evaluate.public.sets import PublicSet
from hub.platform.child import Command
from hub.platform.embedded import Platform
from hub.platform.supervisor import Supervisor
from hub.wire import contract as contracts
from hub.wire.errors import Halt
from hub.wire.identity import record_ids, source_key
from hub.wire.kafka import KafkaLog
from hub.wire.settings import Settings
from hub.wire.topics import raw_topic

STAGES = ("clean", "reconcile", "publish")
MODELS = Path(__file__).with_name("models")
_PATIENCE_S = 300.0
_LOOK_S = 0.05
_FAILING = 6
_STATE = """
select count(*), extract(epoch from max(p.changed_at)) * 1000
from store.member m join store.person p using (entity_id)"""
_CLUSTERS = "select record, entity_id::text from store.member"


class Flowed(NamedTuple):
    """What the river made of a set."""

    clusters: dict[str, str]
    """Entity id by the file's own record id."""
    seconds: float
    """From the first record on raw to the commit of the last golden row."""


def run(which: PublicSet, place: Path, tell: Callable[[str], None]) -> Flowed:
    """Send the files in `place` through a river; raises Halt when they do not come out in time."""
    with _home() as home:
        settings = _settings(home, which)
        with Platform(settings), Supervisor(home, ahead=flow.AHEAD) as supervisor:
            tell(f"{which.name}: the river starts")
            flow.prepare(settings)
            sources = contracts.load_all(settings)
            folders = _folders(home, sources)
            addresses = {source: str(folder) for source, folder in folders.items()}
            environment = {**demo_home.environment(settings, addresses), "SATUDATA_MODELS": str(MODELS)}
            for name in (*STAGES, *sources):
                command = Command((sys.executable, "-m", "hub", "run", name), environment, Path.cwd())
                supervisor.start(name, command)
            rows = {source: _hand_over(place / file, folders[source]) for source, file in which.files.items()}
            tell(f"{which.name}: {sum(map(len, rows.values()))} records handed over")
            ended_ms = _wait(settings, supervisor, sum(map(len, rows.values())))
            begun_ms = _begun(settings, sources)
            return Flowed(_clusters(settings, sources, rows), (ended_ms - begun_ms) / 1000)


@contextmanager
def _home() -> Iterator[Path]:
    """Make a home that PostgreSQL's own user may enter, and remove it."""
    home = Path(tempfile.mkdtemp(prefix="satudata-evaluate-"))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _settings(home: Path, which: PublicSet) -> Settings:
    own: dict[str, Any] = {
        "home": home, "kafka": None, "registry": None, "database": None, "secret_file": None,
        "sources": which.contracts, "models": MODELS, "probe_port": 0, "serve_port": 0,
    }  # fmt: skip
    return Settings().model_copy(update=own)


def _folders(home: Path, sources: Mapping[str, contracts.Contract]) -> dict[str, Path]:
    folders = {source: home / "delivered" / source for source in sources}
    for folder in folders.values():
        folder.mkdir(parents=True)
    return folders


def _hand_over(file: Path, folder: Path) -> list[str]:
    """Put a file where its source looks; return the record ids in it."""
    ids = [row["rec_id"] for row in sets.read(file)]
    part = folder / f".{file.name}.part"
    shutil.copyfile(file, part)
    part.rename(folder / file.name)
    return ids


def _wait(settings: Settings, supervisor: Supervisor, wanted: int) -> float:
    """Wait until every record is a member; return when the last golden row was committed, milliseconds."""
    deadline = time.monotonic() + _PATIENCE_S
    with psycopg.connect(settings.endpoint("database"), autocommit=True) as store:
        while True:
            row = store.execute(_STATE).fetchone()
            members, ended = row if row is not None else (0, None)
            if members >= wanted:
                return float(ended)
            for name, stage in supervisor.stages().items():
                if stage.quick_ends >= _FAILING or stage.code == 0:
                    raise Halt(f"{name} does not stay up; the end of its log:\n{supervisor.output(name)}")
            if time.monotonic() > deadline:
                raise Halt(f"only {members} of {wanted} records reached the store within {_PATIENCE_S:.0f} s")
            time.sleep(_LOOK_S)


def _begun(settings: Settings, sources: Mapping[str, contracts.Contract]) -> float:
    """Return when the first record stood on raw, milliseconds by the broker's messages."""
    log = KafkaLog(settings.endpoint("kafka"))
    topics = [raw_topic(name, table.name).name for name, source in sources.items() for table in source.table]
    return float(min(message.timestamp_ms for topic in topics for message in log.read(topic)))


def _clusters(
    settings: Settings, sources: Mapping[str, contracts.Contract], rows: Mapping[str, list[str]]
) -> dict[str, str]:
    with psycopg.connect(settings.endpoint("database")) as store:
        members = {bytes(record): entity for record, entity in store.execute(_CLUSTERS)}
    found = {}
    for source, ids in rows.items():
        identify = record_ids(source_key(settings.master_secret(), source), sources[source].table[0].name)
        for rec_id in ids:
            found[rec_id] = members[identify([rec_id])]
    return found
