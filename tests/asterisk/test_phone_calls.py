"""Informateurs' phones and a live Asterisk: what they may do, and what they learn."""

import asyncio
import re

import pytest

from router.asterisk.server import AsteriskServer
from tests.asterisk.live import (
    CALLER,
    CARRIER,
    REFERRAL,
    TRUNK,
    Router,
    all_that_asterisk_wrote,
    call_with_proof,
    marked,
    open_agent,
    open_caller,
    unexpected_lines,
)
from tests.contract.sip_phone import SipPhone
from tests.patience import PATIENCE_S


@marked
@pytest.mark.parametrize("codec", ["8", "9"])
async def test_the_informateur_is_offered_the_caller_s_codec_first(
    router: Router, phones: list[SipPhone], codec: str
) -> None:
    await router.connect()
    agent = await open_agent(phones, "lea")
    assert await agent.register() == 200
    caller = await open_caller(phones)
    caller.codecs = codec
    call = asyncio.create_task(caller.call("3939"))
    channel = (await router.next("StasisStart"))["channel"]["id"]
    await call
    leg = await router.ask(
        "POST", "channels", endpoint="PJSIP/agent-lea", app="allo", originator=channel
    )
    async with asyncio.timeout(PATIENCE_S):
        await agent.ringing.wait()
    await router.ask("DELETE", f"channels/{leg['id']}")
    await caller.hang_up()
    async with asyncio.timeout(PATIENCE_S):
        await agent.ended.wait()
    await router.disconnect()
    offer = re.search(r"^m=audio \d+ RTP/AVP (\d+) (\d+)", agent.invites[0].body, re.MULTILINE)
    assert offer is not None
    assert offer[1] == codec
    assert {offer[1], offer[2]} == {"8", "9"}


@marked
@pytest.mark.parametrize("who", ["caller", "informateur"])
async def test_a_transfer_by_the_phone_is_declined_at_once(
    server: AsteriskServer, router: Router, phones: list[SipPhone], who: str
) -> None:
    """Transfers are the router's. A phone without an answer would keep its caller on hold."""
    await router.connect()
    phone = await (open_caller(phones) if who == "caller" else open_agent(phones, "lea"))
    call = asyncio.create_task(phone.call("3939" if who == "caller" else "*11"))
    await router.next("StasisStart")
    await call
    wanted = [("contact", phone.contact), ("refer-to", f"<sip:{REFERRAL}@127.0.0.1>")]
    assert (await phone.ask("REFER", wanted)).status == 603
    await phone.hang_up()
    await router.next("StasisEnd")
    await router.disconnect()
    assert REFERRAL.encode() not in all_that_asterisk_wrote(server)


@marked
@pytest.mark.parametrize("method", ["MESSAGE", "NOTIFY", "INFO"])
async def test_no_text_reaches_the_other_end(
    server: AsteriskServer, router: Router, phones: list[SipPhone], method: str
) -> None:
    """Asterisk has no module to decline it: it is not answered, and the call goes on."""
    await router.connect()
    agent = await open_agent(phones, "lea")
    assert await agent.register() == 200
    caller = await open_caller(phones)
    call = asyncio.create_task(caller.call("3939"))
    channel = (await router.next("StasisStart"))["channel"]["id"]
    await call
    leg = await router.ask("POST", "channels", endpoint="PJSIP/agent-lea", app="allo")
    await agent.rings()
    agent.answer()
    await router.next("StasisStart")
    bridge = (await router.ask("POST", "bridges", type="mixing"))["id"]
    await router.ask("POST", f"bridges/{bridge}/addChannel", channel=f"{channel},{leg['id']}")
    text = [("content-type", "text/plain"), ("event", "talk")]
    unanswered = asyncio.create_task(caller.ask(method, text, CALLER))
    await asyncio.sleep(0)  # sent
    assert (await caller.ask("OPTIONS", [])).status == 200  # and this is read after it
    await caller.hang_up()
    await router.ask("DELETE", f"channels/{leg['id']}")
    await router.ask("DELETE", f"bridges/{bridge}")
    async with asyncio.timeout(PATIENCE_S):
        await agent.ended.wait()
    await router.disconnect()
    unanswered.cancel()
    assert set(agent.asked) <= {"INVITE", "ACK", "BYE", "OPTIONS"}
    assert CALLER.encode() not in all_that_asterisk_wrote(server)


