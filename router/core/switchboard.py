"""What the parts of the engine share: calls, channels, queue, roster, timers, and the commands."""

import datetime
from collections import Counter, deque
from typing import Literal

from router.core.call.life import Call, CallState, Due
from router.core.callback.tickets import TicketDue
from router.core.codes import CodeBook
from router.core.commands import (
    Command,
    Counted,
    HangUp,
    Noted,
    Play,
    StartMusic,
    Step,
    StopMusic,
    StopPlaying,
)
from router.core.desk.agents import AgentDesk, Roster
from router.core.desk.desk_call import DeskCall
from router.core.desk.pins import Pins
from router.core.events import Event
from router.core.facts import PERIOD_S, CallFact, Fact, Outcome
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    FicheId,
    PlaybackId,
    PromptId,
    SectorId,
    TicketId,
)
from router.core.legs import Legs, Owner, Role, Said
from router.core.menus import SAY_HOURS, SAY_NEXT_OPENING
from router.core.plan import Plan
from router.core.speech import opening, week
from router.core.table import IGNORED
from router.core.timers import Timers
from router.core.today import Today
from router.core.work import WorkItem, WorkQueue

TimerKey = (
    tuple[Literal["call"], CallId, Due]
    | tuple[Literal["agent"], AgentId]
    | tuple[Literal["desk"], CallId]
    | tuple[Literal["ticket"], TicketId, TicketDue]
    | tuple[Literal["ring"], ChannelId]
    | tuple[Literal["widen"], WorkItem]
    | tuple[Literal["closing"]]
    | tuple[Literal["drain"]]
    | tuple[Literal["today"]]
)

#: The last sentence before we hang up.
GOODBYE = PromptId("goodbye")
#: Asterisk reports a hang-up at once; a call whose end is not reported is forgotten after this, in
#: seconds.
HANG_UP_GUARD_S = 10.0
_EVERY_DUE = tuple(Due)
#: Looked up once: on Python 3.11 naming a member of an enumeration takes as long as a call.
_STEP, _UNHEARD = Due.STEP, Due.UNHEARD


