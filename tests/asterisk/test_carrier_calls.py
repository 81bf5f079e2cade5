"""Each kind of carrier, and phones over TLS, on live Asterisks: registered, known, encrypted."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
import pytest_asyncio

from router.asterisk.toolbox import Toolbox
from router.doctor import trunk as trunk_check
from router.doctor.ami import AmiDoor
from router.doctor.surroundings import Surroundings
from tests.asterisk import pair
from tests.asterisk.live import CALLER, CARRIER, SECRET, Router, invite, marked, send_from
from tests.asterisk.live import Caller as Person
from tests.asterisk.pair import PRESENTED, STRANGER, THEIR_NUMBER, Side, shows
from tests.contract.sip_message import SipMessage
from tests.contract.sip_phone import SipPhone
from tests.patience import PATIENCE_S

DESK = "11"
CALLED = "33199005678"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    pair.authority(folder)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sides(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, installed: Toolbox
) -> AsyncIterator[tuple[Side, Side]]:
    """Us, and them."""
    both = (
        (pair.ours, "ours", "127.0.0.1", 400),
        (pair.theirs, "theirs", pair.THEIRS, 250),
    )
    async with AsyncExitStack() as ends:
        found = []
        for settings_of, name, address, tone in both:
            tls = pair.certificate(folder, name, address)
            settings = settings_of(tmp_path_factory.mktemp(name), tls)
            server = await pair.start(settings, installed, tone)
            ends.push_async_callback(server.stop)
            credentials = aiohttp.encode_basic_auth(settings.ari_user, settings.ari_password)
            session = aiohttp.ClientSession(headers={"Authorization": credentials})
            await ends.enter_async_context(session)
            router = Router(settings, session)
            await router.connect()
            ends.push_async_callback(router.disconnect)
            found.append(Side(server, router, tone))
        # Those of ours who came first met nobody, and would try again after half a minute.
        await found[0].server.cli("pjsip send register *all")
        yield found[0], found[1]


@pytest_asyncio.fixture(loop_scope="module")
async def carrier() -> AsyncIterator["Exchange"]:
    """A carrier by hand, at which several of the carriers' calls arrive."""
    one = Exchange("carrier", "", ("127.0.0.1", 25060))
    await one.open(CARRIER[1])
    yield one
    one.close()


class Exchange(SipPhone):
    """Refuses, or keeps silent, or says what a ringing phone does."""

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self.come: asyncio.Queue[SipMessage] = asyncio.Queue()
        #: What it answers each INVITE with; 100 alone is silence.
        self.answers: tuple[int, ...] = (603,)

    def _on_invite(self, message: SipMessage) -> None:
        self.come.put_nowait(message)
        for status in self.answers:
            headers = [
                (name, f"{value};tag=t" if name == "to" and status > 100 else value)
                for name, value in message.headers
            ]
            self._reply(SipMessage(message.start, headers), status)

    def _on_cancel(self, message: SipMessage) -> None:
        self._reply(message, 200)
        headers = [(n, f"{v};tag=t" if n == "to" else v) for n, v in message.headers]
        headers = [(n, v.replace("CANCEL", "INVITE")) for n, v in headers]
        self._reply(SipMessage(message.start, headers), 487)


def around(side: Side, ami: AmiDoor) -> Surroundings:
    """As much as the check of accounts looks at."""
    seen = SimpleNamespace(asterisk=side.server.settings, ami=ami, name="allo.toml")
    return cast(Surroundings, seen)


async def ended(side: Side, channel: str) -> dict[str, Any]:
    """Return the end of that channel."""
    while True:
        event = await side.router.next("ChannelDestroyed")
        if event["channel"]["id"] == channel:
            return event


async def hang_up(side: Side, channel: str) -> None:
    await side.router.ask("DELETE", f"channels/{channel}")


# TLS and SRTP.


