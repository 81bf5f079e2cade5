"""Limits against misuse of callbacks: nobody is rung again and again by somebody's joke.

A number may have one open ticket and a few tickets a day; all open tickets together may not
exceed what the agents on duty can serve. A number is known here only by its HMAC-SHA-256 under
a key drawn at random at each day's change, when all counts are forgotten too.

The two halves are kept apart. The digests are in the router (`Limits`), the key in memory that
the router hands from one intake to the next and never reads (`DayKey`): who sees only one of
them cannot try out numbers. Both together still tell whether a given number asked today (a
keyed hash of a phone number is personal data: Conseil d'État 393714).
"""

import fcntl
import hmac
import os
import secrets
from collections import Counter
from collections.abc import Mapping
from datetime import date
from enum import Enum

from router.core.ids import TicketId
from router.intake.numbers import PhoneNumber

#: Tickets that one number may have on one day: a first one, and two more when it failed.
PER_DAY = 3

_KEY_BYTES = 32  # as long as SHA-256's digest: RFC 2104, section 3
_DAY_BYTES = 4
_DIGEST_BYTES = 16  # two numbers with one digest: never


class Refusal(Enum):
    """Why a request is not admitted: a stable code and what the usager is told.

    Anybody can type anybody's number: that a callback is under way and that there were enough
    today are told by the same words. "{number}" is the service's own.
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


class DayKey:
    """The key of the day. `file` is a place made by `reserve`, in any of our processes."""

    def __init__(self, file: int) -> None:
        self._file = file

    @staticmethod
    def reserve() -> int:
        """Return a file in memory, without a name and still empty, to be handed to children."""
        return os.memfd_create("allo-day-key", os.MFD_CLOEXEC)

    def turn_to(self, day: date) -> bool:
        """Whether a new key had to be drawn: digests of before are of no use then.

        A day earlier than the latest counts as the latest: a clock set back draws nothing.
        """
        if self._day() >= day.toordinal():
            return False
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            if self._day() >= day.toordinal():
                return False  # another process was first
            content = day.toordinal().to_bytes(_DAY_BYTES) + secrets.token_bytes(_KEY_BYTES)
            os.pwrite(self._file, content, 0)
            return True
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def digest(self, number: PhoneNumber) -> str:
        """Return by what the number is known today. Call `turn_to` first."""
        key = os.pread(self._file, _KEY_BYTES, _DAY_BYTES)
        assert len(key) == _KEY_BYTES, "turn_to comes first"
        return hmac.digest(key, number.e164.encode("ascii"), "sha256")[:_DIGEST_BYTES].hex()

    def _day(self) -> int:
        return int.from_bytes(os.pread(self._file, _DAY_BYTES, 0))


class Limits:
    """Who has asked, as far as the limits need to know; nothing of it survives the process.

    `who` is the digest of a number. After a restart and at a day's change the digests of the
    open tickets must be told (`hold`), or their numbers count as free; after a restart the
    day's counts are lost, so a number may then have `per_day` tickets once more.

    `day` is the service's calendar day. One earlier than the latest counts as the latest: a
    clock set back forgets nothing.
    """

    def __init__(self, *, per_day: int = PER_DAY) -> None:
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

    def admit(self, ticket: TicketId, who: str, day: date, most_open: int) -> Refusal | None:
        """Count the ticket as open and return None, or say why it may not be.

        `most_open` tickets may be open in all. Call `withdraw` if it is refused after all.
        """
        self._turn_to(day)
        if self._busy[who] or self._today[who] >= self._per_day:
            return Refusal.NUMBER_LIMIT
        if len(self._open) >= most_open:
            return Refusal.TOO_MANY_OPEN
        self._hold(ticket, who)
        self._today[who] += 1
        return None

    def withdraw(self, ticket: TicketId) -> None:
        """Forget a ticket that came to nothing: it counts neither as open nor for the day."""
        if (who := self.closed(ticket)) is not None and self._today[who]:
            self._today[who] -= 1

    def closed(self, ticket: TicketId) -> str | None:
        """Count a ticket's end, whichever; return whose it was, if it was open."""
        who = self._open.pop(ticket, None)
        if who is not None:
            self._busy[who] -= 1
            if not self._busy[who]:
                del self._busy[who]
        return who

    def hold(self, open_tickets: Mapping[TicketId, str], day: date) -> None:
        """Know the tickets as open, and whose they are today."""
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
