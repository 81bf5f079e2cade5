"""Carries out the engine's commands: in order within a call, concurrently across calls."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from structlog.typing import FilteringBoundLogger

from router.ari.messages import Request
from router.ari.orders import BLOCKING, Order
from router.ari.to_requests import Requests
from router.ari.underway import Underway
from router.core.commands import (
    DialOut,
    HangUp,
    Join,
    Play,
    PutIn,
    Ring,
    StartMusic,
    StopPlaying,
    TakeOut,
    Verify,
)
from router.core.events import CommandFailed, Event, LegEnd, LegEnded
from router.core.ids import CallId, ChannelId
from router.errors import AriGone, AriRejected, AriUnreachable
from router.tasks import Tasks

#: How long the rest of a call waits, each time, for what is asked again: nobody is cut off because
#: Asterisk has failed for a second or two.
_IN_TURN_S = (0.2, 0.5, 1, 2, 4)
#: What is asked again when Asterisk fails (5xx), and how long after each failure. Not ringing: a
#: phone that is not registered fails for good (500, measured).
AGAIN_S: dict[type[Order], Sequence[float]] = {
    # From a prompt's start until its file is open, Asterisk answers 500 (res_stasis_playback: the
    # playback is "playing" before it is "controllable"); it would be heard to its end.
    StopPlaying: (0.02, 0.05, 0.1, 0.2, 0.5),
    # A leg that stays would be in silence until the next resync.
    HangUp: (0.2, 0.5, 1, 2, 4, 8, 15),
    Play: _IN_TURN_S,
    StartMusic: _IN_TURN_S,
    Join: _IN_TURN_S,
    PutIn: _IN_TURN_S,
    TakeOut: _IN_TURN_S,
}
#: What of it the rest of the call does not wait for.
_ASIDE = (StopPlaying, HangUp)

Ask = Callable[[Request], Awaitable[Any]]
Send = Callable[[Request], Awaitable[asyncio.Future[Any]]]


@dataclass(slots=True)
class _Line:
    """The commands of one call that wait; `blocked` while a prompt delays the one under way."""

    waiting: deque[Order]
    blocked: bool = False


class Performer:
    """Sends commands to Asterisk, and reports what it refuses.

    `perform` returns at once. A call costs a task only while something of it is under way. `ask`
    carries out a request and waits for the answer, `send` only sends it; refusals become events
    for `submit`. Commands that find no Asterisk go to `dropped`, for the resync to make up for.
    """

    def __init__(
        self,
        requests: Requests,
        underway: Underway,
        ask: Ask,
        send: Send,
        submit: Callable[[Event], None],
        dropped: Callable[[Order], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._requests = requests
        self._underway = underway
        self._ask = ask
        self._send = send
        self._submit = submit
        self._dropped = dropped
        self._log = log
        self._lines: dict[CallId, _Line] = {}
        self._tasks = Tasks()
        #: Commands that Asterisk refused, since the start.
        self.refused = 0

    def perform(self, commands: Iterable[Order]) -> None:
        """Queue commands behind those of the same call. Call it from the event loop."""
        for command in commands:
            line = self._lines.get(command.call)
            if line is None:
                line = self._lines[command.call] = _Line(deque((command,)))
                self._tasks.start(self._work(command.call, line))
            elif line.blocked and not line.waiting and isinstance(command, StopPlaying | HangUp):
                # What ends the prompt must not queue behind what waits for its end.
                self._tasks.start(self._carry_out(command, None))
            else:
                line.waiting.append(command)

    @property
    def busy(self) -> int:
        """How many calls have a command under way."""
        return len(self._lines)

    async def close(self) -> None:
        """Give up what is under way."""
        await self._tasks.close()

    async def _work(self, call: CallId, line: _Line) -> None:
        try:
            while line.waiting:
                await self._carry_out_together(line)
                if line.waiting:
                    await self._carry_out(line.waiting.popleft(), line)
        finally:
            del self._lines[call]

    async def _carry_out_together(self, line: _Line) -> None:
        """Send the commands at the head of the line that cannot block, then await the answers.

        Asterisk carries them out in order. A round trip for each would cost a wake-up on either
        side, and the caller a pause between a key and its effect.
        """
        sent: list[tuple[Order, Request, asyncio.Future[Any]]] = []
        try:
            while line.waiting and not isinstance(line.waiting[0], BLOCKING):
                command = line.waiting.popleft()
                for request in self._requests.of(command):
                    try:
                        sent.append((command, request, await self._send(request)))
                    except AriUnreachable:
                        self._dropped(command)
            for command, request, answer in sent:
                await self._succeeds(command, request, answer)
        finally:
            for _, _, answer in sent:
                answer.cancel()

    async def _carry_out(self, command: Order, line: _Line | None) -> None:
        for request in self._requests.of(command):
            if line is not None:
                line.blocked = request.may_block
            succeeded = await self._succeeds(command, request, self._ask(request))
            if line is not None:
                line.blocked = False
            if not succeeded:
                break

    async def _succeeds(
        self, command: Order, request: Request, answer: Awaitable[Any], failures: int = 0
    ) -> bool:
        """Await the answer; report a refusal. Return whether the command may go on.

        `failures` is how often Asterisk has failed to do it before.
        """
        try:
            await answer
        except AriGone as error:
            if not request.gone_is_fine:
                self._failed(command, request.channel, error)
                return False
        except AriRejected as error:
            if request.gone_is_fine and error.status == 400:
                return True  # seen when the caller hangs up while variables are set
            if isinstance(command, Verify):
                return True  # says nothing about the leg
            if error.status >= 500 and failures < len(AGAIN_S.get(type(command), ())):
                again = self._again(command, request, failures)
                if not isinstance(command, _ASIDE):
                    return await again
                self._tasks.start(again)
                return True
            self._rejected(command, request, error)
            return False
        except AriUnreachable:
            self._dropped(command)
            return False
        return True

    async def _again(self, command: Order, request: Request, failures: int) -> bool:
        await asyncio.sleep(AGAIN_S[type(command)][failures])
        return await self._succeeds(command, request, self._ask(request), failures + 1)

    def _rejected(self, command: Order, request: Request, error: AriRejected) -> None:
        self._log.warning(
            "asterisk refused", call=command.call, operation=error.operation, status=error.status
        )
        self._failed(command, request.channel, error)

    def _failed(self, command: Order, channel: ChannelId | None, error: AriRejected) -> None:
        self.refused += 1
        if isinstance(command, Ring | DialOut):
            self._underway.drop_leg(command.leg)
            if not isinstance(error, AriGone):  # measured: 500 when the phone is not registered
                self._submit(LegEnded(command.call, command.leg, LegEnd.UNREACHABLE))
                return
            channel = None  # measured: 400 "not found" when the caller has left
        if isinstance(command, Play):
            self._underway.drop_playback(command.playback)
        if channel is None:
            channel = ChannelId(command.call)
            if isinstance(command, Join):
                channel = command.channels[-1]
        self._submit(CommandFailed(command.call, channel))
