"""The example for nginx, on a real one: what goes through, what does not, and what is logged."""

import asyncio
import re
import ssl
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from tests.patience import PATIENCE_S

EXAMPLE = Path(__file__).parents[2] / "deploy" / "nginx" / "allo.conf"
CERTIFICATE = Path(__file__).parent / "localhost.pem"
HTTP = "\n".join(
    [
        "pid {folder}/nginx.pid;",
        "daemon off;",
        "error_log {folder}/all.log warn;",
        "events {{}}",
        "http {{",
        *(
            f"    {kind}_temp_path {{folder}}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ),
        "    include {folder}/allo.conf;",
        "}}",
    ]
)


class Upstream:
    """What stands behind: notes each request's path and headers."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        websocket = web.WebSocketResponse(protocols=("sip",))
        if not websocket.can_prepare(request):
            return web.Response(text="bonjour")
        await websocket.prepare(request)
        async for message in websocket:
            await websocket.send_str(message.data)
        return websocket


class Front:
    """nginx with the example, and a client of it."""

    def __init__(self, upstream: Upstream, https: int, http: int, folder: Path) -> None:
        self.upstream, self.folder = upstream, folder
        self._https, self._http = https, http

    async def ask(
        self, path: str, method: str = "GET", *, data: bytes | None = None, tls: bool = True
    ) -> tuple[int, dict[str, str]]:
        """Return status and headers of an answer; redirects are not followed."""
        context = ssl.create_default_context(cafile=str(CERTIFICATE))
        url = f"https://localhost:{self._https}" if tls else f"http://localhost:{self._http}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, url + path, data=data, ssl=context, allow_redirects=False
            ) as answer,
        ):
            return answer.status, {str(name): text for name, text in answer.headers.items()}

    async def connect(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        """Open the websocket of a browser's phone."""
        context = ssl.create_default_context(cafile=str(CERTIFICATE))
        url = f"https://localhost:{self._https}/sip"
        return await session.ws_connect(url, protocols=("sip", "ticket.x"), ssl=context)

    def logs(self) -> str:
        return "".join(log.read_text() for log in self.folder.glob("*.log"))


@pytest_asyncio.fixture
async def front(nginx: list[str], tmp_path: Path) -> AsyncIterator[Front]:
    upstream = Upstream()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", upstream.answer)
    http, https = unused_port(), unused_port()
    async with TestServer(app) as server:
        config = EXAMPLE.read_text()
        for ours, theirs in (
            ("server 127.0.0.1:8039;", f"server 127.0.0.1:{server.port};"),
            ("listen 80;", f"listen 127.0.0.1:{http};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{https} ssl;"),
            ("/etc/ssl/allo/fullchain.pem", str(CERTIFICATE)),
            ("/etc/ssl/allo/key.pem", str(CERTIFICATE)),
            ("/var/log/nginx", str(tmp_path)),
            ("rappel.example.fr", "localhost"),
        ):
            assert ours in config
            config = config.replace(ours, theirs)
        config = re.sub(r"^ *listen \[::\]:.*\n", "", config, flags=re.MULTILINE)
        (tmp_path / "allo.conf").write_text(config)
        (tmp_path / "nginx.conf").write_text(HTTP.format(folder=tmp_path))
        words = [*nginx, "-p", str(tmp_path), "-e", str(tmp_path / "all.log")]
        words += ["-c", str(tmp_path / "nginx.conf")]
        checking = await asyncio.create_subprocess_exec(*words, "-t", stderr=PIPE)
        _, complaints = await checking.communicate()
        assert checking.returncode == 0, complaints.decode()
        running = await asyncio.create_subprocess_exec(*words)
        try:
            front = Front(upstream, https, http, tmp_path)
            async with asyncio.timeout(PATIENCE_S):
                while not await _answers(front):
                    await asyncio.sleep(0.05)
            upstream.seen.clear()
            yield front
        finally:
            running.terminate()
            await running.wait()


async def _answers(front: Front) -> bool:
    try:
        await front.ask("/")
    except aiohttp.ClientConnectorError:
        return False
    return True


async def test_pages_go_through_and_say_nothing_of_who_asks(front: Front) -> None:
    status, headers = await front.ask("/rappel")
    [seen] = front.upstream.seen

    assert status == 200
    assert seen.path == "/rappel"
    assert seen.headers["Via"] == "1.1 nginx"
    assert "127.0.0.1" not in str(seen.headers)
    assert not {"X-Forwarded-For", "X-Real-IP", "Forwarded"} & {*seen.headers}
    assert headers["Server"] == "nginx"  # without its version


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
async def test_what_is_for_machines_stays_inside(front: Front, path: str) -> None:
    assert (await front.ask(path))[0] == 404
    assert front.upstream.seen == []


async def test_without_tls_one_is_sent_to_it(front: Front) -> None:
    status, headers = await front.ask("/rappel?fiche=F1", tls=False)

    assert status == 301
    assert headers["Location"] == "https://localhost/rappel?fiche=F1"


async def test_who_asks_too_often_is_told_so(front: Front) -> None:
    statuses = [(await front.ask("/v1/callbacks", "POST"))[0] for _ in range(16)]

    assert statuses[:11] == [200] * 11
    assert statuses[-1] == 429


async def test_a_body_that_is_too_long_is_refused(front: Front) -> None:
    assert (await front.ask("/v1/callbacks", "POST", data=b"x" * 20_000))[0] == 413


async def test_no_address_is_logged(front: Front) -> None:
    for _ in range(16):
        await front.ask("/v1/callbacks", "POST")
    await front.ask("/v1/callbacks", "POST", data=b"x" * 20_000)

    assert "client" not in front.logs()
    assert "127.0.0.1" not in front.logs()


async def test_phones_in_browsers_go_through_and_say_nothing_of_where_they_are(
    front: Front,
) -> None:
    async with aiohttp.ClientSession() as session:
        websocket = await front.connect(session)
        await websocket.send_str("REGISTER")
        assert await websocket.receive_str(timeout=PATIENCE_S) == "REGISTER"
        await websocket.close()
    [seen] = front.upstream.seen
    assert seen.headers["Sec-WebSocket-Protocol"] == "sip,ticket.x"
    assert seen.headers["Via"] == "1.1 nginx"
    assert not {"X-Forwarded-For", "X-Real-IP", "Forwarded"} & {*seen.headers}


async def test_an_office_behind_one_address_has_room_for_all(front: Front) -> None:
    """Each informateur keeps a websocket open; whoever asks for a page beside is served too."""
    async with aiohttp.ClientSession() as session:
        websockets = [await front.connect(session) for _ in range(70)]
        assert (await front.ask("/v1/agents/me"))[0] == 200
        for websocket in websockets:
            await websocket.close()


async def test_an_office_that_opens_its_pages_at_once_gets_them_whole(front: Front) -> None:
    """Three pages, of about thirty files each."""
    statuses = [(await front.ask("/static/poste/main.js"))[0] for _ in range(90)]
    assert statuses == [200] * 90
