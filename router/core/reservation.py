"""The one way to reserve and ring an informateur, be it for a caller, a callback or a colleague.

Those three add only what differs: which state follows, what the whisper says, and what happens if
nobody picks up (RONA: ring on no answer). Here too an item is opened to further levels of skill.
"""

from enum import StrEnum

from router.core.commands import HangUp, Ring
from router.core.desk.agents import AgentDesk, AgentState, Choice
from router.core.desk.duty import RING_BACKSTOP_S, Duty
from router.core.events import LegEnd
from router.core.ids import CallId, ChannelId
from router.core.legs import Owner, Role
from router.core.switchboard import Switchboard
from router.core.work import WorkItem


class Ringing(StrEnum):
    """What happens between a waiting item and an informateur."""

    TURN = "informateur free"  # it is the item's turn: this informateur is to be rung
    OVER = "rung for long enough"  # nobody picked up, or the phone never began to ring


class Reservation:
    """Rings informateurs. Each leg has a deadline of its own while it rings."""

    def __init__(self, board: Switchboard, duty: Duty) -> None:
        self._board = board
        self._duty = duty

    # Waiting.

    def wait(self, item: WorkItem) -> AgentDesk | None:
        """Put `item` in the queue, open to as many levels of skill as its wait allows.

        Returns who is free for it, if anybody: rung once the event at hand has been handled.
        """
        item.widened = self._board.plan.targets.widened(self._board.now - item.joined_at)
        self._board.queue.add(item)
        self._set_widening(item)
        return self._find_somebody(item)

    def widen(self, item: WorkItem) -> None:
        """Open `item` to the next level of skill."""
        self._board.queue.widen(item)
        self._set_widening(item)
        self._find_somebody(item)

    def leave(self, item: WorkItem) -> None:
        """Take `item` out of the queue."""
        self._board.queue.remove(item)
        self._board.timers.cancel(("widen", item))

    def _set_widening(self, item: WorkItem) -> None:
        if item.widened < len(self._board.plan.targets.widening_s):
            at = item.joined_at + self._board.plan.targets.widening_s[item.widened]
            self._board.timers.set(("widen", item), at)

    def _find_somebody(self, item: WorkItem) -> AgentDesk | None:
        desk = self._board.roster.longest_idle(item.sector, item.widened)
        if desk is not None:
            self._board.free.append(desk)
        return desk

    # Ringing.

    def choice(self, item: WorkItem, desk: AgentDesk) -> Choice:
        """Return why `desk` gets `item`; to be called before either is taken."""
        board = self._board
        level = desk.agent.skills[item.sector]
        return Choice(
            level=level,
            widened=item.widened,
            ready=board.roster.ready_at(item.sector, level),
            idle_s=board.now - desk.idle_since,
            waited_s=board.now - item.joined_at,
            open_items=board.queue.open_to(desk.agent.skills),
        )

    def ring(
        self, call: CallId, desk: AgentDesk, why: Choice, role: Role, owner: Owner
    ) -> ChannelId:
        """Reserve the informateur and ring the phone for `call`; return the leg.

        If nobody picks up in time, the owner gets `Ringing.OVER`.
        """
        board, targets = self._board, self._board.plan.targets
        self._duty.chosen(desk)
        leg = board.new_leg()
        desk.why, desk.call, desk.leg = why, call, leg
        board.legs.add(leg, role, owner, desk.agent.id)
        timeout_s = targets.reserve_s + targets.ring_s + RING_BACKSTOP_S
        board.commands.append(Ring(call, desk.agent.id, leg, timeout_s, desk.phone))
        board.set_ring_due(leg, targets.reserve_s)
        return leg

    def rang(self, desk: AgentDesk) -> None:
        """The phone has begun to ring: `ring_s` counts from here."""
        if desk.state is AgentState.RESERVED and desk.leg is not None:
            self._duty.rang(desk)
            self._board.set_ring_due(desk.leg, self._board.plan.targets.ring_s)

    def answered(self, desk: AgentDesk) -> None:
        """The phone was picked up."""
        self._duty.answered(desk)
        if desk.leg is not None:
            self._board.cancel_ring_due(desk.leg)

    def drop(self, call: CallId, leg: ChannelId | None) -> None:
        """Hang up a leg that rings or talks; from now on only its end is awaited."""
        if leg is not None:
            self._board.commands.append(HangUp(call, leg))
            self._board.legs.dismiss(leg)
            self._board.cancel_ring_due(leg)


def why_unanswered(desk: AgentDesk) -> LegEnd:
    """Return why nobody picked up in time: no answer or, if it never rang, no phone."""
    return LegEnd.UNREACHABLE if desk.state is AgentState.RESERVED else LegEnd.NO_ANSWER
