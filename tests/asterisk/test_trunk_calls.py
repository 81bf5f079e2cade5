"""The carrier and a live Asterisk: which calls come in, and what becomes known of the caller."""

import asyncio
import dataclasses

import pytest

from router.asterisk.configuration import render
from router.asterisk.server import AsteriskServer
from router.asterisk.toolbox import Toolbox
from tests.asterisk.live import (
    AGENTS,
    CALLER,
    TRUNK,
    Router,
    all_that_asterisk_wrote,
    invite,
    marked,
    open_agent,
    open_caller,
    request,
    send_from,
    unexpected_lines,
)
from tests.contract.sip_message import SipMessage
from tests.contract.sip_phone import SipPhone
from tests.patience import PATIENCE_S


@marked
async def test_the_caller_s_number_is_nowhere(
    server: AsteriskServer, router: Router, phones: list[SipPhone]
) -> None:
    await router.connect(to_all=True)
    agent = await open_agent(phones, "lea")
    assert await agent.register() == 200
    caller = await open_caller(phones)
    call = asyncio.create_task(caller.call("3939"))
    channel = (await router.next("StasisStart"))["channel"]["id"]
    await call
    assert caller.answered.is_set()

    names = [
        f"CALLERID({part})"
        for part in (
            "all", "name", "num", "ani", "ani-all", "ani-name", "ani-num", "ani-tag", "dnid",
            "dnid-num-plan", "rdnis", "subaddr", "tag", "priv-all", "priv-name", "priv-num",
            "priv-subaddr", "priv-tag", "ani2", "pres", "name-charset", "num-plan",
        )
    ]  # fmt: skip
    names += [f"CONNECTEDLINE({part})" for part in ("all", "name", "num", "tag", "priv-all")]
    names += [
        f"REDIRECTING({side}-{part})"
        for side in ("from", "to", "orig", "priv-from", "priv-to", "priv-orig")
        for part in ("all", "name", "num", "tag")
    ]
    names += [f"CHANNEL({item})" for item in ("name", "exten", "linkedid", "musicclass")]
    names += ["PJSIP_HEADER(read,From)", "PJSIP_HEADER(read,P-Asserted-Identity)"]
    values = {name: await router.variable(channel, name) for name in names}
    assert values["CALLERID(num)"] == "anonymous"
    assert values["PJSIP_HEADER(read,From)"] is None

    await router.ask("POST", "channels", endpoint="PJSIP/agent-lea", app="allo", originator=channel)
    async with asyncio.timeout(PATIENCE_S):
        await agent.ringing.wait()
    agent.answer()
    agent_channel = (await router.next("StasisStart"))["channel"]["id"]
    bridge = (await router.ask("POST", "bridges", type="mixing"))["id"]
    await router.ask("POST", f"bridges/{bridge}/addChannel", channel=f"{channel},{agent_channel}")
    await router.ask("GET", "channels")
    await router.ask("GET", "endpoints/PJSIP/trunk")
    await caller.hang_up()
    await router.next("StasisEnd")
    await router.ask("DELETE", f"channels/{agent_channel}")
    await router.ask("DELETE", f"bridges/{bridge}")
    async with asyncio.timeout(PATIENCE_S):
        await agent.ended.wait()
    await router.disconnect()

    assert CALLER not in router.raw
    created = next(event for event in router.seen if event["type"] == "ChannelCreated")
    assert created["channel"]["caller"]["number"] in ("", "anonymous")
    assert [message.encode() for message in agent.invites]
    assert not any(CALLER in message.encode().decode() for message in agent.invites)
    assert CALLER.encode() not in all_that_asterisk_wrote(server)


@marked
async def test_only_the_dialog_itself_knows_the_number(
    router: Router, phones: list[SipPhone]
) -> None:
    """So that nobody believes otherwise: the SIP stack still remembers the dialog."""
    await router.connect()
    caller = await open_caller(phones)
    call = asyncio.create_task(caller.call("3939"))
    channel = (await router.next("StasisStart"))["channel"]["id"]
    await call
    items = ("remote_uri", "local_uri", "target_uri", "call-id", "remote_tag", "request_uri")
    known = {item: await router.variable(channel, f"CHANNEL(pjsip,{item})") for item in items}
    knowing = {item for item, value in known.items() if value and CALLER in value}
    await caller.hang_up()
    await router.disconnect()
    assert knowing == {"remote_uri", "target_uri"}


