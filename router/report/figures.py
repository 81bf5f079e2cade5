"""Figures from facts, each by a definition that has an id. Pure.

A call has one outcome, an outcome one class, and the classes add up, of live calls and of
callbacks apart (`MODE`) and together:

    total = offered + closed + self-service
    offered = answered + abandoned + refused + called back + not reached + withdrawn + broken

Every word that is published has one definition, whatever is counted: what is told of live calls
alone has columns of its own, so that no rate changes its meaning with what stands around it.

Definitions never change under their id: another way of counting is another version
("service-level/2"), so that figures of different years can be compared or are seen not to be.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from router.core.commands import Outcome
from router.core.facts import BallotFact, CallFact, Door, DutyFact, SubjectFact, VoteFact
from router.core.ids import EntryId, FicheId, QuestionId, SectorId
from router.core.plan import Question, QuestionKind

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
    NOT_REACHED = "not reached"
    WITHDRAWN = "withdrawn"
    BROKEN = "broken"
    #: Of live calls alone.
    LIVE_OFFERED = "live offered"
    LIVE_ABANDONED = "live abandoned"
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
    LATER = "later"
    #: The first two, of callbacks alone.
    CALLBACK_PROMISED = "callback promised"
    CALLBACK_KEPT = "callback kept"
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
    #: Scores added up, of questions that have scores.
    POINTS = "points"
    #: Callers who were asked to vote: those whose votes are published, wait, or were lost.
    INVITED = "invited"
    PUBLISHED = "published"
    WAITING = "waiting"
    VOTES_LOST = "votes lost"


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
    # Requests to be called back that came to no conversation.
    Outcome.NOT_REACHED: Column.NOT_REACHED,
    Outcome.FAILED: Column.BROKEN,
    Outcome.CANCELLED: Column.WITHDRAWN,
    Outcome.EXPIRED: Column.BROKEN,
    Outcome.LOST_REBOOT: Column.BROKEN,
    Outcome.NUMBER_LOST: Column.BROKEN,
    Outcome.INFORMED: Column.SELF_SERVICE,
    Outcome.LEFT: Column.SELF_SERVICE,
    Outcome.SILENT: Column.SELF_SERVICE,
}
#: What became of those who asked for an informateur while the service was open.
OFFERED_CLASSES = (
    Column.ANSWERED,
    Column.ABANDONED,
    Column.REFUSED,
    Column.CALLED_BACK,
    Column.NOT_REACHED,
    Column.WITHDRAWN,
    Column.BROKEN,
)
#: The definitions of `OFFERED`, then of its classes.
OFFERED_IDS = (
    *("offered/2", "answered/1", "abandoned/2", "refused/2", "called-back/1"),
    *("not-reached/1", "withdrawn/1", "broken/1"),
)
TOTAL_CLASSES = (Column.OFFERED, Column.CLOSED, Column.SELF_SERVICE)
ANSWERED_CLASSES = (Column.WITHIN, Column.LATE, Column.UNTIMED)
#: What adds up to what, of any calls.
SUMS: Mapping[Column, tuple[Column, ...]] = {
    Column.TOTAL: TOTAL_CLASSES,
    Column.OFFERED: OFFERED_CLASSES,
    Column.ANSWERED: ANSWERED_CLASSES,
    Column.PROMISED: (Column.KEPT, Column.LATER),
    Column.INVITED: (Column.PUBLISHED, Column.WAITING, Column.VOTES_LOST),
}


class Mode(StrEnum):
    """Who dialled: the caller, or we."""

    LIVE = "live"
    CALLBACK = "callback"


#: The mode of every door.
MODE: Mapping[Door, Mode] = {
    Door.NONE: Mode.LIVE,
    Door.CODE: Mode.LIVE,
    Door.MENU: Mode.LIVE,
    Door.NO_KEY: Mode.LIVE,
    Door.CALLBACK: Mode.CALLBACK,
}
#: French, for people.
MODE_NAMES: Mapping[Mode, str] = {Mode.LIVE: "Appels directs", Mode.CALLBACK: "Rappels"}
DOOR_NAMES: Mapping[Door, str] = {
    Door.CODE: "Code d’accès",
    Door.MENU: "Menu vocal",
    Door.NO_KEY: "Sans appuyer sur une touche",
    Door.NONE: "Avant tout choix",
    Door.CALLBACK: "Demande de rappel",
}


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
    #: The same in one French sentence, for readers of the report.
    sentence: str = ""


def _count(
    id_: str, name: str, short: str, column: Column, formula: str, sentence: str = ""
) -> Definition:
    return Definition(id_, name, short, (column,), (), Unit.COUNT, formula, sentence)


_C, _SHARE, _SECONDS = Column, Unit.SHARE, Unit.SECONDS
#: Every definition, by id.
DEFINITIONS: Mapping[str, Definition] = {
    one.id: one
    for one in (
        _count(
            "total/1",
            "Appels reçus",
            "Reçus",
            _C.TOTAL,
            "every call that came in, and every request to be called back that was accepted: "
            "offered + closed + self-service",
            "Tous les appels arrivés et toutes les demandes de rappel acceptées.",
        ),
        _count(
            "self-service/2",
            "Appels sans demande d’informateur",
            "Sans demande",
            _C.SELF_SERVICE,
            "heard the recorded information, left before choosing a domain, or pressed no key",
            "La personne a écouté l’information enregistrée, ou a raccroché avant de choisir.",
        ),
        _count(
            "closed/1",
            "Appels hors horaires",
            "Hors horaires",
            _C.CLOSED,
            "came while the service was closed",
            "Appels arrivés quand le service était fermé.",
        ),
        _count(
            "offered/2",
            "Appels présentés",
            "Présentés",
            _C.OFFERED,
            "asked for an informateur while the service was open: answered + abandoned + refused "
            "+ called back + not reached + withdrawn + broken",
            "Une personne a demandé un informateur pendant les heures d’ouverture.",
        ),
        _count(
            "answered/1",
            "Appels traités",
            "Traités",
            _C.ANSWERED,
            "joined with an informateur; the key figure « appels traités » (service-2025)",
            "Une personne a parlé à un informateur.",
        ),
        _count(
            "answered-callback/1",
            "Appels traités via le service de rappel",
            "Traités par rappel",
            _C.ANSWERED_CALLBACK,
            "answered that we dialled ourselves (service-2025)",
            "Appels traités que le service a composés lui-même.",
        ),
        _count(
            "abandoned/2",
            "Appels abandonnés",
            "Abandons",
            _C.ABANDONED,
            "hung up while waiting for an informateur, short abandons included",
            "La personne a raccroché en attendant un informateur, si peu que ce soit.",
        ),
        _count(
            "short-abandon/2",
            "Abandons précoces",
            "Précoces",
            _C.SHORT,
            f"abandoned after less than {SHORT_ABANDON_S} s of waiting",
            f"Abandons après moins de {SHORT_ABANDON_S} secondes d’attente.",
        ),
        _count(
            "refused/2",
            "Appels refusés",
            "Refusés",
            _C.REFUSED,
            "told that the queue is full, nobody is on duty, the service closes, "
            "or the longest wait is reached",
            "Personne ne pouvait répondre : file pleine, fermeture proche, attente trop longue.",
        ),
        _count(
            "called-back/1",
            "Demandes de rappel depuis la file",
            "Vers rappel",
            _C.CALLED_BACK,
            "left the queue for a callback",
            "La personne a quitté la file pour être rappelée ; le rappel est compté à part.",
        ),
        _count(
            "not-reached/1",
            "Usagers injoignables",
            "Injoignables",
            _C.NOT_REACHED,
            "callbacks dialled in vain for the person's own reasons: busy, declined, no answer, "
            "voicemail, no such number",
            "Le service a composé le numéro autant que promis, et personne n’a pris l’appel.",
        ),
        _count(
            "withdrawn/1",
            "Demandes de rappel annulées",
            "Annulés",
            _C.WITHDRAWN,
            "requests to be called back that who asked withdrew",
            "La personne a retiré sa demande de rappel.",
        ),
        _count(
            "broken/1",
            "Rappels non effectués",
            "Non effectués",
            _C.BROKEN,
            "callbacks promised that the service gave up, lost, or could not dial",
            "Le service avait promis un rappel et ne l’a pas mené à bien.",
        ),
        Definition(
            "pickup/2",
            "Taux de décroché",
            "Décroché",
            (_C.ANSWERED,),
            (_C.OFFERED,),
            _SHARE,
            "answered / offered",
            "Appels traités, rapportés aux appels présentés.",
        ),
        Definition(
            "abandonment/2",
            "Taux d’abandon des appels directs",
            "Abandon (directs)",
            (_C.LIVE_ABANDONED,),
            (_C.LIVE_OFFERED,),
            _SHARE,
            "live calls abandoned / live calls offered",
            "Abandons, rapportés aux appels présentés, sans les rappels.",
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
            "Part des appels directs traités qui l’ont été dans le délai visé.",
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
            "Le même, rapporté aux appels directs traités et aux abandons non précoces.",
        ),
        Definition(
            "service-level-offered/2",
            "Niveau de service sur les appels directs présentés",
            "Niveau (présentés)",
            (_C.WITHIN,),
            (_C.LIVE_OFFERED,),
            _SHARE,
            "live calls answered within the target / live calls offered",
            "Le même, rapporté aux appels présentés, sans les rappels.",
        ),
        Definition(
            "asa/1",
            "Attente moyenne des appels directs traités",
            "Attente",
            (_C.WAITED_S,),
            (_C.WITHIN, _C.LATE),
            _SECONDS,
            "seconds waited by live calls answered / live calls answered (average speed of answer)",
            "De l’entrée dans la file au début de la conversation, sans les rappels.",
        ),
        Definition(
            "talk/1",
            "Durée moyenne de conversation",
            "Conversation",
            (_C.TALKED_S,),
            (_C.ANSWERED,),
            _SECONDS,
            "seconds with informateurs / answered",
            "Temps passé avec les informateurs, par appel traité.",
        ),
        _count(
            "promised/1",
            "Promesses échues",
            "Promesses",
            _C.PROMISED,
            "calls with a promise whose instant came, whose conversation began, or that the "
            "service broke before; not callbacks dialled in vain by then (not-reached/1)",
            "Appels et rappels dont le délai promis est passé ou la conversation commencée, et "
            "rappels que le service n’a pas pu mener à bien. Un rappel que la personne n’a pas "
            "pris, appelée autant que promis et à temps, n’y est pas compté.",
        ),
        Definition(
            "promise-kept/2",
            "Promesses tenues",
            "Tenues",
            (_C.KEPT,),
            (_C.PROMISED,),
            _SHARE,
            "conversations begun by the instant promised / promised",
            "Conversations commencées dans le délai promis, rapportées aux promesses échues.",
        ),
        _count(
            "promise-broken/1",
            "Promesses non tenues",
            "Non tenues",
            _C.LATER,
            "promises whose instant came before the conversation, or that the service broke "
            "before: promised − kept",
            "Promesses sans conversation commencée à temps, parce que le délai est passé ou que le "
            "service n’a pas pu appeler.",
        ),
        Definition(
            "callback-kept/1",
            "Promesses de rappel tenues",
            "Rappels tenus",
            (_C.CALLBACK_KEPT,),
            (_C.CALLBACK_PROMISED,),
            _SHARE,
            "promise-kept/2 of callbacks",
            "Les mêmes, des seuls rappels.",
        ),
        _count(
            "mobilised/1",
            "Informateurs mobilisés",
            "Mobilisés",
            _C.MOBILISED,
            "different informateurs who were ready for calls at least once (service-2025)",
            "Informateurs qui ont été prêts à répondre au moins une fois.",
        ),
        Definition(
            "satisfaction/1",
            "Taux de satisfaction",
            "Satisfaction",
            (_C.SATISFIED,),
            (_C.ANSWERS,),
            _SHARE,
            "scores that the plan counts as satisfied / answers (service-2025)",
            "Notes que le service compte comme satisfaites, rapportées aux réponses.",
        ),
        Definition(
            "mean-score/1",
            "Note moyenne",
            "Note",
            (_C.POINTS,),
            (_C.ANSWERS,),
            Unit.NUMBER,
            "scores added up / answers to a question of scores; never of yes and no",
            "Notes additionnées, rapportées aux réponses. Une question à laquelle on répond par "
            "oui ou non n’en a pas.",
        ),
        Definition(
            "yes/1",
            "Part de «\u00a0oui\u00a0»",
            "Part de oui",
            (_C.SATISFIED,),
            (_C.ANSWERS,),
            _SHARE,
            "answers that say yes / answers to a question of yes or no",
            "Réponses «\u00a0oui\u00a0», rapportées aux réponses.",
        ),
        Definition(
            "response-rate/1",
            "Taux de réponse",
            "Taux de réponse",
            (_C.ANSWERS,),
            (_C.ASKED,),
            _SHARE,
            "answers / callers to whom the question was put",
            "Réponses, rapportées aux personnes à qui la question a été posée.",
        ),
        _count(
            "asked/1",
            "Personnes interrogées",
            "Interrogées",
            _C.ASKED,
            "callers to whom the question was put",
            "Personnes à qui la question a été posée.",
        ),
        _count(
            "answers/1",
            "Réponses aux questions",
            "Réponses",
            _C.ANSWERS,
            "callers who answered the question",
            "Personnes qui ont répondu à la question par une touche.",
        ),
        _count(
            "satisfied/1",
            "Réponses favorables",
            "Favorables",
            _C.SATISFIED,
            "answers that say yes, or with a score that the plan counts as satisfied",
            "Réponses «\u00a0oui\u00a0», ou notes que le service compte comme satisfaites.",
        ),
        _count(
            "score/1",
            "Votes par réponse",
            "Votes",
            _C.SCORE,
            "answers that are alike",
            "Réponses données par la même touche.",
        ),
        _count(
            "invited/1",
            "Personnes invitées à voter",
            "Invitées",
            _C.INVITED,
            "callers to whom the first question was put: published + late + lost",
            "Personnes à qui la première question a été posée, que leur vote soit publié ou non.",
        ),
        _count(
            "published-votes/1",
            "Personnes dont le vote est publié",
            "Votes publiés",
            _C.PUBLISHED,
            "callers to whom the first question was put, and whose answer or silence is published",
            "Leur réponse, ou leur silence, est dans les chiffres de chaque question.",
        ),
        _count(
            "late-votes/1",
            "Personnes dont le vote attend d’être publié",
            "Votes en attente",
            _C.WAITING,
            "callers asked on a day that is not over, whose votes wait for five answers to each "
            "question, or for the day's end; told even if few, because it counts who was asked, "
            "neither who answered nor how",
            "Un vote n’est publié qu’avec d’autres\u00a0: dès que cinq réponses du jour à chaque "
            "question sont réunies, et au plus tard le lendemain. Ce nombre est celui des "
            "personnes interrogées, et ne dit ni qui a répondu, ni comment.",
        ),
        _count(
            "lost-votes/1",
            "Personnes dont le vote a été perdu",
            "Votes perdus",
            _C.VOTES_LOST,
            "callers asked on a day that is over, whose votes waited when the service broke off",
            "Leur vote attendait quand le service s’est arrêté brusquement.",
        ),
        _count(
            "noted/1",
            "Appels notés",
            "Notés",
            _C.NOTED,
            "calls that informateurs noted",
            "Appels dont l’informateur a noté le sujet.",
        ),
        _count(
            "improve/1",
            "Page à améliorer",
            "À améliorer",
            _C.IMPROVE,
            "notes that say that the page should be clearer",
            "Notes qui disent que la page devrait être plus claire.",
        ),
        _count(
            "sent/1",
            "Appels orientés",
            "Orientés",
            _C.SENT,
            "calls put through to an entry of the directory, or to whom it was spoken",
            "Appels transférés vers un autre service, ou à qui son numéro a été dit.",
        ),
        _count(
            "advised/1",
            "Orientations notées",
            "Orientations notées",
            _C.ADVISED,
            "notes that name an entry of the directory",
            "Notes où l’informateur a nommé un autre service.",
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


def by_mode(calls: Iterable[CallFact], live_target_s: int) -> dict[Mode, Counts]:
    """Count live calls and callbacks apart."""
    modes: dict[Mode, Counts] = {mode: Counter() for mode in Mode}
    for call in calls:
        add(call, live_target_s, modes[MODE[call.door]])
    return modes


def add(call: CallFact, live_target_s: int, counts: Counts) -> None:
    """Count one more call."""
    kind, live = CLASS[call.outcome], MODE[call.door] is Mode.LIVE
    classify(call.door, call.outcome, 1, counts)
    if kind is Column.ANSWERED:
        counts[Column.TALKED_S] += call.talked_s or 0
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
        promise(call.door, call.kept, 1, counts)


def classify(door: Door, outcome: Outcome, alike: int, counts: Counts) -> None:
    """Count so many calls with that door and outcome, by what `SUMS` adds up."""
    kind, live = CLASS[outcome], MODE[door] is Mode.LIVE
    counts[Column.TOTAL] += alike
    counts[kind] += alike
    if kind in OFFERED_CLASSES:
        counts[Column.OFFERED] += alike
        if live:
            counts[Column.LIVE_OFFERED] += alike
    if kind is Column.ANSWERED and not live:
        counts[Column.ANSWERED_CALLBACK] += alike
    if kind is Column.ABANDONED and live:
        counts[Column.LIVE_ABANDONED] += alike


def promise(door: Door, kept: bool, alike: int, counts: Counts) -> None:
    """Count so many promises that were kept, or were not."""
    counts[Column.PROMISED] += alike
    counts[Column.KEPT if kept else Column.LATER] += alike
    if MODE[door] is Mode.CALLBACK:
        counts[Column.CALLBACK_PROMISED] += alike
        counts[Column.CALLBACK_KEPT] += alike * kept


def merged(parts: Iterable[Counts]) -> Counts:
    """Return the sum of all counts."""
    whole: Counts = Counter()
    for part in parts:
        whole.update(part)
    return whole


def reconciles(counts: Mapping[Column, int]) -> bool:
    """Whether every call is in exactly one class (see the head of this module)."""
    return all(
        counts.get(total, 0) == sum(counts.get(part, 0) for part in parts)
        for total, parts in SUMS.items()
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


#: The votes on one question: how often each score was given; None: no answer.
Cast = Mapping[int | None, int]


def cast(votes: Mapping[VoteFact, int], question: QuestionId) -> Counter[int | None]:
    """Count the votes on one question."""
    counted: Counter[int | None] = Counter()
    for vote, alike in votes.items():
        if vote.question == question:
            counted[vote.score] += alike
    return counted


def ballot(votes: Cast, question: Question) -> Counts:
    """Count who was asked, who answered, and what."""
    counts: Counts = Counter()
    for score, alike in votes.items():
        counts[Column.ASKED] += alike
        if score is not None:
            satisfied = score in question.satisfied
            counts[Column.ANSWERS] += alike
            counts[Column.SATISFIED if satisfied else Column.UNSATISFIED] += alike
            if question.kind is QuestionKind.SCORE:
                counts[Column.POINTS] += score * alike
    return counts


def scores(votes: Cast, question: Question) -> dict[int, int]:
    """Return how often each score was given: all of the plan's, and any given before; best first
    where it is yes or no.
    """
    every = {*question.scores.values(), *(one for one in votes if one is not None)}
    yes_first = question.kind is QuestionKind.YES_NO
    return {score: votes.get(score, 0) for score in sorted(every, reverse=yes_first)}


def turnout(
    ballots: Mapping[BallotFact, int], votes: Mapping[VoteFact, int], today: date
) -> Counts:
    """Count who was asked to vote, by whether their votes are published, wait, or were lost: what
    waits is published before `today` is over.

    Days on which it was not yet counted who was asked have no votes but those published.
    """
    asked: Counter[tuple[date, QuestionId]] = Counter()
    for vote, alike in votes.items():
        asked[vote.day, vote.question] += alike
    counts: Counts = Counter()
    for ballot, alike in ballots.items():
        published = asked[ballot.day, ballot.question]
        missing = Column.WAITING if ballot.day >= today else Column.VOTES_LOST
        counts[missing] += max(0, alike - published)
        counts[Column.PUBLISHED] += published
    counted = {ballot.day for ballot in ballots}
    for day in {day for day, _ in asked} - counted:
        # Everybody is asked the first question, fewer the next ones.
        counts[Column.PUBLISHED] += max(alike for (on, _), alike in asked.items() if on == day)
    counts[Column.INVITED] = (
        counts[Column.PUBLISHED] + counts[Column.WAITING] + counts[Column.VOTES_LOST]
    )
    return counts


def mobilised(duty: Iterable[DutyFact]) -> int:
    """Return how many different informateurs were ready for calls at least once."""
    return len({fact.agent for fact in duty})
