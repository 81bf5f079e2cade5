"""A whole service on a stage, a wire to Asterisk that can be broken, and the people around it."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from router.asterisk.toolbox import Toolbox
from router.demo.configuration import SETTINGS
from router.demo.script import Script
from router.demo.sound import ALAW
from router.demo.stage import Stage
from tests.faults.ari_proxy import AriProxy
from tests.faults.history import ASTERISK, Did
from tests.faults.machine_clock import MachineClock
from tests.faults.notebook import Notebook
from tests.faults.people import CalledBack, Caller, Informateur
from tests.faults.voice import Voices
from tests.patience import PATIENCE_S
from tests.real.prompts import repertoire, shorten
from tests.real.public_network import Habit, PublicNetwork
from tests.real.usagers import Usager

#: Callers and requests to be called back, a second. Four informateurs serve a little more.
_CALLERS, _REQUESTS = 0.45, 0.12
#: Until everybody has been served after the last fault.
_REST_S = 120.0
#: Until Asterisk holds nothing any more.
_EMPTY_S = 40.0
_HABITS = (*([Habit.ANSWERS] * 6), *([Habit.LISTENS] * 4), *Habit)
_PSTN_PORT = 5075
#: People are served without these.
_CAN_BE_MISSING = frozenset({"trunk", "store", "vault"})
_TARGETS = {
    "ring_s": 6,
    "reserve_s": 4,
    "miss_pause_s": 10,
    "reject_pause_s": 10,
    "busy_pause_s": 10,
    "unreachable_pause_s": 10,
    "wrap_up_s": 0,
    "announce_every_s": 6,
    "first_key_s": 2.0,
    "next_key_s": 2.5,
}
_PROMISE = {
    "promise_s": 120,
    "dial_s": 5,
    "slack_s": 0,
    "ring_s": 8,
    "busy_retry_s": 1,
    "no_answer_retry_s": 1,
    "forecast": False,
    "offer_after_s": 0,
}


class Town:
    """Use `open_town`. Everything that happens is in `notebook`."""

    def __init__(
        self, stage: Stage, wire: AriProxy, clock: MachineClock, folder: Path, seed: int
    ) -> None:
        self.stage = stage
        self.wire = wire
        self.clock = clock
        self.folder = folder
        self.notebook = Notebook()
        settings = stage.asterisk.settings
        prompts = repertoire(ALAW, settings.prompts_dir, settings.music_dir)
        self._voices = Voices(self.notebook, prompts)
        self._chance = random.Random(seed)
        self._habits: dict[str, Habit] = {}
        port = _PSTN_PORT + stage.script.port_offset
        self.network = PublicNetwork(port, lambda number: self._habits[number])
        agents = map(str, stage.plan.agents)
        self.informateurs = [
            Informateur(agent, stage, self.notebook, self._voices) for agent in agents
        ]
        self.callers: list[Caller] = []
        self.called_back: list[CalledBack] = []
        self._living: set[asyncio.Task[Any]] = set()
        #: What a fault showed that no history tells.
        self.defects: list[str] = []

    @property
    def state(self) -> Path:
        """The service's state folder."""
        return self.stage.config.settings.state_dir

    def defect(self, told: str) -> None:
        """Note what a fault showed that no history tells."""
        self.defects.append(f"{self.notebook.now():9.3f}  {told}")

    async def ready(self, patience_s: float = 60.0) -> float:
        """Wait until the service says that it is ready; return how long that took, in seconds."""
        begun = self.notebook.now()
        async with asyncio.timeout(patience_s):
            while True:
                with suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with asyncio.timeout(1.0):
                        told = await self.stage.get("/readyz")
                        if _CAN_BE_MISSING.issuperset(told.get("missing", ())):
                            return self.notebook.now() - begun
                await asyncio.sleep(0.05)

    async def cut_off(self) -> None:
        """Wait until the service says that it has no Asterisk."""
        while True:
            with suppress(aiohttp.ClientError, OSError, TimeoutError, KeyError):
                async with asyncio.timeout(1.0):
                    told = await self.stage.get("/readyz")
                    if not told["parts"]["application"]["ok"]:
                        return
            await asyncio.sleep(0.1)

    async def people_come(self) -> None:
        """Let callers and requests come, for as long as this runs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._come(_CALLERS, self._a_caller))
            group.create_task(self._come(_REQUESTS, self._a_request))

    async def rest(self) -> None:
        """Wait until everybody has been served, and note what Asterisk holds then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_REST_S):
                while self._living:
                    await asyncio.wait(self._living)
        held = ""
        with suppress(TimeoutError):
            async with asyncio.timeout(_EMPTY_S):
                while held := await self._held():
                    await asyncio.sleep(0.5)
        self.notebook.note(ASTERISK, Did.HOLDS, held)
        for one in self.called_back:
            one.note_lines(self.network.of(one.usager.dialled), self.notebook.since)

    def asterisk_died(self) -> None:
        """Let everybody notice that their calls are gone."""
        self.network.cut()
        phones = [one.telephone for one in self.callers]
        for phone in (*phones, *(one.telephone for one in self.informateurs)):
            phone.cut()

    def asterisk_is_back(self) -> None:
        for informateur in self.informateurs:
            informateur.register_now()

    async def _come(self, rate: float, somebody: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(rate))
            somebody()

    def _a_caller(self) -> None:
        host, _, port = self.stage.sip.rpartition(":")
        caller = Caller(
            len(self.callers) + 1,
            self.notebook,
            self._voices,
            (host, int(port)),
            self._chance.randrange(1 << 30),
        )
        self.callers.append(caller)
        self._lives(caller.live())

    def _a_request(self) -> None:
        usager = Usager(self.stage)
        self._habits[usager.dialled] = self._chance.choice(_HABITS)
        number, seed = len(self.called_back) + 1, self._chance.randrange(1 << 30)
        one = CalledBack(number, usager, self.notebook, seed)
        self.called_back.append(one)
        self._lives(one.live())

    def _lives(self, life: Any) -> None:
        task = asyncio.create_task(life)
        self._living.add(task)
        task.add_done_callback(self._living.discard)

    async def _held(self) -> str:
        settings = self.stage.asterisk.settings
        login = aiohttp.encode_basic_auth(settings.ari_user, settings.ari_password)
        held = []
        async with aiohttp.ClientSession(headers={"Authorization": login}) as session:
            for kind in ("channels", "bridges"):
                async with session.get(f"{settings.ari_url}/{kind}") as answer:
                    names = [one.get("name") or one["id"] for one in await answer.json()]
                held += [f"{kind}: {', '.join(names)}"] if names else []
        return "; ".join(held)

    async def open(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Let the informateurs come to work; return what runs until cancelled."""
        await self.network.open()
        lives = [group.create_task(self._voices.speak())]
        lives += [group.create_task(one.live()) for one in self.informateurs]
        async with asyncio.timeout(PATIENCE_S):
            while True:
                service = await self.stage.get("/v1/service")
                here = [one["informateurs"] for one in service["sectors"]]
                if all(number >= len(self.informateurs) for number in here):
                    return lives
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        for task in tuple(self._living):
            task.cancel()
        await asyncio.gather(*self._living, return_exceptions=True)
        await self.network.close()


@asynccontextmanager
async def open_town(
    folder: Path, prompts: Path, toolbox: Toolbox, port_offset: int, opens_at: float, seed: int
) -> AsyncIterator[Town]:
    """Open a stage whose router reaches Asterisk over a wire of ours, and let people come to it."""
    short = folder / "prompts"
    await asyncio.to_thread(_lay_out, folder, prompts, short)
    asterisk = {"agent_rtp_timeout_s": 3, "retry_every_s": 1, "trunk_qualify_s": 0}
    clock = MachineClock(folder / "clock")
    script = Script(
        state_dir=folder / "state",
        agents=4,
        port_offset=port_offset,
        opens_at=opens_at,
        trunk=f"127.0.0.1:{_PSTN_PORT + port_offset}",
        prompts_dir=short,
        targets=_TARGETS,
        promise=_PROMISE,
        asterisk=asterisk | {"trunk_silence_s": 7},
        environment=clock.environment,
    )
    stage = Stage(script, toolbox, lambda _: None)
    wire = AriProxy(stage.asterisk.settings.ari_port)
    await wire.open()
    stage.router_settings = _through(
        script.state_dir / SETTINGS, stage.asterisk.settings.ari_port, wire.port
    )
    try:
        await stage.open_service()
        town = Town(stage, wire, clock, folder, seed)
        async with asyncio.TaskGroup() as group:
            lives = await town.open(group)
            try:
                yield town
            finally:
                for life in lives:
                    life.cancel()
                await town.close()
    finally:
        await stage.close()
        await wire.close()


def _lay_out(folder: Path, prompts: Path, short: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shorten(prompts, short)


def _through(settings: Path, port: int, wire: int) -> Path:
    """Return settings for routers that take the wire; Asterisk and the fallback do without."""
    text, line = settings.read_text(encoding="utf-8"), f"ari_port = {port}\n"
    assert line in text
    path = settings.with_name("through-the-wire.toml")
    path.write_text(text.replace(line, f"ari_port = {wire}\n"), encoding="utf-8")
    return path
