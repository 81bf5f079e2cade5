"""A number typed by a caller who wants to be called back, as a pure state machine.

    ASKING      "tapez le numéro, puis dièse": keys are collected until # or a pause; * starts
                again. If the number is refused, the reason is said and it is asked for again.
    CONFIRMING  "vous avez tapé 06 12 …: tapez 1 pour confirmer, 2 pour recommencer"
    CLAIMING    confirmed: `refused` is called if it may not be called back after all
    PARTING     the reason of the last refusal is said
    OVER

The number is asked for at most `TRIES` times. A key interrupts whatever is being said. Times are
seconds of any clock that never goes back. Nothing here gives away what was typed, except
`Confirmed`.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from router.core import speech
from router.core.ids import PromptId
from router.errors import NumberRefused
from router.intake.abuse import LimitReached
from router.intake.numbers import PhoneNumber, Why, national_pairs, read_number

TRIES = 3
#: The longest silence before the first key, and between two keys, in seconds.
FIRST_KEY_S = 8.0
NEXT_KEY_S = 6.0
#: After the ten digits of a French number a short pause is enough.
COMPLETE_S = 2.5
_COMPLETE = 10
#: "00" and the longest international number; keys beyond that are ignored.
_LONGEST = 17
#: Our longest prompt takes half as long: by then the news of its end was lost.
_PROMPT_S = 30.0
#: Nobody may take longer in total.
_LONGEST_S = 240.0

_ASK = PromptId("callback-ask-number")
_NOTHING = PromptId("callback-nothing-typed")
_READ_BACK = PromptId("callback-read-back")
_CONFIRM = PromptId("callback-confirm")


def refusal_prompt(code: str) -> PromptId:
    """Return the prompt that says why a number is refused, by the refusal's code."""
    return PromptId(f"number-refused-{code.replace('_', '-')}")


#: Every prompt used here, except pairs of digits.
PROMPTS = frozenset({_ASK, _NOTHING, _READ_BACK, _CONFIRM}) | {
    refusal_prompt(code) for code in (*(why.code for why in Why), LimitReached.NUMBER_LIMIT.code)
}


