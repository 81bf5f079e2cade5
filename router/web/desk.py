"""An informateur's desk over HTTP: its state, and everything that a desk phone's keys can ask.

The engine is asked through `DeskBackend`; every answer is `{reply, message, desk}`, or an
error of `router.web.replies`. Nothing here could name a caller.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from aiohttp import web

from router.core.desk.desk_view import DeskView
from router.core.ids import AgentId
from router.core.plan import Plan
from router.core.requests import GRANTED, InCall
from router.web.addresses import holder_of, may_go_on
from router.web.backend import DeskBackend, telephony_away
from router.web.bodies import ACTIONS, body_of, request_of
from router.web.desk_json import choices_json, desk_json, past_json
from router.web.event_stream import begun, has_left, server_event
from router.web.replies import granted, json_answer, refused
from router.web.snapshot import Snapshot


def has_changed(before: DeskView | None, view: DeskView) -> bool:
    """Return whether anything but the time has changed."""
    return before is None or _timeless(before) != _timeless(view)


@dataclass(slots=True)
class Desk:
    """The handlers under /v1/agents/me."""

    plan: Plan
    backend: DeskBackend
    snapshot: Callable[[], Snapshot]
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    #: Set when somebody has asked for something; then another takes its place.
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses."""
        return [
            web.get("/v1/agents/me", self.me),
            web.get("/v1/agents/me/stream", self.stream, allow_head=False),
            web.get("/v1/agents/me/calls", self.calls),
            *(web.post(f"/v1/agents/me/{name}", self.act) for name in ACTIONS),
        ]

    async def close(self, app: web.Application) -> None:
        """End all streams, since the server stops."""
        self._closing.set()
        self._asked.set()

    async def me(self, request: web.Request) -> web.Response:
        """Return where the informateur stands, and what can be chosen."""
        view = self.backend.view_of(_agent_of(request))
        return json_answer({"desk": self._json(view), "choices": choices_json(self.plan)})

    async def calls(self, request: web.Request) -> web.Response:
        """Return one's own conversations of today, the latest first."""
        agent = self.backend.view_of(_agent_of(request)).agent
        past = self.backend.past(agent, self.snapshot().now)
        return json_answer({"calls": [past_json(one, self.plan) for one in reversed(past)]})

    async def act(self, request: web.Request) -> web.Response:
        """Ask for what the address names."""
        agent = _agent_of(request)
        self.backend.view_of(agent)
        action = ACTIONS[request.path.rpartition("/")[2]]
        asked = request_of(action, await body_of(request), self.plan)
        if isinstance(asked, InCall) and not self.snapshot().ready:
            raise telephony_away()
        reply = await self.backend.ask(agent, asked)
        self._asked.set()
        self._asked = asyncio.Event()
        if reply not in GRANTED:
            raise refused(reply)
        return granted(reply, self._json(self.backend.view_of(agent)))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send the desk as server-sent events: at once, then at each change."""
        agent = _agent_of(request)
        self.backend.view_of(agent)
        response = await begun(request)
        clock = asyncio.get_running_loop().time
        before, written_at = None, clock()
        try:
            while not (self._closing.is_set() or has_left(request)) and may_go_on(request):
                view = self.backend.desk(agent)
                if view is None:
                    break
                if has_changed(before, view):
                    await response.write(server_event("desk", orjson.dumps(self._json(view))))
                    before, written_at = view, clock()
                elif clock() - written_at >= self.backend.heartbeat_s:
                    await response.write(b": still here\n\n")
                    written_at = clock()
                await self._until_news()
            await response.write_eof()
        except ConnectionError:
            pass  # the page has been closed
        return response

    async def _until_news(self) -> None:
        """Wait until it is time to look again, or somebody has asked for something."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.backend.poll_s):
                await self._asked.wait()

    def _json(self, view: DeskView) -> dict[str, Any]:
        return desk_json(view, self.plan, self.snapshot().now)


def _agent_of(request: web.Request) -> AgentId:
    agent = holder_of(request).agent
    assert agent is not None, "a token for a desk names its informateur"
    return agent


def _timeless(view: DeskView) -> DeskView:
    if view.call is None:
        return view
    talking = view.call.talked_s is not None
    return replace(view, call=replace(view.call, waited_s=0.0, talked_s=0.0 if talking else None))
