"""During the conversation: hold, transfer, consultation.

Whatever handles a request returns the `Reply`. One bridge serves the whole conversation: a caller
on hold is taken out of it and hears music, a colleague who is consulted is put in.
"""

from router.core.call.distribution import VERIFY_S, WHISPER_GUARD_S, Distribution
from router.core.call.life import WHISPER_DUES, Aside, Call, CallState, Due
from router.core.call.supervision import Supervision
from router.core.call.waiting import FRONT, Waiting, promise
from router.core.commands import PutIn, Step, TakeOut, Verify
from router.core.desk.agents import AgentDesk
from router.core.desk.duty import Duty
from router.core.events import LegEnd, LegEnded
from router.core.ids import PromptId, SectorId
from router.core.legs import Role, Said
from router.core.requests import Consult, Reply, Transfer
from router.core.reservation import Reservation, why_unanswered
from router.core.speech import whisper
from router.core.switchboard import Switchboard
from router.core.work import WorkItem

TRANSFER_CALLER = PromptId("transfer-caller")
COLLEAGUE_LEFT = PromptId("consult-over")
PROMPTS = frozenset({TRANSFER_CALLER, COLLEAGUE_LEFT})


class Talk:
    """Does what informateurs ask for during a conversation."""

    def __init__(
        self,
        board: Switchboard,
        duty: Duty,
        reservation: Reservation,
        waiting: Waiting,
        distribution: Distribution,
        supervision: Supervision,
    ) -> None:
        self._board = board
        self._duty = duty
        self._reservation = reservation
        self._waiting = waiting
        self._distribution = distribution
        self._supervision = supervision

    def say_to_informateur(self, call: Call, prompt: PromptId) -> None:
        """Play a sentence on the informateur's leg, if it is there; nothing waits for its end."""
        if call.leg is not None:
            self._board.play_on(call.id, call.leg, (prompt,))

    # Hold.

    def hold(self, call: Call) -> Reply:
        """Put the caller on hold."""
        self.put_on_hold(call)
        self._board.note(call, Step.HELD, agent=call.agent)
        return Reply.HELD

    def retrieve(self, call: Call) -> Reply:
        """Take the caller back from hold."""
        self.take_back(call)
        return Reply.RETRIEVED

    def put_on_hold(self, call: Call) -> None:
        """Give the caller music, unless on hold already; the informateur stays in the bridge."""
        if call.state is CallState.HELD:
            return
        board = self._board
        self._supervision.end(call)
        assert call.bridge is not None  # TALKING has one
        board.commands.append(TakeOut(call.id, call.bridge, call.channel))
        board.play_music(call)
        call.state = CallState.HELD
        call.held_at = board.now

    def take_back(self, call: Call) -> None:
        """Put the caller back in the bridge with the informateur."""
        board = self._board
        board.silence(call)
        assert call.bridge is not None
        board.commands.append(PutIn(call.id, call.bridge, call.channel))
        call.state = CallState.TALKING
        board.note(call, Step.RETRIEVED, agent=call.agent)

    def informateur_left_caller_on_hold(self, call: Call, event: LegEnded) -> None:
        """The informateur hung up on a caller on hold, surely by mistake: served next."""
        self._distribution.back_to_front(call, promise(call).sector, event.reason)

    # Transfer.

    def transfer(self, call: Call, request: Transfer) -> Reply:
        """Put the caller at the front of another sector's queue; the informateur wraps up."""
        refusal = self._why_not(call, request.sector)
        if refusal is not None:
            return refusal
        self._distribution.drop_leg(call)
        self._give_away(call, request.sector)
        return Reply.TRANSFERRED

    def _why_not(self, call: Call, sector: SectorId) -> Reply | None:
        board = self._board
        if sector not in board.plan.domains:
            return Reply.UNKNOWN_SECTOR
        if sector == promise(call).sector:
            return Reply.SAME_SECTOR
        if not board.roster.on_duty(sector, apart_from=self._distribution.desk(call)):
            return Reply.SECTOR_CLOSED
        return None

    def _give_away(self, call: Call, sector: SectorId) -> None:
        board = self._board
        board.silence(call)
        self._distribution.talk_over(call)
        board.note(call, Step.TRANSFERRED, sector=sector, agent=call.agent)
        call.agent = call.leg = None
        call.transfers += 1
        self._waiting.to_the_front(call, sector, TRANSFER_CALLER)

    # Consultation.

    def consult(self, call: Call, request: Consult) -> Reply:
        """Put the caller on hold and ring an informateur of the sector, whatever the level.

        The best level with somebody ready is chosen, and there the longest idle.
        """
        board = self._board
        sector = request.sector
        if sector not in board.plan.domains:
            return Reply.UNKNOWN_SECTOR
        levels = len(board.plan.targets.widening_s)
        desk = board.roster.longest_idle(sector, levels)
        if desk is None:
            return Reply.NOBODY_FREE
        asked = WorkItem(call.id, sector, board.now, FRONT, board.next_sequence(), levels)
        why = self._reservation.choice(asked, desk)
        self.put_on_hold(call)
        call.state = CallState.CONSULTING
        leg = self._reservation.ring(call.id, desk, why, Role.COLLEAGUE, call)
        call.aside = Aside(leg, sector=sector, agent=desk.agent.id)
        call.attempts += 1
        board.note(call, Step.CONSULTING, sector=sector, agent=desk.agent.id, detail=str(why))
        return Reply.CONSULTING

    def colleague_rang(self, call: Call) -> None:
        """The colleague's phone has begun to ring."""
        self._reservation.rang(self._colleague(aside_of(call)))

    def tell_colleague(self, call: Call) -> None:
        """The colleague has picked up: whisper what it is about, before the two are joined."""
        board, aside = self._board, aside_of(call)
        if aside.answered:
            return  # reported twice
        aside.answered = True
        self._reservation.answered(self._colleague(aside))
        assert aside.sector is not None
        waited_min = int(board.now - promise(call).joined_at) // 60
        said = whisper(board.plan.about(aside.sector, call.fiche), waited_min, kind="consult")
        call.said[Said.COLLEAGUE] = board.play_on(call.id, aside.leg, said)
        board.set_due(call, Due.WHISPER, WHISPER_GUARD_S)

    def verify_colleague(self, call: Call) -> None:
        """The whisper broke off, yet the leg seems to be there: join only if it still exists."""
        self._board.commands.append(Verify(call.id, aside_of(call).leg))
        self._board.set_due(call, Due.WHISPER, VERIFY_S)

    def join_colleague(self, call: Call) -> None:
        """The whisper is over: put the colleague in the bridge with the informateur."""
        board, aside = self._board, aside_of(call)
        board.cancel_due(call, *WHISPER_DUES)
        board.cut_short(call, Said.COLLEAGUE)
        assert call.bridge is not None
        board.commands.append(PutIn(call.id, call.bridge, aside.leg))
        aside.joined = True
        self._duty.joined(self._colleague(aside))
        board.note(call, Step.CONSULTED, sector=aside.sector, agent=aside.agent)

    def complete(self, call: Call) -> Reply:
        """Hand the caller over to the colleague; the first informateur wraps up."""
        if not aside_of(call).joined:
            return Reply.NOT_NOW
        self._distribution.drop_leg(call)
        self._hand_over(call)
        return Reply.TRANSFERRED

    def _hand_over(self, call: Call) -> None:
        board, aside = self._board, aside_of(call)
        self._distribution.conversation_over(call)
        assert aside.agent is not None
        assert aside.sector is not None
        item = promise(call)
        call.item = WorkItem(
            call.id, aside.sector, item.joined_at, item.due_at, item.sequence, item.widened
        )
        call.agent, call.leg, call.aside = aside.agent, aside.leg, None
        board.legs.add(aside.leg, Role.INFORMATEUR, call, aside.agent)
        call.transfers += 1
        call.talking_since = board.now
        board.note(call, Step.COMPLETED, sector=aside.sector, agent=aside.agent)
        self.take_back(call)

    def colleague_left(self, call: Call, event: LegEnded) -> None:
        """The colleague was busy, rejected the call, or has hung up: back to the caller."""
        aside = aside_of(call)
        self._aside_over(call)
        self._board.cancel_ring_due(aside.leg)
        if aside.joined:
            self._duty.done(self._colleague(aside), None)
        else:
            self._duty.missed(self._colleague(aside), event.reason)
        self.say_to_informateur(call, COLLEAGUE_LEFT)
        self._board.note(call, Step.CANCELLED, agent=aside.agent, detail=event.reason.value)
        self.take_back(call)

    def colleague_vanished(self, call: Call) -> None:
        """The colleague's phone lost its registration: stop ringing it, unless it was picked up."""
        if not aside_of(call).answered:
            self._give_up(call, LegEnd.UNREACHABLE)

    def colleague_unanswered(self, call: Call) -> None:
        """The colleague did not pick up in time."""
        self._give_up(call, why_unanswered(self._colleague(aside_of(call))))

    def _give_up(self, call: Call, why: LegEnd) -> None:
        aside = aside_of(call)
        self._reservation.drop(call.id, aside.leg)
        self.colleague_left(call, LegEnded(call.id, aside.leg, why))

    def cancel(self, call: Call) -> Reply:
        """Give up the consultation or the referral, and return to the caller."""
        self._drop_aside(call)
        self._board.note(call, Step.CANCELLED, agent=call.agent)
        self.take_back(call)
        return Reply.CANCELLED

    def informateur_left_consultation(self, call: Call, event: LegEnded) -> None:
        """Hanging up completes a transfer, to the colleague or else to the sector's queue."""
        aside = aside_of(call)
        hung_up = event.reason is LegEnd.HUNG_UP
        if aside.joined and hung_up:
            self._hand_over(call)
            return
        sector = aside.sector
        assert sector is not None
        self._drop_aside(call)
        if hung_up:
            self._give_away(call, sector)
        else:
            self._distribution.back_to_front(call, sector, event.reason)

    def caller_left_aside(self, call: Call) -> None:
        """The caller hung up during the consultation or the referral."""
        self._drop_aside(call)
        self._distribution.talking_caller_left(call)

    def _drop_aside(self, call: Call) -> None:
        """Hang up on the third party, for whom that is no missed call."""
        aside = aside_of(call)
        self._aside_over(call)
        self._reservation.drop(call.id, aside.leg)
        if aside.answered and aside.agent is not None:
            self._duty.done(self._colleague(aside), None)
        elif aside.agent is not None:
            self._duty.let_go(self._colleague(aside))

    def _aside_over(self, call: Call) -> None:
        call.aside = None
        call.said.pop(Said.COLLEAGUE, None)
        self._board.cancel_due(call, *WHISPER_DUES)

    def _colleague(self, aside: Aside) -> AgentDesk:
        assert aside.agent is not None
        return self._board.roster.desks[aside.agent]


def aside_of(call: Call) -> Aside:
    """Return the third party; CONSULTING, REFERRING and REFERRED have one."""
    assert call.aside is not None
    return call.aside
