"""What an informateur's own screen may show; nothing of it says who is calling."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.core.call.life import CONVERSATION, Aside, CallState
from router.core.callback.open_tickets import Ticket
from router.core.callback.tickets import TicketState
from router.core.desk.agents import AgentDesk, AgentState, Choice
from router.core.events import Absence
from router.core.facts import Door
from router.core.ids import AgentId, CallId, EntryId, FicheId, PhoneId, ReasonId, SectorId
from router.core.switchboard import Switchboard
from router.core.today import Message

#: States that a supervisor may have asked for.
_DIRECTED = frozenset({AgentState.READY, AgentState.PAUSED})
#: States in which the caller hears music, and the informateur has the call.
_ON_HOLD = CONVERSATION - {CallState.TALKING}


@dataclass(frozen=True, slots=True)
class AsideView:
    """The third party: an informateur of a sector who is consulted, or an entry referred to."""

    sector: SectorId | None
    entry: EntryId | None
    #: Whether informateur and third party are talking.
    joined: bool


@dataclass(frozen=True, slots=True)
class NotingView:
    """The last call, while it can be noted."""

    sector: SectorId
    fiche: FicheId | None
    #: Until when, UTC epoch seconds.
    until_at: float


@dataclass(frozen=True, slots=True)
class CallView:
    """The call at an informateur's phone, ringing or under way. Durations in seconds."""

    state: CallState
    sector: SectorId
    door: Door
    fiche: FicheId | None
    waited_s: float
    #: Since the conversation began; None before.
    talked_s: float | None
    #: How many phones were rung for it, this one included; a callback: how often it was dialled.
    attempts: int
    #: When the conversation began, and since when the caller is on hold, UTC epoch seconds; None:
    #: it has not, or is not.
    talking_at: float | None = None
    held_at: float | None = None
    #: Whether this informateur is only consulted by the one who has the call.
    consulted: bool = False
    #: Whether the caller was passed on by another informateur.
    passed_on: bool = False
    aside: AsideView | None = None


@dataclass(frozen=True, slots=True)
class DeskView:
    """An informateur's state at the time of the last event; times are UTC epoch seconds."""

    agent: AgentId
    state: AgentState
    since_at: float
    #: Where the informateur is logged in; None: nowhere.
    phone: PhoneId | None
    #: Whether that phone can be rung.
    present: bool
    #: Why paused: a reason of the plan, or one of the service's own ("missed", "busy", …).
    reason: ReasonId | None
    #: When the state ends by itself; None: when the call does, or not at all.
    until_at: float | None
    #: Calls not answered in a row.
    misses: int
    call: CallView | None
    #: The supervisor who takes part in the call.
    watched_by: str | None
    #: Why the latest call came here; None before the first.
    why: Choice | None
    #: Why that phone cannot be rung; None: it can, or there is none.
    absence: Absence | None = None
    #: Asked for during the call, and done at its end: a pause for a reason, or the log-out.
    pausing: ReasonId | None = None
    leaving: bool = False
    noting: NotingView | None = None
    #: The sectors served today, with the level in each, and whether a supervisor changed them.
    skills: Mapping[SectorId, int] = field(default_factory=dict)
    moved: bool = False
    #: The supervisor who asked for the pause, or for its end.
    directed_by: str | None = None
    #: What a supervisor says to all.
    message: Message | None = None


def view_of(desk: AgentDesk, board: Switchboard, attempts: Mapping[CallId, Ticket]) -> DeskView:
    """Return what that informateur's screen may show.

    `attempts` are callbacks under way, by their channel, until the two are talking.
    """
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
            talking_at=call.talking_since,
            held_at=call.held_at if call.state in _ON_HOLD else None,
            consulted=call.agent != desk.agent.id,
            passed_on=call.transfers > 0,
            aside=None if call.aside is None else _aside(call.aside),
        )
    last = desk.last if desk.last is not None and board.now < desk.last.until_at else None
    today = board.today
    return DeskView(
        agent=desk.agent.id,
        state=desk.state,
        since_at=desk.since_at,
        phone=desk.phone,
        present=desk.present,
        absence=None if desk.phone is None else board.roster.absence(desk.phone),
        reason=desk.reason,
        until_at=None
        if desk.state is AgentState.TALKING
        else board.timers.at(("agent", desk.agent.id)),
        misses=desk.misses,
        call=at_phone,
        watched_by=call.watch.supervisor if call is not None and call.watch else None,
        why=desk.why,
        pausing=desk.pausing,
        leaving=desk.leaving,
        noting=None if last is None else NotingView(last.sector, last.fiche, last.until_at),
        skills=desk.agent.skills,
        moved=today is not None and any(one.agent == desk.agent.id for one in today.moved),
        directed_by=desk.directed_by if desk.state in _DIRECTED or desk.pausing else None,
        message=None if today is None else today.message,
    )


def _aside(aside: Aside) -> AsideView:
    return AsideView(aside.sector, None if aside.entry is None else aside.entry.id, aside.joined)


def _attempt(ticket: Ticket, now: float) -> CallView:
    """Return a callback under way: the informateur is being rung, or the number dialled."""
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
