"""A caller is referred to another administration: put through, or given its number."""

from router.core.call.distribution import Distribution
from router.core.call.life import Aside, Call, CallState
from router.core.call.talk import Talk, aside_of
from router.core.call.votes import Votes
from router.core.commands import DialOut, PutIn, Step
from router.core.desk.duty import RING_BACKSTOP_S
from router.core.events import LegEnd, LegEnded
from router.core.ids import PromptId
from router.core.legs import Role
from router.core.plan import Entry
from router.core.requests import Refer, Reply
from router.core.reservation import Reservation
from router.core.speech import referral
from router.core.switchboard import Switchboard

REFERRAL_CONNECTING = PromptId("referral-connecting")
REFERRAL_FAILED = PromptId("desk-referral-failed")
PROMPTS = frozenset({REFERRAL_CONNECTING, REFERRAL_FAILED})

#: How long an entry of the directory is rung, in seconds.
REFERRAL_RING_S = 40


class Referral:
    """Refers callers to entries of the directory."""

    def __init__(
        self,
        board: Switchboard,
        reservation: Reservation,
        distribution: Distribution,
        talk: Talk,
        votes: Votes,
    ) -> None:
        self._board = board
        self._reservation = reservation
        self._distribution = distribution
        self._talk = talk
        self._votes = votes

    def refer(self, call: Call, request: Refer) -> Reply:
        """Dial the entry for the caller or, if `spoken`, have its number read out."""
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
        self._talk.put_on_hold(call)
        call.state = CallState.REFERRING
        leg = board.new_leg()
        call.aside = Aside(leg, entry=entry)
        board.legs.add(leg, Role.REFERRAL, call)
        board.note(call, Step.REFERRING, agent=call.agent, detail=entry.id)
        board.play(call, (REFERRAL_CONNECTING, entry.prompt))
        board.commands.append(DialOut(call.id, entry.id, leg, REFERRAL_RING_S + RING_BACKSTOP_S))
        board.set_ring_due(leg, REFERRAL_RING_S)
        return Reply.REFERRED

    def answered(self, call: Call) -> None:
        """They have picked up: put the caller through; the informateur wraps up."""
        board, aside = self._board, aside_of(call)
        aside.answered = aside.joined = True
        call.referral = None if aside.entry is None else aside.entry.id
        board.cancel_ring_due(aside.leg)
        board.silence(call)
        assert call.bridge is not None
        if call.agent is not None:
            self._distribution.drop_leg(call)
            self._distribution.conversation_over(call)
        call.leg = None
        board.commands.append(PutIn(call.id, call.bridge, aside.leg))
        board.commands.append(PutIn(call.id, call.bridge, call.channel))
        call.state = CallState.REFERRED
        board.note(call, Step.REFERRED, agent=call.agent, detail=call.referral or "")

    def unanswered(self, call: Call) -> None:
        """They did not pick up in time."""
        leg = aside_of(call).leg
        self._reservation.drop(call.id, leg)
        self.failed(call, LegEnded(call.id, leg, LegEnd.NO_ANSWER))

    def failed(self, call: Call, event: LegEnded) -> None:
        """Nobody answers: back to the informateur or, if they are gone, read the number out."""
        entry = aside_of(call).entry
        call.aside = None
        self._board.cancel_ring_due(event.leg)
        self._board.note(call, Step.CANCELLED, agent=call.agent, detail=event.reason.value)
        if call.leg is None:
            self._board.silence(call)
            self._distribution.remove_bridge(call)
            assert entry is not None
            self._read(call, entry)
            return
        self._talk.say_to_informateur(call, REFERRAL_FAILED)
        self._talk.take_back(call)

    def informateur_left(self, call: Call) -> None:
        """The informateur hung up; the call goes on being referred."""
        self._distribution.conversation_over(call)
        call.leg = None

    def over(self, call: Call) -> None:
        """They have hung up: the caller may still vote."""
        call.aside = None
        self._distribution.remove_bridge(call)
        self._votes.begin(call)

    def caller_left(self, call: Call) -> None:
        """The caller hung up on them."""
        self._reservation.drop(call.id, aside_of(call).leg)
        call.aside = None
        self._distribution.remove_bridge(call)
        self._board.end(call)

    def _read(self, call: Call, entry: Entry) -> None:
        board = self._board
        call.referral = entry.id
        call.state = CallState.READING
        board.note(call, Step.REFERRAL_SPOKEN, detail=entry.id)
        board.play(call, referral(entry))

    def reading_over(self, call: Call) -> None:
        """Name and number have been read out, or a key cut them short."""
        self._votes.begin(call)
