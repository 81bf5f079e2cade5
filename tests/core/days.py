"""A random day: what callers, informateurs and supervisors do, and what must always be true.

A day is its seed.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Any, ClassVar

from router.core.call.life import Call, CallState
from router.core.desk.agents import AgentState
from router.core.events import (
    AgentAsked,
    CallArrived,
    CallbackAsked,
    CallFound,
    CallLeft,
    DeskCalled,
    Directed,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    NumberTaken,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    PromptFailed,
    SupervisorAsked,
    TicketUnkept,
    TimePassed,
)
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PhoneId, PlaybackId
from router.core.plan import LogInBy, Plan
from router.core.requests import LogIn, Request, Watching
from router.report.counting import merged, reconciles, tally
from tests.asterisk_model import Channel, Kind
from tests.core.busy_plan import (
    ANY_WORDS,
    DESK_WORDS,
    DUTY_REQUESTS,
    FEATURES,
    FITTING,
    IN_CALL_REQUESTS,
    NAMES,
    PHONES,
    PINS,
    PLANS,
)
from tests.rules import AT_THE_CALL, check_engine
from tests.service_plan import FICHE, HOUR, HOUSING, MONDAY_10H, WORK
from tests.world import World

#: How many events the days of a test have, in total.
INTERLEAVINGS = int(os.environ.get("ALLO_INTERLEAVINGS", "40000"))

#: What the router itself reports comes once; the reports of others may be repeated.
SAID_ONCE = AgentAsked | SupervisorAsked | Directed | CallbackAsked | NumberTaken | TicketUnkept

#: Mostly in the morning; shortly before the service closes; when it is closed.
STARTS = (*[MONDAY_10H] * 20, MONDAY_10H + 8.25 * HOUR - 100.0, MONDAY_10H + 10 * HOUR)
STEPS = 200
MOST_CALLERS = 5
#: From the welcome into a queue, mostly.
WAYS = (*["#2"] * 6, *["#111"] * 6, "code", "code", "", "##1", "10000001")
#: Longer than all leases of `busy_plan` one after the other.
AT_REST_S = 400.0

PAUSES_S = (*[0.1] * 12, *[0.5] * 12, *[2.0] * 8, *[4.0] * 4, *[9.0] * 3, 20.0, 60.0)

ON_HOLD = frozenset({CallState.HELD, CallState.CONSULTING, CallState.REFERRING})
AT_REST = frozenset({AgentState.READY, AgentState.LOGGED_OUT})


class Day(World):
    """What callers, informateurs and supervisors do, at random."""

    plans: ClassVar[Sequence[Plan]] = PLANS
    acts: ClassVar[Mapping[Callable[[Any], None], int]]

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        super().__init__(random.choice(self.plans), random.choice(STARTS), random, PINS, PHONES)
        for phone in PHONES:
            if random.random() < 0.8:
                self.asterisk.phones.add(phone)
                self.handle(PhoneAppeared(phone))
        if self.plan.desk.log_in is LogInBy.CODE:
            for name in NAMES:
                self.ask(name, LogIn())

        self.code = self.board.codes.code(FICHE, self.now)

    def live(self) -> None:
        """Play one day: its events, then everybody hangs up."""
        random = self.random
        weights = list(accumulate(self.acts.values()))
        for act in random.choices(list(self.acts), cum_weights=weights, k=STEPS):
            act(self)
            if random.random() < 0.3:
                self.wait(random.choice(PAUSES_S))
        self.close()

    def pick(self, channels: list[Channel]) -> Channel | None:
        return self.random.choice(channels) if channels else None

    def pick_leg(self, *, answered: bool) -> Channel | None:
        legs = self.asterisk.of(Kind.LEG)
        return self.pick([leg for leg in legs if leg.alive and leg.answered is answered])

    def pick_informateur(self, *, in_call: float) -> AgentId:
        """Anybody or, in that share of cases, somebody in a call if there is one."""
        busy = [desk.agent.id for desk in self.board.roster if desk.call is not None]
        return self.random.choice(busy if busy and self.random.random() < in_call else NAMES)

    # Callers.

    def arrive(self) -> None:
        if len(self.callers()) >= MOST_CALLERS:
            return
        call = CallId(f"call-{self.number()}")
        self.asterisk.call_in(call)
        self.tell(CallArrived(call))
        keys = self.random.choice(WAYS)
        for key in keys if keys != "code" else self.code_typed():
            self.tell(KeyPressed(call, key))

    def code_typed(self) -> str:
        return self.code

    def find(self) -> None:
        """A conversation is found, as after a restart."""
        call = CallId(f"call-{self.number()}")
        caller = self.asterisk.call_in(call)
        leg, bridge = ChannelId(f"old-{call}"), BridgeId(f"old-talk-of-{call}")
        name = self.random.choice((None, *NAMES))
        phone = None if name is None else PhoneId(name)
        if any(other.alive and other.phone == phone for other in self.asterisk.of(Kind.LEG)):
            self.drop(caller)
            return
        self.asterisk.talk_since_before(caller, leg, bridge, name or "", phone)
        self.handle(CallFound(call, self.random.choice((HOUSING, WORK)), None, name, leg, bridge))

    def leave(self) -> None:
        caller = self.pick(self.callers())
        if caller is not None:
            self.drop(caller)
            self.tell(CallLeft(caller.call))

    def press(self) -> None:
        caller = self.pick(self.callers())
        if caller is not None:
            self.tell(KeyPressed(caller.call, self.random.choice("0123411222##*5A")))

    def hear_out(self) -> None:
        if self.asterisk.playing:
            playback = self.random.choice(list(self.asterisk.playing))
            how = PromptEnded if self.random.random() < 0.95 else PromptFailed
            [ended] = self.asterisk.end_prompt(playback, how)
            self.ended.append(ended)
            self.tell(ended)

    # Phones that we dialled.

    def ring_or_answer(self) -> None:
        leg = self.pick_leg(answered=False)
        if leg is not None:
            if not leg.rang:
                leg.rang = True
                self.tell(LegRang(leg.call, leg.id))
            if self.random.random() < 0.7:
                leg.answered = True
                self.tell(LegAnswered(leg.call, leg.id))

    def end_leg(self) -> None:
        answered = self.random.random() < 0.6
        leg = self.pick_leg(answered=answered)
        if leg is not None:
            self.drop(leg)
            usual = answered and self.random.random() < 0.7
            why = LegEnd.HUNG_UP if usual else self.random.choice(list(LegEnd))
            self.tell(LegEnded(leg.call, leg.id, why))

    def press_in_call(self) -> None:
        leg = self.pick_leg(answered=True)
        if leg is not None:
            for key in self.random.choice(FEATURES):
                self.tell(LegKeyPressed(leg.call, leg.id, key))

    def change_phone(self) -> None:
        phone = self.random.choice(PHONES)
        phones = self.asterisk.phones
        if phone in phones and self.random.random() < 0.5:
            phones.remove(phone)
            self.tell(PhoneVanished(phone))
        elif phone not in phones:
            phones.add(phone)
            self.tell(PhoneAppeared(phone))

    # Requests.

    def ask(self, name: AgentId, request: Request) -> None:
        number = self.number()
        self.asked.add(number)
        self.handle(AgentAsked(number, name, request))
        assert number not in self.asked, "a request without its answer"

    def ask_in_call(self) -> None:
        name = self.pick_informateur(in_call=0.9)
        call = self.board.calls.get(self.board.roster.desks[name].call or CallId(""))
        fitting = FITTING.get(call.state) if call is not None else None
        if fitting is None or self.random.random() < 0.4:
            fitting = IN_CALL_REQUESTS
        self.ask(name, self.random.choice(fitting))

    def ask_about_duty(self) -> None:
        name = self.pick_informateur(in_call=0.3)
        self.ask(name, self.random.choice(DUTY_REQUESTS))
        if self.random.random() < 0.5:
            self.ask(name, LogIn())

    def watch(self) -> None:
        number, choice = self.number(), self.random.choice
        self.asked.add(number)
        phone = choice(PHONES + [PhoneId("190")] * 4)
        name = self.pick_informateur(in_call=0.9)
        self.handle(SupervisorAsked(number, "sup", phone, name, choice(list(Watching))))
        assert number not in self.asked, "a request without its answer"

    def call_the_desk(self) -> None:
        call = CallId(f"desk-{self.number()}")
        self.asterisk.call_in(call, Kind.DESK)
        noting = [desk.phone for desk in self.board.roster if desk.last and desk.phone]
        if noting and self.random.random() < 0.6:
            self.tell(DeskCalled(call, self.random.choice(noting), "15"))
        else:
            code = self.random.choice(("11", "11", "11", "12", "13", "14", "15", "19"))
            self.tell(DeskCalled(call, self.random.choice(PHONES), code))

    def press_at_the_desk(self) -> None:
        caller = self.pick(self.desk_callers())
        if caller is not None:
            asked = self.board.desk_calls.get(caller.call)
            words = DESK_WORDS[asked.state] if asked is not None else ANY_WORDS
            for key in self.random.choice(words if self.random.random() < 0.8 else ANY_WORDS):
                self.tell(KeyPressed(caller.call, key))

    def leave_the_desk(self) -> None:
        caller = self.pick(self.desk_callers())
        if caller is not None:
            self.drop(caller)
            self.tell(CallLeft(caller.call))

    # Asterisk.

    def repeat(self) -> None:
        """Repeat something that happened a while ago."""
        back = self.random.randrange(1, 30)
        if back <= len(self.log):
            event = self.log[-back][1]
            if not isinstance(event, SAID_ONCE):
                self.handle(event)

    def talk_nonsense(self) -> None:
        callers = [caller.call for caller in self.asterisk.of(Kind.CALLER)]
        call = CallId(self.random.choice(("stranger", *callers)))
        leg = ChannelId(f"run-leg-{self.random.randrange(2000)}")
        if leg not in self.asterisk.channels:
            event = self.random.choice(
                (
                    LegAnswered(call, leg),
                    LegEnded(call, leg, LegEnd.LOST),
                    LegKeyPressed(call, leg, "*"),
                    PromptEnded(call, PlaybackId("run-play-0")),
                    PromptFailed(call, PlaybackId("run-play-0")),
                    PhoneAppeared(PhoneId("999")),
                    TimePassed(),
                )
            )
            self.handle(event)

    def stall(self) -> None:
        """The router's machine stands still, and everything that fell due comes at once."""
        self.now += self.random.choice((5.0, 40.0, 150.0))
        self.handle(TimePassed())

    # Rules.

    def check(self) -> None:
        """Check what must be true after every event."""
        check_engine(self.engine, self.now)
        legs = self.board.legs
        for call in self.board.calls.values():
            self.check_bridge(call)
            assert call.leg in legs or call.leg is None or call.state not in AT_THE_CALL, (
                f"{call.state} with a leg that has ended"
            )
            assert call.aside is None or call.aside.leg in legs, "consults one who has left"
            assert call.watch is None or call.watch.leg in legs, "watched by one who has left"

    def check_bridge(self, call: Call) -> None:
        """Check that the right people hear each other, and that nobody hears a caller on hold."""
        together: list[ChannelId | None] = []
        aside = call.aside.leg if call.aside is not None and call.aside.joined else None
        if call.state is CallState.TALKING:
            together = [call.channel, call.leg]
        elif call.state is CallState.REFERRED:
            together = [call.channel, aside]
        elif call.state in ON_HOLD:
            together = [call.leg, aside]
            assert self.asterisk.bridge_of(call.channel) is None, "on hold, and overheard"
        else:
            assert call.bridge is None, f"{call.state} with a bridge"
        for channel in together:
            if channel is not None and self.asterisk.takes_commands(channel):
                assert self.asterisk.bridge_of(channel) == call.bridge, f"{channel} hears nobody"

    def close(self) -> None:
        """Everybody hangs up, the link is resynchronised, time passes: nothing is left."""
        self.lost = self.late = self.repeated = 0.0
        for caller in self.callers() + self.desk_callers():
            self.drop(caller)
        self.read_anew()
        self.wait(AT_REST_S)

        board = self.board
        assert self.engine.known() == (frozenset(), frozenset())
        assert len(board.queue) == 0
        assert self.asterisk.bridges == {}, "a bridge is left"
        assert not any(channel.alive for channel in self.asterisk.channels.values())
        for desk in board.roster:
            assert desk.call is None
            assert desk.state in AT_REST, f"{desk.agent.id} is left {desk.state}"
        leases = {("agent", desk.agent.id) for desk in board.roster if desk.phone is not None}
        assert set(board.timers) <= {("closing",), ("today",)} | leases
        self.check_ends()
        assert self.over.total() == len(self.over), "one end a call"
        assert self.votes == self.questions, "one vote fact a question"
        assert reconciles(merged(tally(self.facts, 30).values()))

    def check_ends(self) -> None:
        assert self.over.keys() == self.told_of
        assert len(self.facts) == len(self.over), "one fact a call"


Day.acts = dict(
    (
        *((Day.arrive, 8), (Day.find, 1), (Day.leave, 2), (Day.press, 2), (Day.hear_out, 24)),
        *((Day.ring_or_answer, 24), (Day.end_leg, 4), (Day.press_in_call, 10)),
        *((Day.change_phone, 2), (Day.ask_in_call, 14), (Day.ask_about_duty, 4), (Day.watch, 5)),
        *((Day.call_the_desk, 3), (Day.press_at_the_desk, 8), (Day.leave_the_desk, 1)),
        *((Day.repeat, 5), (Day.talk_nonsense, 1), (Day.stall, 1)),
    )
)


def play(seed: int, kind: type[Day] = Day) -> int:
    """Play a day; return how many events it had."""
    day = kind(seed)
    try:
        day.live()
    except Exception as defect:
        told = "\n".join(f"{at - MONDAY_10H:9.2f} {event}" for at, event in day.log[-40:])
        raise AssertionError(f"day {seed}: {defect!r} after\n{told}") from defect
    return len(day.log)
