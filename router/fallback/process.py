"""The fallback at work: the watch, the door, and the plan, read again as its files change."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from types import MappingProxyType

import structlog

from router.ari.away import SERVED, End, served_text
from router.ari.client import AriClient
from router.clock import SET_S, Clock
from router.config import Config, Faulty, read_all
from router.core.codes import CodeBook
from router.core.ids import CallId
from router.fallback import door
from router.fallback.conversation import Conversation, Terms, pause
from router.fallback.decisions import Answer, Decisions
from router.fallback.door import Door
from router.fallback.handover import HandOver
from router.fallback.journeys import Journeys
from router.fallback.line import Line
from router.fallback.watch import LONGEST_S, Watch
from router.notify import Notifier
from router.tasks import Tasks

HOURS, CODE, ROUTE, AWAY = "allo/hours", "allo/code", "allo/route", "allo/away"
#: How often the files are looked at, and systemd hears of us, in seconds.
_LOOK_S = 2.0
_BEAT_S = 5.0
#: Beats in the time that the watchdog allows.
_BEATS = 3
_TELL_S = 1.0


class Fallback:
    """The process. `await run()` until SIGTERM or SIGINT."""

    def __init__(self, config: Config, clock: Clock, notifier: Notifier) -> None:
        """Begin with this configuration, which has a settings file and secrets."""
        self._clock = clock
        self._notifier = notifier
        self._log = structlog.get_logger()
        self._calls = count(1)
        self._plans = count(1)
        self._ahead_s = clock.ahead_s()
        self._take(config)
        options = config.settings.asterisk
        self._port = options.agi_port
        self._client = AriClient(
            options.ari_url,
            options.ari_user,
            config.asterisk().ari_password,
            options.app,
            lambda _: None,
        )
        self._watch = Watch(self._client, options.app, config.settings.state_dir)
        self._hand_over = HandOver(self._watch)
        #: How many callers have been looked after, by how they left.
        self._served: Counter[End] = Counter()
        limit_s = notifier.watchdog_s
        self._beat_s = _BEAT_S if limit_s is None else min(_BEAT_S, limit_s / _BEATS)

    async def run(self) -> None:
        """Look after callers until told to end.

        Raises:
            SetupError: If the port of FastAGI is taken.
        """
        tasks = Tasks()
        opened: Door | None = None
        ended = asyncio.Event()
        for told in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(told, ended.set)
        try:
            if door.is_possible():
                opened = Door(self._port, self._verbs())
                await opened.open()
                for work in (self._watch.renew(), self._hand_over.run(), self._tell_served()):
                    tasks.start(work)
            else:
                self._log.error("FastAGI is off", reason="panoramisk is not installed")
            for work in (self._watch.ask(), self._watch.look(), self._reread(), self._beat()):
                tasks.start(work)
            self._log.info("fallback ready")
            self._notifier.ready()
            await ended.wait()
        finally:
            self._notifier.stopping()
            await tasks.close()
            if opened is not None:
                await opened.close()
            await self._client.close()

    def _take(self, config: Config) -> None:
        """Go by this plan from now on; whoever is being asked goes on with the one before."""
        assert config.secrets is not None, "config.asterisk() has them"
        plan = config.by_clock(self._ahead_s).plan
        codes = CodeBook.of(plan, config.secrets.code_secret)
        self._config = config
        self._plan = plan
        self._journeys = Journeys(plan, codes, f"away-{next(self._plans)}")
        self._decisions = Decisions(plan, CodeBook.of(plan, config.secrets.code_secret))
        options = config.settings.asterisk
        self._terms = Terms(
            options.retry_every_s, options.retry_for_s, plan.targets.announce_every_s
        )
        self._read_at = _changed_at(config)

    # The verbs.

    def _verbs(self) -> MappingProxyType[str, door.Verb]:
        return MappingProxyType(
            {
                HOURS: self._answering(lambda words: self._decisions.hours(self._clock.now())),
                CODE: self._answering(
                    lambda words: self._decisions.code(_first(words), self._clock.now())
                ),
                ROUTE: self._answering(
                    lambda words: self._decisions.route(_first(words), self._clock.now())
                ),
                AWAY: self._away,
            }
        )

    def _answering(
        self, decide: Callable[[tuple[str, ...]], Answer]
    ) -> Callable[[Line, tuple[str, ...]], Awaitable[None]]:
        async def verb(line: Line, words: tuple[str, ...]) -> None:
            answer = decide(words)
            await pause(answer.after_s)
            for name, value in answer.variables.items():
                await line.set(name, value)

        return verb

    async def _away(self, line: Line, words: tuple[str, ...]) -> None:
        """Look after a caller: for how many seconds already, and Asterisk's id of the channel."""
        waited, channel = (*words, "", "")[:2]
        now = self._clock.now
        conversation = Conversation(
            line,
            self._journeys,
            self._watch,
            self._hand_over,
            self._terms,
            now,
            is_open=self._plan.hours.is_open(now()),
        )
        waited_s = float(waited) if waited.isdecimal() and len(waited) < 6 else 0.0
        if waited_s > LONGEST_S:
            waited_s = 0.0
        end, began = End.HUNG_UP, now()
        try:
            end = await conversation.run(CallId(f"away-{next(self._calls)}"), waited_s, channel)
        finally:
            self._served[end] += 1
            self._log.info("caller left", outcome=end.value, seconds=round(now() - began, 1))

    # What goes on beside.

    async def _reread(self) -> None:
        """Take up files that have changed; wrong ones are told once, and the old ones stay.

        So is a clock of the machine that was set.
        """
        file = self._config.settings.file
        while True:
            await asyncio.sleep(_LOOK_S)
            if abs(self._clock.ahead_s() - self._ahead_s) >= SET_S:
                self._ahead_s = self._clock.ahead_s()
                self._take(self._config)
                self._log.warning("the machine's clock was set")
            changed_at = _changed_at(self._config)
            if changed_at == self._read_at:
                continue
            read = await asyncio.to_thread(read_all, file)
            if isinstance(read, Faulty):
                self._read_at = changed_at
                self._log.warning("files are wrong: going on as before", count=len(read.problems))
            else:
                self._take(read)
                self._log.info("files read again")

    async def _tell_served(self) -> None:
        """Let the router, once it is back, count for /metrics whom we have looked after."""
        told = ""
        while True:
            served = served_text(self._served)
            if served != told and await self._watch.tell(SERVED, served):
                told = served
            await asyncio.sleep(_TELL_S)

    async def _beat(self) -> None:
        while True:
            self._notifier.alive()
            there = "the router is there" if self._watch.is_there else "the router is away"
            self._notifier.status(f"{there}; callers kept: {self._hand_over.kept}")
            await asyncio.sleep(self._beat_s)


def _first(words: tuple[str, ...]) -> str:
    return words[0] if words else ""


def _changed_at(config: Config) -> tuple[tuple[Path, int], ...]:
    settings = config.settings
    files = (settings.file, settings.plan, settings.agents, settings.secrets)
    found = []
    for path in files:
        if path is not None:
            try:
                found.append((path, os.stat(path).st_mtime_ns))
            except OSError:
                found.append((path, 0))
    return tuple(found)
