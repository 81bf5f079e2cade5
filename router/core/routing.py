"""Which part an event reaches.

A channel's owner is found in one look-up (legs.py); what handles the event is in the owner's table
(call/table.py, callback/table.py, desk/by_phone.py). What follows for others, a ticket or a free
informateur, is done afterwards in one place: `follow_up`.
"""

from collections.abc import Callable
from typing import Any

from router.core import events
from router.core.call.journey import Journey
from router.core.call.life import CONVERSATION, AsideEvent, Call, CallState, Due, WatchEvent
from router.core.call.supervision import Supervision
from router.core.call.talk_keys import TalkKeys
from router.core.call.waiting import Waiting
from router.core.callback.callbacks import Callbacks
from router.core.callback.open_tickets import Ticket
from router.core.callback.tickets import TicketEvent
from router.core.commands import HangUp, Step, Told
from router.core.desk.agents import RUNG, AgentDesk, AgentState
from router.core.desk.by_phone import Desk
from router.core.desk.desk_call import DeskCall, DeskDue, DeskState
from router.core.desk.duty import Duty
from router.core.direction import Direction
from router.core.drain import Drain
from router.core.ids import CallId, ChannelId, PhoneId, PlaybackId
from router.core.legs import NOT_LEGS, OWN, Role, Said
from router.core.recovery import Recovery
from router.core.requests import InCall, LogIn, LogOut, Note, Noting, Pause, Ready, Reply
from router.core.reservation import Reservation, Ringing
from router.core.switchboard import Switchboard, TimerKey
from router.core.table import Table, What

#: If a prompt broke off because its channel is gone, that is reported within this, in seconds.
ENDS_WITHIN_S = 1.0

#: What an event on a leg means to the leg's owner, by the leg's role.
_RANG: dict[Role, What] = {
    Role.INFORMATEUR: events.LegRang,
    Role.COLLEAGUE: AsideEvent.RANG,
}
_ANSWERED: dict[Role, What] = {
    Role.INFORMATEUR: events.LegAnswered,
    Role.COLLEAGUE: AsideEvent.ANSWERED,
    Role.REFERRAL: AsideEvent.ANSWERED,
    Role.SUPERVISOR: WatchEvent.ANSWERED,
}
_ENDED: dict[Role, What] = {
    Role.INFORMATEUR: events.LegEnded,
    Role.COLLEAGUE: AsideEvent.ENDED,
    Role.REFERRAL: AsideEvent.ENDED,
    Role.SUPERVISOR: WatchEvent.ENDED,
}
_UNANSWERED: dict[Role, What] = {
    Role.INFORMATEUR: Ringing.OVER,
    Role.COLLEAGUE: AsideEvent.UNANSWERED,
    Role.REFERRAL: AsideEvent.UNANSWERED,
}
_VANISHED: dict[Role, What] = {
    Role.INFORMATEUR: events.PhoneVanished,
    Role.COLLEAGUE: AsideEvent.VANISHED,
}
#: What it means to a call that somebody else has heard a prompt to its end; without an entry,
#: nothing.
_SAID: dict[Said, What] = {
    Said.INFORMATEUR: Due.WHISPER,
    Said.COLLEAGUE: AsideEvent.TOLD,
    Said.WATCHED_CALLER: WatchEvent.BEGUN,
}
#: What it means to a call that a prompt broke off. Without an entry the call waits a moment, in
#: case the channel's end is reported.
_UNSAID: dict[Said, What] = {
    Said.WATCHED_CALLER: WatchEvent.UNTOLD,
    Said.WATCHED_INFORMATEUR: WatchEvent.UNTOLD,
}


