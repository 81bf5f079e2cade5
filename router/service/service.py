"""The composition root: every part of the service, made in order, run, and taken down again."""

import asyncio
import os
import secrets
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Any, assert_never

import structlog
from aiohttp import web

from router import logs, places
from router.access import Keyring
from router.ari.asterisk_link import AsteriskLink
from router.ari.messages import Request
from router.clock import Clock
from router.config import Config, Settings, tokens_of
from router.core.codes import CodeBook
from router.core.commands import (
    Counted,
    DeskChanged,
    DialTicket,
    ForAsterisk,
    HangUp,
    Noted,
    NumberOver,
    TakeNumber,
    TicketChanged,
    TodayChanged,
)
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import PlanChanged
from router.core.hours import Hours
from router.core.ids import AgentId, ChannelId
from router.core.plan import Plan
from router.errors import ConfigError, InUse, Problem
from router.intake.handing_over import SOCKET_NAME as LINES_SOCKET
from router.intake.handing_over import Taker
from router.intake.proxy import SOCKET_NAME as PAGES_SOCKET
from router.intake.supervisor import Intake
from router.intake.vault import place_of
from router.locks import Lock
from router.notify import Notifier
from router.probe.schedule import Prober
from router.probe.steps import Line
from router.replay import RecordingEngine, Tape
from router.report.running import RunningDay
from router.service import wall_clock
from router.service.callbacks import Callbacks
from router.service.control import SOCKET_NAME as CONTROL_SOCKET
from router.service.control import Answers, serve
from router.service.doors import Close, Doors
from router.service.draining import Draining
from router.service.failover import Failover
from router.service.heartbeat import Heartbeat
from router.service.live import ForHouse, Live
from router.service.pages import Pages
from router.service.promises import Promises
from router.service.readiness import PARTS, Kept, Readiness
from router.service.records import Records
from router.service.reload import Reloading, Reread
from router.store import FILE_NAME, Store, TicketKeeper, TicketStore
from router.store.tickets import FILE_NAME as TICKETS_FILE
from router.tasks import Tasks
from router.web.api import Api
from router.web.metrics import Metrics
from router.web.served import Runner
from router.web.sessions import Sessions
from router.web.softphone.handlers import Account, Softphones

_STATE_IN_USE = "Stop that router first, or give these settings a state_dir of their own."
_VAULT_IN_USE = (
    "It holds the numbers of that router's callbacks: stop it first, or give these settings a "
    "vault_dir of their own ([callbacks])."
)


