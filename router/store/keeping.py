"""When tickets are written: at once, together, in a thread of their own, and again if need be.

The event loop never waits for the disk. What is told while one batch is written goes into the
next, so that a thousand requests cost few commits; of a ticket told twice the later state is
written. What cannot be written waits, and is tried every `RETRY_S`: as nothing is promised
meanwhile, never more than the tickets that were open.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from structlog.typing import FilteringBoundLogger

from router.core.callback.tickets import TicketRecord
from router.core.ids import TicketId
from router.core.keeping import Keeping
from router.errors import StoreError
from router.store.tickets import TicketStore

RETRY_S = 1.0

#: Told whether what was kept of a ticket is on disk.
Then = Callable[[bool], None]


class TicketKeeper:
    """Keeps tickets for the event loop; all methods are called there. Run `run` as a task.

    `changed` is told when tickets cannot be written any more, and when they can again.
    """

    def __init__(
        self, store: TicketStore, changed: Callable[[bool], None], log: FilteringBoundLogger
    ) -> None:
        self._store = store
        self._changed = changed
        self._log = log
        self._thread = ThreadPoolExecutor(1, "tickets")
        self._waiting: dict[TicketId, TicketRecord | None] = {}
        #: What hangs on a ticket that waits to be written.
        self._then: dict[TicketId, list[Then]] = {}
        #: The same, of those that are being written.
        self._writing: dict[TicketId, TicketRecord | None] = {}
        self._then_writing: dict[TicketId, list[Then]] = {}
        self._something = asyncio.Event()
        self._forget_at: float | None = None
        self._failures = 0
        self._trouble = ""
        self._closed = False

    @property
    def standing(self) -> Keeping:
        """How the file fares."""
        pending = len(self._waiting.keys() | self._writing.keys())
        return Keeping(pending, self._failures, 0, self._trouble)

    def keep(self, record: TicketRecord) -> None:
        """Have the ticket's present state written."""
        self._put(record.ticket, record)

    def remove(self, ticket: TicketId) -> None:
        """Have the ticket removed: it was never promised."""
        self._put(ticket, None)

    def forget(self, now: float) -> None:
        """Have those removed that ended long ago."""
        self._forget_at = now
        self._something.set()

    def when_kept(self, ticket: TicketId, then: Then) -> None:
        """Call `then` once what was kept of the ticket until now is on disk, or cannot be."""
        if ticket in self._waiting:
            self._then.setdefault(ticket, []).append(then)
        elif ticket in self._writing:
            self._then_writing.setdefault(ticket, []).append(then)
        else:
            then(True)

    def get(self, ticket: TicketId) -> TicketRecord | None:
        """Return a ticket as kept last, written yet or not. Raises StoreError."""
        for unwritten in (self._waiting, self._writing):
            if ticket in unwritten:
                return unwritten[ticket]
        return self._store.get(ticket)

    async def run(self) -> None:
        """Write what is told, for as long as the service lives."""
        while True:
            if self._trouble:
                await asyncio.sleep(RETRY_S)
            else:
                await self._something.wait()
            await self._write()

    async def close(self) -> None:
        """Try to write what waits a last time; say how much is lost if that fails. After `run`."""
        self._closed = True
        self._waiting = self._writing | self._waiting
        if self._waiting:
            await self._write()
        if self._waiting:
            self._log.error("tickets lost", count=len(self._waiting), reason=self._trouble)
        self._thread.shutdown()
        self._store.close()

    def _put(self, ticket: TicketId, record: TicketRecord | None) -> None:
        self._waiting[ticket] = record
        self._something.set()

    async def _write(self) -> None:
        self._something.clear()
        self._writing, self._waiting = self._waiting, {}
        self._then_writing, self._then = self._then, {}
        forget_at, self._forget_at = self._forget_at, None
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._work, dict(self._writing), forget_at)
        except StoreError as error:
            self._failed(error)
        else:
            self._written()

    def _work(self, records: dict[TicketId, TicketRecord | None], forget_at: float | None) -> None:
        """In the thread."""
        if records or self._trouble:
            self._store.write(records, trial=bool(self._trouble))
        if forget_at is not None:
            with suppress(StoreError):  # in an hour again
                self._store.forget(forget_at)

    def _written(self) -> None:
        self._writing = {}
        then, self._then_writing = self._then_writing, {}
        if self._trouble:
            self._log.info("tickets can be written again")
            self._trouble = ""
            self._tell(True)
        self._call(then, kept=True)

    def _failed(self, error: StoreError) -> None:
        self._failures += 1
        self._waiting = self._writing | self._waiting
        self._writing = {}
        then, self._then_writing = self._then_writing, {}
        first, self._trouble = not self._trouble, error.reason
        if first:
            self._log.error("tickets cannot be written", reason=error.reason)
            self._tell(False)
        self._call(then, kept=False)

    def _tell(self, up: bool) -> None:
        if not self._closed:
            self._changed(up)

    def _call(self, then: dict[TicketId, list[Then]], *, kept: bool) -> None:
        """Nothing is promised or dialled by a service that stops: the next one will."""
        for every in then.values() if not self._closed else ():
            for one in every:
                one(kept)
