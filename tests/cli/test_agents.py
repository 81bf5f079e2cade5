"""./allo agents as a sysadmin types it; tests/config/test_people.py has what it changes."""

import asyncio
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from router.access import Keyring
from router.config import load_secrets, tokens_of
from router.intake.sockets import listen_privately
from router.web.served import Runner
from tests.cli.staff import allo, allo_on_a_terminal, lay
from tests.web.desk_scene import ME, Engine, a_view


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return lay(tmp_path)


def secrets(settings: Path) -> dict[str, Any]:
    return tomllib.loads(settings.with_name("secrets.toml").read_text())


def test_somebody_comes_gets_another_pin_and_goes(settings: Path) -> None:
    files = {name: settings.with_name(name).read_text() for name in ("agents.toml", "secrets.toml")}
    new = ("agents", "add", "146", "--skills", "justice-famille, consommation=2", "--name", "Zoé")

    code, seen = allo_on_a_terminal(settings, *new)

    table = secrets(settings)
    assert code == 0, seen
    for kind in ("agents", "pins", "tokens"):
        assert seen.count(table[kind]["146"]) == 1
    assert "agent-146, at 127.0.0.1:5062 (UDP)\n" in seen
    assert "Shown this once" in seen
    line = "146 = { justice-famille = 1, consommation = 2 }\n"
    assert line in settings.with_name("agents.toml").read_text()

    code, out, err = allo(settings, "agents", "pin", "146", "--pin", "471100")

    assert code == 0
    assert err.startswith("No running service has taken this: no router runs in ")
    assert "471100" not in out
    assert "Shown on a terminal only: PIN; see [pins] of " in out
    assert "whoever is logged in stays so" in out
    assert secrets(settings)["pins"]["146"] == "471100"

    assert allo(settings, "agents", "remove", "146")[0] == 0
    assert {name: settings.with_name(name).read_text() for name in files} == files


def test_a_dry_run_changes_nothing(settings: Path) -> None:
    before = settings.with_name("secrets.toml").read_text()
    words = ("agents", "add", "146", "--skills", "consommation", "--dry-run")
    code, out, err = allo(settings, *words)
    assert (code, err) == (0, "")
    assert "+ agents.toml: 146 = { consommation = 1 }" in out
    assert out.endswith("Nothing has been changed.\n")
    assert settings.with_name("secrets.toml").read_text() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("add", "146", "--skills", "consomation"),
            "agents.toml: 146.consomation: unknown sector `consomation`; did you mean "
            "`consommation`?",
        ),
        (("add", "146", "--skills", "consommation=x"), "a level is a whole number"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_2(
    settings: Path, words: tuple[str, ...], told: str
) -> None:
    before = {path: path.read_bytes() for path in settings.parent.iterdir()}
    code, out, err = allo(settings, "agents", *words)
    assert (code, out) == (2, "")
    assert told in err.replace("\n", " ")
    assert "Traceback" not in err
    assert {path: path.read_bytes() for path in settings.parent.iterdir()} == before


def test_without_a_router_nobody_knows_who_is_on_duty(settings: Path) -> None:
    code, out, err = allo(settings, "agents", "list")
    assert code == 0
    assert " 145  unknown" in out
    assert err == "The router does not answer: who is on duty is not known.\n"


async def test_who_is_on_duty_is_asked_of_the_router(settings: Path) -> None:
    engine = Engine()
    engine.views = {ME: a_view(ME)}
    engine.keyring = Keyring(tokens_of(load_secrets(settings.with_name("secrets.toml"))), lambda: 0)
    runner = Runner(engine.application())
    await runner.setup()
    await web.SockSite(runner, listen_privately(settings.with_name("state"))).start()
    try:
        code, out, err = await asyncio.to_thread(allo, settings, "agents", "list", "--json")
    finally:
        await runner.cleanup()
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["router"] is True
    assert told["agents"][0] == {
        "number": "101",
        "name": None,
        "skills": {"travail-contrat": 1, "travail-conges": 2, "travail-representation": 3},
        "state": "ready",
    }
    assert told["agents"][1]["state"] is None
