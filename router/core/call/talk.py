"""During the call: hold, transfer, consultation.

What answers a request returns the `Reply`. One bridge serves a whole call: whoever is on hold
is taken out of it and hears music, whoever is consulted is put in.
"""

from router.core.call.distribution import VERIFY_S, WHISPER_GUARD_S, Distribution
from router.core.call.life import Aside, Call, CallState, Due
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
    """What an informateur does with a caller."""

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
        """Say a sentence on the informateur's leg, if it is there; nobody waits for its end."""
        if call.leg is not None:
            self._board.play_on(call.id, call.leg, (prompt,))

    # Hold.

    def hold(self, call: Call) -> Reply:
        self.put_on_hold(call)
        self._board.note(call, Step.HELD, agent=call.agent)
        return Reply.HELD

    def retrieve(self, call: Call) -> Reply:
        self.take_back(call)
        return Reply.RETRIEVED

    def put_on_hold(self, call: Call) -> None:
        """Give the caller music; the informateur stays in the bridge."""
        if call.state is CallState.HELD:
            return
        board = self._board
        self._supervision.end(call)
        assert call.bridge is not None  # TALKING has one
        board.commands.append(TakeOut(call.id, call.bridge, call.channel))
        board.play_music(call)
        call.state = CallState.HELD

    def take_back(self, call: Call) -> None:
        """Let caller and informateur hear each other again."""
        board = self._board
        board.silence(call)
        assert call.bridge is not None
        board.commands.append(PutIn(call.id, call.bridge, call.channel))
        call.state = CallState.TALKING
        board.note(call, Step.RETRIEVED, agent=call.agent)

    def informateur_left_caller_on_hold(self, call: Call, event: LegEnded) -> None:
        """Nobody hangs up on a caller on hold on purpose: served again, first."""
        self._distribution.back_to_front(call, promise(call).sector, event.reason)

    # Transfer.

    def transfer(self, call: Call, request: Transfer) -> Reply:
        """Give the caller to another sector, at the front; the informateur wraps up."""
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
        if not board.roster.on_duty(sector, besides=self._distribution.desk(call)):
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
        """Ring the longest idle informateur of a sector, whatever the level; hold meanwhile."""
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
        self._reservation.rang(self._colleague(aside_of(call)))

    def tell_colleague(self, call: Call) -> None:
        """Tell the colleague what it is about, before the two informateurs are joined."""
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
        """The whisper broke off, though the leg seems to be there: join only if it is."""
        self._board.commands.append(Verify(call.id, aside_of(call).leg))
        self._board.set_due(call, Due.WHISPER, VERIFY_S)

    def join_colleague(self, call: Call) -> None:
        board, aside = self._board, aside_of(call)
        board.cancel_due(call, Due.WHISPER, Due.UNTOLD)
        board.cut_short(call.id, call, Said.COLLEAGUE)
        assert call.bridge is not None
        board.commands.append(PutIn(call.id, call.bridge, aside.leg))
        aside.joined = True
        self._duty.joined(self._colleague(aside))
        board.note(call, Step.CONSULTED, sector=aside.sector, agent=aside.agent)

    def complete(self, call: Call) -> Reply:
        """The caller goes on with the colleague; who consulted wraps up."""
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
        """Busy, rejected, or hung up after advice: back to the caller."""
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
        """No use ringing on; a phone that was picked up may still carry the talk."""
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
        """Give the consultation or the referral up."""
        self._drop_aside(call)
        self._board.note(call, Step.CANCELLED, agent=call.agent)
        self.take_back(call)
        return Reply.CANCELLED

    def informateur_left_consultation(self, call: Call, event: LegEnded) -> None:
        """Hanging up completes a transfer: to the colleague, or to the sector's queue."""
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
        self._drop_aside(call)
        self._distribution.talking_caller_left(call)

    def _drop_aside(self, call: Call) -> None:
        """Send away whoever was dialled, and has missed nothing."""
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
        self._board.cancel_due(call, Due.WHISPER, Due.UNTOLD)

    def _colleague(self, aside: Aside) -> AgentDesk:
        assert aside.agent is not None
        return self._board.roster.desks[aside.agent]


def aside_of(call: Call) -> Aside:
    """Return who was dialled besides."""
    assert call.aside is not None  # CONSULTING, REFERRING and REFERRED have one
    return call.aside
