"""Callbacks: requests and reports about tickets, and tickets after a restart.

Whether a callback may be promised is decided in admission.py. A ticket waits in the one queue as a
caller does (open_tickets.py); an attempt rings an informateur and dials (attempt.py); whoever picks
up is asked to press 1 (pickup.py). Which of them handles an event is in table.py.
"""

from collections.abc import Iterable
from dataclasses import replace

from router.core.callback.admission import AdmissionControl
from router.core.callback.open_tickets import OpenTickets, Ticket
from router.core.callback.tickets import (
    Refusal,
    TicketEvent,
    TicketRecord,
    TicketState,
    channel_of,
)
from router.core.commands import Admitted, Step
from router.core.events import (
    CallbackAsked,
    CallbackCancelled,
    NumberLost,
    Resynced,
    StoreChanged,
    TicketsFound,
    TicketUnkept,
    TrunkChanged,
    VaultChanged,
)
from router.core.ids import CallId, ChannelId, TicketId
from router.core.legs import Role
from router.core.switchboard import Switchboard
from router.core.table import Table, What


class Callbacks:
    """Takes requests and reports to the tickets."""

    def __init__(
        self,
        board: Switchboard,
        open_tickets: OpenTickets,
        admission: AdmissionControl,
        table: Table[TicketState, Ticket],
    ) -> None:
        self._board = board
        self._open = open_tickets
        self._admission = admission
        self.table = table

    # Events.

    def asked(self, event: CallbackAsked) -> None:
        """Promise a callback, or say why not."""
        admission = self._admission.admit(event.sector)
        if admission.refusal is None and event.ticket not in self._open.tickets:
            record = TicketRecord(
                event.ticket,
                event.sector,
                event.fiche,
                self._board.now,
                admission.due_at,
                code=self._open.new_code(event.ticket),
            )
            ticket = self._open.take_on(record)
            self._open.note(ticket, Step.TICKET_ACCEPTED)
            self._open.save(ticket)
            self._open.wait(ticket)
        self._board.commands.append(Admitted(event.ask, admission))

    def of_ticket(self, event: CallbackCancelled | NumberLost) -> None:
        """A ticket was cancelled, or its number is lost."""
        self.tell(event.ticket, type(event))

    def tell(self, ticket_id: TicketId, what: What, event: object = None) -> None:
        """Have the ticket's table handle it; a ticket that has ended is passed over."""
        ticket = self._open.tickets.get(ticket_id)
        if ticket is not None:
            self.table.answer(ticket, what, event)

    def trunk_changed(self, event: TrunkChanged) -> None:
        """Promise nothing while no calls can go out."""
        self._admission.closed_by = None if event.up else Refusal.TRUNK

    def store_changed(self, event: StoreChanged) -> None:
        """While nothing can be written, promise nothing and ring nobody."""
        self._open.store_changed(event.up)

    def vault_changed(self, event: VaultChanged) -> None:
        """While no number can be read, promise nothing and ring nobody."""
        self._open.vault_changed(event.up)

    def unkept(self, event: TicketUnkept) -> None:
        """Undo a promise or an attempt that could not be written."""
        ticket = self._open.tickets.get(event.ticket)
        if ticket is None or ticket.unclear:
            self._board.ignore(event)
        elif event.attempt == 0:
            self.table.answer(ticket, TicketEvent.WITHDRAWN)
        else:
            self.table.answer(ticket, TicketUnkept, event)

    def resynced(self, event: Resynced) -> None:
        """Asterisk has reported everything it holds: attempts that it did not report are over."""
        for ticket in [one for one in self._open.tickets.values() if one.unclear]:
            self.table.answer(ticket, TicketEvent.UNFOUND)

    # Instead of being called back.

    def called_in(self, code: str) -> TicketRecord | None:
        """Cancel and return the ticket of somebody who calls in instead of being called back.

        None if the code is no ticket's, or if its conversation is under way.
        """
        ticket = self._open.tickets.get(self._open.codes.get(code, TicketId("")))
        if ticket is None or ticket.state is TicketState.TALKING:
            return None
        self.table.answer(ticket, CallbackCancelled)
        return ticket.record

    # After a restart.

    def restore(self, records: Iterable[TicketRecord], *, lost: bool) -> None:
        """Resume open tickets after a restart; `lost`: their numbers are gone, with a reboot."""
        for record in records:
            planned = self._as_planned(record)
            code = self._open.new_code(record.ticket)
            ticket = self._open.take_on(replace(planned, code=code))
            if lost:
                self._open.end(ticket, TicketState.LOST_REBOOT)
            elif record.state not in (TicketState.WAITING, TicketState.RINGING):
                ticket.unclear = True
                ticket.call = channel_of(record.ticket, record.attempts)
                self._open.attempts[ticket.call] = ticket
                self._board.legs.add(ChannelId(ticket.call), Role.CALLED, ticket)
            elif self._open.is_over(ticket):
                self._open.end(ticket, TicketState.EXPIRED)
            else:
                self._open.wait_or_retry(ticket)

    def found(self, event: TicketsFound) -> None:
        """Take up tickets that could not be read at the start.

        Asterisk has been asked by then: an attempt that was under way is over, unless whoever
        picked up is a caller like any other by now.
        """
        unknown = [one for one in event.records if one.ticket not in self._open.tickets]
        served = [
            one for one in unknown if channel_of(one.ticket, one.attempts) in self._board.calls
        ]
        self.restore([one for one in unknown if one not in served], lost=False)
        for record in served:
            code = self._open.new_code(record.ticket)
            ticket = self._open.take_on(replace(self._as_planned(record), code=code))
            self._open.end(ticket, TicketState.DONE)
        for record in unknown:
            found = self._open.tickets.get(record.ticket)
            if found is not None and found.unclear:
                self.table.answer(found, TicketEvent.UNFOUND)

    def _as_planned(self, record: TicketRecord) -> TicketRecord:
        """Return the ticket in terms of the present plan."""
        plan = self._board.plan
        sector = plan.standing_in_for(record.sector, record.fiche)
        fiche = record.fiche if record.fiche in plan.fiches else None
        return replace(record, sector=sector, fiche=fiche)

    # A new plan.

    def change_plan(self) -> None:
        """Put every open ticket in terms of the new plan, and have it stored if that differs.

        What was promised is kept: by when, and the code for calling in. It is the caller's duty
        that none is in the queue.
        """
        self._open.beside.clear()
        for ticket in self._open.tickets.values():
            record = self._as_planned(ticket.record)
            if record != ticket.record:
                moved = record.sector != ticket.record.sector
                ticket.record = record
                self._open.save(ticket)
                if moved:
                    self._open.note(ticket, Step.MOVED)
            self._open.beside[record.sector] += 1

    # What others may see.

    def record(self, ticket_id: TicketId) -> TicketRecord | None:
        """Return an open ticket in its present state; None if it has ended, or never was."""
        ticket = self._open.tickets.get(ticket_id)
        return None if ticket is None else replace(ticket.record, state=ticket.state)

    def records(self) -> list[TicketRecord]:
        """Return every open ticket in its present state."""
        return [replace(one.record, state=one.state) for one in self._open.tickets.values()]

    def is_dialling(self, call: CallId) -> bool:
        """Return whether this attempt's number is about to be dialled, or may be ringing."""
        ticket = self._open.attempts.get(call)
        return ticket is not None and ticket.state is TicketState.DIALLING

    def asking(self) -> frozenset[CallId]:
        """Return the channels of callbacks picked up by somebody who has yet to press 1."""
        attempts = self._open.attempts.items()
        return frozenset(call for call, one in attempts if one.state is TicketState.ASKING)
