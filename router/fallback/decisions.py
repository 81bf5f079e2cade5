"""What the verbs answer: the channel variables that a dialplan reads (docs/fastagi.md). Pure.

Every variable of a verb is always set, if only to nothing, so that no answer is taken for that of
an earlier question.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from router.core.call.digits import Reading, read_code
from router.core.codes import CODE_LENGTH, CodeBook, FailureBudget
from router.core.events import KeyPressed, PromptEnded, TimePassed
from router.core.ids import CallId
from router.core.plan import Plan
from router.fallback.journeys import Caller, Journeys

#: What a person could type in a call; of more, the rest is not looked at.
MOST_KEYS = 64
_KEYS = frozenset("0123456789*#")
#: Silences after which somebody who presses nothing has surely been led somewhere.
_MOST_SILENCES = 20

Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The variables to be set, after a pause of `after_s` seconds (codes are being guessed)."""

    variables: Variables
    after_s: float = 0.0


class Decisions:
    """What the plan says, asked from outside. `now` is in UTC epoch seconds."""

    def __init__(self, plan: Plan, codes: CodeBook) -> None:
        self._plan = plan
        self._codes = codes
        self._failures = FailureBudget()
        self._numbers = count(1)

    def hours(self, now: float) -> Answer:
        """Return whether the service is open, why it is not, and when that changes."""
        hours = self._plan.hours
        is_open = hours.is_open(now)
        change = hours.next_change(now)
        return Answer(
            {
                "ALLO_OPEN": "1" if is_open else "0",
                "ALLO_CLOSED_BECAUSE": "" if is_open else hours.why_closed(now).value,
                "ALLO_CHANGES_AT": "" if change is None else str(int(hours.wall(change))),
            }
        )

    def code(self, digits: str, now: float) -> Answer:
        """Return which page an access code is of, and who answers about it."""
        digits = digits.removesuffix("#")
        fiche = None
        if digits.isascii() and digits.isdigit() and len(digits) == CODE_LENGTH:
            assert read_code(digits, CODE_LENGTH) is Reading.COMPLETE
            fiche = self._codes.fiche(digits, now)
        after_s = self._pause(now, wrong=fiche is None)
        return Answer(
            {
                "ALLO_CODE": "wrong" if fiche is None else "valid",
                "ALLO_FICHE": fiche or "",
                "ALLO_SECTOR": "" if fiche is None else self._plan.fiches[fiche].sector,
            },
            after_s,
        )

    def route(self, keys: str, now: float) -> Answer:
        """Return where a caller belongs who presses these keys after the welcome, or none."""
        typed = [key for key in keys[:MOST_KEYS] if key in _KEYS]
        journeys = Journeys(self._plan, self._codes, f"route-{next(self._numbers)}")
        caller = journeys.begin(CallId("route"), now)
        if typed:
            _skip_what_is_said(journeys, caller, now)
            for key in typed:
                journeys.handle(KeyPressed(caller.call, key), now)
        else:
            _press_nothing(journeys, caller, now)
        after_s = self._pause(now, wrong=caller.wrong_codes > 0)
        where = caller.destination
        return Answer(
            {
                "ALLO_ROUTE": _route(caller),
                "ALLO_SECTOR": "" if where is None else where.sector,
                "ALLO_FICHE": "" if where is None else where.fiche or "",
            },
            after_s,
        )

    def _pause(self, now: float, *, wrong: bool) -> float:
        policy = self._plan.code
        is_guessed = self._failures.exceeded(now, policy.failures_per_minute)
        if wrong:
            self._failures.record(now)
        return policy.delay_s if is_guessed else 0.0


def _route(caller: Caller) -> str:
    if caller.destination is not None:
        return "queue"
    if caller.closed:
        return "closed"
    return "wrong" if caller.wrong_codes else "unfinished"


def _skip_what_is_said(journeys: Journeys, caller: Caller, now: float) -> None:
    """Let the welcome be over, so that the first key is the first of the answer."""
    if caller.playback is not None and not caller.closed:
        journeys.handle(PromptEnded(caller.call, caller.playback), now)


def _press_nothing(journeys: Journeys, caller: Caller, now: float) -> None:
    for _ in range(_MOST_SILENCES):
        if caller.destination is not None or caller.over or caller.closed:
            return
        if caller.playback is not None:
            playback, caller.playback = caller.playback, None
            journeys.handle(PromptEnded(caller.call, playback), now)
        else:
            now = max(now, journeys.next_deadline() or now)
            journeys.handle(TimePassed(), now)
