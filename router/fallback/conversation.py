"""One caller while the router is away: hears what happens, is asked, kept, and handed over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from router.ari.away import DRAINED, End
from router.ari.naming import JOINED_VARIABLE, SECTOR_VARIABLE, after_the_gap, waiting_marks
from router.core.events import KeyPressed, PromptEnded, TimePassed
from router.core.ids import CallId, PromptId
from router.fallback.handover import HandOver, Place, Router
from router.fallback.journeys import Caller, Destination, Journeys
from router.fallback.line import Line

#: Set for the dialplan (asterisk-conf/extensions.conf): what is to be done with the caller,
OUTCOME = "ALLO_AWAY"
#: "back": the router is there; "over": everything has been said.
BACK, OVER = "back", "over"
#: what Stasis is given of them,
WAITING = "ALLO_WAITING"
#: and whether they have been handed over before, in vain.
TRIED = "ALLO_TRIED"

AWAY_FIRST = PromptId("away-first")
AWAY_KEPT = PromptId("away-kept")
AWAY_STILL = PromptId("away-still")
AWAY_END = PromptId("apology-end")
PROMPTS = frozenset({AWAY_FIRST, AWAY_KEPT, AWAY_STILL, AWAY_END})

#: How long a deadline, or the router's return, may go unnoticed, in seconds.
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Terms:
    """How callers are kept, in seconds."""

    #: Between two attempts to hand over.
    retry_every_s: float
    #: In all.
    retry_for_s: float
    #: Between two sentences that say that it goes on.
    announce_every_s: float


class Conversation:
    """One caller on a `line`. `run` raises AgiEnded when they hang up."""

    def __init__(
        self,
        line: Line,
        journeys: Journeys,
        router: Router,
        hand_over: HandOver,
        terms: Terms,
        now: Callable[[], float],
        is_open: bool,
    ) -> None:
        self._line = line
        self._journeys = journeys
        self._router = router
        self._hand_over = hand_over
        self._terms = terms
        self._now = now
        self._is_open = is_open

    async def run(self, call: CallId, waited_s: float, channel: str) -> End:
        """Look after the caller until they leave us; return how.

        They have found the router away for `waited_s` seconds; `channel` is Asterisk's id.
        """
        line = self._line
        away_at = self._now() - waited_s
        is_known = bool(await line.get(SECTOR_VARIABLE))
        was_tried = bool(await line.get(TRIED))
        if self._router.is_there and not is_known and not was_tried:
            return await self._leave()
        if not is_known:
            destination = await self._asked(call, is_drained=await line.get(DRAINED) == "1")
            if destination is None:
                return await self._over()
            called_s = await self._router.called_s_ago(channel)
            since = away_at if called_s is None else self._now() - called_s
            await self._remember(destination, since)
        else:
            since = _instant(await line.get(JOINED_VARIABLE), away_at)
        with self._hand_over.place(since, channel) as place:
            return await self._keep(
                place,
                away_at + self._terms.retry_for_s,
                was_tried=was_tried,
                is_new=not is_known,
            )

    async def _asked(self, call: CallId, *, is_drained: bool) -> Destination | None:
        """Return where the caller waits; None: they have heard all there is."""
        takes_calls = self._is_open and not is_drained
        key = await self._line.say(AWAY_FIRST) if takes_calls else None
        caller = self._journeys.begin(call, self._now(), is_drained=is_drained)
        try:
            if key is not None:
                self._journeys.handle(KeyPressed(call, key), self._now())
            elif takes_calls and caller.playback is not None:  # instead of the welcome
                self._journeys.handle(PromptEnded(call, caller.playback), self._now())
            while caller.destination is None and not caller.over:
                await self._step(caller)
            return caller.destination
        finally:
            self._journeys.leave(call, self._now())

    async def _step(self, caller: Caller) -> None:
        call, playback = caller.call, caller.playback
        if caller.prompts:
            key = await self._line.say(caller.prompts.pop(0))
        elif playback is not None:
            caller.playback = None
            self._journeys.handle(PromptEnded(call, playback), self._now())
            return
        else:
            key = await self._line.key(_LOOK_S)
        event = TimePassed() if key is None else KeyPressed(call, key)
        self._journeys.handle(event, self._now())

    async def _remember(self, destination: Destination, since: float) -> None:
        """Note it on the channel: whatever becomes of us, nobody is asked twice."""
        sector, fiche = destination.sector, destination.fiche
        for name, value in waiting_marks(sector, since, fiche).items():
            await self._line.set(name, value)
        await self._line.set(WAITING, after_the_gap(sector, since, fiche))

    async def _keep(self, place: Place, give_up_at: float, *, was_tried: bool, is_new: bool) -> End:
        terms, line = self._terms, self._line
        began = said_at = self._now()
        if is_new and not self._router.is_there:
            await line.say(AWAY_KEPT)
        pause_s = terms.retry_every_s if was_tried else 0.0
        while True:
            if self._now() >= give_up_at:
                await line.say(AWAY_END)
                return await self._over()
            if self._router.is_there and self._now() - began >= pause_s:
                if await self._hand_over.is_turn(place, _LOOK_S):
                    return await self._leave()
                await line.music(on=True)
                continue
            if self._now() - said_at >= terms.announce_every_s:
                said_at = self._now()
                await line.say(AWAY_STILL)
            await line.music(on=True)
            await line.key(_LOOK_S)

    async def _leave(self) -> End:
        await self._line.music(on=False)
        await self._line.set(TRIED, "1")
        await self._line.set(OUTCOME, BACK)
        return End.HANDED_OVER

    async def _over(self) -> End:
        await self._line.set(OUTCOME, OVER)
        return End.TOLD


def _instant(text: str, otherwise: float) -> float:
    """Return the instant that a router, or we, wrote on the channel."""
    try:
        return float(text)
    except ValueError:
        return otherwise


async def pause(seconds: float) -> None:
    """Wait: codes are being guessed."""
    if seconds > 0:
        await asyncio.sleep(seconds)
