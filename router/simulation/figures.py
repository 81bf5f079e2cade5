"""The figures of a run, each with its definition's id, and tables of them as in the report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from router.core.callback.tickets import Refusal
from router.core.facts import Door
from router.core.ids import PromptId
from router.report.columns import Column, Mode
from router.report.counting import reconciles
from router.report.figures import OFFERED_IDS, Figure, figure
from router.report.tables import Table
from router.report.votes import Vote, vote_on
from router.simulation.breakdowns import tables_of
from router.simulation.counted import Counted, is_live, jain, mean, quantile, ratio, waits_in
from router.simulation.definitions import refused
from router.simulation.run import Simulation
from router.simulation.tally import SAMPLE_S, Slot

#: The figures of the section "calls", and of "service", by id.
CALLS = (
    *("total/1", "self-service/2", "closed/1", *OFFERED_IDS),
    *("answered-callback/1", "short-abandon/2"),
)
SERVICE = (
    *("pickup/2", "abandonment/2"),
    *("service-level/1", "service-level-abandons/1", "service-level-offered/2"),
    *("promised/1", "promise-broken/1", "promise-kept/2", "asa/1"),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run gave."""

    service: str
    workload: str
    year: int
    seed: int
    zone: str
    #: The days simulated, and on how many of them the service was open.
    first: date
    last: date
    days_open: int
    #: How many events the engine decided on.
    events: int
    #: The plan's target for live callers and its promise to those called back, in seconds.
    live_target_s: int
    promise_s: int
    #: Whether every call is in exactly one class in every count, and every ticket has ended.
    reconciles: bool
    #: By subject; no id occurs twice.
    sections: Mapping[str, tuple[Figure, ...]]
    #: By id.
    tables: Mapping[str, Table]
    #: How simulated callers voted, one for each question.
    votes: tuple[Vote, ...]

    def __getitem__(self, id_: str) -> Figure:
        """Return the figure with that id."""
        for figures in self.sections.values():
            for one in figures:
                if one.id == id_:
                    return one
        raise KeyError(id_)


def figures_of(
    run: Simulation,
    sentences: Mapping[PromptId, str] = MappingProxyType({}),
    needed: Mapping[Slot, int] = MappingProxyType({}),
) -> Figures:
    """Return the figures of what has run so far: whole days, at least one.

    `sentences` holds the words of the plan's questions; without them a question is named by its
    id. `needed` is how many informateurs each half-hour of the week would have needed
    (`planning.needed`); it is shown as unknown where it is missing.
    """
    counted = Counted(run)
    plan, tally, days = run.plan, run.tally, counted.days
    return Figures(
        service=plan.name,
        workload=run.workload.name,
        year=run.year,
        seed=run.seed,
        zone=plan.hours.zone,
        first=days[0].day,
        last=days[-1].day,
        days_open=sum(bool(day.openings) for day in days),
        events=run.events,
        live_target_s=plan.targets.live_target_s,
        promise_s=plan.callbacks.promise_s,
        reconciles=all(map(reconciles, (counted.whole, *counted.cells.values())))
        and sum(tally.tickets.values())
        == tally.admissions[None]
        == counted.of_mode(Mode.CALLBACK)[Column.TOTAL],
        sections={
            "calls": tuple(figure(id_, counted.whole) for id_ in CALLS),
            "service": tuple(_service(counted)),
            "callbacks": tuple(_callbacks(counted)),
            "staff": tuple(_staff(counted)),
            "fairness": tuple(_fairness(counted)),
            "told": tuple(_told(counted)),
            "checks": tuple(_checks(counted)),
        },
        tables=tables_of(counted, needed),
        votes=tuple(
            vote_on(question, tally.votes[question.id], sentences) for question in plan.questions
        ),
    )


def _service(counted: Counted) -> Iterable[Figure]:
    _, *waits = waits_in(counted.waits_of(door for door in Door if is_live(door)), "live-")
    yield from (figure(id_, counted.whole) for id_ in SERVICE)
    yield from waits
    yield mean("gave-up-after/1", counted.tally.gave_up_after)
    yield figure("talk/1", counted.whole)


def _callbacks(counted: Counted) -> Iterable[Figure]:
    tally = counted.tally
    asked, accepted = sum(tally.admissions.values()), tally.admissions[None]
    yield Figure("request/1", asked)
    yield Figure("request-accepted/1", accepted)
    yield Figure("request-by-phone/1", tally.by_phone[True])
    yield from (Figure(refused(one), tally.admissions[one]) for one in Refusal)
    yield ratio("acceptance/1", accepted, asked)
    yield figure("callback-kept/1", counted.whole)
    yield from waits_in(tally.waits[Door.CALLBACK], "callback-")
    attempts = sum(number * alike for number, alike in tally.attempts.items())
    yield ratio("attempts/1", attempts, sum(tally.attempts.values()))


def _staff(counted: Counted) -> Iterable[Figure]:
    yield Figure("agents/1", len(counted.plan.agents))
    yield Figure("mobilised/1", len(counted.tally.mobilised))
    yield from counted.staff(lambda slot, sector: True)


def _fairness(counted: Counted) -> Iterable[Figure]:
    served = [door for door in Door if counted.tally.waits[door]]
    kept = [figure("promise-kept/2", counted.of_door(door)).value or 0.0 for door in served]
    yield Figure("fairness-kept/1", jain(kept))
    to_promise = [counted.to_promise(door).value or 0.0 for door in served]
    yield Figure("fairness-wait/1", jain(to_promise))


def _told(counted: Counted) -> Iterable[Figure]:
    said = counted.tally.said
    median = quantile(said.ratios, 0.5)
    yield Figure("told/1", said.told)
    yield ratio("told-within/1", said.within, said.told)
    yield Figure("told-ratio/1", None if median is None else median / 100)


def _checks(counted: Counted) -> Iterable[Figure]:
    tally = counted.tally
    seen = ratio("waiting-seen/1", tally.seen_waiting, tally.looks)
    due = ratio("waiting-due/1", tally.waited_s, round(tally.looks * SAMPLE_S))
    yield seen
    yield due
    yield Figure("little/1", (seen.value or 0) / due.value if due.value else None)
    yield Figure("most-waiting/1", tally.most_waiting)
