"""From the queue to the informateur: waiting, ringing, talking.

Each public method answers one pair of `calls.TABLE`. The rank of a caller is the promise
made on joining: an informateur who does not answer costs no place.
"""

from collections.abc import Callable

from router.core.call.estimate import WaitEstimate
from router.core.call.life import Call, CallState, Due
from router.core.call.standing import Standing
from router.core.callback.forecast import Arrivals
from router.core.commands import (
    HangUp,
    Join,
    Outcome,
    Part,
    Remember,
    Ring,
    Step,
    Verify,
)
from router.core.desk.agents import AgentDesk, AgentState, Choice, LastCall
from router.core.desk.duty import RING_BACKSTOP_S, Duty
from router.core.events import LegEnd, LegEnded
from router.core.facts import Door
from router.core.ids import PromptId, SectorId
from router.core.order import caller_due_at
from router.core.plan import SAY_NEXT_OPENING
from router.core.speech import whisper
from router.core.switchboard import Switchboard
from router.core.work import WorkItem

QUEUE_JOINED = PromptId("queue-joined")
QUEUE_STILL = PromptId("queue-still")
QUEUE_CLOSING = PromptId("queue-closing")
CONNECTING = PromptId("connecting")
REFUSED_FULL = PromptId("refused-full")
REFUSED_NO_AGENT = PromptId("refused-no-agent")
REFUSED_CLOSING = PromptId("refused-closing")
REFUSED_LONG = PromptId("refused-long")
AGENT_LOST = PromptId("agent-lost")
AGENT_MISSED = PromptId("agent-missed")
PROMPTS = frozenset(
    {QUEUE_JOINED, QUEUE_STILL, QUEUE_CLOSING, CONNECTING, REFUSED_FULL, REFUSED_NO_AGENT}
    | {REFUSED_CLOSING, REFUSED_LONG, AGENT_LOST, AGENT_MISSED}
)

#: A whisper whose end was never told is taken as heard after this.
WHISPER_GUARD_S = 20.0
#: The end of a leg that is asked for is told within this.
VERIFY_S = 2.0
#: Due before anyone else: a caller whose informateur was cut off.
FRONT = 0.0


