"""The composition root: engine, Asterisk, HTTP, wired together and taken down again."""

import asyncio
import os
import secrets
import signal
from contextlib import ExitStack, suppress
from typing import assert_never

import structlog
from aiohttp import web

from router import logs, places
from router.ari.asterisk_link import AsteriskLink
from router.clock import Clock
from router.config import Config, Settings
from router.core.codes import CodeBook
from router.core.commands import (
    Admitted,
    Counted,
    DeskChanged,
    DialTicket,
    ForAsterisk,
    ForService,
    Noted,
    NumberOver,
    Step,
    TakeNumber,
    TicketChanged,
    Told,
)
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import OF_CARRIER, AgentAsked, SupervisorAsked
from router.core.ids import AgentId, PhoneId
from router.core.requests import Reply, Request, Watching
from router.errors import ConfigError, Problem, StoreError
from router.intake.sockets import listen_privately
from router.intake.supervisor import Intake
from router.intake.vault import place_of
from router.locks import Lock
from router.replay import RecordingEngine, Tape
from router.service.callbacks import Callbacks
from router.service.live import UNNUMBERED, ForHouse, Live
from router.service.promises import Promises
from router.service.readiness import PARTS, Readiness
from router.store import FILE_NAME, Store, TicketKeeper, TicketStore
from router.store.standing import Keeping
from router.store.tickets import FILE_NAME as TICKETS_FILE
from router.web.api import Api
from router.web.backend import DeskBackend
from router.web.metrics import Metrics
from router.web.served import Runner
from router.web.snapshot import Snapshot

#: Facts wait in memory for so long at most, and records of a recording.
_FLUSH_S = 10.0
_RECORD_S = 1.0
_STATE_IN_USE = "Stop that router first, or give these settings a state_dir of their own."
_VAULT_IN_USE = (
    "It holds the numbers of that router's callbacks: stop it first, or give these settings a "
    "vault_dir of their own ([callbacks])."
)


