"""The engine as the desks' and the supervision's handlers may ask it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from router.core.desk.agents import PastCall
from router.core.desk.desk_view import DeskView
from router.core.ids import AgentId, PhoneId
from router.core.requests import Directive, Reply, Request, Watching
from router.web.replies import Refused


@dataclass(frozen=True, slots=True)
class DeskBackend:
    """The engine, as HTTP may ask it. Every question gets an answer."""

    #: Asks for something in an informateur's name.
    ask: Callable[[AgentId, Request], Awaitable[Reply]]
    #: Lets a supervisor, by name and at a phone, take part in an informateur's call.
    watch: Callable[[str, PhoneId, AgentId, Watching], Awaitable[Reply]]
    #: Does what a supervisor, by name, directs and gives reasons for.
    direct: Callable[[str, str, Directive], Awaitable[Reply]]
    #: Returns where an informateur stands; None: there is no such informateur.
    desk: Callable[[AgentId], DeskView | None]
    #: Returns where every informateur stands.
    desks: Callable[[], list[DeskView]]
    #: Returns an informateur's own conversations of the day of an instant, the latest last.
    past: Callable[[AgentId, float], list[PastCall]]
    #: How often a stream checks whether something has changed, in seconds.
    poll_s: float = 0.25
    #: After how long without a change a stream sends something all the same, in seconds: a page
    #: that hears nothing for 8 s takes the service for lost (static/poste/work.js).
    heartbeat_s: float = 5.0

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
