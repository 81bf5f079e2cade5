"""The link to Asterisk as the service sees it: commands in, events out, reconnection inside."""

import asyncio
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

from structlog.typing import FilteringBoundLogger

from router.ari.client import AriClient
from router.ari.holdings import Holdings, read_holdings
from router.ari.messages import (
    ApplicationReplaced,
    Message,
    PlaybackFinished,
    Request,
    parse,
)
from router.ari.naming import TRUNK
from router.ari.orders import Order
from router.ari.performer import Performer
from router.ari.resync import MISSED, Findings, phone_news, reconcile
from router.ari.subscription import subscribe
from router.ari.to_events import Events, Private
from router.ari.to_requests import Requests
from router.ari.underway import Underway
from router.core.commands import ForAsterisk
from router.core.events import Disconnected, Event, Resynced
from router.core.ids import CallId, ChannelId, PlaybackId, is_browser
from router.core.plan import Plan
from router.errors import (
    AriError,
    AriMalformed,
    AriRejected,
    AriReplaced,
    AriUnreachable,
    InUse,
)

#: Returns the calls and the legs that the engine believes alive.
Known = Callable[[], tuple[Collection[CallId], Collection[ChannelId]]]

#: An Asterisk that has hung takes up, once it goes on, the handshakes that we gave up meanwhile,
#: in any order (measured): for a minute afterwards the "other router" is our own past.
_STALE_S = 60.0

#: How long Asterisk may take to say whether a carrier has answered.
_DOUBT_S = 2.0

#: How long a router that has just died may seem to be there. Asterisk notices within
#: milliseconds, on its own machine (measured).
_SEEN_GONE_S = 2.0
_ASK_AGAIN_S = 0.05

