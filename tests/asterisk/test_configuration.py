"""The rendered configuration: its text, and what a live Asterisk makes of it."""

import asyncio
import configparser
import dataclasses
import errno
import itertools
import os
import re
import socket
import stat
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from router.asterisk import configuration
from router.asterisk.configuration import OPTIONAL_FILES, TEMPLATES, fill, render
from router.asterisk.install import ensure_toolbox
from router.asterisk.server import AsteriskServer
from router.asterisk.settings import (
    SOCKET_NAME,
    AgentPhone,
    AsteriskSettings,
    Registration,
    as_sent,
    check,
)
from router.asterisk.toolbox import Toolbox
from router.errors import ConfigError, DiskError
from tests.contract.sip_phone import SipMessage, SipPhone

HOME = Path(__file__).resolve().parents[2] / ".allo"
CALLER = "0199001234"  # fictional (ARCEP's range for films)
SECRET = "a-secret-of-twenty-six-xxx"
TRUNK = ("127.0.0.1", 25060)
AGENTS = ("127.0.0.1", 25062)
CARRIER = ("127.0.0.1", 25064)
REFERRAL = "0199005678"


def make_settings(folder: Path, **changes: Any) -> AsteriskSettings:
    values: dict[str, Any] = {
        "state_dir": folder,
        "prompts_dir": folder / "prompts",
        "ari_password": SECRET,
        "trunk_bind": f"{TRUNK[0]}:{TRUNK[1]}",
        "agents_bind": f"{AGENTS[0]}:{AGENTS[1]}",
        "agents": (AgentPhone("lea", SECRET), AgentPhone("max", SECRET)),
        "ari_port": 28088,
        "rtp_first": 30000,
        "rtp_last": 30999,
    }
    return AsteriskSettings(**{**values, **changes})


@pytest.fixture
def toolbox() -> Toolbox:
    return Toolbox(None, "22.10.1", Path("/modules"), Path("/data"))


# --- the text --------------------------------------------------------------------------------


