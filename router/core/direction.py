"""What supervisors direct: pauses, skills, hours and messages, each with its reason in the audit.

Pauses are as an informateur's own. The others last until the day's end, over restarts and new
plans: they are laid over the plan (today.py), and what results is taken as any new plan is.
"""

from dataclasses import replace

from router.core.commands import TodayChanged
from router.core.desk.duty import Duty
from router.core.events import Directed, PlanChanged
from router.core.facts import DirectiveFact
from router.core.ids import AgentId
from router.core.new_plan import NewPlan
from router.core.requests import (
    GRANTED,
    CloseEarly,
    Directive,
    MakeReady,
    Move,
    Pause,
    Ready,
    Reopen,
    Reply,
    SendOnPause,
    TellAll,
)
from router.core.switchboard import Switchboard
from router.core.today import Message, Today, applied

#: What the audit calls each.
_NAMES: dict[type[Directive], str] = {
    SendOnPause: "send on pause",
    MakeReady: "make ready",
    Move: "move",
    CloseEarly: "close early",
    Reopen: "reopen",
    TellAll: "tell all",
}


class Direction:
    """Does what supervisors direct, and undoes it at the day's end."""

    def __init__(self, board: Switchboard, duty: Duty, new_plan: NewPlan) -> None:
        self._board = board
        self._duty = duty
        self._new_plan = new_plan

    def directed(self, event: Directed) -> Reply:
        """Do it, or say why not."""
        directive = event.directive
        reply = self._do(directive, event.supervisor)
        if reply in GRANTED:
            agent = getattr(directive, "agent", None)
            what, detail = _NAMES[type(directive)], self._detail(directive)
            self._board.count(
                DirectiveFact(self._board.now, event.supervisor, what, agent, detail, event.why)
            )
        return reply

    def _do(self, directive: Directive, supervisor: str) -> Reply:
        match directive:
            case SendOnPause(agent, reason):
                return self._ask_for(agent, Pause(reason), supervisor)
            case MakeReady(agent):
                return self._ask_for(agent, Ready(), supervisor)
            case Move():
                return self._move(directive)
            case CloseEarly(closes_at):
                return self._close(closes_at)
            case Reopen():
                return self._reopen()
            case TellAll(text):
                return self._tell(text, supervisor)

    # An informateur's pause.

    def _ask_for(self, agent: AgentId, request: Pause | Ready, supervisor: str) -> Reply:
        desk = self._board.roster.desks.get(agent)
        if desk is None:
            return Reply.UNKNOWN_AGENT
        reply = self._duty.ask(desk, request)
        if reply in GRANTED:
            desk.directed_by = supervisor
        return reply

    # What lasts until the day's end.

    def _move(self, move: Move) -> Reply:
        plan = self._board.filed
        if move.agent not in plan.agents:
            return Reply.UNKNOWN_AGENT
        if any(one.sector not in plan.domains for one in move.skills or ()):
            return Reply.UNKNOWN_SECTOR
        moved = [one.agent for one in self._so_far().moved]
        if move.skills is None and move.agent not in moved:
            return Reply.NOTHING_TO_UNDO
        self._change(self._so_far().with_skills(move.agent, move.skills))
        return Reply.DIRECTED

    def _close(self, closes_at: float | None) -> Reply:
        board, day = self._board, self._board.service_day()
        at = board.now if closes_at is None else max(board.now, closes_at)
        # At once: of what is left of today; at a given time: of what was planned.
        hours = board.plan.hours if closes_at is None else board.filed.hours
        if not any(at < ends_at for _, ends_at in hours.instants(day)) or at >= hours.ends_at(day):
            return Reply.NOT_EARLIER
        self._change(replace(self._so_far(), closes_at=at))
        return Reply.DIRECTED

    def _reopen(self) -> Reply:
        if self._so_far().closes_at is None:
            return Reply.NOTHING_TO_UNDO
        self._change(replace(self._so_far(), closes_at=None))
        return Reply.DIRECTED

    def _tell(self, text: str | None, supervisor: str) -> Reply:
        if text is None and self._so_far().message is None:
            return Reply.NOTHING_TO_UNDO
        message = None if text is None else Message(self._board.now, supervisor, text)
        self._change(replace(self._so_far(), message=message))
        return Reply.DIRECTED

    def _so_far(self) -> Today:
        return self._board.today or Today(self._board.service_day())

    def _change(self, today: Today) -> None:
        """Go on by these changes from now on, and have them stored."""
        board = self._board
        before, board.today = self._so_far(), today
        if (before.closes_at, before.moved) != (today.closes_at, today.moved):
            self._new_plan.take(applied(board.filed, today), board.codes, board.pins)
        board.timers.set(("today",), board.plan.hours.ends_at(today.day))
        board.commands.append(TodayChanged(today))

    def day_over(self) -> None:
        """The day has ended: the service is as planned."""
        board = self._board
        self._change(Today(board.service_day()))
        board.today = None
        board.timers.cancel(("today",))

    # Restarts, and new plans.

    def restore(self, today: Today, now: float) -> None:
        """Go by what was changed before a restart, if that was today."""
        board = self._board
        board.now = now
        if today.day == board.service_day():
            board.today = today
            plan = board.plan = applied(board.filed, today)
            board.roster.change_plan(plan.agents, plan.sectors, len(plan.targets.widening_s))
            board.timers.set(("today",), plan.hours.ends_at(today.day))

    def plan_changed(self, event: PlanChanged) -> None:
        """Go on by a new plan, with what has been changed for today."""
        board = self._board
        board.filed = event.plan
        plan = event.plan if board.today is None else applied(event.plan, board.today)
        self._new_plan.take(plan, event.codes, event.pins)

    def _detail(self, directive: Directive) -> str:
        match directive:
            case SendOnPause(_, reason):
                return reason
            case Move(_, skills) if skills is not None:
                return " ".join(f"{one.sector}={one.level}" for one in skills)
            case CloseEarly():
                closes_at = self._so_far().closes_at or self._board.now
                return f"{self._board.plan.hours.local(closes_at):%H:%M}"
        return ""