@dataclass(frozen=True, slots=True)
class Say:
    """Say the prompts, one after another."""

    prompts: tuple[PromptId, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop whatever is being said."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The caller heard the number and pressed 1: this is the end, unless it is `refused`."""

    number: PhoneNumber


@dataclass(frozen=True, slots=True)
class GaveUp:
    """There is no number."""

    #: The code of the last refusal, or "nothing_typed", "not_confirmed".
    code: str


Action = Say | Hush | Confirmed | GaveUp


class Step(Enum):
    """How far the caller has come: see above."""

    ASKING = auto()
    CONFIRMING = auto()
    CLAIMING = auto()
    PARTING = auto()
    OVER = auto()


class Keypad:
    """One caller. Call `time_passed` at `deadline`, which is None when all is over."""

    def __init__(self, *, fiction: bool = False) -> None:
        self._fiction = fiction
        self.step = Step.ASKING
        self.deadline: float | None = None
        self._ends_at = 0.0
        self._speaking = False
        self._typed = ""
        self._number: PhoneNumber | None = None
        self._asked = 0
        self._silences = 0
        self._code = "nothing_typed"

    def start(self, now: float) -> list[Action]:
        """Ask for the number."""
        self._ends_at = now + _LONGEST_S
        return self._ask(now)

    def key(self, key: str, now: float) -> list[Action]:
        """Take a key, "0"-"9", "*" or "#"; anything else is ignored."""
        if now >= self._ends_at:
            return self._give_up()
        if self.step is Step.ASKING and key in "0123456789*#":
            return self._hush() + self._typing(key, now)
        if self.step is Step.CONFIRMING and key in "0123456789*":
            # The # that ends a number may come late, after the pause that ended it.
            return self._hush() + self._choosing(key, now)
        return []

    def said(self, now: float) -> list[Action]:
        """Go on: what was said last has ended."""
        if not self._speaking:
            return []
        self._speaking = False
        if self.step is Step.PARTING:
            return self._give_up()
        self._wait(FIRST_KEY_S, now)
        return []

    def unsaid(self, now: float) -> list[Action]:
        """Go on: what was being said broke off and was not heard.

        A number is read back again, as after a silence; anything else counts as said.
        """
        if not self._speaking:
            return []
        if self.step is Step.CONFIRMING:
            return [*self._hush(), *self._silence(now)]
        return self.said(now)

    def refused(self, code: str, now: float) -> list[Action]:
        """Go on: the confirmed number is refused after all, for the reason `code`."""
        self._code = code
        if code == LimitReached.NUMBER_LIMIT.code:
            return self._ask(now, refusal_prompt(code))
        return self._give_up()

    def time_passed(self, now: float) -> list[Action]:
        """Act if the deadline has passed."""
        if self.deadline is None or now < self.deadline:
            return []
        if now >= self._ends_at:
            return [*self._hush(), *self._give_up()]
        if self._speaking:
            return self.said(now)
        if self.step is Step.ASKING and self._typed:
            return self._read(now)
        return self._silence(now)

    # --- asking ----------------------------------------------------------------------------

    def _ask(self, now: float, *first: PromptId) -> list[Action]:
        if self._asked == TRIES:
            return self._part(now, *first)
        self._asked += 1
        self.step = Step.ASKING
        self._typed = ""
        return self._say(now, *first, _ASK)

    def _typing(self, key: str, now: float) -> list[Action]:
        if key == "#":
            return self._read(now)
        if key == "*":
            self._typed = ""
            self._wait(FIRST_KEY_S, now)
            return []
        if len(self._typed) < _LONGEST:
            self._typed += key
        national = len(self._typed) == _COMPLETE and not self._typed.startswith("00")
        self._wait(COMPLETE_S if national else NEXT_KEY_S, now)
        return []

    def _read(self, now: float) -> list[Action]:
        typed, self._typed = self._typed, ""
        try:
            self._number = read_number(typed, fiction=self._fiction)
        except NumberRefused as error:
            self._code = error.code
            return self._ask(now, refusal_prompt(error.code))
        self.step = Step.CONFIRMING
        self._silences = 0
        return self._read_back(now)

    # --- confirming ------------------------------------------------------------------------

    def _read_back(self, now: float) -> list[Action]:
        assert self._number is not None
        pairs = speech.code_in_pairs("".join(national_pairs(self._number)))
        return self._say(now, _READ_BACK, *pairs, _CONFIRM)

    def _choosing(self, key: str, now: float) -> list[Action]:
        number = self._number
        if key == "1" and number is not None:
            self._number = self.deadline = None
            self.step = Step.CLAIMING
            return [Confirmed(number)]
        if key == "2":
            self._number = None
            self._code = "not_confirmed"
            return self._ask(now)
        return self._say(now, _CONFIRM)

    # --- both ------------------------------------------------------------------------------

    def _silence(self, now: float) -> list[Action]:
        if self.step is Step.ASKING:
            self._code = "nothing_typed"
            return self._ask(now, _NOTHING)
        self._silences += 1
        if self._silences == TRIES:
            self._code = "not_confirmed"
            return self._give_up()
        return self._read_back(now)

    def _part(self, now: float, *last: PromptId) -> list[Action]:
        if not last:
            return self._give_up()
        self.step = Step.PARTING
        return self._say(now, *last)

    def _give_up(self) -> list[Action]:
        if self.step is Step.OVER:
            return []
        self._over()
        return [GaveUp(self._code)]

    def _over(self) -> None:
        self.step = Step.OVER
        self.deadline = None
        self._typed = ""
        self._number = None

    def _say(self, now: float, *prompts: PromptId) -> list[Action]:
        self._speaking = True
        self._wait(_PROMPT_S, now)
        return [Say(prompts)]

    def _hush(self) -> list[Action]:
        was, self._speaking = self._speaking, False
        return [Hush()] if was else []

    def _wait(self, how_long_s: float, now: float) -> None:
        self.deadline = min(now + how_long_s, self._ends_at)
