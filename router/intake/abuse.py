"""Limits against misuse of callbacks: nobody is rung again and again for somebody's joke.

A number may have one open ticket, and a few tickets a day; all open tickets together may not
exceed what the agents on duty can serve. A number is known here only by its digest under the
key of the day (`day_key.py`), and all counts are forgotten when the day changes.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from enum import Enum

from router.core.ids import TicketId


class LimitReached(Enum):
    """Why a request is not admitted: a stable code, and the sentence shown to the usager.

    Anybody can type anybody's number. So a number with a callback under way and one that has
    had enough today get the same sentence. "{number}" stands for the service's own.
    """

    NUMBER_LIMIT = (
        "number_limit",
        "Ce numéro ne peut pas recevoir d’autre rappel pour le moment. Si un rappel est déjà "
        "prévu, il aura lieu ; sinon, composez le {number} ou faites une nouvelle demande demain.",
    )
    TOO_MANY_OPEN = (
        "too_many_open",
        "Trop de rappels sont déjà prévus pour le moment. Réessayez un peu plus tard.",
    )

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


class Limits:
    """Who has asked, as far as the limits need to know; none of it survives the process.

    `who` is the digest of a number. After a restart, and when the day changes, call `hold` with
    the digests of the open tickets, or their numbers count as free. After a restart the day's
    counts are lost, so that a number may have `per_day` tickets once more.

    `day` is the service's calendar day. One earlier than the latest counts as the latest:
    setting the clock back forgets nothing.
    """

    def __init__(self, *, per_day: int) -> None:
        if per_day < 1:
            raise ValueError(f"per_day must be at least 1, got {per_day}")
        self._per_day = per_day
        self._day = date.min
        self._open: dict[TicketId, str] = {}
        self._busy: Counter[str] = Counter()
        self._today: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """How many tickets are open."""
        return len(self._open)

    def admit(self, ticket: TicketId, who: str, day: date, most_open: int) -> LimitReached | None:
        """Count the ticket as open and return None, or return why it may not be opened.

        At most `most_open` tickets may be open, in total. If the ticket is refused for another
        reason afterwards, call `withdraw`.
        """
        self._turn_to(day)
        if self._busy[who] or self._today[who] >= self._per_day:
            return LimitReached.NUMBER_LIMIT
        if len(self._open) >= most_open:
            return LimitReached.TOO_MANY_OPEN
        self._hold(ticket, who)
        self._today[who] += 1
        return None

    def withdraw(self, ticket: TicketId) -> None:
        """Forget a ticket that was not opened after all: it no longer counts for the day either."""
        if (who := self.closed(ticket)) is not None and self._today[who]:
            self._today[who] -= 1

    def closed(self, ticket: TicketId) -> str | None:
        """Count the ticket as ended, however it ended; return whose it was, if it was open."""
        who = self._open.pop(ticket, None)
        if who is not None:
            self._busy[who] -= 1
            if not self._busy[who]:
                del self._busy[who]
        return who

    def hold(self, open_tickets: Mapping[TicketId, str], day: date) -> None:
        """Count the tickets as open, each with its digest of today."""
        self._turn_to(day)
        for ticket, who in open_tickets.items():
            self._hold(ticket, who)

    def _hold(self, ticket: TicketId, who: str) -> None:
        self.closed(ticket)
        self._open[ticket] = who
        self._busy[who] += 1

    def _turn_to(self, day: date) -> None:
        if day > self._day:
            self._day = day
            self._today.clear()
