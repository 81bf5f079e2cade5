"""The judge: what must hold whatever was broken, by what people did and heard, and by nothing else.

Pure: a history in, breaches out. The router's log and its figures are no evidence.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import inf

from tests.faults import spans
from tests.faults.history import ASTERISK, CALLER, INFORMATEUR, USAGER, Did, History, Noted
from tests.faults.spans import OWN_ENDS, Span


class Rule(StrEnum):
    """What must hold."""

    NO_TALK_CUT = "no talk is cut by a fault of the router"
    NOBODY_DROPPED = "no caller is hung up on who was being served"
    EVERYBODY_ANSWERED = "every caller is answered, and every call ends"
    ORDER_KEPT = "who waited first is served first"
    ONE_CALL_A_PHONE = "no phone has two calls"
    NO_SILENCE = "no caller is left in silence"
    PROMISES_END = "every promised callback ends, and in one way"
    ONE_DIAL_AN_ATTEMPT = "nobody is dialled twice for one attempt"
    ONLY_THE_PROMISED = "nobody is called back who was not promised it"
    NOTHING_LEFT = "nothing is left in Asterisk"


#: The longest silences, in seconds; the second in a fault, and while it is being got over.
SILENCE_S, SILENCE_IN_A_FAULT_S = 3.0, 10.0
#: How long a fault may be felt after it is over.
GOT_OVER_S = 10.0
#: Two ends of a call hear of a thing within this.
AT_ONCE_S = 1.0
#: Dials of one ticket: as many as the plan's `attempts`.
ATTEMPTS = 2
#: The faults that take every call with them; "router: killed" does not.
ENDS_ALL_CALLS = "Asterisk"
LOSES_NUMBERS = "vault"
LOSES_A_PHONE = "phone"
#: The states in which a ticket is over, as the website tells them.
OUTCOMES = frozenset({"done", "failed", "expired", "cancelled"})
#: Who hears this has called while the router was away.
AWAY = "away-first"
#: Who hears one of these last has been told that it is over.
FAREWELLS = (
    "goodbye",
    "apology-end",
    "callback-promised",
    "refused-full",
    "refused-no-agent",
    "refused-closing",
    "refused-long",
    "refused-unheard",
    "code-abandoned",
    "menu-abandoned",
    "vote-thanks",
)


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that was broken, when, and how."""

    rule: Rule
    at: float
    told: str

    def __str__(self) -> str:
        return f"{self.at:9.3f}  {self.rule}: {self.told}"


def judge(history: History) -> list[Breach]:
    """Return every breach, in order of time."""
    found = [breach for rule in _RULES for breach in rule(history)]
    return sorted(found, key=lambda breach: breach.at)


def _talks_cut(history: History) -> Iterator[Breach]:
    for caller in history.people(CALLER):
        end = spans.end_of(history, caller)
        for talk in spans.talks(history, caller):
            call = talk.at_the_phone
            if call is None or end is None:
                continue
            left = min(end.at, call.end)
            if left == inf:
                continue
            by_caller = end.did in OWN_ENDS and end.at == left
            by_informateur = call.ending in OWN_ENDS and call.end == left
            if not by_caller and not by_informateur and not _asterisk_was_down(history, left):
                told = f"{caller} and {talk.informateur} were cut off"
                yield Breach(Rule.NO_TALK_CUT, left, told)


def _callbacks_cut(history: History) -> Iterator[Breach]:
    calls = [
        call
        for phone in history.people(INFORMATEUR)
        for call in spans.phone_calls(history, phone)
        if call.ending in OWN_ENDS
    ]
    for usager in history.people(USAGER):
        for call in spans.talked_to(history, usager):
            if call.ending is not Did.WAS_HUNG_UP or _asterisk_was_down(history, call.end):
                continue
            if not any(abs(one.end - call.end) <= AT_ONCE_S for one in calls):
                told = f"{usager} was cut off from an informateur"
                yield Breach(Rule.NO_TALK_CUT, call.end, told)


def _callers_dropped(history: History) -> Iterator[Breach]:
    for caller in history.people(CALLER):
        end = spans.end_of(history, caller)
        if end is None or end.did is not Did.WAS_HUNG_UP or spans.talked(history, caller):
            continue
        heard = [sound.what for sound in spans.sounds(history, caller) if sound.what]
        told = any(name.startswith(FAREWELLS) for name in heard[-3:])
        if not told and not _asterisk_was_down(history, end.at):
            last = heard[-1] if heard else "nothing"
            yield Breach(Rule.NOBODY_DROPPED, end.at, f"{caller}, who heard {last}")


