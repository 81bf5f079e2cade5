"""The intakes' processes: one serves, others start or finish, and each is followed by the next.

The public port and the key of the day are kept here, so that neither goes with a process.
"""

import asyncio
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import structlog

from router.clock import Clock
from router.intake.channel import Message
from router.intake.child import Child
from router.intake.day_key import DayKey
from router.intake.loop_timers import LoopTimers
from router.intake.terms import NOTHING_ACCEPTED, Terms
from router.tasks import Tasks

#: An intake that has held enough numbers still serves for this long, so that under a flood of
#: requests the machine does more than start intakes.
SHORTEST_LIFE_S = 20.0
#: A retired intake leaves connections without a request open for this long: one may be on its
#: way.
LINGER_S = 10.0
#: The same when the router stops, and how long everything else may take then.
_LAST_LINGER_S = 0.5
_GOODBYE_S = 5.0
#: Deaths within `_BUDGET_S` after which the next start waits: it would die as well.
_BUDGET = 5
_BUDGET_S = 60.0
_PAUSE_S = 10.0
#: A new intake that does not serve after this, and a retired one that has not gone, hang.
_START_S = 30.0
_RETIREMENT_S = 300.0
#: How often each is asked whether it lives; that many questions in a row without an answer, and it
#: hangs. They are counted, not timed: a router that was itself held up has heard no answer either.
LOOK_S = 2.0
_UNANSWERED = 4


class Succession:
    """The processes, newest last. `start` before all else, `stop` at the end.

    `receive` gets every message of each, and `gone` is called once for each that has ended. Their
    owner passes back what concerns the processes: `is_ready`, `is_worn`, `is_gone`.
    """

    def __init__(
        self,
        terms: Terms,
        clock: Clock,
        receive: Callable[[Child, Message], None],
        gone: Callable[[Child], None],
        timers: LoopTimers,
        *,
        shortest_life_s: float = SHORTEST_LIFE_S,
        linger_s: float = LINGER_S,
        look_s: float = LOOK_S,
    ) -> None:
        self._terms = terms
        self._clock = clock
        self._receive = receive
        self._gone = gone
        self._timers = timers
        self._shortest_life_s = shortest_life_s
        self._linger_s = linger_s
        self._look_s = look_s
        self._log = structlog.get_logger()
        self._day_key = DayKey.reserve()
        self._listening: socket.socket | None = None
        self._children: list[Child] = []
        #: The state last sent to all of them; None before the first.
        self._state: Message | None = None
        self._deaths: deque[float] = deque(maxlen=_BUDGET)
        self._starts = Tasks()
        self._stopping = False
        #: Whether the one that is starting must be followed at once, as its terms have changed.
        self._outdated = False

    def __iter__(self) -> Iterator[Child]:
        """All of them, those that are starting or finishing included."""
        return iter(self._children)

    @property
    def current(self) -> Child | None:
        """The newest that serves."""
        return next((child for child in reversed(self._children) if child.serves), None)

    @property
    def port(self) -> int:
        """The public port."""
        assert self._listening is not None, "start() first"
        port: int = self._listening.getsockname()[1]
        return port

    async def start(self, listening: socket.socket, paths: Iterable[str]) -> None:
        """Start the first, which serves the public port `listening`.

        Requests for `paths` are handed on to the router's own socket.
        """
        self._listening = listening
        self._terms = replace(self._terms, router_paths=tuple(paths))
        await self._new_child()

    async def stop(self) -> None:
        """Take nothing more, let what is under way finish for a moment, and end them all."""
        self._stopping = True
        if self._listening is not None:
            self._listening.close()
        for child in self._children:
            child.retire(_LAST_LINGER_S)
        if self._children:
            ends = {asyncio.ensure_future(child.ended()) for child in self._children}
            _, late = await asyncio.wait(ends, timeout=_GOODBYE_S)
            for child in self._children:
                child.kill()
            if late:
                await asyncio.wait(late)
        await self._starts.close()
        os.close(self._day_key)

    def inform(self, state: Message) -> None:
        """Send `state` to all of them, and to those that follow."""
        if state != self._state:
            self._state = state
            for child in self._children:
                self._send_state(child)

    def recycle(self) -> None:
        """Replace the one that serves by a new one, unless one is about to."""
        if not self._stopping and not any(child.starting for child in self._children):
            self._starts.start(self._new_child())

    def change_terms(self, terms: Terms) -> None:
        """Give `terms` to all that follow, and replace the one that serves."""
        terms = replace(terms, router_paths=self._terms.router_paths)
        if terms == self._terms:
            return
        self._terms = terms
        self.renew()

    def renew(self) -> None:
        """Replace the one that serves, and one that is starting: what they were given is old."""
        if any(child.starting for child in self._children):
            self._outdated = True
        else:
            self.recycle()

    def is_ready(self, child: Child) -> None:
        """`child` serves: send it the state that the others have, and retire the others."""
        child.has_started(asyncio.get_running_loop().time())
        self._send_state(child)
        self._look(child)
        for other in self._children[: self._children.index(child)]:
            if not other.retiring:
                other.retire(self._linger_s)
                self._timers.later(_RETIREMENT_S, other.kill)
        self._log.info("intake", state="ready", count=len(self._children))
        if self._outdated:
            self._outdated = False
            self.recycle()

    def is_worn(self, child: Child) -> None:
        """`child` has held numbers for long enough: replace it, but not too soon."""
        if child.retiring:
            return
        age_s = asyncio.get_running_loop().time() - child.ready_at
        self._timers.later(max(0.0, self._shortest_life_s - age_s), lambda: self._replace(child))

    def _look(self, child: Child) -> None:
        """Ask whether it lives, now and then; kill one that hangs, which `is_gone` replaces."""
        if child not in self._children:
            return
        if child.unanswered >= _UNANSWERED:
            self._log.error("intake", state="hangs", count=child.unanswered)
            child.kill()
            return
        child.ask_whether_alive()
        self._timers.later(self._look_s, lambda: self._look(child))

    def is_gone(self, child: Child) -> None:
        """`child` has ended: replace it if nobody asked it to end."""
        self._children.remove(child)
        if child.retiring or self._stopping:
            return
        self._log.error("intake", state="died", count=len(self._deaths) + 1)
        if any(not other.retiring for other in self._children):
            return  # a new one is on its way already
        now = asyncio.get_running_loop().time()
        often = len(self._deaths) == _BUDGET and now - self._deaths[0] < _BUDGET_S
        self._deaths.append(now)
        if often:
            self._timers.later(_PAUSE_S, self.recycle)
        else:
            self.recycle()

    async def _new_child(self) -> None:
        assert self._listening is not None, "start() first"
        child = Child(self._receive, self._gone)
        terms = replace(
            self._terms,
            clock_base=self._clock.now() - time.monotonic(),
            # The first, or the one after a death: whose the open tickets are may be unknown.
            recount=self.current is None,
            accepting=self._state or NOTHING_ACCEPTED,
        )
        self._children.append(child)
        self._timers.later(_START_S, lambda: child.kill() if child.starting else None)
        try:
            await child.start(terms, self._listening, self._day_key)
        except OSError as error:
            self._children.remove(child)
            self._log.error("no intake", reason=error.strerror)
            self._timers.later(_PAUSE_S, self.recycle)

    def _replace(self, child: Child) -> None:
        if child is self.current:
            self.recycle()

    def _send_state(self, child: Child) -> None:
        if child.ready and self._state is not None:
            child.channel.send(self._state)
