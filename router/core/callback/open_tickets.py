"""Open tickets: promised, waiting in the one queue, ended.

A ticket waits in the queue as a caller does, ranked by its promise less the time it takes to dial.
Once an informateur is free for it, an attempt is made (attempt.py).
"""

from collections import Counter
from dataclasses import dataclass, field, replace

from router.core.callback.tickets import (
    OURS,
    Failure,
    TicketDue,
    TicketRecord,
    TicketState,
    channel_of,
)
from router.core.commands import Noted, Step, TicketChanged
from router.core.desk.agents import AgentDesk
from router.core.facts import CallFact, Door, Outcome
from router.core.ids import AgentId, CallId, ChannelId, PlaybackId, SectorId, TicketId
from router.core.legs import Said
from router.core.order import ticket_due_at
from router.core.reservation import Reservation
from router.core.switchboard import Switchboard
from router.core.work import WorkItem

_EVERY_DUE = tuple(TicketDue)
#: When an attempt could not be written, another is made after this, in seconds.
UNKEPT_RETRY_S = 10.0
#: How tickets that led to no conversation are counted.
_OUTCOMES = {
    TicketState.FAILED: Outcome.NOT_REACHED,
    TicketState.CANCELLED: Outcome.CANCELLED,
    TicketState.EXPIRED: Outcome.EXPIRED,
    TicketState.LOST_REBOOT: Outcome.LOST_REBOOT,
}
#: These break the promise, however early they come.
_BROKEN = frozenset({Outcome.FAILED, Outcome.EXPIRED, Outcome.LOST_REBOOT, Outcome.NUMBER_LOST})
_NUMBER_LOST = frozenset({Outcome.LOST_REBOOT, Outcome.NUMBER_LOST})


@dataclass(slots=True, eq=False)
class Ticket:
    """An open ticket, and what is under way for it."""

    #: As last given to be stored, with its code; `state` may have moved on since.
    record: TicketRecord
    state: TicketState
    #: Its place in the queue, while it is there.
    item: WorkItem | None = None
    #: The channel of the attempt under way.
    call: CallId | None = None
    #: The informateur who was rung, and their channel.
    agent: AgentId | None = None
    leg: ChannelId | None = None
    #: The question put to whoever picked up, while it is being played; and the whisper.
    playback: PlaybackId | None = None
    said: dict[Said, PlaybackId] = field(default_factory=dict)
    #: Whether the question was put again.
    asked_again: bool = False
    #: Whether the question could not be played.
    unheard: bool = False
    #: After a restart: what became of the attempt is not yet known.
    unclear: bool = False


