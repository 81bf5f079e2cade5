"""The key figures on one sheet, for whoever directs the service.

Beside each figure measured or simulated stand the one published, the goal, and the one of the year
before; and where two cannot be compared, the sheet says so and why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from router.config import Goals, Publication, Published
from router.core.plan import Plan
from router.report.figures import DEFINITIONS, Figure
from router.report.published import Report
from router.report.votes import Vote, missing_votes, satisfaction, scale
from router.report.words import (
    NO_BREAK,
    WITHHELD,
    WITHHELD_MEANING,
    is_year,
    percent,
    promised,
    shown,
    span,
)

#: The key figures as published (service-2025), in that order, with their fields of `Published`.
KEY_FIGURES: Mapping[str, str] = {
    "answered/1": "answered",
    "answered-callback/1": "answered_callback",
    "mobilised/1": "mobilised",
    "satisfaction/1": "satisfaction",
}
#: The figures of the quality of service.
QUALITY = (
    *("offered/2", "pickup/2", "abandonment/2"),
    *("service-level-offered/2", "asa/1", "callback-kept/1"),
)
#: The fields of `Goals` with what is aimed at, and whether that is an upper limit.
GOALS: Mapping[str, tuple[str, bool]] = {
    "pickup/2": ("answered", False),
    "abandonment/2": ("abandoned_max", True),
    "service-level-offered/2": ("in_time", False),
    "callback-kept/1": ("callbacks_kept", False),
    "satisfaction/1": ("satisfied", False),
}
#: Why a simulated key figure cannot be compared with the published one, in French.
GIVEN: Mapping[str, str] = {
    "answered/1": "le nombre d’appels est une hypothèse",
    "answered-callback/1": "le nombre de demandes est une hypothèse",
    "mobilised/1": "les informateurs simulés sont ceux du plan",
    "satisfaction/1": "la part de personnes satisfaites est une hypothèse",
}
_DAY, _YEAR_OF_WEEKS = timedelta(days=1), timedelta(weeks=52)


@dataclass(frozen=True, slots=True)
class Period:
    """A range of days, measured or simulated."""

    first: date
    last: date
    #: By the ids of their definitions.
    figures: Mapping[str, Figure]
    votes: tuple[Vote, ...]
    #: How many were asked to vote (`published.Report`); nothing if simulated.
    turnout: tuple[Figure, ...] = ()
    #: Whether calls were counted in every month of one calendar year.
    whole_year: bool = False
    #: Whether every call is in exactly one class.
    reconciles: bool = True
    #: What was simulated, in French; "": the days were measured.
    simulated: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure and what stands beside it, in French; "" where there is nothing to say."""

    #: The definition's.
    id: str
    name: str
    now: str
    published: str = ""
    before: str = ""
    goal: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """What the sheet says, in French."""

    service: str
    days: str
    about: str
    #: The heads of the columns; "": nothing is known there, and the column is left out.
    now: str
    published: str
    before: str
    #: Rows under a title.
    groups: tuple[tuple[str, tuple[Row, ...]], ...]
    notes: tuple[str, ...]


def board_of(
    plan: Plan, publication: Publication, report: Report, before: Report | None = None
) -> Board:
    """Return the sheet for days that were measured; `before` is the report of a year earlier."""
    earlier = None if before is None or before.empty else _measured(before)
    return board(plan, publication, _measured(report), earlier)


def _measured(report: Report) -> Period:
    months = report.tables["evolution"].lines
    return Period(
        first=report.first,
        last=report.last,
        figures={one.id: one for one in report.figures},
        votes=report.votes,
        turnout=report.turnout,
        whole_year=is_year(report.first, report.last) and len(months) == 12,
        reconciles=report.reconciles,
    )


def year_before(first: date, last: date) -> tuple[date, date]:
    """Return the same months a year before; of days that are not whole months, 52 weeks before.

    >>> year_before(date(2026, 3, 1), date(2026, 4, 30))
    (datetime.date(2025, 3, 1), datetime.date(2025, 4, 30))
    >>> year_before(date(2026, 3, 2), date(2026, 3, 8))  # Monday to Sunday
    (datetime.date(2025, 3, 3), datetime.date(2025, 3, 9))
    """
    after = last + _DAY
    if first.day == after.day == 1:
        return first.replace(year=first.year - 1), after.replace(year=after.year - 1) - _DAY
    return first - _YEAR_OF_WEEKS, last - _YEAR_OF_WEEKS


