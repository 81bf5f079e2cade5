"""When tickets are written: at once, in batches, on a thread of their own, and again if need be.

The event loop never waits for the disk. What arrives while one batch is being written goes into
the next, so that a thousand requests cost few commits; of a ticket that changed twice only the
later state is written. What cannot be written waits and is tried again every second. Nothing is
promised meanwhile, so no more can wait than there were open tickets.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from structlog.typing import FilteringBoundLogger

from router.core.callback.tickets import TicketRecord
from router.core.ids import TicketId
from router.errors import StoreError
from router.store.standing import Keeping
from router.store.tickets import TicketStore

#: Between two tries while the file cannot be written.
RETRY_S = 1.0

#: Those who wait to hear whether a ticket is on disk.
_Waiters = dict[TicketId, list[asyncio.Future[bool]]]


class TicketKeeper:
    """Keeps tickets for the event loop, on which all its methods are called.

    The caller's duty: iterate over `changes` for as long as the service lives, then `close`.
    While the file cannot be written it is tried again every `retry_s` seconds.
    """

    def __init__(
        self, store: TicketStore, log: FilteringBoundLogger, *, retry_s: float = RETRY_S
    ) -> None:
        self._store = store
        self._log = log
        self._retry_s = retry_s
        self._thread = ThreadPoolExecutor(1, "tickets")
        #: What waits to be written; None: to be removed.
        self._waiting: dict[TicketId, TicketRecord | None] = {}
        self._waiters: _Waiters = {}
        #: The same of the batch that is being written.
        self._writing: dict[TicketId, TicketRecord | None] = {}
        self._waiters_writing: _Waiters = {}
        self._something = asyncio.Event()
        self._forget_at: float | None = None
        self._failures = 0
        self._trouble = ""

    @property
    def standing(self) -> Keeping:
        """How the file fares."""
        pending = len(self._waiting.keys() | self._writing.keys())
        return Keeping(pending, self._failures, 0, self._trouble)

    def open(self) -> list[TicketRecord]:
        """Return the tickets on disk that have not ended. Blocks: for the start only.

        Raises:
            StoreError: If the file cannot be read.
        """
        return self._store.open()

    def keep(self, record: TicketRecord) -> None:
        """Have the ticket's present state written."""
        self._put(record.ticket, record)

    def remove(self, ticket: TicketId) -> None:
        """Have the ticket removed: it was never promised."""
        self._put(ticket, None)

    def forget(self, now: float) -> None:
        """Have those removed that ended more than `KEPT_S` before `now`, UTC epoch seconds."""
        self._forget_at = now
        self._something.set()

    def kept(self, ticket: TicketId) -> asyncio.Future[bool]:
        """Return whether the ticket's present state is on disk, once that is known.

        The future is cancelled when the service stops first.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if ticket in self._waiting:
            self._waiters.setdefault(ticket, []).append(answer)
        elif ticket in self._writing:
            self._waiters_writing.setdefault(ticket, []).append(answer)
        else:
            answer.set_result(True)
        return answer

    def get(self, ticket: TicketId) -> TicketRecord | None:
        """Return the ticket as last kept, whether it has been written yet or not.

        Raises:
            StoreError: If the file cannot be read.
        """
        for unwritten in (self._waiting, self._writing):
            if ticket in unwritten:
                return unwritten[ticket]
        return self._store.get(ticket)

    async def changes(self) -> AsyncIterator[bool]:
        """Write what is kept; yield False when that fails, and True when it works again.

        Whoever waits for a ticket (`kept`) hears of it after this yielded.
        """
        while True:
            if self._trouble:
                await asyncio.sleep(self._retry_s)
            else:
                await self._something.wait()
            had_trouble = bool(self._trouble)
            await self._write()
            if bool(self._trouble) is not had_trouble:
                yield had_trouble

    async def close(self) -> None:
        """Try a last time to write what waits; log how much is lost if that fails.

        To be called after the iteration over `changes` has ended. Whoever still waits for a
        ticket is not answered: a service that stops neither promises nor dials. The next one will.
        """
        for waiters in (self._waiters, self._waiters_writing):
            for answer in (one for every in waiters.values() for one in every):
                answer.cancel()
            waiters.clear()
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
        self._waiters_writing, self._waiters = self._waiters, {}
        forget_at, self._forget_at = self._forget_at, None
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._work, dict(self._writing), forget_at)
        except StoreError as error:
            self._failed(error)
        else:
            self._written()

    def _work(self, records: dict[TicketId, TicketRecord | None], forget_at: float | None) -> None:
        """Write the batch. Runs on the thread."""
        if records or self._trouble:
            self._store.write(records, trial=bool(self._trouble))
        if forget_at is not None:
            with suppress(StoreError):  # tried again in an hour
                self._store.forget(forget_at)

    def _written(self) -> None:
        self._writing = {}
        if self._trouble:
            self._log.info("tickets can be written again")
            self._trouble = ""
        self._answer(kept=True)

    def _failed(self, error: StoreError) -> None:
        self._failures += 1
        self._waiting = self._writing | self._waiting
        self._writing = {}
        if not self._trouble:
            self._log.error("tickets cannot be written", reason=error.reason)
        self._trouble = error.reason
        self._answer(kept=False)

    def _answer(self, *, kept: bool) -> None:
        waiters, self._waiters_writing = self._waiters_writing, {}
        for answer in (one for every in waiters.values() for one in every):
            if not answer.done():  # else whoever waited has been cancelled
                answer.set_result(kept)