class Switchboard:
    """The state of the service at `now`. The parts append their decisions to `commands`."""

    def __init__(self, plan: Plan, codes: CodeBook, run: str, pins: Pins) -> None:
        #: The plan as its files have it, what supervisors have changed of it for today, and the
        #: plan with that, which all go by.
        self.filed = plan
        self.today: Today | None = None
        self.plan = plan
        self.codes = codes
        self.pins = pins
        self.run = run
        self.now = 0.0
        self.commands: list[Command] = []
        self.calls: dict[CallId, Call] = {}
        #: Informateurs' calls to the desk.
        self.desk_calls: dict[CallId, DeskCall] = {}
        self.legs = Legs()
        #: Informateurs who may have become free, and tickets whose conversation is over. Once the
        #: event at hand has been handled, `Routing.follow_up` gives the former work and ends the
        #: latter.
        self.free: deque[AgentDesk] = deque()
        self.talked: deque[TicketId] = deque()
        self.timers: Timers[TimerKey] = Timers()
        levels = len(plan.targets.widening_s)
        self.queue = WorkQueue(list(plan.sectors), levels)
        self.roster = Roster(plan.agents.values(), plan.sectors, levels)
        self.counts: Counter[str] = Counter()
        #: Whether Asterisk is out of reach: nobody can be rung, and silence says nothing.
        self.cut_off = False
        #: Until when those are served who are there while no new caller is taken; None: as usual.
        self.drain_until_at: float | None = None
        self._sequence = 0

    @property
    def draining(self) -> bool:
        """Whether new callers are turned away (drain.py)."""
        return self.drain_until_at is not None

    @property
    def drained(self) -> bool:
        """Whether also those who wait are served no more."""
        return self.drain_until_at is not None and self.now >= self.drain_until_at

    # Calls, and their channels.

    def begin(self, call: Call) -> None:
        """Add a call; its channel is a caller's from now on."""
        self.calls[call.id] = call
        self.legs.add(call.channel, Role.CALLER, call)

    # Ids, chosen before Asterisk knows what they name.

    def next_sequence(self) -> int:
        """Return the next number of this run, for ids and to break ties."""
        self._sequence += 1
        return self._sequence

    def new_leg(self) -> ChannelId:
        """Return the id of a channel to be dialled."""
        return ChannelId(f"{self.run}-leg-{self.next_sequence()}")

    def new_snoop(self) -> ChannelId:
        """Return the id of a channel through which a supervisor will listen."""
        return ChannelId(f"{self.run}-snoop-{self.next_sequence()}")

    def new_bridge(self) -> BridgeId:
        """Return the id of a bridge to be made."""
        return BridgeId(f"{self.run}-talk-{self.next_sequence()}")

    # What the caller hears.

    def play(self, call: Call, prompts: tuple[PromptId, ...]) -> None:
        """Play `prompts` to the caller, in place of whatever was playing, and guard their end."""
        self._stop(call)
        call.playback = self.play_on(call.id, call.channel, prompts)
        self.set_due(call, _STEP, self.plan.targets.prompt_guard_s)

    def play_on(
        self, call: CallId, channel: ChannelId, prompts: tuple[PromptId, ...]
    ) -> PlaybackId:
        """Play `prompts` on any channel; return the id under which the end is reported."""
        playback = PlaybackId(f"{self.run}-play-{self.next_sequence()}")
        self.commands.append(Play(call, channel, playback, self._spelled_out(prompts)))
        return playback

    def silence(self, call: Call) -> None:
        """Stop whatever the caller hears, and cancel its deadlines."""
        self.timers.cancel(("call", call.id, _STEP))
        self._stop(call)

    def _stop(self, call: Call) -> None:
        if call.playback is not None:
            self.stop_playing(call.id, call)
        elif call.music:
            self.commands.append(StopMusic(call.id, call.channel))
            call.music = False
        else:  # only a caller who hears nothing may not have heard the last prompt
            self.timers.cancel(("call", call.id, _UNHEARD))

    def stop_playing(self, call: CallId, owner: Owner) -> None:
        """Stop the prompt that is being played on the owner's own channel, if any."""
        if owner.playback is not None:
            self.commands.append(StopPlaying(call, owner.playback))
            owner.playback = None

    def cut_short(self, call: Call, said: Said) -> None:
        """Stop the prompt that `said` is hearing, if any."""
        playback = call.said.pop(said, None)
        if playback is not None:
            self.commands.append(StopPlaying(call.id, playback))

    def play_music(self, call: Call) -> None:
        """Give the caller music, in place of whatever was playing."""
        self.silence(call)
        self.commands.append(StartMusic(call.id, call.channel))
        call.music = True

    def _spelled_out(self, prompts: tuple[PromptId, ...]) -> tuple[PromptId, ...]:
        if SAY_HOURS not in prompts and SAY_NEXT_OPENING not in prompts:
            return prompts
        said: list[PromptId] = []
        for prompt in prompts:
            if prompt == SAY_HOURS:
                said.extend(week(self.plan.hours.week))
            elif prompt == SAY_NEXT_OPENING:
                opens_at = self.plan.hours.next_opening(self.now)
                if opens_at is not None:
                    hours = self.plan.hours
                    said.extend(opening(hours.local(opens_at), hours.local(self.now)))
            else:
                said.append(prompt)
        return tuple(said)

    # Deadlines.

    def set_due(self, call: Call, due: Due, after_s: float) -> None:
        """Set or move a deadline of the call, `after_s` from now."""
        self.timers.set(("call", call.id, due), self.now + after_s)

    def cancel_due(self, call: Call, *dues: Due) -> None:
        """Cancel those of the call's deadlines that are set."""
        for due in dues:
            self.timers.cancel(("call", call.id, due))

    def set_ring_due(self, leg: ChannelId, after_s: float) -> None:
        """Allow `after_s` from now for `leg` to be picked up, or to begin to ring."""
        self.timers.set(("ring", leg), self.now + after_s)

    def cancel_ring_due(self, leg: ChannelId) -> None:
        """Cancel the deadline of a leg that no longer rings."""
        self.timers.cancel(("ring", leg))

    # Facts.

    def ignore(self, event: Event) -> None:
        """Count an event that is late, repeated or impossible."""
        self.counts[f"{IGNORED}{type(event).__name__}"] += 1

    def service_day(self) -> datetime.date:
        """Return the calendar day in the service's time zone."""
        return self.plan.hours.day_of(self.now)

    def period_at(self, at: float) -> int:
        """Return when the half-hour of an instant began, as the machine's clock showed it."""
        return int(self.plan.hours.wall(at)) // PERIOD_S * PERIOD_S

    def count(self, fact: Fact) -> None:
        """Have a fact counted."""
        self.commands.append(Counted(fact))

    # The call's end.

    def note(
        self,
        call: Call,
        step: Step,
        *,
        sector: SectorId | None = None,
        agent: AgentId | None = None,
        fiche: FicheId | None = None,
        seconds: float | None = None,
        detail: str = "",
    ) -> None:
        """Have a step of the call logged; see `Noted`. The service's own calls are not."""
        if call.probe:
            return
        self.commands.append(Noted(call.id, step, sector, agent, fiche, None, seconds, detail))

    def say_goodbye(self, call: Call, outcome: Outcome, prompts: tuple[PromptId, ...]) -> None:
        """Play a last sentence, after which we hang up. A call once answered stays answered."""
        call.state = CallState.LEAVING
        call.goodbye_at = self.now
        if call.waited_s is None or outcome is Outcome.LOST:
            call.outcome = outcome
        self.play(call, prompts)

    def end(self, call: Call) -> None:
        """Forget the call, and log and count its one outcome; of the service's own none is."""
        self.timers.cancel_all([("call", call.id, due) for due in _EVERY_DUE])
        del self.calls[call.id]
        self.legs.pop(call.channel)
        if call.probe:
            return
        sector = call.item.sector if call.item else None
        self.commands.append(
            Noted(
                call.id,
                Step.ENDED,
                sector,
                call.agent,
                call.fiche,
                call.outcome,
                self.now - call.arrived_at,
            )
        )
        self.counts[f"ended {call.outcome}"] += 1
        if call.ticket is not None:
            self.talked.append(call.ticket)
        self.count(self._fact(call, sector))

    def _fact(self, call: Call, sector: SectorId | None) -> CallFact:
        waited_s = kept = None
        if call.joined_at is not None and call.promised_at is not None:
            waited_s = call.waited_s
            if waited_s is None:
                stopped_at = self.now if call.goodbye_at is None else call.goodbye_at
                waited_s = stopped_at - call.joined_at
            in_time = call.joined_at + waited_s <= call.promised_at
            kept = None if in_time and call.waited_s is None else in_time
        return CallFact(
            self.period_at(call.arrived_at),
            call.door,
            sector,
            call.outcome,
            None if waited_s is None else round(waited_s),
            round(call.talked_s) if call.waited_s is not None else None,
            call.attempts,
            kept,
            call.transfers,
            call.referral,
        )

    def hang_up(self, call: Call) -> None:
        """Hang up, once: Asterisk then reports that the caller's channel is gone."""
        if call.hung_up:
            self.end(call)
            return
        call.hung_up = True
        call.playback = None
        self.commands.append(HangUp(call.id, call.channel))
        self.set_due(call, _STEP, HANG_UP_GUARD_S)
