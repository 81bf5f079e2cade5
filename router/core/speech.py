"""Sentences with figures or names in them, composed as sequences of prompt ids.

The pieces are families in `prompts/catalogue.toml` (`minutes-1` … `minutes-99`) and a few parts of
sentences, which Asterisk plays one after another. Each function returns whole sentences unless it
says otherwise. Every id that it can return is in `required()`, except those that a plan names:
sectors, fiches, reasons for a pause, and entries of the directory.
"""

import datetime
from collections.abc import Mapping, Sequence

from router.core.ids import PromptId, ReasonId
from router.core.plan import Entry

#: Family -> the numbers that it covers; an id is family, hyphen, number.
_FAMILIES: dict[str, range] = {
    "number": range(100),
    "minutes": range(1, 100),
    "hour": range(24),
    # Feminine and without a unit ("vingt et une"): also for the lower bound of a wait.
    "clock-minute": range(1, 60),
    "weekday": range(1, 8),
    "each-weekday": range(1, 8),  # "le lundi"
    "day": range(1, 32),
    "month": range(1, 13),
    "people-before": range(1, 100),
    # For French short numbers of three digits and European ones of six: "cent seize".
    "hundred": range(100, 200),
}
_PAIRS = tuple(PromptId(f"pair-{n:02}") for n in range(100))

_NEXT_OPENING = PromptId("next-opening")
_TODAY = PromptId("word-today")
_TOMORROW = PromptId("word-tomorrow")
_AT = PromptId("word-at")
_AND = PromptId("word-and")
_MIDNIGHT = PromptId("word-midnight")
_FROM_HOUR = PromptId("word-from-hour")
_FROM_DAY = PromptId("word-from-day")
_TO_DAY = PromptId("word-to-day")
_CLOSED = PromptId("word-closed")
_MORE_THAN = PromptId("word-more-than")
_UNDER_A_MINUTE = PromptId("under-a-minute")
_WAIT_BETWEEN = PromptId("wait-between")
_WAIT_ABOUT = PromptId("wait-about")
_WAIT_LESS_THAN = PromptId("wait-less-than")
_WAIT_MORE_THAN = PromptId("wait-more-than")
_WAIT_UNDER_A_MINUTE = PromptId("wait-under-a-minute")
_RANK_NEXT = PromptId("rank-next")
_MANY_BEFORE = PromptId("people-before-many")
_WHISPER_WAITED = PromptId("whisper-waited")
#: Why an informateur's phone rang; the beginning of the whisper.
_WHISPERS = {
    "call": PromptId("whisper-call"),
    "callback": PromptId("whisper-callback"),
    "transfer": PromptId("whisper-transfer"),
    "consult": PromptId("consult-whisper"),
}
_REFERRAL_INTRO = PromptId("referral-intro")
_REFERRAL_NUMBER = PromptId("referral-number")
_REFERRAL_REPEAT = PromptId("referral-repeat")
_PARTS = frozenset(
    {
        *(_NEXT_OPENING, _TODAY, _TOMORROW, _AT, _AND, _MIDNIGHT, _FROM_HOUR, _FROM_DAY),
        *(_TO_DAY, _CLOSED, _MORE_THAN, _UNDER_A_MINUTE, _WAIT_BETWEEN, _WAIT_ABOUT),
        *(_WAIT_LESS_THAN, _WAIT_MORE_THAN, _WAIT_UNDER_A_MINUTE, _RANK_NEXT, _MANY_BEFORE),
        *(_WHISPER_WAITED, *_WHISPERS.values()),
        *(_REFERRAL_INTRO, _REFERRAL_NUMBER, _REFERRAL_REPEAT),
    }
)

#: Opening and closing times of one day.
Spans = Sequence[tuple[datetime.time, datetime.time]]


def all_families() -> dict[str, tuple[PromptId, ...]]:
    """Return every family of numbered prompts with its ids in order."""
    families = {
        family: tuple(PromptId(f"{family}-{n}") for n in numbers)
        for family, numbers in _FAMILIES.items()
    }
    return {**families, "pair": _PAIRS}