class Service:
    """The running service. `run` returns on SIGTERM or SIGINT.

    Calls under way stay up in Asterisk; the router that starts next takes them up. What the engine
    hears and decides is recorded on `tape`, without anybody's identity. From here until `close`
    nobody else can use the folders of state and vault. With `take_over` it takes another router's
    place at Asterisk. How it stands is told to systemd by `notifier`. `reread` reads the
    configuration again: at SIGHUP, and when the control socket is asked to (`control.py`); it was
    first read at `read_at`, by the machine's clock (None: now).

    It also carries out the engine's commands (`live.Outside`): each by the part that it concerns.

    Raises:
        ConfigError: If the configuration has no secrets.
        InUse: If another router uses the folders. Nothing was changed.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        tape: Tape | None = None,
        *,
        take_over: bool = False,
        notifier: Notifier | None = None,
        reread: Reread | None = None,
        read_at: float | None = None,
    ) -> None:
        self._log = log = structlog.get_logger().bind()  # bound once: a lazy one binds each time
        self._given = config
        self._clock, self._ahead_s = clock, clock.ahead_s()
        config = config.by_clock(self._ahead_s)
        plan, settings, keys = config.plan, config.settings, config.secrets
        if keys is None:
            raise ConfigError([Problem("secrets", "are missing: give a settings file")])
        self._http, self._state_dir = settings.http, settings.state_dir
        # Before anything is read, written or emptied.
        self._state_lock, self._vault_lock = _locked(settings)

        # What is kept, and what decides.
        store = Store(settings.state_dir / FILE_NAME)
        self._keeper = TicketKeeper(TicketStore(settings.state_dir / TICKETS_FILE), log)
        stores: dict[str, Kept] = {"tickets": self._keeper, "facts": store}
        self._codes = codes = CodeBook.of(plan, keys.code_secret)
        self._engine = _engine(plan, codes, Pins(keys.pins), tape)
        self._live = Live(self._engine, clock, self)
        self._config = config

        # What carries out.
        failover = Failover(self._live.submit)
        self._link = AsteriskLink(
            settings.asterisk.ari_url,
            settings.asterisk.ari_user,
            keys.ari_password,
            settings.asterisk.app,
            plan,
            failover.heard,
            self._engine.known,
            log,
            take_over=take_over,
            ways_out=_ways_out(settings),
        )
        promises = Promises(self._engine, self._live, self._link, self._keeper, clock, log)
        self._promises = promises
        self._intake = Intake(config, clock, promises, hold_vault=self._vault_lock.take)
        self._callbacks = Callbacks(
            self._engine,
            self._live,
            self._link,
            failover,
            self._intake,
            promises,
            self._keeper,
            clock,
            settings.asterisk.trunk_silence_s,
        )
        self._prober = _prober(config, self._link, log)
        metrics = Metrics(
            plan.sectors,
            PARTS,
            probes=self._prober is not None,
            certificates=settings.certificates,
        )
        self._day = day = RunningDay(plan.hours, plan.targets.live_target_s, clock.now())
        self._records = Records(
            store, metrics, tape, day, self._hours, settings.retention, clock, log
        )
        sessions, changes = self._records.take_up()
        if changes is not None:
            self._engine.restore_today(changes, clock.now())
        self._engine.restore(sessions, clock.now())

        # What is shown.
        self._readiness = Readiness(
            settings.asterisk,
            self._link,
            self._intake,
            stores,
            self._engine.board,
            log,
            takes_callbacks=settings.callbacks.presented is not None,
        )
        self._draining = Draining(
            self._engine, self._live, self._link, clock, log, settings.drain.longest_s
        )
        self._notifier = notifier or Notifier({})
        self._heartbeat = Heartbeat(self._notifier, self._readiness)
        self._pages = pages = Pages(
            self._engine,
            self._live,
            self._link,
            promises,
            self._readiness,
            stores,
            self._prober,
            day,
            config.publication.goals,
            clock,
        )
        self._keyring = Keyring(tokens_of(keys), time.time)
        self._sessions = Sessions(plan, Pins(keys.pins), keys.code_secret, Clock().now)
        self._softphones = Softphones(
            plan,
            _accounts(config),
            settings.asterisk.browsers_url,
            self._stands,
            self._live.submit,
        )
        self._api = Api(
            plan,
            codes,
            self._keyring,
            pages.snapshot,
            metrics,
            pages.desks(),
            pages.view,
            self._sessions,
            self._softphones,
        )
        #: What is served on the router's own socket.
        self.application: web.Application = self._api.application()
        self._show_plan()
        metrics.configured(time.time() if read_at is None else read_at, right=True)
        self._reloading = Reloading(
            self._given,
            reread or (lambda: self._given),
            self._go_on_by,
            lambda at, right: metrics.configured(at, right=right),
            self._link,
            self._notifier,
            log,
        )

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises:
            SetupError: If the HTTP port is taken.
            InUse: If Asterisk has another router.
            AriReplaced: If another router took over.
        """
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reloading.ask)
        async with AsyncExitStack() as ends:  # in reverse: what is needed longest comes first
            ends.push_async_callback(self.close)
            ends.push_async_callback(self._callbacks.close)
            runner = Runner(self.application)
            ends.push_async_callback(runner.cleanup)
            lines = Runner(self._softphones.door())
            ends.push_async_callback(lines.cleanup)
            ends.push_async_callback(self._link.close)
            keeping = Tasks()  # ends after the intake: promises under way are kept and given
            ends.push_async_callback(keeping.close)
            ends.push_async_callback(self._intake.stop)
            ends.callback(self._live.close)
            at_work = Tasks()
            ends.push_async_callback(at_work.close)

            await runner.setup()
            doors = Doors(self._state_dir, self._state_lock, self._intake, self._log)
            ends.push_async_callback(doors.close)
            await doors.open(PAGES_SOCKET, partial(_serve_pages, runner))
            await lines.setup()
            await doors.open(LINES_SOCKET, Taker(lines).serve, socket.SOCK_SEQPACKET)
            at_work.start(self._records.keep_facts())
            at_work.start(self._records.keep_tape())
            # Before the intake starts: it drops numbers that no open ticket has, and says which
            # tickets have lost theirs. All have if the vault is new.
            self._live.take_up(self._keeper.take_up(), lost=self._intake.fresh)
            resources = self.application.router.resources()
            await self._intake.start(one.canonical for one in resources)
            keeping.start(self._promises.keep())
            at_work.start(self._callbacks.watch())
            at_work.start(self._readiness.watch())
            at_work.start(self._draining.keep_told())
            at_work.start(self._heartbeat.beat())
            if self._prober is not None:
                at_work.start(self._prober.watch())
            ends.push_async_callback(self._reloading.close)
            words = {"reload": self._reloaded, **self._draining.answers}
            await doors.open(CONTROL_SOCKET, partial(_serve_control, words))
            at_work.start(doors.watch())
            at_work.start(
                wall_clock.watch(self._clock, self._ahead_s, self._clock_was_set, self._log)
            )
            self._log.info("started", url=f"http://{self._http.host}:{self._http.port}")
            await self._link_until(stop)
            self._notifier.stopping()
            self._log.info("stopping", count=sum(self._engine.call_states().values()))

    async def close(self) -> None:
        """Write what is left and let go of all files. `run` does so at its end."""
        await self._keeper.close()
        await self._records.close()
        self._state_lock.release()
        self._vault_lock.release()

    # What changes while it runs.

    async def _reloaded(self) -> Mapping[str, Any]:
        return (await self._reloading.reload()).as_json()

    def _go_on_by(self, config: Config) -> None:
        """Go on by this configuration, at once and in every part but Asterisk."""
        self._given = config
        config = config.by_clock(self._ahead_s)
        plan, settings, keys = config.plan, config.settings, config.secrets
        assert keys is not None, "Reloading compares the secrets"
        logs.set_level(settings.log.level)
        self._config, self._codes = config, CodeBook.of(plan, keys.code_secret)
        self._link.change_plan(plan, _ways_out(settings))
        self._live.submit(PlanChanged(plan, self._codes, Pins(keys.pins)))
        self._pages.goals = config.publication.goals
        self._keyring.replace(tokens_of(keys))
        self._sessions.change(plan, Pins(keys.pins), keys.code_secret)
        self._softphones.change_accounts(_accounts(config))
        takes_callbacks = settings.callbacks.presented is not None
        self._readiness.change(settings.asterisk, takes_callbacks=takes_callbacks)
        self._show_plan()
        self._draining.change(settings.drain.longest_s)
        self._records.change(settings.retention)
        if self._prober is not None:
            self._prober.change_line(Line.of(config.asterisk()))

    def _show_plan(self) -> None:
        """Have pages, intake and figures go by the plan as it is today."""
        plan = self._engine.plan
        self._api.change_plan(plan, self._codes)
        self._day.change_plan(plan.hours, plan.targets.live_target_s)
        self._intake.change(replace(self._config, plan=plan))

    def _clock_was_set(self, ahead_s: float) -> None:
        """Opening hours follow, and whatever is told of times."""
        self._ahead_s = ahead_s
        self._go_on_by(self._given)

    def _stands(self, presented: str) -> bool:
        """Return whether whoever presented this token is still let in."""
        return self._sessions.stands(presented) or self._keyring.holder(presented) is not None

    def _hours(self) -> Hours:
        return self._engine.board.plan.hours

    # What the engine decides (`live.Outside`).

    def perform(self, commands: list[ForAsterisk]) -> None:
        """Have Asterisk carry out the commands.

        What is hung up must not be dialled afterwards: the intake may not have come to it yet.
        """
        self._link.perform(commands)
        for command in commands:
            if isinstance(command, HangUp) and command.channel == ChannelId(command.call):
                self._intake.hang_up(command.call)

    def carry_out(self, command: ForHouse, at: float) -> None:
        """Have the command carried out by the part that it concerns."""
        match command:
            case Noted() | DeskChanged() | Counted():
                self._records.take(command, at)
            case TodayChanged():
                self._records.take(command, at)
                self._show_plan()
            case TicketChanged() | DialTicket() | TakeNumber() | NumberOver():
                self._callbacks.carry_out(command)
            case _:
                assert_never(command)

    async def _link_until(self, stop: asyncio.Event) -> None:
        """Keep the link to Asterisk until `stop`, or until it fails for good."""
        link, stopped = asyncio.create_task(self._link.run()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({link, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if link.done():
                link.result()
        finally:
            link.cancel()
            stopped.cancel()
            await asyncio.gather(link, stopped, return_exceptions=True)


async def _serve_pages(runner: Runner, listening: socket.socket) -> Close:
    site = web.SockSite(runner, listening)
    await site.start()
    return site.stop


async def _serve_control(answers: Answers, listening: socket.socket) -> Close:
    server = await serve(listening, answers)

    async def close() -> None:
        server.close()

    return close


def _prober(
    config: Config, link: AsteriskLink, log: structlog.typing.FilteringBoundLogger
) -> Prober | None:
    """Return what calls the service itself; None: nothing does."""
    every_s = config.settings.probe.every_s
    if not every_s:
        return None
    channels = partial(link.client.ask_http, Request("probe", "GET", "channels"))
    return Prober(Line.of(config.asterisk()), every_s, channels, log)


def _engine(plan: Plan, codes: CodeBook, pins: Pins, tape: Tape | None) -> Engine:
    # Ids of this life of the router must differ from those of the last, which may live on.
    run = f"allo-{secrets.token_hex(4)}"
    if tape is None:
        return Engine(plan, codes, run, pins)
    return RecordingEngine(plan, codes, run, pins, tape)


def _accounts(config: Config) -> Mapping[AgentId, Account]:
    """Return the phones in informateurs' browsers, if there are any."""
    asterisk = config.asterisk()
    if not asterisk.browsers:
        return {}
    browsers = {phone.agent: phone.in_browser for phone in asterisk.agents}
    return {
        agent: Account(browsers[agent].phone, browsers[agent].endpoint, browsers[agent].secret)
        for agent in config.plan.agents
        if agent in browsers
    }


def _ways_out(settings: Settings) -> list[str]:
    """Return the endpoints of the carriers that calls go out to; without any, the first one's."""
    options = settings.asterisk
    return [carrier.endpoint for carrier in options.ways_out] or [options.trunks[0].endpoint]


def _locked(settings: Settings) -> tuple[Lock, Lock]:
    """Take the folders that only one router may use: of state, and of the vault.

    Raises:
        InUse: If another one uses them; it lost nothing.
    """
    command = f"./allo run --config {settings.file}"
    place = place_of(settings.callbacks.vault_dir, settings.state_dir, os.environ)
    with places.writing(settings.state_dir):
        state = Lock(settings.state_dir, command, _STATE_IN_USE)
    vault = Lock.not_yet(place, command, _VAULT_IN_USE)
    try:
        with suppress(OSError):  # no vault, no callbacks: whoever opens it says so
            vault.take()
    except InUse:
        state.release()
        raise
    return state, vault
