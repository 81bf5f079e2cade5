"""From the queue to the conversation: ringing an informateur, the whisper, the bridge."""

from router.core.call.life import WHISPER_DUES, Call, CallState, Due
from router.core.call.supervision import Supervision
from router.core.call.votes import Votes
from router.core.call.waiting import Waiting, promise
from router.core.commands import HangUp, Join, Part, PutIn, Step, Verify
from router.core.desk.agents import AgentDesk, LastCall, PastCall
from router.core.desk.duty import Duty
from router.core.events import CallFound, LegEnd, LegEnded
from router.core.facts import Outcome
from router.core.ids import PromptId, SectorId
from router.core.legs import Owner, Role, Said
from router.core.requests import Reply
from router.core.reservation import Reservation, why_unanswered
from router.core.speech import whisper
from router.core.standing import Standing
from router.core.switchboard import GOODBYE, Switchboard

CONNECTING = PromptId("connecting")
AGENT_LOST = PromptId("agent-lost")
AGENT_MISSED = PromptId("agent-missed")
PROMPTS = frozenset({CONNECTING, AGENT_LOST, AGENT_MISSED})

#: A whisper whose end is not reported is considered heard after this, in seconds.
WHISPER_GUARD_S = 20.0
#: If a leg that Asterisk is asked about is gone, that is reported within this, in seconds.
VERIFY_S = 2.0


