"""An engine with a model of Asterisk around it, in memory and in simulated time.

`Exchange` feeds events to the engine and carries its commands out on callers and phones
that behave as Asterisk's channels do. It refuses, by assertion, what Asterisk or a caller
would: two sentences at once, a bridge with a phone that was not picked up, a command for a
channel that was hung up. Tests read what a caller hears and which phone rings.
"""

from dataclasses import dataclass, field

from router.core.callback.tickets import Admission, TicketRecord, channel_of
from router.core.commands import (
    Admitted,
    Command,
    Counted,
    DeskChanged,
    DialOut,
    DialTicket,
    HangUp,
    Join,
    Listen,
    Noted,
    NumberOver,
    Outcome,
    Part,
    Play,
    PutIn,
    Remember,
    Ring,
    Snoop,
    StartMusic,
    Step,
    StopMusic,
    StopPlaying,
    TakeNumber,
    TakeOut,
    TicketChanged,
    Told,
    Verify,
)
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import (
    AgentAsked,
    CallArrived,
    CallbackAsked,
    CalledAnswered,
    CallFound,
    CallLeft,
    CommandFailed,
    DeskCalled,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    PromptFailed,
    SnoopStarted,
    SupervisorAsked,
    TimePassed,
)
from router.core.facts import CallFact, Fact
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
)
from router.core.plan import Plan
from router.core.requests import Reply, Request, Watching
from tests.service_plan import FICHE, MONDAY_10H, PINS, code_book, small_plan

MUSIC = ("music",)


@dataclass
class Caller:
    """What Asterisk knows of a caller's channel."""

    playback: PlaybackId | None = None
    prompts: tuple[str, ...] = ()
    music: bool = False
    bridge: BridgeId | None = None
    remembered: Remember | None = None
    listened_to: bool = False
    hung_up: bool = False
    #: Whether the engine has been told that the channel is gone.
    told: bool = False


@dataclass
class Leg:
    """What Asterisk knows of a channel that we dialled, or of a snoop."""

    id: ChannelId
    call: CallId
    #: The informateur, the entry of the directory, or "snoop".
    agent: str
    phone: str | None = None
    answered: bool = False
    playback: PlaybackId | None = None
    prompts: tuple[str, ...] = ()
    bridge: BridgeId | None = None
    hung_up: bool = False
    told: bool = False

    @property
    def alive(self) -> bool:
        return not (self.hung_up or self.told)


