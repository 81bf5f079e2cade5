"""The callbacks' interface as the widget sees it, without a service behind it."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from router.core.plan import Fiche, Relay
from router.intake import rappel
from router.intake.page_style import HEADERS
from router.web.sentences import with_number
from tests.service_plan import FICHE, MONDAY_10H, small_plan

PHONE = "06 39 98 12 34"
SECRET = b"secret of the tests"
RELAY = Relay("le relais d’ici", "https://relais.example.org/")
#: Not the shipped plan's number: what is shown must come from the plan.
PLAN = small_plan(relay=RELAY, numbers=("3000",))
SUBJECT: Fiche = PLAN.fiches[FICHE]
TICKET = "Zk3_ticket-of-the-tests"
WIDGET = Path(rappel.__file__).parent / "static" / "widget.js"

_HOST = """<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>Dépôt de garantie</title>
<meta name="viewport" content="width=device-width">
{script}</head><body><main><h1>Dépôt de garantie</h1><h2>Où s’informer</h2>
{element}
</main></body></html>
"""


_RELAY_OF_THE_SITE = '<a slot="relay" href="/relais">Le relais</a>'
_FOR_WEBMASTERS = (Path(rappel.__file__).parents[2] / "docs" / "callbacks.md").read_text()
#: The service's address in the example that webmasters are told to paste.
_PASTED_HOME = "https://3939.example.org"


def _pasted(pattern: str, home: str) -> str:
    found = re.search(pattern, _FOR_WEBMASTERS, re.DOTALL if "```" in pattern else 0)
    assert found is not None, pattern
    return found[1].replace(_PASTED_HOME, home)


@dataclass
class Stub:
    """What the interface answers, set by tests, and what it was asked, read by them."""

    callbacks: dict[str, Any] = field(
        default_factory=lambda: {"accepted": True, "code": None, "reason": None, "promise_min": 45}
    )
    next_opening: str | None = None
    #: Code and sentence: why no callback is promised in our domain, while one is in others.
    ours: tuple[str, str] | None = None
    state: str = "accepted"
    message: str = ""
    reason: str | None = None
    call_in_code: str | None = "12 34 56 78"
    #: Seconds between the service's clock and due_at.
    due_in_s: float = 45 * 60
    #: (status, code, field, message): the answers to the next requests for a callback.
    refusals: list[tuple[int, str, str | None, str]] = field(default_factory=list)
    #: The most numbers to try; None: no proof of work is needed.
    largest_number: int | None = 2000
    #: This many answers to POST are lost on their way, after the work was done.
    lost: int = 0
    #: The network fails for these methods.
    cut: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tickets: dict[str, str] = field(default_factory=dict)
    polls: int = 0
    puzzles: int = 0
    forms: list[dict[str, str]] = field(default_factory=list)
    origins: list[str | None] = field(default_factory=list)
    #: No other origin may ask.
    shut: bool = False

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._shared])
        app.add_routes(
            [
                web.get("/widget.js", _widget),
                web.get("/fiche", _host),
                web.get("/v1/service", self.service),
                web.get("/v1/callbacks/challenge", self.challenge),
                web.post("/v1/callbacks", self.request),
                web.get("/v1/callbacks/{ticket}", self.follow),
                web.delete("/v1/callbacks/{ticket}", self.cancel),
                web.get("/rappel", self.page),
                web.post("/rappel", self.form),
                web.post("/rappel/suivi", self.form_follow),
            ]
        )
        return app

    async def service(self, request: web.Request) -> web.Response:
        self._cut(request)
        return web.json_response(
            {
                "open": self.next_opening is None,
                "next_opening": self.next_opening,
                "callbacks": self.callbacks,
                "sectors": [{"callback": True}, {"callback": self.ours is None}],
                "relay": {"name": RELAY.name, "url": RELAY.url},
            }
        )

    async def challenge(self, request: web.Request) -> web.Response:
        self.puzzles += 1
        if self.ours is not None:
            return _refusal(503, self.ours[0], None, self.ours[1])
        if self.largest_number is None:
            return web.json_response({"required": False})
        salt = "0123456789abcdef01234567?expires=1795428000"
        challenge = hashlib.sha256(f"{salt}{self.largest_number - 1}".encode()).hexdigest()
        return web.json_response(
            {
                "algorithm": "SHA-256",
                "challenge": challenge,
                "maxnumber": self.largest_number,
                "salt": salt,
                "signature": hmac.new(SECRET, challenge.encode(), "sha256").hexdigest(),
            }
        )

    async def request(self, request: web.Request) -> web.Response:
        self._cut(request)
        key, body = request.headers["Idempotency-Key"], await request.json()
        self.asked.append((key, body))
        if self.refusals:
            return _refusal(*self.refusals.pop(0))
        if self.largest_number is not None and not _is_solved(body["altcha"]):
            return _refusal(422, "wrong_proof", "altcha", "La vérification a échoué.")
        self.tickets.setdefault(key, TICKET)
        if self.lost:
            self.lost -= 1
            assert request.transport is not None
            request.transport.close()
        return web.json_response({"ticket": TICKET, **self._progress()}, status=202)

    async def follow(self, request: web.Request) -> web.Response:
        self._cut(request)
        self.polls += 1
        if request.match_info["ticket"] != TICKET or self.state == "unknown":
            return _refusal(404, "unknown_ticket", None, "Cette demande n’est pas connue.")
        return web.json_response(self._progress())

    async def cancel(self, request: web.Request) -> web.Response:
        self._cut(request)
        self.state = "cancelled"
        return web.json_response(self._progress())

    async def page(self, request: web.Request) -> web.Response:
        if "fiche" not in request.query:
            return _html(rappel.choice(PLAN, self._offer()))
        return _html(rappel.page(PLAN, SUBJECT, self._offer(), "key-1", code="12 34 56 78"))

    async def form(self, request: web.Request) -> web.Response:
        form = await self._read(request)
        if self.refusals:
            _, _, about, message = self.refusals.pop(0)
            fault = rappel.Fault(about, message, form["phone"])
            return _html(rappel.refusal(PLAN, SUBJECT, self._offer(), "key-2", fault))
        return self._result()

    async def form_follow(self, request: web.Request) -> web.Response:
        form = await self._read(request)
        if form.get("do") == "cancel":
            self.state = "cancelled"
        return self._result()

    async def _read(self, request: web.Request) -> dict[str, str]:
        sent = await request.post()
        self.forms.append({name: str(value) for name, value in sent.items()})
        self.origins.append(request.headers.get("Origin"))
        return self.forms[-1]

    def _result(self) -> web.Response:
        due_at = MONDAY_10H + self.due_in_s
        progress = rappel.Progress(TICKET, self.state, due_at, self.message, self.reason)
        if self.call_in_code:
            progress = replace(progress, code=self.call_in_code)
        return _html(rappel.result(PLAN, SUBJECT, progress))

    def _offer(self) -> rappel.Offer:
        said = self.callbacks
        return rappel.Offer(
            said["accepted"],
            said["code"] or "",
            said["reason"] or "",
            self.next_opening,
            answered=self.next_opening is None,
        )

    def _progress(self) -> dict[str, Any]:
        now = PLAN.hours.local(MONDAY_10H)
        progress = {
            "state": self.state,
            "due_at": _iso(now + timedelta(seconds=self.due_in_s)),
            "now": _iso(now),
            "message": self.message,
        }
        optional = {"reason": self.reason, "call_in_code": self.call_in_code}
        return progress | {name: value for name, value in optional.items() if value}

    @web.middleware
    async def _shared(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Let any origin ask: the allow-list is the real interface's business."""
        answer: web.StreamResponse = (
            web.Response() if request.method == "OPTIONS" else await handler(request)
        )
        # Chromium itself repeats a request that fails on a connection used before.
        answer.force_close()
        if not self.shut:
            answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
        answer.headers["Access-Control-Allow-Headers"] = "Content-Type, Idempotency-Key"
        return answer

    def _cut(self, request: web.Request) -> None:
        if request.method in self.cut:
            assert request.transport is not None
            request.transport.abort()


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _is_solved(payload: str) -> bool:
    """Verify a solution by altcha's protocol, version 1."""
    told = json.loads(base64.b64decode(payload))
    challenge = hashlib.sha256(f"{told['salt']}{told['number']}".encode()).hexdigest()
    signature = hmac.new(SECRET, challenge.encode(), "sha256").hexdigest()
    return bool(
        told["algorithm"] == "SHA-256"
        and told["challenge"] == challenge
        and told["signature"] == signature
    )


