"""Access codes: eight digits that say which web page a caller has read.

A code reveals nothing about anybody. Seven digits are derived from a secret, the fiche and the
period (HMAC-SHA256, RFC 2104); the eighth is Damm's check digit, which catches every single wrong
digit and every transposition of neighbours. Nothing is stored: the same secret and fiches always
give the same codes.

`now` is in UTC epoch seconds.
"""

import hmac
from collections import deque
from collections.abc import Collection, Container

from router.core.ids import FicheId, TicketId
from router.core.plan import Plan

CODE_LENGTH = 8

#: A totally anti-symmetric quasigroup of order 10 with a zero diagonal: H. Michael Damm,
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

#: How many codes of one period begin with each digit. Before their check digit, codes of even
#: periods are even and those of odd periods odd, so none is valid in two consecutive periods.
_CODES_PER_LEAD = 10 ** (CODE_LENGTH - 2) // 2


def check_digit(digits: str) -> str:
    """Return the digit to append to `digits`, which are ASCII figures."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def in_pairs(code: str) -> str:
    """Return the code as it is shown and spoken: "12 34 56 78"."""
    return " ".join(code[start : start + 2] for start in range(0, len(code), 2))


class CodeBook:
    """The codes of all fiches, in the current period and the previous one.

    A code is shown during one period of `period_s` seconds, counted from the epoch, and accepted
    during the next one as well. After that it is unknown.

    If two fiches derive the same code, the later one, in the order of their ids, takes the next
    counter; so every machine with the same fiches computes the same codes.

    `leads` are the digits with which a code may begin: where a code is asked for together with a
    menu, those with which no choice of the menu begins.

    Raises:
        ValueError: If the secret or `leads` is empty, or `period_s` is not positive.
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
        """Return the codes of a service's fiches."""
        return cls(secret, plan.fiches, plan.code.period_s, plan.code_leads)

    def code(self, fiche: FicheId, now: float) -> str:
        """Return the code to show on the page now.

        Raises:
            KeyError: If the fiche is not in the book.
        """
        self._turn_to(now)
        return self._codes[fiche]

    def fiche(self, code: str, now: float) -> FicheId | None:
        """Return the fiche whose code this is, or was in the previous period, or None."""
        self._turn_to(now)
        return self._taken.get(code)

    def ticket_code(self, ticket: TicketId, now: float, taken: Container[str]) -> str:
        """Return the code on an open ticket's page, for calling in instead of being called back.

        It is no fiche's, now or in the previous period, and none of those `taken`.
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
        # 64 bits for at most 5 million codes: the bias of the modulo is below one in 10^12.
        drawn = int.from_bytes(hmac.digest(self._secret, message, "sha256")[:8])
        lead, rest = divmod(drawn % (len(self._leads) * _CODES_PER_LEAD), _CODES_PER_LEAD)
        digits = f"{self._leads[lead]}{rest * 2 + period % 2:0{CODE_LENGTH - 2}}"
        return digits + check_digit(digits)


class FailureBudget:
    """How many wrong codes a minute are answered at once, in all calls together.

    It slows down guessing without knowing who is guessing. What is older than a minute is
    forgotten.
    """

    def __init__(self) -> None:
        self._failures: deque[float] = deque()

    def record(self, now: float) -> None:
        """Count a wrong code."""
        self._forget(now)
        self._failures.append(now)

    def exceeded(self, now: float, per_minute: int) -> bool:
        """Return whether more than `per_minute` wrong codes came in the last 60 s."""
        self._forget(now)
        return len(self._failures) > per_minute

    def _forget(self, now: float) -> None:
        while self._failures and now - self._failures[0] >= 60:
            self._failures.popleft()
