"""Taken out of service on purpose: no new caller is taken, and whoever is there is served.

new callers         hear that the service is not available, and goodbye
in the menus        go on, and may still join the queue
in the queue        are served until the time is up; then they are told that nobody will answer
in a conversation   talk for as long as they like
callbacks           none is promised; those promised are made until the time is up, and then
                    stand aside until they expire or the service takes calls again
"""

from router.core.call.waiting import Waiting
from router.core.callback.open_tickets import OpenTickets
from router.core.events import DrainChanged
from router.core.switchboard import Switchboard


class Drain:
    """Begins and ends it. What it means for each is where that is decided (`board.draining`)."""

    def __init__(self, board: Switchboard, open_tickets: OpenTickets, waiting: Waiting) -> None:
        self._board = board
        self._open = open_tickets
        self._waiting = waiting

    def changed(self, event: DrainChanged) -> None:
        """Take no new caller from now on, or take them again."""
        board = self._board
        board.drain_until_at = event.until_at
        board.timers.cancel(("drain",))
        if board.drained:
            self.over()
        elif event.until_at is not None:
            board.timers.set(("drain",), event.until_at)

    def over(self) -> None:
        """The time is up."""
        self._open.stand_aside()
        self._waiting.give_up()
