"""Requests for callbacks, well-formed and malformed, by every way into the intake."""

import asyncio
import base64
import gzip
import json
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp

from router.demo.script import FICHE
from router.demo.stage import Stage
from tests.canary.forms import grouped
from tests.intake.scene import solve

#: How people write a number that is accepted.
WRITTEN: tuple[Callable[[str], str], ...] = (
    str,
    lambda number: f"+33{number[1:]}",
    lambda number: f"0033{number[1:]}",
    lambda number: f"33{number[1:]}",
    grouped,
    lambda number: grouped(number, "."),
    lambda number: grouped(number, "-"),
    lambda number: grouped(number, "\u00a0"),
    lambda number: grouped(number, "\u202f"),
    lambda number: f"+33 (0){grouped(number)[1:]}",
    lambda number: f"{number};ext=1234",
    lambda number: f"{number},,1234",
    lambda number: number.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    lambda number: number.translate({48 + n: 0xFF10 + n for n in range(10)}),
    lambda number: f" tel: {number} ".replace("tel:", ""),
)

_TICKET = re.compile(r'name="ticket" value="([^"]+)"')


class Web:
    """Asks over HTTP, as a web site's server, as a page's widget, and as its plain form."""

    def __init__(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        self._stage = stage
        self._session = session
        self._url = f"{stage.http}/v1/callbacks"
        [self._key] = stage.secrets.callback_keys.values()

    @property
    def server(self) -> dict[str, str]:
        """The headers of a trusted server's request."""
        return {"Authorization": f"Bearer {self._key}", "Idempotency-Key": secrets.token_hex(8)}

    @property
    def page(self) -> dict[str, str]:
        """The headers of a browser's request."""
        return {"Origin": self._stage.http, "Idempotency-Key": secrets.token_hex(8)}

    async def ask(
        self, typed: Any, headers: dict[str, str] | None = None, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        """Ask as a server unless `headers` say otherwise; return the status and the content."""
        body = {"phone": typed, "fiche": FICHE, **more}
        async with self._session.post(
            self._url, json=body, headers=headers or self.server
        ) as answer:
            return answer.status, await answer.json()

    async def ask_by_page(self, typed: str) -> tuple[int, dict[str, Any]]:
        """Ask as the widget does, with a proof of work."""
        async with self._session.get(f"{self._url}/challenge") as answer:
            challenge = await answer.json()
        return await self.ask(typed, self.page, altcha=await asyncio.to_thread(solve, challenge))

    async def ask_by_form(
        self, typed: str, key: str | None = None, **more: str
    ) -> tuple[int, str | None]:
        """Ask as a browser without scripts does; return the ticket that the page holds, if any."""
        form = {"phone": typed, "fiche": FICHE, "key": key or secrets.token_hex(8), **more}
        async with self._session.post(
            f"{self._stage.http}/rappel", data=form, headers={"Origin": self._stage.http}
        ) as answer:
            ticket = _TICKET.search(await answer.text())
            return answer.status, ticket and ticket[1]

    async def cancel(self, ticket: str) -> int:
        async with self._session.delete(f"{self._url}/{ticket}", headers=self.server) as answer:
            return answer.status

    async def state(self, ticket: str) -> str:
        """Return the state of a ticket."""
        async with self._session.get(f"{self._url}/{ticket}") as answer:
            told = await answer.json()
            return str(told.get("state", told))

    async def send(self, method: str, path: str, **what: Any) -> int:
        """Send anything; return the status, 0 if there was no answer."""
        try:
            async with self._session.request(method, self._stage.http + path, **what) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return 0

    async def send_raw(self, content: bytes) -> bytes:
        """Send bytes that need not be HTTP, and leave."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._stage.http_port)
        try:
            writer.write(content)
            async with asyncio.timeout(0.5):
                return await reader.read(4096)
        except (OSError, TimeoutError):
            return b""
        finally:
            writer.close()

    async def send_malformed(self, numbers: Iterator[str]) -> dict[str, int]:
        """Send every malformed request, each with another number; return their statuses."""
        statuses = {}
        for what, method, path, made in self._malformed():
            number = next(numbers)
            statuses[what] = await self.send(
                method, path.replace("{number}", number), **made(number)
            )
        for made_raw in _RAW:
            await self.send_raw(made_raw(next(numbers).encode()))
        return statuses

    def _malformed(self) -> Iterator[tuple[str, str, str, Callable[[str], dict[str, Any]]]]:
        ask = "/v1/callbacks"
        for what, body in _BODIES.items():
            yield (
                what,
                "POST",
                ask,
                lambda number, body=body: {"json": body(number), "headers": self.server},  # type: ignore[misc]
            )
        for what, (content_type, content) in _CONTENTS.items():
            yield (
                what,
                "POST",
                ask,
                lambda number, kind=content_type, content=content: {  # type: ignore[misc]
                    "data": content(number),
                    "headers": {**self.server, **dict([kind.split(": ")])},
                },
            )
        for what, headers in _HEADERS.items():
            yield (
                what,
                "POST",
                ask,
                lambda number, headers=headers: {  # type: ignore[misc]
                    "json": {"phone": "1", "fiche": FICHE},
                    "headers": {**self.server, **headers(number)},
                },
            )
        for method, path in _PATHS:
            yield f"{method} {path}", method, path, lambda _: {"headers": self.server}
        for what, form in _FORMS.items():
            yield (
                what,
                "POST",
                "/rappel/suivi" if "follow" in what else "/rappel",
                lambda number, form=form: {  # type: ignore[misc]
                    "data": form(number),
                    "headers": {"Origin": self._stage.http},
                },
            )
        admin = {"Authorization": f"Bearer {self._stage.secrets.api_key}"}
        for what, (path, words) in _WORDS.items():
            yield (
                what,
                "POST",
                path,
                lambda number, words=words: {"json": words(number), "headers": admin},  # type: ignore[misc]
            )
        yield (
            "a form from elsewhere",
            "POST",
            "/rappel",
            lambda number: {
                "data": {"phone": number, "fiche": FICHE, "key": "12345678"},
                "headers": {"Origin": "https://elsewhere.example"},
            },
        )


#: To the router, which must never see a number: what supervisors and informateurs write.
_WORDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "in a message to all": (
        "/v1/supervision/message",
        lambda number: {"text": f"rappelez le {grouped(number)} svp"},
    ),
    "as the reason of a closing": (
        "/v1/supervision/close",
        lambda number: {"why": f"+33{number[1:]}"},
    ),
    "as the reason of a pause": (
        "/v1/supervision/agents/101/pause",
        lambda number: {"reason": "pause", "why": f"({number})"},
    ),
    "as the subject of a note": ("/v1/agents/me/note", lambda number: {"subject": number}),
}
_BODIES: dict[str, Callable[[str], Any]] = {
    "too long by two": lambda number: {"phone": f"{number}12", "fiche": FICHE},
    "with a letter": lambda number: {"phone": f"{number}O", "fiche": FICHE},
    "in a sentence": lambda number: {"phone": f"rappelez le {number} svp", "fiche": FICHE},
    "foreign": lambda number: {"phone": f"+49{number[1:]}", "fiche": FICHE},
    "three hundred digits": lambda number: {"phone": number * 30, "fiche": FICHE},
    "a list": lambda number: {"phone": [number], "fiche": FICHE},
    "an object": lambda number: {"phone": {"number": number}, "fiche": FICHE},
    "an integer": lambda number: {"phone": int(number), "fiche": FICHE},
    "a long integer": lambda number: {"phone": int(f"33{number[1:]}"), "fiche": FICHE},
    "a float": lambda number: {"phone": float(number), "fiche": FICHE},
    "twice": lambda number: {"phone": f"{number} {number}", "fiche": FICHE},
    "as a field's name": lambda number: {number: "x", "fiche": FICHE},
    "as the fiche": lambda number: {"phone": "0199000000", "fiche": number},
    "as the sector": lambda number: {"phone": "0199000000", "sector": number},
    "as the proof": lambda number: {"phone": "0199000000", "fiche": FICHE, "altcha": number},
    "with an unknown fiche": lambda number: {"phone": number, "fiche": "F9"},
    "with fiche and sector": lambda number: {"phone": number, "fiche": FICHE, "sector": "x"},
    "without a subject": lambda number: {"phone": number},
    "with more": lambda number: {"phone": number, "fiche": FICHE, "note": number},
    "in a field misspelt": lambda number: {"phones": number, "fiche": FICHE},
    "all of it": lambda number: number,
    "all of it, in a list": lambda number: [number],
}

_CONTENTS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "broken JSON": ("Content-Type: application/json", lambda n: f'{{"phone": "{n}"'.encode()),
    "JSON twice": ("Content-Type: application/json", lambda n: f'{{"phone":"{n}"}}{n}'.encode()),
    "UTF-16": ("Content-Type: application/json", lambda n: f'{{"phone":"{n}"}}'.encode("utf-16")),
    "no UTF-8": ("Content-Type: application/json", lambda n: n.encode() + b"\xff\xfe"),
    "a key twice": (
        "Content-Type: application/json",
        lambda n: f'{{"phone":"{n}","phone":"{n}","fiche":"{FICHE}"}}'.encode(),
    ),
    "plain text": ("Content-Type: text/plain", lambda n: n.encode()),
    "a form": ("Content-Type: application/x-www-form-urlencoded", lambda n: f"phone={n}".encode()),
    "several parts": (
        "Content-Type: multipart/form-data; boundary=x",
        lambda n: (
            f'--x\r\nContent-Disposition: form-data; name="phone"\r\n\r\n{n}\r\n--x--'.encode()
        ),
    ),
    "gzip": (
        "Content-Encoding: gzip",
        lambda n: gzip.compress(json.dumps({"phone": n, "fiche": FICHE}).encode()),
    ),
    "called gzip": ("Content-Encoding: gzip", lambda n: n.encode()),
    "a megabyte": ("Content-Type: application/json", lambda n: n.encode() * 100_000),
}

_HEADERS: dict[str, Callable[[str], dict[str, str]]] = {
    "as the idempotency key": lambda number: {"Idempotency-Key": number},
    "as a bad idempotency key": lambda number: {"Idempotency-Key": f"{grouped(number)} é"},
    "as the origin": lambda number: {"Origin": f"https://{number}.example"},
    "as the key": lambda number: {"Authorization": f"Bearer {number}"},
    "as user and password": lambda number: {
        "Authorization": "Basic " + base64.b64encode(f"{number}:{number}".encode()).decode()
    },
    "as the browser": lambda number: {"User-Agent": f"phone of {number}"},
    "in the referer": lambda number: {"Referer": f"https://x.example/?tel={number}"},
    "in a cookie": lambda number: {"Cookie": f"tel={number}"},
    "forwarded": lambda number: {"X-Forwarded-For": number, "Forwarded": f'for="{number}"'},
    "from": lambda number: {"From": f"{number}@example.org"},
    "as a header's name": lambda number: {number: "x"},
    "as the content's type": lambda number: {"Content-Type": f"application/{number}"},
    "as the host": lambda number: {"Host": number},
    "as the method asked for": lambda number: {"Access-Control-Request-Headers": number},
    "with the password of nobody": lambda number: {"Proxy-Authorization": f"Bearer {number}"},
}

_PATHS = (
    ("GET", "/v1/callbacks/{number}"),
    ("DELETE", "/v1/callbacks/{number}"),
    ("PUT", "/v1/callbacks/{number}"),
    ("GET", "/v1/callbacks/challenge?fiche={number}"),
    ("GET", "/v1/callbacks/challenge?sector={number}"),
    ("OPTIONS", "/v1/callbacks/{number}"),
    ("GET", "/v1/service?phone={number}"),
    ("GET", "/v1/access-codes/{number}"),
    ("GET", "/v1/access-codes/F{number}"),
    ("GET", "/v1/agents/{number}"),
    ("GET", "/v1/supervision/agents/{number}/why"),
    ("GET", "/{number}"),
    ("POST", "/{number}/x"),
    ("GET", "/healthz?{number}"),
    ("GET", "/metrics?name={number}"),
    ("GET", "/?tel=%2B33{number}"),
    ("GET", "/rappel?fiche={number}"),
    ("GET", "/rappel?sector={number}&phone={number}"),
    ("GET", "/widget.js?{number}"),
    ("TRACE", "/{number}"),
)

_FORMS: dict[str, Callable[[str], Any]] = {
    "a form's wrong number": lambda number: {
        "phone": f"{number}12",
        "fiche": FICHE,
        "key": "12345678",
    },
    "a form's key": lambda number: {"phone": "1", "fiche": FICHE, "key": number},
    "a form's fiche": lambda number: {"phone": number, "fiche": number, "key": "12345678"},
    "a form's unknown field": lambda number: {"phone": number, number: number},
    "a form of many fields": lambda number: {f"{number}-{n}": number for n in range(20)},
    "a form in latin-1": lambda number: f"phone={grouped(number)}é".encode("latin-1"),
    "a ticket to follow": lambda number: {"ticket": number},
    "a ticket to follow and cancel": lambda number: {"ticket": number, "do": "cancel"},
    "what to do to follow": lambda number: {"ticket": "x" * 32, "do": number},
}

_RAW: tuple[Callable[[bytes], bytes], ...] = (
    lambda number: number + b"\r\n\r\n",
    lambda number: number + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    lambda number: b"GET " + number + b" HTTP/9.9\r\n\r\n",
    lambda number: b"GET /" + number + b" HTTP/1.1\r\n" + number + b"\r\n\r\n",
    lambda number: b"GET / HTTP/1.1\r\nHost: x\r\nX: " + number * 2000 + b"\r\n\r\n",
    lambda number: (
        b"POST /v1/callbacks HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n" + number
    ),
    lambda number: (
        b"POST /v1/callbacks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + number
        + b"\r\n"
    ),
    lambda number: b"POST /rappel HTTP/1.1\r\nHost: x\r\nContent-Length: " + number + b"\r\n\r\n",
    lambda number: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + number,
    lambda number: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + number * 20,
    lambda number: (
        b"GET /" + number + b" HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n"
    ),
)
