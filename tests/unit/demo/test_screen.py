"""The live screen fits an ordinary terminal and tells what flows; without a terminal it is a line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from rich.console import Console

from hub.demo.screen import Progress, Screen

METRICS = """satudata_captured_changes_total{source="dinsos"} 500.0
satudata_reconciled_events_total{kind="record"} 490.0
satudata_golden_records{entity="person"} 3002.0
satudata_member_records{entity="person"} 4598.0
satudata_entity_changes_total{entity="person",kind="merged"} 31.0
satudata_quarantine_open{source="dinsos",stage="clean"} 2.0
satudata_source_lag_seconds{source="dinsos"} 0.0042
"""
WHERE = {"API": "http://127.0.0.1:41234/docs", "Log": "/var/lib/satudata/demo/" + "x" * 60}


class Metrics(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(METRICS.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    server = HTTPServer(("127.0.0.1", 0), Metrics)
    thread = Thread(target=server.serve_forever)
    thread.start()
    probes = tmp_path / "run" / "probes"
    probes.mkdir(parents=True)
    target = {"targets": [f"127.0.0.1:{server.server_port}"], "labels": {"process": "reconcile"}}
    (probes / "reconcile.json").write_text(json.dumps([target]))
    yield tmp_path
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def screen(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Screen]:
    progress = Progress("warga hidup / life goes on", 1234, 3006, 100, 0, WHERE)
    with Screen(home, progress) as shown:
        shown.tick()
        shown.tick()
        yield shown


def test_the_screen_fits_a_terminal_of_100_by_30(screen: Screen) -> None:
    page = io.StringIO()
    Console(file=page, width=100, height=30, force_terminal=True, color_system=None).print(screen.draw())
    lines = page.getvalue().splitlines()
    assert len(lines) <= 29
    assert max(map(len, lines)) <= 100


def test_the_screen_tells_counts_and_places(screen: Screen) -> None:
    page = io.StringIO()
    Console(file=page, width=100).print(screen.draw())
    for expected in ("3,002", "4,598", "31", "golden records", "Data induk", "Karantina", "4.2", WHERE["API"]):
        assert expected in page.getvalue(), expected


def test_without_a_terminal_it_is_one_line_every_five_seconds(
    screen: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "1234 changes" in said.err
    assert "golden 3002 of 4598 records, quarantine 2" in said.err