@marked
@pytest.mark.parametrize("way", ["rfc4733", "info"])
async def test_keys_arrive_both_ways(router: Router, phones: list[SipPhone], way: str) -> None:
    await router.connect()
    caller = await open_caller(phones)
    call = asyncio.create_task(caller.call("3939"))
    await router.next("StasisStart")
    await call
    heard = ""
    for key in "07*#D":
        if way == "info":
            await caller.press_by_info(key)
        else:
            await caller.hold_down(key)
        heard += (await router.next("ChannelDtmfReceived"))["digit"]
    await caller.hang_up()
    await router.next("StasisEnd")
    await router.disconnect()
    assert heard == "07*#D"


@marked
@pytest.mark.parametrize(("payload", "codec"), [("8", "alaw"), ("9", "g722"), ("0", "ulaw")])
async def test_each_codec_is_played_to_without_transcoding(
    server: AsteriskServer, router: Router, phones: list[SipPhone], payload: str, codec: str
) -> None:
    await router.connect()
    caller = await open_caller(phones)
    caller.codecs = payload
    call = asyncio.create_task(caller.call("3939"))
    channel = (await router.next("StasisStart"))["channel"]
    await call
    await router.ask("POST", f"channels/{channel['id']}/moh")
    async with asyncio.timeout(PATIENCE_S):
        await caller.rtp.first_heard.wait()
    shown = await server.cli(f"core show channel {channel['name']}")
    await caller.hang_up()
    await router.next("StasisEnd")
    await router.disconnect()
    assert f"WriteFormat: {codec}\n" in shown
    assert "WriteTranscode: No" in shown


@marked
async def test_a_call_without_an_offer_is_answered_with_ours(
    router: Router, phones: list[SipPhone]
) -> None:
    await router.connect()
    caller = await open_caller(phones)
    caller.offer = False
    call = asyncio.create_task(caller.call("3939"))
    channel = (await router.next("StasisStart"))["channel"]["id"]
    await call
    assert caller.failed_status == 0
    await router.ask("POST", f"channels/{channel}/moh")
    async with asyncio.timeout(PATIENCE_S):
        await caller.rtp.first_heard.wait()
    await caller.hang_up()
    await router.next("StasisEnd")
    await router.disconnect()


@marked
@pytest.mark.parametrize(
    ("number", "codecs", "status"),
    [
        ("3940", "8", 404),
        ("s", "8", 404),
        ("ping", "8", 404),
        ("39390", "8", 404),
        ("3939", "18", 488),
    ],
)
async def test_refuses_cleanly(
    server: AsteriskServer, phones: list[SipPhone], number: str, codecs: str, status: int
) -> None:
    caller = await open_caller(phones)
    caller.codecs = codecs
    await caller.call(number)
    assert caller.failed_status == status
    assert "0 active channels" in await server.cli("core show channels count")


@marked
@pytest.mark.parametrize(
    "number",
    ["3939;phone-context=+33", "+333939", "00333939", "333939", "39-39", "tel:3939", "tel:+333939"],
)
async def test_a_call_comes_in_whatever_the_form_of_its_number(
    router: Router, phones: list[SipPhone], number: str
) -> None:
    await router.connect()
    caller = await open_caller(phones)
    caller.request_uri = number if ":" in number else f"sip:{number}@127.0.0.1:25060;user=phone"
    call = asyncio.create_task(caller.call("3939"))
    start = await router.next("StasisStart")
    await call
    await caller.hang_up()
    await router.next("StasisEnd")
    await router.disconnect()
    assert start["args"] == ["caller"]


@marked
@pytest.mark.parametrize("user", ["", "3939@", "+333939@", "ping@", "SBC_1.paris@"])
async def test_options_is_answered_for_any_user(server: AsteriskServer, user: str) -> None:
    asked = request("OPTIONS", f"sip:{user}127.0.0.1:25060")
    assert (await send_from("127.0.0.1", asked, TRUNK)).startswith("SIP/2.0 200")
    assert "0 active channels" in await server.cli("core show channels count")