class Distribution:
    """Matches callers and informateurs (ACD: automatic call distribution).

    `after` says what follows for a caller who stays when the informateur hangs up, `unwatch`
    ends a supervisor's part. Before any event, `ring_for_ticket(item, desk)` and
    `offered(call, item)`, what is said of a callback to who waits, must be set.
    """

    ring_for_ticket: Callable[[WorkItem, AgentDesk], None]
    offered: Callable[[Call, WorkItem], tuple[PromptId, ...]]

    def __init__(
        self,
        board: Switchboard,
        duty: Duty,
        after: Callable[[Call], None],
        unwatch: Callable[[Call], None],
    ) -> None:
        self._board = board
        self._duty = duty
        self._after = after
        self._unwatch = unwatch
        self._targets = board.plan.targets
        self.estimate = WaitEstimate()
        self.standing = Standing(board, self.estimate)
        self.arrivals = Arrivals()

    # Joining the queue.

    def enqueue(self, call: Call, sector: SectorId, said_first: tuple[PromptId, ...]) -> None:
        """Let the caller wait for `sector`, or say why not and what to do instead."""
        board = self._board
        if not board.plan.hours.is_open(board.now):
            said = (REFUSED_CLOSING, SAY_NEXT_OPENING)
            self._refuse(call, sector, Outcome.REFUSED_CLOSING, said)
        elif not board.roster.on_duty(sector):
            self._refuse(call, sector, Outcome.REFUSED_NO_AGENT, (*said_first, REFUSED_NO_AGENT))
        elif self.is_full(sector):
            self._refuse(call, sector, Outcome.REFUSED_FULL, (*said_first, REFUSED_FULL))
        else:
            due_at = caller_due_at(board.plan, board.now)
            call.item = WorkItem(call.id, sector, board.now, due_at, board.next_sequence())
            call.outcome = Outcome.ABANDONED
            call.joined_at = board.now
            call.promised_at = board.now + self._targets.live_target_s
            self.arrivals.joined(sector, board.now)
            call.door = self.door(call, sector)
            board.silence(call)
            board.commands.append(
                Remember(call.id, call.channel, sector, board.now, call.listened, call.fiche)
            )
            board.note(call, Step.QUEUED, sector=sector)
            self.wait(call, said_first, QUEUE_JOINED)

    def door(self, call: Call, sector: SectorId) -> Door:
        """The way in of who joins the queue of `sector`."""
        if call.fiche is not None:
            return Door.CODE
        return Door.NO_KEY if sector == self._board.plan.no_key else Door.MENU

    def somebody_free(self, sector: SectorId) -> bool:
        """Whether more informateurs of `sector` are idle, at any level, than wait for it: who
        comes next is served at once, however many wait elsewhere."""
        return self._board.roster.ready(sector) > self._board.queue.waiting(sector)

    def is_full(self, sector: SectorId) -> bool:
        """Whether so many wait that who asks for `sector` is refused."""
        full = self._board.queue.callers >= self._targets.queue_max
        return full and not self.somebody_free(sector)

    def take_back(self, call: Call, sector: SectorId, joined_at: float) -> None:
        """Let a caller found after a restart wait on, at the rank the promise gave."""
        board = self._board
        due_at = caller_due_at(board.plan, joined_at)
        call.item = WorkItem(call.id, sector, joined_at, due_at, board.next_sequence())
        call.outcome = Outcome.ABANDONED
        call.joined_at = joined_at
        call.promised_at = joined_at + self._targets.live_target_s
        if sector == board.plan.no_key and call.ticket is None:
            call.door = Door.NO_KEY
            call.listened = True  # what was heard is forgotten: may be a machine
        call.music = True  # the music that the channel still hears is stopped before we speak
        self.wait(call, (), QUEUE_STILL)

    def _refuse(
        self, call: Call, sector: SectorId, outcome: Outcome, prompts: tuple[PromptId, ...]
    ) -> None:
        self._board.note(call, Step.REFUSED, sector=sector, detail=outcome.value)
        self._board.say_goodbye(call, outcome, prompts)

    def wait(self, call: Call, said_first: tuple[PromptId, ...], then: PromptId | None) -> None:
        """Put the call's item among those waiting, and ring somebody if somebody is free.

        Says `said_first`, then `then` and, with nobody free, where the caller stands; with
        neither, whatever the caller hears goes on. Who has waited too long, phones that
        did not answer included, is told so instead, unless somebody is free who did not miss
        the last call.
        """
        board = self._board
        item = promise(call)
        waited_s = board.now - item.joined_at
        item.widened = self._targets.widened(waited_s)
        desk = board.roster.longest_idle(item.sector, item.widened)
        if waited_s >= self._targets.longest_wait_s and (desk is None or desk.misses):
            self._refuse(call, item.sector, Outcome.REFUSED_LONG, (REFUSED_LONG,))
            return
        call.state = CallState.WAITING
        board.queue.add(item)
        self._set_widening(call, item)
        board.timers.set(
            ("call", call.id, Due.LONGEST), item.joined_at + self._targets.longest_wait_s
        )
        board.set_due(call, Due.ANNOUNCE, self._targets.announce_every_s)
        closes_at = board.plan.hours.closes_at(board.now)
        if closes_at is not None and board.timers.at(("closing",)) != closes_at:
            board.timers.set(("closing",), closes_at)
        said = said_first
        if then is not None:
            place = board.queue.rank(item)
            said += (then,) if desk else (then, *self.standing.said(item, place))
        if said:
            board.play(call, said)
        if desk is not None:
            self._ring(call, desk)

    def _set_widening(self, call: Call, item: WorkItem) -> None:
        if item.widened < len(self._targets.widening_s):
            at = item.joined_at + self._targets.widening_s[item.widened]
            self._board.timers.set(("call", call.id, Due.WIDEN), at)

    # Waiting.

    def announcement_over(self, call: Call) -> None:
        self._board.silence(call)
        self._board.cancel_due(call, Due.STEP)
        self._board.start_music(call)

    def announce(self, call: Call) -> None:
        board = self._board
        item = promise(call)
        place = board.queue.rank(item)
        board.note(call, Step.ANNOUNCED, detail=f"rank {place}")
        where = self.standing.said(item, place)
        board.play(call, (QUEUE_STILL, *where, *self.offered(call, item)))
        board.set_due(call, Due.ANNOUNCE, self._targets.announce_every_s)

    def widen(self, call: Call) -> None:
        """Open the call to the next level of skill; ring at once if one there is free."""
        item = promise(call)
        self._board.queue.widen(item)
        self._set_widening(call, item)
        desk = self._board.roster.longest_idle(item.sector, item.widened)
        if desk is not None:
            self._ring(call, desk)

    def waited_too_long(self, call: Call) -> None:
        self.stop_waiting(call)
        self._refuse(call, promise(call).sector, Outcome.REFUSED_LONG, (REFUSED_LONG,))

    def waiting_caller_left(self, call: Call) -> None:
        self.stop_waiting(call)
        self.estimate.waited(self._board.now - promise(call).joined_at, gave_up=True)
        self._board.end(call)

    def stop_waiting(self, call: Call) -> None:
        self._board.queue.remove(promise(call))
        self._board.cancel_due(call, Due.WIDEN, Due.ANNOUNCE, Due.LONGEST)

    def close(self) -> None:
        """The service closes: those who wait are told that they will still be served."""
        board = self._board
        for item in board.queue.items():
            if item.ticket is not None:
                continue
            call = board.calls[item.call]
            board.play(call, (QUEUE_CLOSING,))
            board.set_due(call, Due.ANNOUNCE, self._targets.announce_every_s)  # not cut short

    # Ringing.

    def offer(self, desk: AgentDesk) -> None:
        """Give a ready informateur the item due first."""
        if desk.state is AgentState.READY:
            item = self._board.queue.first_for(desk.agent.skills)
            if item is None:
                return
            if item.ticket is None:
                self._ring(self._board.calls[item.call], desk)
            else:
                self.ring_for_ticket(item, desk)

    def _ring(self, call: Call, desk: AgentDesk) -> None:
        board = self._board
        item = promise(call)
        desk.why = self.choice(item, desk)
        self.stop_waiting(call)
        self._duty.chosen(desk)
        call.state = CallState.RINGING
        call.attempts += 1
        call.agent = desk.agent.id
        call.leg = desk.leg = board.new_leg()
        board.legs[call.leg] = desk.agent.id
        desk.call = call.id
        board.note(
            call,
            Step.RINGING,
            sector=item.sector,
            agent=desk.agent.id,
            seconds=board.now - item.joined_at,
            detail=str(desk.why),
        )
        targets = self._targets
        timeout_s = targets.reserve_s + targets.ring_s + RING_BACKSTOP_S
        board.commands.append(Ring(call.id, desk.agent.id, call.leg, timeout_s, desk.phone))
        board.set_due(call, Due.RING, targets.reserve_s)

    def choice(self, item: WorkItem, desk: AgentDesk) -> Choice:
        """Say why `desk` gets the call of `item`, before either is taken."""
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

    def rang(self, call: Call) -> None:
        """The phone rings from now on."""
        desk = self.desk(call)
        if desk.state is AgentState.RESERVED:
            self._duty.rang(desk)
            self._board.set_due(call, Due.RING, self._targets.ring_s)

    def no_answer(self, call: Call) -> None:
        """The phone rang for long enough, or never began to."""
        reserved = self.desk(call).state is AgentState.RESERVED
        self.drop_leg(call)
        self._missed(call, LegEnd.UNREACHABLE if reserved else LegEnd.NO_ANSWER)

    def overdue(self, desk: AgentDesk) -> None:
        """A lease ended before the call's own deadline did: one of the two was lost."""
        call = self._board.calls.get(desk.call) if desk.call is not None else None
        if call is not None and call.state is CallState.RINGING and call.agent == desk.agent.id:
            self.no_answer(call)
        else:
            self._duty.missed(desk, LegEnd.UNREACHABLE)

    def missed(self, call: Call, event: LegEnded) -> None:
        """The phone was busy, rejected the call, or its informateur hung up in the whisper."""
        announced = call.state is CallState.WHISPERING
        self._missed(call, event.reason, (AGENT_MISSED,) if announced else ())

    def phone_vanished(self, call: Call) -> None:
        self.drop_leg(call)
        self._missed(call, LegEnd.UNREACHABLE)

    def _missed(self, call: Call, why: LegEnd, said: tuple[PromptId, ...] = ()) -> None:
        """Ask the next informateur; the caller's rank is kept, this one is paused."""
        board = self._board
        desk = self.desk(call)
        board.note(
            call, Step.MISSED, sector=promise(call).sector, agent=call.agent, detail=why.value
        )
        self._duty.missed(desk, why)
        call.agent = call.leg = call.whisper = None
        board.cancel_due(call, Due.RING, Due.WHISPER, Due.UNTOLD)
        self.wait(call, said, None)

    def ringing_caller_left(self, call: Call) -> None:
        """The caller gave up while the phone rang: the informateur keeps the idle rank."""
        self.drop_leg(call)
        self._duty.let_go(self.desk(call))
        self.estimate.waited(self._board.now - promise(call).joined_at, gave_up=True)
        self._board.end(call)

    # Answered.

    def tell_informateur(self, call: Call) -> None:
        """Tell the informateur what it is about, and the caller that somebody comes."""
        board = self._board
        self._duty.answered(self.desk(call))
        board.cancel_due(call, Due.RING)
        call.state = CallState.WHISPERING
        item = promise(call)
        board.note(call, Step.WHISPERED, sector=item.sector, agent=call.agent)
        about = board.plan.about(item.sector, call.fiche)
        kind = "transfer" if call.transfers else "call"
        said = whisper(about, int(board.now - item.joined_at) // 60, kind=kind)
        assert call.leg is not None  # RINGING has a leg
        call.whisper = board.play_on(call.id, call.leg, said)
        board.play(call, (CONNECTING,))
        board.set_due(call, Due.WHISPER, WHISPER_GUARD_S)

    def verify_informateur(self, call: Call) -> None:
        """The whisper broke off, though the leg seems to be there: join only if it is."""
        assert call.leg is not None  # WHISPERING has a leg
        self._board.commands.append(Verify(call.id, call.leg))
        self._board.set_due(call, Due.WHISPER, VERIFY_S)

    def join(self, call: Call) -> None:
        """Let the two hear each other."""
        board = self._board
        board.silence(call)
        if call.whisper is not None:
            board.stop_playing(call.id, call.whisper)
            call.whisper = None
        board.cancel_due(call, Due.WHISPER, Due.UNTOLD, Due.STEP)
        assert call.leg is not None  # WHISPERING has a leg
        self._duty.joined(self.desk(call))
        call.bridge = board.new_bridge()
        call.state = CallState.TALKING
        call.outcome = Outcome.ANSWERED
        call.talking_since = board.now
        call.agent_typed = ""
        if call.waited_s is None and call.joined_at is not None:
            call.waited_s = board.now - call.joined_at
            if call.ticket is None:
                self.estimate.waited(call.waited_s, gave_up=False)
        board.commands.append(Join(call.id, call.bridge, (call.channel, call.leg)))
        item = promise(call)
        board.note(
            call,
            Step.TALKING,
            sector=item.sector,
            agent=call.agent,
            seconds=board.now - item.joined_at,
        )

    def informateur_left(self, call: Call, event: LegEnded) -> None:
        """The informateur hung up: the caller may vote. The phone died: to the front again."""
        if event.reason is not LegEnd.HUNG_UP:
            self.back_to_front(call, promise(call).sector, event.reason)
            return
        talked_s = self.talk_over(call)
        self._board.note(call, Step.AGENT_DONE, agent=call.agent, seconds=talked_s)
        self._after(call)

    def back_to_front(self, call: Call, sector: SectorId, why: LegEnd) -> None:
        """Let a caller whose informateur is gone be served next, in `sector`."""
        board = self._board
        board.silence(call)
        self.talk_over(call)
        board.note(call, Step.REQUEUED, sector=sector, agent=call.agent, detail=why.value)
        call.agent = call.leg = None
        call.outcome = Outcome.LOST
        call.item = WorkItem(call.id, sector, board.now, FRONT, board.next_sequence())
        self.wait(call, (AGENT_LOST,), None)

    def talking_caller_left(self, call: Call) -> None:
        """The caller hung up, in the whisper or later: the informateur goes on to wrap-up."""
        self.drop_leg(call)
        self.talk_over(call)
        self._board.end(call)

    def talk_over(self, call: Call) -> float:
        """Undo the bridge, send the informateur to wrap-up; return how long they talked."""
        self.remove_bridge(call)
        return self.conversation_over(call)

    def remove_bridge(self, call: Call) -> None:
        if call.bridge is not None:
            self._board.commands.append(Part(call.id, call.bridge))
            call.bridge = None

    def conversation_over(self, call: Call) -> float:
        """Send the informateur to wrap-up; return how long they talked, in seconds.

        Without an informateur (one who hung up while a referral was dialled) there is
        nothing to do.
        """
        board = self._board
        self._unwatch(call)
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
            last = LastCall(item.sector, call.fiche, board.now + self._targets.wrap_up_s)
            self.estimate.handled(item.sector, talked_s + self._targets.wrap_up_s)
        self._duty.done(self.desk(call), last)
        return talked_s

    def drop_leg(self, call: Call) -> None:
        if call.leg is not None:
            self._board.commands.append(HangUp(call.id, call.leg))

    def desk(self, call: Call) -> AgentDesk:
        assert call.agent is not None  # states from RINGING to TALKING have one
        return self._board.roster.desks[call.agent]


def promise(call: Call) -> WorkItem:
    """Return the promise made to a caller who has joined the queue."""
    assert call.item is not None  # set by enqueue, before any state that needs it
    return call.item
