"""Figures from facts, each by a definition that has an id. Pure.

A call has one outcome, an outcome one class, and a class belongs to what was offered to
informateurs or to what the caller did alone:

    total = offered + self-service
    offered = answered + abandoned + refused + closed + called back

Definitions never change under their id: another way of counting is another version
("service-level/2"), so that figures of different years can be compared or are seen not to be.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from router.core.commands import Outcome
from router.core.facts import CallFact, Door, DutyFact, SubjectFact, VoteFact
from router.core.ids import EntryId, FicheId, SectorId
from router.core.plan import Question

#: Who leaves the queue before so many seconds did not wait for us.
SHORT_ABANDON_S = 10


class Column(StrEnum):
    """What is counted of calls, notes and votes. All of it can be added up."""

    TOTAL = "total"
    SELF_SERVICE = "self-service"
    OFFERED = "offered"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    REFUSED = "refused"
    CLOSED = "closed"
    CALLED_BACK = "called back"
    #: Answered calls: live ones within the target or later, and those without a queue to time.
    WITHIN = "within"
    LATE = "late"
    UNTIMED = "untimed"
    ANSWERED_CALLBACK = "answered callback"
    SHORT = "short"
    #: Live callers who abandoned, but not at once.
    LASTING = "lasting"
    PROMISED = "promised"
    KEPT = "kept"
    #: Seconds: waited by WITHIN and LATE, talked by ANSWERED.
    WAITED_S = "waited"
    TALKED_S = "talked"
    SENT = "sent"
    MOBILISED = "mobilised"
    NOTED = "noted"
    IMPROVE = "improve"
    FINE = "fine"
    ADVISED = "advised"
    ASKED = "asked"
    ANSWERS = "answers"
    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    SCORE = "score"


Counts = Counter[Column]

#: The class of every outcome. A lost caller had been joined with an informateur.
CLASS: Mapping[Outcome, Column] = {
    Outcome.ANSWERED: Column.ANSWERED,
    Outcome.LOST: Column.ANSWERED,
    Outcome.ABANDONED: Column.ABANDONED,
    Outcome.REFUSED_FULL: Column.REFUSED,
    Outcome.REFUSED_NO_AGENT: Column.REFUSED,
    Outcome.REFUSED_CLOSING: Column.REFUSED,
    Outcome.REFUSED_LONG: Column.REFUSED,
    Outcome.CLOSED: Column.CLOSED,
    Outcome.CALLED_BACK: Column.CALLED_BACK,
    # Requests to be called back that came to nothing: nobody there; withdrawn, which is no
    # failure of anybody's; promises broken.
    Outcome.NOT_REACHED: Column.ABANDONED,
    Outcome.CANCELLED: Column.SELF_SERVICE,
    Outcome.EXPIRED: Column.REFUSED,
    Outcome.LOST_REBOOT: Column.REFUSED,
    Outcome.INFORMED: Column.SELF_SERVICE,
    Outcome.LEFT: Column.SELF_SERVICE,
    Outcome.SILENT: Column.SELF_SERVICE,
}
OFFERED_CLASSES = (
    Column.ANSWERED,
    Column.ABANDONED,
    Column.REFUSED,
    Column.CLOSED,
    Column.CALLED_BACK,
)
ANSWERED_CLASSES = (Column.WITHIN, Column.LATE, Column.UNTIMED)


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"  # 0 to 1
    SECONDS = "seconds"
    NUMBER = "number"  # with decimals: a mean, a ratio


@dataclass(frozen=True, slots=True)
class Definition:
    """How a figure is made: the sum of `numerator`, over that of `denominator` if there is one."""

    id: str
    #: French, for people; `short` heads a table's column.
    name: str
    short: str
    numerator: tuple[Column, ...]
    denominator: tuple[Column, ...]
    unit: Unit
    #: In words, with the source where the figure has one.
    formula: str


def _count(id_: str, name: str, short: str, column: Column, formula: str) -> Definition:
    return Definition(id_, name, short, (column,), (), Unit.COUNT, formula)


_C, _SHARE, _SECONDS = Column, Unit.SHARE, Unit.SECONDS
#: Every definition, by id.
DEFINITIONS: Mapping[str, Definition] = {
    one.id: one
    for one in (
        _count("total/1", "Appels reçus", "Reçus", _C.TOTAL, "every call that came in"),
        _count(
            "self-service/1",
            "Appels sans demande d’informateur",
            "Sans demande",
            _C.SELF_SERVICE,
            "heard the recorded information, left before choosing a domain, pressed no key, or "
            "withdrew the request to be called back",
        ),
        _count("offered/1", "Appels présentés", "Présentés", _C.OFFERED, "total − self-service"),
        _count(
            "answered/1",
            "Appels traités",
            "Traités",
            _C.ANSWERED,
            "joined with an informateur; the key figure « appels traités » (service-2025)",
        ),
        _count(
            "answered-callback/1",
            "Appels traités via le service de rappel",
            "Traités par rappel",
            _C.ANSWERED_CALLBACK,
            "answered that we dialled ourselves (service-2025)",
        ),
        _count(
            "abandoned/1",
            "Appels abandonnés",
            "Abandons",
            _C.ABANDONED,
            "left while waiting for an informateur, short abandons included",
        ),
        _count(
            "short-abandon/1",
            "Abandons précoces",
            "Précoces",
            _C.SHORT,
            f"abandoned after less than {SHORT_ABANDON_S} s of waiting",
        ),
        _count(
            "refused/1",
            "Appels refusés",
            "Refusés",
            _C.REFUSED,
            "told that the queue is full, nobody is on duty, the service closes, "
            "or the longest wait is reached",
        ),
        _count(
            "closed/1",
            "Appels hors horaires",
            "Fermé",
            _C.CLOSED,
            "came while the service was closed",
        ),
        _count(
            "called-back/1",
            "Demandes de rappel depuis la file",
            "Rappel",
            _C.CALLED_BACK,
            "left the queue for a callback",
        ),
        Definition(
            "pickup/1",
            "Taux de décroché",
            "Décroché",
            (_C.ANSWERED,),
            (_C.ANSWERED, _C.ABANDONED),
            _SHARE,
            "answered / (answered + abandoned)",
        ),
        Definition(
            "service-level/1",
            "Niveau de service",
            "Niveau",
            (_C.WITHIN,),
            (_C.WITHIN, _C.LATE),
            _SHARE,
            "live calls answered within the target / live calls answered "
            "(app_queue's ServicelevelPerf)",
        ),
        Definition(
            "service-level-abandons/1",
            "Niveau de service, abandons compris",
            "Niveau (abandons)",
            (_C.WITHIN,),
            (_C.WITHIN, _C.LATE, _C.LASTING),
            _SHARE,
            "live calls answered within the target / (live calls answered + live callers who "
            "abandoned − short abandons)",
        ),
        Definition(
            "asa/1",
            "Attente moyenne des appels traités",
            "Attente",
            (_C.WAITED_S,),
            (_C.WITHIN, _C.LATE),
            _SECONDS,
            "seconds waited by live calls answered / live calls answered (average speed of answer)",
        ),
        Definition(
            "talk/1",
            "Durée moyenne de conversation",
            "Conversation",
            (_C.TALKED_S,),
            (_C.ANSWERED,),
            _SECONDS,
            "seconds with informateurs / answered",
        ),
        Definition(
            "promise-kept/1",
            "Promesses tenues",
            "Promesses",
            (_C.KEPT,),
            (_C.PROMISED,),
            _SHARE,
            "conversations begun by the instant promised / calls with a promise whose instant came "
            "or whose conversation began",
        ),
        _count(
            "mobilised/1",
            "Informateurs mobilisés",
            "Informateurs",
            _C.MOBILISED,
            "different informateurs who were ready for calls at least once (service-2025)",
        ),
        Definition(
            "satisfaction/1",
            "Taux de satisfaction",
            "Satisfaits",
            (_C.SATISFIED,),
            (_C.ANSWERS,),
            _SHARE,
            "scores that the plan counts as satisfied / answers (service-2025)",
        ),
        Definition(
            "response-rate/1",
            "Taux de réponse",
            "Réponses",
            (_C.ANSWERS,),
            (_C.ASKED,),
            _SHARE,
            "answers / callers to whom the question was put",
        ),
        _count("score/1", "Votes par note", "Votes", _C.SCORE, "answers with that score"),
        _count("noted/1", "Appels notés", "Notés", _C.NOTED, "calls that informateurs noted"),
        _count(
            "improve/1",
            "Page à améliorer",
            "À améliorer",
            _C.IMPROVE,
            "notes that say that the page should be clearer",
        ),
        _count(
            "sent/1",
            "Appels orientés",
            "Orientés",
            _C.SENT,
            "calls put through to an entry of the directory, or to whom it was spoken",
        ),
        _count(
            "advised/1",
            "Orientations notées",
            "Notées",
            _C.ADVISED,
            "notes that name an entry of the directory",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A value and how it came about; None: nothing to divide by, or withheld."""

    #: Of its definition.
    id: str
    value: float | None
    numerator: int | None = None
    denominator: int | None = None
    #: Not published: it is, or would give away, a number of fewer than five.
    withheld: bool = False


