"""Access codes: eight digits that say which web page the caller comes from.

A code is no secret about anybody. Seven digits are derived from a secret, the fiche and
the period (HMAC-SHA256, RFC 2104); the eighth is Damm's check digit, which catches every
single wrong digit and every swap of two neighbours. Nothing is stored: whoever knows the
secret and the fiches computes the same codes.

Times called `now` are UTC epoch seconds.
"""

import hmac
from collections import deque
from collections.abc import Collection, Container

from router.core.ids import FicheId, TicketId
from router.core.plan import Plan

CODE_LENGTH = 8

#: Quasigroup of order 10, totally anti-symmetric, zero diagonal: H. Michael Damm,
#: "Total anti-symmetrische Quasigruppen", Marburg 2004, p. 98.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)

#: Codes of even periods are even before their check digit, those of odd periods odd, so
#: that this period's codes cannot be taken for last period's: so many begin with each digit.
_CODES_PER_LEAD = 10 ** (CODE_LENGTH - 2) // 2


def check_digit(digits: str) -> str:
    """The digit to append to `digits` (ASCII figures only)."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def in_pairs(code: str) -> str:
    """The code as it is shown and spoken: "12 34 56 78"."""
    return " ".join(code[start : start + 2] for start in range(0, len(code), 2))


class CodeBook:
    """The codes of all fiches, in the current and in the previous period.

    #: rotation with grace
    A code is given out during one period of `period_s` seconds (counted from the epoch)
    and still taken during the next one, then forgotten.

    Two fiches that derive the same code: the later one, in the order of their ids, takes
    the next counter. So every machine with the same fiches computes the same codes.

    `leads` are the digits that a code may begin with: where a code is asked for together with
    a menu, those that no key of the menu begins with.
    """

    def __init__(
        self,
        secret: bytes,
        fiches: Collection[FicheId],
        period_s: int,
        leads: str = "0123456789",
    ) -> None:
        if not secret:
            raise ValueError("the secret is empty")
        if period_s <= 0:
            raise ValueError(f"period_s must be positive, got {period_s}")
        if not leads:
            raise ValueError("no digit is left for codes to begin with")
        self._leads = leads
        self._secret = secret
        self._fiches = tuple(sorted(set(fiches)))
        self._period_s = period_s
        self._period: int | None = None
        self._codes: dict[FicheId, str] = {}
        self._taken: dict[str, FicheId] = {}

    @classmethod
    def of(cls, plan: Plan, secret: bytes) -> "CodeBook":
        """The codes of a service's fiches."""
        return cls(secret, plan.fiches, plan.code.period_s, plan.code_leads)

    def code(self, fiche: FicheId, now: float) -> str:
        """The code to show on the page now.

        Raises:
            KeyError: If the fiche is not in the book.
        """
        self._turn_to(now)
        return self._codes[fiche]

    def fiche(self, code: str, now: float) -> FicheId | None:
        """The fiche whose code this is or was in the previous period, else None."""
        self._turn_to(now)
        return self._taken.get(code)

    def ticket_code(self, ticket: TicketId, now: float, taken: Container[str]) -> str:
        """The code that an open ticket's page shows besides: who calls in with it says so.

        None that a fiche has now or had last, none of those `taken` by other tickets.
        """
        self._turn_to(now)
        counter = 0
        while (code := self._candidate(ticket, 0, counter)) in self._taken or code in taken:
            counter += 1
        return code

    def _turn_to(self, now: float) -> None:
        period = int(now // self._period_s)
        if period == self._period:
            return
        current, previous = self._derive(period), self._derive(period - 1)
        self._codes = {fiche: code for code, fiche in current.items()}
        self._taken = previous | current
        self._period = period

    def _derive(self, period: int) -> dict[str, FicheId]:
        codes: dict[str, FicheId] = {}
        for fiche in self._fiches:
            counter = 0
            while (code := self._candidate(fiche, period, counter)) in codes:
                counter += 1
            codes[code] = fiche
        return codes

    def _candidate(self, what: FicheId | TicketId, period: int, counter: int) -> str:
        message = f"{what}\n{period}\n{counter}".encode()
        # 64 bits over 5 million codes at most: the bias of the modulo is below one in 10^12.
        drawn = int.from_bytes(hmac.digest(self._secret, message, "sha256")[:8])
        lead, rest = divmod(drawn % (len(self._leads) * _CODES_PER_LEAD), _CODES_PER_LEAD)
        digits = f"{self._leads[lead]}{rest * 2 + period % 2:0{CODE_LENGTH - 2}}"
        return digits + check_digit(digits)


class FailureBudget:
    """How many wrong codes a minute are answered at once, over all calls.

    It slows down guessing without knowing who guesses. Remembers `per_minute` + 1
    instants at most.
    """

    def __init__(self, per_minute: int) -> None:
        self._failures: deque[float] = deque(maxlen=per_minute + 1)

    def record(self, now: float) -> None:
        """Count a wrong code."""
        self._failures.append(now)

    def exceeded(self, now: float) -> bool:
        """Whether more than `per_minute` wrong codes came in the last 60 s."""
        return len(self._failures) == self._failures.maxlen and now - self._failures[0] < 60