@marked
async def test_an_informateur_s_phone_registers_only_with_its_password(
    server: AsteriskServer, router: Router, phones: list[SipPhone]
) -> None:
    await router.connect()
    endpoint = "endpoint:PJSIP/agent-max"
    await router.ask("POST", "applications/allo/subscription", eventSource=endpoint)
    right = await open_agent(phones, "max")
    assert await right.register() == 200
    # A phone counts once it has answered OPTIONS.
    assert (await router.next("EndpointStateChange"))["endpoint"]["state"] == "online"
    await router.disconnect()
    wrong = await open_agent(phones, "max", "not-the-right-password")
    assert await wrong.register() == 401
    unknown = await open_agent(phones, "nobody")
    assert await unknown.register() in (401, 403, 404)
    again = await open_agent(phones, "max")
    assert await again.register() == 200  # a restarted phone replaces its old registration
    contacts = await server.cli("pjsip show contacts")
    assert contacts.count("agent-max/") == 1
    assert await again.register(0) == 200


@marked
@pytest.mark.parametrize("number", [REFERRAL, "1234567", "+33199005678", "s", "11,caller"])
async def test_an_informateur_s_phone_cannot_dial_numbers(
    phones: list[SipPhone], number: str
) -> None:
    """Even with its password it gets no further than the desk's short codes."""
    agent = await open_agent(phones, "lea")
    assert (await call_with_proof(agent, "127.0.0.1", number)).startswith("SIP/2.0 404")


@marked
async def test_an_informateur_s_phone_dials_the_desk(
    router: Router, phones: list[SipPhone]
) -> None:
    await router.connect()
    agent = await open_agent(phones, "lea")
    await agent.call("*11")
    assert agent.answered.is_set()
    start = await router.next("StasisStart")
    assert start["args"] == ["desk", "agent-lea", "*11"]
    left = await router.variable(start["channel"]["id"], "TIMEOUT(absolute)")
    assert left is not None
    assert 100 < float(left) <= 120
    await agent.hang_up()
    await router.disconnect()


@marked
async def test_the_desk_apologises_while_the_router_is_away(phones: list[SipPhone]) -> None:
    agent = await open_agent(phones, "lea")
    await agent.call("11")
    assert agent.answered.is_set()
    async with asyncio.timeout(PATIENCE_S):
        await agent.ended.wait()
    assert agent.rtp.heard > 5


@marked
async def test_an_outgoing_call_shows_the_service_and_nobody_else(
    router: Router, phones: list[SipPhone]
) -> None:
    await router.connect()
    carrier = SipPhone("carrier", "", TRUNK)
    await carrier.open(CARRIER[1])
    phones.append(carrier)
    caller = await open_caller(phones)
    call = asyncio.create_task(caller.call("3939"))
    channel = (await router.next("StasisStart"))["channel"]["id"]
    await call
    query = {"endpoint": f"PJSIP/{REFERRAL}@trunk", "app": "allo", "appArgs": "outside"}
    query |= {"callerId": '"Allô Service Public" <3939>', "originator": channel}
    await router.ask("POST", "channels/outside", **query)
    await carrier.rings()
    [invite] = carrier.invites
    await router.ask("DELETE", f"channels/{channel}")
    await router.ask("DELETE", "channels/outside")
    async with asyncio.timeout(PATIENCE_S):
        await carrier.ended.wait()
    await router.disconnect()
    assert invite.start == f"INVITE sip:{REFERRAL}@127.0.0.1:25064 SIP/2.0"
    assert invite.first("from").startswith('"Allô Service Public" <sip:3939@127.0.0.1>')
    told = {name for name, _ in invite.headers}
    assert told.isdisjoint({"p-asserted-identity", "remote-party-id", "privacy", "diversion"})
    assert CALLER not in str(invite)
    assert channel not in str(invite)


@marked
async def test_an_informateur_s_phone_is_accepted_from_its_network_only(
    phones: list[SipPhone],
) -> None:
    """From elsewhere the right password is no better than a wrong one."""
    agent = await open_agent(phones, "lea")
    assert (await call_with_proof(agent, "127.0.0.2")).startswith("SIP/2.0 401")


@marked
async def test_nothing_else_was_logged(server: AsteriskServer) -> None:
    """Last: after all of the above, the log holds what it should, and no caller."""
    assert unexpected_lines(server) == []
