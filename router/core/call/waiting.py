"""A caller in the queue: joining it, hearing announcements, leaving it.

A caller is ranked by the promise made on joining, so an informateur who does not answer costs no
place. Who is rung, and when, is decided elsewhere (reservation.py, distribution.py).
"""

from router.core.call.life import Call, CallState, Due
from router.core.callback.admission import AdmissionControl
from router.core.commands import Remember, Step
from router.core.facts import Door, Outcome
from router.core.ids import PromptId, SectorId
from router.core.menus import SAY_NEXT_OPENING
from router.core.order import caller_due_at
from router.core.reservation import Reservation
from router.core.speech import minutes
from router.core.standing import Standing
from router.core.switchboard import Switchboard
from router.core.work import WorkItem

QUEUE_JOINED = PromptId("queue-joined")
QUEUE_STILL = PromptId("queue-still")
QUEUE_CLOSING = PromptId("queue-closing")
CALLBACK_OFFER = PromptId("callback-offer")
REFUSED_FULL = PromptId("refused-full")
REFUSED_NO_AGENT = PromptId("refused-no-agent")
REFUSED_CLOSING = PromptId("refused-closing")
REFUSED_LONG = PromptId("refused-long")
#: The dialplan says it too, when the router stays away (extensions.conf).
OUT_OF_SERVICE = PromptId("apology-end")
PROMPTS = frozenset(
    {QUEUE_JOINED, QUEUE_STILL, QUEUE_CLOSING, CALLBACK_OFFER, REFUSED_FULL, REFUSED_NO_AGENT}
    | {REFUSED_CLOSING, REFUSED_LONG, OUT_OF_SERVICE}
)

#: Due before anybody else: a caller whose informateur was cut off, or transferred the call.
FRONT = 0.0


