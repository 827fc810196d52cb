"""A fourth office joins by CONTRIBUTING's steps: one contract, no code; a shape that none of the others has."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub import flow
from hub.platform.child import Command
from hub.platform.supervisor import Supervisor
from hub.wire.settings import Settings
from tests.e2e.river import restarted
from tests.services.fixtures import environment, fresh_database

HERE = Path(__file__).parent
ROW = """INSERT INTO pajak.wajib_pajak VALUES
  ('01', '003', '17', %(nik)s, %(name)s, '2', '14/07/1991', '1509024', 'JL. MELATI NO 5', '007', '002',
   '0812 0000 1234', 'K', 120.5)"""
NIK = "1508035407910007"  # invented


@pytest.fixture
def office(shared: Settings) -> Iterator[str]:
    with fresh_database(shared.endpoint("database"), "bapenda") as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute((HERE / "bapenda.sql").read_text(encoding="utf-8"))
            connection.execute(ROW, {"nik": NIK, "name": "HJ. SITI CONTOH"})
        yield url


@pytest.fixture
def surroundings(shared: Settings, office: str, tmp_path: Path) -> dict[str, str]:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "bapenda.toml").write_text((HERE / "bapenda.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return {
        **environment(shared), "SATUDATA_SOURCES": str(sources), "BAPENDA_DSN": office, "SATUDATA_SERVE_PORT": "0",
    }  # fmt: skip


def satudata(surroundings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments], env={**os.environ, **surroundings}, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


def until(what: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "the river did not bring it"
        time.sleep(0.1)
    return found


@pytest.mark.timeout(240)
def test_a_fourth_office_needs_one_file(shared: Settings, office: str, surroundings: dict[str, str]) -> None:
    checked = satudata(surroundings, "check", "bapenda")
    assert checked.returncode == 1, checked.stdout
    assert "REPLICA IDENTITY FULL" in checked.stdout
    with psycopg.connect(office, autocommit=True) as connection:
        connection.execute("ALTER TABLE pajak.wajib_pajak REPLICA IDENTITY FULL")
    checked = satudata(surroundings, "check", "bapenda")
    assert checked.returncode == 0, checked.stdout
    assert satudata(surroundings, "prepare").returncode == 0
    with Supervisor(shared.home, ahead=flow.AHEAD) as stages:
        for name in ("bapenda", "clean", "reconcile", "publish", "serve"):
            stages.start(name, Command((sys.executable, "-m", "hub", "run", name), surroundings))
        store = shared.endpoint("database")
        golden = until(lambda: people(store))[0]
        assert golden["name"] == "SITI CONTOH"
        assert golden["titles"] == "HJ.|"
        assert golden["nik"] == NIK
        assert golden["sex"] == "female"
        assert golden["birth_date"].isoformat() == "1991-07-14"
        assert (golden["region"], golden["region_system"]) == ("150803", "kemendagri")  # BPS 1509024 is 15.08.03
        assert (golden["rt"], golden["rw"]) == (7, 2)
        assert golden["phone"] == "+6281200001234"
        assert golden["marital"] == "married"

        with psycopg.connect(office, autocommit=True) as connection:
            connection.execute("UPDATE pajak.wajib_pajak SET no_urut = '18', identitas = '-' WHERE no_urut = '17'")
        moved = until(lambda: [row for row in people(store) if row["nik"] is None])
        assert [row["entity_id"] for row in moved] == [golden["entity_id"]]  # a new key, the same person

        with psycopg.connect(office, autocommit=True) as connection:
            connection.execute("UPDATE pajak.wajib_pajak SET st_kawin = 'X'")
        refused = until(lambda: satudata(surroundings, "quarantine", "list", "--source", "bapenda", "--json").stdout)
        assert "unknown_value" in refused
        assert people(store)[0]["marital"] == "married"
        assert restarted(stages) == {}


def people(store: str) -> list[dict[str, Any]]:
    with psycopg.connect(store, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute("SELECT * FROM store.person WHERE status = 'active'").fetchall()
