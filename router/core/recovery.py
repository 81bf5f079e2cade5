"""After a restart of the router: sessions and the calls that Asterisk still holds are resumed."""

from collections.abc import Iterable

from router.core.call.distribution import Distribution
from router.core.call.journey import Journey
from router.core.call.life import Aside, Call, CallState
from router.core.call.waiting import Waiting
from router.core.commands import DeskChanged, HangUp, Step
from router.core.desk.duty import Duty
from router.core.events import CallFound, LegFound
from router.core.facts import Outcome
from router.core.ids import owner_of
from router.core.legs import Role
from router.core.switchboard import Switchboard
from router.core.work import WorkItem


class Recovery:
    """Resumes what was there before; a call without a sector starts again from the welcome."""

    def __init__(
        self,
        board: Switchboard,
        duty: Duty,
        waiting: Waiting,
        distribution: Distribution,
        journey: Journey,
    ) -> None:
        self._board = board
        self._duty = duty
        self._waiting = waiting
        self._distribution = distribution
        self._journey = journey

    def restore(self, sessions: Iterable[DeskChanged], now: float) -> None:
        """Resume sessions; whoever's phone does not register within `away_s` is logged out."""
        board = self._board
        roster = board.roster
        for session in sessions:
            desk = roster.desks.get(session.agent)
            if desk is not None and session.phone is not None and session.phone not in roster.at:
                roster.sign_in(desk, session.phone)
                desk.reason, desk.until_at = session.reason, session.until_at
                board.timers.set(("agent", desk.agent.id), now + board.plan.desk.away_s)

    def found(self, event: CallFound) -> None:
        """Resume a call that Asterisk still holds, in the state in which it is found."""
        board = self._board
        if event.call in board.calls:
            board.ignore(event)
            return
        if event.served:
            call = Call(event.call, board.now, board.plan)
            board.begin(call)
            board.note(call, Step.FOUND)
            self._distribution.see_off(call)
            return
        if event.sector is None:
            self._distribution.undo(event)
            self._journey.arrive(event.call)
            return
        sector = board.plan.standing_in_for(event.sector, event.fiche)
        call = Call(event.call, board.now, board.plan)
        board.begin(call)
        call.fiche = event.fiche if event.fiche in board.plan.fiches else None
        call.door = self._waiting.door(call, sector)
        board.note(call, Step.FOUND, sector=sector)
        joined_at = min(event.joined_at or board.now, board.now)
        call.item = WorkItem(call.id, sector, joined_at, joined_at, board.next_sequence())
        if event.agent is None and event.leg is not None and event.bridge is not None:
            call.state, call.outcome = CallState.REFERRED, Outcome.ANSWERED
            call.waited_s, call.bridge = 0.0, event.bridge
            call.aside = Aside(event.leg, answered=True, joined=True)
            board.legs.add(event.leg, Role.REFERRAL, call)
        elif not self._distribution.take_up(call, event):
            self._waiting.take_back(call, sector, joined_at)
        elif event.bridge is None:
            self._waiting.promise_since(call, sector, joined_at)
            self._distribution.tell_informateur(call)

    def leg_found(self, event: LegFound) -> None:
        """Hang up a call of before; until it has ended its phone is not rung."""
        if event.leg in self._board.legs:
            self._board.ignore(event)
            return
        self._board.commands.append(HangUp(event.call, event.leg))
        roster = self._board.roster
        desk = roster.at.get(event.phone) or roster.desks.get(owner_of(event.phone))
        if desk is not None:
            self._duty.occupied(desk, event.leg, event.phone)
        else:
            self._board.ignore(event)