class Waiting:
    """Takes callers into the queue and out of it."""

    def __init__(
        self,
        board: Switchboard,
        reservation: Reservation,
        standing: Standing,
        admission: AdmissionControl,
    ) -> None:
        self._board = board
        self._reservation = reservation
        self._standing = standing
        self._admission = admission

    # Joining the queue.

    def enqueue(self, call: Call, sector: SectorId, said_first: tuple[PromptId, ...]) -> None:
        """Put the caller in the queue of `sector`, or say why not and what to do instead."""
        board = self._board
        if not board.plan.hours.is_open(board.now):
            said = (REFUSED_CLOSING, SAY_NEXT_OPENING)
            self._refuse(call, sector, Outcome.REFUSED_CLOSING, said)
        elif board.drained:
            self._refuse(call, sector, Outcome.REFUSED_DRAIN, (OUT_OF_SERVICE,))
        elif not board.roster.on_duty(sector):
            self._refuse(call, sector, Outcome.REFUSED_NO_AGENT, (*said_first, REFUSED_NO_AGENT))
        elif self._standing.is_full(sector):
            self._refuse(call, sector, Outcome.REFUSED_FULL, (*said_first, REFUSED_FULL))
        else:
            self.promise_since(call, sector, board.now)
            self._standing.arrivals.joined(sector, board.now)
            call.door = self.door(call, sector)
            board.silence(call)
            board.commands.append(
                Remember(call.id, call.channel, sector, board.now, call.listened, call.fiche)
            )
            board.note(call, Step.QUEUED, sector=sector)
            self.wait(call, said_first, QUEUE_JOINED)

    def door(self, call: Call, sector: SectorId) -> Door:
        """Return how a caller who joins the queue of `sector` came in."""
        if call.fiche is not None:
            return Door.CODE
        return Door.NO_KEY if sector == self._board.plan.no_key else Door.MENU

    def take_back(self, call: Call, sector: SectorId, joined_at: float) -> None:
        """Put a caller found after a restart back in the queue, at the rank of the old promise."""
        self.promise_since(call, sector, joined_at)
        if sector == self._board.plan.no_key and call.ticket is None:
            call.door = Door.NO_KEY
            call.listened = True  # whether somebody spoke is not known: may be a machine
        call.music = True  # the channel still hears music, which must be stopped before we play
        self.wait(call, (), QUEUE_STILL)

    def to_the_front(self, call: Call, sector: SectorId, said_first: PromptId) -> None:
        """Put a caller who has been with an informateur at the front of the queue of `sector`."""
        board = self._board
        call.item = WorkItem(call.id, sector, board.now, FRONT, board.next_sequence())
        joined_at = board.now if call.joined_at is None else call.joined_at
        board.silence(call)
        board.commands.append(Remember(call.id, call.channel, sector, joined_at, fiche=call.fiche))
        self.wait(call, (said_first,), None)

    def promise_since(self, call: Call, sector: SectorId, joined_at: float) -> None:
        """Promise an answer to a caller who joined the queue at `joined_at`."""
        board = self._board
        due_at = caller_due_at(board.plan, joined_at)
        call.item = WorkItem(call.id, sector, joined_at, due_at, board.next_sequence())
        call.outcome = Outcome.ABANDONED
        call.joined_at = joined_at
        call.promised_at = joined_at + self._board.plan.targets.live_target_s

    def _refuse(
        self, call: Call, sector: SectorId, outcome: Outcome, prompts: tuple[PromptId, ...]
    ) -> None:
        self._board.note(call, Step.REFUSED, sector=sector, detail=outcome.value)
        self._board.say_goodbye(call, outcome, prompts)

    # In the queue.

    def wait(self, call: Call, said_first: tuple[PromptId, ...], then: PromptId | None) -> None:
        """Put the call's item in the queue; somebody who is free will be rung.

        Plays `said_first`, then `then` and, if nobody is free, the caller's place; with neither,
        the caller goes on hearing whatever is playing. A caller who has waited too long, unanswered
        phones included, is told so instead, unless somebody is free who did not miss their last
        call; and so is everybody once the time of a drain is up.
        """
        board = self._board
        item = promise(call)
        if board.drained:
            self._refuse(call, item.sector, Outcome.REFUSED_DRAIN, (OUT_OF_SERVICE,))
            return
        targets, waited_s = board.plan.targets, board.now - item.joined_at
        if waited_s >= targets.longest_wait_s:
            desk = board.roster.longest_idle(item.sector, targets.widened(waited_s))
            if desk is None or desk.misses:
                self._refuse(call, item.sector, Outcome.REFUSED_LONG, (REFUSED_LONG,))
                return
        call.state = CallState.WAITING
        desk = self._reservation.wait(item)
        board.timers.set(("call", call.id, Due.LONGEST), item.joined_at + targets.longest_wait_s)
        board.set_due(call, Due.ANNOUNCE, targets.announce_every_s)
        closes_at = board.plan.hours.closes_at(board.now)
        if closes_at is not None and board.timers.at(("closing",)) != closes_at:
            board.timers.set(("closing",), closes_at)
        said = said_first
        if then is not None:
            place = board.queue.rank(item)
            said += (then,) if desk else (then, *self._standing.said(item, place))
        if said:
            board.play(call, said)

    def announce(self, call: Call) -> None:
        """Announce the caller's place and, after a long wait, offer a callback."""
        board = self._board
        item = promise(call)
        place = board.queue.rank(item)
        board.note(call, Step.ANNOUNCED, detail=f"rank {place}")
        said = (QUEUE_STILL, *self._standing.said(item, place))
        waited_s = board.now - item.joined_at
        rules = board.plan.callbacks
        call.offered = waited_s >= rules.offer_after_s and self._admission.may_promise(item.sector)
        if call.offered:
            said += (CALLBACK_OFFER, *minutes(rules.promise_s // 60))
        board.play(call, said)
        board.set_due(call, Due.ANNOUNCE, self._board.plan.targets.announce_every_s)

    def waited_too_long(self, call: Call) -> None:
        """Nobody may wait longer: say so, and what to do instead."""
        self.leave(call)
        self._refuse(call, promise(call).sector, Outcome.REFUSED_LONG, (REFUSED_LONG,))

    def give_up(self) -> None:
        """The time of a drain is up: tell everybody who waits that nobody will answer."""
        board = self._board
        for item in [one for one in board.queue.items() if one.ticket is None]:
            call = board.calls[item.call]
            self.leave(call)
            self._refuse(call, item.sector, Outcome.REFUSED_DRAIN, (OUT_OF_SERVICE,))

    def waiting_caller_left(self, call: Call) -> None:
        """The caller hung up in the queue."""
        self.leave(call)
        self.gave_up(call)

    def gave_up(self, call: Call) -> None:
        """Count an abandonment, and end the call."""
        waited_s = self._board.now - promise(call).joined_at
        self._standing.estimate.waited(waited_s, gave_up=True)
        self._board.end(call)

    def leave(self, call: Call) -> None:
        """Take the call out of the queue."""
        self._reservation.leave(promise(call))
        self._board.cancel_due(call, Due.ANNOUNCE, Due.LONGEST)

    def close(self) -> None:
        """The service is closing: tell waiting callers that they will still be served."""
        board = self._board
        for item in board.queue.items():
            if item.ticket is not None:
                continue
            call = board.calls[item.call]
            board.play(call, (QUEUE_CLOSING,))
            board.set_due(
                call, Due.ANNOUNCE, self._board.plan.targets.announce_every_s
            )  # not cut short


def promise(call: Call) -> WorkItem:
    """Return the promise made to a caller who has joined the queue."""
    assert call.item is not None  # set on joining, before any state that needs it
    return call.item