@marked
async def test_a_call_over_tls_is_heard_at_both_ends(sides: tuple[Side, Side]) -> None:
    us, them = sides
    await them.call("PJSIP/3939@trunk-main", "in-1", callerId=CALLER)
    ours = (await us.router.next("StasisStart"))["channel"]
    await them.router.next("StasisStart")
    assert ours["name"].startswith("PJSIP/trunk-secure-")
    assert ours["caller"]["number"] == "anonymous"
    assert CALLER not in us.router.raw
    await us.plays(ours["id"])
    assert await them.hears("in-1") == pytest.approx(us.tone, abs=15)
    await them.plays("in-1")
    assert await us.hears(ours["id"]) == pytest.approx(them.tone, abs=15)
    await hang_up(them, "in-1")
    await us.router.next("StasisEnd")


@marked
async def test_a_call_out_over_tls_is_heard_too(sides: tuple[Side, Side]) -> None:
    us, them = sides
    await us.call(f"PJSIP/{THEIR_NUMBER}@trunk-secure", "out-1", callerId=PRESENTED)
    await us.router.next("StasisStart")
    theirs = (await them.router.next("StasisStart"))["channel"]["id"]
    await us.plays("out-1")
    assert await them.hears(theirs) == pytest.approx(us.tone, abs=15)
    await hang_up(us, "out-1")
    await them.router.next("StasisEnd")


@marked
@pytest.mark.parametrize("endpoint", ["PJSIP/3939@trunk-plain", f"PJSIP/{DESK}@trunk-bare"])
async def test_without_srtp_a_call_is_refused(sides: tuple[Side, Side], endpoint: str) -> None:
    """A carrier's and a phone's, both over TLS."""
    _, them = sides
    await them.call(endpoint, "plain-1")
    assert (await ended(them, "plain-1"))["tech_cause"] == 488


@marked
async def test_a_carrier_whose_certificate_has_another_name_is_not_called(
    folder: Path, sides: tuple[Side, Side]
) -> None:
    for name, address, is_known in (("other", "127.0.0.4", False), ("right", STRANGER[0], True)):
        tls = pair.certificate(folder, name, address)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        asked: list[bytes] = []
        ended: asyncio.Queue[None] = asyncio.Queue()

        async def serve(
            reader: asyncio.StreamReader,
            writer: asyncio.StreamWriter,
            asked: list[bytes] = asked,
            ended: "asyncio.Queue[None]" = ended,
        ) -> None:
            try:
                asked.append(await reader.read(400))
            except OSError:
                asked.append(b"")
            ended.put_nowait(None)
            writer.close()

        async with await asyncio.start_server(serve, *STRANGER, ssl=context):
            async with asyncio.timeout(PATIENCE_S):
                while not is_known and not asked:
                    await asyncio.sleep(0.1)
                while is_known and not any(one.startswith(b"OPTIONS") for one in asked):
                    await asyncio.sleep(0.1)
            assert any(one.startswith(b"OPTIONS") for one in asked) is is_known


@marked
async def test_a_renewed_certificate_is_taken_while_a_call_goes_on(
    folder: Path, sides: tuple[Side, Side]
) -> None:
    us, them = sides
    await them.call("PJSIP/3939@trunk-main", "in-2")
    ours = (await us.router.next("StasisStart"))["channel"]["id"]
    await them.router.next("StasisStart")
    before = await presented(25061)
    pair.certificate(folder, "ours", "127.0.0.1")
    assert await presented(25061) == before
    await us.server.cli("module reload res_pjsip.so")
    async with asyncio.timeout(PATIENCE_S):
        while await presented(25061) == before:
            await asyncio.sleep(0.1)
    await us.plays(ours)
    assert await them.hears("in-2") == pytest.approx(us.tone, abs=15)
    await hang_up(them, "in-2")
    await us.router.next("StasisEnd")


async def presented(port: int) -> str:
    """Return the certificate that is presented there; "" if nobody listens."""
    try:
        return await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
    except OSError:
        return ""


# Phones.


