"""Callers typing their number: `keypad.py` on the loop's clock, with Asterisk's prompts."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from router.core.ids import CallId, PlaybackId, TicketId
from router.intake.channel import Channel
from router.intake.dialling import Dialler
from router.intake.interface import place_of
from router.intake.keypad import Action, Confirmed, GaveUp, Hush, Keypad, Say
from router.intake.reception import Reception


@dataclass(frozen=True, slots=True)
class _Key:
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Played:
    #: None: what was to be said cannot be.
    playback: PlaybackId | None
    heard: bool


@dataclass(frozen=True, slots=True)
class _Refused:
    code: str


_Inbox = asyncio.Queue[_Key | _Played | _Refused]


class Digits:
    """Every caller who types just now. `held` is told of each."""

    def __init__(
        self,
        reception: Reception,
        dialler: Dialler,
        channel: Channel,
        held: Callable[[int], None],
        *,
        fiction: bool,
    ) -> None:
        self._reception = reception
        self._dialler = dialler
        self._channel = channel
        self._held = held
        self._fiction = fiction
        self._log = structlog.get_logger()
        self._callers: dict[CallId, tuple[_Inbox, asyncio.Task[None]]] = {}

    @property
    def busy(self) -> int:
        """How many are typing."""
        return len(self._callers)

    def begin(self, call: CallId) -> None:
        """Take a number on that channel, which hears nothing else meanwhile."""
        if call in self._callers:
            return
        self._held(1)
        inbox: _Inbox = asyncio.Queue()
        # A task a caller: what is asked of Asterisk for one must keep its order.
        task = asyncio.create_task(self._take(call, inbox))
        self._callers[call] = (inbox, task)

    def key(self, call: CallId, key: str) -> None:
        """A key was pressed."""
        if call in self._callers:
            self._callers[call][0].put_nowait(_Key(key))

    def played(self, call: CallId, playback: PlaybackId, *, heard: bool) -> None:
        """One of our prompts is over."""
        if call in self._callers:
            self._callers[call][0].put_nowait(_Played(playback, heard))

    def over(self, call: CallId) -> None:
        """The caller has left."""
        if call in self._callers:
            self._callers.pop(call)[1].cancel()

    async def _take(self, call: CallId, inbox: _Inbox) -> None:
        try:
            end = await self._listen(call, inbox)
        except Exception as error:  # its text could tell the number
            self._log.error("defect", call=call, type=type(error).__name__, detail=place_of(error))
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
        """What the next key, the prompt's end or the deadline leads to."""
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
