"""An informateur's desk over HTTP: where one stands, and all that a desk phone's keys can ask.

The engine is asked through `DeskBackend`; every answer is `{reply, message, desk}`, or an
error of `router.web.replies`. Nothing here could name a caller.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from router.core.desk.agents import Choice
from router.core.desk.desk_view import CallView, DeskView
from router.core.hours import Hours
from router.core.ids import AgentId, PhoneId, ReasonId
from router.core.plan import Plan
from router.core.requests import GRANTED, InCall, Reply, Request, Result, Watching
from router.web.bodies import ACTIONS, object_of, request_of
from router.web.replies import Refused, granted, refused, told
from router.web.tokens import bearer, whose

if TYPE_CHECKING:
    from router.web.api import Snapshot

#: What the service itself pauses for.
_SERVICE_REASONS = {
    "missed": "Appel sans réponse",
    "too many missed": "Plusieurs appels sans réponse",
    "rejected": "Appel rejeté",
    "busy": "Poste occupé",
    "unreachable": "Poste injoignable",
}
_RESULTS = {
    Result.ANSWERED: "Réponse donnée",
    Result.PARTLY: "Réponse partielle",
    Result.REFERRED: "Orientation vers un autre organisme",
    Result.OUT_OF_SCOPE: "Hors du champ du service",
}


@dataclass(frozen=True, slots=True)
class DeskBackend:
    """The engine, as HTTP may ask it, and who may ask. Every callable answers at once."""

    ask: Callable[[AgentId, Request], Reply]
    watch: Callable[[str, PhoneId, AgentId, Watching], Reply]
    #: None: no such informateur.
    desk: Callable[[AgentId], DeskView | None]
    desks: Callable[[], list[DeskView]]
    agent_tokens: Mapping[AgentId, str]
    #: By the supervisor's name, which the audit keeps.
    supervisor_tokens: Mapping[str, str]
    #: A stream looks this often whether something changed, in seconds.
    poll_s: float = 0.25
    #: Beyond a minute without a byte proxies take a stream for dead.
    heartbeat_s: float = 15.0


def desk_json(view: DeskView, plan: Plan, now: float) -> dict[str, Any]:
    """Return the view for a page: times local with their offset, durations at `now`."""
    since_at = view.since_at or None  # 0: nothing has happened yet
    return {
        "agent": view.agent,
        "state": view.state.value,
        "since": None if since_at is None else _local(plan.hours, since_at),
        "since_s": None if since_at is None else _seconds(now - since_at),
        "until": None if view.until_at is None else _local(plan.hours, view.until_at),
        "until_s": None if view.until_at is None else _seconds(view.until_at - now),
        "phone": view.phone,
        "present": view.present,
        "reason": None if view.reason is None else _reason_json(view.reason, plan),
        "misses": view.misses,
        "call": None if view.call is None else _call_json(view.call, plan),
        "watched_by": view.watched_by,
        "why": None if view.why is None else why_here(view.why),
    }


def choices_json(plan: Plan) -> dict[str, Any]:
    """Return what an informateur can choose from, in the plan's order."""
    return {
        "reasons": [
            {"id": one.id, "name": one.name, "longest_s": one.longest_s}
            for one in plan.desk.reasons.values()
        ],
        "sectors": [
            {"id": one.id, "name": one.name, "code": one.code} for one in plan.domains.values()
        ],
        "directory": [
            {"id": one.id, "name": one.name, "number": one.number, "code": one.code}
            for one in plan.directory.values()
        ],
        "results": [{"id": one.value, "name": _RESULTS[one]} for one in Result],
    }


def why_here(choice: Choice) -> str:
    """Return why a call went to an informateur, as a French sentence."""
    levels = "un niveau ouvert" if choice.widened == 1 else f"{choice.widened} niveaux ouverts"
    among = (
        "seul poste prêt"
        if choice.ready == 1
        else f"libre avant les {choice.ready - 1} autres postes prêts"
    )
    first = (
        "seul appel en attente pour ce poste"
        if choice.open_items == 1
        else f"premier dû des {choice.open_items} appels en attente pour ce poste"
    )
    return (
        f"Niveau {choice.level} ({levels} après {choice.waited_s:.0f} s d’attente), libre depuis "
        f"{choice.idle_s:.0f} s, {among} à ce niveau ; {first}."
    )


def has_changed(before: DeskView | None, view: DeskView) -> bool:
    """Whether a page must be told: anything but the mere passing of time."""
    return before is None or _timeless(before) != _timeless(view)