#: Between two looks at a living connection: an event that never came is made up for within two.
_LOOK_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next attempt: doubling, bounded, and spread.

    With first_s=0.2 and longest_s=2 the attempts 0, 1, 2 ... wait up to 0.2, 0.4, 0.8 ...
    2 s, and at least half of that.
    """

    first_s: float = 0.2
    longest_s: float = 2.0
    #: Returns a number in [0, 1).
    spread: Callable[[], float] = random.random

    def delay_s(self, attempt: int) -> float:
        """Return the seconds to wait after `attempt`, counted from 0."""
        bound = min(self.longest_s, self.first_s * 2.0 ** min(attempt, 16))
        return bound * (0.5 + self.spread() / 2)


@dataclass(slots=True)
class LinkCounts:
    """What has been counted since the start."""

    #: Times that the engine was brought up to date.
    connections: int = 0
    #: Messages of Asterisk, and those that made no sense.
    messages: int = 0
    malformed: int = 0
    #: Commands that found no Asterisk.
    commands_dropped: int = 0
    #: Differences between Asterisk and the engine that a look in between has made good.
    corrections: int = 0


class AsteriskLink:
    """Keeps one Asterisk and one engine in step.

    Run `run` as a task for as long as the service lives. `submit` gets every event, in Asterisk's
    order; `known` returns what the engine believes alive: calls, of callers and of phones that
    dialled the desk, and legs. Both are called on the event loop and must not block. `base_url`
    ends in "/ari". With `take_over` it takes the application even from another router, which then
    stops. `ways_out` are the endpoints of the carriers that calls go out to, in order.
    """

    def __init__(
        self,
        base_url: str,
        user: str,
        password: str,
        app: str,
        plan: Plan,
        submit: Callable[[Event], None],
        known: Known,
        log: FilteringBoundLogger,
        backoff: Backoff | None = None,
        look_every_s: float = _LOOK_EVERY_S,
        *,
        take_over: bool = False,
        ways_out: Sequence[str] = (TRUNK,),
    ) -> None:
        self._app = app
        self._submit = submit
        self._known = known
        self._log = log
        self._backoff = backoff or Backoff()
        self._look_every_s = look_every_s
        self._underway = Underway(plan, ways_out)
        self._events = Events(self._underway)
        self.client = AriClient(base_url, user, password, app, self._received)
        self._requests = Requests(app, plan, self._underway)
        self._performer = Performer(
            self._requests,
            self._underway,
            self._ask,
            self._send,
            self._submit,
            self._dropped,
            log,
        )
        #: Commands that found no Asterisk, to be made up for at the next resync.
        self._lost_commands: list[ForAsterisk] = []
        #: Messages that came before the engine was up to date.
        self._early: list[Message] = []
        self._replaced = False
        #: Whether the application may be another router's: not once we had it.
        self._may_be_in_use = not take_over
        #: Until when it may be our own past that took over, by the loop's clock.
        self._doubtful_until = 0.0
        #: Whether the engine is up to date, on a living connection.
        self.connected = False
        #: Why the latest connection ended or failed; None while there is one.
        self.last_error: AriError | None = None
        #: When a connection on which the engine was up to date ended last, and when what Asterisk
        #: holds was last compared with what the engine believes, by the loop's clock.
        self.known_until: float | None = None
        self.compared_at: float | None = None
        self.counts = LinkCounts()
        #: How many of the plan's phones Asterisk knew at the last resync.
        self.phones_found = 0
        #: Replaced at each resync, after those who wait for it have been woken.
        self._resynced = asyncio.Event()

    async def run(self) -> None:
        """Connect, resynchronise, read, and again after every disconnection, until cancelled.

        Raises:
            InUse: If another router has the application.
            AriReplaced: If another router took over the application.
        """
        loop = asyncio.get_running_loop()
        attempt = 0
        try:
            while True:
                self._replaced = False
                error = await self._connection()
                if self._replaced and loop.time() >= self._doubtful_until:
                    self._log.error("another router took over: stopping", app=self._app)
                    raise AriReplaced(self._app)
                if self.connected:
                    attempt = 0
                    self.known_until = loop.time()
                    self._submit(Disconnected())
                self.connected = False
                if str(error) != str(self.last_error):  # once, however often we try
                    self._log.warning("no connection to asterisk", reason=str(error))
                self.last_error = error
                delay_s = self._backoff.delay_s(attempt)
                attempt += 1
                await asyncio.sleep(delay_s)
        finally:
            self.connected = False

    async def resynced_after(self, connection: int) -> None:
        """Wait until the engine is up to date on a later connection than that number.

        Connections are counted in `counts.connections`; 0 waits for the first.
        """
        while self.counts.connections <= connection:
            await self._resynced.wait()

    @property
    def busy(self) -> int:
        """How many calls have a command under way."""
        return self._performer.busy

    def change_plan(self, plan: Plan, ways_out: Sequence[str]) -> None:
        """Go by this plan, and by these carriers' endpoints, from now on.

        Call `look_for_phones` once Asterisk knows its phones.
        """
        self._underway.change_plan(plan, ways_out)
        self._requests.change_plan(plan)

    async def reload(self, module: str) -> None:
        """Have a module of Asterisk read its configuration again; calls go on.

        Raises:
            AriError: If it cannot be asked, or could not read it.
        """
        await self.client.ask_http(Request("reload", "PUT", f"asterisk/modules/{module}"))

    async def look_for_phones(self) -> None:
        """Hear of every phone of the plan from now on, and learn which are registered.

        Raises:
            AriError: If Asterisk does not answer.
        """
        known = await subscribe(self.client.ask_http, self._app, self._underway.phones)
        self.phones_found = len(known)
        held = await self._holdings(())
        self._pass_on(phone_news(held, self._underway))

    def perform(self, commands: Iterable[ForAsterisk]) -> None:
        """Have Asterisk carry the commands out. Returns at once; failures come as events."""
        self._performer.perform(commands)

    def divert(self, call: CallId, private: Private | None) -> None:
        """Send a caller's keys to `private` instead of the engine; None: to the engine again."""
        self._events.divert(call, private)

    def carriers_away(self, endpoints: Iterable[str]) -> None:
        """Take calls out by other carriers first, if there are any."""
        self._underway.carriers_away(endpoints)

    def ways_out(self) -> tuple[str, ...]:
        """Return the carriers' endpoints in the order in which a call out is to try them."""
        return self._underway.ways_out()

    async def is_silent(self, call: CallId) -> bool:
        """Return whether the carrier has said no more than 100 Trying to a call out.

        When in doubt, return False.
        """
        return await self.is_answered(call) is False

    async def is_answered(self, call: CallId) -> bool | None:
        """Return whether the carrier has said more than 100 Trying to a call out; None: in doubt.

        Any other answer gives the SIP dialog its tag (RFC 3261, section 12.1); so does 183, of
        which Asterisk says nothing else but in the event `Dial` (measured).
        """
        path = f"channels/{call}/variable"
        asked = Request("silence", "GET", path, {"variable": "CHANNEL(pjsip,remote_tag)"})
        with suppress(AriError, TimeoutError):
            async with asyncio.timeout(_DOUBT_S):
                return bool((await self.client.ask_http(asked))["value"])
        return None

    async def close(self) -> None:
        """Give up what is under way, and disconnect. Calls stay up in Asterisk."""
        await self._performer.close()
        await self.client.close()

    async def _connection(self) -> AriError:
        """Keep one connection from its first to its last moment; return why it ended."""
        self._early = []
        try:
            if self._may_be_in_use:
                await self._see_that_it_is_free()
            await self.client.open()
            self._may_be_in_use = False
        except AriError as error:
            self._doubtful_until = asyncio.get_running_loop().time() + _STALE_S
            return error
        reading = asyncio.create_task(self.client.read())
        looking = asyncio.create_task(self._look_after())
        try:
            # A peer that falls silent during the resync is noticed by the reading.
            await asyncio.wait({reading, looking}, return_when=asyncio.FIRST_COMPLETED)
            if looking.done():
                looking.result()
            return await asyncio.shield(reading)
        except AriError as error:
            return error
        finally:
            looking.cancel()
            self.client.drop()
            await asyncio.gather(reading, looking, return_exceptions=True)

    async def _see_that_it_is_free(self) -> None:
        """Leave a router alone that serves calls; wait until one that has just ended is gone."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + _SEEN_GONE_S
        while await self.client.is_in_use():
            if loop.time() >= give_up_at:
                raise InUse(
                    f"the application {self._app} of the Asterisk at {self.client.base_url}",
                    "another router",
                    "Stop that one first, or take its calls over on purpose: --take-over.",
                )
            await asyncio.sleep(_ASK_AGAIN_S)

    async def _look_after(self) -> None:
        """Bring the engine up to date, and see regularly that it stays so.

        Whatever begins or ends during a look seems a difference: only what two looks in a row
        show is put right. Prompts are not looked for; the engine has a deadline for each.
        """
        await self._resync()
        before = Findings()
        while True:
            await asyncio.sleep(self._look_every_s)
            held = await self._holdings(())

            # No await until the engine knows.
            found = reconcile(held, self._underway, *self._known())
            self.compared_at = asyncio.get_running_loop().time()
            certain = before.confirmed_by(found)
            before = found
            if certain.events or certain.requests:
                self.counts.corrections += len(certain.events) + len(certain.requests)
                self._log.warning(
                    "asterisk had gone on unseen",
                    count=len(certain.events) + len(certain.requests),
                    detail=" ".join(type(event).__name__ for event in certain.events),
                )
            self._pass_on(certain.events)
            await self._clear(certain.requests)

    async def _resync(self) -> None:
        """Tell Asterisk what to send, then bring the engine up to date.

        Messages that arrive meanwhile are kept and come after, in their order.
        """
        known = await subscribe(self.client.ask_http, self._app, self._underway.phones)
        self.phones_found = len(known)
        held = await self._holdings([playback for playback, _ in self._underway.playing()])

        # No await from here on: nothing may come in between.
        lost, self._lost_commands = self._lost_commands, []
        found = reconcile(held, self._underway, *self._known(), lost)
        self._underway.leave_alone(map(ChannelId, held.callers))
        self._performer.perform(found.commands)
        self._pass_on(found.events)
        # What ended while there was no connection is heard of no more.
        self._events.forget_all_but({*held.channels, *chain.from_iterable(self._known())})
        self.compared_at = asyncio.get_running_loop().time()
        self.connected = True
        self.last_error = None
        self.counts.connections += 1
        self._log.info(
            "asterisk connected",
            calls=len(held.callers),
            legs=len(held.legs),
            phones=sum(held.phones.values()),
            phones_missing=sum(not is_browser(one) for one in self._underway.phones - known),
        )
        early, self._early = self._early, []
        for message in early:
            self._handle(message)
        self._submit(Resynced())
        self._resynced.set()
        self._resynced = asyncio.Event()
        await self._clear(found.requests)

    async def _holdings(self, playing: Iterable[PlaybackId]) -> Holdings:
        calls, _ = self._known()
        return await read_holdings(self.client.ask_http, self._app, calls, playing)

    def _pass_on(self, events: Iterable[Event]) -> None:
        """Pass on to the engine what no message said."""
        for event in events:
            self._underway.learn(event)
            self._submit(event)

    async def _clear(self, requests: Iterable[Request]) -> None:
        """Remove what nobody owns."""
        for request in requests:
            with suppress(AriRejected):
                await self.client.ask(request)

    def _received(self, data: Mapping[str, Any]) -> None:
        self.counts.messages += 1
        try:
            message = parse(data)
        except AriMalformed as error:
            self.counts.malformed += 1
            self._log.warning("asterisk sent a malformed message", operation=error.kind)
            return
        if message is None:
            return
        if isinstance(message, ApplicationReplaced):
            self._replaced = True
            self.client.drop()
        elif self.connected:
            self._handle(message)
        else:
            self._early.append(message)

    def _handle(self, message: Message) -> None:
        event = self._events.of(message)
        if event is not None:
            self._submit(event)
        if isinstance(message, PlaybackFinished):
            hush = self._events.hush(message)
            if hush is not None:
                self._performer.perform((hush,))

    async def _ask(self, request: Request) -> Any:
        if not self.connected:
            raise AriUnreachable(self.client.base_url, "disconnected")
        return await self.client.ask(request)

    async def _send(self, request: Request) -> asyncio.Future[Any]:
        if not self.connected:
            raise AriUnreachable(self.client.base_url, "disconnected")
        return await self.client.send(request)

    def _dropped(self, command: Order) -> None:
        self.counts.commands_dropped += 1
        if isinstance(command, MISSED):
            self._lost_commands.append(command)
        if self.connected:
            # Lost on a living connection: only a new look can say what has become of it.
            self.client.drop()