def read(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def test_writes_every_file_for_its_owner_only(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path)
    render(settings, toolbox, settings.config_dir)
    names = {path.name for path in settings.config_dir.iterdir()}
    assert names == {path.name for path in TEMPLATES.glob("*.conf")} - set(OPTIONAL_FILES)
    assert stat.S_IMODE(settings.config_dir.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in settings.config_dir.iterdir()}
    assert modes == {0o600}


def test_optional_files_come_with_their_settings(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(
        tmp_path,
        trunk_peer="sbc.example.net:5060",
        registration=Registration("sip.example.net", "compte-1", "mot-de-passe"),
    )
    render(settings, toolbox, settings.config_dir)
    assert "contact = sip:sbc.example.net:5060" in read(settings.config_dir, "pjsip_outgoing.conf")
    text = read(settings.config_dir, "pjsip_registration.conf")
    assert "client_uri = sip:compte-1@sip.example.net\n" in text
    assert "password = mot-de-passe" in text


def test_every_setting_reaches_a_file(tmp_path: Path, toolbox: Toolbox) -> None:
    """A value that no template holds would be a setting that does nothing."""
    used = {
        name
        for path in TEMPLATES.glob("*.conf")
        for name in configuration._PLACEHOLDER.findall(read(TEMPLATES, path.name))
    }
    optional = {"trunk_peer", "trunk_qualify_s", "registration_server", "registration_domain"}
    optional |= {"registration_user", "registration_password"}
    values = configuration.placeholders(make_settings(tmp_path), toolbox)
    assert used - optional - {"registration_server"} == set(values)
    assert optional <= used


def test_no_placeholder_is_left(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(
        tmp_path, trunk_peer="192.0.2.1:5060", registration=Registration("192.0.2.1", "u", "p")
    )
    render(settings, toolbox, settings.config_dir)
    for path in settings.config_dir.iterdir():
        assert not configuration._PLACEHOLDER.search(path.read_text()), path.name


def test_an_unknown_placeholder_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"http\.conf: unknown placeholder @ari_prot@"):
        fill("bindport = @ari_prot@", {"ari_port": "1"}, "http.conf")


def test_the_dialplan_keeps_its_own_expressions() -> None:
    text = "GotoIf($[${EPOCH} < ${give_up_at}]?wait) ; a@b @x@"
    assert fill(text, {"x": "y"}, "f") == "GotoIf($[${EPOCH} < ${give_up_at}]?wait) ; a@b y"


def test_service_numbers_become_extensions(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path, service_numbers=("3939", "+33199003939"))
    render(settings, toolbox, settings.config_dir)
    text = read(settings.config_dir, "extensions.conf")
    callers = re.findall(r"^exten = (\S+),1,Goto\(caller,s,1\)$", text, re.MULTILINE)
    assert callers == [*as_sent("3939"), *as_sent("+33199003939")]


@pytest.mark.parametrize(
    ("numbers", "forms"),
    [
        (("3939", "+333939", "00333939", "333939"), "3939 +333939 00333939 333939"),
        (
            ("0199003939", "+33199003939", "0033199003939", "33199003939"),
            "0199003939 +33199003939 0033199003939 33199003939",
        ),
        (("+35227860000", "0035227860000"), "+35227860000 0035227860000 35227860000"),
    ],
)
def test_a_number_is_known_in_every_form_whichever_is_written(
    numbers: tuple[str, ...], forms: str
) -> None:
    for number in numbers:
        assert as_sent(number)[0] == number
        assert set(as_sent(number)) == set(forms.split())


def test_a_number_written_in_two_forms_is_one(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path, service_numbers=("0199003939", "+33199003939"))
    render(settings, toolbox, settings.config_dir)
    assert read(settings.config_dir, "extensions.conf").count("exten = 0199003939,") == 1


def test_each_agent_has_a_phone(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path)
    render(settings, toolbox, settings.config_dir)
    text = read(settings.config_dir, "pjsip_agents.conf")
    assert re.findall(r"^\[(.+?)\]\((.+)\)", text, re.MULTILINE) == [
        (f"agent-{name}", template)
        for name in ("lea", "max")
        for template in ("agent", "agent-aor", "agent-auth")
    ]


def test_rendering_again_replaces_all_of_it(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path, trunk_peer="192.0.2.1:5060")
    render(settings, toolbox, settings.config_dir)
    render(make_settings(tmp_path, ari_port=28089), toolbox, settings.config_dir)
    assert not (settings.config_dir / "pjsip_outgoing.conf").exists()
    assert "bindport = 28089" in read(settings.config_dir, "http.conf")
    assert list(tmp_path.glob(".etc-*")) == []


def test_leaves_a_folder_that_is_not_ours(tmp_path: Path, toolbox: Toolbox) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "queues.conf").write_text("[ours]\n")
    with pytest.raises(ConfigError, match=r"queues\.conf: is not ours"):
        render(make_settings(tmp_path), toolbox, tmp_path / "etc")
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["queues.conf"]


def test_a_full_disk_keeps_the_old_configuration(
    tmp_path: Path, toolbox: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    render(settings, toolbox, settings.config_dir)

    really_open = os.open

    def full(path: str, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_CREAT and str(path).endswith("pjsip.conf"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_open(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(DiskError, match=r"No space.*Make room"):
        render(make_settings(tmp_path, ari_port=28089), toolbox, settings.config_dir)
    monkeypatch.undo()
    assert "bindport = 28088" in read(settings.config_dir, "http.conf")
    assert [path.name for path in tmp_path.iterdir()] == ["etc"]


@pytest.mark.parametrize(
    ("changes", "place", "reason"),
    [
        ({"service_numbers": ()}, "service_numbers", "at least one number"),
        ({"service_numbers": ("39 39",)}, "service_numbers", "2 to 15 digits"),
        ({"service_numbers": ("3939", "3939")}, "service_numbers", "3939 is there twice"),
        ({"trunk_bind": "localhost:5060"}, "trunk_bind", "must be an IPv4 address and a port"),
        ({"trunk_bind": "127.0.0.1:0"}, "trunk_bind", "between 1 and 65535"),
        ({"trunk_bind": "127.0.0.1:25062"}, "agents_bind", "must differ"),
        ({"trunk_hosts": ()}, "trunk_hosts", "at least one"),
        (
            {"trunk_hosts": ("192.0.2.1/24",)},
            "trunk_hosts",
            "192.0.2.1/24 has bits of a host: write 192.0.2.0/24 for the network, 192.0.2.1 for",
        ),
        ({"agents_networks": ("10.0.0.9/8",)}, "agents_networks", "write 10.0.0.0/8 for the"),
        ({"trunk_hosts": ("192.0.2.0/33",)}, "trunk_hosts", "must be an IPv4 address or network"),
        ({"trunk_peer": "sip.example.net"}, "trunk_peer", "the port must be"),
        ({"trunk_codecs": ("opus",)}, "trunk_codecs", "must be among alaw, ulaw, g722"),
        ({"agent_codecs": ()}, "agent_codecs", "at least one of"),
        ({"agents": (AgentPhone("Léa", SECRET),)}, "agents.Léa", "lower-case"),
        ({"agents": (AgentPhone("lea", "1234"),)}, "agents.lea.secret", "16 to 128"),
        ({"agents": (AgentPhone("lea", SECRET),) * 2}, "agents.lea", "is there twice"),
        ({"ari_password": "secret;comment-of-asterisk"}, "ari_password", "16 to 128"),
        ({"ari_host": "0.0.0.0"}, "ari_host", "for this machine only"),
        ({"ari_host": "localhost"}, "ari_host", "must be an IPv4 address"),
        ({"ari_port": 80}, "ari_port", "between 1024 and 65535"),
        ({"rtp_first": 30001}, "rtp_first", "must be even"),
        ({"rtp_last": 30002}, "rtp_last", "8 ports"),
        ({"longest_call_s": 0}, "longest_call_s", "at least 60"),
        ({"node": "Nœud 1"}, "node", "lower-case"),
        ({"state_dir": Path("state")}, "state_dir", "absolute"),
        ({"prompts_dir": Path("/mes;annonces")}, "prompts_dir", "semicolons"),
        ({"registration": Registration("192.0.2.1", "a b", "p")}, "registration.user", "letters"),
        ({"registration": Registration("192.0.2.1", "a", "p;q")}, "registration.password", "hold"),
        ({"registration": Registration("x:y", "a", "p")}, "registration.server", "the port"),
    ],
)  # fmt: skip
def test_says_what_is_wrong(
    tmp_path: Path, changes: dict[str, Any], place: str, reason: str
) -> None:
    (problem,) = check(make_settings(tmp_path, **changes))
    assert problem.place == f"asterisk.{place}"
    assert reason in problem.reason


def test_names_every_fault_at_once_and_writes_nothing(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path, ari_port=1, rtp_first=3, service_numbers=())
    with pytest.raises(ConfigError) as failed:
        render(settings, toolbox, settings.config_dir)
    places = [problem.place for problem in failed.value.problems]
    assert places == ["asterisk.service_numbers", "asterisk.ari_port", "asterisk.rtp_first"]
    assert list(tmp_path.iterdir()) == []


def test_the_defaults_are_right(tmp_path: Path) -> None:
    settings = AsteriskSettings(state_dir=tmp_path, prompts_dir=tmp_path, ari_password=SECRET)
    assert check(settings) == []


def test_secrets_stay_out_of_tracebacks(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, registration=Registration("192.0.2.1", "u", "p-secret"))
    assert SECRET not in repr(settings)
    assert "p-secret" not in repr(settings)


def test_the_control_socket_has_a_path_that_fits(tmp_path: Path) -> None:
    assert make_settings(Path("/srv/allo")).run_dir == Path("/srv/allo/run")
    deep = make_settings(tmp_path / ("é" * 60))
    assert len(os.fsencode(deep.run_dir / SOCKET_NAME)) <= 107
    assert deep.run_dir != make_settings(tmp_path / ("è" * 60)).run_dir


def test_the_entity_id_is_a_local_address_of_its_own(tmp_path: Path) -> None:
    first = make_settings(tmp_path, node="allo-1").entity_id
    assert re.fullmatch(r"02(:[0-9a-f]{2}){5}", first)
    assert first != make_settings(tmp_path, node="allo-2").entity_id


def test_nothing_that_keeps_callers_is_loaded() -> None:
    required = set(re.findall(r"^require = (\S+)\.so", read(TEMPLATES, "modules.conf"), re.M))
    keepers = (
        r"cdr_|cel_|app_(queue|voicemail|mixmonitor|record|privacy|db)|func_(db|shell|env|curl)"
    )
    keepers += (
        r"|res_pjsip_(caller_id|diversion|header_funcs|logger|history)|res_(hep|security_log)"
    )
    assert [name for name in required if re.match(keepers, name)] == []
    assert "autoload = no" in read(TEMPLATES, "modules.conf")


def test_the_log_has_warnings_and_errors_only() -> None:
    text = read(TEMPLATES, "logger.conf")
    parser = configparser.ConfigParser(inline_comment_prefixes=";")
    parser.read_string(text)
    assert dict(parser["logfiles"]) == {"asterisk.log": "warning,error"}
    assert parser["general"]["queue_log"] == "no"


# --- a live Asterisk -------------------------------------------------------------------------


class Caller(SipPhone):
    """A call from the carrier with the caller's number wherever a carrier puts it."""

    offer = True
    codecs = "8"  # static payload types, RFC 3551 section 6
    #: Where INVITE goes, unless to the number at the trunk's address.
    request_uri = ""

    def _message(self, method: str, *rest: Any) -> SipMessage:
        message = super()._message(method, *rest)
        if method == "INVITE":
            if self.request_uri:
                message.start = f"INVITE {self.request_uri} SIP/2.0"
            number = f'"{CALLER}" <sip:{CALLER}@192.0.2.9;user=phone>'
            message.headers += [
                ("p-asserted-identity", number),
                ("p-preferred-identity", number),
                ("remote-party-id", f"{number};party=calling;screen=yes;privacy=off"),
                ("diversion", f"{number};reason=unconditional"),
                ("history-info", f"<sip:{CALLER}@192.0.2.9>;index=1"),
                ("p-charge-info", f"<sip:{CALLER}@192.0.2.9>"),
                ("subject", CALLER),
                ("user-to-user", f"{CALLER};encoding=hex"),
            ]
        return message

    async def hold_down(self, key: str) -> None:
        """Press a key as phones do, a packet each 20 ms (RFC 4733 section 2.5.1.2).

        Events that come as a burst overlap for Asterisk, and it reports keys twice.
        """
        self.rtp.stamp += 1600
        for number, end in enumerate((0, 0, 0, 0, 0x80, 0x80, 0x80)):
            duration = min(number + 1, 5) * 160
            payload = struct.pack("!BBH", "0123456789*#ABCD".index(key), end | 10, duration)
            self.rtp._send(101, payload, marker=number == 0)
            await asyncio.sleep(0.02)

    def _sdp(self) -> str:
        return self._our_sdp() if self.offer else ""

    def _our_sdp(self) -> str:
        sdp = super()._sdp().replace("a=rtpmap:8 PCMA/8000\r\n", "")
        return sdp.replace("RTP/AVP 8", f"RTP/AVP {self.codecs}")

    def _send_ack(self, dialog: Any) -> None:
        if self.offer:
            super()._send_ack(dialog)
            return
        ack = self._message(
            "ACK", dialog.target, dialog.call_id, dialog.local, dialog.remote, dialog.cseq
        )
        ack.headers.append(("content-type", "application/sdp"))
        ack.body = self._our_sdp()  # RFC 3261 section 13.2.1: the answer to their offer
        self.transport.sendto(ack.encode(), self.server)


class Router:
    """ARI by hand: what a router would see and ask."""

    def __init__(self, settings: AsteriskSettings, session: aiohttp.ClientSession) -> None:
        self.settings = settings
        self.session = session
        self.seen: list[dict[str, Any]] = []
        self.raw = ""
        self._websocket: aiohttp.ClientWebSocketResponse

    async def connect(self, *, to_all: bool = False) -> None:
        """Open the websocket; `to_all` also shows channels before the dialplan touches them."""
        user = f"{self.settings.ari_user}:{self.settings.ari_password}"
        url = f"{self.settings.ari_url}/events?app={self.settings.app}&api_key={user}"
        url += "&subscribeAll=true" if to_all else ""
        self._websocket = await self.session.ws_connect(url)

    async def disconnect(self) -> None:
        await self._websocket.close()

    async def next(self, kind: str) -> dict[str, Any]:
        """Return the next event of this kind."""
        async with asyncio.timeout(10):
            while True:
                text = await self._websocket.receive_str()
                self.raw += text
                event: dict[str, Any] = aiohttp.typedefs.DEFAULT_JSON_DECODER(text)
                self.seen.append(event)
                if event["type"] == kind:
                    return event

    async def ask(self, method: str, path: str, **query: str) -> Any:
        url = f"{self.settings.ari_url}/{path}"
        async with self.session.request(method, url, params=query) as answer:
            text = await answer.text()
            self.raw += text
            assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
            return aiohttp.typedefs.DEFAULT_JSON_DECODER(text) if text else None

    async def variable(self, channel: str, name: str) -> str | None:
        """Return a channel function's value, None when it has none."""
        url = f"{self.settings.ari_url}/channels/{channel}/variable"
        async with self.session.get(url, params={"variable": name}) as answer:
            self.raw += await answer.text()
            value: str | None = (await answer.json()).get("value") if answer.ok else None
            return value


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsteriskServer]:
    settings = make_settings(
        tmp_path_factory.mktemp("asterisk"),
        trunk_hosts=("192.0.2.0/24", "127.0.0.1"),
        agents_networks=("127.0.0.1",),
        trunk_peer="{}:{}".format(*CARRIER),
        trunk_qualify_s=0,
        retry_every_s=1,
    )
    settings.prompts_dir.mkdir()
    for name in ("apology", "apology-end"):
        (settings.prompts_dir / f"{name}.alaw").write_bytes(b"\xd5" * 1600)
    server = AsteriskServer(settings, ensure_toolbox(HOME, print))
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def router(server: AsteriskServer) -> AsyncIterator[Router]:
    settings = server.settings
    credentials = aiohttp.encode_basic_auth(settings.ari_user, settings.ari_password)
    async with aiohttp.ClientSession(headers={"Authorization": credentials}) as session:
        yield Router(settings, session)


Dial = Callable[..., Awaitable[Caller]]


@pytest_asyncio.fixture(loop_scope="module")
async def phones() -> AsyncIterator[list[SipPhone]]:
    opened: list[SipPhone] = []
    yield opened
    for phone in opened:
        phone.close()


async def open_caller(phones: list[SipPhone]) -> Caller:
    caller = Caller(CALLER, "", TRUNK)
    await caller.open()
    phones.append(caller)
    return caller


async def open_agent(phones: list[SipPhone], name: str, secret: str = SECRET) -> SipPhone:
    agent = SipPhone(f"agent-{name}", secret, AGENTS)
    await agent.open()
    phones.append(agent)
    return agent


real = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


def marked(test: Callable[..., Any]) -> Callable[..., Any]:
    for mark in real:
        test = mark(test)
    return test


def all_that_asterisk_wrote(server: AsteriskServer) -> bytes:
    files = [path for path in server.settings.state_dir.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files if not path.is_relative_to(
        server.settings.music_dir))  # fmt: skip


async def send_from(host: str, message: str, server: tuple[str, int]) -> str:
    """Send a datagram and return the answer, empty when there is none within half a second."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.bind((host, 0))
        port = sender.getsockname()[1]
        await loop.sock_sendto(sender, message.replace("PORT", str(port)).encode(), server)
        try:
            async with asyncio.timeout(0.5):
                return (await loop.sock_recv(sender, 65535)).decode()
        except TimeoutError:
            return ""


_calls = itertools.count(1)


def invite(number: str, host: str = "127.0.0.1", *, leave_out: str = "") -> str:
    return request("INVITE", f"sip:{number}@127.0.0.1:25060", host, leave_out=leave_out)


def request(method: str, uri: str, host: str = "127.0.0.1", *, leave_out: str = "") -> str:
    call = next(_calls)
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:PORT;branch=z9hG4bK-{call}",
        f"From: <sip:{CALLER}@{host}>;tag=a",
        "To: <sip:3939@127.0.0.1>",
        f"Call-ID: raw-{call}@{host}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:{CALLER}@{host}:PORT>",
        f"P-Asserted-Identity: <sip:{CALLER}@{host}>",
        "Max-Forwards: 70",
    ]
    kept = [line for line in lines if not leave_out or not line.startswith(f"{leave_out}:")]
    return "\r\n".join([*kept, "Content-Length: 0", "", ""])


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
    async with asyncio.timeout(5):
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
    async with asyncio.timeout(5):
        await agent.ended.wait()
    await router.disconnect()

    assert CALLER not in router.raw
    created = next(event for event in router.seen if event["type"] == "ChannelCreated")
    assert created["channel"]["caller"]["number"] in ("", "anonymous")
    assert [message.encode() for message in agent.invites]
    assert not any(CALLER in message.encode().decode() for message in agent.invites)
    assert CALLER.encode() not in all_that_asterisk_wrote(server)


@marked
async def test_only_the_dialog_itself_still_knows(router: Router, phones: list[SipPhone]) -> None:
    """What remains, so that nobody believes otherwise: the SIP stack's own memory of the dialog."""
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
async def test_keys_come_both_ways(router: Router, phones: list[SipPhone], way: str) -> None:
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
    async with asyncio.timeout(5):
        await caller.rtp.first_heard.wait()
    shown = await server.cli(f"core show channel {channel['name']}")
    await caller.hang_up()
    await router.next("StasisEnd")
    await router.disconnect()
    assert f"WriteFormat: {codec}\n" in shown
    assert "WriteTranscode: No" in shown


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
    async with asyncio.timeout(5):
        await agent.ringing.wait()
    await router.ask("DELETE", f"channels/{leg['id']}")
    await caller.hang_up()
    async with asyncio.timeout(5):
        await agent.ended.wait()
    await router.disconnect()
    offer = re.search(r"^m=audio \d+ RTP/AVP (\d+) (\d+)", agent.invites[0].body, re.MULTILINE)
    assert offer is not None
    assert offer[1] == codec
    assert {offer[1], offer[2]} == {"8", "9"}


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
    async with asyncio.timeout(5):
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
async def test_a_call_comes_in_whatever_form_its_number_takes(
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
async def test_options_is_answered_whoever_is_asked(server: AsteriskServer, user: str) -> None:
    asked = request("OPTIONS", f"sip:{user}127.0.0.1:25060")
    assert (await send_from("127.0.0.1", asked, TRUNK)).startswith("SIP/2.0 200")
    assert "0 active channels" in await server.cli("core show channels count")


@marked
@pytest.mark.parametrize(
    "method",
    ["REFER", "MESSAGE", "NOTIFY", "SUBSCRIBE", "PUBLISH", "INFO", "UPDATE", "PRACK", "UNKNOWN"],
)
async def test_what_is_not_a_call_is_declined_at_once(server: AsteriskServer, method: str) -> None:
    for user in ("3939", CALLER):
        asked = request(method, f"sip:{user}@127.0.0.1:25060")
        from_trunk = SipMessage.parse((await send_from("127.0.0.1", asked, TRUNK)).encode())
        assert from_trunk.status in (400, 481, 489, 501, 603)
        asked = request(method, f"sip:{user}@127.0.0.1:25062").replace(CALLER, "agent-lea")
        assert (await send_from("127.0.0.1", asked, AGENTS)).startswith("SIP/2.0 401")
    assert CALLER.encode() not in all_that_asterisk_wrote(server)


@marked
@pytest.mark.parametrize("who", ["caller", "informateur"])
async def test_a_transfer_by_the_phone_is_declined_at_once(
    server: AsteriskServer, router: Router, phones: list[SipPhone], who: str
) -> None:
    """Transfers are the router's. A phone left without an answer keeps its caller on hold."""
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
async def test_nothing_written_reaches_the_other_end(
    server: AsteriskServer, router: Router, phones: list[SipPhone], method: str
) -> None:
    """Asterisk has no module that would decline it: it goes unanswered, and the call goes on."""
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
    assert (await caller.ask("OPTIONS", [])).status == 200  # read after it
    await caller.hang_up()
    await router.ask("DELETE", f"channels/{leg['id']}")
    await router.ask("DELETE", f"bridges/{bridge}")
    async with asyncio.timeout(5):
        await agent.ended.wait()
    await router.disconnect()
    unanswered.cancel()
    assert set(agent.asked) <= {"INVITE", "ACK", "BYE", "OPTIONS"}
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
async def test_an_informateur_s_phone_registers_with_its_password_only(
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
    assert await again.register() == 200  # the phone starts again: its old self is replaced
    contacts = await server.cli("pjsip show contacts")
    assert contacts.count("agent-max/") == 1
    assert await again.register(0) == 200


@marked
@pytest.mark.parametrize("number", [REFERRAL, "1234567", "+33199005678", "s", "11,caller"])
async def test_an_informateur_s_phone_dials_no_number(phones: list[SipPhone], number: str) -> None:
    """Known by its password, it still gets no further than the desk's short codes."""
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
async def test_the_desk_is_sorry_while_the_router_is_away(phones: list[SipPhone]) -> None:
    agent = await open_agent(phones, "lea")
    await agent.call("11")
    assert agent.answered.is_set()
    async with asyncio.timeout(5):
        await agent.ended.wait()
    assert agent.rtp.heard > 5


@marked
async def test_a_call_that_goes_out_shows_the_service_and_nobody_else(
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
    async with asyncio.timeout(5):
        await carrier.ended.wait()
    await router.disconnect()
    assert invite.start == f"INVITE sip:{REFERRAL}@127.0.0.1:25064 SIP/2.0"
    assert invite.first("from").startswith('"Allô Service Public" <sip:3939@127.0.0.1>')
    told = {name for name, _ in invite.headers}
    assert told.isdisjoint({"p-asserted-identity", "remote-party-id", "privacy", "diversion"})
    assert CALLER not in str(invite)
    assert channel not in str(invite)


@marked
async def test_an_informateur_s_phone_comes_from_its_network_only(phones: list[SipPhone]) -> None:
    """From elsewhere the right password is as good as a wrong one."""
    agent = await open_agent(phones, "lea")
    assert (await call_with_proof(agent, "127.0.0.2")).startswith("SIP/2.0 401")


async def call_with_proof(agent: SipPhone, host: str, number: str = "11") -> str:
    """Call from an informateur's phone at `host`, with its password."""
    request = invite(number, host).replace(CALLER, agent.user)
    challenge = SipMessage.parse((await send_from(host, request, AGENTS)).encode())
    assert challenge.status == 401
    proof = agent._digest(
        challenge.first("www-authenticate"), "INVITE", f"sip:{number}@127.0.0.1:25060"
    )
    request = request.replace("CSeq: 1 INVITE", f"CSeq: 2 INVITE\r\nAuthorization: {proof}")
    return await send_from(host, request.replace("z9hG4bK", "z9hG4bK-2"), AGENTS)


@marked
async def test_nobody_registers_in_the_carrier_s_place(
    server: AsteriskServer, phones: list[SipPhone]
) -> None:
    """Not even from its address: calls that go out would go there."""
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
    async with asyncio.timeout(5):
        await caller.rtp.first_heard.wait()  # the apology, then music
    await router.connect()
    start = await router.next("StasisStart")  # handed over once the router is there
    assert start["args"] == ["caller"]
    await router.ask("DELETE", f"channels/{start['channel']['id']}")
    async with asyncio.timeout(5):
        await caller.ended.wait()
    await router.disconnect()


@marked
async def test_says_goodbye_when_the_router_stays_away(
    server: AsteriskServer, phones: list[SipPhone]
) -> None:
    settings = dataclasses.replace(server.settings, retry_for_s=0)
    render(settings, ensure_toolbox(HOME, print), settings.config_dir)
    await server.cli("dialplan reload")
    caller = await open_caller(phones)
    await caller.call("3939")
    async with asyncio.timeout(10):
        await caller.ended.wait()
    render(server.settings, ensure_toolbox(HOME, print), settings.config_dir)
    await server.cli("dialplan reload")
    assert caller.rtp.heard > 10


@marked
async def test_the_absolute_time_out_is_set(router: Router, phones: list[SipPhone]) -> None:
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
async def test_nothing_was_worth_a_warning(server: AsteriskServer) -> None:
    """Last: after all of the above the log holds what is meant to be there, and no caller."""
    expected = (
        " built by ",
        "Stasis app 'allo' not active",  # the router was away
        "Not creating context 'stasis-allo'",  # it was back before its past was cleared away
        "Function PJSIP_HEADER not registered",  # we asked for it above
        "AOR '' not found for endpoint 'trunk'",  # who registers from the carrier's address
        "transfer attempt blocked due to configuration",  # REFER
        "Subscriptions not permitted for endpoint trunk",
        "Incoming PUBLISH request from trunk with no Event header",
    )
    lines = server.log_path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not any(text in line for text in expected)] == []
    assert sum("WARNING" in line or "ERROR" in line for line in lines) < 20
