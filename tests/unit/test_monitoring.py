"""Monitoring names only metrics that exist, and every alert leads to a runbook."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from hub.wire import metrics

MONITORING = Path(__file__).resolve().parents[2] / "monitoring"
NAME = re.compile(r"\b(satudata_[a-z0-9_]+|up)\b")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "rules" / "river.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> list[str]:
    board = json.loads((MONITORING / "dashboards" / "river.json").read_text())
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]


def test_every_alert_and_panel_names_known_metrics() -> None:
    known = metrics.names() | {"up"}
    used = {name for text in [*(r["expr"] for r in rules()), *queries()] for name in NAME.findall(text)}
    assert used <= known
    assert len(queries()) > 15


def test_every_alert_has_a_severity_and_a_runbook_that_exists() -> None:
    headings = {
        line.removeprefix("## ").lower()
        for line in (MONITORING / "runbooks.md").read_text().splitlines()
        if line.startswith("## ")
    }
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["runbook"] == f"monitoring/runbooks.md#{rule['alert'].lower()}"
    assert headings == {rule["alert"].lower() for rule in rules()}


def test_every_alert_has_a_test_that_lets_it_fire() -> None:
    cases = yaml.safe_load((MONITORING / "rules_test" / "river.yml").read_text())["tests"]
    fired = {check["alertname"] for case in cases for check in case["alert_rule_test"] if check["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules()}
