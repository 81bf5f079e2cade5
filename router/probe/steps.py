"""How far a probe gets, step by step, and what keeps it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from router.asterisk.settings import AsteriskSettings
from router.errors import RouterError
from router.probe.call import Call, Caller

#: Who calls when it does not matter: a number kept for fiction.
NOBODY = Caller("0199000000")
#: What Asterisk calls a channel that the router has.
_STASIS = "Stasis"
_ANSWERED = 200
#: How long each step may take.
ANSWER_WITHIN_S = 5.0
SOUND_WITHIN_S = 5.0
KEY_WITHIN_S = 5.0

#: Returns Asterisk's channels, as ARI lists them.
Channels = Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]


class Step(StrEnum):
    """How far a probe has got."""

    ANSWER = "answer"  # the call is taken
    SOUND = "sound"  # the first sound of the first sentence
    KEY = "key"  # a key was understood, and the call ended


class ProbeFailed(RouterError):
    """A probe got no further: why, and what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.reason}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Line:
    """Where the service calls itself."""

    #: The UDP port on 127.0.0.1.
    port: int
    #: What Asterisk knows the probe by.
    token: str = field(repr=False)
    #: What callers dial.
    number: str

    @classmethod
    def of(cls, settings: AsteriskSettings) -> "Line":
        """Return that of this Asterisk."""
        return cls(settings.probe_port, settings.probe_token, settings.service_numbers[0])

    def call(self, caller: Caller = NOBODY) -> Call:
        """Return a call that is not dialled yet."""
        return Call(self.port, self.token, self.number, caller)


async def reach(call: Call) -> dict[Step, float]:
    """Dial, and listen to the first sound; return the seconds that each step took.

    Raises:
        ProbeFailed: If the call is not answered, or nothing is heard.
    """
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            status = await call.dial()
    except TimeoutError:
        raise ProbeFailed(
            f"a call is not answered within {ANSWER_WITHIN_S:.0f} s",
            "Asterisk hangs or is overloaded: see its log.",
        ) from None
    except OSError as error:
        raise ProbeFailed(
            f"Asterisk takes no calls ({error})",
            "Start it with the configuration of these settings: ./allo asterisk start.",
        ) from None
    if status != _ANSWERED:
        raise _refused(status)
    answered_at = loop.time()
    try:
        async with asyncio.timeout(SOUND_WITHIN_S):
            await call.ear.heard.wait()
    except TimeoutError:
        raise _silent(call) from None
    return {Step.ANSWER: answered_at - began_at, Step.SOUND: loop.time() - began_at}


async def channel_of(call: Call, channels: Channels) -> Mapping[str, Any]:
    """Return Asterisk's view of the call, which the router has.

    Raises:
        ProbeFailed: If it is somewhere else: the dialplan looks after it, without the router.
        AriError: If Asterisk does not tell.
    """
    for channel in await channels():
        if channel.get("protocol_id") == call.id:
            if channel["dialplan"]["app_name"] == _STASIS:
                return channel
            raise ProbeFailed(
                "the router did not take the call: what is heard is the apology",
                "Start the router, or see in its log why it has no connection to Asterisk.",
            )
    raise ProbeFailed("the call ended at once", "See the logs of Asterisk and of the router.")


async def dismiss(call: Call) -> float:
    """Press a key, at which the router ends the call; return the seconds that it took.

    Raises:
        ProbeFailed: If it does not.
    """
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    try:
        async with asyncio.timeout(KEY_WITHIN_S):
            await call.ear.press("#")
            await call.ended.wait()
    except TimeoutError:
        raise ProbeFailed(
            f"a key has no effect within {KEY_WITHIN_S:.0f} s: callers cannot choose",
            "See dtmf_mode in pjsip.conf (./allo configure writes it), and the router's log.",
        ) from None
    return loop.time() - began_at


def _refused(status: int) -> ProbeFailed:
    if status in (401, 403):
        return ProbeFailed(
            f"Asterisk does not know the probe (SIP {status})",
            "Its configuration is not that of these settings: write it (./allo configure), "
            "restart Asterisk.",
        )
    if status == 404:
        return ProbeFailed(
            "Asterisk knows the number that callers dial no more (SIP 404)",
            "Its dialplan is not that of this plan: write it (./allo configure), restart Asterisk.",
        )
    if status == 488:
        return ProbeFailed(
            "Asterisk takes no call in A-law (SIP 488)", "Add alaw to asterisk.trunk_codecs."
        )
    return ProbeFailed(f"a call is refused (SIP {status})", "See Asterisk's log.")


def _silent(call: Call) -> ProbeFailed:
    within = f"within {SOUND_WITHIN_S:.0f} s"
    if call.ended.is_set():
        return ProbeFailed(
            "a call is hung up before a word is said", "See the logs of Asterisk and the router."
        )
    if call.ear.packets:
        return ProbeFailed(
            f"a call hears only silence {within}",
            "A prompt is missing or cannot be read: ./allo prompts, then see Asterisk's log.",
        )
    return ProbeFailed(
        f"a call hears nothing at all {within}",
        "No packet of sound comes back: see that asterisk.rtp_first to rtp_last are free.",
    )
