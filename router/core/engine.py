"""The engine: an event and the time in, commands out. No clock, I/O, randomness or log inside.

The same engine answers the phone, runs the simulated year and is put under property tests. `handle`
accepts any event at any time; `next_deadline` says when to call it again.

The parts are put together here, and this is what others may see of them. Which part an event
reaches is decided in routing.py.
"""

from collections.abc import Iterable, Iterator

from router.core.call.distribution import Distribution
from router.core.call.journey import Journey
from router.core.call.life import Call, CallState
from router.core.call.no_key import NoKey
from router.core.call.offer import Offer
from router.core.call.referral import Referral
from router.core.call.supervision import Supervision
from router.core.call.table import call_rows
from router.core.call.talk import Talk
from router.core.call.talk_keys import TalkKeys
from router.core.call.votes import Votes
from router.core.call.waiting import Waiting
from router.core.callback.admission import AdmissionControl
from router.core.callback.attempt import Attempts
from router.core.callback.callbacks import Callbacks
from router.core.callback.endings import Endings
from router.core.callback.open_tickets import OpenTickets, Ticket
from router.core.callback.pickup import Pickups
from router.core.callback.table import ticket_rows
from router.core.callback.tickets import Admission, TicketRecord, TicketState
from router.core.codes import CodeBook
from router.core.commands import Command, DeskChanged
from router.core.desk.agents import AgentState, PastCall
from router.core.desk.by_phone import Desk, desk_rows
from router.core.desk.desk_call import DeskCall, DeskState
from router.core.desk.desk_view import DeskView, view_of
from router.core.desk.duty import Duty
from router.core.desk.pins import Pins
from router.core.direction import Direction
from router.core.drain import Drain
from router.core.events import Event
from router.core.ids import AgentId, CallId, ChannelId, SectorId, TicketId
from router.core.new_plan import NewPlan
from router.core.plan import Plan
from router.core.recovery import Recovery
from router.core.reservation import Reservation
from router.core.routing import Routing
from router.core.standing import SectorSnapshot, Standing
from router.core.switchboard import Switchboard
from router.core.table import Table
from router.core.today import Today


