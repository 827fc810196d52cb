"""`satudata restore`: an older store comes back under live sources, and subscribers' versions still rise.

    1 verify     the file's checksum; the offsets in it against Kafka's log: what is older than the log cannot be read
    2 lease      taken for the restore, so that no writer starts before the end, even if this process dies
    3 restore    one transaction; offsets go back with the rows, so reconcile reads again what came since the backup
    4 publisher  fenced; then every golden topic is read to its end
    5 publish    one transaction: generation = highest ever seen + 1; every living row again, and a stub for every id
                 that is living on the topic and not in the store
    6 lease      given back: reconcile may start

A restore that was cut off is simply run again: nothing else can write in between.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from hub.serve import backup, restored_memberships
from hub.serve.pgtools import environment, program
from hub.serve.republish import Seen, republish, seen_on
from hub.wire import log
from hub.wire.avro import Codec
from hub.wire.clock import Clock
from hub.wire.entities import Entity
from hub.wire.errors import HubError, RefuseToStart, TryAgain
from hub.wire.kafka import KafkaLog
from hub.wire.records import Membership
from hub.wire.topics import GOLDEN_MEMBERSHIP, GOLDEN_TOPIC
from hub.wire.transactional import TransactionalSender

HOLDER = "restore"
_LOG = log.get(__name__)
_FREE_ROOM = 1_000_000
"""Outbox ids left free above every known one, so that a late publisher's cursor cannot pass new rows."""
_HOLD = """
update link.lease set epoch = epoch + 1, holder = %s, expires_at = clock_timestamp() + interval '100 years'
where name = 'reconcile' and (expires_at < clock_timestamp() or holder = %s) returning epoch"""
_CLEAR = "drop schema if exists link cascade;\ndrop schema if exists store cascade;\n"
_AFTER = """
insert into link.lease as l (name, epoch, holder, expires_at)
values ('reconcile', {epoch}, '{holder}', clock_timestamp() + interval '100 years')
on conflict (name) do update set epoch = greatest(l.epoch, excluded.epoch) + 1, holder = excluded.holder,
  expires_at = excluded.expires_at;
delete from store.outbox;
select setval(pg_get_serial_sequence('store.outbox', 'id'),
  greatest({outbox}, (select last_value from store.outbox_id_seq)) + {room});
insert into store.published (name, cursor) values ('publish', 0) on conflict do nothing;
update store.published set cursor = (select last_value from store.outbox_id_seq);
"""
_SKIP = "update link.\"offset\" set next_offset = {low} where topic_id = '{topic_id}' and partition = {partition};\n"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a restore stands on."""

    database: str
    kafka: KafkaLog
    sender: TransactionalSender
    codec: Codec
    clock: Clock
    prepare: Callable[[], None]
    """Brings the restored store to this version's shape, where the backup is of another."""
    golden_topics: Mapping[Entity, str] = field(
        default_factory=lambda: {entity: topic.name for entity, topic in GOLDEN_TOPIC.items()}
    )
    membership_topic: str = GOLDEN_MEMBERSHIP.name


@dataclass(frozen=True, slots=True)
class Offset:
    """Where reconcile stood in one partition when the backup was made."""

    cluster_id: str
    topic_id: str
    partition: int
    topic: str
    next_offset: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A stretch of a log that is gone although the backup has not read it."""

    offset: Offset
    low: int


@dataclass(frozen=True, slots=True)
class Before:
    """What the store knew before the restore: no number may be given twice."""

    epoch: int = 0
    outbox: int = 0
    generation: int = 0
    revision: str | None = None
    unfinished: bool = False
    """An earlier restore was cut off: the lease stays held until one comes to its end."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    generation: int
    living: int
    """Golden rows published again under the new generation."""
    stubs: int
    """Ids that subscribers took for living and the store does not have: published as deleted."""


