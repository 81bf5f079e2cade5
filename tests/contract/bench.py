"""A link under test, with a stand-in for the engine that only records."""

import asyncio
import itertools
from collections.abc import Iterable
from typing import Any, TypeVar

import structlog

from router.ari.asterisk_link import AsteriskLink, Backoff
from router.ari.messages import Request
from router.core.commands import DialOut, ForAsterisk, HangUp, Join, Play, Ring
from router.core.events import (
    CallArrived,
    CallFound,
    CallLeft,
    DeskCalled,
    Disconnected,
    Event,
    LegAnswered,
    LegEnded,
    LegFound,
    Resynced,
)
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    EntryId,
    PhoneId,
    PlaybackId,
    PromptId,
)
from router.core.plan import Desk, Entry
from tests.contract.faces import AGENTS, SUPERVISOR, AsteriskFace, Phone
from tests.patience import PATIENCE_S
from tests.service_plan import agent, small_plan

E = TypeVar("E", bound=Event)

#: Of the range kept for fiction (Arcep).
NUMBER = "0199005678"
ENTRY = EntryId("caf")
PLAN = small_plan(
    agents=tuple(agent(name, travail=1) for name in AGENTS),
    desk=Desk(supervisor_phones=(PhoneId(SUPERVISOR),)),
    directory={
        ENTRY: Entry(ENTRY, "CAF", "11", NUMBER, PromptId("entry-caf"), PromptId("hours-caf"))
    },
)

_run = itertools.count(1)


class Bench:
    """Use with `async with`: connected inside, closed at the end."""

    def __init__(
        self,
        asterisk: AsteriskFace,
        password: str | None = None,
        look_every_s: float = 3600.0,
        *,
        take_over: bool = False,
    ) -> None:
        self.asterisk = asterisk
        self.events: list[Event] = []
        self.calls: set[CallId] = set()
        self.legs: set[ChannelId] = set()
        self.resyncs = 0
        self._unread: list[Event] = []
        self._news = asyncio.Event()
        self._ids = itertools.count(1)
        self._prefix = f"contract{next(_run)}"
        self.link = AsteriskLink(
            asterisk.url,
            asterisk.user,
            password or asterisk.password,
            asterisk.app,
            PLAN,
            self._submit,
            lambda: (self.calls, self.legs),
            structlog.get_logger(),
            Backoff(first_s=0.01, longest_s=0.05),
            look_every_s,
            take_over=take_over,
        )
        self.running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Bench":
        self.running = asyncio.create_task(self.link.run())
        await self.until(lambda: self.link.connected)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pause()
        await self.link.close()

    def new_id(self) -> str:
        return f"{self._prefix}-{next(self._ids)}"

    def perform(self, *commands: ForAsterisk) -> None:
        self.legs |= {command.leg for command in commands if isinstance(command, Ring | DialOut)}
        self.link.perform(commands)

    async def expect(self, kind: type[E], **fields: Any) -> E:
        """Return the next event of that kind and with these fields; others may come before."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for event in self._unread:
                    if isinstance(event, kind) and all(
                        getattr(event, name) == value for name, value in fields.items()
                    ):
                        self._unread.remove(event)
                        return event
                self._news.clear()
                await self._news.wait()

    async def until(self, condition: Any) -> None:
        """Wait until `condition()` holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.005)

    async def until_held(self, channels: set[str], bridges: set[str]) -> None:
        """Wait until Asterisk holds just these."""
        wanted = {"channels": channels, "bridges": bridges}
        async with asyncio.timeout(PATIENCE_S):
            for kind, identities in wanted.items():
                held = None
                while held != identities:
                    held = {thing["id"] for thing in await self.ask("GET", kind)}

    async def pause(self) -> None:
        """Be away: disconnected, until `resume`."""
        assert self.running is not None
        self.running.cancel()
        await asyncio.wait({self.running})

    def resume(self) -> None:
        self.running = asyncio.create_task(self.link.run())

    async def ask(self, method: str, path: str, **query: str) -> Any:
        """A request of the test's own, over HTTP."""
        return await self.link.client.ask_http(Request("test", method, path, query))

    async def arrive(self) -> CallId:
        """A caller comes in; the caller's telephone is `self.caller`."""
        self.caller = await self.asterisk.call()
        return (await self.expect(CallArrived)).call

    async def play(
        self, call: CallId, *prompts: str, channel: ChannelId | None = None
    ) -> PlaybackId:
        playback = PlaybackId(self.new_id())
        said = tuple(PromptId(prompt) for prompt in prompts)
        self.perform(Play(call, channel or ChannelId(call), playback, said))
        return playback

    async def ready_phone(self, name: str = "lea") -> Phone:
        phone = await self.asterisk.phone(name)
        assert await phone.register() == 200
        return phone

    async def answered(self, call: CallId, agent: str) -> tuple[ChannelId, Phone]:
        """An informateur, or a supervisor, who has picked up."""
        phone = await self.ready_phone(agent)
        leg = self.ring(call, agent)
        await phone.rings()
        phone.answer()
        await self.expect(LegAnswered, call=call, leg=leg)
        return leg, phone

    async def talk(self, agent: str = "lea") -> tuple[CallId, ChannelId, BridgeId, Phone]:
        """A caller and an informateur in a bridge."""
        call = await self.arrive()
        leg, phone = await self.answered(call, agent)
        bridge = await self.join(call, ChannelId(call), leg)
        return call, leg, bridge, phone

    async def join(self, call: CallId, *channels: ChannelId) -> BridgeId:
        bridge = BridgeId(self.new_id())
        self.perform(Join(call, bridge, channels))
        await self.settled()
        return bridge

    async def settled(self) -> None:
        """Wait until every command was carried out."""
        await self.until(lambda: not self.link.busy)

    async def inside(self, bridge: BridgeId) -> set[str]:
        """Return who is in the bridge."""
        return set((await self.ask("GET", f"bridges/{bridge}"))["channels"])

    def ring(self, call: CallId, agent: str = "lea", timeout_s: int = 20) -> ChannelId:
        leg = ChannelId(self.new_id())
        self.perform(Ring(call, AgentId(agent), leg, timeout_s))
        return leg

    def dial_out(self, call: CallId, timeout_s: int = 20) -> ChannelId:
        leg = ChannelId(self.new_id())
        self.perform(DialOut(call, ENTRY, leg, timeout_s))
        return leg

    def _submit(self, event: Event) -> None:
        if isinstance(event, Disconnected | Resynced):  # most tests do not care
            self.resyncs += isinstance(event, Resynced)
            return
        self.events.append(event)
        self._unread.append(event)
        match event:
            case CallArrived(call) | CallFound(call) | DeskCalled(call):
                self.calls.add(call)
            case CallLeft(call):
                self.calls.discard(call)
            case LegFound(call, leg):
                self.legs.add(leg)
                self.perform(HangUp(call, leg))
            case LegEnded(_, leg):
                self.legs.discard(leg)
        self._news.set()


def kinds(events: Iterable[Event]) -> list[str]:
    return [type(event).__name__ for event in events]
