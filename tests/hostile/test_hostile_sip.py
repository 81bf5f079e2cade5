"""Whatever is sent by SIP, at either door, calls go on, and nothing of it is written anywhere."""

import asyncio
import itertools
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from router.asterisk.carriers import port_above
from router.core.commands import Step
from router.core.ids import PhoneId
from router.demo.sound import AGENT_HZ
from tests.canary.forms import canaries, needles
from tests.canary.scan import Scanner
from tests.hostile.attacker import Insider, Told, at_address, attacking
from tests.hostile.messages import Hostile
from tests.hostile.scanners import guesses, leaving, scanners
from tests.hostile.streams import Streams
from tests.hostile.torture import to_us, torture
from tests.hostile.variations import floods_of_text, registrations, variations
from tests.real.cast import Cast
from tests.real.conftest import OPEN_AT, PSTN_PORT, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

_OFFSET = 5200
#: Neither a carrier's address nor, by name, an informateur's phone.
_STRANGER, _INSIDE = "127.0.0.9", "127.0.0.4"
_CARRIER, _CARRIER_BY_TCP, _CARRIER_BY_TLS = "127.0.0.1", "127.0.0.2", "127.0.0.3"
#: A phone that may register, and is not rung for callers.
_PHONE, SUPERVISOR_HZ = "901", 1300
_SEED = 4475
_CERTIFICATE = Path(__file__).parents[1] / "deploy" / "localhost.pem"
#: Every way in: over UDP, TCP and TLS, for carriers and phones.
_EVERY_DOOR = {
    "carriers": f"""[
        {{ name = "udp", hosts = ["{_CARRIER}"], peer = "{_CARRIER}:{PSTN_PORT + _OFFSET}" }},
        {{ name = "tcp", transport = "tcp", hosts = ["{_CARRIER_BY_TCP}"] }},
        {{ name = "tls", transport = "tls", hosts = ["{_CARRIER_BY_TLS}"] }},
    ]""",
    "tls": f'{{ certificate = "{_CERTIFICATE}", key = "{_CERTIFICATE}" }}',
    "agents_encryption": '"offered"',
}


def everything(count: int) -> list[Hostile]:
    """Return the RFC's messages as they are and to us, scanners', and `count` variations."""
    plain = torture()
    ours = [to_us(message) for message in plain]
    return [*plain, *ours, *scanners(), *floods_of_text(), *variations(_SEED, count)]


#: What counts what must not happen.
_DEFECTS = ("allo_defects", "allo_outside_table_total", "allo_log_leaks_total")
#: Asterisk complains of the messages; that it repeats none is for the scan.
_SAID = (r"\b(acl|chan_pjsip|pjsip_options|res_pjsip\w*)\.c: ",)


async def test_calls_go_on_whatever_is_sent(open_stage: OpenStage, new_cast: NewCast) -> None:
    await storm(open_stage, new_cast, talking=1, waiting=1, variations=200, by_stream=40)


@pytest.mark.load
async def test_twenty_calls_go_on_through_five_thousand_variations(
    open_stage: OpenStage, new_cast: NewCast
) -> None:
    await storm(open_stage, new_cast, talking=4, waiting=16, variations=5000, by_stream=1000)