@marked
async def test_a_phone_over_tls_registers_and_calls_the_desk(sides: tuple[Side, Side]) -> None:
    us, them = sides
    await shows(them, "pjsip show registrations", "Registered")
    await shows(us, "pjsip show contacts", "agent-lea")
    await shows(us, "pjsip show endpoint agent-lea", "Not in use")
    await them.call(f"PJSIP/{DESK}@trunk-phone", "desk-1")
    start = await us.router.next("StasisStart")
    await them.router.next("StasisStart")
    assert start["args"] == ["desk", "agent-lea", DESK]
    ours = start["channel"]["id"]
    await us.plays(ours)
    assert await them.hears("desk-1") == pytest.approx(us.tone, abs=15)
    await them.plays("desk-1")
    assert await us.hears(ours) == pytest.approx(them.tone, abs=15)
    await hang_up(them, "desk-1")
    await us.router.next("StasisEnd")


@marked
async def test_where_tls_is_required_a_phone_without_it_is_no_use(
    sides: tuple[Side, Side],
) -> None:
    """It may register by the carriers' door, and is offline all the same: no call, no ringing."""
    us, them = sides
    await shows(us, "pjsip show contacts", "agent-max")
    await them.call(f"PJSIP/{DESK}@trunk-plain-phone", "desk-2")
    assert (await ended(them, "desk-2"))["tech_cause"] == 488
    await shows(us, "pjsip show endpoint agent-max", "Unavailable")
    assert (await us.router.ask("GET", "endpoints/PJSIP/agent-max"))["state"] == "offline"
    assert (await us.router.ask("GET", "endpoints/PJSIP/agent-lea"))["state"] == "online"
    # At their own door nobody listens without TLS.
    assert await send_from("127.0.0.1", invite(DESK), ("127.0.0.1", 25062)) == ""


@marked
async def test_where_tls_is_offered_a_phone_may_have_it(sides: tuple[Side, Side]) -> None:
    us, them = sides
    await shows(us, "pjsip show registrations", "trunk-desk-registration")
    await shows(them, "pjsip show endpoint agent-max", "Not in use")
    await us.call(f"PJSIP/{DESK}@trunk-desk", "desk-3")
    start = await them.router.next("StasisStart")
    await us.router.next("StasisStart")
    assert start["args"] == ["desk", "agent-max", DESK]
    await them.plays(start["channel"]["id"])
    assert await us.hears("desk-3") == pytest.approx(them.tone, abs=15)
    await hang_up(us, "desk-3")
    await them.router.next("StasisEnd")
    # It is rung by the way that it came: our dialplan knows no such number.
    await them.call("PJSIP/agent-max", "ring-1")
    assert (await ended(them, "ring-1"))["tech_cause"] == 404


@marked
async def test_where_tls_is_offered_a_phone_may_do_without(sides: tuple[Side, Side]) -> None:
    _, them = sides
    phone = SipPhone("agent-zoe", SECRET, (pair.THEIRS, 26062))
    await phone.open()
    assert await phone.register() == 200
    await them.call("PJSIP/agent-zoe", "ring-2")
    await phone.rings()
    (asked,) = phone.invites
    assert f"SIP/2.0/UDP {pair.THEIRS}:26062" in asked.first("via")
    phone.answer()
    start = await them.router.next("StasisStart")
    await them.plays(start["channel"]["id"])
    async with asyncio.timeout(PATIENCE_S):
        while not phone.rtp.loud:
            await asyncio.sleep(0.05)
    await phone.hang_up()
    phone.close()
    await ended(them, "ring-2")


# Accounts and addresses.


@marked
async def test_an_account_registers_and_a_wrong_password_is_told(
    sides: tuple[Side, Side],
) -> None:
    us, _ = sides
    await shows(us, "pjsip show registrations", "Rejected")
    told = await shows(us, "pjsip show registrations", "Registered")
    assert re.search(r"trunk-account-registration/\S+ +\S+ +Registered", told)
    async with AmiDoor(us.server.settings) as ami:
        (finding,) = await trunk_check.registered(around(us, ami))
    assert finding.name == "trunk-unregistered"
    assert finding.place == "the account at the carrier, refused"
    assert "the carrier refuses it" in finding.wrong
    assert "carriers.refused of the secrets" in finding.remedy
    assert "wrong-wrong" not in str(finding)