def restore(
    around: Surroundings, file: Path, *, skip_lost: bool = False, tell: Callable[[str], None] = lambda _step: None
) -> Restored:
    """Bring a backup back; raises RefuseToStart, before anything changes, when it must not be done."""
    tell("checking the file")
    backup.verify(file)
    lost = lost_stretches(offsets_in(file), around.kafka)
    if lost and not skip_lost:
        raise RefuseToStart(_gone(lost))
    before = _hold(around.database)
    tell("restoring the store")
    try:
        _replace(around.database, file, before, lost)
    except HubError:
        if not before.unfinished:
            _release(around.database)
        raise
    if _revision(around.database) != before.revision:
        around.prepare()
    tell("reading the golden topics to their end")
    _insist(around.sender.fence)
    seen = {entity: seen_on(around.kafka, around.codec, topic) for entity, topic in around.golden_topics.items()}
    memberships = restored_memberships.seen_on(around.kafka, around.codec, around.membership_topic)
    tell("publishing under a new generation")
    done = _publish(around, before, seen, memberships)
    _release(around.database)
    _LOG.info("restored", generation=done.generation, living=done.living, stubs=done.stubs)
    return done


def _publish(
    around: Surroundings, before: Before, seen: Mapping[Entity, Seen], memberships: Mapping[str, Membership]
) -> Restored:
    with psycopg.connect(around.database, application_name="satudata-restore") as database:
        return Restored(*republish(
            database, around.codec, seen, memberships, known_generation=before.generation,
            at_us=around.clock.now_us(),
        ))  # fmt: skip


# ---------------------------------------------------------------- the lease


def _hold(url: str) -> Before:
    """Take the writer's lease for the restore; raises RefuseToStart while a reconcile process has it."""
    with _connect(url) as database:
        if not _has_store(database):
            return Before()
        row = database.execute("select holder from link.lease where name = 'reconcile'").fetchone()
        unfinished = row is not None and row[0] == HOLDER
        row = database.execute(_HOLD, (HOLDER, HOLDER)).fetchone()
        if row is None:
            raise RefuseToStart(
                "a reconcile process holds the writer's lease; stop every `satudata run reconcile` (standby too), "
                "wait six seconds and restore again"
            )
        return _known(database, int(str(row[0])), unfinished=unfinished)


def _release(url: str) -> None:
    """Give the lease back: reconcile may start."""
    with _connect(url) as database:
        database.execute("update link.lease set expires_at = clock_timestamp(), holder = null "
                         "where name = 'reconcile' and holder = %s", (HOLDER,))  # fmt: skip


def _has_store(database: psycopg.Connection[tuple[object, ...]]) -> bool:
    if not _table(database, "link.lease"):
        return False
    row = database.execute("select exists (select from link.lease where name = 'reconcile')").fetchone()
    return row is not None and bool(row[0])


