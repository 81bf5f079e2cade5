"""The part of Asterisk and of the intake on the virtual clock: carries out the engine's commands.

Prompts take as long as they are, phones ring, two who are joined talk. The engine hears of all
this as it would from Asterisk; nothing is decided here.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from router.core.callback.tickets import ENDS
from router.core.commands import (
    Admitted,
    Command,
    Counted,
    DeskChanged,
    DialTicket,
    HangUp,
    Join,
    Listen,
    Noted,
    Play,
    Ring,
    StopPlaying,
    TakeNumber,
    TicketChanged,
    Told,
    Verify,
)
from router.core.desk.agents import TOO_MANY
from router.core.events import (
    AgentAsked,
    CallArrived,
    CallbackAsked,
    CallbackCancelled,
    CommandFailed,
    Event,
    LegEnd,
    LegEnded,
    NumberTaken,
    PromptEnded,
)
from router.core.ids import CallId, ChannelId, PlaybackId, PromptId, SectorId, TicketId
from router.core.requests import Reply, Transfer
from router.simulation.agenda import Agenda
from router.simulation.demand import Person
from router.simulation.people import Caller, Public
from router.simulation.staff import Informateur, Staff
from router.simulation.tally import Tally


@dataclass(slots=True, eq=False)
class Request:
    """A request to be called back."""

    ticket: TicketId
    person: Person
    #: The caller who asked from the queue; None: asked on the web.
    caller: Caller | None = None
    #: How often the number has been dialled.
    attempts: int = 0


class Line:
    """All lines, and what is heard on them.

    Attributes:
        carry_out: What carries out each type of command; other commands change nothing here.
        pending: Events that follow at once, to be handled before time goes on.
        requests: The callback requests that have been accepted and not yet ended.
        playing: The playbacks under way.
    """

    def __init__(
        self,
        public: Public,
        staff: Staff,
        agenda: Agenda,
        tally: Tally,
        speech_s: Mapping[PromptId, float],
        promise_s: float,
        transfers: float,
        sectors: list[SectorId],
    ) -> None:
        self.pending: deque[Event] = deque()
        self.requests: dict[TicketId, Request] = {}
        self._public, self._staff, self._agenda, self._tally = public, staff, agenda, tally
        self._speech_s = speech_s
        self._promise_s = promise_s
        self._transfers = transfers
        self._sectors = sectors
        #: The legs that ring or are up, with their informateurs.
        self._legs: dict[ChannelId, Informateur] = {}
        self.playing: set[PlaybackId] = set()
        self._sentences: dict[tuple[PromptId, ...], float] = {}
        self._asked: dict[int, Request] = {}
        self._transferring: dict[int, tuple[Caller, ChannelId]] = {}
        self._number = 0
        self.carry_out: dict[type[Command], Callable[[Any], None]] = {
            Play: self._play,
            StopPlaying: self._stop_playing,
            Ring: self._ring,
            Join: self._join,
            HangUp: self._hang_up,
            Verify: self._verify,
            Listen: self._listen,
            Noted: tally.noted,
            Counted: tally.counted,
            DeskChanged: self._desk_changed,
            DialTicket: self._dial_ticket,
            TicketChanged: self._ticket_changed,
            Admitted: self._admitted,
            TakeNumber: self._take_number,
            Told: self._told,
        }

    def _next(self) -> int:
        self._number += 1
        return self._number

    # People come.

    def calls(self, person: Person) -> Event:
        """Let somebody call; return the call's arrival."""
        caller = Caller(CallId(f"c{self._next()}"), person)
        self._public.callers[caller.id] = caller
        return CallArrived(caller.id)

    def asks(self, person: Person) -> Event:
        """Let somebody ask on a web page to be called back; return the request."""
        return self._request(Request(TicketId(f"t{self._next()}"), person))

    def _request(self, request: Request) -> Event:
        ask = self._next()
        self._asked[ask] = request
        return CallbackAsked(ask, request.ticket, request.person.sector)

    # Commands.

    def _play(self, command: Play) -> None:
        prompts = command.prompts
        said_s = self._sentences.get(prompts)
        if said_s is None:
            said_s = self._sentences[prompts] = sum(self._speech_s[one] for one in prompts)
        playback = command.playback
        self.playing.add(playback)
        self._agenda.after(said_s, self._prompt_ends, (command.call, playback))
        if CallId(command.channel) == command.call:
            caller = self._public.callers.get(command.call)
            if caller is not None and caller.there:
                self._public.hears(caller, prompts, said_s)

    def _listen(self, command: Listen) -> None:
        caller = self._public.callers.get(command.call)
        if caller is not None and caller.there:
            self._public.is_listened_to(caller)

    def _prompt_ends(self, of: tuple[CallId, PlaybackId]) -> Event | None:
        call, playback = of
        if playback not in self.playing:
            return None
        self.playing.remove(playback)
        return PromptEnded(call, playback)

    def _stop_playing(self, command: StopPlaying) -> None:
        if command.playback in self.playing:
            self.playing.remove(command.playback)
            self.pending.append(PromptEnded(command.call, command.playback))

    def _ring(self, command: Ring) -> None:
        failed = self._staff.is_rung(command.agent, command.leg, command.call)
        if failed is not None:
            self.pending.append(failed)
        else:
            self._legs[command.leg] = self._staff[command.agent]

    def _join(self, command: Join) -> None:
        channel, leg = command.channels
        caller = self._public.callers.get(command.call)
        one = self._legs.get(leg)
        if caller is None or not caller.there or CallId(channel) != caller.id:
            return
        if one is None or one.leg != leg:
            self.pending.append(CommandFailed(command.call, leg))
            return
        served = self._staff.serves(one, caller.person.sector)
        talk_s = self._public.is_joined(caller, served=served)
        self._agenda.after(talk_s, self._talk_ends, (caller, leg))
        if caller.talks == 1 and caller.told_at is not None:
            self._tally.told(caller.told_most_min, self._agenda.now - caller.told_at)

    def _talk_ends(self, of: tuple[Caller, ChannelId]) -> Event | None:
        caller, leg = of
        one = self._legs.get(leg)
        if not caller.there or not caller.talking or one is None or one.leg != leg:
            return None
        sector = caller.person.sector
        if self._public.is_unchosen(caller) and not self._staff.serves(one, sector):
            return self._asks_to_transfer(caller, one, leg, sector)
        if self._public.is_transferred(caller, self._transfers):
            return self._asks_to_transfer(caller, one, leg, self._another(sector))
        return self._conversation_ends(caller, one, leg)

    def _asks_to_transfer(
        self, caller: Caller, one: Informateur, leg: ChannelId, sector: SectorId
    ) -> Event:
        ask = self._next()
        self._transferring[ask] = caller, leg
        return AgentAsked(ask, one.id, Transfer(sector))

    def _conversation_ends(self, caller: Caller, one: Informateur, leg: ChannelId) -> Event | None:
        caller.talking = False
        self._staff.has_talked(one)
        if self._public.ends_first(caller):
            return self._public.hangs_up(caller)
        del self._legs[leg]
        return self._staff.leg_over(one, leg, LegEnded(caller.id, leg, LegEnd.HUNG_UP))

    def _told(self, command: Told) -> None:
        """Transfer the caller if the engine granted that; otherwise the talk ends."""
        asked = self._transferring.pop(command.ask, None)
        if asked is None:
            return
        caller, leg = asked
        if command.reply is Reply.TRANSFERRED:
            caller.talking, caller.waiting = False, True
        elif (ended := self._conversation_ends(caller, self._legs[leg], leg)) is not None:
            self.pending.append(ended)

    def _another(self, sector: SectorId) -> SectorId:
        """Return the next sector of the plan, which is usually of the same ministry."""
        place = self._sectors.index(sector)
        return self._sectors[(place + 1) % len(self._sectors)]

    def _hang_up(self, command: HangUp) -> None:
        channel = command.channel
        if CallId(channel) == command.call:
            caller = self._public.callers.pop(command.call, None)
            if caller is not None and caller.there:
                self.pending.append(self._public.hangs_up(caller))
            return
        one = self._legs.pop(channel, None)
        if one is not None:
            ended = LegEnded(command.call, channel, LegEnd.HUNG_UP)
            told = self._staff.leg_over(one, channel, ended)
            if told is not None:
                self.pending.append(told)

    def _verify(self, command: Verify) -> None:
        one = self._legs.get(command.leg)
        if one is None or one.leg != command.leg:
            self.pending.append(CommandFailed(command.call, command.leg))

    def _desk_changed(self, command: DeskChanged) -> None:
        if command.reason == TOO_MANY:
            self._staff.is_paused_for_misses(command.agent)

    # Callbacks.

    def _admitted(self, command: Admitted) -> None:
        request = self._asked.pop(command.ask)
        refusal = command.admission.refusal
        self._tally.admitted(request.person, refusal, by_phone=request.caller is not None)
        if refusal is None:
            self.requests[request.ticket] = request
            cancels_s = self._public.cancels_at(request.person, self._promise_s)
            if cancels_s is not None:
                self._agenda.after(cancels_s, self._cancels, request)
        if request.caller is not None and request.caller.there:
            taken = request.ticket if refusal is None else None
            request.caller.waiting = taken is None
            self.pending.append(NumberTaken(request.caller.id, taken))

    def _cancels(self, request: Request) -> Event | None:
        return CallbackCancelled(request.ticket) if request.ticket in self.requests else None

    def _take_number(self, command: TakeNumber) -> None:
        caller = self._public.callers.get(command.call)
        if caller is not None and caller.there:
            self._agenda.after(self._public.types_number_s, self._number_typed, caller)

    def _number_typed(self, caller: Caller) -> Event | None:
        if not caller.there:
            return None
        return self._request(Request(TicketId(f"t{self._next()}"), caller.person, caller))

    def _dial_ticket(self, command: DialTicket) -> None:
        request = self.requests[command.ticket]
        caller = Caller(command.call, request.person, ticket=command.ticket)
        self._public.callers[caller.id] = caller
        self._public.is_dialled(caller, request.attempts, command.timeout_s)
        request.attempts += 1

    def _ticket_changed(self, command: TicketChanged) -> None:
        record = command.record
        if record.state in ENDS:
            self.requests.pop(record.ticket, None)
            self._tally.ticket_ended(record)
