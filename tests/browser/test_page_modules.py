"""What pages share: typography, durations, searches, the stream of events."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from router.web.page_files import PageFiles
from tests.browser import chromium
from tests.browser.poste import Poste
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.browser

NO_BREAK, NARROW = "\u00a0", "\u202f"


async def call(poste: Poste, module: str, expression: str) -> Any:
    """Return the value of an expression over a module of the page, named `it`."""
    await poste.open()
    return await poste.page.js(f"import('/static/{module}').then((it) => {expression})")


@pytest.mark.parametrize(
    ("written", "set_"),
    [
        ("Prêt ?", f"Prêt{NARROW}?"),
        ("Fini ; parti !", f"Fini{NARROW}; parti{NARROW}!"),
        ("Reste : rien", f"Reste{NO_BREAK}: rien"),
        ("« Prêt »", f"«{NO_BREAK}Prêt{NO_BREAK}»"),
        ("{minutes} min {seconds} s", f"{{minutes}}{NO_BREAK}min{NO_BREAK}{{seconds}}{NO_BREAK}s"),
        ("à 10 h 05", f"à 10{NO_BREAK}h{NO_BREAK}05"),
        ("3 semaines, 4 heures", "3 semaines, 4 heures"),
    ],
)
async def test_sentences_are_typeset(poste: Poste, written: str, set_: str) -> None:
    assert await call(poste, "shared/texts.js", f"it.typeset({written!r})") == set_


async def test_all_of_a_catalogue_is_typeset(poste: Poste) -> None:
    told = await call(poste, "shared/texts.js", "it.typeset({ a: { b: 'x ?' }, c: '«  »' })")
    assert told["a"]["b"] == f"x{NARROW}?"


async def test_counts_have_their_form(poste: Poste) -> None:
    forms = "{ one: '{count} appel', other: '{count} appels' }"
    told = await call(
        poste, "shared/texts.js", f"[0, 1, 2].map((count) => it.counted(count, {forms}))"
    )
    assert told == ["0 appel", "1 appel", "2 appels"]


async def test_durations_and_times(poste: Poste) -> None:
    told = await call(
        poste,
        "shared/durations.js",
        "[-1, 0.4, 59.6, 61, 3600, 7325].map(it.duration)"
        ".concat(it.timeOfDay('2026-11-23T09:05:00+01:00'))",
    )
    assert [one.replace(NO_BREAK, " ") for one in told] == [
        *("0 s", "0 s", "1 min 00 s", "1 min 01 s", "1 h 00 min", "2 h 02 min", "9 h 05"),
    ]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["a", "b", "c"]),
        ("impots", ["a"]),
        ("IMPÔTS part", ["a"]),
        ("2", ["a", "b"]),
        ("21", ["a"]),
        ("0199", []),
        ("bail 12", ["c"]),
        ("logement", []),
        ("f12", ["c"]),
    ],
)
async def test_searches(poste: Poste, search: str, found: list[str]) -> None:
    options = """[
      { id: 'a', name: 'Impôts des particuliers', code: '21' },
      { id: 'b', name: 'Caisse d’allocations', code: '22', hint: '0199000001' },
      { id: 'c', name: 'Bail', code: '1234', hint: 'F1234' },
    ]"""
    told = await call(
        poste, "poste/choose.js", f"it.matching({options}, {search!r}).map((one) => one.id)"
    )
    assert told == found


class Streams:
    """Answers each connection with the next of `answers`: a status, or pieces of a stream."""

    def __init__(self, *answers: int | list[bytes]) -> None:
        self.answers = list(answers)
        #: The headers that each connection came with.
        self.asked: list[tuple[str, str | None]] = []

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes([*PageFiles().routes(), web.get("/events", self.events)])
        return app

    async def events(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.headers["Authorization"], request.headers.get("Last-Event-ID")))
        answer = self.answers.pop(0)
        if isinstance(answer, int):
            return web.Response(status=answer)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in answer:
            await response.write(piece)
            await asyncio.sleep(0.02)
        if not self.answers:
            await asyncio.sleep(PATIENCE_S)
        return response


_FOLLOW = """
window.seen = [];
import('/static/shared/event_stream.js').then(({ follow }) => {
  let token = 0;
  window.stream = follow('/events', () => `t${++token}`, {
    told: (name, data) => seen.push(`${name} ${data}`),
    connected: () => seen.push('connected'),
    lost: (status) => seen.push(`lost ${status}`),
  }, %d);
});
"""


async def followed(
    browser: str, streams: Streams, seen: list[str], silence_ms: int = 60_000
) -> None:
    async with TestServer(streams.application()) as server, chromium.page(browser, "") as page:
        await page.goto(str(server.make_url("/static/shared/texts.js")))
        await page.js(_FOLLOW % silence_ms)
        async with asyncio.timeout(PATIENCE_S):
            while await page.js("seen.length") < len(seen):
                await asyncio.sleep(0.02)
        assert await page.js("seen") == seen
        await page.js("stream.close()")


async def test_events_come_whole_however_they_are_cut(browser: str) -> None:
    streams = Streams(
        [b"event: desk\nda", b'ta: {"a": "\xc3', b'\xa9"}\n\n: here\n\ndata: x\ndata: y\n', b"\n"]
    )
    await followed(browser, streams, ["connected", 'desk {"a": "é"}', "message x\ny"])


async def test_a_broken_connection_is_made_anew_with_a_new_token_and_the_last_id(
    browser: str,
) -> None:
    streams = Streams([b"id: 7\ndata: a\n\n"], 503, [b"data: b\n\n"])
    seen = ["connected", "message a", "lost 0", "lost 0", "connected", "message b"]
    await followed(browser, streams, seen)
    assert streams.asked == [("Bearer t1", None), ("Bearer t2", "7"), ("Bearer t3", "7")]


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_is_for_good(browser: str, status: int) -> None:
    streams = Streams(status, [b"data: never\n\n"])
    await followed(browser, streams, [f"lost {status}"])
    assert len(streams.asked) == 1


async def test_silence_is_a_broken_connection(browser: str) -> None:
    """The last of the answers goes on without a word."""
    streams = Streams([b"data: a\n\n"])
    await followed(browser, streams, ["connected", "message a", "lost 0"], silence_ms=300)