class OpenTickets:
    """Every ticket that has not ended."""

    def __init__(self, board: Switchboard, reservation: Reservation) -> None:
        self._board = board
        self._reservation = reservation
        self.tickets: dict[TicketId, Ticket] = {}
        #: Attempts under way, by their channel, until 1 is pressed.
        self.attempts: dict[CallId, Ticket] = {}
        #: How many are not in the queue, by sector: under way, or between two attempts.
        self.beside: Counter[SectorId] = Counter()
        #: By the code for calling in.
        self.codes: dict[str, TicketId] = {}
        #: Whether tickets can be written, and their numbers read: else nobody is rung for one.
        self._kept = self._readable = True

    def new_code(self, ticket: TicketId) -> str:
        """Return a code that no other open ticket has, and register it for this one."""
        code = self._board.codes.ticket_code(ticket, self._board.now, self.codes)
        self.codes[code] = ticket
        return code

    def take_on(self, record: TicketRecord) -> Ticket:
        """Add a ticket, which will expire in time; it is not in the queue yet."""
        ends_at = max(self._board.now, self._ends_at(record))  # of one found too late: at once
        self._board.timers.set(("ticket", record.ticket, TicketDue.EXPIRE), ends_at)
        ticket = self.tickets[record.ticket] = Ticket(record, record.state)
        self.beside[record.sector] += 1
        return ticket

    def is_over(self, ticket: Ticket) -> bool:
        """Return whether the promise and its period of grace are over."""
        return self._ends_at(ticket.record) <= self._board.now

    def _ends_at(self, record: TicketRecord) -> float:
        return record.due_at + self._board.plan.callbacks.grace_s

    def wait(self, ticket: Ticket) -> None:
        """Join the queue at the rank of the promise; somebody who is free will be rung.

        While nothing can be written, nothing may be dialled: then it waits outside the queue. So it
        does once the time of a drain is up.
        """
        board, record = self._board, ticket.record
        ticket.state = TicketState.WAITING
        if not self.usable or board.drained:
            self.set_due(ticket, TicketDue.RETRY, UNKEPT_RETRY_S)
            return
        if record.retry_at is not None:
            ticket.record = replace(record, retry_at=None)
        self.beside[record.sector] -= 1
        item = ticket.item = WorkItem(
            channel_of(record.ticket, record.attempts + 1),
            record.sector,
            record.asked_at,
            ticket_due_at(board.plan, record.asked_at, record.due_at),
            board.next_sequence(),
            ticket=record.ticket,
        )
        self._reservation.wait(item)

    def wait_or_retry(self, ticket: Ticket) -> None:
        """Join the queue, or wait first until the next attempt may be made."""
        retry_at = ticket.record.retry_at
        if retry_at is not None and retry_at > self._board.now:
            self._board.timers.set(("ticket", ticket.record.ticket, TicketDue.RETRY), retry_at)
        else:
            self.wait(ticket)

    def stop_waiting(self, ticket: Ticket) -> None:
        """Leave the queue, if the ticket is in it, and cancel the next attempt."""
        if ticket.item is not None:
            self._reservation.leave(ticket.item)
            ticket.item = None
            self.beside[ticket.record.sector] += 1
        self.cancel_due(ticket, TicketDue.RETRY)

    def store_changed(self, kept: bool) -> None:
        """Tickets can be written (`kept`), or not: then those in the queue leave it for a while."""
        self._kept = kept
        if not kept:
            self.stand_aside()

    def vault_changed(self, readable: bool) -> None:
        """Numbers can be read, or not for now: then nobody could be dialled."""
        self._readable = readable
        if not readable:
            self.stand_aside()

    @property
    def usable(self) -> bool:
        """Whether tickets can be written, and their numbers read."""
        return self._kept and self._readable

    def stand_aside(self) -> None:
        """Have all leave the queue, and try again later whether they may be dialled."""
        for ticket in [one for one in self.tickets.values() if one.item is not None]:
            self.stop_waiting(ticket)
            self.wait(ticket)

    def withdraw(self, ticket: Ticket) -> None:
        """Forget a ticket that could not be written, and so was never promised."""
        record = ticket.record
        self.note(ticket, Step.TICKET_ENDED, detail="not written")
        self.codes.pop(record.code, None)
        self._board.timers.cancel_all([("ticket", record.ticket, due) for due in _EVERY_DUE])
        del self.tickets[record.ticket]
        self.beside[record.sector] -= 1

    def end(self, ticket: Ticket, state: TicketState) -> None:
        """End a ticket, once: have it stored and counted, and forget it."""
        board, now = self._board, self._board.now
        self.codes.pop(ticket.record.code, None)
        ticket.state = state
        record = ticket.record = replace(
            ticket.record, state=state, retry_at=None, ended_at=now, code=""
        )
        board.timers.cancel_all([("ticket", record.ticket, due) for due in _EVERY_DUE])
        outcome = _outcome(record)
        if outcome in _NUMBER_LOST:
            self.note(ticket, Step.NUMBER_LOST)
        self.note(ticket, Step.TICKET_ENDED, detail=state.value)
        self.save(ticket)
        del self.tickets[record.ticket]
        self.beside[record.sector] -= 1
        if outcome is not None:
            kept = False if now > record.due_at or outcome in _BROKEN else None
            board.count(
                CallFact(
                    board.period_at(record.asked_at),
                    Door.CALLBACK,
                    record.sector,
                    outcome,
                    round(now - record.asked_at),
                    None,
                    record.attempts,
                    kept,
                )
            )

    def desk_of(self, ticket: Ticket) -> AgentDesk:
        """Return the informateur who was rung; a ticket has one from RINGING until let go."""
        assert ticket.agent is not None
        return self._board.roster.desks[ticket.agent]

    # Records, steps and deadlines.

    def save(self, ticket: Ticket) -> None:
        """Have the ticket stored, before anything that is asked for later is done."""
        self._board.commands.append(TicketChanged(ticket.record))

    def note(self, ticket: Ticket, step: Step, detail: str = "") -> None:
        """Have a step of the ticket logged, under the channel of its attempt."""
        record = ticket.record
        call = ticket.call or channel_of(record.ticket, record.attempts + 1)
        self._board.commands.append(
            Noted(call, step, record.sector, ticket.agent, record.fiche, detail=detail)
        )

    def set_due(self, ticket: Ticket, due: TicketDue, after_s: float) -> None:
        """Set or move a deadline of the ticket, `after_s` from now."""
        at = self._board.now + after_s
        self._board.timers.set(("ticket", ticket.record.ticket, due), at)

    def cancel_due(self, ticket: Ticket, *dues: TicketDue) -> None:
        """Cancel those of the ticket's deadlines that are set."""
        for due in dues:
            self._board.timers.cancel(("ticket", ticket.record.ticket, due))


def call_of(ticket: Ticket) -> CallId:
    """Return the channel of the attempt under way; a ticket has one from RINGING on."""
    assert ticket.call is not None
    return ticket.call


def leg_of(ticket: Ticket) -> ChannelId:
    """Return the informateur's channel; a ticket has one from RINGING until that leg ends."""
    assert ticket.leg is not None
    return ticket.leg


def _outcome(record: TicketRecord) -> Outcome | None:
    """Return how a ticket that has ended counts; None: by its conversation, a call of its own."""
    if record.state is TicketState.FAILED and record.failure is Failure.NUMBER_LOST:
        return Outcome.NUMBER_LOST
    if record.state is TicketState.FAILED and record.failure in OURS:
        return Outcome.FAILED
    return _OUTCOMES.get(record.state)
