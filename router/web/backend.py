"""The engine as the desks' and the supervision's handlers may ask it, and whose token asks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from router.core.desk.desk_view import DeskView
from router.core.ids import AgentId, PhoneId
from router.core.requests import Reply, Request, Watching
from router.web.replies import Refused
from router.web.tokens import bearer, whose


@dataclass(frozen=True, slots=True)
class DeskBackend:
    """The engine, as HTTP may ask it, and who may ask. Every question gets an answer."""

    #: Asks for something in an informateur's name.
    ask: Callable[[AgentId, Request], Awaitable[Reply]]
    #: Lets a supervisor, by name and at a phone, take part in an informateur's call.
    watch: Callable[[str, PhoneId, AgentId, Watching], Awaitable[Reply]]
    #: Returns where an informateur stands; None: there is no such informateur.
    desk: Callable[[AgentId], DeskView | None]
    #: Returns where every informateur stands.
    desks: Callable[[], list[DeskView]]
    #: The informateur -> the token that opens the desk.
    agent_tokens: Mapping[AgentId, str]
    #: The supervisor's name, which the audit keeps -> the token that opens the supervision.
    supervisor_tokens: Mapping[str, str]
    #: How often a stream checks whether something has changed, in seconds.
    poll_s: float = 0.25
    #: After how long without a change a stream sends something all the same, in seconds:
    #: after a minute without a byte, proxies take it for dead.
    heartbeat_s: float = 15.0

    def agent_of(self, request: web.Request) -> AgentId:
        """Return the informateur whose token comes with the request.

        Raises:
            Refused: 401 for no known token, 403 for a supervisor's.
        """
        token = bearer(request.headers.get("Authorization"))
        agent = whose(token, self.agent_tokens)
        supervisor = whose(token, self.supervisor_tokens)
        if agent is not None:
            return agent
        if supervisor is None:
            raise _unauthorized()
        raise Refused(
            403,
            "not_an_agent",
            None,
            "Ce jeton est celui de la supervision ; il n’ouvre pas de poste.",
        )

    def supervisor_of(self, request: web.Request) -> str:
        """Return the name of the supervisor whose token comes with the request.

        Raises:
            Refused: 401 for no known token, 403 for an informateur's.
        """
        token = bearer(request.headers.get("Authorization"))
        supervisor = whose(token, self.supervisor_tokens)
        agent = whose(token, self.agent_tokens)
        if supervisor is not None:
            return supervisor
        if agent is None:
            raise _unauthorized()
        raise Refused(
            403,
            "not_a_supervisor",
            None,
            "Ce jeton est celui d’un informateur ; il n’ouvre pas la supervision.",
        )

    def view_of(self, agent: AgentId) -> DeskView:
        """Return where the informateur stands.

        Raises:
            Refused: 404 if there is no such informateur.
        """
        view = self.desk(agent)
        if view is None:
            raise Refused(
                404, "unknown_agent", "agent", "Cet informateur n’est pas connu du service."
            )
        return view


def telephony_away() -> Refused:
    """Return the refusal of what needs Asterisk while it is not connected."""
    return Refused(
        503,
        "telephony_away",
        None,
        "La téléphonie est momentanément indisponible. Réessayez dans un instant.",
    )


def _unauthorized() -> Refused:
    return Refused(401, "unauthorized", None, "Jeton d’accès absent ou inconnu.")