def _callers_unanswered(history: History) -> Iterator[Breach]:
    for caller in history.people(CALLER):
        dialled, end = history.of(caller)[0], spans.end_of(history, caller)
        if end is None:
            told = f"the call of {caller} has not ended"
            yield Breach(Rule.EVERYBODY_ANSWERED, dialled.at, told)
        elif end.did is Did.TURNED_AWAY and not _asterisk_was_down(history, dialled.at):
            told = f"{caller} was turned away ({end.about})"
            yield Breach(Rule.EVERYBODY_ANSWERED, end.at, told)


@dataclass(frozen=True, slots=True)
class _Wait:
    """A caller in the queue, until the phone rang that was picked up, or the caller left."""

    caller: str
    joined: float
    rung: float
    left: float


def _order_broken(history: History) -> Iterator[Breach]:
    waits = [wait for caller in history.people(CALLER) if (wait := _wait(history, caller))]
    elsewhere = _vain_calls(history)
    for first in waits:
        for second in waits:
            overtaken = (
                first.joined + AT_ONCE_S < second.joined
                and second.rung + AT_ONCE_S < first.rung
                and second.rung + AT_ONCE_S < first.left
            )
            if overtaken and not _may_have_been_rung_for(first, second.rung, elsewhere):
                told = f"{second.caller} was served before {first.caller}, who had come before"
                yield Breach(Rule.ORDER_KEPT, second.rung, told)


def _vain_calls(history: History) -> list[Span]:
    """Return the calls at phones in which nobody was heard, and when phones were out of reach."""
    found: list[Span] = [one for one in spans.faults(history) if one.what.startswith(LOSES_A_PHONE)]
    for phone in history.people(INFORMATEUR):
        heard = [one.begin for one in spans.sounds(history, phone) if one.what.startswith(CALLER)]
        for call in spans.phone_calls(history, phone):
            if not any(call.begin <= begin <= call.end for begin in heard):
                found.append(call)
    return found


def _may_have_been_rung_for(first: _Wait, at: float, elsewhere: list[Span]) -> bool:
    """Whether another phone may have been rung for them, in vain."""
    return any(
        one.meets(at - AT_ONCE_S, at + AT_ONCE_S) and one.end >= first.joined for one in elsewhere
    )


def _wait(history: History, caller: str) -> _Wait | None:
    """Return a caller's wait, if they joined the queue.

    Whoever called while the router was away has waited from the call on, as they are told.
    """
    end = spans.end_of(history, caller)
    pressed = [one.at for one in history.of(caller) if one.did is Did.PRESSED]
    joined = [
        sound.begin
        for sound in spans.sounds(history, caller)
        if pressed and sound.begin > pressed[0] and sound.what in ("queue-joined", "music")
    ]
    if not joined:
        return None
    if any(sound.what == AWAY for sound in spans.sounds(history, caller)):
        joined = [one.at for one in history.of(caller) if one.did is Did.DIALLED]
    met = [talk.at_the_phone.begin for talk in spans.talks(history, caller) if talk.at_the_phone]
    return _Wait(caller, joined[0], min(met, default=inf), inf if end is None else end.at)


def _phones_with_two_calls(history: History) -> Iterator[Breach]:
    for phone in history.people(INFORMATEUR):
        calls = spans.phone_calls(history, phone)
        for before, call in pairwise(calls):
            if before.end > call.begin and not _asterisk_was_down(history, call.begin):
                told = f"{phone} was rung while it had another call"
                yield Breach(Rule.ONE_CALL_A_PHONE, call.begin, told)


def _silences(history: History) -> Iterator[Breach]:
    felt = [Span(one.what, one.begin, one.end + GOT_OVER_S) for one in spans.faults(history)]
    for caller in history.people(CALLER):
        for silence in silences(history, caller):
            in_a_fault = any(one.meets(silence.begin, silence.end) for one in felt)
            longest = SILENCE_IN_A_FAULT_S if in_a_fault else SILENCE_S
            lasted = silence.end - silence.begin
            if lasted > longest and not _asterisk_was_down(history, silence.end):
                told = f"{caller} heard nothing for {lasted:.1f} s"
                yield Breach(Rule.NO_SILENCE, silence.begin, told)


