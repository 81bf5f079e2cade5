"""ARI as the doctor asks it: what is not there is None, what does not answer is a finding."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from router.asterisk.settings import AsteriskSettings
from router.config import Config
from router.doctor import ari
from router.doctor.ari import APP, AriDoor
from router.doctor.findings import Unseen


@asynccontextmanager
async def asterisk(
    settings: AsteriskSettings, status: int = 200
) -> AsyncIterator[tuple[AsteriskSettings, list[str]]]:
    """An ARI with an answer to "asterisk/info", and an event for whoever subscribes."""
    asked: list[str] = []
    listeners: list[web.WebSocketResponse] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/ari/")
        asked.append(f"{request.method} {path}")
        if path == "events":
            listener = web.WebSocketResponse()
            await listener.prepare(request)
            listeners.append(listener)
            async for message in listener:
                assert message.type is WSMsgType.TEXT
            return listener
        if request.method == "POST":
            for listener in listeners:
                await listener.send_json({"type": "ChannelCreated", "id": "1.1"})
            return web.Response(status=204)
        if request.method == "DELETE":
            return web.Response(status=204)
        if path.startswith("applications/"):
            return web.Response(status=404 if status == 200 else status, text="{}")
        if path == "asterisk/info":
            return web.json_response({"system": {}})
        if path.endswith("/variable"):
            return web.json_response({"message": "Unable to read provided function"}, status=500)
        return web.Response(status=404, text="{}")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        assert server.port is not None
        yield replace(settings, ari_port=server.port), asked
        for listener in listeners:
            await listener.close()


@pytest.fixture
def settings(deployment: Config) -> AsteriskSettings:
    return deployment.asterisk()


async def test_what_is_there_is_told_and_what_is_not_is_none(settings: AsteriskSettings) -> None:
    async with asterisk(settings) as (settings, _), AriDoor(settings) as door:
        assert await door.get("asterisk/info") == {"system": {}}
        assert await door.get("channels/1.1") is None
        assert await door.get("channels/1.1/variable", variable="CALLERID(num)") is None


async def test_events_are_heard_and_nothing_stays_behind(settings: AsteriskSettings) -> None:
    async with asterisk(settings) as (settings, asked), AriDoor(settings) as door:
        async with door.listening("endpoint:PJSIP/probe") as heard:
            while not heard:
                await asyncio.sleep(0.01)
            assert json.loads(heard[0])["type"] == "ChannelCreated"
        subscriptions = [one for one in asked if one.endswith(f"{APP}/subscription")]
    assert [one.split()[0] for one in subscriptions] == ["POST", "DELETE"]


@pytest.mark.parametrize(("status", "name"), [(401, "asterisk-password"), (503, "asterisk-away")])
async def test_why_there_is_no_way_in_is_said(
    settings: AsteriskSettings, status: int, name: str
) -> None:
    async with asterisk(settings, status) as (settings, _), AriDoor(settings) as door:
        with pytest.raises(Unseen) as unseen:
            await door.get("asterisk/info")
    assert unseen.value.finding.name == name
    assert settings.ari_password not in str(unseen.value.finding)


async def test_nobody_there_is_said(settings: AsteriskSettings) -> None:
    async with asterisk(settings) as (settings, _):
        pass
    async with AriDoor(settings) as door:
        with pytest.raises(Unseen) as unseen:
            await door.get("asterisk/info")
        assert unseen.value.finding.name == "asterisk-away"
        with pytest.raises(Unseen) as unseen:
            async with door.listening("endpoint:PJSIP/probe"):
                pass
        assert unseen.value.finding.name == "asterisk-away"


async def test_one_that_hangs_is_not_waited_for(
    settings: AsteriskSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ari, "ASK_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with AriDoor(replace(settings, ari_port=port)) as door:
            with pytest.raises(Unseen) as unseen:
                await door.get("asterisk/info")
    assert "does not answer (not within" in unseen.value.finding.wrong