@marked
@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.12", "404"), ("127.0.0.18", "404"), ("127.0.0.20", "401")],
)
async def test_a_carrier_is_known_by_each_of_its_addresses(
    sides: tuple[Side, Side], host: str, status: str
) -> None:
    """Of those it is told that the number is not ours; a stranger learns nothing."""
    us, _ = sides
    answer = await send_from(host, invite("3940", host), ("127.0.0.1", 25060))
    assert answer.startswith(f"SIP/2.0 {status}")
    log = us.server.log_path.read_text(encoding="utf-8")
    assert host not in log
    assert CALLER not in log


@marked
async def test_a_carrier_over_tcp(sides: tuple[Side, Side]) -> None:
    """It is asked whether it is alive, and its calls come in, by its address."""
    us, _ = sides

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = SipMessage.parse(await reader.readuntil(b"\r\n\r\n"))
        kept = ("via", "from", "to", "call-id", "cseq")
        headers = [(name, value) for name, value in asked.headers if name in kept]
        writer.write(SipMessage("SIP/2.0 200 OK", headers).encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, *pair.BY_TCP):
        await shows(us, "pjsip show endpoint trunk-tcp", "Not in use")
    for host, status in ((pair.BY_TCP[0], "404"), ("127.0.0.20", "401")):
        asked = invite("3940", host).replace("SIP/2.0/UDP", "SIP/2.0/TCP").replace("PORT", "5060")
        reader, writer = await asyncio.open_connection("127.0.0.1", 25060, local_addr=(host, 0))
        try:
            writer.write(asked.encode())
            async with asyncio.timeout(PATIENCE_S):
                answer = await reader.readline()
        finally:
            writer.close()
            await writer.wait_closed()
        assert answer.decode().startswith(f"SIP/2.0 {status}")


# What is said, and offered.


@marked
async def test_a_call_out_carries_what_the_carrier_wants(
    sides: tuple[Side, Side], carrier: Exchange
) -> None:
    us, _ = sides
    await us.call(f"PJSIP/+{CALLED}@trunk-hd", "out-2", callerId=PRESENTED, formats="g722,alaw")
    asked = await carrier.come.get()
    await ended(us, "out-2")
    assert asked.start == f"INVITE sip:+{CALLED}@127.0.0.1:{CARRIER[1]};user=phone SIP/2.0"
    sender = asked.first("from").partition(";tag")[0]
    assert sender == f"<sip:{PRESENTED}@ours.example.org;user=phone>"
    assert asked.all("p-asserted-identity") == ["<sip:+33199003900@ours.example.org;user=phone>"]
    assert asked.all("privacy") == ["none"]
    for name in ("remote-party-id", "diversion", "history-info", "p-preferred-identity"):
        assert asked.all(name) == []
    assert asked.first("session-expires") == "90"
    assert asked.first("min-se") == "90"
    assert re.search(r"^m=audio \d+ RTP/AVP (.+)", asked.body, re.M)[1].split()[:2] == ["9", "8"]  # type: ignore[index]


@marked
async def test_an_account_s_calls_show_the_number_beside_its_name(
    sides: tuple[Side, Side], carrier: Exchange
) -> None:
    us, _ = sides
    await us.call(f"PJSIP/{CALLED}@trunk-account", "out-3", callerId=PRESENTED)
    asked = await carrier.come.get()
    await ended(us, "out-3")
    assert asked.first("from").startswith("<sip:agent-lea@")
    assert asked.all("p-asserted-identity") == [f"<sip:{PRESENTED}@127.0.0.1>"]
    assert asked.all("privacy") == []


