"""What an informateur's own screen may show; without any identity of callers."""

from collections.abc import Mapping
from dataclasses import dataclass

from router.core.call.life import CallState
from router.core.callback.open_tickets import Ticket
from router.core.callback.tickets import TicketState
from router.core.desk.agents import AgentDesk, AgentState, Choice
from router.core.facts import Door
from router.core.ids import AgentId, CallId, FicheId, PhoneId, ReasonId, SectorId
from router.core.switchboard import Switchboard


@dataclass(frozen=True, slots=True)
class CallView:
    """The call that rings or is under way at an informateur. Durations in seconds."""

    state: CallState
    sector: SectorId
    door: Door
    fiche: FicheId | None
    waited_s: float
    #: Since the conversation began; None before.
    talked_s: float | None
    #: How many phones were rung for it, this one included.
    attempts: int


@dataclass(frozen=True, slots=True)
class DeskView:
    """Where an informateur stands at the time of the last event; times are UTC epoch seconds."""

    agent: AgentId
    state: AgentState
    since_at: float
    #: Where logged in; None: logged out.
    phone: PhoneId | None
    #: Whether that phone is registered.
    present: bool
    #: Why paused: a reason of the plan, or what the service paused for ("missed", "busy", …).
    reason: ReasonId | None
    #: When the state ends by itself; None: only when the call does, or not at all.
    until_at: float | None
    #: Calls not answered in a row.
    misses: int
    call: CallView | None
    #: The supervisor who takes part in the call.
    watched_by: str | None
    #: Why the latest call came here; None before the first.
    why: Choice | None


def view_of(desk: AgentDesk, board: Switchboard, attempts: Mapping[CallId, Ticket]) -> DeskView:
    """Return what the screen of that informateur may show; `attempts` are to call somebody back,
    by their channel, until the two are joined."""
    call = board.calls.get(desk.call) if desk.call is not None else None
    ticket = attempts.get(desk.call) if desk.call is not None else None
    at_phone = None
    if ticket is not None:
        at_phone = _attempt(ticket, board.now)
    elif call is not None and call.item is not None:
        waited_s = call.waited_s
        if waited_s is None:
            waited_s = board.now - call.item.joined_at
        at_phone = CallView(
            state=call.state,
            sector=call.item.sector,
            door=call.door,
            fiche=call.fiche,
            waited_s=waited_s,
            talked_s=None if call.talking_since is None else board.now - call.talking_since,
            attempts=call.attempts,
        )
    return DeskView(
        agent=desk.agent.id,
        state=desk.state,
        since_at=desk.since_at,
        phone=desk.phone,
        present=desk.present,
        reason=desk.reason,
        until_at=None
        if desk.state is AgentState.TALKING
        else board.timers.at(("agent", desk.agent.id)),
        misses=desk.misses,
        call=at_phone,
        watched_by=call.watch.supervisor if call is not None and call.watch else None,
        why=desk.why,
    )


def _attempt(ticket: Ticket, now: float) -> CallView:
    """Whoever is called back: the informateur's phone rings, or the number is being dialled."""
    record = ticket.record
    rings = ticket.state is TicketState.RINGING
    return CallView(
        state=CallState.RINGING if rings else CallState.WHISPERING,
        sector=record.sector,
        door=Door.CALLBACK,
        fiche=record.fiche,
        waited_s=now - record.asked_at,
        talked_s=None,
        attempts=record.attempts,
    )
