"""What `satudata status` makes of the probes' metrics; the processes and Kafka themselves are tested together."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from hub.platform.sources import Source, as_json, lines, look
from hub.wire.contract import Contract
from tests.suites.stage import contract_of

NOW = time.time()
CALM = """
satudata_source_connected{source="dinsos"} 1
satudata_source_paused{source="dinsos"} 0
satudata_source_lag_seconds{source="dinsos"} 0.4
satudata_source_lag_bytes{source="dinsos"} 0
satudata_source_table_stopped{source="dinsos",table="public.warga"} 0
satudata_source_drifted_columns{source="dinsos",table="public.warga"} 0
satudata_snapshot_progress_ratio{source="dinsos",table="public.warga"} 1
satudata_captured_changes_total{source="dinsos",table="public.warga",op="c"} 5
"""
TROUBLED = f"""
satudata_source_connected{{source="dinsos"}} 0
satudata_source_table_stopped{{source="dinsos",table="public.warga"}} 1
satudata_source_drifted_columns{{source="dinsos",table="public.warga"}} 2
satudata_snapshot_progress_ratio{{source="dinsos",table="public.warga"}} 0.25
satudata_source_log_held_bytes{{source="dinsos"}} 1.7e9
satudata_source_log_budget_bytes{{source="dinsos"}} 2e9
satudata_source_errors_total{{source="dinsos",code="try_again"}} 4
satudata_source_notices_total{{source="dinsos",code="delivery_refused"}} 2
satudata_source_notices_total{{source="dinsos",code="slot_lost"}} 0
satudata_source_last_change_timestamp_seconds{{source="dinsos",table="public.warga"}} {NOW - 7200}
satudata_source_expected_freshness_seconds{{source="dinsos",table="public.warga"}} 3600
"""
RECONCILE = """
satudata_quarantine_open{stage="clean",source="dinsos"} 3
satudata_quarantine_open{stage="connector",source="dinsos"} 4
satudata_quarantine_open{stage="clean",source="unknown"} 9
"""
VERIFY = 'satudata_verification_differing_buckets{source="dinsos",table="public.warga"} 2\n'
Tell = Callable[..., Source]


@pytest.fixture
def contracts() -> dict[str, Contract]:
    return {"dinsos": contract_of("dinsos", "replay")}


@pytest.fixture
def tell(tmp_path: Path, contracts: dict[str, Contract]) -> Iterator[Tell]:
    """Give a function that looks at a machine whose processes say these things."""
    servers: list[HTTPServer] = []
    (tmp_path / "run" / "probes").mkdir(parents=True)

    def made(ready: str = "ok", **processes: str) -> Source:
        for name, text in processes.items():
            servers.append(answering({"/metrics": text, "/readyz": ready}))
            address = f"127.0.0.1:{servers[-1].server_port}"
            (tmp_path / "run" / "probes" / f"{name}.json").write_text(json.dumps([{"targets": [address]}]))
        return look(contracts, tmp_path)["dinsos"]

    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


def answering(answers: dict[str, str]) -> HTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = answers[self.path]
            self.send_response(200 if text == "ok" or self.path == "/metrics" else 503)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *arguments: object) -> None: ...  # noqa: A002 - the parent's name

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def remarks(source: Source) -> str:
    ((_, _, _, remarks, _),) = lines({source.name: source})
    return remarks


def test_a_source_in_order_has_no_remarks(tell: Tell) -> None:
    source = tell(dinsos=CALM)
    assert (source.state, source.trouble, source.lag_seconds) == ("reading", "", 0.4)
    assert remarks(source) == ""


def test_every_trouble_is_told(tell: Tell) -> None:
    source = tell("dinsos has moved away", dinsos=TROUBLED, reconcile=RECONCILE, verify=VERIFY)
    assert source.notice_counts == {"delivery_refused": 2}
    assert (source.state, source.trouble) == ("waiting", "dinsos has moved away")
    assert source.stopped == source.overdue == ["public.warga"]
    assert source.quarantine_open == 7
    told = remarks(source)
    for word in ("snapshot of public.warga 25%", "STOPPED", "2 columns unlike", "silent longer",
                 "log held 1.7 GB of 2.0 GB", "7 rows in quarantine", "DIFFERS", "try_again 4"):  # fmt: skip
        assert word in told


def test_a_paused_source_is_called_paused(tell: Tell) -> None:
    assert tell("paused", dinsos='satudata_source_paused{source="dinsos"} 1\n').state == "paused"


def test_a_source_without_a_process_here_is_not_running_whatever_others_say_of_it(tell: Tell) -> None:
    source = tell(reconcile=RECONCILE)
    assert (source.state, source.quarantine_open) == ("not running", 7)


def test_a_probe_that_is_gone_or_broken_is_no_process(
    tmp_path: Path, contracts: dict[str, Contract], tell: Tell
) -> None:
    probes = tmp_path / "run" / "probes"
    (probes / "dinsos.json").write_text('[{"targets": ["127.0.0.1:9"]}]')
    (probes / "clean.json").write_text("half a fil")
    assert look(contracts, tmp_path)["dinsos"].state == "not running"


def test_the_json_form_holds_all_of_it(tell: Tell) -> None:
    (row,) = as_json({"dinsos": tell(dinsos=TROUBLED)})
    assert json.loads(json.dumps(row))["log_budget_bytes"] == 2e9
    assert row["snapshot"] == {"public.warga": 0.25}
