"""The people of one test at their telephones, and a check that nothing of them is left."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from router.core.call.life import CallState
from router.core.commands import Step
from router.core.ids import AgentId, FicheId, PhoneId
from router.demo.script import FICHE
from router.demo.sound import AGENT_HZ, ALAW, CALLER_HZ, ULAW, Codec
from router.demo.stage import Stage
from tests.patience import PATIENCE_S
from tests.real.logs import AsteriskLog, RouterLog
from tests.real.prompts import Ear, Repertoire, repertoire
from tests.real.telephones import Called, Caller, Carrier, DeskCall, Hesitant, Informateur
from tests.real.usagers import Usager, numbers_kept

#: The sector of the stage's fiche, and the way there from the welcome: skip it, no code, menu.
SECTOR = "logement-location"
#: What is whispered of the fiche's title.
TITLE = f"fiche-{FICHE.lower()}"
TO_SECTOR = "#41"

#: Less than Asterisk's own time-out of a phone that rings for nobody (15 s here).
_LEFT_S = 9.0

#: What Asterisk calls a caller who hangs up in the middle of a prompt, and both ends that
#: hang up at once.
_NORMAL = (r"Playback failed for sound:allo/", r"Session already DISCONNECTED \[reason=200")


class Cast:
    """Use with `async with`. At its end every call must be over without help."""

    def __init__(
        self, stage: Stage, folder: Path, failed: Callable[[], bool] = lambda: False
    ) -> None:
        self._failed = failed
        self.stage = stage
        self.router_log = RouterLog(stage.router_log)
        #: Patterns of the warnings that this test provokes in the two logs.
        self.expected_in_asterisk: list[str] = [*_NORMAL]
        self.expected_in_router: list[str] = []
        self._folder = folder
        self._asterisk_log = AsteriskLog(stage.asterisk.log_path)
        self._callers: list[Caller] = []
        self._informateurs: list[Informateur] = []
        self._desk_calls: list[DeskCall] = []
        self._services: list[Called | Carrier | Hesitant] = []
        self._usagers: list[Usager] = []

    async def __aenter__(self) -> "Cast":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and not self._failed():
                await self._nothing_left()
        finally:
            await self._clear()

    # People.

    def caller(
        self,
        *,
        says: int = CALLER_HZ,
        listens_for: int = AGENT_HZ,
        codec: Codec = ALAW,
        scenario: str = "caller",
    ) -> Caller:
        """Return somebody who has not dialled yet."""
        caller = Caller(
            self.stage.toolbox,
            self.stage.sip,
            self._folder,
            self._repertoire(codec),
            says,
            listens_for,
            codec,
            scenario=scenario,
        )
        self._callers.append(caller)
        return caller

    def _repertoire(self, codec: Codec) -> Repertoire | None:
        """Return what can be recognised; prompts are not rendered in µ-law."""
        if codec is ULAW:
            return None
        settings = self.stage.asterisk.settings
        return repertoire(codec, settings.prompts_dir, settings.music_dir)

    async def call(self, **options: Any) -> Caller:
        """Return a caller who hears the first word."""
        caller = self.caller(**options)
        await caller.dial()
        await self.arrived(caller)
        return caller

    async def arrived(self, caller: Caller) -> None:
        """Wait until the router logs this call. One at a time: calls are matched by order."""
        caller.call = (await self.router_log.step(Step.ARRIVED))["call"]

    async def waiting_caller(self, keys: str = TO_SECTOR, **options: Any) -> Caller:
        """Return a caller who has joined the queue; by the menu, or with these keys."""
        caller = await self.call(**options)
        caller.press(keys)
        await self.step(caller, Step.QUEUED)
        return caller

    async def informateur(
        self,
        agent: str = "101",
        *,
        says: int = AGENT_HZ,
        listens_for: int = CALLER_HZ,
        codec: Codec = ALAW,
        secret: str | None = None,
    ) -> Informateur:
        """Return an informateur who is ready to be called; `secret`: with another password."""
        informateur = self._phone(agent, says, listens_for, codec, secret)
        away = (await self.agents())["logged out"]
        await informateur.start()
        await self.until(self.agents, lambda agents: agents["logged out"] < away)
        if (await self.desk(agent))["desk"][
            "state"
        ] == "paused":  # for calls missed in a test before
            assert (await self.ask(agent, "ready"))[0] == 200
        return informateur

    async def phone(self, number: str, *, says: int, listens_for: int) -> Informateur:
        """Return a supervisor's phone, registered."""
        phone = self._phone(number, says, listens_for, ALAW)
        await phone.start()
        return phone

    def _phone(
        self, number: str, says: int, listens_for: int, codec: Codec, secret: str | None = None
    ) -> Informateur:
        phone = Informateur(
            self.stage.toolbox,
            number,
            secret or self.stage.secrets.agents[PhoneId(number)],
            self.stage.agents_sip,
            self._folder,
            self._repertoire(codec),
            says,
            listens_for,
            codec,
        )
        self._informateurs.append(phone)
        return phone

    async def desk_call(self, informateur: Informateur, code: str) -> DeskCall:
        """Dial one of the desk's codes from the informateur's phone."""
        call = DeskCall(
            self.stage.toolbox,
            informateur.agent,
            self.stage.secrets.agents[PhoneId(informateur.agent)],
            self.stage.agents_sip,
            self._folder,
            self._repertoire(ALAW),
        )
        self._desk_calls.append(call)
        await call.dial(code)
        return call

    def _public_port(self) -> int:
        assert self.stage.script.trunk is not None
        return int(self.stage.script.trunk.rpartition(":")[2])

    async def carrier(self, status: int, port: int | None = None) -> Carrier | Hesitant:
        """Return a carrier that answers every call with this SIP status, for ever if below 200."""
        ear = Ear(CALLER_HZ, AGENT_HZ)
        await ear.open()
        stage = self.stage
        kind = Carrier if status >= 200 else Hesitant
        port = port or self._public_port()
        carrier = kind(stage.toolbox, stage.sip, self._folder, ear, port)
        self._services.append(carrier)
        await carrier.start(status)
        return carrier

    async def service(self, *, says: int, listens_for: int = CALLER_HZ) -> Called:
        """Return a service of the public network; every number leads to it."""
        stage = self.stage
        ear = Ear(says, listens_for, self._repertoire(ALAW))
        service = Called(stage.toolbox, stage.sip, self._folder, ear, self._public_port())
        self._services.append(service)
        await service.start()
        return service

    def usager(self) -> Usager:
        """Return somebody who has not asked to be called back yet."""
        usager = Usager(self.stage)
        self._usagers.append(usager)
        return usager

    async def callbacks_open(self) -> None:
        """Wait until the intake knows that callbacks are promised."""

        async def door() -> int:
            url = f"{self.stage.http}/v1/callbacks/challenge?fiche={FICHE}"
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                return answer.status

        await self.until(door, lambda status: status == 200)

    async def ask(self, agent: str, what: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """Have an informateur ask by HTTP; return status and answer."""
        token = self.stage.secrets.tokens[AgentId(agent)]
        return await self._post(f"/v1/agents/me/{what}", token, body)

    async def supervise(self, agent: str, how: str, phone: str) -> tuple[int, dict[str, Any]]:
        [token] = self.stage.secrets.supervisors.values()
        return await self._post(f"/v1/supervision/agents/{agent}/{how}", token, {"phone": phone})

    async def _post(self, path: str, token: str, body: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(self.stage.http + path, json=body) as answer,
        ):
            return answer.status, await answer.json()

    async def desk(self, agent: str) -> dict[str, Any]:
        """Return what the informateur's screen shows."""
        headers = {"Authorization": f"Bearer {self.stage.secrets.tokens[AgentId(agent)]}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(self.stage.http + "/v1/agents/me") as answer,
        ):
            shown: dict[str, Any] = await answer.json()
            return shown

    def pin(self, agent: str) -> str:
        return self.stage.secrets.pins[AgentId(agent)]

    async def talk(self, caller: Caller, informateur: Informateur) -> None:
        """Let the informateur pick up, and both hear each other."""
        await informateur.rings()
        informateur.pick_up()
        await self.step(caller, Step.TALKING, agent=informateur.agent)
        await self.both_hear(caller, informateur)

    async def both_hear(self, caller: Caller | Called, informateur: Informateur) -> None:
        """Wait until each hears the other from now on."""
        async with asyncio.timeout(PATIENCE_S):
            for person in (caller.person, informateur.person):
                person.forget()
                await person.heard_tone.wait()

    def code(self, fiche: FicheId = FICHE) -> str:
        return self.stage.code(fiche)

    # What the router and Asterisk know.

    async def step(self, caller: Caller, step: Step, **fields: Any) -> dict[str, Any]:
        """Wait for this step of this call."""
        return await self.router_log.step(step, call=caller.call, **fields)

    async def ended(self, caller: Caller, outcome: str) -> None:
        """Wait for the end of the call, at both ends."""
        line = await self.step(caller, Step.ENDED)
        assert line["outcome"] == outcome
        assert await caller.ended() == 0

    async def ari(self, path: str, method: str = "GET") -> Any:
        """Ask Asterisk itself."""
        settings = self.stage.asterisk.settings
        login = aiohttp.encode_basic_auth(settings.ari_user, settings.ari_password)
        async with (
            aiohttp.ClientSession(headers={"Authorization": login}) as session,
            session.request(method, f"{settings.ari_url}/{path}") as answer,
        ):
            return await answer.json() if method == "GET" else None

    async def fallbacks(self) -> float:
        """Return how many callers the dialplan has looked after, as the router knows."""
        [counted] = re.findall(
            r"^allo_asterisk_fallbacks_total (\S+)$", await self._metrics(), re.MULTILINE
        )
        return float(counted)

    async def metrics(self, name: str) -> dict[str, float]:
        """Return a metric of the router by its one label."""
        row = rf'^{name}{{\w+="([^"]+)"}} (\S+)$'
        found = re.findall(row, await self._metrics(), re.MULTILINE)
        return {label: float(value) for label, value in found}

    async def _metrics(self) -> str:
        url = self.stage.http + "/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.text()

    async def calls(self) -> dict[str, float]:
        """Return how many calls the router has, by state; states of none are left out."""
        return {state: n for state, n in (await self.metrics("allo_calls")).items() if n}

    async def agents(self) -> dict[str, float]:
        """Return how many informateurs there are, by state."""
        return await self.metrics("allo_agents")

    async def until(self, ask: Any, holds: Any, patience_s: float = PATIENCE_S) -> Any:
        """Ask until the answer `holds`; return it."""
        answer: Any = None
        try:
            async with asyncio.timeout(patience_s):
                while not holds(answer := await ask()):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"it stayed at {answer}") from None
        return answer

    async def in_state(self, state: CallState) -> None:
        """Wait until a call is in this state."""
        await self.until(self.calls, lambda calls: calls.get(state.value, 0) > 0)

    # The end.

    async def _nothing_left(self) -> None:
        """Assert that nothing is left in Asterisk, in the router, or unexplained in the logs."""
        for kind in ("channels", "bridges"):
            await self.until(lambda kind=kind: self.ari(kind), lambda held: held == [], _LEFT_S)
        await self.until(self.calls, lambda calls: calls == {}, _LEFT_S)
        assert numbers_kept(self.stage) == []
        await self._leave()
        away = float(len(self.stage.plan.agents))
        await self.until(self.agents, lambda agents: agents["logged out"] == away)
        troubles = [
            line
            for line in self.router_log.troubles()
            if not any(re.search(pattern, str(line)) for pattern in self.expected_in_router)
        ]
        assert troubles == []
        assert self._asterisk_log.troubles(self.expected_in_asterisk) == []

    async def _leave(self) -> None:
        """Unregister the phones."""
        leaving = [one for one in self._informateurs if one.registered]
        await asyncio.gather(*(informateur.register(0) for informateur in leaving))

    async def _clear(self) -> None:
        """After a test that failed, leave nothing for the next one."""
        for telephone in (*self._callers, *self._informateurs, *self._desk_calls, *self._services):
            await telephone.stop()
        if not self.stage.asterisk.running or not self.stage.router_runs:
            return
        for usager in self._usagers:
            await usager.cancel()
        await self._leave()
        for kind in ("channels", "bridges"):
            for thing in await self.ari(kind):
                await self.ari(f"{kind}/{thing['id']}", "DELETE")
        await self.until(self.calls, lambda calls: calls == {})
