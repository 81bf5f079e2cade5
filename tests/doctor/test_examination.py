"""The whole examination: a healthy service, and checks that break."""

import asyncio

from router.doctor.examination import CHECKS, examine
from router.doctor.findings import Finding, Level, exit_code
from router.doctor.surroundings import Surroundings
from tests.doctor.scene import Scene


async def test_a_healthy_service_has_no_finding(scene: Scene) -> None:
    found = await examine(scene.around)
    assert found == []
    assert exit_code(found) == 0


async def test_a_check_that_breaks_is_a_finding_without_its_text(scene: Scene) -> None:
    async def careless(around: Surroundings) -> list[Finding]:
        raise ValueError("a number, perhaps")

    async def endless(around: Surroundings) -> list[Finding]:
        await asyncio.Event().wait()
        return []

    found = await examine(scene.around, (careless, endless), patience_s=0.05)
    assert {one.name for one in found} == {"check-broken"}
    assert sorted(one.wrong for one in found) == [
        "this check broke off (ValueError)",
        "this check did not end within 0 s",
    ]
    assert exit_code(found) == 1


async def test_one_thing_that_is_away_is_one_finding(scene: Scene) -> None:
    scene.ari.away = True
    found = await examine(scene.around)
    assert [one.name for one in found] == ["asterisk-away"]


async def test_no_check_is_left_out() -> None:
    assert len(CHECKS) == len(set(CHECKS)) > 30


async def test_what_a_demo_is_like_is_noted(scene: Scene) -> None:
    scene.set_asterisk(trunk_bind="127.0.0.1:5060", trunk_hosts=("127.0.0.1",), agent_qualify_s=0)
    [loopback, phones] = await examine(scene.around)
    assert {loopback.level, phones.level} == {Level.WARNING}

    settings = scene.config.settings.file
    assert settings is not None
    settings.write_text("# Written by ./allo demo at every start.\n" + settings.read_text())
    scene.host.time += 0
    found = await examine(scene.around)
    assert {one.name: one.level for one in found if one.name != "plan-stale"} == {
        "trunk-loopback": Level.NOTE,
        "phones-unasked": Level.NOTE,
    }


async def test_a_demo_s_file_in_service_is_no_demo(scene: Scene) -> None:
    settings = scene.config.settings.file
    assert settings is not None
    settings.write_text("# Written by ./allo demo at every start.\n")
    scene.set_callbacks(fiction=True)
    found = {one.name: one.level for one in await examine(scene.around)}
    assert found["fiction"] is Level.FAULT
