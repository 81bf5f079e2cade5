"""A random day with callbacks: what usagers, the store and the carrier do as well.

What the engine says of each ticket is kept as the store would keep it, and a router that is
killed starts again with that.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

from router.core.callback.tickets import (
    ENDS,
    Failure,
    Refusal,
    TicketRecord,
    TicketState,
    channel_of,
)
from router.core.commands import (
    Admitted,
    Command,
    DeskChanged,
    DialTicket,
    ForAsterisk,
    HangUp,
    NumberOver,
    Remember,
    TakeNumber,
    TicketChanged,
    TodayChanged,
)
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import (
    CallbackAsked,
    CallbackCancelled,
    CalledAnswered,
    CalledEnd,
    CalledEnded,
    CallFound,
    CallLeft,
    DialFailed,
    Event,
    KeyPressed,
    LegFound,
    NumberTaken,
    Resynced,
    TrunkChanged,
)
from router.core.facts import Door
from router.core.ids import AgentId, CallId, ChannelId, SectorId, TicketId
from router.core.plan import CallbackPolicy, LogInBy, SecondLogIn
from router.core.today import Today
from tests.asterisk_model import Channel, Kind
from tests.core.busy_plan import PINS, busy_plan
from tests.core.days import Day
from tests.service_plan import FICHE, HOUSING, WORK, code_book
from tests.world import waits

RULES = CallbackPolicy(
    promise_s=80,
    dial_s=20,
    ring_s=6,
    busy_retry_s=8,
    no_answer_retry_s=15,
    grace_s=60,
    assumed_handling_s=5,
    offer_after_s=5,
)
#: Callers who wait are offered a callback every few seconds.
PLANS = tuple(
    replace(plan, targets=replace(plan.targets, announce_every_s=6))
    for plan in (busy_plan(*ways, RULES) for ways in product(LogInBy, SecondLogIn))
)
#: A killed router stops before one of the next commands.
FUSE = 12


class Killed(Exception):
    """The router has been killed."""


class CallbackDay(Day):
    """A day of callers and of people who are called back."""

    plans = PLANS

    def __init__(self, seed: int) -> None:
        #: As on disk: every ticket as last told, the sessions, and the day's changes.
        self.kept: dict[TicketId, TicketRecord] = {}
        self.sessions: dict[AgentId, DeskChanged] = {}
        self.today: Today | None = None
        #: Channels dialled for tickets, and whose they are; once picked up, Asterisk hands them
        #: over, and they are callers.
        self.called: dict[CallId, Channel] = {}
        self.ticket_of: dict[CallId, TicketId] = {}
        #: Callers who type a number, and the sector they ask for.
        self.entering: dict[CallId, SectorId] = {}
        self.answers: dict[int, Callable[[Refusal | None], None]] = {}
        self.trunk_is_up = True
        self.kills = 0
        #: After how many commands the router is killed.
        self.fuse: int | None = None
        super().__init__(seed)

    def open(self) -> list[TicketId]:
        return [one for one, record in self.kept.items() if record.state not in ENDS]

    def pick_ticket(self) -> TicketId | None:
        tickets = self.open()
        return self.random.choice(tickets) if tickets else None

    def last_told(self, ticket: TicketId) -> TicketRecord:
        return self.kept[ticket]

    # Those who want to be called back.

    def ask_for_callback(self) -> None:
        sector = self.random.choice((HOUSING, WORK))
        fiche = FICHE if sector == HOUSING and self.random.random() < 0.5 else None
        self.ask_for(sector, lambda refusal: None, fiche)

    def ask_for(
        self, sector: SectorId, answer: Callable[[Refusal | None], None], fiche: Any = None
    ) -> TicketId:
        number, ticket = self.number(), TicketId(f"ticket-{self.serial}")
        self.answers[number] = answer
        self.handle(CallbackAsked(number, ticket, sector, fiche))
        assert number not in self.answers, "a request without its answer"
        return ticket

    def cancel(self) -> None:
        ticket = self.pick_ticket()
        if ticket is not None:
            kills = self.kills
            self.handle(CallbackCancelled(ticket))
            state = self.last_told(ticket).state
            assert state in (TicketState.CANCELLED, TicketState.TALKING) or self.kills > kills

    def code_typed(self) -> str:
        """Return a fiche's code, or a ticket's."""
        ticket = self.pick_ticket()
        code = None if ticket is None else self.engine.ticket_code(ticket)
        return code if code is not None and self.random.random() < 0.5 else self.code

    def type_number(self) -> None:
        """A waiting caller has typed a number, or gives up."""
        if not self.entering:
            return
        call = self.random.choice(list(self.entering))
        sector = self.entering.pop(call)
        if self.random.random() < 0.3:
            self.tell(NumberTaken(call, None))
            return

        def answer(refusal: Refusal | None) -> None:
            taken = None if refusal is not None else TicketId(f"ticket-{self.asking}")
            self.schedule(0.0, partial(self.handle, NumberTaken(call, taken)))

        self.asking = self.serial + 1
        self.ask_for(sector, answer)

    def take_offer(self) -> None:
        offered = [call.id for call in self.board.calls.values() if call.offered]
        if offered:
            self.tell(KeyPressed(self.random.choice(offered), "5"))

    # Those who are called.

    def pick_called(self) -> Channel | None:
        """Return somebody whose phone is ringing."""
        return self.pick([one for one in self.called.values() if one.alive and not one.answered])

    def pick_up(self) -> None:
        called = self.pick_called()
        if called is not None:
            called.answered = True
            self.asterisk.enter(called)
            self.tell(CalledAnswered(called.call))

    def do_not_pick_up(self) -> None:
        called = self.pick_called()
        if called is not None:
            called.alive = False
            self.tell(CalledEnded(called.call, self.random.choice(list(CalledEnd))))

    def pick_asked(self) -> Channel | None:
        """Return somebody who has picked up."""
        return self.pick([one for one in self.called.values() if one.alive and one.answered])

    def press_one(self) -> None:
        asked = self.pick_asked()
        if asked is not None:
            self.tell(KeyPressed(asked.call, self.random.choice("1112")))

    def hang_up_unasked(self) -> None:
        asked = self.pick_asked()
        if asked is not None:
            self.drop(asked)
            self.tell(CallLeft(asked.call))

    # The carrier, and the router's machine.

    def change_trunk(self) -> None:
        self.handle(TrunkChanged(not self.trunk_is_up))

    def kill_router(self) -> None:
        self.fuse = self.random.randrange(FUSE)

    def restart(self) -> None:
        """The router restarts, with what is on disk and what Asterisk holds."""
        self.kills += 1
        self.fuse = None
        for forgotten in (self.answers, self.asked, self.entering, self.ended):
            forgotten.clear()
        self.questions = self.votes
        self.asterisk.fall_silent()
        for caller in self.desk_callers():
            self.drop(caller)
        for snoop in self.asterisk.of(Kind.SNOOP):
            self.drop(snoop)
        run = f"run-{self.kills}"
        self.engine = Engine(self.plan, code_book(self.plan), run, Pins(PINS))
        self.board = self.engine.board
        if self.today is not None:
            self.engine.restore_today(self.today, self.now)
        self.engine.restore(self.sessions.values(), self.now)
        records = [self.kept[one] for one in self.open()]
        for command in self.engine.restore_tickets(records, self.now, lost=False):
            self.carry_out(command)
        self.take_up()

    def take_up(self) -> None:
        """Report what Asterisk holds, as the link does; end what nobody owns."""
        callers = [caller for caller in self.callers() if caller.call not in self.over]
        founds = [self.found(caller) for caller in callers]
        kept = {found.leg for found in founds}
        legs = [leg for leg in self.asterisk.of(Kind.LEG) if leg.alive]
        at_work = {leg.phone for leg in legs if leg.id in kept}
        for leg in legs:
            if leg.id not in kept and leg.phone is not None and leg.phone not in at_work:
                self.handle(LegFound(leg.call, leg.id, leg.phone))
        for found in founds:
            self.handle(found)
        self.read_anew()
        owned = {call.bridge for call in self.board.calls.values()}
        for bridge in self.asterisk.bridges.keys() - owned:
            self.asterisk.remove_bridge(bridge)
        self.handle(TrunkChanged(self.trunk_is_up))
        self.handle(Resynced())

    def found(self, caller: Channel) -> CallFound:
        """Return how a caller is found (router/ari/resync.py)."""
        at = {session.phone: session.agent for session in self.sessions.values()}
        legs = [leg for leg in self.asterisk.of(Kind.LEG) if leg.alive and leg.answered]
        for leg in legs:
            if caller.bridge is not None and leg.bridge == caller.bridge:
                agent = at.get(leg.phone) if leg.phone else None
                return CallFound(caller.call, *waits(caller), agent, leg.id, caller.bridge)
        for leg in legs:
            agent = at.get(leg.phone) if leg.phone else None
            if leg.call == caller.call and agent is not None:
                apart = leg.bridge is not None
                return CallFound(
                    caller.call, *waits(caller), agent, leg.id, leg.bridge, apart=apart
                )
        written = caller.remembered
        served = written is not None and written.sector is None
        return CallFound(caller.call, *waits(caller), served=served)

    # What the engine says.

    def handle(self, event: Event) -> None:
        if isinstance(event, CallFound | LegFound):
            found = event.leg if isinstance(event, LegFound) else ChannelId(event.call)
            if not self.asterisk.channels[found].alive:
                return  # reported again, after its end
        if isinstance(event, TrunkChanged):
            self.trunk_is_up = event.up
        try:
            super().handle(event)
        except Killed:
            self.restart()

    def carry_out(self, command: Command) -> None:
        if self.fuse is not None:
            if self.fuse == 0:
                raise Killed
            self.fuse -= 1
        match command:
            case TicketChanged(record):
                self.keep(record)
            case Admitted(ask, admission):
                up = self.trunk_is_up or admission.refusal is not None
                assert up, "promised while no calls go out"
                self.answers.pop(ask)(admission.refusal)
            case DialTicket():
                self.dial_ticket(command)
            case TakeNumber(call, sector, _):
                self.entering[call] = sector
            case NumberOver(call):
                self.entering.pop(call, None)
            case TodayChanged():
                self.today = command.today
            case DeskChanged():
                self.sessions[command.agent] = command
            case _:
                super().carry_out(command)

    def keep(self, record: TicketRecord) -> None:
        before = self.kept.get(record.ticket)
        assert before is None or before.state not in ENDS, "a second end, or a life after it"
        assert before is None or record.attempts >= before.attempts
        self.kept[record.ticket] = record

    def dial_ticket(self, command: DialTicket) -> None:
        call, record = command.call, self.kept[command.ticket]
        assert record.state is TicketState.DIALLING, "dialled before it is on disk"
        assert call == channel_of(record.ticket, record.attempts)
        assert 1 <= record.attempts <= RULES.attempts, "more attempts than allowed"
        assert call not in self.called, "one attempt dialled twice"
        assert not any(
            other.alive and self.ticket_of[other.call] == record.ticket
            for other in self.called.values()
        ), "two attempts at once"
        self.ticket_of[call] = record.ticket
        called = self.called[call] = Channel(ChannelId(call), call, Kind.CALLER)
        called.remembered = Remember(call, called.id, command.sector, command.joined_at)
        if self.random.random() < 0.1:
            called.alive = False
            failed = DialFailed(call, self.random.choice((Failure.TRUNK, Failure.NUMBER_LOST)))
            self.tell(failed, by_itself=False)
        else:
            self.schedule(command.timeout_s, partial(self.give_up_calling, called))

    def give_up_calling(self, called: Channel) -> None:
        if called.alive and not called.answered:
            called.alive = False
            self.tell(CalledEnded(called.call, CalledEnd.NO_ANSWER))

    def obey(self, command: ForAsterisk) -> None:
        if isinstance(command, HangUp):
            called = self.called.get(CallId(command.channel))
            if called is not None and called.alive and not called.answered:
                called.alive = False
                self.tell(CalledEnded(command.call, CalledEnd.HUNG_UP), by_itself=False)
                return
        super().obey(command)

    # Rules.

    def check(self) -> None:
        super().check()
        open_, calls = self.engine.open_ticket_ids(), self.board.calls
        assert open_ == set(self.open()), "open here and ended there"
        for call, called in self.called.items():
            if called.alive and self.ticket_of[call] not in open_:
                assert call in calls, "called, and nobody is there"

    def check_ends(self) -> None:
        assert self.open() == []
        assert self.engine.open_ticket_ids() == frozenset()
        assert self.entering == {}
        assert not any(called.alive for called in self.called.values())
        if self.kills:
            return  # what has not been written is not counted
        talked = self.over.keys() & self.called.keys()
        assert self.over.keys() - talked == self.told_of - self.called.keys()
        done = {one for one, record in self.kept.items() if record.state is TicketState.DONE}
        assert {self.ticket_of[call] for call in talked} == done
        facts = [fact.door is Door.CALLBACK for fact in self.facts]
        assert sum(facts) == len(self.kept), "one fact a ticket"
        assert len(facts) - sum(facts) == len(self.over) - len(talked), "one fact a call"

    def close(self) -> None:
        for called in self.called.values():
            called.alive = called.alive and called.answered
        super().close()


CallbackDay.acts = {
    **Day.acts,
    Day.arrive: 6,
    CallbackDay.ask_for_callback: 7,
    CallbackDay.cancel: 2,
    CallbackDay.take_offer: 8,
    CallbackDay.type_number: 4,
    CallbackDay.pick_up: 20,
    CallbackDay.do_not_pick_up: 5,
    CallbackDay.press_one: 14,
    CallbackDay.hang_up_unasked: 2,
    CallbackDay.change_trunk: 1,
}


class MortalDay(CallbackDay):
    """A day on which the router is also killed now and then."""


MortalDay.acts = {**CallbackDay.acts, MortalDay.kill_router: 2}
