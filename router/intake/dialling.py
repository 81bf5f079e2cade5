"""Asterisk, as far as numbers are concerned: dialling them, and prompts while they are typed.

A number is only ever in the body of a request, never in an address, and of Asterisk's answer
only the status is read. Asterisk may log what it plays, so that no pair of a number's digits is
named to it.
"""

import re
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import aiohttp

from router.asterisk.settings import UNTOLD_PAIR
from router.core.ids import CallId, PlaybackId, PromptId
from router.intake.channel import PLAYBACK_PREFIX
from router.intake.numbers import PhoneNumber, national_pairs
from router.intake.terms import Terms

#: The first argument of the call's Stasis application; the call's id follows.
ARGUMENT = "callback"
#: Where Asterisk finds our prompts.
_SOUND = "sound:allo"
_LANGUAGE = "fr"
_PAIR = re.compile(r"pair-([0-9]{2})")

#: Asterisk answers an originate at once, before it dials.
_PATIENCE_S = 10.0
#: Below Asterisk's session_keep_alive (15 s), lest a POST meet a connection just closed.
_KEEP_ALIVE_S = 10.0


@dataclass(frozen=True, slots=True)
class DialError:
    """Why a number was not dialled.

    "exists"       409: a channel has this id; it was dialled before, and not again
    "rejected"     another 4xx, or no such carrier: nothing was dialled
    "failed"       5xx: nothing was dialled
    "unreachable"  no connection: nothing was dialled
    "unclear"      no answer: it may have been dialled
    "no_number"    the vault has none under that ticket
    "vault"        the vault cannot be read
    "no_intake"    there was no intake for a while: nothing was dialled
    "over"         its attempt was over first: nothing was dialled
    """

    #: The HTTP status; 0 without an answer.
    status: int
    #: One of the words above.
    reason: str


class Dialler:
    """Asks Asterisk over HTTP. Call `open` first and `close` at the end."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        token = b64encode(f"{terms.ari_user}:{terms.ari_password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}"}
        self._calls: aiohttp.ClientSession | None = None
        self._prompts: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Get ready; nothing is connected yet."""
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
        # A connection for each originate: after one 409 on a connection, Asterisk answers 409 to
        # whatever fails on it (the error number belongs to the thread and is kept; seen in 22.10).
        self._calls = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            headers=self._headers,
            timeout=timeout,
        )
        self._prompts = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
            headers=self._headers,
            timeout=timeout,
        )

    async def close(self) -> None:
        """Give up what is under way."""
        for session in (self._calls, self._prompts):
            if session is not None:
                await session.close()

    async def dial(
        self,
        call: CallId,
        number: PhoneNumber,
        timeout_s: int,
        variables: Mapping[str, str],
        carrier: str,
    ) -> DialError | None:
        """Dial the number as channel `call`, which rings for at most `timeout_s` seconds.

        `carrier` is the endpoint by which the call goes out. Return why it was not dialled, None if
        it was.
        """
        assert self._calls is not None, "open() first"
        wanted = self._terms.carriers.get(carrier)
        if wanted is None:  # of settings that are not this intake's
            return DialError(0, "rejected")
        body = {
            "endpoint": f"PJSIP/{as_dialled(number, wanted.number_format)}@{carrier}",
            # Without them Asterisk offers what it can in an order of its own (measured).
            "formats": ",".join(wanted.codecs),
            "app": self._terms.app,
            "appArgs": f"{ARGUMENT},{call}",
            "timeout": timeout_s,
            "callerId": self._terms.presented,
            "variables": dict(variables),
        }
        try:
            async with self._calls.post(self._url(f"channels/{call}"), json=body) as answer:
                return _error_of(answer.status)
        except aiohttp.ClientConnectorError:
            return DialError(0, "unreachable")
        except (aiohttp.ClientError, OSError, TimeoutError):
            return DialError(0, "unclear")

    async def hang_up(self, call: CallId) -> None:
        """Hang the call up, if it was dialled."""
        await self._ask("DELETE", f"channels/{call}", None)

    async def say(self, call: CallId, prompts: Sequence[PromptId]) -> list[PlaybackId]:
        """Play the prompts on the channel, one after another.

        Return the playbacks: when the last one has ended, everything is said. If Asterisk
        refuses one, those after it are not played either; there may be none at all.
        """
        playing: list[PlaybackId] = []
        for language, media in _untold(prompts):
            playback = PlaybackId(PLAYBACK_PREFIX + secrets.token_hex(8))
            path = f"channels/{call}/play/{playback}"
            if not await self._ask("POST", path, {"media": media, "lang": language}):
                break
            playing.append(playback)
        return playing

    async def hush(self, playing: Sequence[PlaybackId]) -> None:
        """Stop the playbacks that are not over, the last one first, so that none of them begins."""
        for playback in reversed(playing):
            await self._ask("DELETE", f"playbacks/{playback}", None)

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None) -> bool:
        assert self._prompts is not None, "open() first"
        try:
            async with self._prompts.request(method, self._url(path), json=body) as answer:
                return answer.status < 300
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    def _url(self, path: str) -> str:
        return f"{self._terms.ari_url}/{path}"


def as_dialled(number: PhoneNumber, form: str) -> str:
    """Return the number in the form that a carrier wants."""
    match form:
        case "national":
            return "".join(national_pairs(number))
        case "+e164":
            return number.e164
        case "00e164":
            return f"00{number.e164.removeprefix('+')}"
        case _:
            return number.e164.removeprefix("+")


def _untold(prompts: Sequence[PromptId]) -> Iterator[tuple[str, list[str]]]:
    """Yield language and media that say these prompts, without naming a pair of digits."""

    def language(prompt: PromptId) -> str:
        pair = _PAIR.fullmatch(prompt)
        return _LANGUAGE if pair is None else f"{_LANGUAGE}_{pair[1]}"

    for spoken, alike in groupby(prompts, language):
        plain = spoken == _LANGUAGE
        yield spoken, [f"{_SOUND}/{prompt if plain else UNTOLD_PAIR}" for prompt in alike]


def _error_of(status: int) -> DialError | None:
    if status < 300:
        return None
    if status == 409:
        return DialError(status, "exists")
    return DialError(status, "failed" if status >= 500 else "rejected")
