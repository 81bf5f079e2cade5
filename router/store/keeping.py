"""When tickets are written: at once, in batches, on a thread of their own, and again if need be.

The event loop never waits for the disk. What arrives while one batch is being written goes into
the next, so that a thousand requests cost few commits; of a ticket that changed twice only the
later state is written. What cannot be written waits and is tried again every second. Nothing is
promised meanwhile, so no more can wait than there were open tickets.

All tickets of the last day are in memory, and the file is their copy: nobody waits for it to say
how a ticket stands, and a file that is begun anew gets them all. A file with tickets that are not
known here (it could not be read at the start, or another took its place) tells of those once. Now
and then it is examined, so that damage is made good before a restart would meet it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from structlog.typing import FilteringBoundLogger

from router.core.callback.tickets import ENDS, TicketRecord
from router.core.ids import TicketId
from router.core.values import value
from router.errors import StoreError
from router.store.standing import Keeping
from router.store.tickets import KEPT_S, TicketStore

#: Between two tries while the file cannot be written.
RETRY_S = 1.0
#: Between two looks at the file.
EXAMINE_S = 10.0

#: Those who wait to hear whether a ticket is on disk.
_Waiters = dict[TicketId, list[asyncio.Future[bool]]]


@value
class Turn:
    """Tickets can be written from now on (`up`), or not."""

    up: bool
    #: Open tickets that were not known until now.
    found: tuple[TicketRecord, ...] = ()


class TicketKeeper:
    """Keeps tickets for the event loop, on which all its methods are called.

    The caller's duty: `take_up` first; iterate over `changes` for as long as the service lives;
    then `close`. While the file cannot be written it is tried again every `retry_s` seconds.
    """

    def __init__(
        self,
        store: TicketStore,
        log: FilteringBoundLogger,
        *,
        retry_s: float = RETRY_S,
        examine_s: float = EXAMINE_S,
    ) -> None:
        self._store = store
        self._log = log
        self._retry_s = retry_s
        self._examine_s = examine_s
        self._thread = ThreadPoolExecutor(1, "tickets")
        #: Every ticket of the last day, as last kept.
        self._known: dict[TicketId, TicketRecord] = {}
        #: Whether the file has been read, so that every ticket is known.
        self.complete = False
        #: What waits to be written; None: to be removed.
        self._waiting: dict[TicketId, TicketRecord | None] = {}
        self._waiters: _Waiters = {}
        #: The same of the batch that is being written.
        self._writing: dict[TicketId, TicketRecord | None] = {}
        self._waiters_writing: _Waiters = {}
        self._something = asyncio.Event()
        self._forget_at: float | None = None
        #: When the file was last examined, by the loop's clock.
        self._examined_at = 0.0
        self._failures = 0
        self._trouble = ""

    @property
    def standing(self) -> Keeping:
        """How the file fares."""
        pending = len(self._waiting.keys() | self._writing.keys())
        return Keeping(pending, self._failures, 0, self._trouble, self._store.set_aside)

    def take_up(self) -> tuple[TicketRecord, ...]:
        """Return the tickets on disk that have not ended. Blocks: for the start only.

        If the file cannot be read they come later, with `changes`.
        """
        try:
            return self._new_of(self._store.read())
        except StoreError as error:
            self._failed(error)
            return ()

    def keep(self, record: TicketRecord) -> None:
        """Have the ticket's present state written."""
        self._known[record.ticket] = record
        self._put(record.ticket, record)

    def remove(self, ticket: TicketId) -> None:
        """Have the ticket removed: it was never promised."""
        self._known.pop(ticket, None)
        self._put(ticket, None)

    def forget(self, now: float) -> None:
        """Have those removed that ended more than `KEPT_S` before `now`, UTC epoch seconds."""
        for ticket, record in list(self._known.items()):
            if record.ended_at is not None and record.ended_at < now - KEPT_S:
                del self._known[ticket]
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
        """Return the ticket as last kept, whether it has been written yet or not."""
        return self._known.get(ticket)

    async def changes(self) -> AsyncIterator[Turn]:
        """Write what is kept; yield whenever that begins to fail, and when it works again.

        Whoever waits for a ticket (`kept`) hears of it after this yielded.
        """
        while True:
            if self._trouble:
                await asyncio.sleep(self._retry_s)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._examine_s):
                        await self._something.wait()
            had_trouble = bool(self._trouble)
            found = await self._write()
            if bool(self._trouble) is not had_trouble:
                yield Turn(had_trouble, found)

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

    async def _write(self) -> tuple[TicketRecord, ...]:
        """Write what waits; after a failure all that is known. Return the tickets found then."""
        self._something.clear()
        self._writing, self._waiting = self._waiting, {}
        self._waiters_writing, self._waiters = self._waiters, {}
        forget_at, self._forget_at = self._forget_at, None
        again = bool(self._trouble)  # it may be another file
        batch = {**self._known, **self._writing} if again else dict(self._writing)
        loop = asyncio.get_running_loop()
        examine = not again and loop.time() >= self._examined_at + self._examine_s
        if examine:
            self._examined_at = loop.time()
        try:
            there = await loop.run_in_executor(
                self._thread, self._work, batch, again, examine, forget_at
            )
        except StoreError as error:
            self._failed(error)
            return ()
        found = self._new_of(there) if again else ()
        self._written()
        for record in found:  # of a file that was set aside they are not in this one
            self._put(record.ticket, record)
        return found

    def _work(
        self,
        records: dict[TicketId, TicketRecord | None],
        again: bool,
        examine: bool,
        forget_at: float | None,
    ) -> list[TicketRecord]:
        """Write the batch; return what was in the file before, if it is tried again.

        Runs on the thread.
        """
        there: list[TicketRecord] = []
        if again:
            self._store.write({}, trial=True)  # first, as there may be many
            there = self._store.read()
        if records:
            self._store.write(records)
        if examine:
            self._store.examine()
        if forget_at is not None:
            with suppress(StoreError):  # tried again in an hour
                self._store.forget(forget_at)
        return there

    def _new_of(self, records: Iterable[TicketRecord]) -> tuple[TicketRecord, ...]:
        """Take up what was not known; return what of it has not ended."""
        known = self._known.keys() | self._waiting.keys() | self._writing.keys()
        new = [one for one in records if one.ticket not in known]
        self._known |= {one.ticket: one for one in new}
        self.complete = True
        return tuple(one for one in new if one.state not in ENDS and one.ended_at is None)

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
        if str(error) != self._trouble:
            self._log.error("tickets cannot be written", reason=str(error))
        self._trouble = str(error)
        self._answer(kept=False)

    def _answer(self, *, kept: bool) -> None:
        waiters, self._waiters_writing = self._waiters_writing, {}
        for answer in (one for every in waiters.values() for one in every):
            if not answer.done():  # else whoever waited has been cancelled
                answer.set_result(kept)
