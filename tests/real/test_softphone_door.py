"""The way of browsers' phones to Asterisk, on a whole service: who gets in, and where to."""

import asyncio
import hashlib
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from router.core.ids import AgentId, PhoneId
from router.demo.stage import Stage
from tests.contract.sip_message import SipMessage
from tests.patience import PATIENCE_S
from tests.real.conftest import OPEN_AT, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

OFFSET = 5700
ME = AgentId("101")
USER = "agent-101.web"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    async with open_stage(OFFSET, OPEN_AT) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def account(stage: Stage, session: aiohttp.ClientSession) -> dict[str, Any]:
    """What a page of the informateur's is given."""
    headers = {"Authorization": f"Bearer {stage.secrets.tokens[ME]}"}
    async with session.post(
        f"{stage.http}/v1/agents/me/softphone", headers=headers, json={}
    ) as answer:
        assert answer.status == 200
        told: dict[str, Any] = await answer.json()
        return told


class Browser:
    """A page that speaks just enough SIP to register."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, password: str) -> None:
        self.socket = socket
        self._password = password
        self._cseq = 0

    async def register(self, user: str = USER) -> int:
        """Register; return the status of the answer to the proof of the password."""
        challenge = await self._ask(user, "")
        assert challenge.status == 401
        return (await self._ask(user, challenge.first("www-authenticate"))).status

    async def _ask(self, user: str, challenge: str) -> SipMessage:
        self._cseq += 1
        headers = [
            ("Via", f"SIP/2.0/WS abc.invalid;branch=z9hG4bK{os.urandom(6).hex()}"),
            ("From", f"<sip:{user}@allo.invalid>;tag=f"),
            ("To", f"<sip:{user}@allo.invalid>"),
            ("Call-ID", "door"),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", f"<sip:{user}@abc.invalid;transport=ws>;expires=60"),
            ("Max-Forwards", "70"),
        ]
        if challenge:
            headers.append(("Authorization", self._proof(challenge)))
        await self.socket.send_str(
            SipMessage("REGISTER sip:allo.invalid SIP/2.0", headers).encode().decode()
        )
        while True:
            message = SipMessage.parse((await self.hear()).encode())
            if message.status >= 200:
                return message

    async def hear(self) -> str:
        """Return the next message; pings are answered."""
        async with asyncio.timeout(PATIENCE_S):
            while (text := await self.socket.receive_str()) == "\r\n\r\n":
                await self.socket.send_str("\r\n")
        return text

    async def live(self) -> None:
        """Answer pings for ever."""
        while True:
            await self.hear()

    def _proof(self, challenge: str) -> str:
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
        uri = "sip:allo.invalid"
        inner = _md5(f"{USER}:{said['realm']}:{self._password}")
        outer = _md5(f"REGISTER:{uri}")
        answer = _md5(f"{inner}:{said['nonce']}:00000001:c0ffee:auth:{outer}")
        return (
            f'Digest username="{USER}", realm="{said["realm"]}", nonce="{said["nonce"]}", '
            f'uri="{uri}", qop=auth, nc=00000001, cnonce="c0ffee", '
            f'opaque="{said.get("opaque", "")}", response="{answer}"'
        )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@asynccontextmanager
async def browser(stage: Stage, session: aiohttp.ClientSession) -> AsyncIterator[Browser]:
    given = await account(stage, session)
    url = stage.http + given["path"]
    async with session.ws_connect(url, protocols=given["protocols"]) as socket:
        yield Browser(socket, given["password"])


async def desk(stage: Stage) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {stage.secrets.tokens[ME]}"}
    told: dict[str, Any] = (await stage.get("/v1/agents/me", headers))["desk"]
    return told


async def log_in(stage: Stage, session: aiohttp.ClientSession) -> None:
    """Log in at the phone of the page, once the service knows of it."""
    headers = {"Authorization": f"Bearer {stage.secrets.tokens[ME]}"}
    url = f"{stage.http}/v1/agents/me/log-in"
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with session.post(url, headers=headers, json={"phone": "101.web"}) as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.02)


async def becomes(stage: Stage, state: str, absence: str | None) -> None:
    """Wait until the informateur is in this state, and the phone absent for this reason."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            now = await desk(stage)
            if (now["state"], (now["absence"] or {"id": None})["id"]) == (state, absence):
                return
            await asyncio.sleep(0.02)


async def test_a_page_that_registers_and_answers_is_ready_and_gone_when_it_closes(
    stage: Stage, session: aiohttp.ClientSession
) -> None:
    async with browser(stage, session) as page:
        assert await page.register() == 200
        living = asyncio.create_task(page.live())
        await log_in(stage, session)
        await becomes(stage, "ready", None)
        assert (await desk(stage))["phone"] == "101.web"
        living.cancel()
        await becomes(stage, "logged out", "page silent")
        living = asyncio.create_task(page.live())
        await becomes(stage, "ready", None)
        living.cancel()
    await becomes(stage, "logged out", "page closed")


async def test_a_new_intake_changes_nothing_for_a_page(
    stage: Stage, session: aiohttp.ClientSession
) -> None:
    """The process that took the connection is replaced, and gone."""
    async with browser(stage, session) as page:
        assert await page.register() == 200
        before = children(stage)
        assert stage.router is not None
        for pid in before:
            os.kill(pid, 9)
        async with asyncio.timeout(PATIENCE_S):
            while not children(stage) or children(stage) & before:
                await asyncio.sleep(0.05)
        assert await page.register() == 200


