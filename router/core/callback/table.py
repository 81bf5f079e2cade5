"""The life of a ticket as a table: what handles each event, and which states may follow."""

from router.core import events
from router.core.callback.attempt import Attempts
from router.core.callback.endings import Endings
from router.core.callback.open_tickets import OpenTickets, Ticket
from router.core.callback.pickup import Pickups
from router.core.callback.tickets import TicketDue, TicketEvent, TicketState
from router.core.desk.agents import AgentDesk
from router.core.reservation import Ringing
from router.core.table import Row, told, when

S = TicketState
TicketRow = Row[TicketState, Ticket]
#: Another attempt while the promise can still be kept, or the end.
_AGAIN = (S.WAITING, S.FAILED)


def ticket_rows(
    open_tickets: OpenTickets, attempts: Attempts, pickups: Pickups, endings: Endings
) -> list[TicketRow]:
    """Return every row. In TALKING the ticket's call has a life of its own."""
    rows = [
        when(S.WAITING, TicketDue.RETRY, open_tickets.wait),
        told(S.WAITING, AgentDesk, attempts.ring, S.RINGING, as_=Ringing.TURN),
        when(S.RINGING, events.LegRang, attempts.rang),
        when(S.RINGING, Ringing.OVER, attempts.no_answer, S.WAITING),
        when(S.RINGING, events.LegAnswered, attempts.dial, S.DIALLING),
        told(S.RINGING, events.LegEnded, attempts.missed, S.WAITING),
        when(S.RINGING, events.PhoneVanished, attempts.phone_vanished, S.WAITING),
        told(S.DIALLING, events.LegEnded, attempts.informateur_left_dialling, *_AGAIN),
        when(S.DIALLING, events.CalledAnswered, pickups.answered, S.ASKING),
        when(S.DIALLING, events.CalledAgain, attempts.dialled_again),
        told(S.DIALLING, events.CalledEnded, attempts.not_reached, *_AGAIN),
        when(S.DIALLING, events.CallLeft, attempts.gone_unanswered, *_AGAIN),
        told(S.DIALLING, events.DialFailed, attempts.not_dialled, *_AGAIN),
        when(S.DIALLING, TicketDue.DIAL, attempts.not_picked_up, *_AGAIN),
        told(S.DIALLING, events.TicketUnkept, endings.unkept, S.WAITING),
        when(S.ASKING, events.PromptEnded, pickups.asked),
        when(S.ASKING, events.PromptFailed, pickups.not_asked),
        told(S.ASKING, events.KeyPressed, pickups.key, S.TALKING),
        when(S.ASKING, TicketDue.STEP, pickups.silence, *_AGAIN),
        told(S.ASKING, events.LegEnded, attempts.informateur_left_asking),
        when(S.ASKING, events.CalledEnded, pickups.hung_up, *_AGAIN),
        when(S.ASKING, events.CallLeft, pickups.hung_up, *_AGAIN),
        when(S.TALKING, TicketDue.EXPIRE, endings.too_late_to_expire),
        when(S.TALKING, TicketEvent.TALKED, endings.talked, S.DONE),
    ]
    for state in (S.WAITING, S.RINGING, S.DIALLING, S.ASKING):
        rows.append(when(state, events.CallbackCancelled, endings.cancelled, S.CANCELLED))
        rows.append(when(state, TicketDue.EXPIRE, endings.expired, S.EXPIRED))
        rows.append(when(state, TicketEvent.WITHDRAWN, endings.withdrawn))
    for state in (S.WAITING, S.RINGING):
        rows.append(when(state, events.NumberLost, endings.number_lost, S.FAILED))
    # After a restart, what became of the attempt is not known until Asterisk has been asked.
    rows += [
        when(S.DIALLING, TicketEvent.UNFOUND, endings.unfound, *_AGAIN),
        told(S.DIALLING, events.CallFound, pickups.found, S.ASKING, S.TALKING),
        when(S.TALKING, TicketEvent.UNFOUND, endings.unfound_talking, S.DONE),
        told(S.TALKING, events.CallFound, pickups.found),
    ]
    return rows