@marked
@pytest.mark.parametrize(
    "method",
    ["REFER", "MESSAGE", "NOTIFY", "SUBSCRIBE", "PUBLISH", "INFO", "UPDATE", "PRACK", "UNKNOWN"],
)
async def test_requests_other_than_calls_are_declined_at_once(
    server: AsteriskServer, method: str
) -> None:
    for user in ("3939", CALLER):
        asked = request(method, f"sip:{user}@127.0.0.1:25060")
        from_trunk = SipMessage.parse((await send_from("127.0.0.1", asked, TRUNK)).encode())
        assert from_trunk.status in (400, 481, 489, 501, 603)
        asked = request(method, f"sip:{user}@127.0.0.1:25062").replace(CALLER, "agent-lea")
        assert (await send_from("127.0.0.1", asked, AGENTS)).startswith("SIP/2.0 401")
    assert CALLER.encode() not in all_that_asterisk_wrote(server)


@marked
async def test_a_stranger_is_challenged_and_not_quoted(
    server: AsteriskServer, phones: list[SipPhone]
) -> None:
    """127.0.0.2 is neither the carrier nor in the informateurs' network."""
    answer = await send_from("127.0.0.2", invite("3939", "127.0.0.2"), TRUNK)
    assert answer.startswith("SIP/2.0 401")
    for header in ("From", "To", "Call-ID", "CSeq", "Via"):
        answer = await send_from("127.0.0.1", invite("3939", leave_out=header), TRUNK)
        assert not answer.startswith("SIP/2.0 2")
    for text in ("", "\0" * 100, f"INVITE {CALLER}\r\n\r\n", invite("3939").replace(":", CALLER)):
        await send_from("127.0.0.1", text, TRUNK)
    assert CALLER.encode() not in all_that_asterisk_wrote(server)


@marked
async def test_nobody_registers_in_the_carrier_s_place(
    server: AsteriskServer, phones: list[SipPhone]
) -> None:
    """Not even from its address: outgoing calls would go there."""
    usurper = SipPhone("trunk-peer", "", TRUNK)
    await usurper.open()
    phones.append(usurper)
    assert await usurper.register() in (401, 403, 404)
    contacts = await server.cli("pjsip show contacts")
    assert contacts.count("trunk-peer/") == 1


@marked
async def test_callers_are_looked_after_while_the_router_is_away(
    router: Router, phones: list[SipPhone]
) -> None:
    caller = await open_caller(phones)
    await caller.call("3939")
    assert caller.answered.is_set()
    async with asyncio.timeout(PATIENCE_S):
        await caller.rtp.first_heard.wait()  # the apology, then music
    await router.connect()
    start = await router.next("StasisStart")  # handed over once the router is there
    assert start["args"] == ["caller"]
    await router.ask("DELETE", f"channels/{start['channel']['id']}")
    async with asyncio.timeout(PATIENCE_S):
        await caller.ended.wait()
    await router.disconnect()


@marked
async def test_says_goodbye_when_the_router_stays_away(
    server: AsteriskServer, installed: Toolbox, phones: list[SipPhone]
) -> None:
    settings = dataclasses.replace(server.settings, retry_for_s=0)
    render(settings, installed, settings.config_dir)
    await server.cli("dialplan reload")
    caller = await open_caller(phones)
    await caller.call("3939")
    async with asyncio.timeout(PATIENCE_S):
        await caller.ended.wait()
    render(server.settings, installed, settings.config_dir)
    await server.cli("dialplan reload")
    assert caller.rtp.heard > 10


@marked
async def test_the_absolute_timeout_is_set(router: Router, phones: list[SipPhone]) -> None:
    await router.connect()
    caller = await open_caller(phones)
    call = asyncio.create_task(caller.call("3939"))
    channel = (await router.next("StasisStart"))["channel"]["id"]
    await call
    left = await router.variable(channel, "TIMEOUT(absolute)")
    await caller.hang_up()
    await router.disconnect()
    assert left is not None
    assert 7100 < float(left) <= 7200


@marked
async def test_nothing_else_was_logged(server: AsteriskServer) -> None:
    """Last: after all of the above, the log holds what it should, and no caller."""
    assert unexpected_lines(server) == []