class Routing:
    """Takes events and deadlines to the parts that handle them."""

    def __init__(
        self,
        board: Switchboard,
        duty: Duty,
        reservation: Reservation,
        recovery: Recovery,
        callbacks: Callbacks,
        journey: Journey,
        waiting: Waiting,
        supervision: Supervision,
        talk_keys: TalkKeys,
        desk: Desk,
        direction: Direction,
        drain: Drain,
        calls: Table[CallState, Call],
        desk_calls: Table[DeskState, DeskCall],
    ) -> None:
        self._board = board
        self._duty = duty
        self._reservation = reservation
        self._recovery = recovery
        self._callbacks = callbacks
        self._journey = journey
        self._waiting = waiting
        self._supervision = supervision
        self._talk_keys = talk_keys
        self._desk = desk
        self._direction = direction
        self._drain = drain
        self._calls = calls
        self._desk_calls = desk_calls
        self._tables: dict[type, Table[Any, Any]] = {
            Call: calls,
            Ticket: callbacks.table,
            DeskCall: desk_calls,
        }
        #: What handles each event.
        self.on: dict[type[events.Event], Callable[[Any], None]] = {
            events.TimePassed: self._time_passed,
            events.KeyPressed: self._key,
            events.CallerSpoke: self._of_channel,
            events.NumberTaken: self._of_channel,
            events.PromptEnded: self._prompt_ended,
            events.PromptFailed: self._prompt_failed,
            events.CallArrived: self._arrived,
            events.ProbeArrived: self._arrived,
            events.CallLeft: self._of_channel,
            events.CallFound: self._found,
            events.LegFound: self._recovery.leg_found,
            events.LegRang: self._leg_rang,
            events.LegAnswered: self._leg_answered,
            events.LegKeyPressed: self._leg_key,
            events.LegEnded: self._leg_ended,
            events.SnoopStarted: self._supervision.snooping,
            events.PlanChanged: self._plan_changed,
            events.DrainChanged: drain.changed,
            events.CommandFailed: self._failed,
            events.PhoneAppeared: self._phone_appeared,
            events.PhoneVanished: self._phone_vanished,
            events.PageCame: self._page_came,
            events.PageWent: self._page_went,
            events.DeskCalled: self._desk_called,
            events.AgentAsked: self._agent_asked,
            events.SupervisorAsked: self._supervisor_asked,
            events.Directed: self._directed,
            events.CalledAnswered: self._called_answered,
            events.CalledEnded: self._of_channel,
            events.CalledAgain: self._of_channel,
            events.DialFailed: self._of_channel,
            events.CallbackAsked: self._callbacks.asked,
            events.CallbackCancelled: self._callbacks.of_ticket,
            events.TrunkChanged: self._callbacks.trunk_changed,
            events.TicketUnkept: self._callbacks.unkept,
            events.NumberLost: self._callbacks.of_ticket,
            events.StoreChanged: self._callbacks.store_changed,
            events.VaultChanged: self._callbacks.vault_changed,
            events.TicketsFound: self._callbacks.found,
            events.Disconnected: self._disconnected,
            events.Resynced: self._resynced,
        }

    def follow_up(self) -> None:
        """End tickets whose conversation is over, and give work to informateurs who are free.

        Without Asterisk nobody can be rung: they stay free until it is back.
        """
        board = self._board
        while board.talked:
            self._callbacks.tell(board.talked.popleft(), TicketEvent.TALKED)
        while board.free and not board.cut_off:
            self._offer(board.free.popleft())

    def _offer(self, desk: AgentDesk) -> None:
        """Give an informateur who is ready the item that is due first."""
        if desk.state is not AgentState.READY:
            return
        item = self._board.queue.first_for(desk.agent.skills)
        if item is None:
            return
        if item.ticket is None:
            self._calls.answer(self._board.calls[item.call], Ringing.TURN, desk)
        else:
            self._callbacks.tell(item.ticket, Ringing.TURN, desk)

    # Events, one by one.

    def _time_passed(self, event: events.TimePassed) -> None:
        """Do nothing more: whatever was due has been done."""

    def _disconnected(self, event: events.Disconnected) -> None:
        self._board.cut_off = True

    def _resynced(self, event: events.Resynced) -> None:
        self._board.cut_off = False
        self._callbacks.resynced(event)

    def _answer(self, owner: object, what: What, event: events.Event | None = None) -> Any:
        return self._tables[type(owner)].answer(owner, what, event)

    def _of_channel(self, event: events.OfCall) -> None:
        """Have the channel's owner handle it."""
        leg = self._board.legs.get(event.call)
        if leg is not None:
            self._answer(leg.owner, type(event), event)
        else:
            self._board.ignore(event)

    def _key(self, event: events.KeyPressed) -> None:
        call = self._board.calls.get(event.call)
        if call is not None:
            call.keys += 1
            if call.probe:
                self._journey.probe_key(call)
                return
            self._calls.answer(call, events.KeyPressed, event)
        else:
            self._of_channel(event)

    def _arrived(self, event: events.CallArrived | events.ProbeArrived) -> None:
        if event.call in self._board.calls:
            self._board.ignore(event)
        elif isinstance(event, events.ProbeArrived):
            self._journey.probe(event.call)
        else:
            self._journey.arrive(event.call)

    def _found(self, event: events.CallFound) -> None:
        leg = self._board.legs.get(event.call)
        if leg is not None and leg.role is Role.CALLED:
            self._answer(leg.owner, events.CallFound, event)
        else:
            self._recovery.found(event)

    def _called_answered(self, event: events.CalledAnswered) -> None:
        """The number was picked up; too late if the attempt is over."""
        if ChannelId(event.call) not in self._board.legs:
            self._board.commands.append(HangUp(event.call, ChannelId(event.call)))
        self._of_channel(event)

    # Legs.

    def _leg_rang(self, event: events.LegRang) -> None:
        leg = self._board.legs.get(event.leg)
        if leg is not None and leg.role in _RANG:
            self._answer(leg.owner, _RANG[leg.role], event)
        else:
            self._board.ignore(event)

    def _leg_answered(self, event: events.LegAnswered) -> None:
        leg = self._board.legs.get(event.leg)
        if leg is not None and leg.role in _ANSWERED:
            self._answer(leg.owner, _ANSWERED[leg.role], event)
        else:  # picked up just as we gave up
            self._board.commands.append(HangUp(event.call, event.leg))
            self._board.ignore(event)

    def _leg_key(self, event: events.LegKeyPressed) -> None:
        leg = self._board.legs.get(event.leg)
        call = self._board.calls.get(event.call)
        if leg is None or leg.role is not Role.INFORMATEUR or call is None:
            self._board.ignore(event)
            return
        asked = self._calls.answer(call, events.LegKeyPressed, event)
        if isinstance(asked, Reply):
            self._talk_keys.reply(call, asked)
        elif asked is not None:
            self._talk_keys.reply(call, self._ask_in_call(call, asked))

    def _leg_ended(self, event: events.LegEnded) -> None:
        leg = self._board.legs.get(event.leg)
        if leg is None or leg.role in NOT_LEGS:
            self._board.ignore(event)
            return
        self._board.legs.pop(event.leg)
        self._board.cancel_ring_due(event.leg)
        if leg.role in _ENDED:
            self._answer(leg.owner, _ENDED[leg.role], event)
        elif leg.agent is not None:
            desk = self._board.roster.desks.get(leg.agent)
            if desk is not None and desk.leg == event.leg and desk.call is None:
                self._duty.released(desk)

    def _failed(self, event: events.CommandFailed) -> None:
        """A command failed: as if its channel's end had been reported, which it is seen to."""
        board, channel = self._board, event.channel
        leg = board.legs.get(channel)
        if leg is None:  # otherwise a failing hang-up would be repeated for ever
            board.ignore(event)
        elif leg.role in OWN:
            board.commands.append(HangUp(CallId(channel), channel))
            self._answer(leg.owner, events.CallLeft)
        elif leg.role is Role.SNOOP:
            self._answer(leg.owner, WatchEvent.DEAF)
        else:
            board.commands.append(HangUp(event.call, channel))  # if it was refused, and not gone
            self._leg_ended(events.LegEnded(event.call, channel, events.LegEnd.UNREACHABLE))

    def _ring_over(self, leg_id: ChannelId) -> None:
        """Nobody picked up in time."""
        leg = self._board.legs.get(leg_id)
        if leg is not None and leg.role in _UNANSWERED:
            self._answer(leg.owner, _UNANSWERED[leg.role])

    # Prompts.

    def _prompt_ended(self, event: events.PromptEnded) -> None:
        leg = self._board.legs.get(event.call)
        owner = None if leg is None else leg.owner
        if owner is not None and owner.playback == event.playback:
            owner.playback = None
            self._tables[type(owner)].answer(owner, events.PromptEnded)
        elif (said := _said_to(owner, event.playback)) is None:
            self._board.ignore(event)
        elif isinstance(owner, Call) and said in _SAID:
            self._calls.answer(owner, _SAID[said])

    def _prompt_failed(self, event: events.PromptFailed) -> None:
        """The prompt was not heard. If its channel is gone, that is reported at once."""
        leg = self._board.legs.get(event.call)
        owner = None if leg is None else leg.owner
        if owner is not None and owner.playback == event.playback:
            owner.playback = None
            if isinstance(owner, Call):
                self._board.set_due(owner, Due.UNHEARD, ENDS_WITHIN_S)
            else:
                self._answer(owner, events.PromptFailed)
        elif (said := _said_to(owner, event.playback)) is None:
            self._board.ignore(event)
        elif isinstance(owner, Call) and said in _UNSAID:
            self._calls.answer(owner, _UNSAID[said])
        elif isinstance(owner, Call):
            self._board.set_due(owner, Due.UNTOLD, ENDS_WITHIN_S)

    # Informateurs, and what they ask.

    def _phone_appeared(self, event: events.PhoneAppeared) -> None:
        if self._duty.knows(event.phone):
            self._board.roster.registered.add(event.phone)
            self._look_at(event.phone)
        else:
            self._board.ignore(event)

    def _phone_vanished(self, event: events.PhoneVanished) -> None:
        if self._duty.knows(event.phone):
            self._board.roster.registered.discard(event.phone)
            self._cannot_be_rung(event.phone)
        else:
            self._board.ignore(event)

    def _page_came(self, event: events.PageCame) -> None:
        """A page that comes without the call that is there has lost it, as by a reload."""
        if not self._duty.knows(event.phone):
            self._board.ignore(event)
            return
        roster = self._board.roster
        roster.pages.add(event.phone)
        desk = roster.at.get(event.phone)
        if desk is not None:
            desk.severed = desk.state is AgentState.TALKING and not event.in_call
        self._look_at(event.phone)

    def _page_went(self, event: events.PageWent) -> None:
        if not self._duty.knows(event.phone):
            self._board.ignore(event)
            return
        self._board.roster.pages.discard(event.phone)
        self._board.roster.pages_gone[event.phone] = event.why
        self._cannot_be_rung(event.phone)

    def _look_at(self, phone: PhoneId) -> None:
        """If a phone can be rung now, its informateur is ready; or has the caller back."""
        roster = self._board.roster
        if not roster.can_be_rung(phone):
            return
        self._duty.appeared(phone)
        desk = roster.at.get(phone)
        if desk is not None and desk.severed:
            self._rejoin(desk)

    def _cannot_be_rung(self, phone: PhoneId) -> None:
        """A call ringing there goes to the next informateur, and this one is logged out."""
        board = self._board
        board.roster.phones.discard(phone)
        desk = board.roster.at.get(phone)
        if desk is not None:
            desk.present = False
            leg = board.legs.get(desk.leg) if desk.leg is not None else None
            if leg is not None and leg.role in _VANISHED:
                self._answer(leg.owner, _VANISHED[leg.role])
        self._duty.vanished(phone)

    def _rejoin(self, desk: AgentDesk) -> None:
        """Give a caller back to the informateur whose page has lost the call.

        The leg is dead: as ever, its caller is first in the queue. This informateur is asked first,
        whoever else is ready.
        """
        desk.severed = False
        if desk.state is not AgentState.TALKING or desk.call is None or desk.leg is None:
            return
        call = self._board.calls.get(desk.call)
        talked = call is not None and call.state is not CallState.WHISPERING
        self._board.commands.append(HangUp(desk.call, desk.leg))
        self._leg_ended(events.LegEnded(desk.call, desk.leg, events.LegEnd.LOST))
        if (
            self._duty.back(desk)
            and call is not None
            and call.state is CallState.WAITING
            and call.item is not None
            and call.item.sector in desk.agent.skills
        ):
            call.rejoining = desk.agent.id if talked else None
            self._calls.answer(call, Ringing.TURN, desk)

    def _plan_changed(self, event: events.PlanChanged) -> None:
        roster, plan = self._board.roster, event.plan
        for phone in sorted(roster.registered.difference(plan.phones, plan.browsers)):
            self._phone_vanished(events.PhoneVanished(phone))
        roster.pages.intersection_update(plan.browsers)
        self._direction.plan_changed(event)

    def _desk_called(self, event: events.DeskCalled) -> None:
        if event.call in self._board.desk_calls:
            self._board.ignore(event)
        else:
            self._desk.arrive(event)

    def _agent_asked(self, event: events.AgentAsked) -> None:
        self._board.commands.append(Told(event.ask, self._asked(event)))

    def _supervisor_asked(self, event: events.SupervisorAsked) -> None:
        self._board.commands.append(Told(event.ask, self._supervision.ask(event)))

    def _directed(self, event: events.Directed) -> None:
        self._board.commands.append(Told(event.ask, self._direction.directed(event)))

    def _asked(self, event: events.AgentAsked) -> Reply:
        desk = self._board.roster.desks.get(event.agent)
        if desk is None:
            return Reply.NOT_LOGGED_IN
        request = event.request
        if isinstance(request, LogIn | LogOut | Pause | Ready | Noting | Note):
            reply = self._duty.ask(desk, request)
            if reply is Reply.NOTED:
                self._duty.noted(desk)
            return reply
        call = self._board.calls.get(desk.call) if desk.call is not None else None
        if call is None or call.agent != event.agent or call.state not in CONVERSATION:
            return Reply.NOT_IN_CALL
        return self._ask_in_call(call, request)

    def _ask_in_call(self, call: Call, request: InCall) -> Reply:
        if not self._calls.has(call.state, type(request)):
            return Reply.NOT_NOW
        reply: Reply = self._calls.answer(call, type(request), request)
        return reply

    # Deadlines.

    def fire(self, key: TimerKey) -> None:
        """Handle a deadline that has come."""
        board = self._board
        match key:
            case ("call", call_id, due):
                call = board.calls[call_id]
                if due is Due.UNHEARD or due is Due.UNTOLD:
                    board.note(call, Step.UNPLAYED)
                self._calls.answer(call, due)
            case ("agent", agent_id):
                self._lease_ended(board.roster.desks[agent_id])
            case ("ring", leg):
                self._ring_over(leg)
            case ("widen", item):
                self._reservation.widen(item)
            case ("ticket", ticket_id, due):
                self._callbacks.tell(ticket_id, due)
            case ("desk", call_id):
                self._desk_calls.answer(board.desk_calls[call_id], DeskDue.SILENCE)
            case ("today",):
                self._direction.day_over()
            case ("drain",):
                self._drain.over()
            case _:
                self._waiting.close()

    def _lease_ended(self, desk: AgentDesk) -> None:
        """A lease has ended; while a phone rings, that is after the deadline of the ringing."""
        if desk.state in RUNG and desk.leg is not None:
            self._ring_over(desk.leg)
            if desk.state not in RUNG:
                return
        self._duty.lease_ended(desk)


def _said_to(owner: object, playback: PlaybackId) -> Said | None:
    """Return who else was hearing the owner's prompt that is over; None: there is no such one."""
    if isinstance(owner, (Call, Ticket)):
        for said, its in owner.said.items():
            if its == playback:
                del owner.said[said]
                return said
    return None
