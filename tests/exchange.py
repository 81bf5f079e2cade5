"""An engine on a model of Asterisk, in simulated time: what a test says happens, happens.

`Exchange` feeds events to the engine and carries its commands out on the model of
tests/asterisk_model.py. The engine learns the truth, when the test wants it to; so a command
for a channel whose end it knows of is an assertion failure here. Tests read what a caller
hears and which phone rings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from router.core.callback.tickets import Admission, TicketRecord, channel_of
from router.core.commands import (
    Command,
    DialOut,
    DialTicket,
    ForAsterisk,
    ForService,
    HangUp,
    Ring,
    TakeNumber,
    Verify,
)
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import (
    Absence,
    AgentAsked,
    CallArrived,
    CallbackAsked,
    CalledAnswered,
    CallFound,
    CallLeft,
    CommandFailed,
    DeskCalled,
    Directed,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    PageCame,
    PageWent,
    PhoneAppeared,
    PhoneVanished,
    PlanChanged,
    ProbeArrived,
    PromptFailed,
    SnoopStarted,
    SupervisorAsked,
    TimePassed,
)
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    FicheId,
    PhoneId,
    PlaybackId,
    SectorId,
    TicketId,
    browser_of,
)
from router.core.plan import Plan
from router.core.requests import Directive, Reply, Request, Watching
from tests.asterisk_model import AsteriskModel, Channel, Kind
from tests.kept import Kept
from tests.service_plan import FICHE, MONDAY_10H, PINS, code_book, small_plan

MUSIC = ("music",)


@dataclass
class Exchange(Kept):
    """Engine, callers and phones; `now` moves only by `wait`."""

    plan: Plan = field(default_factory=small_plan)
    now: float = MONDAY_10H
    #: Phones begin to ring as soon as they are dialled.
    rings: bool = True
    #: What opens the desk from a phone, by informateur.
    pins: Mapping[AgentId, str] = field(default_factory=PINS.copy)

    def __post_init__(self) -> None:
        super().__init__()
        self.engine = Engine(self.plan, code_book(self.plan), "run", Pins(self.pins))
        self.asterisk = AsteriskModel()
        #: Channels whose end the engine knows of.
        self.known_gone: set[ChannelId] = set()
        #: Failures that Asterisk has not told yet.
        self.lost: list[CommandFailed] = []
        #: Every event with its time and what the engine said to it.
        self.told: list[tuple[Event, float, list[Command]]] = []

    @property
    def code(self) -> str:
        """The access code of the plan's only fiche."""
        return code_book(self.plan).code(FICHE, self.now)

    # What happens.

    def tell(self, event: Event) -> list[Command]:
        """Let the engine handle `event` now and carry out what it says."""
        match event:
            case PhoneAppeared(phone):
                self.asterisk.phones.add(phone)
            case PhoneVanished(phone):
                self.asterisk.phones.discard(phone)
        commands = self.engine.handle(event, self.now)
        self.told.append((event, self.now, commands))
        self.carry_out(commands)
        for command in commands if self.rings else ():
            if isinstance(command, Ring | DialOut):
                self.tell(LegRang(command.call, command.leg))
        return commands

    def change_plan(self, plan: Plan) -> list[Command]:
        """The service has another plan from now on; phones that it does not have are gone."""
        self.asterisk.phones &= set(plan.phones)
        return self.tell(PlanChanged(plan, code_book(plan), Pins(self.pins)))

    def restore_tickets(self, records: Iterable[TicketRecord], *, lost: bool = False) -> None:
        """The router starts with these tickets on disk; `lost`: without their numbers."""
        self.carry_out(self.engine.restore_tickets(records, self.now, lost=lost))

    def wait(self, seconds: float) -> None:
        """Let time pass; the engine is called at each of its deadlines."""
        end = self.now + seconds
        while (at := self.engine.next_deadline()) is not None and at <= end:
            self.now = max(self.now, at)
            self.tell(TimePassed())
        self.now = end

    def appear(self, *agents: str) -> None:
        for agent in agents:
            self.tell(PhoneAppeared(PhoneId(agent)))

    def vanish(self, agent: str) -> None:
        self.tell(PhoneVanished(PhoneId(agent)))

    def open_page(self, *agents: str, in_call: bool = False) -> None:
        """The phone in the informateur's browser registers, and its page answers."""
        for agent in agents:
            self.tell(PhoneAppeared(browser_of(agent)))
            self.tell(PageCame(browser_of(agent), in_call))

    def close_page(self, agent: str) -> None:
        """The page is closed or reloaded: its websocket ends, and with it the registration."""
        self.tell(PageWent(browser_of(agent), Absence.CLOSED))
        self.tell(PhoneVanished(browser_of(agent)))

    def arrive(self, *calls: str) -> None:
        for call in calls or ("caller",):
            self.asterisk.call_in(CallId(call))
            self.tell(CallArrived(CallId(call)))

    def probe(self, call: str = "probe") -> None:
        """The service calls itself."""
        self.asterisk.call_in(CallId(call))
        self.tell(ProbeArrived(CallId(call)))

    def leave(self, call: str = "caller") -> None:
        """The caller hangs up: first what is heard breaks off (measured)."""
        for broken in self.lose_caller(call):
            self.tell(broken)
        self.tell(CallLeft(CallId(call)))

    def lose_caller(self, call: str) -> Sequence[Event]:
        """The caller hangs up, and nobody tells it; return what Asterisk would tell before."""
        return self._lose(self.caller(call))

    def _lose(self, channel: Channel) -> Sequence[Event]:
        self.known_gone.add(channel.id)
        return self.asterisk.drop(channel)

    def press(self, keys: str, call: str = "caller") -> list[Command]:
        """Press keys one after the other; return what the last one brought about."""
        return [self.tell(KeyPressed(CallId(call), key)) for key in keys][-1]

    def hear_out(self, call: str = "caller") -> None:
        """The caller listens until what is being said ends."""
        playback = self.caller(call).playback
        assert playback is not None, f"{call} hears no prompt"
        self._end_prompt(playback)

    def _end_prompt(self, playback: PlaybackId) -> None:
        for ended in self.asterisk.end_prompt(playback):
            self.tell(ended)

    def find(
        self,
        call: str = "caller",
        sector: SectorId | None = None,
        joined_at: float | None = None,
        agent: str | None = None,
        fiche: FicheId | None = None,
    ) -> list[Command]:
        """After a restart Asterisk holds a caller: waiting, or (`agent`) talking on an old leg."""
        known = self.asterisk.channels.get(ChannelId(call))
        caller = known or self.asterisk.call_in(CallId(call))
        caller.music = sector is not None and agent is None
        named = leg = bridge = None
        if agent is not None:
            named = AgentId(agent)
            leg, bridge = self.talks_since_before(caller, named, PhoneId(agent))
        return self.tell(CallFound(CallId(call), sector, joined_at, named, leg, bridge, fiche))

    def talks_since_before(
        self, caller: Channel, name: str, phone: PhoneId | None = None
    ) -> tuple[ChannelId, BridgeId]:
        """Put the caller in a talk that began before the restart; return its leg and bridge."""
        leg, bridge = ChannelId(f"old-leg-of-{caller.id}"), BridgeId(f"old-talk-of-{caller.id}")
        self.asterisk.talk_since_before(caller, leg, bridge, name, phone)
        return leg, bridge

    def answer(self, agent: str | Channel) -> None:
        """The informateur picks up."""
        leg = self.leg(agent)
        leg.answered = True
        self.tell(LegAnswered(leg.call, leg.id))

    def hear_whisper(self, agent: str | Channel) -> None:
        """The informateur has been told what it is about."""
        playback = self.leg(agent).playback
        assert playback is not None, "nothing is whispered"
        self._end_prompt(playback)

    def break_off(self, playback: PlaybackId | None, call: str = "caller") -> list[Command]:
        """What is being said breaks off: the channel is going, or a file cannot be played."""
        assert playback is not None, "nothing is said"
        self.asterisk.end_prompt(playback)
        return self.tell(PromptFailed(CallId(call), playback))

    def end_leg(self, agent: str | Channel, why: LegEnd = LegEnd.HUNG_UP) -> None:
        """The informateur's channel ends by itself: first what it hears breaks off (measured)."""
        leg = self.leg(agent)
        for broken in self._lose(leg):
            self.tell(broken)
        self.tell(LegEnded(leg.call, leg.id, why))

    def lose_leg(self, agent: str | Channel) -> Channel:
        """The informateur's channel ends, and nobody tells it."""
        leg = self.leg(agent)
        self._lose(leg)
        return leg

    def ask(self, agent: str, request: Request) -> Reply:
        """The informateur asks by HTTP; return the one answer."""
        number = len(self.told) + 1
        self.tell(AgentAsked(number, AgentId(agent), request))
        return self.replies.pop(number)

    def ask_callback(
        self, ticket: str, sector: SectorId, fiche: FicheId | None = None
    ) -> Admission:
        """Somebody asks on a page to be called back."""
        number = len(self.told) + 1
        self.tell(CallbackAsked(number, TicketId(ticket), sector, fiche))
        return self.admissions.pop(number)

    def attempt(self, ticket: str) -> CallId:
        """The channel of the latest attempt."""
        return channel_of(TicketId(ticket), self.saved[TicketId(ticket)].attempts)

    def attempt_after(self, ticket: str) -> CallId:
        """The channel of the next attempt."""
        return channel_of(TicketId(ticket), self.saved[TicketId(ticket)].attempts + 1)

    def pick_up(self, ticket: str) -> CallId:
        """The number of the ticket is picked up."""
        call = self.attempt(ticket)
        self.tell(CalledAnswered(call))
        return call

    def watch(self, agent: str, watching: Watching, phone: str = "190") -> Reply:
        """A supervisor asks to take part."""
        number = len(self.told) + 1
        self.tell(SupervisorAsked(number, "sup", PhoneId(phone), AgentId(agent), watching))
        return self.replies.pop(number)

    def direct(self, directive: Directive, why: str = "") -> Reply:
        """A supervisor directs something."""
        number = len(self.told) + 1
        self.tell(Directed(number, "sup", why, directive))
        return self.replies.pop(number)

    def keys(self, agent: str, keys: str) -> None:
        """The informateur presses keys during the call."""
        for key in keys:
            leg = self.leg(agent)
            self.tell(LegKeyPressed(leg.call, leg.id, key))

    def desk_call(self, phone: str, code: str) -> str:
        """An informateur's phone dials a short code; return the call."""
        call = f"desk-{phone}-{len(self.told)}"
        self.asterisk.call_in(CallId(call), Kind.DESK)
        self.tell(DeskCalled(CallId(call), PhoneId(phone), code))
        return call

    def snoop_starts(self) -> None:
        """The latest snoop channel that was asked for is there."""
        *_, snoop = [snoop for snoop in self.asterisk.of(Kind.SNOOP) if snoop.alive]
        self.tell(SnoopStarted(snoop.call, snoop.id))

    def confirm_hang_ups(self) -> None:
        """Asterisk tells the end of every channel that we hung up."""
        for channel in [*self.callers.values(), *self.legs]:
            if channel.alive or channel.id in self.known_gone:
                continue
            self.known_gone.add(channel.id)
            if channel.is_of_a_person_who_called:
                self.tell(CallLeft(channel.call))
            else:
                self.tell(LegEnded(channel.call, channel.id, LegEnd.HUNG_UP))

    def tell_lost(self) -> None:
        """Asterisk tells of the commands that found nobody."""
        lost, self.lost = self.lost, []
        for failed in lost:
            self.tell(failed)

    # Ways already tested, for what comes after them.

    def choose_housing(self, *calls: str) -> None:
        """Callers go through the menu into the queue of housing."""
        for call in calls or ("caller",):
            self.arrive(call)
            self.press("#2", call)

    def talk(self, agent: str, call: str = "caller") -> None:
        """A caller goes all the way to a talk with the informateur."""
        self.choose_housing(call)
        self.answer(agent)
        self.hear_whisper(agent)

    # What can be seen.

    @property
    def callers(self) -> dict[str, Channel]:
        """Everybody who called, or was called back, the desk's callers too."""
        return {one.id: one for one in self.asterisk.of(Kind.CALLER, Kind.DESK)}

    @property
    def legs(self) -> list[Channel]:
        """Every channel that we dialled, and every snoop."""
        return list(self.asterisk.of(Kind.LEG, Kind.SNOOP))

    @property
    def bridges(self) -> dict[BridgeId, set[ChannelId]]:
        return self.asterisk.bridges

    def caller(self, call: str = "caller") -> Channel:
        return self.asterisk.channels[ChannelId(call)]

    def informateur_hears(self, agent: str) -> tuple[str, ...]:
        return self.leg(agent).prompts

    def together(self, *names: str) -> bool:
        """Whether these callers, informateurs and entries share a bridge, and nobody else."""
        callers = self.callers
        channels = {callers[name].id if name in callers else self.leg(name).id for name in names}
        return channels in self.bridges.values()

    def hears(self, call: str = "caller") -> tuple[str, ...]:
        """What the caller hears: prompts, music, or nothing."""
        caller = self.caller(call)
        return caller.prompts or (MUSIC if caller.music else ())

    def leg(self, agent: str | Channel) -> Channel:
        """The informateur's live channel."""
        if isinstance(agent, Channel):
            return agent
        [leg] = [leg for leg in self.legs if leg.name == agent and leg.alive]
        return leg

    def ringing(self) -> dict[str, str]:
        """Which phone rings for which caller."""
        return {leg.name: leg.call for leg in self.legs if leg.alive and not leg.answered}

    def talking(self) -> dict[str, str]:
        """Which informateur hears which caller."""
        return {leg.name: leg.call for leg in self.legs if leg.alive and leg.bridge}

    def agent(self, agent: str) -> str:
        """The informateur's state."""
        return self.engine.board.roster.desks[AgentId(agent)].state.value

    def state(self, call: str = "caller") -> str | None:
        """The call's state, None when the engine knows no such call."""
        known = self.engine.board.calls.get(CallId(call))
        return known.state.value if known else None

    # What the engine wants.

    def carry_out(self, commands: Iterable[Command]) -> None:
        """Do what the engine wants, one after the other."""
        for command in commands:
            if isinstance(command, ForService):
                self.keep(command)
            else:
                self._obey(command)

    def _obey(self, command: ForAsterisk) -> None:
        """Have Asterisk do it; the events that follow are told when the test wants it."""
        for event in self.asterisk.carry_out(command):
            match event:
                case CommandFailed() if isinstance(command, Verify):
                    self.lost.append(event)
                case CommandFailed(_, channel) if not isinstance(command, HangUp):
                    raise AssertionError(f"{command} for {channel}, which is gone or not there yet")
                case LegEnded(_, leg) if isinstance(command, Ring):
                    raise AssertionError(f"{leg} rings where it cannot: {event.reason}")

    def keep(self, command: ForService) -> None:
        """Keep what the engine says; dial a ticket, and see that a number can be typed."""
        super().keep(command)
        match command:
            case TakeNumber(call):
                caller = self.caller(call)
                assert caller.alive
                assert caller.playback is None
            case DialTicket(call, ticket, _, _, _):
                saved = self.saved[ticket]
                assert channel_of(ticket, saved.attempts) == call, "dialled before it was saved"
                self.asterisk.call_in(call)