def children(stage: Stage) -> set[int]:
    """The processes that the router has started: the intakes."""
    assert stage.router is not None
    return {
        int(pid)
        for pid in os.listdir("/proc")
        if pid.isdigit() and parent_of(pid) == stage.router.pid
    }


def parent_of(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


HANDSHAKE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


async def raw(stage: Stage, *pieces: str) -> str:
    """Send this to the public port, a piece at a time; return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.http_port)
    try:
        for piece in pieces:
            writer.write(piece.encode())
            await writer.drain()
            await asyncio.sleep(0.05)
        said = b""
        try:
            async with asyncio.timeout(0.7):
                while piece_ := await reader.read(65536):
                    said += piece_
        except TimeoutError:
            pass
        return said.decode(errors="replace")
    finally:
        writer.close()


async def test_ari_is_not_reached_by_any_address(
    stage: Stage, session: aiohttp.ClientSession
) -> None:
    settings = stage.asterisk.settings
    key = f"{settings.ari_user}:{settings.ari_password}"
    for path in (
        "/ws",
        "/ari/events",
        "/ari/channels",
        f"/ari/events?app=evil&api_key={key}",
        f"/sip/../ari/events?app=evil&api_key={key}",
        f"/sip/%2e%2e/ari/events?app=evil&api_key={key}",
        f"/sip/ari/events?app=evil&api_key={key}",
        f"/sip?app=evil&api_key={key}",
        f"//ari/events?app=evil&api_key={key}",
        f"http://127.0.0.1:{settings.ari_port}/ari/events?app=evil&api_key={key}",
        f"http://127.0.0.1:{settings.ari_port}/sip",
    ):
        protocols = ", ".join((await account(stage, session))["protocols"])
        said = await raw(
            stage,
            f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Sec-WebSocket-Protocol: {protocols}\r\n{HANDSHAKE}\r\n",
        )
        assert re.match(r"HTTP/1\.1 4\d\d ", said), (path, said)
        assert "Asterisk" not in said


async def test_no_second_request_travels_along(
    stage: Stage, session: aiohttp.ClientSession
) -> None:
    """Neither in the same bytes, nor after a refusal, nor within the websocket."""
    settings = stage.asterisk.settings
    key = f"{settings.ari_user}:{settings.ari_password}"
    ask = f"GET /ari/channels?api_key={key} HTTP/1.1\r\nHost: x\r\n\r\n"
    protocols = ", ".join((await account(stage, session))["protocols"])
    opened = (
        f"GET /sip HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Protocol: {protocols}\r\n{HANDSHAKE}\r\n"
    )
    said = await raw(stage, opened + ask)
    assert said.startswith("HTTP/1.1 101 ")
    assert said.count("HTTP/1.1") == 1

    refused = f"GET /sip HTTP/1.1\r\nHost: x\r\n{HANDSHAKE}\r\n"
    said = await raw(stage, refused, ask)
    assert said.startswith("HTTP/1.1 403 ")
    assert said.count("HTTP/1.1") == 1

    for header in ("Transfer-Encoding: chunked", f"Content-Length: {len(ask)}"):
        body = f"{len(ask):x}\r\n{ask}\r\n0\r\n\r\n" if "chunked" in header else ask
        said = await raw(stage, opened.replace("\r\n\r\n", f"\r\n{header}\r\n\r\n") + body)
        assert said.startswith("HTTP/1.1 400 ")
        assert "json" not in said.partition("\r\n\r\n")[2]

    async with browser(stage, session) as page:
        await page.socket.send_str(ask)
        async with asyncio.timeout(PATIENCE_S):
            while (message := await page.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                assert message.data == "\r\n\r\n"
        assert page.socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_another_s_name_is_refused_even_with_the_own_password(
    stage: Stage, session: aiohttp.ClientSession
) -> None:
    async with browser(stage, session) as page:
        with pytest.raises((TypeError, ConnectionError)):  # closed before any answer
            await page.register("agent-102.web")
        assert page.socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_wrong_password_is_refused_by_asterisk(
    stage: Stage, session: aiohttp.ClientSession
) -> None:
    given = await account(stage, session)
    url = stage.http + given["path"]
    async with session.ws_connect(url, protocols=given["protocols"]) as socket:
        assert await Browser(socket, stage.secrets.agents[PhoneId(ME)]).register() == 401


async def test_nothing_of_it_is_logged(stage: Stage, session: aiohttp.ClientSession) -> None:
    given = await account(stage, session)
    url = stage.http + given["path"]
    async with session.ws_connect(url, protocols=given["protocols"]) as socket:
        await socket.send_str("INVITE sip:0639981234@x SIP/2.0\r\nFrom: <sip:0639981234@x>\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
    for log in (stage.router_log, stage.asterisk.log_path):
        text = log.read_text(errors="replace")
        assert "0639981234" not in text
        assert given["password"] not in text
        assert given["protocols"][1].removeprefix("ticket.") not in text
    for line in stage.router_log.read_text().splitlines():
        assert json.loads(line)["event"] != "defect", line