def server_event(content: Mapping[str, Any]) -> bytes:
    """Return `content` as an event of text/event-stream; JSON holds no line break."""
    return f"event: desk\ndata: {json.dumps(content)}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Desk:
    """The handlers under /v1/agents/me."""

    plan: Plan
    backend: DeskBackend
    snapshot: Callable[[], "Snapshot"]
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/agents/me", self.me),
            web.get("/v1/agents/me/stream", self.stream, allow_head=False),
            *(web.post(f"/v1/agents/me/{name}", self.act) for name in ACTIONS),
        ]

    async def close(self, app: web.Application) -> None:
        """End all streams: the server stops."""
        self._closing.set()

    async def me(self, request: web.Request) -> web.Response:
        """Where the informateur stands, and what can be chosen."""
        view = self._view(self._agent(request))
        return told({"desk": self._json(view), "choices": choices_json(self.plan)})

    async def act(self, request: web.Request) -> web.Response:
        """Ask what the address names."""
        agent = self._agent(request)
        self._view(agent)
        action = ACTIONS[request.path.rpartition("/")[2]]
        asked = request_of(action, await body_of(request), self.plan)
        if isinstance(asked, InCall) and not self.snapshot().ready:
            raise telephony_away()
        reply = self.backend.ask(agent, asked)
        if reply not in GRANTED:
            raise refused(reply)
        return granted(reply, self._json(self._view(agent)))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """The desk as server-sent events: at once, then at each change."""
        agent = self._agent(request)
        self._view(agent)
        headers = {
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # nginx would hold events back
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        clock = asyncio.get_running_loop().time
        before, written_at = None, clock()
        try:
            while not self._closing.is_set() and not _has_left(request):
                view = self.backend.desk(agent)
                if view is None:
                    break
                if has_changed(before, view):
                    await response.write(server_event(self._json(view)))
                    before, written_at = view, clock()
                elif clock() - written_at >= self.backend.heartbeat_s:
                    await response.write(b": still here\n\n")
                    written_at = clock()
                await asyncio.sleep(self.backend.poll_s)
            await response.write_eof()
        except ConnectionError:
            pass  # the page has been closed
        return response

    def _agent(self, request: web.Request) -> AgentId:
        token = bearer(request.headers.get("Authorization"))
        agent = whose(token, self.backend.agent_tokens)
        supervisor = whose(token, self.backend.supervisor_tokens)
        if agent is not None:
            return agent
        if supervisor is None:
            raise unauthorized()
        raise Refused(
            403,
            "not_an_agent",
            None,
            "Ce jeton est celui de la supervision ; il n’ouvre pas de poste.",
        )

    def _view(self, agent: AgentId) -> DeskView:
        view = self.backend.desk(agent)
        if view is None:
            raise unknown_agent()
        return view

    def _json(self, view: DeskView) -> dict[str, Any]:
        return desk_json(view, self.plan, self.snapshot().now)


async def body_of(request: web.Request) -> dict[str, Any]:
    """Read the body's JSON object.

    Raises:
        Refused: If there is something else in it, or it is broken.
        HTTPRequestEntityTooLarge: Beyond the application's limit.
    """
    try:
        content = await request.read()
    except web.RequestPayloadError:
        raise Refused(400, "unreadable", None, "Le contenu ne peut pas être lu.") from None
    return object_of(request.content_type, content)


def unauthorized() -> Refused:
    return Refused(401, "unauthorized", None, "Jeton d’accès absent ou inconnu.")


def unknown_agent() -> Refused:
    return Refused(404, "unknown_agent", "agent", "Cet informateur n’est pas connu du service.")


def telephony_away() -> Refused:
    return Refused(
        503,
        "telephony_away",
        None,
        "La téléphonie est momentanément indisponible. Réessayez dans un instant.",
    )


def _has_left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _timeless(view: DeskView) -> DeskView:
    if view.call is None:
        return view
    talking = view.call.talked_s is not None
    return replace(view, call=replace(view.call, waited_s=0.0, talked_s=0.0 if talking else None))


def _call_json(call: CallView, plan: Plan) -> dict[str, Any]:
    fiche = None if call.fiche is None else plan.fiches[call.fiche]
    return {
        "state": call.state.value,
        "sector": {"id": call.sector, "name": plan.sectors[call.sector].name},
        "door": call.door.value,
        "fiche": None if fiche is None else {"id": fiche.id, "title": fiche.title},
        "waited_s": _seconds(call.waited_s),
        "talked_s": None if call.talked_s is None else _seconds(call.talked_s),
        "attempts": call.attempts,
    }


def _reason_json(reason: ReasonId, plan: Plan) -> dict[str, str]:
    if reason in plan.desk.reasons:
        return {"id": reason, "name": plan.desk.reasons[reason].name}
    return {"id": reason, "name": _SERVICE_REASONS.get(reason, reason)}


def _local(hours: Hours, at: float) -> str:
    return hours.local(at).isoformat()


def _seconds(duration_s: float) -> int:
    """Whole seconds; a deadline just past has 0 left."""
    return max(0, round(duration_s))
