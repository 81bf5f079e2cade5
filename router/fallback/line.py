"""A call as AGI sees it: something is said, a key is waited for, a variable is set.

One command at a time, each with a time-out of its own: panoramisk has none. docs.asterisk.org,
"AGI Commands".
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from router.core.ids import PromptId
from router.errors import AgiEnded

#: What an answer may take, beside what the command itself takes, in seconds.
PATIENCE_S = 10.0
#: The longest prompt, in seconds.
_LONGEST_PROMPT_S = 120.0
_KEYS = "0123456789*#"


class Request(Protocol):
    """What panoramisk gives a route (`fast_agi.Request`)."""

    async def send_command(self, command: str) -> Mapping[str, Any]:
        """Send an AGI command and return its parsed answer."""


class Line:
    """One call. Every method raises AgiEnded once it is over."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._has_music = False

    async def say(self, prompt: PromptId) -> str | None:
        """Say one prompt, until its end or a key, which is returned.

        One whose file is missing is passed over.
        """
        await self.music(on=False)
        command = f'STREAM FILE allo/{prompt} "{_KEYS}"'
        return _key(await self._ask(command, _LONGEST_PROMPT_S, may_fail=True))

    async def key(self, within_s: float) -> str | None:
        """Wait for a key, for so long at most; return it, or None."""
        command = f"WAIT FOR DIGIT {int(within_s * 1000)}"
        return _key(await self._ask(command, within_s))

    async def music(self, *, on: bool) -> None:
        """Begin or end the music that callers hear who wait."""
        if on != self._has_music:
            await self._ask("SET MUSIC ON default" if on else "SET MUSIC OFF")
            self._has_music = on

    async def set(self, name: str, value: str) -> None:
        """Set a channel variable. `value` is ours, and holds no quotes."""
        await self._ask(f'SET VARIABLE {name} "{value}"')

    async def get(self, name: str) -> str:
        """Return a channel variable of ours; "" if it is not set."""
        return (await self._ask(f"GET VARIABLE {name}"))[1]

    async def _ask(
        self, command: str, takes_s: float = 0.0, *, may_fail: bool = False
    ) -> tuple[str, str]:
        """Return Asterisk's result, and what it adds in brackets."""
        try:
            async with asyncio.timeout(takes_s + PATIENCE_S):
                told = await self._request.send_command(command)
        except (TimeoutError, OSError, ValueError, EOFError):
            raise AgiEnded from None
        if may_fail and told.get("error") == "AGIAppError":  # -1
            return "0", ""
        if "error" in told:
            raise AgiEnded
        result: tuple[str, str] = told["result"]
        return result


def _key(result: tuple[str, str]) -> str | None:
    code = result[0]
    key = chr(int(code)) if code.isdecimal() and len(code) <= 3 else ""
    return key if key and key in _KEYS else None