def _refusal(status: int, code: str, about: str | None, message: str) -> web.Response:
    error = {"code": code, "field": about, "message": message}
    return web.json_response({"error": error}, status=status)


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", headers=HEADERS)


async def _widget(request: web.Request) -> web.Response:
    return web.Response(
        text=with_number(WIDGET.read_text(), PLAN), content_type="text/javascript", charset="utf-8"
    )


async def _host(request: web.Request) -> web.Response:
    """Return a webmaster's page; `from` is where the widget's script comes from."""
    home, theme = request.query.get("from", str(request.url.origin())), request.query.get("theme")
    attribute = f'theme="{theme}"' if theme else ""
    if "pasted" in request.query:
        policy = f"default-src 'none'; {_pasted('Content-Security-Policy: (.*)', home)}"
        text = _HOST.format(script="", element=_pasted(r"```html\n(.*?)```", home))
        text = text.replace("<rappel-3939", f"<rappel-3939 {attribute}")
    else:
        policy = f"default-src 'none'; script-src {home}; connect-src {home}"
        text = _HOST.format(
            script=f'<script src="{home}/widget.js"></script>',
            element=f'<rappel-3939 fiche="F1234" {attribute}>{_RELAY_OF_THE_SITE}</rappel-3939>',
        )
    return web.Response(
        text=text, content_type="text/html", headers={"Content-Security-Policy": policy}
    )
