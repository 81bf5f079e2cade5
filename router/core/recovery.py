"""After a restart of the router: who was logged in where, and the calls that Asterisk holds."""

from collections.abc import Iterable

from router.core.call.journey import Journey
from router.core.call.life import Aside, Call, CallState
from router.core.call.waiting import Waiting
from router.core.commands import DeskChanged, HangUp, Outcome, Part, Step
from router.core.desk.duty import Duty
from router.core.events import CallFound
from router.core.legs import Role
from router.core.switchboard import Switchboard
from router.core.work import WorkItem


class Recovery:
    """Takes up what was there before; without a sector a call starts again from the welcome."""

    def __init__(self, board: Switchboard, duty: Duty, waiting: Waiting, journey: Journey) -> None:
        self._board = board
        self._duty = duty
        self._waiting = waiting
        self._journey = journey

    def restore(self, sessions: Iterable[DeskChanged], now: float) -> None:
        """Log in again who was; a phone that does not come back within `away_s` is logged out."""
        board = self._board
        roster = board.roster
        for session in sessions:
            desk = roster.desks.get(session.agent)
            if desk is not None and session.phone is not None and session.phone not in roster.at:
                roster.sign_in(desk, session.phone)
                desk.reason, desk.until_at = session.reason, session.until_at
                board.timers.set(("agent", desk.agent.id), now + board.plan.desk.away_s)

    def found(self, event: CallFound) -> None:
        """Take a call up where Asterisk still holds it after a restart of the router."""
        board = self._board
        if event.call in board.calls:
            board.ignore(event)
            return
        desk = board.roster.desks.get(event.agent) if event.agent is not None else None
        with_referral = event.agent is None and event.leg is not None and event.bridge is not None
        sector = event.sector if event.sector in board.plan.sectors else None
        if sector is None:
            self._undo_talk(event)
            self._journey.arrive(event.call)
            return
        call = Call(event.call, board.now)
        board.begin(call)
        call.fiche = event.fiche if event.fiche in board.plan.fiches else None
        call.door = self._waiting.door(call, sector)
        board.note(call, Step.FOUND, sector=sector)
        joined_at = min(event.joined_at or board.now, board.now)
        adopted = (
            desk is not None
            and event.leg is not None
            and event.bridge is not None
            and board.roster.adopt(desk, event.call, board.now)
        )
        if adopted or with_referral:
            assert event.leg is not None
            call.item = WorkItem(call.id, sector, joined_at, joined_at, board.next_sequence())
            call.outcome = Outcome.ANSWERED
            call.bridge = event.bridge
            call.waited_s = 0.0  # when it was answered is not known any more
            if desk is None:
                call.state = CallState.REFERRED
                call.aside = Aside(event.leg, answered=True, joined=True)
                board.legs.add(event.leg, Role.REFERRAL, call)
            else:
                call.state = CallState.TALKING
                call.talking_since = board.now
                call.agent, call.leg = desk.agent.id, event.leg
                desk.leg = event.leg
                board.legs.add(event.leg, Role.INFORMATEUR, call, desk.agent.id)
                self._duty.found(desk)
            return
        self._undo_talk(event)
        self._waiting.take_back(call, sector, joined_at)

    def _undo_talk(self, event: CallFound) -> None:
        """A talk that cannot be taken up: the caller is served anew, alone on the line."""
        if event.leg is not None:
            self._board.commands.append(HangUp(event.call, event.leg))
        if event.bridge is not None:
            self._board.commands.append(Part(event.call, event.bridge))
