"""During the call: hold, transfer, consultation, referral; by the phone's keys and by HTTP.

Each public method of a request answers one pair of `calls.TABLE` and returns the `Reply`;
the others answer events. One bridge serves a whole call: whoever is on hold is taken out of
it and hears music, whoever is consulted is put in.
"""

from collections.abc import Callable

from router.core.call.distribution import (
    FRONT,
    VERIFY_S,
    WHISPER_GUARD_S,
    Distribution,
    promise,
)
from router.core.call.life import Aside, Call, CallState, Due
from router.core.commands import DialOut, HangUp, PutIn, Ring, Step, TakeOut, Verify
from router.core.desk.agents import AgentDesk, AgentState
from router.core.desk.duty import RING_BACKSTOP_S, Duty
from router.core.events import KeyPressed, LegEnd, LegEnded, LegKeyPressed
from router.core.ids import PromptId, SectorId
from router.core.plan import Entry, Feature
from router.core.requests import (
    GRANTED,
    Cancel,
    Complete,
    Consult,
    Hold,
    InCall,
    Refer,
    Reply,
    Retrieve,
    Transfer,
)
from router.core.speech import referral, whisper
from router.core.switchboard import Switchboard
from router.core.work import WorkItem

TRANSFER_CALLER = PromptId("transfer-caller")
REFERRAL_CONNECTING = PromptId("referral-connecting")
REFERRAL_FAILED = PromptId("desk-referral-failed")
COLLEAGUE_LEFT = PromptId("consult-over")
PROMPTS = frozenset({TRANSFER_CALLER, REFERRAL_CONNECTING, REFERRAL_FAILED, COLLEAGUE_LEFT})

#: A service of the directory is rung for so long.
REFERRAL_RING_S = 40
#: States in which an informateur's keys and requests mean something.
CONVERSATION = frozenset(
    {CallState.TALKING, CallState.HELD, CallState.CONSULTING, CallState.REFERRING}
)


