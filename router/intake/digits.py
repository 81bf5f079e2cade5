"""Callers who type their number: `keypad.py` on the loop's clock, with Asterisk's prompts."""

import asyncio
import secrets
from dataclasses import dataclass, field

import structlog

from router import logs
from router.core.ids import CallId, PlaybackId, TicketId
from router.intake.channel import Channel
from router.intake.dialling import Dialler
from router.intake.keypad import Action, Confirmed, GaveUp, Hush, Keypad, Say
from router.intake.reception import Reception
from router.intake.wear import Wear


@dataclass(frozen=True, slots=True)
class _Key:
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Played:
    #: None: nothing could be played.
    playback: PlaybackId | None
    heard: bool


@dataclass(frozen=True, slots=True)
class _Refused:
    code: str


_Inbox = asyncio.Queue[_Key | _Played | _Refused]


class Digits:
    """The callers who are typing now. `wear` counts each of them as a number."""

    def __init__(
        self,
        reception: Reception,
        dialler: Dialler,
        channel: Channel,
        wear: Wear,
        *,
        fiction: bool,
    ) -> None:
        self._reception = reception
        self._dialler = dialler
        self._channel = channel
        self._wear = wear
        self._fiction = fiction
        self._log = structlog.get_logger()
        self._callers: dict[CallId, tuple[_Inbox, asyncio.Task[None]]] = {}

    @property
    def busy(self) -> int:
        """How many callers are typing."""
        return len(self._callers)

    def begin(self, call: CallId) -> None:
        """Take a number on that channel, to which nothing else is played meanwhile."""
        if call in self._callers:
            return
        self._wear.add()
        inbox: _Inbox = asyncio.Queue()
        # A task for each caller: what is asked of Asterisk for one must stay in order.
        task = asyncio.create_task(self._take(call, inbox))
        self._callers[call] = (inbox, task)

    def key(self, call: CallId, key: str) -> None:
        """Hand on a key that the caller pressed."""
        if call in self._callers:
            self._callers[call][0].put_nowait(_Key(key))

    def played(self, call: CallId, playback: PlaybackId, *, heard: bool) -> None:
        """Hand on that one of our prompts is over: heard to its end, or broken off."""
        if call in self._callers:
            self._callers[call][0].put_nowait(_Played(playback, heard))

    def over(self, call: CallId) -> None:
        """Forget the caller, who has left."""
        if call in self._callers:
            self._callers.pop(call)[1].cancel()

    async def _take(self, call: CallId, inbox: _Inbox) -> None:
        try:
            end = await self._listen(call, inbox)
        except Exception as error:  # its text could hold the number
            place = logs.place(error.__traceback__)
            self._log.error("defect", call=call, error=type(error).__name__, place=place)
            end = GaveUp("interrupted")
        self._callers.pop(call, None)
        ticket, code = (None, end.code) if isinstance(end, GaveUp) else (end, None)
        self._channel.send({"entered": call, "ticket": ticket, "refused": code})

    async def _listen(self, call: CallId, inbox: _Inbox) -> TicketId | GaveUp:
        now = asyncio.get_running_loop().time
        keypad = Keypad(fiction=self._fiction)
        playing: list[PlaybackId] = []
        actions = keypad.start(now())
        while True:
            for action in actions:
                match action:
                    case Say(prompts):
                        playing = await self._dialler.say(call, prompts)
                        if not playing:
                            inbox.put_nowait(_Played(None, heard=False))
                    case Hush():
                        await self._dialler.hush(playing)
                    case GaveUp():
                        return action
                    case Confirmed(number):
                        ticket = TicketId(secrets.token_urlsafe(24))
                        refused = await self._reception.claim(call, ticket, number)
                        if refused is None:
                            return ticket
                        inbox.put_nowait(_Refused(refused))
            actions = await self._next(keypad, inbox, playing)

    async def _next(self, keypad: Keypad, inbox: _Inbox, playing: list[PlaybackId]) -> list[Action]:
        """Wait for a key, the end of a prompt or the deadline, and return what it leads to."""
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout_at(keypad.deadline):
                happened = await inbox.get()
        except TimeoutError:
            return keypad.time_passed(now())
        match happened:
            case _Key(key):
                return keypad.key(key, now())
            case _Refused(code):
                return keypad.refused(code, now())
            case _Played(None, _):
                return keypad.unsaid(now())
            case _Played(over, heard=False) if over in playing:
                return keypad.unsaid(now())
            case _Played(over, _) if over in playing[-1:]:
                return keypad.said(now())
        return []  # another prompt follows, or it was cut short
