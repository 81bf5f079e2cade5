"""One attempt to call back, until the call is picked up: an informateur is rung, then the number.

The informateur comes first: reserved, rung, told what the call is about. Only then is the number
dialled, so whoever asked to be called back never waits. Once somebody has picked up, pickup.py
says what follows.

Each attempt is written (`TicketChanged`) before it is dialled (`DialTicket`), on a channel whose id
follows from ticket and attempt: whatever happens to the router, no attempt is dialled twice.
Nothing here knows a number.
"""

from dataclasses import replace

from router.core.callback.endings import Endings
from router.core.callback.open_tickets import OpenTickets, Ticket, call_of, leg_of
from router.core.callback.tickets import Failure, TicketDue, TicketState
from router.core.commands import DialTicket, Step
from router.core.desk.agents import AgentDesk
from router.core.desk.duty import RING_BACKSTOP_S, Duty
from router.core.events import CalledEnd, CalledEnded, DialFailed, LegEnd, LegEnded
from router.core.ids import ChannelId
from router.core.legs import Role, Said
from router.core.reservation import Reservation, why_unanswered
from router.core.speech import whisper
from router.core.switchboard import Switchboard

#: How long Asterisk, which is out of reach, is waited for at a time, in seconds.
CUT_OFF_S = 5.0
#: How the end of a dialled call counts.
_FAILURES = {
    CalledEnd.BUSY: Failure.BUSY,
    CalledEnd.DECLINED: Failure.DECLINED,
    CalledEnd.NO_ANSWER: Failure.NO_ANSWER,
    CalledEnd.HUNG_UP: Failure.NO_ANSWER,
    CalledEnd.UNASSIGNED: Failure.UNASSIGNED,
    CalledEnd.REFUSED: Failure.TRUNK,
    CalledEnd.FAILED: Failure.TRUNK,
    CalledEnd.SILENT: Failure.TRUNK,
}


class Attempts:
    """Rings an informateur for a ticket, and has the number dialled."""

    def __init__(
        self,
        board: Switchboard,
        duty: Duty,
        reservation: Reservation,
        open_tickets: OpenTickets,
        endings: Endings,
    ) -> None:
        self._board = board
        self._duty = duty
        self._reservation = reservation
        self._open = open_tickets
        self._endings = endings

    # The informateur.

    def ring(self, ticket: Ticket, desk: AgentDesk) -> None:
        """Ring the informateur who is free for this ticket."""
        board, item = self._board, ticket.item
        assert item is not None  # its turn has come in the queue
        why = self._reservation.choice(item, desk)
        self._open.stop_waiting(ticket)
        ticket.state = TicketState.RINGING
        ticket.agent, ticket.call = desk.agent.id, item.call
        self._open.attempts[item.call] = ticket
        board.legs.add(ChannelId(item.call), Role.CALLED, ticket)
        ticket.leg = self._reservation.ring(item.call, desk, why, Role.INFORMATEUR, ticket)
        self._open.note(ticket, Step.RINGING, detail=str(why))

    def rang(self, ticket: Ticket) -> None:
        """The informateur's phone has begun to ring."""
        self._reservation.rang(self._open.desk_of(ticket))

    def missed(self, ticket: Ticket, event: LegEnded) -> None:
        """The informateur's phone was busy, or rejected the call."""
        self._missed(ticket, event.reason)

    def phone_vanished(self, ticket: Ticket) -> None:
        """The phone lost its registration while it rang."""
        self._endings.drop_leg(ticket)
        self._missed(ticket, LegEnd.UNREACHABLE)

    def no_answer(self, ticket: Ticket) -> None:
        """Nobody picked up in time, or the phone never began to ring."""
        why = why_unanswered(self._open.desk_of(ticket))
        self._endings.drop_leg(ticket)
        self._missed(ticket, why)

    def _missed(self, ticket: Ticket, why: LegEnd) -> None:
        """Put the ticket back in the queue, at the same rank, for the next informateur."""
        self._board.cancel_ring_due(leg_of(ticket))
        self._open.note(ticket, Step.MISSED, detail=why.value)
        self._missed_by(ticket, why)
        self._endings.forget(ticket)
        self._open.wait(ticket)

    def informateur_left_dialling(self, ticket: Ticket, event: LegEnded) -> None:
        """The informateur hung up while the number was being dialled: it is dialled again."""
        self.informateur_left_asking(ticket, event)
        self._endings.hang_up(ticket)
        self._endings.failed(ticket, Failure.INTERRUPTED)

    def informateur_left_asking(self, ticket: Ticket, event: LegEnded) -> None:
        """The informateur hung up during the question: whoever then presses 1 is served next."""
        self._missed_by(ticket, event.reason)
        ticket.agent = ticket.leg = None
        ticket.said.pop(Said.INFORMATEUR, None)

    def _missed_by(self, ticket: Ticket, why: LegEnd) -> None:
        if ticket.agent is not None and (desk := self._open.desk_of(ticket)).call == ticket.call:
            self._duty.missed(desk, why)

    # The number.

    def dial(self, ticket: Ticket) -> None:
        """The informateur has picked up: whisper what the call is about, and dial meanwhile."""
        board, record = self._board, ticket.record
        self._reservation.answered(self._open.desk_of(ticket))
        waited_min = int(board.now - record.asked_at) // 60
        about = board.plan.about(record.sector, record.fiche)
        said = whisper(about, waited_min, kind="callback")
        ticket.said[Said.INFORMATEUR] = board.play_on(call_of(ticket), leg_of(ticket), said)
        ticket.state = TicketState.DIALLING
        ticket.record = replace(
            record, state=TicketState.DIALLING, attempts=record.attempts + 1, failure=None
        )
        self._open.save(ticket)  # before it is dialled
        self._open.note(ticket, Step.DIALLED, detail=f"attempt {ticket.record.attempts}")
        board.commands.append(
            DialTicket(
                call_of(ticket),
                record.ticket,
                record.sector,
                record.asked_at,
                board.plan.callbacks.ring_s + RING_BACKSTOP_S,
                ticket.record.attempts,
            )
        )
        self._open.set_due(ticket, TicketDue.DIAL, board.plan.callbacks.ring_s)

    def dialled_again(self, ticket: Ticket) -> None:
        """A carrier would not take the call, and the next one has it: it may ring as long."""
        self._open.note(ticket, Step.NEXT_CARRIER)
        self._open.set_due(ticket, TicketDue.DIAL, self._board.plan.callbacks.ring_s)

    def not_picked_up(self, ticket: Ticket) -> None:
        """It rang for long enough; a carrier that says nothing has been given up before this.

        While Asterisk is out of reach it may have been picked up: then that is waited for.
        """
        if self._board.cut_off:
            self._open.set_due(ticket, TicketDue.DIAL, CUT_OFF_S)
            return
        self._endings.hang_up(ticket)
        self._endings.failed(ticket, Failure.NO_ANSWER)

    def not_reached(self, ticket: Ticket, event: CalledEnded) -> None:
        """The carrier or the person did not take the call."""
        self._endings.failed(ticket, _FAILURES[event.reason], event.reason.value)

    def gone_unanswered(self, ticket: Ticket) -> None:
        """The channel being dialled is gone; whether it was picked up is not known."""
        if self._board.cut_off:
            self._endings.failed(ticket, Failure.INTERRUPTED)
        else:
            self._endings.failed(ticket, Failure.NO_ANSWER, CalledEnd.HUNG_UP.value)

    def not_dialled(self, ticket: Ticket, event: DialFailed) -> None:
        """The call could not even be placed."""
        self._endings.failed(ticket, event.failure)