class Engine:
    """Decides everything the service does. Times are UTC epoch seconds and never go back.

    The caller's duty: carry out the commands of each call in order; call `handle` with `TimePassed`
    at `next_deadline`; give a `run` that no other process of the router has had, since the ids of
    legs, bridges and playbacks begin with it. `board`, `tickets` and the three tables may be read
    from outside, but not changed.
    """

    def __init__(self, plan: Plan, codes: CodeBook, run: str, pins: Pins | None = None) -> None:
        board = self.board = Switchboard(plan, codes, run, pins or Pins({}))
        self._standing = standing = Standing(board)
        duty = Duty(board)
        desk = Desk(board, duty)
        reservation = Reservation(board, duty)
        self.tickets = OpenTickets(board, reservation)
        self._admission = admission = AdmissionControl(board, standing, self.tickets)
        waiting = Waiting(board, reservation, standing, admission)
        votes = Votes(board)
        supervision = Supervision(board, duty)
        distribution = Distribution(board, duty, reservation, standing, waiting, supervision, votes)
        endings = Endings(board, duty, reservation, self.tickets, admission)
        attempts = Attempts(board, duty, reservation, self.tickets, endings)
        pickups = Pickups(board, self.tickets, admission, waiting, distribution, endings)
        ticket_lives = ticket_rows(self.tickets, attempts, pickups, endings)
        #: The life of a ticket.
        self.ticket_table: Table[TicketState, Ticket] = Table(
            "ticket ", TicketState, ticket_lives, board.counts
        )
        self._callbacks = Callbacks(board, self.tickets, admission, self.ticket_table)
        no_key = NoKey(board, waiting)
        journey = Journey(board, waiting, self._callbacks, no_key)
        offer = Offer(board, waiting)
        talk = Talk(board, duty, reservation, waiting, distribution, supervision)
        talk_keys = TalkKeys(board)
        referral = Referral(board, reservation, distribution, talk, votes)
        self._recovery = Recovery(board, duty, waiting, distribution, journey)
        rows = call_rows(
            *(board, journey, no_key, waiting, offer, distribution, talk, talk_keys, referral),
            supervision,
            votes,
        )
        #: The life of a call.
        self.call_table: Table[CallState, Call] = Table("", CallState, rows, board.counts)
        #: The life of a call to the desk.
        self.desk_table: Table[DeskState, DeskCall] = Table(
            "desk ", DeskState, desk_rows(desk), board.counts
        )
        new_plan = NewPlan(board, duty, reservation, self.tickets, self._callbacks, waiting)
        self._direction = Direction(board, duty, new_plan)
        routing = Routing(
            *(board, duty, reservation, self._recovery, self._callbacks, journey, waiting),
            supervision,
            talk_keys,
            desk,
            self._direction,
            Drain(board, self.tickets, waiting),
            self.call_table,
            self.desk_table,
        )
        self._on, self._fire, self._follow_up = routing.on, routing.fire, routing.follow_up
        self._pop_due, self._next_at = board.timers.pop_due, board.timers.next_at

    def restore(self, sessions: Iterable[DeskChanged], now: float) -> None:
        """Resume the informateurs' sessions after a restart; to be called before any event.

        An informateur whose phone does not register within `away_s` is logged out.
        """
        self._recovery.restore(sessions, now)

    def restore_today(self, today: Today, now: float) -> None:
        """Resume what supervisors changed before a restart, if that was today; before any event."""
        self._direction.restore(today, now)

    def restore_tickets(
        self, records: Iterable[TicketRecord], now: float, *, lost: bool
    ) -> list[Command]:
        """Resume the open tickets after a restart; `lost`: their numbers are gone.

        To be called before any event, and the commands carried out.
        """
        board = self.board
        board.now = now
        commands: list[Command] = []
        board.commands = commands
        self._callbacks.restore(records, lost=lost)
        self._follow_up()
        return commands

    def handle(self, event: Event, now: float) -> list[Command]:
        """Return what to do about `event`, and about whatever is due by `now`."""
        board, pop_due = self.board, self._pop_due
        board.now = now
        commands: list[Command] = []
        board.commands = commands
        while (key := pop_due(now)) is not None:
            self._fire(key)
            if board.free or board.talked:
                self._follow_up()
        self._on[type(event)](event)
        if board.free or board.talked:
            self._follow_up()
        return commands

    def next_deadline(self) -> float | None:
        """Return by when `handle` must be called, or None."""
        return self._next_at()

    # What others may see.

    @property
    def plan(self) -> Plan:
        """The service as it is today."""
        return self.board.plan

    def known(self) -> tuple[frozenset[CallId], frozenset[ChannelId]]:
        """Return the calls, and the legs that we dialled, that the engine believes to exist."""
        board = self.board
        callers = frozenset(board.calls) | frozenset(board.desk_calls) | self._callbacks.asking()
        return callers, frozenset(board.legs.dialled())

    def sectors(self) -> list[SectorSnapshot]:
        """Return the state of every sector at the time of the last event."""
        return [self._standing.of_sector(sector) for sector in self.board.plan.sectors]

    def waiting(self) -> dict[SectorId, list[float]]:
        """Return since when each caller has waited who talks to nobody yet, by sector."""
        return self._standing.waiting()

    def agent_states(self) -> dict[AgentState, int]:
        """Return how many informateurs are in each state."""
        states = dict.fromkeys(AgentState, 0)
        for desk in self.board.roster:
            states[desk.state] += 1
        return states

    def states_of_agents(self) -> Iterator[tuple[AgentId, AgentState]]:
        """Yield each informateur's state."""
        for desk in self.board.roster:
            yield desk.agent.id, desk.state

    def call_states(self) -> dict[CallState, int]:
        """Return how many calls are in each state; the service's own are nobody's."""
        states = dict.fromkeys(CallState, 0)
        for call in self.board.calls.values():
            states[call.state] += not call.probe
        return states

    @property
    def counts(self) -> dict[str, int]:
        """Events ignored, by name and state; calls ended, by outcome; defects of our own."""
        return dict(self.board.counts)

    def desk(self, agent: AgentId) -> DeskView | None:
        """Return what an informateur's own screen may show; None if the plan has no such one."""
        desk = self.board.roster.desks.get(agent)
        return None if desk is None else view_of(desk, self.board, self.tickets.attempts)

    def desks(self) -> list[DeskView]:
        """Return the view of every informateur, in the plan's order."""
        return [view_of(desk, self.board, self.tickets.attempts) for desk in self.board.roster]

    def past(self, agent: AgentId, now: float) -> list[PastCall]:
        """Return an informateur's own conversations of the day of `now`, the latest last."""
        desk = self.board.roster.desks.get(agent)
        day = self.board.plan.hours.day_of(now)
        return list(desk.past) if desk is not None and desk.day == day else []

    def admission(self, sector: SectorId, now: float) -> Admission:
        """Return whether a callback for `sector` would be promised at `now`."""
        self.board.now = now
        return self._admission.admit(sector)

    def ticket(self, ticket: TicketId) -> TicketRecord | None:
        """Return an open ticket; None if it has ended, or never was."""
        return self._callbacks.record(ticket)

    def open_tickets(self) -> list[TicketRecord]:
        """Return every open ticket, as it was last given to be stored."""
        return [ticket.record for ticket in self.tickets.tickets.values()]

    def tickets_now(self) -> list[TicketRecord]:
        """Return every open ticket in its present state, which need not have been stored."""
        return self._callbacks.records()

    def ticket_code(self, ticket: TicketId) -> str | None:
        """Return the code for calling in instead of being called back; None if it has ended."""
        record = self._callbacks.record(ticket)
        return None if record is None else record.code

    def is_dialling(self, call: CallId) -> bool:
        """Return whether this attempt's number is about to be dialled, or may be ringing."""
        return self._callbacks.is_dialling(call)

    def open_ticket_ids(self) -> frozenset[TicketId]:
        """Return the id of every open ticket."""
        return frozenset(self.tickets.tickets)

    def most_tickets(self) -> int:
        """Return how many tickets may be open, given the informateurs on duty now."""
        return self._admission.room()
