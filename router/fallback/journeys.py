"""What callers are asked while the router is away: the very engine, in which nobody is on duty.

Hours, codes, menus and pages are as ever. Whoever has said what they want would then be refused
for want of an informateur: that is where they wait.
"""

from dataclasses import dataclass, field, replace
from math import inf

from router.core.codes import CodeBook
from router.core.commands import Command, HangUp, Noted, Play, Step, StopPlaying
from router.core.engine import Engine
from router.core.events import CallArrived, CallLeft, DrainChanged, Event
from router.core.facts import Outcome
from router.core.ids import CallId, FicheId, PlaybackId, PromptId, SectorId
from router.core.plan import Plan


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a caller waits, and the page whose code they typed."""

    sector: SectorId
    fiche: FicheId | None = None


@dataclass(slots=True)
class Caller:
    """What is to be done for one caller. `prompts` are taken out as they are said."""

    call: CallId
    #: Said one after another; a key cuts them short. Then `PromptEnded` with `playback`.
    prompts: list[PromptId] = field(default_factory=list)
    playback: PlaybackId | None = None
    #: Once known, nothing more is asked.
    destination: Destination | None = None
    #: Everything has been said: the caller is to be hung up.
    over: bool = False
    #: The service was closed when they called.
    closed: bool = False
    #: How many wrong codes they have typed.
    wrong_codes: int = 0
    fiche: FicheId | None = None


class Journeys:
    """The callers who are being asked. Times are UTC epoch seconds and never go back."""

    def __init__(self, plan: Plan, codes: CodeBook, run: str) -> None:
        """`run` as the engine's."""
        self._engine = Engine(replace(plan, agents={}), codes, run)
        self._callers: dict[CallId, Caller] = {}
        self._is_drained = False

    def begin(self, call: CallId, now: float, *, is_drained: bool = False) -> Caller:
        """Return what is to be done first for a new caller. The caller's duty: `leave`.

        `is_drained`: the router had been taken out of service before it went (core/drain.py).
        """
        if is_drained != self._is_drained:
            self._is_drained = is_drained
            self.handle(DrainChanged(inf if is_drained else None), now)
        caller = self._callers[call] = Caller(call)
        self.handle(CallArrived(call), now)
        return caller

    def handle(self, event: Event, now: float) -> None:
        """Take a caller's event, or the time; what follows is in each `Caller` concerned."""
        self._carry_out(self._engine.handle(event, now), now)

    def leave(self, call: CallId, now: float) -> None:
        """Forget a caller, who has gone or is asked nothing more."""
        self._callers.pop(call, None)
        if call in self._engine.known()[0]:
            self.handle(CallLeft(call), now)

    def next_deadline(self) -> float | None:
        """Return when `handle` is to be called with `TimePassed` at the latest, or None."""
        return self._engine.next_deadline()

    def _carry_out(self, commands: list[Command], now: float) -> None:
        for command in commands:
            match command:
                case Play(call, _, playback, prompts):
                    if (caller := self._callers.get(call)) is not None:
                        caller.prompts, caller.playback = [*prompts], playback
                case StopPlaying(call, playback):
                    caller = self._callers.get(call)
                    if caller is not None and caller.playback == playback:
                        caller.prompts, caller.playback = [], None
                case HangUp(call, _):
                    if (caller := self._callers.get(call)) is not None:
                        caller.over = True
                case Noted():
                    if (caller := self._callers.get(command.call)) is not None:
                        _note(caller, command)
                case _:
                    pass  # nothing else can be done, or needs to be, without the router
        for caller in [one for one in self._callers.values() if one.destination is not None]:
            self.leave(caller.call, now)


def _note(caller: Caller, noted: Noted) -> None:
    match noted.step:
        case Step.CLOSED:
            caller.closed = True
        case Step.CODE_ACCEPTED:
            caller.fiche = noted.fiche
        case Step.CODE_REFUSED:
            caller.wrong_codes += 1
        case Step.REFUSED if noted.detail == Outcome.REFUSED_NO_AGENT and noted.sector is not None:
            caller.destination = Destination(noted.sector, caller.fiche)
        case _:
            pass
