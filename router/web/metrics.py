"""Prometheus metrics: base units, labels from bounded sets, nothing about a single call."""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from router import __version__
from router.core.callback.tickets import Failure
from router.core.commands import Noted, Step
from router.core.events import CalledEnd
from router.core.facts import CallFact, Door, Fact, Outcome
from router.core.ids import SectorId
from router.core.table import IGNORED, OUTSIDE
from router.store.standing import Keeping
from router.web.certificate_metrics import CertificateMetrics
from router.web.fallback_metrics import FallbackMetrics
from router.web.probe_metrics import ProbeMetrics
from router.web.snapshot import CallbackStanding, Connection, Snapshot

_WAIT_BUCKETS_S = (5, 15, 30, 60, 120, 180, 300, 600, 1200, 2700)


#: Fields of `Connection` -> what they count.
_OF_CONNECTION = {
    "connections": "Connections made to Asterisk: the first, and one after each break.",
    "messages": "Messages from Asterisk.",
    "malformed": "Messages from Asterisk that could not be read; must stay 0.",
    "commands_dropped": "Commands given up when the connection broke.",
    "corrections": "Differences between Asterisk and the engine that were found and made good.",
    "fallbacks": "Callers whom the dialplan has looked after while no router answered.",
}


class Metrics:
    """Counters fed by the steps of calls, and gauges set when they are read.

    `sectors` and `parts` (of `Snapshot`) are labels that are there from the start.
    `probes`: whether the service calls itself; if not, there is no metric of that.
    `certificates`: the files of those whose end is told.
    """

    def __init__(
        self,
        sectors: Iterable[SectorId],
        parts: Iterable[str] = (),
        *,
        probes: bool = False,
        certificates: Iterable[Path] = (),
    ) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        build = Gauge("allo_build_info", "The version.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self._configured = Gauge(
            "allo_config_last_reload_successful",
            "1 if the files were right when last read, else 0: then the old ones are in force.",
            registry=self.registry,
        )
        self._configured_at = Gauge(
            "allo_config_last_reload_success_timestamp_seconds",
            "When the files that are in force were read.",
            registry=self.registry,
        )
        steps = Counter("allo_steps", "Steps of calls.", ["step"], registry=self.registry)
        self._steps = {step: steps.labels(step.value) for step in Step}
        self._ended = Counter(
            "allo_calls_ended", "Calls ended, by outcome.", ["outcome"], registry=self.registry
        )
        self._not_reached = Counter(
            "allo_callbacks_not_reached",
            "Calls back that did not reach the person who had asked for them, by reason.",
            ["why"],
            registry=self.registry,
        )
        for why in {*CalledEnd, *Failure}:
            self._not_reached.labels(why.value)
        self._waits = Histogram(
            "allo_wait_seconds",
            "Wait of callers who were answered.",
            ["sector"],
            buckets=_WAIT_BUCKETS_S,
            registry=self.registry,
        )
        self._waiting = self._gauge("allo_waiting", "Callers waiting.", "sector")
        self._agents = self._gauge("allo_agents", "Informateurs, by state.", "state")
        self._calls = self._gauge("allo_calls", "Calls under way, by state.", "state")
        self._ready = self._gauge(
            "allo_ready", "1 for each part that a call needs, if it is there; else 0.", "part"
        )
        for part in parts:
            self._ready.labels(part).set(0)
        self._defects = Gauge(
            "allo_defects", "Events whose handling raised; must stay 0.", registry=self.registry
        )
        self._ignored = Counter(
            "allo_events_ignored",
            "Events that meant nothing in the state they came in: late, repeated or impossible.",
            registry=self.registry,
        )
        self._outside = Counter(
            "allo_outside_table",
            "Changes of state that no table allows; must stay 0.",
            registry=self.registry,
        )
        self._counts_told: dict[str, int] = {}
        self._open = Gauge(
            "allo_open",
            "1 while callers are admitted by the opening hours.",
            registry=self.registry,
        )
        self._time = Gauge(
            "allo_service_time_seconds",
            "The clock that opening hours follow, since the Unix epoch.",
            registry=self.registry,
        )
        self._on_duty = self._gauge("allo_on_duty", "Informateurs who are logged in.", "sector")
        self._oldest = self._gauge(
            "allo_oldest_wait_seconds", "How long the longest waiting has waited.", "sector"
        )
        self._callbacks = self._gauge("allo_callbacks", "Open callbacks.", "standing")
        self._promises = Counter(
            "allo_promises",
            "Promises that have come due, to callers (answered in time) and to those called back.",
            ["door", "kept"],
            registry=self.registry,
        )
        for door in Door:
            for kept in ("yes", "no"):
                self._promises.labels(door.value, kept)
        self._connection = {
            field: Counter(f"allo_asterisk_{field}", what, registry=self.registry)
            for field, what in _OF_CONNECTION.items()
        }
        self._connection_told = Connection()
        self._leaks = Counter(
            "allo_log_leaks",
            "Values kept out of the log because they could be telephone numbers; must stay 0.",
            registry=self.registry,
        )
        self._leaks_told = 0
        self._pending = self._gauge(
            "allo_store_pending", "Records that wait to be written.", "store"
        )
        self._failures = self._counter(
            "allo_store_failures",
            "Batches that could not be written, and are tried again.",
            "store",
        )
        self._lost = self._counter(
            "allo_store_lost", "Records given up for want of room; must stay 0.", "store"
        )
        self._aside = self._counter(
            "allo_store_set_aside",
            "Damaged files that were set aside, each with a new one begun; must stay 0.",
            "store",
        )
        self._stores_told: dict[str, Keeping] = {}
        self._probe = ProbeMetrics(self.registry) if probes else None
        self._fallback = FallbackMetrics(self.registry)
        files = tuple(certificates)
        self._certificates = CertificateMetrics(files, self.registry) if files else None
        for outcome in Outcome:
            self._ended.labels(outcome.value)
        for sector in sectors:
            self._waits.labels(sector)
        #: Those that have gauges.
        self._sectors_told: set[SectorId] = set()

    def _gauge(self, name: str, what: str, label: str) -> Gauge:
        return Gauge(name, what, [label], registry=self.registry)

    def _counter(self, name: str, what: str, label: str) -> Counter:
        return Counter(name, what, [label], registry=self.registry)

    def configured(self, at: float, *, right: bool) -> None:
        """Note that the files were read at `at`, UTC epoch seconds, and whether they are taken."""
        self._configured.set(right)
        if right:
            self._configured_at.set(at)

    def noted(self, noted: Noted) -> None:
        """Count a step of a call."""
        self._steps[noted.step].inc()
        if noted.step is Step.NOT_REACHED:
            self._not_reached.labels(noted.detail).inc()
        if noted.step is Step.TALKING and noted.sector is not None:
            self._waits.labels(noted.sector).observe(noted.seconds or 0.0)
        if noted.outcome is not None:
            self._ended.labels(noted.outcome.value).inc()

    def _counter_of(self, count: str) -> Counter | None:
        if count.startswith(OUTSIDE):
            return self._outside
        return self._ignored if count.startswith(IGNORED) else None

    def counted(self, fact: Fact) -> None:
        """Count whether a promise was kept, if the fact says so."""
        if isinstance(fact, CallFact) and fact.kept is not None:
            self._promises.labels(fact.door.value, "yes" if fact.kept else "no").inc()

    def refresh(self, snapshot: Snapshot) -> None:
        """Set the gauges to what is true now, and the counters that others keep."""
        for part, why in snapshot.parts.items():
            self._ready.labels(part).set(not why)
        self._defects.set(snapshot.defects)
        for name, count in snapshot.counts.items():
            counter = self._counter_of(name)
            if counter is not None:
                counter.inc(count - self._counts_told.get(name, 0))
        self._counts_told = snapshot.counts
        self._leaks.inc(snapshot.leaks - self._leaks_told)
        self._leaks_told = snapshot.leaks
        for store, keeping in snapshot.stores.items():
            before = self._stores_told.get(store, Keeping())
            self._pending.labels(store).set(keeping.pending)
            self._failures.labels(store).inc(keeping.failures - before.failures)
            self._lost.labels(store).inc(keeping.lost - before.lost)
            self._aside.labels(store).inc(keeping.set_aside - before.set_aside)
            self._stores_told[store] = keeping
        self._open.set(snapshot.is_open)
        self._time.set(snapshot.now + snapshot.ahead_s)
        for standing in CallbackStanding:
            self._callbacks.labels(standing.value).set(snapshot.open_callbacks.get(standing, 0))
        for field, counter in self._connection.items():
            now, before = getattr(snapshot.connection, field), getattr(self._connection_told, field)
            counter.inc(now - before if now >= before else now)  # Asterisk may have restarted
        self._connection_told = snapshot.connection
        if self._probe is not None and snapshot.probe is not None:
            self._probe.refresh(snapshot.probe)
        if snapshot.fallback is not None:
            self._fallback.refresh(snapshot.fallback)
        if self._certificates is not None:
            self._certificates.refresh()
        sectors = {one.sector for one in snapshot.sectors}
        for gone in self._sectors_told - sectors:  # a new plan has them no more
            for gauge in (self._on_duty, self._oldest, self._waiting):
                gauge.remove(gone)
        for new in sectors - self._sectors_told:
            self._waits.labels(new)
        self._sectors_told = sectors
        for sector in snapshot.sectors:
            self._on_duty.labels(sector.sector).set(sector.on_duty)
            self._oldest.labels(sector.sector).set(sector.oldest_wait_s or 0.0)
            self._waiting.labels(sector.sector).set(sector.waiting)
        for state, number in snapshot.agents.items():
            self._agents.labels(state).set(number)
        for state, number in snapshot.calls.items():
            self._calls.labels(state).set(number)
