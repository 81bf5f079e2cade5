"""Who gets an account, and who gets a websocket; where it leads."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from router.core.events import Absence, PageCame, PageWent
from router.web.softphone import handlers
from router.web.softphone.handlers import PATH, REPLACED
from tests.patience import PATIENCE_S
from tests.web.softphone_scene import (
    ACCOUNTS,
    ME,
    OTHER,
    SILENT_S,
    WEB,
    WITHOUT,
    Page,
    Scene,
    opened,
)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with opened() as scene:
        yield scene


async def refused(scene: Scene, **options: Any) -> int:
    """Try to connect; return the status of the refusal."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await scene.door.ws_connect(PATH, **options)
    return caught.value.status


async def test_an_informateur_s_page_is_given_the_account_and_a_ticket(scene: Scene) -> None:
    told = await scene.account()
    protocols = told.pop("protocols")
    assert told == {
        "status": 200,
        "phone": WEB,
        "uri": "sip:agent-101.web@allo.invalid",
        "password": ACCOUNTS[ME].password,
        "path": "/sip",
        "silent_s": SILENT_S,
    }
    assert protocols[0] == "sip"
    assert protocols != (await scene.account())["protocols"]  # each its own


async def test_without_phones_in_browsers_there_is_no_account(scene: Scene) -> None:
    told = await scene.account(WITHOUT)
    assert (told["status"], told["error"]["code"]) == (409, "no_softphone")
    scene.softphones.change_accounts({})
    assert (await scene.account())["status"] == 409


async def test_a_ticket_opens_one_connection(scene: Scene) -> None:
    account = await scene.account()
    socket = await scene.connect(account)
    assert socket.protocol == "sip"  # the ticket is not repeated
    assert await refused(scene, protocols=account["protocols"]) == 403


@pytest.mark.parametrize("protocols", [(), ("sip",), ("sip", "ticket."), ("sip", "ticket.x")])
async def test_nobody_is_let_in_without_one(scene: Scene, protocols: tuple[str, ...]) -> None:
    await scene.account()
    assert await refused(scene, protocols=protocols) == 403
    assert scene.switch.asked == []


async def test_a_ticket_is_for_now(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "TICKET_S", -1.0)
    assert await refused(scene, protocols=(await scene.account())["protocols"]) == 403


async def test_a_page_of_another_site_is_not_let_in(scene: Scene) -> None:
    account = await scene.account()
    for origin in ("https://evil.example.net", "null"):
        assert await refused(scene, protocols=account["protocols"], origin=origin) == 403
    ours = f"http://{scene.door.host}:{scene.door.port}"
    await scene.connect(account, origin=ours)


async def test_only_a_websocket_is_served_and_only_once(scene: Scene) -> None:
    async with scene.door.get(PATH) as answer:
        assert answer.status == 426
        assert answer.headers["Connection"] == "close"
    for path in ("/", "/sip/", "/ari/events", "/v1/agents/me", "/ws"):
        async with scene.door.get(path) as answer:
            assert (answer.status, answer.headers["Connection"]) == (404, "close")


async def test_it_leads_to_asterisk_s_websocket_whatever_is_asked(scene: Scene) -> None:
    headers = {"X-Other": "x", "Cookie": "a=b", "Authorization": "Basic YWxsbzp4"}
    await scene.connect(headers=headers)
    account = await scene.account(OTHER)
    await scene.door.ws_connect(
        f"{PATH}?api_key=allo:x&app=allo#/ari/events", protocols=account["protocols"]
    )
    assert [path for path, _ in scene.switch.asked] == ["/ws", "/ws"]
    for _, seen in scene.switch.asked:
        assert headers.keys().isdisjoint(seen)
        assert seen["Sec-WebSocket-Protocol"] == "sip"


async def test_asterisk_away_is_said_before_anything_is_opened(scene: Scene) -> None:
    account = await scene.account()
    await scene.switch.server.close()
    assert await refused(scene, protocols=account["protocols"]) == 503


async def test_another_page_of_the_same_informateur_takes_the_place(scene: Scene) -> None:
    """Its call, if there is one, is with the page that goes."""
    first = await scene.page()
    await scene.hears(PageCame(WEB, in_call=False))
    await scene.page()
    assert await first.closed() == REPLACED
    await scene.hears(
        PageCame(WEB, in_call=False), PageWent(WEB, Absence.CLOSED), PageCame(WEB, in_call=False)
    )


async def test_pages_that_come_at_the_same_time_leave_one(scene: Scene) -> None:
    accounts = [await scene.account() for _ in range(5)]
    pages = [Page(one) for one in await asyncio.gather(*map(scene.connect, accounts))]
    async with asyncio.timeout(PATIENCE_S):
        while sum(page.reading.done() for page in pages) < 4:
            await asyncio.sleep(0.01)
    [left] = [page for page in pages if not page.reading.done()]
    await left.register()


async def test_the_end_of_the_service_is_told(scene: Scene) -> None:
    page = await scene.page()
    await scene.softphones.close()
    assert await page.closed() == aiohttp.WSCloseCode.SERVICE_RESTART
    assert scene.told[-1] == PageWent(WEB, Absence.CLOSED)
