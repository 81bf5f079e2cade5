"""A reload: the files are read again, and the running service goes on by what they say.

Nothing changes if anything in them is wrong. What cannot change while the service runs stays as it
was, and is said each time until it is started anew. One reload at a time: whoever asks during one
waits for it, and is then served by one of their own.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass

from structlog.typing import FilteringBoundLogger

from router.ari.asterisk_link import AsteriskLink
from router.asterisk.rewriting import rewrite
from router.asterisk.settings import AsteriskSettings
from router.config import Config, Faulty
from router.errors import AriError, RouterError
from router.notify import Notifier
from router.service.changes import compared
from router.tasks import Tasks

#: Reads the files again: their content, or every fault.
Reread = Callable[[], Config | Faulty]
#: Is told when the files were read, by the machine's clock, and whether they were right.
Told = Callable[[float, bool], None]
#: Makes the service go on by a configuration, at once.
GoOnBy = Callable[[Config], None]


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of a reload."""

    #: Every fault of the files: nothing has changed.
    faults: tuple[str, ...] = ()
    #: What is otherwise now.
    taken: tuple[str, ...] = ()
    #: What waits for a new start, or for Asterisk.
    left: tuple[str, ...] = ()

    def as_json(self) -> dict[str, tuple[str, ...]]:
        """Return it for the control socket."""
        return asdict(self)


class Reloading:
    """Reloads, one after the other. `config` is what is in force, with its secrets."""

    def __init__(
        self,
        config: Config,
        reread: Reread,
        go_on_by: GoOnBy,
        told: Told,
        link: AsteriskLink,
        notifier: Notifier,
        log: FilteringBoundLogger,
    ) -> None:
        self._config = config
        self._reread = reread
        self._go_on_by = go_on_by
        self._told = told
        self._link = link
        self._notifier = notifier
        self._log = log
        self._one_at_a_time = asyncio.Lock()
        #: What Asterisk has not taken yet, tried again at the next reload.
        self._owed: list[str] = []
        self._asked = Tasks()

    def ask(self) -> None:
        """Reload soon, and leave the answer to the log: SIGHUP."""
        self._asked.start(self._reload_unasked())

    async def close(self) -> None:
        """Give up what has been asked for."""
        await self._asked.close()

    async def _reload_unasked(self) -> None:
        await self.reload()

    async def reload(self) -> Reloaded:
        """Take what the files say now, or say everything that is wrong with them."""
        async with self._one_at_a_time:
            self._notifier.reloading()
            began_at = time.time()
            try:
                done = await self._reload()
            finally:
                self._notifier.ready()
        self._told(began_at, not done.faults)
        for fault in done.faults:
            self._log.error("reload refused", reason=fault)
        for one in done.left:
            self._log.warning("reload incomplete", reason=one)
        if not done.faults:
            self._log.info("reloaded", count=len(done.taken), detail="; ".join(done.taken))
        return done

    async def _reload(self) -> Reloaded:
        try:
            read = await asyncio.to_thread(self._reread)
        except RouterError as error:
            return Reloaded(faults=tuple(str(error).splitlines()))
        if isinstance(read, Faulty):
            return Reloaded(faults=tuple(map(str, read.problems)))
        changes = compared(self._config, read)
        self._config = changes.config
        self._go_on_by(changes.config)
        owed = await self._tell_asterisk(changes.config.asterisk())
        return Reloaded(taken=changes.taken, left=(*changes.restart, *owed))

    async def _tell_asterisk(self, settings: AsteriskSettings) -> list[str]:
        """Have Asterisk take phones, trunk and numbers; return what it could not."""
        try:
            modules = await asyncio.to_thread(rewrite, settings)
        except RouterError as error:
            return [f"asterisk: its configuration was not changed: {error}"]
        modules = [*self._owed, *(one for one in modules if one not in self._owed)]
        self._owed = []
        if modules and not self._link.connected:
            self._owed = modules
            return ["asterisk: it is away; reload again once it is back"]
        for place, module in enumerate(modules):
            try:
                await self._link.reload(module)
            except AriError as error:
                self._owed = modules[place:]
                return [f"asterisk: {module} did not read its configuration again: {error}"]
        with suppress(AriError):  # otherwise the next connection tells
            if self._link.connected:
                await self._link.look_for_phones()
        return []
