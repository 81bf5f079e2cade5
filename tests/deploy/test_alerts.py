"""Alert rules and dashboard: valid, on metrics that exist, each alert in the runbook."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from router.store.standing import Keeping
from router.web.metrics import Metrics
from router.web.snapshot import FallbackStanding
from tests.service_plan import HOUSING
from tests.web.test_api import Present

TOP = Path(__file__).parents[2]
DEPLOY = TOP / "deploy"
RULES = DEPLOY / "prometheus" / "allo.rules.yml"
DASHBOARD = DEPLOY / "grafana" / "allo.json"
RUNBOOK = TOP / "docs" / "monitoring.md"
ALERTS = re.findall(r"- alert: (\w+)", RULES.read_text())
#: Made where they are known, and added to the registry there.
ELSEWHERE = {"allo_certificate_expiry_timestamp_seconds", "allo_probe_success"}


def run(promtool: Path, *words: str, stdin: bytes = b"") -> str:
    """Return what promtool says; it must be content."""
    done = subprocess.run([promtool, *words], input=stdin, capture_output=True, cwd=RULES.parent)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return (done.stdout + done.stderr).decode()


def served() -> bytes:
    """Return what /metrics serves."""
    metrics = Metrics([HOUSING], ["trunk"])
    present = Present()
    fallback = FallbackStanding(is_there=True, served={"handed over": 1})
    present.set(stores={"facts": Keeping()}, fallback=fallback)
    metrics.refresh(present.snapshot)
    return generate_latest(metrics.registry)


def names() -> set[str]:
    families = text_string_to_metric_families(served().decode())
    return {sample.name for family in families for sample in family.samples} | ELSEWHERE


def queries() -> Iterator[str]:
    """Yield every query of rules and dashboard."""
    yield from re.findall(r"expr: (?:>\n)?(.*)", RULES.read_text())
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def test_the_rules_are_valid(promtool: Path) -> None:
    assert f"{len(ALERTS)} rules found" in run(promtool, "check", "rules", RULES.name)


def test_each_alert_fires_and_clears(promtool: Path) -> None:
    assert "SUCCESS" in run(promtool, "test", "rules", "allo.tests.yml")
    tested = re.findall(r"- alertname: (\w+)", (RULES.parent / "allo.tests.yml").read_text())
    assert sorted({*tested}) == sorted(ALERTS)


def test_what_is_served_follows_the_conventions(promtool: Path) -> None:
    assert run(promtool, "check", "metrics", stdin=served()) == ""


@pytest.mark.parametrize("query", sorted({*queries()}))
def test_queries_are_of_metrics_that_exist(query: str) -> None:
    assert set(re.findall(r"\ballo_\w+", query)) <= names()


def test_the_dashboard_s_queries_are_valid(promtool: Path, tmp_path: Path) -> None:
    rules = [{"record": f"r{number}", "expr": query} for number, query in enumerate(queries())]
    page = tmp_path / "queries.yml"
    page.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    run(promtool, "check", "rules", str(page))


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_has_its_line_in_the_runbook(alert: str) -> None:
    assert f"\n### {alert}\n" in RUNBOOK.read_text()
    assert f"docs/monitoring.md#{alert.lower()}" in RULES.read_text()


def test_the_runbook_names_no_alert_that_is_gone() -> None:
    named = re.findall(r"^### (Allo\w+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert named == ALERTS
