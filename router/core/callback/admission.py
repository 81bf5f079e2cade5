"""Admission of callbacks: whether one may be promised now, or why not.

A promise is made only if somebody is free to keep it at once, or the forecast keeps it
(`forecast.bound_s`); before closing, and while the carrier takes calls.
"""

from math import inf

from router.core.callback.forecast import bound_s
from router.core.callback.open_tickets import OpenTickets
from router.core.callback.tickets import Admission, Refusal
from router.core.desk.agents import AgentState
from router.core.ids import SectorId, TicketId
from router.core.standing import Standing
from router.core.switchboard import Switchboard

#: After so many calls in a row that the carrier did not take, nothing is promised for a while;
#: so too after as many tickets in a row whose numbers it does not know.
TRUNK_FAILURES = 3
TRUNK_PAUSE_S = 120.0
#: Whether callers who wait are offered a callback is thought over this often; whoever takes the
#: offer is admitted, or not, at that moment.
_OFFER_HOLDS_S = 10.0


class AdmissionControl:
    """Says what may be promised; told of the carrier's successes and failures."""

    def __init__(self, board: Switchboard, standing: Standing, open_tickets: OpenTickets) -> None:
        self._board = board
        self._standing = standing
        self._open = open_tickets
        self._rules = board.plan.callbacks
        #: Whether a callback could be offered, and when that was found out.
        self._offers: dict[SectorId, tuple[float, bool]] = {}
        #: Calls that the carrier did not take, in a row, and until when that is believed.
        self._trunk_failures = 0
        self._trunk_until_at = 0.0
        #: Tickets whose number does not exist, as the carrier says, since it last took a call.
        self._unassigned: set[TicketId] = set()
        #: Why no calls go out, as the service sees it.
        self.closed_by: Refusal | None = None

    def admit(self, sector: SectorId) -> Admission:
        """Say whether a callback for `sector` may be promised now."""
        board, rules = self._board, self._rules
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
        if not self._open.kept:
            return refuse(Refusal.UNAVAILABLE)
        if self._trunk_failures >= TRUNK_FAILURES and now < self._trunk_until_at:
            return refuse(Refusal.TRUNK)
        if not board.roster.on_duty(sector):
            return refuse(Refusal.NO_AGENT)
        at_once_at = now + board.plan.targets.widening_s[-1] + rules.dial_s
        if self._standing.somebody_free(sector) and at_once_at <= due_at:
            return Admission(None, due_at, at_once_at)  # rung before anything is forecast
        if len(self._open.tickets) >= self.most_open():
            return refuse(Refusal.FULL)
        if not rules.forecast:
            return Admission(None, due_at, due_at)
        expected_at = now + self._within_s(sector)
        if expected_at > due_at:
            return refuse(Refusal.FULL if due_at < closes_at else Refusal.CLOSING)
        return Admission(None, due_at, expected_at)

    def _within_s(self, sector: SectorId) -> float:
        """Return in how many seconds a callback promised now is dialled, at the latest."""
        roster, estimate, rules = self._board.roster, self._standing.estimate, self._rules
        at_work = roster.ready(sector) + roster.busy(sector)
        # Whoever pauses may be back at once, or away for long.
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
        """How many tickets may be open with those on duty now, if nobody is idle."""
        return self._rules.tickets_per_agent * self._board.roster.logged_in

    def room(self) -> int:
        """How many tickets may be open if each of the next ones finds who is idle."""
        idle = sum(desk.state is AgentState.READY for desk in self._board.roster)
        return max(self.most_open(), len(self._open.tickets) + idle)

    def may_promise(self, sector: SectorId) -> bool:
        """Whether callers of `sector` may be offered a callback now, or could a moment ago.

        Of events alone: what others ask meanwhile must not change what an event leads to.
        """
        if self._rules.offer_after_s <= 0:
            return False
        now = self._board.now
        asked_at, may = self._offers.get(sector, (-inf, False))
        if now - asked_at > _OFFER_HOLDS_S:
            may = self.admit(sector).refusal is None
            self._offers[sector] = now, may
        return may

    def ahead(self, sector: SectorId) -> float:
        """Count what the informateurs of `sector` may have to serve before, by their shares."""
        shares, beside = self._board.roster.shares(sector), self._open.beside
        return self._board.queue.weigh(shares) + sum(
            [share * beside[one] for one, share in shares.items()]
        )

    # The carrier.

    def carrier_took(self) -> None:
        """A call went out, whatever came of it."""
        self._trunk_failures = 0
        self._unassigned.clear()

    def carrier_failed(self) -> None:
        """A call did not go out."""
        self._trunk_failures += 1
        self._trunk_until_at = self._board.now + TRUNK_PAUSE_S

    def unassigned(self, ticket: TicketId) -> bool:
        """The carrier knows no such number; return whether it says so of all."""
        self._unassigned.add(ticket)
        if len(self._unassigned) < TRUNK_FAILURES:
            return False
        self._trunk_failures = max(self._trunk_failures, TRUNK_FAILURES)
        self._trunk_until_at = self._board.now + TRUNK_PAUSE_S
        return True