def required() -> frozenset[PromptId]:
    """Return every id that the functions below can return, except those that a plan names."""
    return _PARTS.union(*all_families().values())


def number(n: int) -> tuple[PromptId, ...]:
    """Return a number from 0 to 99, masculine; part of a sentence."""
    return (_member("number", n),)


def code_in_pairs(code: str) -> tuple[PromptId, ...]:
    """Return an access code, read in pairs of digits; part of a sentence.

    Raises:
        ValueError: If it is not an even number of decimal digits.
    """
    if not (code.isascii() and code.isdigit()) or len(code) % 2:
        raise ValueError(f"not pairs of digits: {len(code)} characters")
    return tuple(_PAIRS[int(code[i : i + 2])] for i in range(0, len(code), 2))


def minutes(n: int) -> tuple[PromptId, ...]:
    """Return a duration, part of a sentence: "six minutes".

    Below 1 it is "moins d'une minute", above 99 "plus de quatre-vingt-dix-neuf minutes".
    """
    if n < 1:
        return (_UNDER_A_MINUTE,)
    if n > 99:
        return (_MORE_THAN, _member("minutes", 99))
    return (_member("minutes", n),)


def clock(hour: int, minute: int) -> tuple[PromptId, ...]:
    """Return a time of day, part of a sentence: "huit heures trente", "minuit"."""
    if hour == minute == 0:
        return (_MIDNIGHT,)
    if minute == 0:
        return (_member("hour", hour),)
    return (_member("hour", hour), _member("clock-minute", minute))


def date(day: datetime.date) -> tuple[PromptId, ...]:
    """Return a date, part of a sentence: "lundi vingt-trois novembre"."""
    return (
        _member("weekday", day.isoweekday()),
        _member("day", day.day),
        _member("month", day.month),
    )


def opening(opens: datetime.datetime, now: datetime.datetime) -> tuple[PromptId, ...]:
    """Return "Le service ouvrira demain, lundi vingt-trois novembre, à huit heures trente".

    Both instants are on the service's own clock (local time).
    """
    days = (opens.date() - now.date()).days
    when: tuple[PromptId, ...]
    if days == 0:
        when = (_TODAY,)
    elif days == 1:
        when = (_TOMORROW, *date(opens.date()))
    else:
        when = date(opens.date())
    return (_NEXT_OPENING, *when, _AT, *clock(opens.hour, opens.minute))


def week(hours: Mapping[int, Spans]) -> tuple[PromptId, ...]:
    """Return the weekly hours, grouping days with the same hours, closed days last.

    `hours` maps ISO weekdays (1 is Monday) to spans (opens, closes); a day without spans is closed.
    "Le lundi et le jeudi, de huit heures trente à dix-huit heures quinze … le samedi et le
    dimanche : fermé".
    """
    alike: dict[tuple[tuple[datetime.time, datetime.time], ...], list[int]] = {}
    for weekday in range(1, 8):
        alike.setdefault(tuple(hours.get(weekday, ())), []).append(weekday)
    closed = alike.pop((), [])
    spoken: list[PromptId] = []
    for spans, days in alike.items():
        spoken += _days(days)
        for place, (opens, closes) in enumerate(spans):
            spoken += (_AND,) if place else ()
            spoken += (_FROM_HOUR, *clock(opens.hour, opens.minute))
            spoken += (_AT, *clock(closes.hour, closes.minute))
    if closed:
        spoken += (*_days(closed), _CLOSED)
    return tuple(spoken)


