"""A reload of the whole service, with a model of Asterisk; with a real one, see tests/real."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest

from router.config import Config, Faulty
from router.core.hours import Hours
from router.core.ids import AgentId
from router.errors import ConfigError, Problem
from router.notify import Notifier
from router.service.control import ask
from router.service.service import Service
from tests.service.test_service import House, Inside, house, vault_dir
from tests.service_plan import agent
from tests.systemd import Systemd

__all__ = ["house", "vault_dir"]  # fixtures

_PATIENCE_S = 30.0


@dataclass
class Files:
    """What the files say, and how often they were read."""

    says: Config | Faulty | ConfigError
    reads: int = field(default=0)

    def reread(self) -> Config | Faulty:
        self.reads += 1
        if isinstance(self.says, ConfigError):
            raise self.says
        return self.says


@dataclass
class Open:
    house: House
    inside: Inside
    files: Files
    systemd: Systemd
    config: Config

    async def reload(self) -> Any:
        """Ask as ./allo reload does."""
        return await asyncio.to_thread(ask, self.house.folder, "reload")

    async def service(self) -> Any:
        async with self.inside.session.get("/v1/service") as answer:
            return await answer.json()


@pytest.fixture
async def service(house: House) -> AsyncIterator[Open]:
    systemd = Systemd(str(house.folder / "notify"))
    config = house.config()
    files = Files(config)
    (house.folder / "etc").mkdir(mode=0o700)

    def make() -> Service:
        return Service(
            config, house.clock(), notifier=Notifier(systemd.environ), reread=files.reread
        )

    # From the beginning: the kernel keeps few datagrams for whoever does not listen.
    ready = asyncio.create_task(systemd.hears("READY=1"))
    async with house.running(make) as inside:
        await ready
        yield Open(house, inside, files, systemd, config)
    systemd.close()


async def test_a_new_plan_is_in_force_in_every_part(service: Open) -> None:
    assert (await service.service())["open"]
    plan = replace(service.config.plan, name="Autre nom", hours=Hours())
    service.files.says = replace(service.config, plan=plan)

    done = await service.reload()

    assert (done["faults"], done["taken"]) == ([], ["plan: name", "plan: hours"])
    told = await service.service()
    assert (told["name"], told["open"]) == ("Autre nom", False)
    url = f"http://127.0.0.1:{service.house.port}/rappel"
    async with aiohttp.ClientSession() as public, asyncio.timeout(_PATIENCE_S):
        while "Autre nom" not in await (await public.get(url)).text():
            await asyncio.sleep(0.02)  # the intake that serves is being replaced
    assert (await service.reload())["taken"] == []


@pytest.mark.parametrize("raises", [True, False])
async def test_wrong_files_change_nothing_and_every_fault_is_said(
    service: Open, raises: bool
) -> None:
    problems = [Problem("3939.toml: hours.week", "is missing"), Problem("agents.toml: 1", "no")]
    service.files.says = ConfigError(problems) if raises else Faulty(problems, None)

    done = await service.reload()

    assert done["faults"] == ["3939.toml: hours.week: is missing", "agents.toml: 1: no"]
    await service.inside.until_metric("allo_config_last_reload_successful 0.0")
    assert (await service.service())["name"] == service.config.plan.name
    service.files.says = service.config
    assert (await service.reload())["faults"] == []


async def test_systemd_hears_when_a_reload_begins_and_when_it_is_over(service: Open) -> None:
    service.systemd.heard()
    plan = replace(service.config.plan, name="Autre nom")
    service.files.says = replace(service.config, plan=plan)
    os.kill(os.getpid(), signal.SIGHUP)

    heard = await service.systemd.hears("READY=1")

    words = [one.partition("\n")[0] for one in heard if not one.startswith(("STATUS", "WATCH"))]
    assert words == ["RELOADING=1", "READY=1"]
    assert (await service.service())["name"] == "Autre nom"


async def test_a_refused_reload_leaves_the_unit_ready(service: Open) -> None:
    service.systemd.heard()
    service.files.says = Faulty([Problem("allo.toml", "is missing")], None)
    os.kill(os.getpid(), signal.SIGHUP)

    heard = await service.systemd.hears("READY=1")
    assert any(one.startswith("RELOADING=1") for one in heard)
    assert service.files.reads == 1


async def test_tokens_change_at_once(service: Open) -> None:
    assert service.config.secrets is not None
    secrets = replace(service.config.secrets, tokens={AgentId("101"): "un-autre-jeton-101"})
    service.files.says = replace(service.config, secrets=secrets)
    await service.reload()
    statuses = []
    for token in (*service.config.secrets.tokens.values(), *secrets.tokens.values()):
        headers = {"Authorization": f"Bearer {token}"}
        async with service.inside.session.get("/v1/agents/me", headers=headers) as answer:
            statuses.append(answer.status)
    assert statuses == [401, 200]


async def test_an_informateur_who_is_new_can_be_reached(service: Open) -> None:
    new = agent("104", logement=1)
    plan = replace(service.config.plan, agents={**service.config.plan.agents, new.id: new})
    service.files.says = replace(service.config, plan=plan)
    done = await service.reload()
    assert done["taken"] == ["agents: 104 added"]
    # The model has no configuration on disk.
    assert [one.partition(":")[0] for one in done["left"]] == ["asterisk"]
    assert "104" in [one["agent"] for one in await agents_of(service)]


async def agents_of(service: Open) -> list[dict[str, Any]]:
    assert service.config.secrets is not None
    headers = {"Authorization": f"Bearer {service.config.secrets.api_key}"}
    async with service.inside.session.get("/v1/supervision/agents", headers=headers) as answer:
        agents: list[dict[str, Any]] = (await answer.json())["agents"]
        return agents


async def test_reloads_asked_for_together_are_done_one_after_the_other(service: Open) -> None:
    done = await asyncio.gather(*(service.reload() for _ in range(5)))
    assert [one["faults"] for one in done] == [[]] * 5
    assert service.files.reads == 5
