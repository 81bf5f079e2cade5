"""The history put together: faults, calls at a phone, sounds, talks, each from when to when."""

from dataclasses import dataclass
from math import inf

from tests.faults.history import FAULT, INFORMATEUR, Did, History, Noted

#: What ends somebody's part in a call.
ENDS = frozenset({Did.HUNG_UP, Did.WAS_HUNG_UP, Did.VANISHED, Did.TURNED_AWAY, Did.STOPPED_RINGING})
#: What people do to their calls themselves.
OWN_ENDS = frozenset({Did.HUNG_UP, Did.VANISHED})


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasts; `end` is infinite if its end was never noted."""

    what: str
    begin: float
    end: float

    def meets(self, begin: float, end: float) -> bool:
        """Whether some of it lies between."""
        return self.begin <= end and begin <= self.end


@dataclass(frozen=True, slots=True)
class PhoneCall(Span):
    """A call that rang somewhere; `ending` is None while it lasts."""

    #: Infinite if nobody did.
    picked_up: float
    ending: Did | None


@dataclass(frozen=True, slots=True)
class Talk:
    """A caller who heard an informateur, and the call at the informateur's phone."""

    caller: str
    informateur: str
    #: When the informateur was first and last heard.
    begin: float
    end: float
    #: None if nobody heard the caller.
    at_the_phone: PhoneCall | None


def faults(history: History) -> list[Span]:
    """Return every fault."""
    noted = history.of(FAULT)
    found = []
    for begun in (one for one in noted if one.did is Did.BEGINS):
        over = (
            one.at
            for one in noted
            if one.did is Did.ENDS and one.about == begun.about and one.at >= begun.at
        )
        found.append(Span(begun.about, begun.at, next(over, inf)))
    return found


def sounds(history: History, who: str) -> list[Span]:
    """Return what somebody heard, silence ("") among it, while in a call."""
    found: list[Span] = []
    heard: Noted | None = None
    for one in history.of(who):
        if one.did is Did.HEARS or one.did in ENDS:
            if heard is not None:
                found.append(Span(heard.about, heard.at, one.at))
            heard = one if one.did is Did.HEARS else None
    if heard is not None:
        found.append(Span(heard.about, heard.at, inf))
    return found


def phone_calls(history: History, who: str) -> list[PhoneCall]:
    """Return the calls that rang at a phone."""
    noted = history.of(who)
    found = []
    for rang in (one for one in noted if one.did is Did.RANG):
        picked_up = inf
        ending: Noted | None = None
        for one in noted:
            if one.at < rang.at or ending is not None:
                continue
            if one.did is Did.PICKED_UP and one.about == rang.about:
                picked_up = one.at
            elif one.did in ENDS and (one.about == rang.about or one.did is Did.VANISHED):
                ending = one
        end, how = (inf, None) if ending is None else (ending.at, ending.did)
        found.append(PhoneCall(rang.about, rang.at, end, picked_up, how))
    return found


def talked_to(history: History, who: str) -> list[PhoneCall]:
    """Return the calls at a phone in which an informateur was heard."""
    met = [one.begin for one in sounds(history, who) if one.what.startswith(INFORMATEUR)]
    return [
        call
        for call in phone_calls(history, who)
        if any(call.begin <= begin <= call.end for begin in met)
    ]


def talks(history: History, caller: str) -> list[Talk]:
    """Return a caller's talks; all that is heard of one informateur is one talk."""
    found: dict[str, Talk] = {}
    for sound in sounds(history, caller):
        if sound.what.startswith(INFORMATEUR):
            before = found.get(sound.what)
            begin = sound.begin if before is None else before.begin
            call = _heard_in(history, sound.what, caller)
            found[sound.what] = Talk(caller, sound.what, begin, sound.end, call)
    return list(found.values())


def talked(history: History, who: str) -> bool:
    """Whether somebody heard an informateur."""
    return any(sound.what.startswith(INFORMATEUR) for sound in sounds(history, who))


def end_of(history: History, caller: str) -> Noted | None:
    """Return what ended a caller's call; None if nothing has."""
    return next((one for one in history.of(caller) if one.did in ENDS), None)


def _heard_in(history: History, informateur: str, caller: str) -> PhoneCall | None:
    """Return the call at the informateur's phone in which the caller was heard."""
    first = next((one.begin for one in sounds(history, informateur) if one.what == caller), None)
    if first is None:
        return None
    calls = [one for one in phone_calls(history, informateur) if one.begin <= first <= one.end]
    return calls[-1] if calls else None
