"""A new plan, while calls go on: what becomes of everybody who is there.

    before the queue    callers hear out the plan that they began with (`Call.plan`); where they
                        choose to go is a sector of the new one
    in the queue        everybody keeps promise and rank; who may serve them is decided anew
    in a conversation   goes on, and ends, as any other
    callbacks           keep what was promised
    a sector is gone    its callers and callbacks go to the sector of the page that they read, else
                        to the general queue (`Plan.standing_in_for`)
    informateurs        keep their state; whoever is new has to log in; whoever is gone finishes the
                        talk, is given no other, and is then off for good
    phones              a phone that is gone is as one that has lost its registration: it rings no
                        more, and a talk on it goes on
    hours               hold at once; if the service is now closed, those who wait are told that
                        they will still be served

A deadline that is already set stays; the next is the new plan's.
"""

from dataclasses import replace

from router.core.call.life import Call
from router.core.call.waiting import Waiting
from router.core.callback.callbacks import Callbacks
from router.core.callback.open_tickets import OpenTickets
from router.core.codes import CodeBook
from router.core.commands import Step
from router.core.desk.agents import AgentState
from router.core.desk.duty import Duty
from router.core.desk.pins import Pins
from router.core.plan import Plan
from router.core.reservation import Reservation
from router.core.switchboard import Switchboard
from router.core.work import WorkQueue


class NewPlan:
    """Puts a new plan in the place of the present one."""

    def __init__(
        self,
        board: Switchboard,
        duty: Duty,
        reservation: Reservation,
        open_tickets: OpenTickets,
        callbacks: Callbacks,
        waiting: Waiting,
    ) -> None:
        self._board = board
        self._duty = duty
        self._reservation = reservation
        self._open = open_tickets
        self._callbacks = callbacks
        self._waiting = waiting

    def take(self, plan: Plan, codes: CodeBook, pins: Pins) -> None:
        """Go on by this plan. It is the caller's duty that none of the phones that it does not
        have is believed registered.
        """
        board = self._board
        was_open = board.plan.hours.is_open(board.now)
        waiting = sorted(board.queue.items(), key=lambda item: (item.due_at, item.sequence))
        for item in waiting:
            self._reservation.leave(item)
        self._let_go(plan)
        board.plan, board.codes, board.pins = plan, codes, pins
        levels = len(plan.targets.widening_s)
        board.roster.change_plan(plan.agents, plan.sectors, levels)
        board.queue = WorkQueue(list(plan.sectors), levels)
        for call in board.calls.values():
            self._replace(call)
        self._callbacks.change_plan()
        for ticket in self._open.tickets.values():
            if ticket.item is not None:
                ticket.item.sector = ticket.record.sector
                self._open.beside[ticket.record.sector] -= 1
        for item in waiting:
            self._reservation.wait(item)
        self._offer_work()
        self._set_closing(was_open)

    # Informateurs.

    def _let_go(self, plan: Plan) -> None:
        """Dismiss whom the new plan has not; the last call of all others is noted in its terms."""
        for desk in list(self._board.roster):
            if desk.agent.id not in plan.agents:
                self._duty.dismiss(desk)
            elif desk.dismissed:
                self._duty.recall(desk)
            if desk.last is not None:
                sector = plan.standing_in_for(desk.last.sector, desk.last.fiche)
                fiche = desk.last.fiche if desk.last.fiche in plan.fiches else None
                desk.last = replace(desk.last, sector=sector, fiche=fiche)

    def _offer_work(self) -> None:
        """Have whoever is ready looked at: somebody may wait whom they can serve now."""
        ready = [desk for desk in self._board.roster if desk.state is AgentState.READY]
        self._board.free.extend(sorted(ready, key=lambda desk: desk.idle_since))

    # Callers.

    def _replace(self, call: Call) -> None:
        """Put a caller whose sector, page or colleague's sector is gone where those go now."""
        board, plan = self._board, self._board.plan
        fiche, item, aside = call.fiche, call.item, call.aside
        if aside is not None and aside.sector is not None:
            aside.sector = plan.standing_in_for(aside.sector, fiche)
        if fiche not in plan.fiches:
            call.fiche = None
        if item is None:
            return
        sector = plan.standing_in_for(item.sector, fiche)
        if sector != item.sector:
            # What is noted on the channel stays: that would wait for the end of a prompt. After a
            # restart the old sector is read there, and replaced in the same way (recovery.py).
            item.sector = sector
            board.note(call, Step.MOVED, sector=sector)

    # Hours.

    def _set_closing(self, was_open: bool) -> None:
        """Tell those who wait when the service closes, or at once if the new hours say so."""
        board = self._board
        hours, now = board.plan.hours, board.now
        board.timers.cancel(("closing",))
        if was_open and not hours.is_open(now):
            self._waiting.close()
        closes_at = hours.closes_at(now)
        if closes_at is not None and board.queue.callers:
            board.timers.set(("closing",), closes_at)
