"""What goes wrong between an office's MariaDB and the hub, and what is nevertheless true afterwards."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.kinds.mysql_binlog import client
from hub.platform.mariadb import MariaDB
from hub.wire.errors import RefuseToStart
from hub.wire.version import unpack
from tests.integration.connectors.binlog import BinlogStage, binlogged, busy, epoch, reading
from tests.services.mariadb import serving, session
from tests.services.proxy import proxied
from tests.suites.stage import (
    MASTER,
    at_rest,
    build,
    changes,
    floor,
    living,
    notices,
    run_to_rest,
    running,
    state,
    until,
    version,
)

pytestmark = pytest.mark.further

CONTRACT = """
[source]
name = "{name}"
kind = "mysql_binlog"
owner = "Dinas Uji"
authority = "register"
legal_basis = "Uji 1/2026"
purpose = "uji coba"
retention_days = 30
expires = 2099-12-31
dsn = "env:{variable}_DSN"

[[table]]
name = "public.warga"
entity = "person"
key = ["id"]
[table.map]
name = {{ from = "nama", with = "name" }}
"""


class Process:
    """`python -m connectors.runner <source>`, as an operator's machine runs it."""

    def __init__(self, stage: BinlogStage, folder: Path) -> None:
        name = stage.contract.source.name
        (folder / "sources").mkdir(exist_ok=True)
        (folder / "secret").write_bytes(MASTER)
        (folder / "sources" / f"{name}.toml").write_text(CONTRACT.format(name=name, variable=name.upper()))
        self._command = [sys.executable, "-m", "connectors.runner", name]
        self._environment = {
            **os.environ, "SATUDATA_HOME": str(folder), "SATUDATA_SOURCES": str(folder / "sources"),
            "SATUDATA_SECRET_FILE": str(folder / "secret"), "SATUDATA_KAFKA": str(stage.kafka),
            "SATUDATA_REGISTRY": str(stage.registry_url),
        }  # fmt: skip
        self._log = folder / "log"

    def __enter__(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(self._command, env=self._environment, stderr=log)
        return self._child

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()


@pytest.fixture
def stage(mariadb: MariaDB, kafka: str, registry: str) -> Iterator[BinlogStage]:
    with binlogged(mariadb.endpoint, kafka, registry) as stage:
        yield stage


def test_kill_9_of_the_process_under_writes_loses_nothing(stage: BinlogStage, tmp_path: Path) -> None:
    chance = random.Random(1)
    with busy(stage):
        for _ in range(6):
            with Process(stage, tmp_path):
                time.sleep(chance.uniform(0.3, 2.5))
    with Process(stage, tmp_path) as last:
        until(lambda: at_rest(stage))
        last.send_signal(signal.SIGTERM)
        assert last.wait(30) == 0
    assert len(living(stage)) > 100
    assert len({unpack(version(message)).epoch for message in changes(stage)}) == 1
    assert "GANTI" not in (tmp_path / "log").read_text(), "a value of a row is in the log"


def test_the_server_restarts_and_the_stream_goes_on(own_binlog: BinlogStage, own_mariadb: MariaDB) -> None:
    own_binlog.change(("insert", 1, "SATU"))
    with running(build(own_binlog)):
        until(lambda: reading(own_binlog) and at_rest(own_binlog))
        first = epoch(own_binlog)
        for restart in (own_mariadb.stop, own_mariadb.kill):
            restart()
            own_mariadb.start()
            own_binlog.reconnect()
            own_binlog.change(("insert", len(own_binlog.rows()) + 1, "LAGI"))
            until(lambda: at_rest(own_binlog))
    assert epoch(own_binlog) == first
    assert len(living(own_binlog)) == 3


def test_a_line_that_is_cut_again_and_again_loses_nothing(binlog: BinlogStage) -> None:
    with proxied(binlog.url) as (proxy, url):
        binlog.reach_by(url)
        with running(build(binlog)), busy(binlog):
            for _ in range(4):
                before = proxy.connections
                time.sleep(0.6)
                proxy.cut()
                until(lambda before=before: proxy.connections > before)  # type: ignore[misc]
        run_to_rest(binlog)
    assert len({unpack(version(message)).epoch for message in changes(binlog)}) == 1


def test_a_line_that_goes_dead_is_noticed_and_made_anew(binlog: BinlogStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SILENCE_SECONDS", 3.0)
    with proxied(binlog.url) as (proxy, url):
        binlog.reach_by(url)
        with running(build(binlog)) as made:
            until(lambda: reading(binlog))
            proxy.freeze()
            binlog.change(("insert", 1, "SATU"))
            until(lambda: "said nothing" in made.trouble or not made.reading)
            proxy.cut()
            proxy.thaw()
            until(lambda: at_rest(binlog))


def test_an_idle_line_is_kept_alive_by_heartbeats(binlog: BinlogStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SILENCE_SECONDS", 2.5)
    with running(build(binlog)) as made:
        until(lambda: reading(binlog))
        time.sleep(6)
        assert made.reading
        assert made.trouble == "starting"


def test_a_slow_line_is_only_slow(binlog: BinlogStage) -> None:
    binlog.change(*[("insert", n, f"AWAL {n} " + "x" * 200) for n in range(500)])
    with proxied(binlog.url) as (proxy, url):
        binlog.reach_by(url)
        proxy.slow(100_000)
        with running(build(binlog)):
            binlog.change(*[("update", n, f"GANTI {n} " + "y" * 200) for n in range(500)])
            until(lambda: reading(binlog) and at_rest(binlog))


def test_a_purged_log_is_told_and_leads_to_a_new_reading_that_sweeps_ghosts(binlog: BinlogStage) -> None:
    binlog.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    run_to_rest(binlog)
    first = epoch(binlog)
    binlog.change(("delete", 1, ""))
    binlog.lose()
    run_to_rest(binlog)
    assert epoch(binlog) > first
    assert living(binlog) == {2: "DUA"}
    assert unpack(floor(binlog)).epoch == epoch(binlog)
    (told,) = notices(binlog, "log_purged")
    assert "index file" in told.detail["reason"]


def test_a_purged_log_stops_a_source_whose_contract_says_so(mariadb: MariaDB) -> None:
    with binlogged(mariadb.endpoint, on_lost="stop") as stage:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        first = epoch(stage)
        stage.lose()
        with pytest.raises(RefuseToStart, match="on_lost"):
            build(stage).run()
        assert epoch(stage) == first


def test_a_log_begun_anew_under_the_same_names_is_noticed(own_binlog: BinlogStage) -> None:
    own_binlog.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    run_to_rest(own_binlog)
    first, place = epoch(own_binlog), state(own_binlog)
    own_binlog.run_sql("RESET MASTER")
    own_binlog.change(("delete", 1, ""))
    while own_binlog.run_sql("SHOW MASTER STATUS")[0][1] < int(place["binlog:pos"]) + 1000:
        own_binlog.change(("insert", 3, "TIGA"), ("delete", 3, ""))
    assert own_binlog.run_sql("SHOW MASTER STATUS")[0][0] == place["binlog:file"]
    run_to_rest(own_binlog)
    assert epoch(own_binlog) > first
    assert living(own_binlog) == {2: "DUA"}


def test_a_server_that_took_over_is_read_on_by_gtid_without_a_new_reading(own_binlog: BinlogStage) -> None:
    own_binlog.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
    run_to_rest(own_binlog)
    first, sent = epoch(own_binlog), len(changes(own_binlog))
    with serving("opd", server_id="2", log_slave_updates="ON") as successor:
        old = own_binlog.url
        with session(successor.endpoint) as new, new.cursor() as cursor:
            host, port = old.rpartition("@")[2].split("/")[0].split(":")
            password = old.split(":")[2].partition("@")[0]
            cursor.execute(f"CHANGE MASTER TO master_host='{host}', master_port={port}, master_user='satudata', "
                           f"master_password='{password}', master_use_gtid=slave_pos, "
                           "master_ssl_verify_server_cert=0")  # fmt: skip
            # what the successor made of its own before (its account) is in no other server's log
            cursor.execute("RESET MASTER")
            cursor.execute("SET GLOBAL gtid_slave_pos = ''")
            cursor.execute("START SLAVE")
            own_binlog.change(("update", 2, "GANTI"), ("insert", 3, "TIGA"))
            (wanted,) = own_binlog.run_sql("SELECT @@gtid_binlog_pos")[0]
            cursor.execute("SELECT MASTER_GTID_WAIT(%s, 30)", [wanted])
            assert cursor.fetchone() == (0,)
            cursor.execute("STOP SLAVE")
        own_binlog.url = successor.endpoint
        own_binlog.reach_by(successor.endpoint)
        own_binlog.reconnect()
        own_binlog.change(("delete", 1, ""))
        run_to_rest(own_binlog)
        assert epoch(own_binlog) > first
        assert living(own_binlog) == {2: "GANTI", 3: "TIGA"}
        assert len(changes(own_binlog)) == sent + 3, "the table was read again"
        assert len(notices(own_binlog, "server_changed")) == 1


def test_two_processes_of_one_source_never_read_at_once(binlog: BinlogStage) -> None:
    binlog.change(("insert", 1, "SATU"))
    with running(build(binlog)) as first:
        until(lambda: at_rest(binlog))
        with running(build(binlog)) as second:
            until(lambda: "another process" in second.trouble)
            assert not second.reading
            first.stop()
            until(lambda: second.reading)
            binlog.change(("insert", 2, "DUA"))
            until(lambda: at_rest(binlog))


def test_a_clock_set_back_changes_no_order(binlog: BinlogStage, monkeypatch: pytest.MonkeyPatch) -> None:
    binlog.change(("insert", 1, "SATU"))
    run_to_rest(binlog)
    first, now = epoch(binlog), time.time_ns()
    monkeypatch.setattr("hub.wire.clock.time.time_ns", lambda: now - 86_400 * 10**9)
    with running(build(binlog)) as made:
        until(lambda: made.reading)
        binlog.change(("update", 1, "GANTI"))
        until(lambda: living(binlog) == {1: "GANTI"})
    binlog.lose()
    binlog.change(("update", 1, "GANTI LAGI"))
    run_to_rest(binlog)
    assert epoch(binlog) == first + 1
