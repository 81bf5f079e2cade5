"""What pages, metrics and handlers may know of the running service, at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from router.core.callback.tickets import Refusal, TicketRecord, TicketState
from router.core.ids import SectorId
from router.core.plan import Plan
from router.core.standing import SectorSnapshot
from router.probe.standing import ProbeStanding
from router.store.standing import Keeping
from router.web.present import Phone, phone_now
from router.web.refusals import NotNow, most_common, not_now

#: A callback that is due this soon and is not under way is at risk, in seconds.
AT_RISK_S = 180.0


class CallbackStanding(StrEnum):
    """Where an open callback stands."""

    WAITING = "waiting"
    UNDER_WAY = "under way"  # an informateur is rung, the number is dialled, or the two talk
    AT_RISK = "at risk"  # due within AT_RISK_S, and not under way
    LATE = "late"  # past the instant promised, and not under way


def standing_of(ticket: TicketRecord, now: float) -> CallbackStanding:
    """Return where the ticket stands at `now`, UTC epoch seconds."""
    if ticket.state is not TicketState.WAITING:
        return CallbackStanding.UNDER_WAY
    if ticket.due_at <= now:
        return CallbackStanding.LATE
    at_risk = ticket.due_at - now < AT_RISK_S
    return CallbackStanding.AT_RISK if at_risk else CallbackStanding.WAITING


@dataclass(frozen=True, slots=True)
class Connection:
    """The router's connection to Asterisk since its start."""

    #: Connections made: the first, and one more after each break.
    connections: int = 0
    messages: int = 0
    #: Messages that could not be read.
    malformed: int = 0
    #: Commands given up when the connection broke.
    commands_dropped: int = 0
    #: Differences between Asterisk and the engine, found and made good.
    corrections: int = 0
    #: Callers whom the dialplan has looked after while no router answered.
    fallbacks: int = 0


@dataclass(frozen=True, slots=True)
class FallbackStanding:
    """The process that looks after callers while the router is away."""

    #: Whether it can be asked now.
    is_there: bool
    #: How callers left it -> how many have, since its start.
    served: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What pages may know of the running service."""

    #: Whether calls can be answered now: Asterisk is connected.
    ready: bool
    #: UTC epoch seconds, by the service's clock.
    now: float
    #: How each sector stands, in the plan's order.
    sectors: list[SectorSnapshot]
    #: State -> informateurs in it.
    agents: dict[str, int]
    #: State -> calls in it.
    calls: dict[str, int]
    #: What the engine has counted since its start, by name.
    counts: dict[str, int]
    #: Events whose handling raised; must stay 0.
    defects: int
    #: Values that the router and its intakes kept out of their logs; must stay 0.
    leaks: int = 0
    #: Why no callback is promised in a sector, None where one is; a sector that is missing
    #: counts as unavailable.
    callbacks: Mapping[SectorId, Refusal | None] = field(default_factory=dict)
    #: Whether callers are admitted by the opening hours.
    is_open: bool = False
    #: Open callbacks, by where they stand.
    open_callbacks: Mapping[CallbackStanding, int] = field(default_factory=dict)
    connection: Connection = Connection()
    #: Why calls cannot be answered, in words without secrets; "" if they can.
    trouble: str = ""
    #: The state of each file that is written while calls go on.
    stores: Mapping[str, Keeping] = field(default_factory=dict)
    #: What a call needs to come in and reach a phone -> why it is not there, "" if it is.
    parts: Mapping[str, str] = field(default_factory=dict)
    #: How far the machine's clock, which opening hours follow, is ahead, in seconds.
    ahead_s: float = 0.0
    #: None: not known yet.
    fallback: FallbackStanding | None = None
    #: The service's calls to itself; None: it makes none.
    probe: ProbeStanding | None = None

    @property
    def troubles(self) -> dict[str, str]:
        """What is wrong, by part of the service; calls go on all the same."""
        wrong = [f"{name}: {one.trouble}" for name, one in self.stores.items() if one.trouble]
        return {"store": "; ".join(wrong)} if wrong else {}

    @property
    def missing(self) -> dict[str, str]:
        """The parts that are not there, and why."""
        return {part: why for part, why in self.parts.items() if why}

    def phone(self, plan: Plan) -> Phone:
        """Return what happens to callers now."""
        staffed = [one for one in self.sectors if one.on_duty]
        full = not any(one.is_answered for one in staffed)
        return phone_now(plan.hours, self.now, ready=self.ready, staffed=bool(staffed), full=full)

    def no_callback(self, plan: Plan) -> NotNow | None:
        """Return why no callback is promised: the commonest reason; None if one is, somewhere."""
        refusals = [self.callbacks.get(sector, Refusal.UNAVAILABLE) for sector in plan.domains]
        why = most_common(refusals)
        if why is None:
            return None
        answered = self.phone(plan) is Phone.ANSWERED
        return not_now(why, plan, self.now, answered=answered)
