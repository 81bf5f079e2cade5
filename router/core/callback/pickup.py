"""A callback has been picked up: by a person, who presses 1, or by a voicemail, which does not.

Once 1 has been pressed the ticket's channel is a call like any other (call/table.py).
"""

from dataclasses import replace

from router.core.call.distribution import AGENT_LOST, Distribution
from router.core.call.life import Call, CallState
from router.core.call.waiting import Waiting
from router.core.callback.admission import AdmissionControl
from router.core.callback.endings import Endings
from router.core.callback.open_tickets import OpenTickets, Ticket, call_of, leg_of
from router.core.callback.tickets import Failure, TicketDue, TicketState
from router.core.commands import Step
from router.core.events import CallFound, KeyPressed
from router.core.facts import Door, Outcome
from router.core.ids import ChannelId, PromptId
from router.core.legs import Role
from router.core.switchboard import Switchboard
from router.core.work import WorkItem

CALLBACK_ASK = PromptId("callback-ask")
PROMPTS = frozenset({CALLBACK_ASK, AGENT_LOST})

#: The key that a person presses and a voicemail does not.
YES = "1"


class Pickups:
    """Asks whoever picked up to press 1, and joins that person with the informateur."""

    def __init__(
        self,
        board: Switchboard,
        open_tickets: OpenTickets,
        admission: AdmissionControl,
        waiting: Waiting,
        distribution: Distribution,
        endings: Endings,
    ) -> None:
        self._board = board
        self._open = open_tickets
        self._admission = admission
        self._waiting = waiting
        self._distribution = distribution
        self._endings = endings

    # The question.

    def answered(self, ticket: Ticket) -> None:
        """A person or a machine has picked up."""
        ticket.unclear = False
        self._admission.carrier_took()
        self._open.cancel_due(ticket, TicketDue.DIAL)
        ticket.state = TicketState.ASKING
        self._open.note(ticket, Step.PICKED_UP)
        self._ask(ticket)

    def _ask(self, ticket: Ticket) -> None:
        call = call_of(ticket)
        self._board.stop_playing(call, ticket)
        ticket.playback = self._board.play_on(call, ChannelId(call), (CALLBACK_ASK,))
        self._open.set_due(ticket, TicketDue.STEP, self._board.plan.targets.prompt_guard_s)

    def asked(self, ticket: Ticket) -> None:
        """The question has been played: the silence counts from here."""
        self._open.set_due(ticket, TicketDue.STEP, self._board.plan.targets.first_key_s)

    def not_asked(self, ticket: Ticket) -> None:
        """The question broke off. Usually because they hung up, which the channel will report."""
        ticket.unheard = True
        self.asked(ticket)

    def key(self, ticket: Ticket, event: KeyPressed) -> None:
        """1 is a person; after any other key the question is put again, once."""
        if event.key == YES:
            self._join(ticket)
        elif not ticket.asked_again:
            ticket.asked_again = True
            self._ask(ticket)

    def silence(self, ticket: Ticket) -> None:
        """Put the question once more. After that it is a voicemail, and no message is left on it.

        Unless the question could not be played: then nobody can have answered it. Nor can they
        while Asterisk is out of reach: then it is waited for.
        """
        if self._board.cut_off:
            self.asked(ticket)
            return
        if not ticket.asked_again:
            ticket.asked_again = True
            self._ask(ticket)
            return
        self._endings.hang_up(ticket)
        self._endings.failed(ticket, Failure.INTERRUPTED if ticket.unheard else Failure.VOICEMAIL)

    def hung_up(self, ticket: Ticket) -> None:
        """They hung up without pressing 1, unless Asterisk has gone, with the call or unseen."""
        cut_off = self._board.cut_off
        self._endings.failed(ticket, Failure.INTERRUPTED if cut_off else Failure.HUNG_UP)

    # The conversation.

    def _join(self, ticket: Ticket, *, music: bool = False) -> None:
        """A person is there, who may be hearing music: from here on it is a call."""
        board, record = self._board, ticket.record
        self._open.cancel_due(ticket, TicketDue.STEP)
        call = self._conversation(ticket)
        self._begin(call)
        call.playback, ticket.playback = ticket.playback, None
        call.said, ticket.said, call.music = ticket.said, {}, music
        ticket.state = TicketState.TALKING
        ticket.record = replace(record, state=TicketState.TALKING)
        self._open.save(ticket)
        if ticket.agent is None:  # hung up during the question
            call.outcome = Outcome.LOST
            self._waiting.to_the_front(call, record.sector, AGENT_LOST)
            return
        call.state = CallState.WHISPERING
        call.agent, call.leg = ticket.agent, ticket.leg
        board.legs.add(leg_of(ticket), Role.INFORMATEUR, call, ticket.agent)
        self._distribution.join(call)

    def _conversation(self, ticket: Ticket) -> Call:
        record = ticket.record
        call = Call(call_of(ticket), record.asked_at, self._board.plan)
        call.door, call.fiche, call.ticket = Door.CALLBACK, record.fiche, record.ticket
        call.outcome = Outcome.ABANDONED
        call.joined_at, call.promised_at = record.asked_at, record.due_at
        call.attempts = record.attempts
        sequence = self._board.next_sequence()
        call.item = WorkItem(call.id, record.sector, record.asked_at, record.due_at, sequence)
        return call

    def _begin(self, call: Call) -> None:
        """Make the ticket's channel the call's."""
        self._open.attempts.pop(call.id, None)
        self._board.begin(call)

    def found(self, ticket: Ticket, event: CallFound) -> None:
        """Asterisk holds a channel of the ticket that was picked up unseen.

        After a restart of the router a conversation goes on; anybody who had pressed 1 is served
        next; anybody who was hearing the question is asked again. The informateur, if still there,
        is the one who had been rung.
        """
        if not ticket.unclear:
            self.answered(ticket)
            return
        ticket.unclear = False
        call = self._conversation(ticket)
        if event.served:
            self._begin(call)
            ticket.state = TicketState.TALKING
            self._distribution.see_off(call)
            return
        if event.bridge is not None and self._distribution.take_up(call, event):
            self._begin(call)
            ticket.state = TicketState.TALKING
            ticket.agent, ticket.leg = call.agent, call.leg
            return
        if event.bridge is None:
            if self._distribution.adopt(ticket, event):
                ticket.agent, ticket.leg = event.agent, event.leg
            else:
                self._distribution.undo(event)
        if ticket.state is TicketState.TALKING:
            self._join(ticket, music=True)  # may have been waiting for another informateur
        else:
            self.answered(ticket)