def silences(history: History, caller: str) -> list[Span]:
    """Return every silence of a caller who was answered, the one before the first word too."""
    answered = [one.at for one in history.of(caller) if one.did is Did.ANSWERED]
    if not answered:
        return []
    heard = spans.sounds(history, caller)
    end = spans.end_of(history, caller)
    first = heard[0].begin if heard else (history.end if end is None else end.at)
    quiet = [Span("", answered[0], first), *(sound for sound in heard if not sound.what)]
    return [Span("", one.begin, min(one.end, history.end)) for one in quiet]


def _promises_broken(history: History) -> Iterator[Breach]:
    for usager in history.people(USAGER):
        noted = history.of(usager)
        promised = next((one for one in noted if one.did is Did.PROMISED), None)
        if promised is None:
            continue
        for told in _wrong_with_the_end(history, usager, noted):
            yield Breach(Rule.PROMISES_END, promised.at, f"{usager}: {told}")


def _wrong_with_the_end(history: History, usager: str, noted: list[Noted]) -> Iterator[str]:
    ends = [one.about.partition(" ")[0] for one in noted if one.did is Did.ENDED]
    if not ends:
        yield "it never ended"
        return
    if len(set(ends)) > 1:
        yield f"it ended as {' and as '.join(dict.fromkeys(ends))}"
    lost_numbers = any(LOSES_NUMBERS in one.what for one in spans.faults(history))
    if not set(ends) <= OUTCOMES and not (lost_numbers and ends == ["lost_reboot"]):
        yield f"it ended as {ends[0]}"
    pressed = any(one.did is Did.PRESSED for one in noted)
    cancelled = any(one.did is Did.CANCELLED for one in noted)
    if ends[-1] == "done" and not pressed:
        yield "it counts as done, and nobody had pressed 1"
    if ends[-1] != "done" and spans.talked(history, usager):
        yield f"they talked, and it counts as {ends[-1]}"
    if ends[-1] == "cancelled" and not cancelled:
        yield "it counts as cancelled, and nobody had cancelled it"


def _dialled_twice(history: History) -> Iterator[Breach]:
    for usager in history.people(USAGER):
        calls = spans.phone_calls(history, usager)
        for before, call in pairwise(calls):
            if before.end > call.begin:
                told = f"{usager} was rung while the call before was not over"
                yield Breach(Rule.ONE_DIAL_AN_ATTEMPT, call.begin, told)
        if len(calls) > ATTEMPTS:
            told = f"{usager} was rung {len(calls)} times"
            yield Breach(Rule.ONE_DIAL_AN_ATTEMPT, calls[-1].begin, told)
        met_in = spans.talked_to(history, usager)
        if len(met_in) > 1:
            told = f"{usager} was talked to in {len(met_in)} calls"
            yield Breach(Rule.ONE_DIAL_AN_ATTEMPT, calls[-1].begin, told)


def _called_unpromised(history: History) -> Iterator[Breach]:
    for usager in history.people(USAGER):
        calls = spans.phone_calls(history, usager)
        if calls and not any(one.did is Did.PROMISED for one in history.of(usager)):
            told = f"{usager} was refused, and called all the same"
            yield Breach(Rule.ONLY_THE_PROMISED, calls[0].begin, told)


def _left(history: History) -> Iterator[Breach]:
    held = [one for one in history.of(ASTERISK) if one.did is Did.HOLDS]
    if not held:
        yield Breach(Rule.NOTHING_LEFT, history.end, "nobody looked")
    elif held[-1].about:
        yield Breach(Rule.NOTHING_LEFT, held[-1].at, held[-1].about)


def _asterisk_was_down(history: History, at: float) -> bool:
    """Whether Asterisk itself had been killed, so that nobody can keep a call."""
    return any(
        one.what.startswith(ENDS_ALL_CALLS) and one.begin <= at <= one.end + GOT_OVER_S
        for one in spans.faults(history)
    )


_RULES: tuple[Callable[[History], Iterator[Breach]], ...] = (
    _talks_cut,
    _callbacks_cut,
    _callers_dropped,
    _callers_unanswered,
    _order_broken,
    _phones_with_two_calls,
    _silences,
    _promises_broken,
    _dialled_twice,
    _called_unpromised,
    _left,
)