def board(plan: Plan, publication: Publication, now: Period, before: Period | None = None) -> Board:
    """Return the sheet for `now`; `before` was measured a year earlier."""
    beside = _beside(plan, publication, now, before)
    groups = (
        ("Chiffres-clés que le service publie", _key_rows(beside)),
        ("Qualité de service", tuple(_row(beside, Key(id_)) for id_ in QUALITY)),
        ("Votes", _vote_rows(beside)),
    )
    return Board(
        service=plan.name,
        days=f"Chiffres {'simulés' if now.simulated else 'mesurés'} {span(now.first, now.last)}",
        about=now.simulated
        or f"Les appels sont anonymes{NO_BREAK}: ces chiffres viennent de compteurs, aucun numéro "
        "n’est conservé.",
        now="Simulé" if now.simulated else "Mesuré",
        published="" if beside.published is None else _published_head(beside.published),
        before=_before_head(beside),
        groups=tuple(group for group in groups if group[1]),
        notes=tuple(_notes(beside, [row for _, rows in groups for row in rows])),
    )


@dataclass(frozen=True, slots=True)
class Key:
    """Names a figure of a period."""

    #: The definition's.
    id: str
    #: The question that was voted on; "": a figure of the service, or the rate of satisfaction.
    question: str = ""


@dataclass(frozen=True, slots=True)
class _Beside:
    """What the figures of a period are set beside."""

    plan: Plan
    now: Period
    before: Period | None
    goals: Goals
    #: The published figures of the year nearest to the period.
    published: Published | None
    #: Those of the year before, if nothing was measured then and they are not `published` itself.
    earlier: Published | None


def _beside(plan: Plan, publication: Publication, now: Period, before: Period | None) -> _Beside:
    year, years = now.first.year, publication.published
    near = min(years, key=lambda one: (abs(one.year - year), -one.year), default=None)
    earlier = None
    if before is None and is_year(now.first, now.last):
        earlier = next((one for one in years if one.year == year - 1), None)
    earlier = None if earlier is near else earlier
    return _Beside(plan, now, before, publication.goals, near, earlier)


def _figures(period: Period) -> dict[Key, Figure]:
    """Return every figure that may have a row."""
    told = {Key(id_): figure for id_, figure in period.figures.items()}
    of_satisfaction = satisfaction(period.votes)
    for vote in period.votes:
        question = "" if vote is of_satisfaction else vote.question
        told |= {Key(one.id, question): one for one in vote.figures}
    return told


def _row(beside: _Beside, key: Key, name: str = "", remark: str = "") -> Row:
    now = _figures(beside.now).get(key, Figure(key.id, None))
    return Row(
        id=key.id,
        name=name or _name(beside.plan, key.id),
        now=shown(now),
        published="" if key.question else _told(key.id, beside.published),
        before=_a_year_earlier(beside, key),
        goal=_goal(beside, now),
        remark=remark,
    )


def _key_rows(beside: _Beside) -> tuple[Row, ...]:
    """Return the rows of the figures that are published, in that order."""
    vote = satisfaction(beside.now.votes)
    rows = []
    for id_ in KEY_FIGURES:
        remarks = [_comparison(beside, id_)]
        if id_ == "satisfaction/1":
            remarks.append(_participation(vote) if vote else "Aucune question à notes n’est posée.")
        rows.append(_row(beside, Key(id_), remark=" ".join(filter(None, remarks))))
    return tuple(rows)


def _vote_rows(beside: _Beside) -> tuple[Row, ...]:
    """Return the rows of what the votes say apart from the rate of satisfaction."""
    of_satisfaction = satisfaction(beside.now.votes)
    rows = []
    for vote in beside.now.votes:
        key = "" if vote is of_satisfaction else vote.question
        asked = f"{NO_BREAK}: {vote.text}" if key else ""
        given = "Hypothèse de la simulation. " if beside.now.simulated else ""
        told = [(vote.share, _participation(vote))] if key else []
        if vote.mean is not None:
            told.append((vote.mean, f"{scale(vote).capitalize()}."))
        rows += [
            _row(beside, Key(one.id, key), f"{DEFINITIONS[one.id].name}{asked}", f"{given}{said}")
            for one, said in told
        ]
    return tuple(rows)


