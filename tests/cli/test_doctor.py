"""./allo doctor on the command line: what is printed, and its exit code."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from router.cli.app import app
from router.config import load, new_secrets

#: Ports at which nothing listens.
SETTINGS = """\
state_dir = "state"
[asterisk]
ari_port = 25480
ami_port = 25481
probe_port = 25482
[http]
port = 25483
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    plan = load(None).plan
    secrets = tmp_path / "secrets.toml"
    secrets.touch(mode=0o600)
    secrets.write_text(new_secrets(plan.agents, plan.desk.supervisor_phones))
    (tmp_path / "state").mkdir(mode=0o700)
    path = tmp_path / "allo.toml"
    path.write_text(SETTINGS)
    return path


def test_a_service_that_does_not_run_is_examined_all_the_same(settings: Path) -> None:
    shown = CliRunner().invoke(app, ["doctor", "--config", str(settings), "--json"])
    told = json.loads(shown.stdout)
    names = {one["name"] for one in told["findings"]}
    assert shown.exit_code == 2
    assert {"asterisk-away", "ami-away", "router-away", "intake-away", "trunk-loopback"} <= names
    assert "check-broken" not in names
    assert told["demo"] is False
    secrets = (settings.parent / "secrets.toml").read_text().split('"')[1::2]
    assert not [secret for secret in secrets if len(secret) > 8 and secret in shown.stdout]


def test_the_table_ends_with_a_sum(settings: Path) -> None:
    shown = CliRunner().invoke(app, ["doctor", "--config", str(settings)])
    assert "[asterisk-away]" in shown.stdout
    assert "faults, " in shown.stdout.splitlines()[-1]


def test_files_that_cannot_be_used_are_findings(settings: Path) -> None:
    settings.write_text("[asterisk]\nari_prot = 1\n")
    shown = CliRunner().invoke(app, ["doctor", "--config", str(settings)])
    assert shown.exit_code == 2
    assert "allo.toml: asterisk.ari_prot  [configuration]" in shown.stdout
    assert "unknown key; did you mean `ari_port`?" in shown.stdout