#: Half-hour (UTC epoch seconds) and domain: the finest that is counted of calls.
Place = tuple[int, SectorId | None]


def figure(
    id_: str,
    counts: Mapping[Column, int],
    definitions: Mapping[str, Definition] = DEFINITIONS,
) -> Figure:
    """Return the figure `id_` of `counts`."""
    definition = definitions[id_]
    numerator = sum(counts.get(column, 0) for column in definition.numerator)
    if not definition.denominator:
        return Figure(id_, numerator)
    denominator = sum(counts.get(column, 0) for column in definition.denominator)
    return Figure(id_, numerator / denominator if denominator else None, numerator, denominator)


def tally(calls: Iterable[CallFact], live_target_s: int) -> dict[Place, Counts]:
    """Count calls by half-hour and domain."""
    places: defaultdict[Place, Counts] = defaultdict(Counter)
    for call in calls:
        add(call, live_target_s, places[call.period_at, call.sector])
    return dict(places)


def add(call: CallFact, live_target_s: int, counts: Counts) -> None:
    """Count one more call."""
    kind, live = CLASS[call.outcome], call.door is not Door.CALLBACK
    counts[Column.TOTAL] += 1
    counts[kind] += 1
    counts[Column.OFFERED] += kind is not Column.SELF_SERVICE
    if kind is Column.ANSWERED:
        counts[Column.TALKED_S] += call.talked_s or 0
        counts[Column.ANSWERED_CALLBACK] += not live
        if live and call.waited_s is not None:
            counts[Column.WITHIN if call.waited_s <= live_target_s else Column.LATE] += 1
            counts[Column.WAITED_S] += call.waited_s
        else:
            counts[Column.UNTIMED] += 1
    elif kind is Column.ABANDONED:
        short = call.waited_s is not None and call.waited_s < SHORT_ABANDON_S
        counts[Column.SHORT] += short
        counts[Column.LASTING] += live and not short
    if call.kept is not None:
        counts[Column.PROMISED] += 1
        counts[Column.KEPT] += call.kept


