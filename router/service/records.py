"""What is written down: steps of calls, anonymous facts, sessions, and a recording if wanted."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta

from structlog.typing import FilteringBoundLogger

from router.clock import Clock
from router.config import Retention
from router.core.commands import Counted, DeskChanged, Noted, Step, TodayChanged
from router.core.events import OF_CARRIER
from router.core.facts import CallFact, DirectiveFact
from router.core.hours import Hours
from router.core.today import Today
from router.errors import StoreError
from router.replay import Tape
from router.report.running import RunningDay
from router.store import Store
from router.web.metrics import Metrics

#: How long facts wait in memory at most, and records of a recording.
FLUSH_S = 10.0
RECORD_S = 1.0
_DAY_S = 86_400.0


class Records:
    """Takes what the engine reports. Run `keep_facts` and `keep_tape` as tasks, `close` at the end.

    `tape` is the recording; None: none is made. `day` is told of each call that has ended.
    `retention` says what is forgotten when.
    """

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        tape: Tape | None,
        day: RunningDay,
        hours: Callable[[], Hours],
        retention: Retention,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._tape = tape
        self._day = day
        self._hours = hours
        self._retention = retention
        self._clock = clock
        self._log = log
        #: Facts given up, as far as the log says.
        self._dropped = 0
        self._tape_ended = False
        self._trouble = ""
        self._forgotten_on: date | None = None
        #: Set when what was taken is to be written at once.
        self._at_once = asyncio.Event()

    def change(self, retention: Retention) -> None:
        """Forget by these terms from now on."""
        if retention != self._retention:
            self._retention, self._forgotten_on = retention, None

    def take_up(self) -> tuple[tuple[DeskChanged, ...], Today | None]:
        """Take up the day as last written; return who is logged in where, and what supervisors
        have changed. For the start: it blocks.

        If the file cannot be read nobody is, informateurs log in again, and all is as planned.
        """
        hours = self._hours()
        today = hours.day_of(self._clock.now())
        try:
            self._day.take_up(self._store.calls(today, today, hours.zone))
            return self._store.sessions(), self._store.today()
        except StoreError as error:
            self._trouble = str(error)
            self._log.error("facts and sessions cannot be read", reason=self._trouble)
            return (), None

    def take(self, command: Noted | DeskChanged | TodayChanged | Counted, at: float) -> None:
        """Take what was decided at `at`, UTC epoch seconds. It is on disk after the next flush.

        What a supervisor directs is so at once: nothing else says it again.
        """
        match command:
            case Noted():
                self._metrics.noted(command)
                self._log_step(command, at)
            case DeskChanged():
                self._store.desk_changed(command)
            case TodayChanged(today):
                self._store.today_changed(today)
                self._at_once.set()
            case Counted(fact):
                self._metrics.counted(fact)
                self._store.record(fact)
                if isinstance(fact, CallFact):
                    self._day.count(fact, at)
                elif isinstance(fact, DirectiveFact):
                    self._at_once.set()

    async def keep_facts(self) -> None:
        """Write facts and sessions, for as long as the service lives."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_S):
                    await self._at_once.wait()
            self._at_once.clear()
            await self._flush()

    async def keep_tape(self) -> None:
        """Write the recording, for as long as the service lives."""
        while self._tape is not None:
            await asyncio.sleep(RECORD_S)
            await asyncio.to_thread(self._tape.flush)
            self._log_end_of_tape(self._tape)

    async def close(self) -> None:
        """Write what is left, and let go of the files."""
        await self._flush(final=True)
        self._store.close()
        if self._tape is not None:
            await asyncio.to_thread(self._tape.close)
            self._log_end_of_tape(self._tape)

    async def _flush(self, *, final: bool = False) -> None:
        """Write what was counted. A full disk stops no call: what is left is tried again."""
        today = self._hours().local(self._clock.now()).date()
        try:
            await asyncio.to_thread(self._store.flush, today, final=final)
            if not final and today != self._forgotten_on:
                await self._forget(today)
        except StoreError as error:
            if str(error) != self._trouble:
                self._log.error("facts cannot be written", reason=str(error))
            self._trouble = str(error)
            if final and (waiting := self._store.standing.pending):
                self._log.error("facts lost", count=waiting)
        else:
            if self._trouble:
                self._log.info("facts can be written again")
            self._trouble = ""
        if (dropped := self._store.dropped) > self._dropped:
            self._log.error("facts lost", count=dropped - self._dropped)
            self._dropped = dropped

    async def _forget(self, today: date) -> None:
        """Remove what was kept of persons for long enough."""
        terms = self._retention
        duty_before = today - timedelta(days=terms.duty_days)
        watches_before = self._clock.now() - terms.watches_days * _DAY_S
        await asyncio.to_thread(self._store.forget, duty_before, watches_before)
        if terms is self._retention:  # otherwise a reload brought others meanwhile
            self._forgotten_on = today

    def _log_end_of_tape(self, tape: Tape) -> None:
        if tape.ended and not self._tape_ended:
            self._tape_ended = True
            self._log.error("recording stopped", reason=tape.ended)

    def _log_step(self, noted: Noted, at: float) -> None:
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