class Distribution:
    """Brings callers and informateurs together (ACD: automatic call distribution)."""

    def __init__(
        self,
        board: Switchboard,
        duty: Duty,
        reservation: Reservation,
        standing: Standing,
        waiting: Waiting,
        supervision: Supervision,
        votes: Votes,
    ) -> None:
        self._board = board
        self._duty = duty
        self._reservation = reservation
        self._standing = standing
        self._waiting = waiting
        self._supervision = supervision
        self._votes = votes

    # Ringing.

    def ring(self, call: Call, desk: AgentDesk) -> None:
        """Ring the informateur who is free for this call."""
        board = self._board
        item = promise(call)
        why = self._reservation.choice(item, desk)
        self._waiting.leave(call)
        call.state = CallState.RINGING
        call.attempts += 1
        call.agent = desk.agent.id
        call.leg = self._reservation.ring(call.id, desk, why, Role.INFORMATEUR, call)
        board.note(
            call,
            Step.RINGING,
            sector=item.sector,
            agent=desk.agent.id,
            seconds=board.now - item.joined_at,
            detail=str(why),
        )

    def rang(self, call: Call) -> None:
        """The informateur's phone has begun to ring."""
        self._reservation.rang(self.desk(call))

    def no_answer(self, call: Call) -> None:
        """Nobody picked up in time, or the phone never began to ring."""
        why = why_unanswered(self.desk(call))
        self.drop_leg(call)
        self._missed(call, why)

    def missed(self, call: Call, event: LegEnded) -> None:
        """The phone was busy, or rejected the call, or was hung up during the whisper."""
        announced = call.state is CallState.WHISPERING
        self._missed(call, event.reason, (AGENT_MISSED,) if announced else ())

    def phone_vanished(self, call: Call) -> None:
        """The phone lost its registration while it rang."""
        self.drop_leg(call)
        self._missed(call, LegEnd.UNREACHABLE)

    def _missed(self, call: Call, why: LegEnd, said: tuple[PromptId, ...] = ()) -> None:
        """Put the caller back in the queue, at the same rank; this informateur is paused."""
        board = self._board
        desk = self.desk(call)
        board.note(
            call, Step.MISSED, sector=promise(call).sector, agent=call.agent, detail=why.value
        )
        self._duty.missed(desk, why)
        call.agent = call.leg = None
        call.said.pop(Said.INFORMATEUR, None)
        board.cancel_due(call, *WHISPER_DUES)
        self._waiting.wait(call, said, None)

    def ringing_caller_left(self, call: Call) -> None:
        """The caller hung up while the phone rang; the informateur's idle time counts on."""
        self.drop_leg(call)
        self._duty.let_go(self.desk(call))
        self._waiting.gave_up(call)

    # Answered.

    def tell_informateur(self, call: Call) -> None:
        """Picked up: whisper what the call is about; tell the caller that somebody is coming."""
        board = self._board
        self._reservation.answered(self.desk(call))
        if call.rejoining == call.agent:
            self.join(call)  # they had been talking
            return
        call.state = CallState.WHISPERING
        item = promise(call)
        board.note(call, Step.WHISPERED, sector=item.sector, agent=call.agent)
        about = board.plan.about(item.sector, call.fiche)
        kind = "transfer" if call.transfers else "call"
        said = whisper(about, int(board.now - item.joined_at) // 60, kind=kind)
        assert call.leg is not None  # RINGING has a leg
        call.said[Said.INFORMATEUR] = board.play_on(call.id, call.leg, said)
        board.play(call, (CONNECTING,))
        board.set_due(call, Due.WHISPER, WHISPER_GUARD_S)

    def verify_informateur(self, call: Call) -> None:
        """The whisper broke off, yet the leg seems to be there: join only if it still exists."""
        assert call.leg is not None  # WHISPERING has a leg
        self._board.commands.append(Verify(call.id, call.leg))
        self._board.set_due(call, Due.WHISPER, VERIFY_S)

    def join(self, call: Call) -> None:
        """Join caller and informateur in a bridge: the conversation begins."""
        board = self._board
        board.silence(call)
        board.cut_short(call, Said.INFORMATEUR)
        board.cancel_due(call, *WHISPER_DUES)
        assert call.leg is not None  # WHISPERING has a leg
        self._duty.joined(self.desk(call))
        call.bridge = board.new_bridge()
        call.state = CallState.TALKING
        call.outcome = Outcome.ANSWERED
        call.talking_since = board.now
        call.rejoining = None
        call.agent_typed = ""
        if call.waited_s is None and call.joined_at is not None:
            call.waited_s = board.now - call.joined_at
            if call.ticket is None:
                self._standing.estimate.waited(call.waited_s, gave_up=False)
        board.commands.append(Join(call.id, call.bridge, (call.channel, call.leg)))
        item = promise(call)
        board.note(
            call,
            Step.TALKING,
            sector=item.sector,
            agent=call.agent,
            seconds=board.now - item.joined_at,
        )

    def take_up(self, call: Call, found: CallFound) -> bool:
        """Resume what went on in Asterisk during a restart of the router.

        A conversation goes on, from hold too. An informateur who has picked up, and has not been
        joined with the caller yet, is to be told again what the call is about.

        False if that informateur cannot be the one: then the conversation is ended, and the caller
        is to be put back in the queue.
        """
        board = self._board
        if not self.adopt(call, found):
            self.undo(found)
            return False
        call.agent, call.leg, call.bridge = found.agent, found.leg, found.bridge
        call.music = found.bridge is None or found.apart  # or a prompt that is over by now
        if found.bridge is None:
            return True
        call.state, call.outcome = CallState.TALKING, Outcome.ANSWERED
        call.talking_since = board.now
        call.waited_s = 0.0  # when it was answered is no longer known
        if found.apart:
            board.silence(call)
            board.commands.append(PutIn(call.id, found.bridge, call.channel))
        return True

    def adopt(self, owner: Owner, found: CallFound) -> bool:
        """Resume an informateur whose phone has had a call, now of `owner`, since before a restart.

        False if nobody of the plan, or somebody who is busy.
        """
        board = self._board
        desk = board.roster.desks.get(found.agent) if found.agent is not None else None
        if desk is None or found.leg is None:
            return False
        if not board.roster.adopt(desk, found.call, board.now):
            return False
        desk.leg = found.leg
        board.legs.add(found.leg, Role.INFORMATEUR, owner, desk.agent.id)
        self._duty.found(desk, found.phone)
        return True

    def undo(self, found: CallFound) -> None:
        """End a conversation that was found: hang up the leg and remove the bridge."""
        if found.leg is not None:
            self._board.commands.append(HangUp(found.call, found.leg))
            desk = self._board.roster.desks.get(found.agent) if found.agent is not None else None
            if desk is not None:
                self._duty.occupied(desk, found.leg, found.phone)
        if found.bridge is not None:
            self._board.commands.append(Part(found.call, found.bridge))

    def see_off(self, call: Call) -> None:
        """Say goodbye to a caller who had been served before a restart of the router."""
        call.outcome, call.waited_s = Outcome.ANSWERED, 0.0
        call.music = True  # or a prompt that is over by now
        self._board.say_goodbye(call, call.outcome, (GOODBYE,))

    # The end of the conversation.

    def informateur_left(self, call: Call, event: LegEnded) -> None:
        """The informateur hung up: the caller may vote. If the phone died, the caller is next."""
        if event.reason is not LegEnd.HUNG_UP:
            self.back_to_front(call, promise(call).sector, event.reason)
            return
        self._talk_done(call)

    def end_talk(self, call: Call) -> Reply:
        """The informateur ends the conversation without hanging up the phone: we do."""
        self.drop_leg(call)
        self._talk_done(call)
        return Reply.ENDED

    def _talk_done(self, call: Call) -> None:
        talked_s = self.talk_over(call)
        self._board.note(call, Step.AGENT_DONE, agent=call.agent, seconds=talked_s)
        self._votes.begin(call)

    def back_to_front(self, call: Call, sector: SectorId, why: LegEnd) -> None:
        """Put a caller whose informateur is gone at the front of the queue of `sector`."""
        board = self._board
        board.silence(call)
        self.talk_over(call)
        board.note(call, Step.REQUEUED, sector=sector, agent=call.agent, detail=why.value)
        call.agent = call.leg = None
        call.outcome = Outcome.LOST
        self._waiting.to_the_front(call, sector, AGENT_LOST)

    def talking_caller_left(self, call: Call) -> None:
        """The caller hung up, during the whisper or later: wrap-up follows."""
        self.drop_leg(call)
        self.talk_over(call)
        self._board.end(call)

    def talk_over(self, call: Call) -> float:
        """Remove the bridge and end the conversation; return how long they talked, in seconds."""
        self.remove_bridge(call)
        return self.conversation_over(call)

    def remove_bridge(self, call: Call) -> None:
        """Remove the bridge, if there is one; its channels remain."""
        if call.bridge is not None:
            self._board.commands.append(Part(call.id, call.bridge))
            call.bridge = None

    def conversation_over(self, call: Call) -> float:
        """Send the informateur to wrap-up; return how long they talked, in seconds.

        There is nothing to do if the informateur is gone, having hung up while a referral was being
        dialled.
        """
        board = self._board
        self._supervision.end(call)
        board.cancel_due(call, Due.KEYS)
        call.agent_typed = ""
        since, call.talking_since = call.talking_since, None
        if call.agent is None or call.leg is None:
            return 0.0
        talked_s = board.now - since if since is not None else 0.0
        call.talked_s += talked_s
        item = promise(call)
        last = None
        if since is not None:
            last = LastCall(item.sector, call.fiche, board.now + self._board.plan.targets.wrap_up_s)
            self._duty.talked(
                self.desk(call),
                PastCall(board.now, talked_s, item.sector, call.fiche, call.door),
            )
            self._standing.estimate.handled(
                item.sector, talked_s + self._board.plan.targets.wrap_up_s
            )
        self._duty.done(self.desk(call), last)
        return talked_s

    def drop_leg(self, call: Call) -> None:
        """Hang up the informateur's phone."""
        self._reservation.drop(call.id, call.leg)

    def desk(self, call: Call) -> AgentDesk:
        """Return the call's informateur; it has one from RINGING on."""
        assert call.agent is not None
        return self._board.roster.desks[call.agent]