class Service:
    """The running service. `run()` returns when it was told to stop (SIGTERM, SIGINT).

    Calls under way stay up in Asterisk; the router that starts next takes them up. On `tape`
    is written, without anybody's identity, what the engine is told and answers. Nobody else may
    use state and vault from here to the end. `take_over`: another router's place at Asterisk.

    Raises:
        InUse: If another router does. Nothing was changed.
    """

    def __init__(
        self, config: Config, clock: Clock, tape: Tape | None = None, *, take_over: bool = False
    ) -> None:
        plan, settings, keys = config.plan, config.settings, config.secrets
        if keys is None:
            raise ConfigError([Problem("secrets", "are missing: give a settings file")])
        self._locks = _locked(settings)  # before anything is read, written or emptied
        self._clock = clock
        self._host, self._port = settings.http.host, settings.http.port
        self._log = structlog.get_logger().bind()  # bound once: a lazy logger binds at each line
        self._metrics = Metrics(plan.sectors, PARTS)
        self._codes = CodeBook.of(plan, keys.code_secret)
        # Ids of this life of the router must differ from those of the last, which may live on.
        run = f"allo-{secrets.token_hex(4)}"
        pins = Pins(keys.pins)
        self._tape = tape
        if tape is None:
            self._engine = Engine(plan, self._codes, run, pins)
        else:
            self._engine = RecordingEngine(plan, self._codes, run, pins, tape)
            tape.tell = lambda why: self._log.error("recording stopped", reason=why)
        self._store = Store.open(settings.state_dir / FILE_NAME)
        self._engine.restore(self._store.sessions(), clock.now())
        self._hours = plan.hours
        self._domains = tuple(plan.domains)
        self._live = Live(self._engine, clock, self)
        self._link = AsteriskLink(
            settings.asterisk.ari_url,
            settings.asterisk.ari_user,
            keys.ari_password,
            settings.asterisk.app,
            plan,
            self._live.submit,
            self._engine.known,
            self._log,
            take_over=take_over,
        )
        self._keeper = TicketKeeper(TicketStore(settings.state_dir / TICKETS_FILE), self._log)
        self._promises = Promises(
            self._engine, self._live, self._link, self._keeper, clock, self._log
        )
        backend = DeskBackend(
            self._ask,
            self._watch,
            self._engine.desk,
            self._engine.desks,
            keys.tokens,
            keys.supervisors,
        )
        api = Api(plan, self._codes, keys.api_key, self.snapshot, self._metrics, backend)
        self._application = api.application()
        resources = self._application.router.resources()
        self._intake = Intake(config, clock, self._promises, [one.canonical for one in resources])
        self._callbacks = Callbacks(
            plan,
            self._engine,
            self._live,
            self._link,
            self._intake,
            self._promises,
            self._keeper,
            clock,
            settings.asterisk.trunk_silence_s,
        )
        self._takes_callbacks = settings.callbacks.presented is not None
        self._readiness = Readiness(
            settings.asterisk, self._link, self._vault, self._beside, self._log
        )
        self._link.on_resynced = self._readiness.look_now
        self._state_dir = settings.state_dir
        #: Facts given up, as far as told in the log.
        self._dropped = 0

    async def run(self) -> None:
        """Serve until told to stop.

        Raises:
            SetupError: If the HTTP port is taken.
            InUse: If Asterisk has another router.
            AriReplaced: If another router took over.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        runner = Runner(self._application)
        await runner.setup()
        link: asyncio.Task[None] | None = None
        stopped = asyncio.create_task(stop.wait())
        flushing = asyncio.create_task(self._flush_again_and_again())
        recording = asyncio.create_task(self._record_again_and_again())
        promising = keeping = looking = None
        try:
            await web.SockSite(runner, listen_privately(self._state_dir)).start()
            self._take_up_tickets()  # first: the intake drops numbers that no open ticket has
            await self._intake.start()
            keeping = asyncio.create_task(self._promises.keep())
            promising = asyncio.create_task(self._callbacks.watch())
            link = asyncio.create_task(self._link.run())
            looking = asyncio.create_task(self._readiness.watch())
            self._log.info("started", url=f"http://{self._host}:{self._port}")
            await asyncio.wait({link, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if link.done():
                link.result()
            self._log.info("stopping", count=sum(self._engine.call_states().values()))
        finally:
            stopped.cancel()
            for task in (looking, link, promising, keeping):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
            self._live.close()
            await self._intake.stop()
            await self._link.close()
            await runner.cleanup()
            for task in (flushing, recording):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await self._callbacks.close()
            await self._keeper.close()
            await self._flush(final=True)
            self._store.close()
            if self._tape is not None:
                await asyncio.to_thread(self._tape.close)
            self._locks.close()

    def _take_up_tickets(self) -> None:
        """Give the engine the tickets of before this start; all are lost if the vault is new.

        Which ones have lost their number otherwise, the intake tells when it starts.
        """
        now = self._clock.now()
        records = self._keeper.open()
        for command in self._engine.restore_tickets(records, now, lost=self._intake.fresh):
            if isinstance(command, ForService) and not isinstance(command, Told | Admitted):
                self.carry_out(command, now)

    def snapshot(self) -> Snapshot:
        """Return what pages may know of the present."""
        connected = self._link.connected
        return Snapshot(
            ready=connected,
            now=self._clock.now(),
            sectors=self._engine.sectors(),
            agents={state.value: count for state, count in self._engine.agent_states().items()},
            calls={state.value: count for state, count in self._engine.call_states().items()},
            counts=self._engine.counts,
            defects=self._live.defects,
            leaks=logs.leaks(),
            parts=self._readiness.parts,
            stores=self._stores(),
            callbacks={sector: self._promises.refusal(sector) for sector in self._domains},
            trouble="" if connected else str(self._link.last_error or "connecting to Asterisk"),
        )

    def _stores(self) -> dict[str, Keeping]:
        return {"tickets": self._keeper.standing, "facts": self._store.standing}

    def _vault(self) -> str:
        return self._intake.vault_trouble if self._takes_callbacks else ""

    def _beside(self) -> dict[str, str]:
        """Why a part that is not Asterisk's is not there, "" where it is."""
        stores = self._stores().items()
        return {
            "store": "; ".join(f"{name}: {one.trouble}" for name, one in stores if one.trouble),
            "intake": "" if self._intake.ready else "no intake serves",
        }

    # What HTTP asks of the engine.

    def _ask(self, agent: AgentId, request: Request) -> asyncio.Future[Reply]:
        return self._live.ask(AgentAsked(UNNUMBERED, agent, request))

    def _watch(
        self, supervisor: str, phone: PhoneId, agent: AgentId, watching: Watching
    ) -> asyncio.Future[Reply]:
        return self._live.ask(SupervisorAsked(UNNUMBERED, supervisor, phone, agent, watching))

    # What the engine says.

    def perform(self, commands: list[ForAsterisk]) -> None:
        """Have Asterisk carry the commands out."""
        self._link.perform(commands)

    def carry_out(self, command: ForHouse, at: float) -> None:
        """Have the part that it concerns carry the command out."""
        match command:
            case Noted():
                self._noted(command, at)
            case DeskChanged():
                self._store.desk_changed(command)
            case Counted(fact):
                self._store.record(fact)
            case TicketChanged() | DialTicket() | TakeNumber() | NumberOver():
                self._callbacks.carry_out(command)
            case _:
                assert_never(command)

    async def _flush_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_S)
            await self._flush()

    async def _flush(self, *, final: bool = False) -> None:
        """Write what was counted. A disk that is full stops no call: it is tried again."""
        today = self._hours.local(self._clock.now()).date()
        try:
            await asyncio.to_thread(self._store.flush, today, final=final)
        except StoreError as error:
            self._log.error("facts cannot be written", reason=error.reason)
            if final and (waiting := self._store.standing.pending):
                self._log.error("facts lost", count=waiting)
        if (dropped := self._store.dropped) > self._dropped:
            self._log.error("facts lost", count=dropped - self._dropped)
            self._dropped = dropped

    async def _record_again_and_again(self) -> None:
        while self._tape is not None:
            await asyncio.sleep(_RECORD_S)
            await asyncio.to_thread(self._tape.flush)

    def _noted(self, noted: Noted, at: float) -> None:
        self._metrics.noted(noted)
        fields: dict[str, object] = {"call": noted.call, "step": noted.step}
        for name in ("sector", "agent", "fiche", "outcome", "detail"):
            if value := getattr(noted, name):
                fields[name] = value
        if noted.seconds is not None:
            fields["seconds"] = round(noted.seconds, 3)
        if noted.step is Step.NOT_REACHED and noted.detail in OF_CARRIER:
            self._log.warning("the carrier did not take a call", reason=noted.detail)
        if noted.step is Step.NUMBER_LOST:
            self._log.error("a callback's number is lost", call=noted.call)
        self._log.info("step", service_time=round(at, 3), **fields)


def _locked(settings: Settings) -> ExitStack:
    """Take the folders that only one router may use.

    Raises:
        InUse: If another has one of them; it lost nothing.
    """
    command = f"./allo run --config {settings.file}"
    vault = place_of(settings.callbacks.vault_dir, settings.state_dir, os.environ)
    with ExitStack() as taken:
        with places.writing(settings.state_dir):
            taken.enter_context(Lock(settings.state_dir, command, _STATE_IN_USE))
        with suppress(OSError):  # no vault, no callbacks: who opens it tells
            taken.enter_context(Lock(vault, command, _VAULT_IN_USE))
        return taken.pop_all()