def _name(plan: Plan, id_: str) -> str:
    if id_ == "service-level-offered/2":
        return f"Appels directs présentés, pris en {promised(plan.targets.live_target_s)} au plus"
    if id_ == "callback-kept/1":
        return f"Rappels promis, faits dans les {promised(plan.callbacks.promise_s)}"
    return DEFINITIONS[id_].name


def _participation(vote: Vote) -> str:
    """Return the response rate, without which no share of votes is ever shown."""
    if not vote.asked.value:
        return "Aucun vote publié."
    return (
        f"Taux de réponse{NO_BREAK}: {shown(vote.response)} ({shown(vote.answers)} sur "
        f"{shown(vote.asked)}{NO_BREAK}personnes)."
    )


# What stands beside a figure.


def _told(id_: str, published: Published | None) -> str:
    """Return the figure as it was published; "" if it was not."""
    value = getattr(published, KEY_FIGURES[id_]) if published and id_ in KEY_FIGURES else None
    return "" if value is None else shown(Figure(id_, value))


def _published_head(published: Published) -> str:
    return f"Publié pour {published.year}"


def _before_head(beside: _Beside) -> str:
    if beside.before is not None:
        return f"Mesuré un an plus tôt, {span(beside.before.first, beside.before.last)}"
    return "" if beside.earlier is None else _published_head(beside.earlier)


def _a_year_earlier(beside: _Beside, key: Key) -> str:
    if beside.before is None:
        return "" if key.question else _told(key.id, beside.earlier)
    figure = _figures(beside.before).get(key)
    return "" if figure is None else shown(figure)


def _goal(beside: _Beside, now: Figure) -> str:
    """Return what the service aims at, and whether that was reached; "" if it has no such goal."""
    if now.id == "asa/1":
        target_s = beside.plan.targets.live_target_s
        return _reached(now, target_s, promised(target_s), True)
    name, at_most = GOALS.get(now.id, ("", False))
    share = getattr(beside.goals, name) if name else None
    return "" if share is None else _reached(now, share, percent(share), at_most)


def _reached(now: Figure, goal: float, words: str, at_most: bool) -> str:
    told = f"{words} au {'plus' if at_most else 'moins'}"
    if now.value is None:
        return told
    reached = now.value <= goal if at_most else now.value >= goal
    return f"{told}{NO_BREAK}: {'atteinte' if reached else 'non atteinte'}"


def _comparison(beside: _Beside, id_: str) -> str:
    """Return whether a key figure can be compared with the published one, and if not, why."""
    now = _figures(beside.now).get(Key(id_))
    if not _told(id_, beside.published) or now is None or now.value is None:
        return ""
    assert beside.published is not None
    if beside.now.simulated:
        return f"Non comparable{NO_BREAK}: {GIVEN[id_]}."
    if id_ == "satisfaction/1":
        return (
            f"Comparable avec prudence{NO_BREAK}: la question posée et le taux de réponse de "
            f"{beside.published.year} ne sont pas publiés."
        )
    if not beside.now.whole_year:
        return f"Non comparable{NO_BREAK}: ce n’est pas une année entière."
    if beside.now.first.year != beside.published.year:
        return "Comparable, d’une année à l’autre."
    return "Comparable."


def _notes(beside: _Beside, rows: Iterable[Row]) -> Iterable[str]:
    """Yield what must be known to read the figures."""
    now = beside.now
    if not now.reconciles:
        yield f"Attention{NO_BREAK}: des appels ne sont comptés nulle part, ou le sont deux fois."
    yield from missing_votes(now.turnout)
    for published in (beside.published, beside.earlier):
        if published is not None:
            yield (
                f"{_published_head(published)}{NO_BREAK}: {published.source}. Le service n’y "
                "définit pas ces chiffres."
            )
    if not beside.published:
        yield "Le plan du service ne contient aucun chiffre publié."
    if beside.before is None and beside.earlier is None:
        known = beside.published is not None and beside.published.year == now.first.year - 1
        if not (known and is_year(now.first, now.last)):
            yield f"D’un an plus tôt, rien n’est connu{NO_BREAK}: ni compté ici, ni publié."
    yield (
        "Les cibles sont celles du plan du service. Chaque mesure a l’identifiant de sa "
        "définition, qui est dans la page complète."
    )
    if any(WITHHELD in cell for row in rows for cell in (row.now, row.before, row.remark)):
        yield WITHHELD_MEANING