class Talk:
    """What an informateur does with a caller. `ask` finds the handler of a request."""

    def __init__(
        self,
        board: Switchboard,
        distribution: Distribution,
        duty: Duty,
        ask: Callable[[Call, InCall], Reply],
        leave_watch: Callable[[Call], None],
        vote: Callable[[Call], None],
    ) -> None:
        self._board = board
        self._distribution = distribution
        self._duty = duty
        self._ask = ask
        self._leave_watch = leave_watch
        self._vote = vote
        plan = board.plan
        self._sectors = {sector.code: sector.id for sector in plan.sectors.values() if sector.code}
        self._entries = {entry.code: entry.id for entry in plan.directory.values()}

    # The informateur's keys.

    def leg_key(self, call: Call, event: LegKeyPressed) -> None:
        """A feature's code, then a sector's or an entry's; `*` begins anew."""
        board = self._board
        typed = event.key if event.key == "*" else call.agent_typed + event.key
        call.agent_typed = typed if typed.startswith("*") else ""
        board.set_due(call, Due.KEYS, board.plan.targets.next_key_s)
        codes = board.plan.desk.keys
        for code, feature in codes.items():
            if typed.startswith(code):
                self._feature(call, feature, typed.removeprefix(code))
                return
        if call.agent_typed and not any(code.startswith(typed) for code in codes):
            call.agent_typed = ""
            self._answer(call, Reply.UNKNOWN_CODE)

    def keys_forgotten(self, call: Call) -> None:
        call.agent_typed = ""

    def _feature(self, call: Call, feature: Feature, code: str) -> None:
        request: InCall
        match feature:
            case Feature.HOLD:
                request = Hold() if call.state is CallState.TALKING else Retrieve()
            case Feature.COMPLETE:
                request = Complete()
            case Feature.CANCEL:
                request = Cancel()
            case Feature.TRANSFER | Feature.CONSULT:
                if len(code) < len(next(iter(self._sectors), "")):
                    return
                sector = self._sectors.get(code, SectorId(""))
                request = Transfer(sector) if feature is Feature.TRANSFER else Consult(sector)
            case Feature.REFER | Feature.REFER_SPOKEN:
                if len(code) < len(next(iter(self._entries), "")):
                    return
                entry = self._entries.get(code)
                if entry is None:
                    call.agent_typed = ""
                    self._answer(call, Reply.UNKNOWN_ENTRY)
                    return
                request = Refer(entry, feature is Feature.REFER_SPOKEN)
        call.agent_typed = ""
        reply = self._ask(call, request)
        if reply not in GRANTED or reply in (Reply.HELD, Reply.CONSULTING):
            self._answer(call, reply)

    def _answer(self, call: Call, reply: Reply) -> None:
        self._say_to_informateur(call, PromptId(f"desk-{reply.value}"))

    def _say_to_informateur(self, call: Call, prompt: PromptId) -> None:
        if call.leg is not None:
            self._board.play_on(call.id, call.leg, (prompt,))

    # Hold.

    def hold(self, call: Call, request: Hold) -> Reply:
        self._put_on_hold(call)
        self._board.note(call, Step.HELD, agent=call.agent)
        return Reply.HELD

    def retrieve(self, call: Call, request: Retrieve) -> Reply:
        self._take_back(call)
        return Reply.RETRIEVED

    def _put_on_hold(self, call: Call) -> None:
        """Give the caller music; the informateur stays in the bridge."""
        if call.state is CallState.HELD:
            return
        board = self._board
        self._leave_watch(call)
        assert call.bridge is not None  # TALKING has one
        board.commands.append(TakeOut(call.id, call.bridge, call.channel))
        board.start_music(call)
        call.state = CallState.HELD

    def _take_back(self, call: Call) -> None:
        """Let caller and informateur hear each other again."""
        board = self._board
        board.silence(call)
        board.cancel_due(call, Due.STEP, Due.ASIDE)
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
        call.item = WorkItem(call.id, sector, board.now, FRONT, board.next_sequence())
        self._distribution.wait(call, (TRANSFER_CALLER,), None)

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
        desk.why = self._distribution.choice(asked, desk)
        self._put_on_hold(call)
        call.state = CallState.CONSULTING
        leg = board.new_leg()
        call.aside = Aside(leg, sector=sector, agent=desk.agent.id)
        call.attempts += 1
        self._duty.chosen(desk)
        desk.call, desk.leg = call.id, leg
        board.legs[leg] = desk.agent.id
        board.note(call, Step.CONSULTING, sector=sector, agent=desk.agent.id, detail=str(desk.why))
        targets = board.plan.targets
        ring_s = targets.reserve_s + targets.ring_s + RING_BACKSTOP_S
        board.commands.append(Ring(call.id, desk.agent.id, leg, ring_s, desk.phone))
        board.set_due(call, Due.ASIDE, targets.reserve_s)
        return Reply.CONSULTING

    def colleague_rang(self, call: Call) -> None:
        colleague = self._colleague(_aside(call))
        if colleague.state is AgentState.RESERVED:
            self._duty.rang(colleague)
            self._board.set_due(call, Due.ASIDE, self._board.plan.targets.ring_s)

    def tell_colleague(self, call: Call) -> None:
        board, aside = self._board, _aside(call)
        if aside.answered:
            return  # told again
        board.cancel_due(call, Due.ASIDE)
        aside.answered = True
        desk = self._colleague(aside)
        self._duty.answered(desk)
        assert aside.sector is not None
        waited_min = int(board.now - promise(call).joined_at) // 60
        said = whisper(board.plan.about(aside.sector, call.fiche), waited_min, kind="consult")
        aside.whisper = board.play_on(call.id, aside.leg, said)
        board.set_due(call, Due.WHISPER, WHISPER_GUARD_S)

    def verify_colleague(self, call: Call) -> None:
        """The whisper broke off, though the leg seems to be there: join only if it is."""
        self._board.commands.append(Verify(call.id, _aside(call).leg))
        self._board.set_due(call, Due.WHISPER, VERIFY_S)

    def join_colleague(self, call: Call) -> None:
        board, aside = self._board, _aside(call)
        board.cancel_due(call, Due.WHISPER, Due.UNTOLD)
        if aside.whisper is not None:
            board.stop_playing(call.id, aside.whisper)
            aside.whisper = None
        assert call.bridge is not None
        board.commands.append(PutIn(call.id, call.bridge, aside.leg))
        aside.joined = True
        self._duty.joined(self._colleague(aside))
        board.note(call, Step.CONSULTED, sector=aside.sector, agent=aside.agent)

    def complete(self, call: Call, request: Complete) -> Reply:
        """The caller goes on with the colleague; who consulted wraps up."""
        if not _aside(call).joined:
            return Reply.NOT_NOW
        self._distribution.drop_leg(call)
        self._hand_over(call)
        return Reply.TRANSFERRED

    def _hand_over(self, call: Call) -> None:
        board, aside = self._board, _aside(call)
        self._distribution.conversation_over(call)
        assert aside.agent is not None
        assert aside.sector is not None
        item = promise(call)
        call.item = WorkItem(
            call.id, aside.sector, item.joined_at, item.due_at, item.sequence, item.widened
        )
        call.agent, call.leg, call.aside = aside.agent, aside.leg, None
        call.transfers += 1
        call.talking_since = board.now
        board.note(call, Step.COMPLETED, sector=aside.sector, agent=aside.agent)
        self._take_back(call)

    def colleague_left(self, call: Call, event: LegEnded) -> None:
        """Busy, rejected, or hung up after advice: back to the caller."""
        aside = _aside(call)
        self._colleague_over(call, event.reason)
        self._say_to_informateur(call, COLLEAGUE_LEFT)
        self._board.note(call, Step.CANCELLED, agent=aside.agent, detail=event.reason.value)
        self._take_back(call)

    def colleague_vanished(self, call: Call) -> None:
        """No use ringing on; a phone that was picked up may still carry the talk."""
        if not _aside(call).answered:
            self._give_up(call, LegEnd.UNREACHABLE)

    def aside_not_reached(self, call: Call) -> None:
        """Who was dialled did not answer in time."""
        aside = _aside(call)
        reserved = aside.agent is not None and (self._colleague(aside).state is AgentState.RESERVED)
        self._give_up(call, LegEnd.UNREACHABLE if reserved else LegEnd.NO_ANSWER)

    def _give_up(self, call: Call, why: LegEnd) -> None:
        aside = _aside(call)
        self._board.commands.append(HangUp(call.id, aside.leg))
        ended = LegEnded(call.id, aside.leg, why)
        if call.state is CallState.REFERRING:
            self.referral_failed(call, ended)
        else:
            self.colleague_left(call, ended)

    def cancel(self, call: Call, request: Cancel | Retrieve) -> Reply:
        """Give the consultation or the referral up."""
        self._drop_aside(call)
        self._board.note(call, Step.CANCELLED, agent=call.agent)
        self._take_back(call)
        return Reply.CANCELLED

    def informateur_left_consultation(self, call: Call, event: LegEnded) -> None:
        """Hanging up completes a transfer: to the colleague, or to the sector's queue."""
        aside = _aside(call)
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
        """Send away who was dialled, who has missed nothing."""
        aside = _aside(call)
        call.aside = None
        self._board.commands.append(HangUp(call.id, aside.leg))
        self._board.cancel_due(call, Due.ASIDE, Due.WHISPER, Due.UNTOLD)
        if aside.answered and aside.agent is not None:
            self._duty.done(self._colleague(aside), None)
        elif aside.agent is not None:
            self._duty.let_go(self._colleague(aside))

    def _colleague_over(self, call: Call, why: LegEnd) -> None:
        aside = _aside(call)
        call.aside = None
        self._board.cancel_due(call, Due.ASIDE, Due.WHISPER, Due.UNTOLD)
        if aside.agent is None:
            return
        if aside.joined:
            self._duty.done(self._colleague(aside), None)
        else:
            self._duty.missed(self._colleague(aside), why)

    def _colleague(self, aside: Aside) -> AgentDesk:
        assert aside.agent is not None
        return self._board.roster.desks[aside.agent]

    # Referral.

    def refer(self, call: Call, request: Refer) -> Reply:
        """Send the caller to an entry of the directory: dialled, or told."""
        board = self._board
        entry = board.plan.directory.get(request.entry)
        if entry is None:
            return Reply.UNKNOWN_ENTRY
        if request.spoken:
            self._distribution.drop_leg(call)
            board.silence(call)
            self._distribution.talk_over(call)
            call.leg = None
            self._read(call, entry)
            return Reply.REFERRED
        if entry.number is None:
            return Reply.NO_NUMBER
        self._put_on_hold(call)
        call.state = CallState.REFERRING
        leg = board.new_leg()
        call.aside = Aside(leg, entry=entry.id)
        board.legs[leg] = None
        board.note(call, Step.REFERRING, agent=call.agent, detail=entry.id)
        board.play(call, (REFERRAL_CONNECTING, entry.prompt))
        board.commands.append(DialOut(call.id, entry.id, leg, REFERRAL_RING_S + RING_BACKSTOP_S))
        board.set_due(call, Due.ASIDE, REFERRAL_RING_S)
        return Reply.REFERRED

    def music_again(self, call: Call) -> None:
        self._board.silence(call)
        self._board.cancel_due(call, Due.STEP)
        self._board.start_music(call)

    def referral_answered(self, call: Call) -> None:
        """Join the caller with the service; the informateur is free."""
        board, aside = self._board, _aside(call)
        aside.answered = aside.joined = True
        call.referral = aside.entry
        board.cancel_due(call, Due.ASIDE, Due.STEP)
        board.silence(call)
        assert call.bridge is not None
        if call.agent is not None:
            self._distribution.drop_leg(call)
            self._distribution.conversation_over(call)
        call.leg = None
        board.commands.append(PutIn(call.id, call.bridge, aside.leg))
        board.commands.append(PutIn(call.id, call.bridge, call.channel))
        call.state = CallState.REFERRED
        board.note(call, Step.REFERRED, agent=call.agent, detail=aside.entry or "")

    def referral_failed(self, call: Call, event: LegEnded) -> None:
        """Nobody answers there: back to the informateur, or the number is told instead."""
        entry = _aside(call).entry
        self._colleague_over(call, event.reason)
        self._board.note(call, Step.CANCELLED, agent=call.agent, detail=event.reason.value)
        if call.leg is None:
            self._board.silence(call)
            self._distribution.remove_bridge(call)
            assert entry is not None
            self._read(call, self._board.plan.directory[entry])
            return
        self._say_to_informateur(call, REFERRAL_FAILED)
        self._take_back(call)

    def informateur_left_referral(self, call: Call, event: LegEnded) -> None:
        """The referral goes on without the informateur."""
        self._distribution.conversation_over(call)
        call.leg = None

    def referral_left(self, call: Call, event: LegEnded) -> None:
        """The service has hung up: the caller may still say what it was worth."""
        call.aside = None
        self._distribution.remove_bridge(call)
        self._vote(call)

    def caller_left_referral(self, call: Call) -> None:
        self._board.commands.append(HangUp(call.id, _aside(call).leg))
        call.aside = None
        self._distribution.remove_bridge(call)
        self._board.end(call)

    def _read(self, call: Call, entry: Entry) -> None:
        board = self._board
        call.referral = entry.id
        call.state = CallState.READING
        board.note(call, Step.REFERRAL_SPOKEN, detail=entry.id)
        board.play(call, referral(entry))

    def reading_over(self, call: Call, event: KeyPressed | None = None) -> None:
        self._vote(call)


def _aside(call: Call) -> Aside:
    assert call.aside is not None  # CONSULTING, REFERRING and REFERRED have one
    return call.aside