@marked
@pytest.mark.parametrize(
    ("offered", "chosen"), [("9 8", "9"), ("8 9", "9"), ("8", "8"), ("0 8", "8")]
)
async def test_g722_is_chosen_where_it_is_offered_and_wanted(
    sides: tuple[Side, Side], offered: str, chosen: str
) -> None:
    us, _ = sides
    person = Person(CALLER, "", ("127.0.0.1", 25060))
    await person.open()
    person.codecs = offered
    call = asyncio.create_task(person.call("3939"))
    ours = (await us.router.next("StasisStart"))["channel"]
    await call
    shown = await us.server.cli(f"core show channel {ours['name']}")
    await person.hang_up()
    person.close()
    await us.router.next("StasisEnd")
    names = {"9": "g722", "8": "alaw"}
    assert f"ReadFormat: {names[chosen]}\n" in shown


# Session timers.


@marked
async def test_the_carrier_may_refresh_a_session(sides: tuple[Side, Side]) -> None:
    us, _ = sides
    person = Person(CALLER, "", ("127.0.0.1", 25060))
    await person.open()
    wanted = [("supported", "timer"), ("session-expires", "90;refresher=uac"), ("min-se", "90")]
    call = asyncio.create_task(person.call("3939", *wanted))
    await us.router.next("StasisStart")
    await call
    refreshed = await person.ask("UPDATE", [*wanted, ("contact", person.contact)])
    await person.hang_up()
    person.close()
    await us.router.next("StasisEnd")
    assert refreshed.status == 200
    assert refreshed.first("session-expires").startswith("90")


@marked
@pytest.mark.load
async def test_we_refresh_a_session_at_half_its_time(sides: tuple[Side, Side]) -> None:
    us, _ = sides
    person = Person(CALLER, "", ("127.0.0.1", 25060))
    await person.open()
    timers = [("supported", "timer"), ("session-expires", "90;refresher=uas"), ("min-se", "90")]
    call = asyncio.create_task(person.call("3939", *timers))
    await us.router.next("StasisStart")
    await call
    async with asyncio.timeout(80):
        while not {"UPDATE", "INVITE"} & set(person.asked):
            await asyncio.sleep(0.5)
    await person.hang_up()
    person.close()
    await us.router.next("StasisEnd")


# The next carrier.


@marked
async def test_the_next_carrier_gets_the_call_under_the_same_id(
    sides: tuple[Side, Side], carrier: Exchange
) -> None:
    """What the failover builds on (router/service/failover.py)."""
    us, _ = sides
    carrier.answers = (100, 503)
    await us.call(f"PJSIP/{CALLED}@trunk-plain", "callback-1", callerId=PRESENTED)
    assert (await ended(us, "callback-1"))["tech_cause"] == 503
    await us.call(f"PJSIP/{CALLED}@trunk-hd", "callback-1", callerId=PRESENTED)
    await ended(us, "callback-1")
    assert carrier.come.qsize() == 2


@marked
@pytest.mark.parametrize(("said", "is_tagged"), [((100,), False), ((183,), True), ((180,), True)])
async def test_whether_a_person_may_have_been_rung_can_be_told(
    sides: tuple[Side, Side], carrier: Exchange, said: tuple[int, ...], is_tagged: bool
) -> None:
    us, _ = sides
    carrier.answers = said
    name = f"callback-{said[0]}"
    await us.call(f"PJSIP/{CALLED}@trunk-plain", name, callerId=PRESENTED)
    await carrier.come.get()
    path = f"channels/{name}/variable"
    if is_tagged:
        async with asyncio.timeout(PATIENCE_S):
            while not (await us.router.ask("GET", path, variable="CHANNEL(pjsip,remote_tag)"))[
                "value"
            ]:
                await asyncio.sleep(0.05)
    else:
        told = await us.router.ask("GET", path, variable="CHANNEL(pjsip,remote_tag)")
        assert told["value"] == ""
    await hang_up(us, name)
    await ended(us, name)