async def storm(
    open_stage: OpenStage,
    new_cast: NewCast,
    *,
    talking: int,
    waiting: int,
    variations: int,
    by_stream: int,
) -> None:
    """Send all of it by every way in; so many variations, and so many over TCP and TLS."""
    numbers = canaries(40, _SEED, range(1000, 10_000))
    async with (
        open_stage(_OFFSET, OPEN_AT, asterisk=_EVERY_DOOR) as stage,
        new_cast(stage) as cast,
        AsyncExitStack() as sockets,
    ):
        cast.expected_in_asterisk += _SAID
        pairs = []
        for agent in ("101", "102", "103", "104")[:talking]:
            informateur = await cast.informateur(agent)
            caller = await cast.waiting_caller()
            await cast.talk(caller, informateur)
            pairs.append((caller, informateur))
        callers = [await cast.waiting_caller() for _ in range(waiting)]
        held = {one["id"] for one in await cast.ari("channels")}
        await cast.phone(_PHONE, says=SUPERVISOR_HZ, listens_for=AGENT_HZ)

        carrier, stranger, at_phones, posing = [
            await sockets.enter_async_context(attacking(host, door))
            for host, door in (
                (_CARRIER, stage.sip),
                (_STRANGER, stage.sip),
                (_STRANGER, stage.agents_sip),
                (_STRANGER, stage.agents_sip),
            )
        ]
        sent = 0
        told = itertools.cycle(numbers)
        into_calls = [
            message
            for channel in await cast.ari("channels")
            for message in guesses(channel["protocol_id"])
        ]
        for attacker in (carrier, stranger, at_phones):
            sent += await attacker.send([*everything(variations), *into_calls], told)
        # As an informateur whose password it does not know.
        sent += await posing.send(everything(variations), itertools.cycle(["agent-101"]))
        # As somebody at a phone, with its password.
        user = f"agent-{_PHONE}"
        insider = await sockets.enter_async_context(
            at_address(
                _INSIDE, Insider(stage.agents_sip, user, stage.secrets.agents[PhoneId(_PHONE)])
            )
        )
        own = [*everything(variations), *registrations(_SEED, variations), *into_calls]
        sent += await insider.send(own, itertools.cycle([user]))
        # Over TCP and TLS.
        streams = [
            Streams(host, port_above(at) if tls else at, tls=tls)
            for host, at, tls in (
                (_STRANGER, stage.sip, False),
                (_STRANGER, stage.sip, True),
                (_STRANGER, stage.agents_sip, True),
                (_CARRIER_BY_TCP, stage.sip, False),
                (_CARRIER_BY_TLS, stage.sip, True),
            )
        ]
        messages = [*everything(by_stream), *into_calls]
        sent += sum(await asyncio.gather(*(stream.send(messages, told) for stream in streams)))
        *strangers, by_tcp, by_tls = streams
        assert stage.asterisk.running
        assert stage.router_runs

        outside = [stranger.told, at_phones.told, posing.told, *(one.told for one in strangers)]
        for refused in outside:
            assert refused
            assert [one for one in refused if one.status < 300 and one.status != 100] == []
        for known in (insider.told, by_tcp.told, by_tls.told):
            assert [one for one in known if one.status < 300 and one.status != 100]
        answered = {
            one.identity
            for heard in (carrier.told, by_tcp.told, by_tls.told)
            for one in heard
            if is_answered(one)
        }

        async def channels() -> set[str]:
            return {one["id"] for one in await cast.ari("channels")}

        async def arrived() -> int:
            lines = cast.router_log.lines()
            steps = [one for one in lines if one.get("step") == Step.ARRIVED]
            return len(steps) - talking - waiting

        await cast.until(arrived, lambda count: count > 0)
        carrier.hang_up()
        insider.hang_up()
        await insider.send(leaving(), itertools.cycle([user]))
        await cast.until(channels, lambda now: now == held)
        assert await arrived() <= len(answered)
        assert await defects(cast) == {}
        for caller, informateur in pairs:
            await cast.both_hear(caller, informateur)
            await informateur.hang_up()
        for caller in callers:
            await caller.hang_up()
        for caller, _ in pairs:
            await caller.ended()
    told_numbers = [needle for number in numbers for needle in needles(number)]
    found = Scanner(told_numbers).in_folder(stage.state_dir)
    assert found.hits == []
    print(f"\n{sent} messages")
    for who, heard in (
        ("the carrier", carrier.told),
        ("the phone", insider.told),
        ("the carrier over TCP", by_tcp.told),
        ("a stranger over TLS", strangers[1].told),
    ):
        statuses = Counter(one.status for one in heard)
        print(f"{who} was told {dict(sorted(statuses.items()))}")


async def defects(cast: Cast) -> dict[str, float]:
    """Return what the router counts that must stay at zero, and does not."""
    async with aiohttp.ClientSession() as http, http.get(f"{cast.stage.http}/metrics") as answer:
        lines = [line.rpartition(" ") for line in (await answer.text()).splitlines()]
    told = {name: float(value) for name, _, value in lines if name.partition("{")[0] in _DEFECTS}
    assert {name.partition("{")[0] for name in told} == {*_DEFECTS}
    return {name: value for name, value in told.items() if value}


def is_answered(one: Told) -> bool:
    return one.method == "INVITE" and 200 <= one.status < 300
