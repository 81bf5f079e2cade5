"""What really happens, at random, and an engine that hears of it over a bad line.

`World` stands on the model of Asterisk of tests/asterisk_model.py, which refuses what no state of
affairs makes right. Events may be lost, late, repeated or out of order; every 30 s, as after
each reconnection, whatever the engine believes wrongly is corrected.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from heapq import heappop, heappush
from random import Random

from router.core.commands import (
    Command,
    Counted,
    DialOut,
    ForAsterisk,
    ForService,
    Listen,
    Noted,
    Play,
    Ring,
    Step,
    Told,
)
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import (
    CallArrived,
    CallerSpoke,
    CallFound,
    CallLeft,
    Event,
    LegAnswered,
    LegEnd,
    LegEnded,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    PromptFailed,
    TimePassed,
)
from router.core.facts import CallFact, VoteFact
from router.core.ids import AgentId, CallId, ChannelId, PhoneId, SectorId
from router.core.plan import Plan
from tests.asterisk_model import AsteriskModel, Channel, Kind
from tests.service_plan import code_book

RESYNC_S = 30.0
#: Shares of events lost, late and repeated.
LINES = ((0.0, 0.0, 0.0), (0.03, 0.0, 0.0), (0.0, 0.25, 0.05), (0.02, 0.1, 0.05))
LATENESS_S = (0.0, 0.3, 1.0, 4.0, 12.0)


class World:
    """Everything as it is, from one seed. `check` is called after each event."""

    def __init__(
        self,
        plan: Plan,
        now: float,
        random: Random,
        pins: dict[AgentId, str],
        phones: list[PhoneId],
    ) -> None:
        self.plan = plan
        self.now = now
        self.random = random
        self.lost, self.late, self.repeated = random.choice(LINES)
        self.engine = Engine(plan, code_book(plan), "run", Pins(pins))
        self.board = self.engine.board
        self.asterisk = AsteriskModel()
        #: Every phone; the model has those that are registered.
        self.all_phones = phones
        #: Playbacks that ended since the last resync.
        self.ended: list[PromptEnded | PromptFailed] = []
        #: What happens later: its time, its place among others of that time, and what it is.
        self.pending: list[tuple[float, int, Callable[[], None]]] = []
        self.serial = 0
        #: Questions over HTTP that have no answer yet.
        self.asked: set[int] = set()
        #: Calls that the engine has heard of, and those it has ended.
        self.told_of: set[CallId] = set()
        self.over: Counter[CallId] = Counter()
        self.facts: list[CallFact] = []
        self.questions = self.votes = 0
        self.question_prompts = {question.prompt for question in plan.questions}
        self.log: list[tuple[float, Event]] = []
        self.schedule(RESYNC_S, self.read_anew)

    def check(self) -> None:
        """Assert what must hold after every event."""

    # What the engine hears.

    def number(self) -> int:
        self.serial += 1
        return self.serial

    def schedule(self, after_s: float, happen: Callable[[], None]) -> None:
        heappush(self.pending, (self.now + after_s, self.number(), happen))

    def tell(self, event: Event, *, by_itself: bool = True) -> None:
        """Have the engine handle it now, later, twice or never; not now if it answers a command."""
        luck = self.random.random()
        if luck < self.lost:
            return
        handle = partial(self.handle, event)
        if luck > 1.0 - self.late:
            self.schedule(self.random.choice(LATENESS_S), handle)
            return
        if luck > 1.0 - self.late - self.repeated:
            self.schedule(self.random.choice(LATENESS_S), handle)
        if by_itself:
            self.handle(event)
        else:
            self.schedule(0.0, handle)

    def handle(self, event: Event) -> None:
        if isinstance(event, CallArrived | CallFound):
            if event.call in self.over:
                return  # Asterisk gives no id twice
            self.told_of.add(event.call)
        self.log.append((self.now, event))
        for command in self.engine.handle(event, self.now):
            self.carry_out(command)
        self.check()

    def wait(self, seconds: float) -> None:
        """Let time pass; what is scheduled happens when its time has come."""
        end = self.now + seconds
        while True:
            due_at = self.engine.next_deadline()
            if self.pending and (due_at is None or self.pending[0][0] <= due_at):
                if self.pending[0][0] > end:
                    break
                at, _, happen = heappop(self.pending)
                self.now = max(self.now, at)
                happen()
            elif due_at is not None and due_at <= end:
                self.now = max(self.now, due_at)
                self.handle(TimePassed())
            else:
                break
        self.now = end

    def read_anew(self) -> None:
        """Correct what the engine believes wrongly, as the link does after a reconnection."""
        self.schedule(RESYNC_S, self.read_anew)
        asterisk = self.asterisk
        calls, legs = self.engine.known()
        for call in sorted(calls):
            caller = asterisk.channels.get(ChannelId(call))
            if caller is None or not caller.alive:
                self.handle(CallLeft(call))
        for channel in sorted(legs):
            leg = asterisk.channels[channel]
            if not leg.alive:
                self.handle(LegEnded(leg.call, channel, LegEnd.LOST))
            elif leg.answered and leg.bridge is None:
                self.handle(LegAnswered(leg.call, channel))
        ended, self.ended = self.ended, []
        for event in ended:
            self.handle(event)
        for caller in list(asterisk.of(Kind.CALLER)):
            if caller.alive and caller.call not in calls and caller.call not in self.over:
                self.handle(CallFound(caller.call, *waits(caller)))
        calls, legs = self.engine.known()
        for caller in asterisk.of(Kind.DESK):
            if caller.call not in calls:
                self.drop(caller)
        for leg in asterisk.of(Kind.LEG):
            if leg.alive and leg.id not in legs:
                self.drop(leg)
        for phone in self.all_phones:
            known = phone in self.board.roster.phones
            if phone in asterisk.phones and not known:
                self.handle(PhoneAppeared(phone))
            elif phone not in asterisk.phones and known:
                self.handle(PhoneVanished(phone))

    # Channels.

    def callers(self) -> list[Channel]:
        """Return the callers who are there."""
        return [caller for caller in self.asterisk.of(Kind.CALLER) if caller.alive]

    def desk_callers(self) -> list[Channel]:
        """Return the informateurs who are calling the desk."""
        return [caller for caller in self.asterisk.of(Kind.DESK) if caller.alive]

    def drop(self, channel: Channel) -> None:
        """The channel is gone: prompts on it break off."""
        self.answer(self.asterisk.drop(channel))

    def answer(self, events: Iterable[Event]) -> None:
        """Tell Asterisk's events, once the engine has finished with the current one."""
        for event in events:
            if isinstance(event, PromptEnded | PromptFailed):
                self.ended.append(event)
            self.tell(event, by_itself=False)

    def give_up(self, leg: Channel) -> None:
        """Asterisk's own time-out."""
        if leg.alive and not leg.answered:
            self.drop(leg)
            self.tell(LegEnded(leg.call, leg.id, LegEnd.NO_ANSWER))

    # Commands.

    def carry_out(self, command: Command) -> None:
        if isinstance(command, ForService):
            self.keep_account(command)
        else:
            self.obey(command)

    def obey(self, command: ForAsterisk) -> None:
        """Have Asterisk do it and tell the events that follow; some take a while."""
        said = self.asterisk.carry_out(command)
        self.answer(said)
        match command:
            case Play(prompts=prompts) if self.question_prompts.intersection(prompts):
                self.questions += prompts[0] != "vote-invalid"
            case Listen() if not said and self.random.random() < 0.5:
                self.tell(CallerSpoke(command.call, 20 * self.random.random()), by_itself=False)
            case Ring() | DialOut():
                leg = self.asterisk.channels[command.leg]
                self.schedule(command.timeout_s, partial(self.give_up, leg))

    def keep_account(self, command: ForService) -> None:
        match command:
            case Noted(call, Step.ENDED):
                self.over[call] += 1
            case Told(ask):
                self.asked.remove(ask)
            case Counted(CallFact() as fact):
                self.facts.append(fact)
            case Counted(VoteFact()):
                self.votes += 1


def waits(caller: Channel) -> tuple[SectorId | None, float | None]:
    """Return the queue the caller is in, and since when, as written on the channel."""
    written = caller.remembered
    return (None, None) if written is None else (written.sector, written.joined_at)
