"""What HTTP may see of the running service, and ask of the engine."""

import asyncio
from collections import Counter
from collections.abc import Mapping

from router import logs
from router.ari.asterisk_link import AsteriskLink
from router.clock import Clock
from router.config import Goals
from router.core.engine import Engine
from router.core.events import AgentAsked, Directed, SupervisorAsked
from router.core.ids import AgentId, PhoneId
from router.core.requests import Directive, Reply, Request, Watching
from router.probe.schedule import Prober
from router.report.running import RunningDay
from router.service.live import UNNUMBERED, Live
from router.service.promises import Promises
from router.service.readiness import Kept, Readiness
from router.web.backend import DeskBackend
from router.web.snapshot import Connection, Snapshot, standing_of
from router.web.wallboard.board import Telephony, View


class Pages:
    """The service as pages and desks have it."""

    def __init__(
        self,
        engine: Engine,
        live: Live,
        link: AsteriskLink,
        promises: Promises,
        readiness: Readiness,
        stores: Mapping[str, Kept],
        prober: Prober | None,
        day: RunningDay,
        goals: Goals,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._live = live
        self._link = link
        self._promises = promises
        self._readiness = readiness
        self._stores = stores
        self._prober = prober
        self._day = day
        #: What the service aims at.
        self.goals = goals
        self._clock = clock

    def snapshot(self) -> Snapshot:
        """Return what pages may know of the present."""
        engine, connected, now = self._engine, self._link.connected, self._clock.now()
        plan = engine.board.plan
        standings = Counter(standing_of(one, now) for one in engine.tickets_now())
        counts = self._link.counts
        return Snapshot(
            ready=connected and not engine.board.draining,
            now=now,
            ahead_s=plan.hours.ahead_s,
            sectors=engine.sectors(),
            agents={state.value: count for state, count in engine.agent_states().items()},
            calls={state.value: count for state, count in engine.call_states().items()},
            counts=engine.counts,
            defects=self._live.defects,
            leaks=logs.leaks(),
            parts=self._readiness.parts,
            stores={name: one.standing for name, one in self._stores.items()},
            callbacks={sector: self._promises.refusal(sector) for sector in plan.domains},
            is_open=plan.hours.is_open(now),
            open_callbacks=standings,
            connection=Connection(
                counts.connections,
                counts.messages,
                counts.malformed,
                counts.commands_dropped,
                counts.corrections,
                self._readiness.fallbacks,
            ),
            fallback=self._readiness.fallback,
            probe=None if self._prober is None else self._prober.standing,
            trouble="" if connected else str(self._link.last_error or "connecting to Asterisk"),
        )

    def view(self) -> View:
        """Return what the wallboard is made of."""
        engine, now = self._engine, self._clock.now()
        return View(
            now=now,
            plan=engine.board.plan,
            goals=self.goals,
            sectors=engine.sectors(),
            waiting=engine.waiting(),
            desks=engine.desks(),
            tickets=engine.tickets_now(),
            counted=self._day.by_sector(now),
            counted_since_at=self._day.begins_at,
            telephony=self._telephony(now),
            draining=engine.board.draining,
            today=engine.board.today,
        )

    def _telephony(self, now: float) -> Telephony:
        # The link goes by the loop's clock, which no clock on the wall moves.
        link, since = self._link, now - asyncio.get_running_loop().time()
        return Telephony(
            link.connected,
            None if link.known_until is None else since + link.known_until,
            None if link.compared_at is None else since + link.compared_at,
        )

    def desks(self) -> DeskBackend:
        """Return what stands behind desks and supervision."""
        engine = self._engine
        return DeskBackend(
            self._ask, self._watch, self._direct, engine.desk, engine.desks, engine.past
        )

    def _ask(self, agent: AgentId, request: Request) -> asyncio.Future[Reply]:
        return self._live.ask(AgentAsked(UNNUMBERED, agent, request))

    def _direct(self, supervisor: str, why: str, directive: Directive) -> asyncio.Future[Reply]:
        return self._live.ask(Directed(UNNUMBERED, supervisor, why, directive))

    def _watch(
        self, supervisor: str, phone: PhoneId, agent: AgentId, watching: Watching
    ) -> asyncio.Future[Reply]:
        return self._live.ask(SupervisorAsked(UNNUMBERED, supervisor, phone, agent, watching))