def merged(parts: Iterable[Counts]) -> Counts:
    """Return the sum of all counts."""
    whole: Counts = Counter()
    for part in parts:
        whole.update(part)
    return whole


def reconciles(counts: Mapping[Column, int]) -> bool:
    """Whether every call is in exactly one class (see the head of this module)."""

    def total(columns: Iterable[Column]) -> int:
        return sum(counts.get(column, 0) for column in columns)

    return (
        total([Column.TOTAL]) == total([Column.OFFERED, Column.SELF_SERVICE])
        and total([Column.OFFERED]) == total(OFFERED_CLASSES)
        and total([Column.ANSWERED]) == total(ANSWERED_CLASSES)
    )


def referrals(calls: Iterable[CallFact], notes: Mapping[SubjectFact, int]) -> dict[EntryId, Counts]:
    """Count, by entry of the directory, calls sent there and notes that name it."""
    entries: defaultdict[EntryId, Counts] = defaultdict(Counter)
    for call in calls:
        if call.referral is not None:
            entries[call.referral][Column.SENT] += 1
    for note, alike in notes.items():
        if note.referral is not None:
            entries[note.referral][Column.ADVISED] += alike
    return dict(entries)


def subjects(notes: Mapping[SubjectFact, int]) -> dict[FicheId | SectorId, Counts]:
    """Count notes by subject."""
    counted: defaultdict[FicheId | SectorId, Counts] = defaultdict(Counter)
    for note, alike in notes.items():
        counts = counted[note.subject]
        counts[Column.NOTED] += alike
        counts[Column.IMPROVE if note.improve else Column.FINE] += alike
    return dict(counted)


def ballot(votes: Mapping[VoteFact, int], question: Question) -> Counts:
    """Count the votes on one question."""
    counts: Counts = Counter()
    for vote, alike in votes.items():
        if vote.question == question.id:
            counts[Column.ASKED] += alike
            if vote.score is not None:
                satisfied = vote.score in question.satisfied
                counts[Column.ANSWERS] += alike
                counts[Column.SATISFIED if satisfied else Column.UNSATISFIED] += alike
    return counts


def scores(votes: Mapping[VoteFact, int], question: Question) -> dict[int, int]:
    """Count the votes on one question by score: all of the plan's, and any given before."""
    counted = dict.fromkeys(sorted(question.scores.values()), 0)
    for vote, alike in votes.items():
        if vote.question == question.id and vote.score is not None:
            counted[vote.score] = counted.get(vote.score, 0) + alike
    return counted


def mobilised(duty: Iterable[DutyFact]) -> int:
    """Return how many different informateurs were ready for calls at least once."""
    return len({fact.agent for fact in duty})
