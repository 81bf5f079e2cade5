"""The wallboard's state: one JSON value, made from what the engine shows at one instant.

What differs between two of them is told as a merge patch (merge_patch.py), in which null takes a
member away; so no member is ever null: what does not apply is left out. Durations are told as the
instants since which they run, in whole seconds of UTC: then time alone changes nothing.

Nothing here could name a caller, or lead to a call: of callers there are numbers, and since when
the first has waited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from router.config.goals import Goals
from router.core.call.life import CallState
from router.core.callback.tickets import TicketRecord
from router.core.desk.agents import AgentState
from router.core.desk.desk_view import DeskView
from router.core.ids import SectorId
from router.core.plan import Plan
from router.core.standing import SectorSnapshot
from router.core.today import Message, Today
from router.report.columns import Counts
from router.report.counting import merged
from router.report.definition import Unit
from router.report.figures import Figure, figure
from router.web.desk_json import absence_json, reason_json
from router.web.snapshot import CallbackStanding, standing_of
from router.web.wallboard.definitions import (
    CALLBACKS_AT_RISK,
    CALLBACKS_LATE,
    CALLBACKS_OPEN,
    CALLBACKS_SOON,
    DAY_OF_SECTOR,
    DAY_OF_SERVICE,
    DEFINITIONS,
    LONGEST_WAIT,
    ON_DUTY,
    READY,
    SOON_S,
    WAIT_TOLD,
    WAITING,
    definitions_json,
)

#: In JSON's types, without null.
Board = dict[str, Any]


class Doing(StrEnum):
    """What an informateur does, as the board shows it."""

    OFF = "off"  # no session
    AWAY = "away"  # a session, but the phone is not registered
    READY = "ready"
    RINGING = "ringing"  # chosen for a call, or the phone rings
    ANSWERING = "answering"  # hears what the call is about; a callback's number is dialled
    TALKING = "talking"
    HOLDING = "holding"  # has a caller on hold
    CONSULTING = "consulting"  # the same, while a colleague is asked
    CONSULTED = "consulted"  # is that colleague
    REFERRING = "referring"  # the same, while another service is dialled
    NOTING = "noting"
    PAUSED = "paused"


_AT_REST = {
    AgentState.READY: Doing.READY,
    AgentState.RESERVED: Doing.RINGING,
    AgentState.RINGING: Doing.RINGING,
    AgentState.WRAPPING_UP: Doing.NOTING,
    AgentState.PAUSED: Doing.PAUSED,
}
_IN_CALL = {
    CallState.WHISPERING: Doing.ANSWERING,
    CallState.HELD: Doing.HOLDING,
    CallState.CONSULTING: Doing.CONSULTING,
    CallState.REFERRING: Doing.REFERRING,
}


@dataclass(frozen=True, slots=True)
class Telephony:
    """What is known of Asterisk; times are UTC epoch seconds."""

    connected: bool
    #: When its calls were last known; None: not since the start.
    known_at: float | None
    #: When all that it holds was last compared with what the engine believes.
    compared_at: float | None


@dataclass(frozen=True, slots=True)
class View:
    """What the board is made of, at one instant."""

    #: UTC epoch seconds, by the service's clock.
    now: float
    plan: Plan
    goals: Goals
    #: In the plan's order.
    sectors: Sequence[SectorSnapshot]
    #: Since when each caller has waited who talks to nobody yet.
    waiting: Mapping[SectorId, Sequence[float]]
    desks: Sequence[DeskView]
    #: Open callbacks.
    tickets: Sequence[TicketRecord]
    #: What has been counted today, by sector, and since when.
    counted: Mapping[SectorId | None, Counts]
    counted_since_at: float
    telephony: Telephony
    #: Whether new callers are turned away on purpose (./allo drain).
    draining: bool = False
    #: What supervisors have changed for the day.
    today: Today | None = None


def board_of(view: View) -> Board:
    """Return the whole state."""
    plan = view.plan
    return {
        "service": _service(view),
        "telephony": _present(connected=view.telephony.connected),
        "day": {"since_at": int(view.counted_since_at)},
        "definitions": definitions_json(plan, view.goals),
        "figures": _of_service(view),
        "sectors": {
            one.sector: {
                "place": place,
                "name": plan.sectors[one.sector].name,
                "figures": _of_sector(one, view),
            }
            for place, one in enumerate(view.sectors)
        },
        "informateurs": {
            one.agent: {"place": place, **_tile(one, plan)} for place, one in enumerate(view.desks)
        },
    }


def as_of(view: View) -> dict[str, float]:
    """Return of when the state is: for each source of figures, and for calls in Asterisk.

    While Asterisk is away, what the engine believes is of when it was last there.
    """
    telephony = view.telephony
    known_at = view.now if telephony.connected else telephony.known_at
    return _present(
        engine=_thousandths(known_at),
        day=_thousandths(view.now),
        compared=_thousandths(telephony.compared_at),
    )


def _service(view: View) -> dict[str, Any]:
    hours, now = view.plan.hours, view.now
    is_open, today = hours.is_open(now), view.today
    message = None if today is None else today.message
    return _present(
        name=view.plan.name,
        number=view.plan.number,
        zone=hours.zone,
        open=is_open,
        closes_at=_second(hours.closes_at(now)),
        opens_at=None if is_open else _second(hours.next_opening(now)),
        draining=view.draining or None,
        closed_early=True if today is not None and today.closes_at is not None else None,
        message=None if message is None else _message(message),
    )


def _message(message: Message) -> dict[str, Any]:
    return {"text": message.text, "by": message.supervisor, "at": int(message.at)}


# Figures.


def _of_service(view: View) -> dict[str, Any]:
    everybody = [since for waiting in view.waiting.values() for since in waiting]
    on_duty = [one for one in view.desks if one.state is not AgentState.LOGGED_OUT]
    ready = sum(one.state is AgentState.READY for one in view.desks)
    standings = [standing_of(one, view.now) for one in view.tickets]
    soon = sum(
        one.due_at - view.now <= SOON_S and standing is not CallbackStanding.UNDER_WAY
        for one, standing in zip(view.tickets, standings, strict=True)
    )
    counts = merged(view.counted.values())
    return {
        WAITING: {"value": len(everybody)},
        LONGEST_WAIT: _present(since_at=_second(min(everybody, default=None))),
        ON_DUTY: {"value": len(on_duty)},
        READY: {"value": ready},
        CALLBACKS_OPEN: {"value": len(standings)},
        CALLBACKS_SOON: {"value": soon},
        CALLBACKS_AT_RISK: {"value": standings.count(CallbackStanding.AT_RISK)},
        CALLBACKS_LATE: {"value": standings.count(CallbackStanding.LATE)},
        **{id_: _figure_json(figure(id_, counts)) for id_ in DAY_OF_SERVICE},
    }


def _of_sector(one: SectorSnapshot, view: View) -> dict[str, Any]:
    waiting = view.waiting[one.sector]
    told = one.wait_min
    counts = view.counted.get(one.sector, Counts())
    return {
        WAITING: {"value": len(waiting)},
        LONGEST_WAIT: _present(since_at=_second(min(waiting, default=None))),
        WAIT_TOLD: {} if told is None else {"low": told[0] * 60, "high": told[1] * 60},
        ON_DUTY: {"value": one.on_duty},
        READY: {"value": one.ready},
        **{id_: _figure_json(figure(id_, counts)) for id_ in DAY_OF_SECTOR},
    }


def _figure_json(one: Figure) -> dict[str, Any]:
    value = one.value
    if value is not None and DEFINITIONS[one.id].unit is not Unit.COUNT:
        value = round(value, 4)
    return _present(value=value, part=one.numerator, of=one.denominator)


# Informateurs.


def doing(view: DeskView) -> Doing:
    """Return what an informateur does."""
    if view.state is AgentState.LOGGED_OUT:
        return Doing.OFF if view.phone is None else Doing.AWAY
    if view.state is not AgentState.TALKING:
        return _AT_REST[view.state]
    if view.call is None:
        return Doing.TALKING
    if view.call.consulted:
        return Doing.CONSULTED
    return _IN_CALL.get(view.call.state, Doing.TALKING)


def _tile(view: DeskView, plan: Plan) -> dict[str, Any]:
    does, call = doing(view), view.call
    since_at = _since_at(view, does)
    return _present(
        doing=does.value,
        since_at=_second(since_at or None),  # 0: nothing has happened yet
        limit_s=_limit_s(view, does, plan),
        reason=None if view.reason is None else reason_json(view.reason, plan),
        sector=None if call is None else call.sector,
        absence=absence_json(view.absence) if does is Doing.AWAY and view.absence else None,
        watched_by=view.watched_by,
        directed_by=view.directed_by,
        skills={sector: view.skills[sector] for sector in plan.domains if sector in view.skills},
        moved=view.moved or None,
    )


def _since_at(view: DeskView, does: Doing) -> float:
    call = view.call
    if call is not None and not call.consulted:
        if call.held_at is not None:
            return call.held_at
        if does is Doing.TALKING and call.talking_at is not None:
            return call.talking_at
    return view.since_at


def _limit_s(view: DeskView, does: Doing, plan: Plan) -> int | None:
    """Return how long the state should last at most; None: as long as it takes."""
    targets = plan.targets
    match does:
        case Doing.RINGING:
            rings = view.state is AgentState.RINGING
            return targets.ring_s if rings else targets.reserve_s
        case Doing.TALKING:
            return targets.long_talk_s
        case Doing.HOLDING | Doing.CONSULTING | Doing.REFERRING:
            return targets.long_hold_s
        case Doing.NOTING | Doing.PAUSED | Doing.AWAY if view.until_at is not None:
            return round(view.until_at - view.since_at)
    return None


# JSON.


def _present(**members: Any) -> dict[str, Any]:
    """Return an object of those members that apply."""
    return {name: value for name, value in members.items() if value is not None}


def _second(at: float | None) -> int | None:
    return None if at is None else int(at)


def _thousandths(at: float | None) -> float | None:
    return None if at is None else round(at, 3)
