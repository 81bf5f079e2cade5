"""One connection: what passes, how much of it, and whether the page is there."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSCloseCode

from router.core.events import Absence, PageCame, PageWent
from router.web.softphone.gate import PING, PONG
from router.web.softphone.line import LARGEST_MESSAGE
from tests.patience import PATIENCE_S
from tests.web.softphone_scene import OTHER, WEB, Page, Scene, opened, sip, token_of

CAME, AGAIN = PageCame(WEB, in_call=False), PageCame(WEB, in_call=True)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with opened() as scene:
        yield scene


async def heard(scene: Scene) -> str:
    """What Asterisk hears next."""
    async with asyncio.timeout(PATIENCE_S):
        return await scene.switch.heard.get()


async def test_sip_passes_both_ways_unchanged(scene: Scene) -> None:
    page = Page(await scene.connect())
    message = sip("INFO", body="é" * 100)
    await page.socket.send_str(message)
    assert await heard(scene) == message
    [asterisk] = scene.switch.sockets
    await asterisk.send_str("INVITE sip:x SIP/2.0\r\n\r\n")
    await asterisk.send_bytes(b"BYE sip:x SIP/2.0\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        assert (await page.heard.get()).startswith("INVITE")
        assert (await page.heard.get()).startswith("BYE")


async def test_a_page_is_there_once_it_is_registered_and_answers(scene: Scene) -> None:
    page = Page(await scene.connect())
    page.answers = False
    await page.register()
    assert scene.told == []
    page.answers = True
    await scene.hears(CAME)


async def test_an_answer_alone_is_not_enough(scene: Scene) -> None:
    page = Page(await scene.connect())
    await page.socket.send_str(PONG)
    await page.socket.send_str(PING)  # answered, so the pong has been heard
    async with asyncio.timeout(PATIENCE_S):
        assert await page.heard.get() == PONG
    assert scene.told == []


async def test_a_page_with_a_call_says_so(scene: Scene) -> None:
    await scene.page(in_call=True)
    await scene.hears(PageCame(WEB, in_call=True))


async def test_a_silent_page_is_not_there_and_has_its_call_when_it_wakes(scene: Scene) -> None:
    page = await scene.page()
    await scene.hears(CAME)
    page.answers = False
    await scene.hears(CAME, PageWent(WEB, Absence.SILENT))
    page.answers = True
    await scene.hears(CAME, PageWent(WEB, Absence.SILENT), AGAIN)


async def test_a_page_that_goes_is_told_at_once_and_asterisk_too(scene: Scene) -> None:
    page = await scene.page()
    await scene.hears(CAME)
    await page.socket.close()
    await scene.hears(CAME, PageWent(WEB, Absence.CLOSED))
    async with asyncio.timeout(PATIENCE_S):
        while not scene.switch.sockets[0].closed:
            await asyncio.sleep(0.005)


async def test_a_page_that_was_never_there_does_not_go(scene: Scene) -> None:
    socket = await scene.connect()
    await socket.close()
    await scene.page()
    await scene.hears(CAME)


async def test_asterisk_s_end_ends_it_and_asks_to_come_back(scene: Scene) -> None:
    page = await scene.page()
    await scene.switch.sockets[0].close()
    assert await page.closed() == WSCloseCode.TRY_AGAIN_LATER
    await scene.hears(CAME, PageWent(WEB, Absence.CLOSED))


async def test_whoever_has_logged_out_is_let_go(scene: Scene) -> None:
    page = await scene.page()
    scene.keyring.replace([token_of(OTHER)])
    assert await page.closed() == WSCloseCode.POLICY_VIOLATION


async def test_a_message_has_a_largest_size(scene: Scene) -> None:
    page = Page(await scene.connect())
    await page.socket.send_str(sip("INFO", body="x" * LARGEST_MESSAGE))
    assert await page.closed() == WSCloseCode.MESSAGE_TOO_BIG
    assert scene.switch.heard.empty()


async def test_what_is_no_text_ends_it(scene: Scene) -> None:
    page = Page(await scene.connect())
    await page.socket.send_bytes(sip().encode())
    assert await page.closed() == WSCloseCode.UNSUPPORTED_DATA
    assert scene.switch.heard.empty()


async def test_another_s_name_ends_it_before_asterisk_hears_of_it(scene: Scene) -> None:
    page = Page(await scene.connect())
    await page.socket.send_str(sip("REGISTER", "agent-102.web"))
    assert await page.closed() == WSCloseCode.POLICY_VIOLATION
    assert scene.switch.heard.empty()


async def test_a_flood_ends_it() -> None:
    async with opened(ping_s=1.0, silent_s=30.0) as scene:
        page = Page(await scene.connect())
        for _ in range(60):
            if page.socket.closed:
                break
            await page.socket.send_str(sip("OPTIONS"))
        assert await page.closed() == WSCloseCode.POLICY_VIOLATION
        assert scene.switch.heard.qsize() <= 51
