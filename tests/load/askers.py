"""Requests to be called back as they come: half of them can be promised, half must be refused.

Every number is of the ranges kept for fiction.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass

from router.core.plan import Plan
from tests.load.open_loop import Answer

#: In each range there are 10,000 numbers (Arcep: œuvres audiovisuelles).
_RANGES = ("019900", "026191", "035301", "046571", "053649")
_PER_RANGE = 10_000
#: The sector that nobody on duty knows: none of its fiches can be promised.
UNSTAFFED = "consommation"
#: A repeated request is about the number that was promised this many requests before.
_LAG = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and the only right answer to it."""

    request: bytes
    status: int
    #: The refusal's code; "" when it must be promised.
    code: str

    def is_right(self, answer: Answer) -> bool:
        """Whether the answer is the right one."""
        if answer.status != self.status:
            return False
        told = json.loads(answer.body)
        if self.code:
            return bool(told["error"]["code"] == self.code)
        return bool(told["state"] == "accepted")


class Askers:
    """Makes requests, no two of them about the same number unless they must be refused for it."""

    def __init__(self, plan: Plan, host: str, token: str) -> None:
        self._head = (
            f"POST /v1/callbacks HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\n"
        )
        self._keys = itertools.count()
        self._numbers = (f"{start}{number:04}" for start in _RANGES for number in range(_PER_RANGE))
        self._fiches = itertools.cycle(
            [fiche.id for fiche in plan.fiches.values() if fiche.sector != UNSTAFFED]
        )
        self._promised: list[str] = []

    def promised(self, number: int) -> list[Asked]:
        """Return `number` requests that must be promised."""
        return [self._good() for _ in range(number)]

    def mixed(self, number: int) -> list[Asked]:
        """Return `number` requests, every second of which must be refused, each way in turn."""
        refused = self._refused()
        return [next(refused) if place % 2 else self._good() for place in range(number)]

    def _good(self) -> Asked:
        number = next(self._numbers)
        self._promised.append(number)
        return self._asked(202, "", phone=number, fiche=next(self._fiches))

    def _refused(self) -> Iterator[Asked]:
        for place in itertools.count():
            about = {"fiche": next(self._fiches)}
            match place % 5:
                case 0:  # 08: special rates
                    yield self._asked(422, "special", phone=f"0899{place % 10**6:06}", **about)
                case 1:  # Ofcom's numbers for drama
                    yield self._asked(
                        422, "foreign", phone=f"+44 20 7946 0{place % 1000:03}", **about
                    )
                case 2:
                    yield self._asked(422, "malformed", phone=f"0199{place % 10**4:04}", **about)
                case 3:  # has an open ticket
                    before = self._promised[max(0, len(self._promised) - _LAG)]
                    yield self._asked(429, "number_limit", phone=before, **about)
                case 4:
                    number = next(self._numbers)
                    yield self._asked(503, "no_agent", phone=number, sector=UNSTAFFED)

    def _asked(self, status: int, code: str, **body: str) -> Asked:
        content = json.dumps(body)
        request = (
            f"{self._head}Idempotency-Key: bench-{next(self._keys):09}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n{content}"
        )
        return Asked(request.encode(), status, code)
