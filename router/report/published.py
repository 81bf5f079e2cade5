"""What may be published about a range of days: figures of the service, and breakdowns of them.

Whatever breaks a total down goes through `disclosure`, tables of the same numbers together, so that
none reveals what another withholds. Reports of overlapping ranges are not compared with each other:
publish reports of ranges that follow each other.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from router.core.facts import BallotFact, CallFact, DutyFact, SubjectFact, VoteFact
from router.core.ids import PromptId
from router.core.plan import Plan
from router.report.calls import call_tables
from router.report.columns import Column
from router.report.counting import by_mode, merged, mobilised, reconciles, tally
from router.report.figures import OFFERED_IDS, Figure, figure
from router.report.notes import referral_table, result_table, subject_tables
from router.report.tables import Table, modes_table
from router.report.votes import Vote, cast, turnout, vote_on

#: The key figures, as the service publishes them (service-2025), before satisfaction.
KEY_FIGURES = ("answered/1", "answered-callback/1", "mobilised/1")
#: The figures of the service, by id.
SERVICE_FIGURES = (
    *("total/1", "self-service/2", "closed/1", *OFFERED_IDS),
    *("answered-callback/1", "short-abandon/2", "pickup/2", "abandonment/2"),
    *("service-level/1", "service-level-abandons/1", "service-level-offered/2"),
    *("asa/1", "talk/1", "promised/1", "promise-broken/1", "promise-kept/2", "callback-kept/1"),
    "mobilised/1",
)
#: The figures of how many were asked to vote.
TURNOUT = ("invited/1", "published-votes/1", "late-votes/1", "lost-votes/1")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything published about the days from `first` to `last`."""

    service: str
    first: date
    last: date
    zone: str
    #: The target of the service level, in seconds.
    live_target_s: int
    #: Whether nothing at all was counted.
    empty: bool
    #: Whether every call is in exactly one class.
    reconciles: bool
    #: Calls answered, those of them that were callbacks, informateurs mobilised (`KEY_FIGURES`).
    key_figures: tuple[Figure, ...]
    #: `SERVICE_FIGURES`.
    figures: tuple[Figure, ...]
    #: Callers asked to vote: all, and those whose votes are published, late, or lost (`TURNOUT`).
    turnout: tuple[Figure, ...]
    votes: tuple[Vote, ...]
    #: By id: modes, sectors, half-hours, evolution, sectors-half-hours, subjects, improve, results,
    #: referrals.
    tables: Mapping[str, Table]


def publish(
    plan: Plan,
    first: date,
    last: date,
    calls: Collection[CallFact],
    notes: Mapping[SubjectFact, int],
    votes: Mapping[VoteFact, int],
    duty: Collection[DutyFact],
    sentences: Mapping[PromptId, str] | None = None,
    *,
    ballots: Mapping[BallotFact, int] = MappingProxyType({}),
    today: date | None = None,
) -> Report:
    """Return the report of the days from `first` to `last`.

    `calls`, `notes`, `votes`, `duty` and `ballots` are everything that was counted on these days.
    `sentences` holds the words of the plan's questions; without them a question is named by its
    id. Votes of `today`, by default the last day, may still come.
    """
    places = tally(calls, plan.targets.live_target_s)
    whole = merged(places.values())
    whole[Column.MOBILISED] = mobilised(duty)
    service = {id_: figure(id_, whole) for id_ in SERVICE_FIGURES}
    asked = turnout(ballots, votes, today or last)
    modes = by_mode(calls, plan.targets.live_target_s)
    tables = (
        modes_table(modes),
        *call_tables(plan, places, first, last),
        *subject_tables(plan, notes),
        result_table(notes),
        referral_table(plan, calls, notes),
    )
    return Report(
        service=plan.name,
        first=first,
        last=last,
        zone=plan.hours.zone,
        live_target_s=plan.targets.live_target_s,
        empty=not (calls or notes or votes or ballots or duty),
        reconciles=all(map(reconciles, (whole, asked, *places.values(), *modes.values()))),
        key_figures=tuple(service[id_] for id_ in KEY_FIGURES),
        figures=tuple(service.values()),
        turnout=tuple(figure(id_, asked) for id_ in TURNOUT),
        votes=tuple(
            vote_on(question, cast(votes, question.id), sentences or {})
            for question in plan.questions
        ),
        tables={table.id: table for table in tables},
    )