@dataclass
class Exchange:
    """Engine, callers and phones; `now` moves only by `wait`."""

    plan: Plan = field(default_factory=small_plan)
    now: float = MONDAY_10H
    #: Phones begin to ring as soon as they are dialled.
    rings: bool = True

    def __post_init__(self) -> None:
        self.engine = Engine(self.plan, code_book(self.plan), "run", Pins(PINS))
        self.callers: dict[str, Caller] = {}
        self.legs: dict[str, Leg] = {}
        self.bridges: dict[str, set[ChannelId]] = {}
        self.notes: list[Noted] = []
        self.facts: list[Fact] = []
        #: What the store has of every ticket, what was promised, who types a number.
        self.saved: dict[TicketId, TicketRecord] = {}
        self.admissions: dict[int, Admission] = {}
        self.entering: list[CallId] = []
        self.replies: dict[int, Reply] = {}
        self.sessions: dict[AgentId, DeskChanged] = {}
        #: Failures that Asterisk has not told yet.
        self.lost: list[CommandFailed] = []
        #: Legs dialled that do not ring yet.
        self._dialled: list[Leg] = []
        #: Every event with its time and what the engine said to it.
        self.told: list[tuple[Event, float, list[Command]]] = []

    @property
    def code(self) -> str:
        """The access code of the plan's only fiche."""
        return code_book(self.plan).code(FICHE, self.now)

    # What happens.

    def tell(self, event: Event) -> list[Command]:
        """Let the engine handle `event` now and carry out what it says."""
        commands = self.engine.handle(event, self.now)
        self.told.append((event, self.now, commands))
        for command in commands:
            self._carry_out(command)
        dialled, self._dialled = self._dialled, []
        for leg in dialled if self.rings else ():
            self.tell(LegRang(leg.call, leg.id))
        return commands

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

    def arrive(self, *calls: str) -> None:
        for call in calls or ("caller",):
            self.callers[call] = Caller()
            self.tell(CallArrived(CallId(call)))

    def leave(self, call: str = "caller") -> None:
        """The caller hangs up: first what is heard breaks off (measured)."""
        playback = self.callers[call].playback
        self.lose_caller(call)
        if playback is not None:
            self.break_off(playback, call)
        self.tell(CallLeft(CallId(call)))

    def lose_caller(self, call: str) -> None:
        """The caller hangs up, and nobody tells it."""
        caller = self.callers[call]
        caller.hung_up = caller.told = True
        caller.playback = None
        self._leave_bridge(ChannelId(call), caller)

    def press(self, keys: str, call: str = "caller") -> list[Command]:
        """Press keys one after the other; return what the last one brought about."""
        return [self.tell(KeyPressed(CallId(call), key)) for key in keys][-1]

    def hear_out(self, call: str = "caller") -> None:
        """The caller listens until what is being said ends."""
        caller = self.callers[call]
        ended = caller.playback
        assert ended is not None, f"{call} hears no prompt"
        caller.playback = None
        self.tell(PromptEnded(CallId(call), ended))

    def find(
        self,
        call: str = "caller",
        sector: SectorId | None = None,
        joined_at: float | None = None,
        agent: str | None = None,
        fiche: FicheId | None = None,
    ) -> list[Command]:
        """After a restart Asterisk holds a caller: waiting, or (`agent`) talking on an old leg."""
        caller = self.callers[call] = Caller(music=sector is not None and agent is None)
        named = leg = bridge = None
        if agent is not None:
            named, leg = AgentId(agent), ChannelId(f"old-leg-of-{call}")
            bridge = caller.bridge = BridgeId(f"old-talk-of-{call}")
            self.legs[leg] = Leg(leg, CallId(call), named, answered=True, bridge=bridge)
            self.bridges[bridge] = {ChannelId(call), leg}
        return self.tell(CallFound(CallId(call), sector, joined_at, named, leg, bridge, fiche))

    def answer(self, agent: str | Leg) -> None:
        """The informateur picks up."""
        leg = self.leg(agent)
        leg.answered = True
        self.tell(LegAnswered(leg.call, leg.id))

    def hear_whisper(self, agent: str | Leg) -> None:
        """The informateur has been told what it is about."""
        leg = self.leg(agent)
        assert leg.playback is not None
        ended, leg.playback = leg.playback, None
        self.tell(PromptEnded(leg.call, ended))

    def break_off(self, playback: PlaybackId | None, call: str = "caller") -> list[Command]:
        """What is being said breaks off: the channel is going, or a file cannot be played."""
        assert playback is not None, "nothing is said"
        listeners: list[Caller | Leg] = [*self.callers.values(), *self.legs.values()]
        for heard in listeners:
            if heard.playback == playback:
                heard.playback = None
        return self.tell(PromptFailed(CallId(call), playback))

    def end_leg(self, agent: str | Leg, why: LegEnd = LegEnd.HUNG_UP) -> None:
        """The informateur's channel ends by itself: first what it hears breaks off (measured)."""
        leg = self.lose_leg(agent)
        if leg.playback is not None:
            self.break_off(leg.playback, leg.call)
        self.tell(LegEnded(leg.call, leg.id, why))

    def lose_leg(self, agent: str | Leg) -> Leg:
        """The informateur's channel ends, and nobody tells it."""
        leg = self.leg(agent)
        leg.told = True
        self._leave_bridge(leg.id, leg)
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

    def keys(self, agent: str, keys: str) -> None:
        """The informateur presses keys during the call."""
        for key in keys:
            leg = self.leg(agent)
            self.tell(LegKeyPressed(leg.call, leg.id, key))

    def desk_call(self, phone: str, code: str) -> str:
        """An informateur's phone dials a short code; return the call."""
        call = f"desk-{phone}-{len(self.told)}"
        self.callers[call] = Caller()
        self.tell(DeskCalled(CallId(call), PhoneId(phone), code))
        return call

    def snoop_starts(self) -> None:
        """The latest snoop channel that was asked for is there."""
        *_, snoop = [leg for leg in self.legs.values() if leg.agent == "snoop" and leg.alive]
        self.tell(SnoopStarted(snoop.call, snoop.id))

    def confirm_hang_ups(self) -> None:
        """Asterisk tells the end of every channel that we hung up."""
        for call, caller in list(self.callers.items()):
            if caller.hung_up and not caller.told:
                caller.told = True
                self.tell(CallLeft(CallId(call)))
        for leg in list(self.legs.values()):
            if leg.hung_up and not leg.told:
                leg.told = True
                self.tell(LegEnded(leg.call, leg.id, LegEnd.HUNG_UP))

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

    def informateur_hears(self, agent: str) -> tuple[str, ...]:
        leg = self.leg(agent)
        return leg.prompts if leg.playback is not None else ()

    def together(self, *names: str) -> bool:
        """Whether these callers, informateurs and entries share a bridge, and nobody else."""
        channels = {
            ChannelId(name) if name in self.callers else self.leg(name).id for name in names
        }
        return channels in self.bridges.values()

    def call_facts(self) -> list[CallFact]:
        return [fact for fact in self.facts if isinstance(fact, CallFact)]

    def hears(self, call: str = "caller") -> tuple[str, ...]:
        """What the caller hears: prompts, music, or nothing."""
        caller = self.callers[call]
        if caller.playback is not None:
            return caller.prompts
        return MUSIC if caller.music else ()

    def leg(self, agent: str | Leg) -> Leg:
        """The informateur's live channel."""
        if isinstance(agent, Leg):
            return agent
        [leg] = [leg for leg in self.legs.values() if leg.agent == agent and leg.alive]
        return leg

    def ringing(self) -> dict[str, str]:
        """Which phone rings for which caller."""
        return {leg.agent: leg.call for leg in self.legs.values() if leg.alive and not leg.answered}

    def talking(self) -> dict[str, str]:
        """Which informateur hears which caller."""
        return {leg.agent: leg.call for leg in self.legs.values() if leg.alive and leg.bridge}

    def steps(self, call: str = "caller") -> list[Step]:
        return [note.step for note in self.notes if note.call == call]

    def details(self, step: Step, call: str = "caller") -> list[str]:
        return [note.detail for note in self.notes if note.call == call and note.step is step]

    def outcome(self, call: str = "caller") -> Outcome | None:
        """How the call ended; None while it lives. It ends once."""
        ends = [note for note in self.notes if note.call == call and note.step is Step.ENDED]
        assert len(ends) <= 1, f"{call} ended {len(ends)} times"
        return ends[0].outcome if ends else None

    def agent(self, agent: str) -> str:
        """The informateur's state."""
        return self.engine.board.roster.desks[AgentId(agent)].state.value

    def state(self, call: str = "caller") -> str | None:
        """The call's state, None when the engine knows no such call."""
        known = self.engine.board.calls.get(CallId(call))
        return known.state.value if known else None

    # Asterisk.

    def _carry_out(self, command: Command) -> None:
        match command:
            case Noted():
                self.notes.append(command)
            case Told(ask, reply):
                assert ask not in self.replies
                self.replies[ask] = reply
            case DeskChanged(agent_id):
                self.sessions[agent_id] = command
            case Counted(fact):
                self.facts.append(fact)
            case TicketChanged(record):
                self.saved[record.ticket] = record
            case Admitted(ask, admission):
                self.admissions[ask] = admission
            case NumberOver(call):
                self.entering.remove(call)
            case TakeNumber(call):
                assert self._live_caller(ChannelId(call)).playback is None
                self.entering.append(call)
            case DialTicket(call, ticket, _, _, _):
                saved = self.saved[ticket]
                assert channel_of(ticket, saved.attempts) == call, "dialled before it was saved"
                assert call not in self.callers, "dialled twice"
                self.callers[call] = Caller()
            case Play(call, channel, playback, prompts):
                assert prompts, "nothing to play"
                heard = self._live(channel)
                if isinstance(heard, Caller):
                    assert heard.playback is None, f"{channel} hears two sentences at once"
                    announced = prompts == ("watch-caller",)
                    assert heard.bridge is None or announced, (
                        f"{channel} is spoken to while talking"
                    )
                    assert not heard.music, "speech over music"
                assert not (isinstance(heard, Leg) and not heard.answered), "speech to a bell"
                heard.playback, heard.prompts = playback, prompts
            case StopPlaying(call, playback):
                listeners: tuple[Caller | Leg, ...] = (self.callers[call], *self.legs.values())
                for heard in listeners:
                    if heard.playback == playback:
                        heard.playback = None
            case StartMusic(_, channel):
                caller = self._live_caller(channel)
                assert caller.playback is None
                assert not caller.music
                caller.music = True
            case StopMusic(_, channel):
                self._live_caller(channel).music = False
            case Listen(_, channel):
                caller = self._live_caller(channel)
                assert caller.playback is None, "the request would wait for the prompt's end"
                caller.listened_to = True
            case Remember(_, channel):
                caller = self._live_caller(channel)
                assert caller.playback is None, "would wait for the prompt's end"
                caller.remembered = command
            case Ring(call, agent, leg, _, phone):
                assert leg not in self.legs
                at = phone or agent
                busy = [one for one in self.legs.values() if at == one.phone and one.alive]
                assert not busy, f"{at} is rung twice at once"
                self.legs[leg] = Leg(leg, call, agent, at)
                self._dialled.append(self.legs[leg])
            case DialOut(call, entry, leg):
                assert leg not in self.legs
                self.legs[leg] = Leg(leg, call, entry)
                self._dialled.append(self.legs[leg])
            case Snoop(call, leg, snoop):
                assert self.legs[leg].answered
                self.legs[snoop] = Leg(snoop, call, "snoop", answered=True)
            case Join(call, bridge, channels):
                assert bridge not in self.bridges
                self.bridges[bridge] = set()
                for channel in channels:
                    self._put_in(bridge, channel)
            case PutIn(_, bridge, channel):
                self._put_in(bridge, channel)
            case TakeOut(_, bridge, channel):
                self.bridges[bridge].remove(channel)
                self._live(channel).bridge = None
            case Part(_, bridge):
                for channel in self.bridges.pop(bridge):
                    held = self.legs.get(channel) or self.callers[channel]
                    held.bridge = None
            case Verify(call, leg):
                if not (leg in self.legs and self.legs[leg].alive):
                    self.lost.append(CommandFailed(call, leg))
            case HangUp(_, channel):
                if channel in self.legs:
                    self.legs[channel].hung_up = True
                    self._leave_bridge(channel, self.legs[channel])
                else:
                    caller = self.callers.setdefault(channel, Caller())
                    caller.hung_up, caller.playback = True, None
                    self._leave_bridge(channel, caller)

    def _put_in(self, bridge: BridgeId, channel: ChannelId) -> None:
        held = self._live(channel)
        assert held.bridge is None
        if isinstance(held, Caller):
            assert held.playback is None, "would wait for the prompt's end"
            assert not held.music
        else:
            assert held.answered, "joined with a phone that still rings"
        self.bridges[bridge].add(channel)
        held.bridge = bridge

    def _leave_bridge(self, channel: ChannelId, held: Caller | Leg) -> None:
        """A channel that is gone is in no bridge."""
        if held.bridge is not None:
            self.bridges[held.bridge].discard(channel)
            held.bridge = None

    def _live(self, channel: ChannelId) -> Caller | Leg:
        leg = self.legs.get(channel)
        if leg is None:
            return self._live_caller(channel)
        assert leg.alive, f"command for the dead leg {channel}"
        return leg

    def _live_caller(self, channel: ChannelId) -> Caller:
        caller = self.callers[channel]
        assert not caller.hung_up, f"command for {channel}, which has left"
        return caller
