"""A random day with callbacks on which tickets cannot be written for a while."""

from collections.abc import Callable
from functools import partial

from router.core.callback.tickets import ENDS, Refusal, TicketRecord
from router.core.commands import Admitted, Command, DialTicket
from router.core.events import StoreChanged, TicketUnkept
from router.core.ids import TicketId
from tests.core.callback.callback_days import CallbackDay


class FullDiskDay(CallbackDay):
    """A day on which, now and then, tickets cannot be written for a while."""

    def __init__(self, seed: int) -> None:
        self.store_is_up = True
        #: What waits to be written; of those that were `refused` nothing ever is.
        self.unwritten: dict[TicketId, TicketRecord] = {}
        self.refused: set[TicketId] = set()
        #: Tickets whose attempt could not be written, until the engine is told.
        self.untold: list[TicketId] = []
        super().__init__(seed)

    def change_store(self) -> None:
        self.store_is_up = not self.store_is_up
        for ticket in list(self.unwritten):
            self.write(ticket)
        self.soon(self.tell_of_store)

    def write(self, ticket: TicketId) -> None:
        if self.store_is_up and ticket not in self.refused and ticket not in self.untold:
            super().keep(self.unwritten.pop(ticket))

    def tell_of_store(self) -> None:
        self.handle(StoreChanged(self.store_is_up))

    def soon(self, happen: Callable[[], None]) -> None:
        self.schedule(self.random.choice((0.0, 1.0)), happen)

    def open(self) -> list[TicketId]:
        told = {**self.kept, **self.unwritten}
        return [one for one, record in told.items() if record.state not in ENDS]

    def pick_ticket(self) -> TicketId | None:
        promised = [one for one in self.open() if one not in self.refused]
        return self.random.choice(promised) if promised else None

    def last_told(self, ticket: TicketId) -> TicketRecord:
        return self.unwritten.get(ticket) or self.kept[ticket]

    def keep(self, record: TicketRecord) -> None:
        self.unwritten[record.ticket] = record
        self.write(record.ticket)

    def carry_out(self, command: Command) -> None:
        match command:
            case Admitted(ask, admission) if (
                admission.refusal is None
                and (ticket := TicketId(f"ticket-{ask}")) in self.unwritten
            ):
                self.refused.add(ticket)
                self.answers.pop(ask)(Refusal.UNAVAILABLE)
                self.soon(partial(self.withdraw, ticket))
            case DialTicket(_, ticket, attempt=attempt) if ticket in self.unwritten:
                self.untold.append(ticket)
                self.soon(partial(self.tell_of_attempt, ticket, attempt))
            case _:
                super().carry_out(command)

    def tell_of_attempt(self, ticket: TicketId, attempt: int) -> None:
        self.untold.remove(ticket)
        self.handle(TicketUnkept(ticket, attempt))
        if ticket in self.unwritten:
            self.write(ticket)

    def withdraw(self, ticket: TicketId) -> None:
        record = self.unwritten.pop(ticket)
        if record.state in ENDS:  # in a moment at which the machine stood still; it is counted
            self.kept[ticket] = record
        self.handle(TicketUnkept(ticket, 0))
        assert self.engine.ticket(ticket) is None, "never promised, and not forgotten"
        if record.state not in ENDS and (late := self.unwritten.pop(ticket, None)) is not None:
            assert late.state in ENDS, "told to be kept, and never promised"
            self.kept[ticket] = late

    def close(self) -> None:
        if not self.store_is_up:
            self.change_store()
        super().close()


FullDiskDay.acts = {**CallbackDay.acts, FullDiskDay.change_store: 6}