def wait_between(low_min: int, high_min: int) -> tuple[PromptId, ...]:
    """Return the estimated wait, in minutes: "… estimé entre trois et six minutes".

    "à moins d'une minute" if it is short, "à environ six minutes" if both are equal, "à plus de …"
    if it is too long for an honest upper bound: `low_min` from 60, or `high_min` over 99.
    """
    low, high = sorted((low_min, high_min))
    if high < 2:
        return (_WAIT_UNDER_A_MINUTE,)
    if low < 1 and high <= 99:
        return (_WAIT_LESS_THAN, _member("minutes", high))
    if low >= 60 or high > 99:
        return (_WAIT_MORE_THAN, _member("minutes", min(max(low, 1), 99)))
    if low == high:
        return (_WAIT_ABOUT, _member("minutes", high))
    return (_WAIT_BETWEEN, _member("clock-minute", low), _AND, _member("minutes", high))


def rank(position: int) -> tuple[PromptId, ...]:
    """Return the caller's place in the queue; position 1 is next.

    Raises:
        ValueError: If position is less than 1.
    """
    if position < 1:
        raise ValueError(f"no position {position} in a queue")
    if position == 1:
        return (_RANK_NEXT,)
    before = position - 1
    return (_member("people-before", before) if before < 100 else _MANY_BEFORE,)


def whisper(
    about: tuple[PromptId, ...], waited_min: int, *, kind: str = "call"
) -> tuple[PromptId, ...]:
    """Return what an informateur hears on picking up: the reason, the subject and the wait.

    `about` is from `Plan.about`; `kind` is "call", "callback", "transfer" or "consult". For the
    last no wait is given, as it is a colleague who is asking. A title never comes last: if its file
    is missing, Asterisk then skips it and plays the rest (as measured).
    """
    why = _WHISPERS[kind]
    if why == _WHISPERS["consult"]:
        return (why, about[0])
    return (why, *about, _WHISPER_WAITED, *minutes(waited_min))


def ask_reason(reason: ReasonId) -> PromptId:
    """Return a line of the menu of pauses, such as "Pour une pause courte, tapez 1"."""
    return PromptId(f"desk-ask-reason-{reason}")


def phone_number(digits: str) -> tuple[PromptId, ...]:
    """Return a phone number as it is said in France; part of a sentence.

    In pairs, an odd digit first: "trente-six, quarante-six". Three digits that begin with 1 are one
    number, as people know them ("cent dix-neuf"), and so is the first half of six that begin with
    116: "cent seize, zéro, zéro six".

    Raises:
        ValueError: If it is not made of digits.
    """
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"not digits: {len(digits)} characters")
    if len(digits) == 6 and digits.startswith("116"):
        return (*phone_number(digits[:3]), *phone_number(digits[3:]))
    if len(digits) == 3 and digits.startswith("1"):
        return (_member("hundred", int(digits)),)
    odd = len(digits) % 2
    first = number(int(digits[0])) if odd else ()
    return (*first, *code_in_pairs(digits[odd:]))


def referral(entry: Entry) -> tuple[PromptId, ...]:
    """Return the name, number and hours of an entry of the directory, said twice."""
    said: tuple[PromptId, ...] = (entry.prompt,)
    if entry.number is not None:
        said += (_REFERRAL_NUMBER, *phone_number(entry.number))
    said += (entry.hours_prompt,)
    return (_REFERRAL_INTRO, *said, _REFERRAL_REPEAT, *said)


def _member(family: str, n: int) -> PromptId:
    if n not in _FAMILIES[family]:
        raise ValueError(f"{n} is not in the family {family}")
    return PromptId(f"{family}-{n}")


def _days(days: Sequence[int]) -> list[PromptId]:
    """Return days: three or more in a row "du lundi au mercredi", else "le lundi et le jeudi"."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    items: list[tuple[PromptId, ...]] = []
    for run in runs:
        if len(run) >= 3:
            first, last = _member("weekday", run[0]), _member("weekday", run[-1])
            items.append((_FROM_DAY, first, _TO_DAY, last))
        else:
            items += [(_member("each-weekday", day),) for day in run]
    spoken: list[PromptId] = []
    for place, item in enumerate(items):
        if place and place == len(items) - 1:
            spoken.append(_AND)
        spoken += item
    return spoken
