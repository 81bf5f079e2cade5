"""Supervision over HTTP: every informateur, why each has a call, taking part in it, and directing
pauses, skills, hours and messages.

The token names whoever takes part or directs, and the engine keeps the name for the audit.
There is no address that records.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from router.core.desk.desk_view import DeskView
from router.core.ids import AgentId
from router.core.plan import Plan
from router.core.requests import GRANTED, Reply, Watching
from router.web.addresses import holder_of
from router.web.backend import DeskBackend, telephony_away
from router.web.bodies import body_of, phone_of
from router.web.desk_json import desk_json, why_json
from router.web.directives import OF_AGENT, OF_ALL, Asked, Directing, directive_of
from router.web.replies import directed, granted, json_answer, refused
from router.web.snapshot import Snapshot

_SUPERVISION = "/v1/supervision"
_AGENTS = f"{_SUPERVISION}/agents"


@dataclass(slots=True)
class Supervision:
    """The handlers under /v1/supervision."""

    plan: Plan
    backend: DeskBackend
    snapshot: Callable[[], Snapshot]

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses."""
        return [
            web.get(_AGENTS, self.everyone),
            web.get(f"{_AGENTS}/{{agent}}/why", self.why),
            web.post(f"{_AGENTS}/{{agent}}/{{watching:{'|'.join(Watching)}}}", self.watch),
            *(web.post(f"{_AGENTS}/{{agent}}/{name}", self.direct_agent) for name in OF_AGENT),
            *(web.post(f"{_SUPERVISION}/{name}", self.direct) for name in OF_ALL),
        ]

    async def everyone(self, request: web.Request) -> web.Response:
        """Return where every informateur stands, and what a supervisor can choose from."""
        now, plan = self.snapshot().now, self.plan
        choices = {
            "reasons": [{"id": one.id, "name": one.name} for one in plan.desk.reasons.values()],
            "sectors": list(plan.domains),
            "levels": len(plan.targets.widening_s),
            "phones": list(plan.desk.supervisor_phones),
        }
        agents = [desk_json(view, plan, now) for view in self.backend.desks()]
        return json_answer({"agents": agents, "choices": choices})

    async def why(self, request: web.Request) -> web.Response:
        """Return why the latest call went to this informateur; null before the first."""
        return json_answer(why_json(self._view(request)))

    async def watch(self, request: web.Request) -> web.Response:
        """Take part in the informateur's call from the supervisor's phone."""
        agent = self._view(request).agent
        phone = phone_of(await body_of(request), self.plan)
        if not self.snapshot().ready:
            raise telephony_away()
        watching = Watching(request.match_info["watching"])
        reply = await self.backend.watch(holder_of(request).name, phone, agent, watching)
        if reply not in GRANTED:
            raise refused(reply)
        return granted(reply, desk_json(self._view(request), self.plan, self.snapshot().now))

    async def direct_agent(self, request: web.Request) -> web.Response:
        """Direct what concerns one informateur."""
        agent = self._view(request).agent
        reply = await self._directed(request, OF_AGENT, agent)
        return granted(reply, desk_json(self._view(request), self.plan, self.snapshot().now))

    async def direct(self, request: web.Request) -> web.Response:
        """Direct what concerns the whole service."""
        return directed(await self._directed(request, OF_ALL, AgentId("")))

    async def _directed(
        self, request: web.Request, table: Mapping[str, Directing], agent: AgentId
    ) -> Reply:
        directing = table[request.path.rpartition("/")[2]]
        asked = Asked(self.plan, self.snapshot().now, agent)
        directive, why = directive_of(directing, await body_of(request), asked)
        reply = await self.backend.direct(holder_of(request).name, why, directive)
        if reply not in GRANTED:
            raise refused(reply)
        return reply

    def _view(self, request: web.Request) -> DeskView:
        return self.backend.view_of(AgentId(request.match_info["agent"]))