def _table(database: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    row = database.execute("select to_regclass(%s) is not null", (name,)).fetchone()
    return row is not None and bool(row[0])


def _known(database: psycopg.Connection[tuple[object, ...]], epoch: int, *, unfinished: bool) -> Before:
    row = database.execute(
        "select coalesce((select last_value from store.outbox_id_seq), 0), "
        "coalesce((select max(generation) from store.clock), 0)"
    ).fetchone()
    assert row is not None
    return Before(epoch, int(str(row[0])), int(str(row[1])), _revision_of(database), unfinished=unfinished)


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(url, autocommit=True, application_name="satudata-restore", connect_timeout=5)
    except psycopg.OperationalError as error:
        raise RefuseToStart(f"the hub's PostgreSQL does not answer: {str(error).strip()}; "
                            "start it with `satudata up`, or set SATUDATA_DATABASE") from error  # fmt: skip


def _revision(url: str) -> str | None:
    with _connect(url) as database:
        return _revision_of(database)


def _revision_of(database: psycopg.Connection[tuple[object, ...]]) -> str | None:
    if not _table(database, "store.alembic_version"):
        return None
    row = database.execute("select version_num from store.alembic_version").fetchone()
    return None if row is None else str(row[0])


# ---------------------------------------------------------------- the file


def offsets_in(file: Path) -> list[Offset]:
    """Return reconcile's offsets in a backup."""
    done = subprocess.run(  # noqa: S603 - our own command
        [program("pg_restore"), "--data-only", "--schema=link", "--table=offset", "--file=-", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RefuseToStart(f"{file} is not a backup that pg_restore can read: {done.stderr.strip()}")
    return list(rows_of(done.stdout))


def rows_of(script: str) -> Iterator[Offset]:
    """Yield the offsets of pg_restore's script."""
    columns: list[str] | None = None
    for line in script.splitlines():
        if columns is None:
            if line.startswith('COPY link."offset" ('):
                columns = [name.strip('" ') for name in line[line.index("(") + 1 : line.index(")")].split(",")]
        elif line == "\\.":
            return
        else:
            cells = dict(zip(columns, line.split("\t"), strict=True))
            yield Offset(cells["cluster_id"], cells["topic_id"], int(cells["partition"]), cells["topic"],
                         int(cells["next_offset"]))  # fmt: skip


def lost_stretches(offsets: list[Offset], kafka: KafkaLog) -> list[Lost]:
    """Return where the log begins only after the place up to which the backup has read it."""
    cluster = kafka.cluster_id()
    ours = [offset for offset in offsets if offset.cluster_id == cluster and kafka.partitions(offset.topic)]
    ids = kafka.topic_ids(sorted({offset.topic for offset in ours})) if ours else {}
    bounds = {topic: kafka.bounds(topic) for topic in ids}
    lost = []
    for offset in ours:
        low = bounds[offset.topic].get(offset.partition, (0, 0))[0]
        if ids[offset.topic] == offset.topic_id and low > offset.next_offset:
            lost.append(Lost(offset, low))
    return lost


def _gone(lost: list[Lost]) -> str:
    where = ", ".join(f"{one.offset.topic}/{one.offset.partition} {one.offset.next_offset}..{one.low - 1}"
                      for one in lost)  # fmt: skip
    return (
        f"Kafka no longer holds what came since this backup ({where}): its changes would be missed. Restore a newer "
        "backup; or restore with --skip-lost and have every source read anew: stop its connector, drop its "
        "replication slot at the source, start it again (it takes a full snapshot under a new epoch)"
    )


def _replace(url: str, file: Path, before: Before, lost: list[Lost]) -> None:
    """Replace the store by the file's, and hold the lease in it, in one transaction."""
    after = _AFTER.format(epoch=before.epoch + 1, holder=HOLDER, outbox=before.outbox, room=_FREE_ROOM)
    after += "".join(_SKIP.format(low=one.low, topic_id=one.offset.topic_id, partition=one.offset.partition)
                     for one in lost)  # fmt: skip
    psql = subprocess.Popen(  # noqa: S603 - our own command
        [program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", "-"],
        env=environment(url), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    read = subprocess.Popen(  # noqa: S603 - our own command
        [program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with psql, read:
        assert psql.stdin is not None
        assert psql.stderr is not None
        whole = False
        try:
            whole = _feed(read, psql, _CLEAR, after)
        finally:
            if not whole:
                psql.kill()  # before its COMMIT: nothing has changed
        with contextlib.suppress(BrokenPipeError):
            psql.stdin.close()
        complaint = psql.stderr.read().decode(errors="replace").strip()
    if psql.returncode or not whole:
        raise RefuseToStart(f"the store could not be restored, nothing was changed: {complaint or 'damaged file'}")


def _feed(read: subprocess.Popen[bytes], psql: subprocess.Popen[bytes], first: str, last: str) -> bool:
    """Pass the script from pg_restore to psql; return whether it came whole."""
    assert read.stdout is not None
    assert psql.stdin is not None
    try:
        psql.stdin.write(first.encode())
        while chunk := read.stdout.read(1 << 20):
            psql.stdin.write(chunk)
        if read.wait() == 0:
            psql.stdin.write(last.encode())
            psql.stdin.flush()
            return True
    except BrokenPipeError:
        read.kill()
        return True  # psql ended with its own complaint
    return False


def _insist(work: Callable[[], None], tries: int = 12) -> None:
    for left in reversed(range(tries)):
        try:
            work()
        except TryAgain:
            if not left:
                raise
        else:
            return
