"""Admission of callbacks: whether one may be promised now and, if not, why.

A callback is promised only if somebody is free to make it at once, or if the forecast says that it
will be made in time and before closing (`forecast.bound_s`); and only while calls can go out.
"""

from math import inf

from router.core.callback.forecast import bound_s
from router.core.callback.open_tickets import OpenTickets
from router.core.callback.tickets import Admission, Refusal
from router.core.desk.agents import AgentState
from router.core.ids import SectorId, TicketId
from router.core.standing import Standing
from router.core.switchboard import Switchboard

#: After this many calls in a row that the carrier did not take, or this many tickets in a row whose
#: numbers it does not know, nothing is promised for a while.
TRUNK_FAILURES = 3
#: That while, in seconds.
TRUNK_PAUSE_S = 120.0
#: How long the decision to offer waiting callers a callback stands, in seconds. Whoever accepts the
#: offer is admitted, or not, at that moment.
_OFFER_HOLDS_S = 10.0


class AdmissionControl:
    """Decides what may be promised; it is its callers' duty to report how calls went out."""

    def __init__(self, board: Switchboard, standing: Standing, open_tickets: OpenTickets) -> None:
        self._board = board
        self._standing = standing
        self._open = open_tickets
        #: When it was last decided whether to offer a callback, and what.
        self._offers: dict[SectorId, tuple[float, bool]] = {}
        #: Calls in a row that the carrier did not take, and until when that counts.
        self._trunk_failures = 0
        self._trunk_until_at = 0.0
        #: Tickets whose number the carrier said does not exist, since it last took a call.
        self._unassigned: set[TicketId] = set()
        #: Why no calls can go out, as reported by the service; None: they can.
        self.closed_by: Refusal | None = None

    def admit(self, sector: SectorId) -> Admission:
        """Return whether a callback for `sector` may be promised now."""
        board, rules = self._board, self._board.plan.callbacks
        now = board.now
        closes_at = board.plan.hours.closes_at(now)
        due_at = now + rules.promise_s
        if closes_at is not None:
            due_at = min(due_at, closes_at)

        def refuse(why: Refusal) -> Admission:
            return Admission(why, due_at, due_at)

        if closes_at is None or not board.plan.hours.is_open(now):
            return refuse(Refusal.CLOSED)
        if self.closed_by is not None:
            return refuse(self.closed_by)
        if board.draining or not self._open.usable:
            return refuse(Refusal.UNAVAILABLE)
        if self._trunk_failures >= TRUNK_FAILURES and now < self._trunk_until_at:
            return refuse(Refusal.TRUNK)
        if not board.roster.on_duty(sector):
            return refuse(Refusal.NO_AGENT)
        at_once_at = now + board.plan.targets.widening_s[-1] + rules.dial_s
        if self._standing.somebody_free(sector) and at_once_at <= due_at:
            return Admission(None, due_at, at_once_at)  # no need of a forecast
        if len(self._open.tickets) >= self.most_open():
            return refuse(Refusal.FULL)
        if not rules.forecast:
            return Admission(None, due_at, due_at)
        expected_at = now + self._within_s(sector)
        if expected_at > due_at:
            return refuse(Refusal.FULL if due_at < closes_at else Refusal.CLOSING)
        return Admission(None, due_at, expected_at)

    def _within_s(self, sector: SectorId) -> float:
        """Return within how many seconds a callback promised now would be dialled."""
        roster, estimate, rules = (
            self._board.roster,
            self._standing.estimate,
            self._board.plan.callbacks,
        )
        at_work = roster.ready(sector) + roster.busy(sector)
        # Those who are paused may be back at once, or gone for long: half of them count.
        agents = (at_work + roster.on_duty(sector)) / 2
        handling_s = (estimate.mean_s(sector) or rules.assumed_handling_s) + rules.dial_s
        shares = roster.shares(sector)
        assumed = rules.assumed_occupancy * agents / handling_s / len(shares)
        live_per_s = sum(
            share * self._standing.arrivals.per_s(one, self._board.now, assumed)
            for one, share in shares.items()
        )
        return bound_s(self.ahead(sector), agents, handling_s, live_per_s)

    def most_open(self) -> int:
        """Return how many tickets may be open, given who is on duty, if nobody is idle."""
        return self._board.plan.callbacks.tickets_per_agent * self._board.roster.logged_in

    def room(self) -> int:
        """Return how many tickets may be open if everybody who is idle takes one more."""
        idle = sum(desk.state is AgentState.READY for desk in self._board.roster)
        return max(self.most_open(), len(self._open.tickets) + idle)

    def may_promise(self, sector: SectorId) -> bool:
        """Return whether callers of `sector` may be offered a callback, as lately decided.

        Only events may call this: the answer is remembered, and what is merely asked of the engine
        in between must not change what an event leads to.
        """
        if self._board.plan.callbacks.offer_after_s <= 0:
            return False
        now = self._board.now
        asked_at, may = self._offers.get(sector, (-inf, False))
        if now - asked_at > _OFFER_HOLDS_S:
            may = self.admit(sector).refusal is None
            self._offers[sector] = now, may
        return may

    def ahead(self, sector: SectorId) -> float:
        """Return how much the informateurs of `sector` may have to serve first, by their shares."""
        shares, beside = self._board.roster.shares(sector), self._open.beside
        return self._board.queue.weigh(shares) + sum(
            [share * beside[one] for one, share in shares.items()]
        )

    # The carrier.

    def carrier_took(self) -> None:
        """Note that a call went out, however it ended."""
        self._trunk_failures = 0
        self._unassigned.clear()

    def carrier_failed(self) -> None:
        """Note that a call did not go out."""
        self._trunk_failures += 1
        self._trunk_until_at = self._board.now + TRUNK_PAUSE_S

    def unassigned(self, ticket: TicketId) -> bool:
        """Note that the carrier knows no such number; return whether it says so of every number."""
        self._unassigned.add(ticket)
        if len(self._unassigned) < TRUNK_FAILURES:
            return False
        self._trunk_failures = max(self._trunk_failures, TRUNK_FAILURES)
        self._trunk_until_at = self._board.now + TRUNK_PAUSE_S
        return True
