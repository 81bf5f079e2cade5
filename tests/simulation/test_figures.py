"""The figures of a run, against the facts of all calls counted again, and against laws."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.callback.tickets import Refusal, TicketState
from router.core.facts import CallFact, Door
from router.report.columns import CLASS, DOOR_NAMES, Column, Counts, Mode
from router.report.counting import by_mode, merged, tally
from router.report.figures import OFFERED_IDS, Figure, figure
from router.report.tables import Line, Table
from router.simulation.counted import jain, quantile
from router.simulation.definitions import DEFINITIONS, refused
from router.simulation.figures import CALLS, Figures, figures_of
from router.simulation.run import Simulation
from tests.simulation.scene import (
    NO_SPEECH,
    crew,
    everybody_all_day,
    pure_plan,
    workload,
)
from tests.simulation.week import Listener, figures, simulation, week
from tests.sums import faults

DOORS = [door for door in Door if door is not Door.NONE]


@pytest.fixture(scope="module")
def facts() -> list[CallFact]:
    tally = week().tally
    assert isinstance(tally, Listener)
    return tally.facts


def value(id_: str) -> float:
    told = figures()[id_].value
    assert told is not None
    return told


def cell(table: str, row: str, id_: str) -> Figure:
    line = next(one for one in figures().tables[table].lines if one.key == row)
    return next(one for one in line.figures if one.id == id_)


def column(table: str, id_: str) -> float:
    lines = figures().tables[table].lines
    return sum(one.value or 0 for line in lines for one in line.figures if one.id == id_)


def test_a_week_is_worth_looking_at(facts: list[CallFact]) -> None:
    doors = Counter(fact.door for fact in facts)
    assert all(doors[door] > (50 if door is Door.NO_KEY else 500) for door in DOORS)
    assert figures().days_open == 4
    assert figures().reconciles


def test_every_call_is_counted_as_the_report_counts_it(facts: list[CallFact]) -> None:
    target_s = week().plan.targets.live_target_s
    whole = merged(tally(facts, target_s).values())
    for id_ in (*CALLS, "pickup/2", "promise-kept/2", "callback-kept/1", "talk/1"):
        assert figures()[id_] == figure(id_, whole)
    live = [fact for fact in facts if fact.door is not Door.CALLBACK]
    of_live = merged(tally(live, target_s).values())
    for id_ in ("service-level/1", "service-level-abandons/1", "asa/1"):
        assert figures()[id_] == figure(id_, of_live)


def test_shares_of_live_calls_are_of_those_offered_while_open(facts: list[CallFact]) -> None:
    classes = Counter(CLASS[fact.outcome] for fact in facts if fact.door is not Door.CALLBACK)
    asked = sum(
        classes[one]
        for one in (Column.ANSWERED, Column.ABANDONED, Column.REFUSED, Column.CALLED_BACK)
    )
    assert figures()["abandonment/2"].denominator == asked
    assert figures()["abandonment/2"].numerator == classes[Column.ABANDONED]
    assert figures()["service-level-offered/2"].denominator == asked


def test_waits_are_those_of_every_call_served(facts: list[CallFact]) -> None:
    for door in DOORS:
        waits = [waited(fact) for fact in served(facts) if fact.door is door]
        assert_waits([cell("doors", door.value, f"wait{end}/1") for end in ENDS], waits)
    called = [waited(fact) for fact in served(facts) if fact.door is Door.CALLBACK]
    assert_waits([figures()[f"callback-wait{end}/1"] for end in ENDS], called)
    calling = [waited(fact) for fact in served(facts) if fact.door is not Door.CALLBACK]
    assert_waits(
        [figures()[f"{id_}/1"] for id_ in ("asa", "live-wait-median", "live-wait-p95")], calling
    )


ENDS = ("", "-median", "-p95")


def served(facts: Iterable[CallFact]) -> list[CallFact]:
    return [one for one in facts if CLASS[one.outcome] is Column.ANSWERED]


def waited(fact: CallFact) -> int | None:
    return fact.waited_s


def assert_waits(told: list[Figure], waits: list[int | None]) -> None:
    assert None not in waits
    mean, median, most = (one.value for one in told)
    assert mean == pytest.approx(np.mean(np.array(waits)))
    assert median == np.quantile(np.array(waits), 0.5, method="inverted_cdf")
    assert most == np.quantile(np.array(waits), 0.95, method="inverted_cdf")


#: Tables whose lines do not add up to the service, and why.
NO_PARTS = {"days": "the hardest ones alone", "week-": "means of half-hours"}


def test_everything_adds_up_to_the_service() -> None:
    assert not faults(
        [*figures().sections.items(), *((one.question, one.figures) for one in figures().votes)],
        {**figures().tables, **{one.table.id: one.table for one in figures().votes}},
        DEFINITIONS,
    )
    service = {one.id: one for one in figures().sections["calls"]}
    service |= {one.id: one for one in figures().sections["service"]}
    for id_, table in figures().tables.items():
        if table.total is None:
            assert id_.startswith(tuple(NO_PARTS)), f"{id_} tells no total"
        else:
            for one in table.total.figures:
                assert one == service.get(one.id, one), f"{id_}: {one.id} of all is another"


def test_what_does_not_add_up_is_found() -> None:
    """Each check of the test above finds the fault in a wrong table."""
    ids = ("offered/2", "answered/1", "pickup/2")
    counts: Counts = Counter({Column.OFFERED: 9, Column.ANSWERED: 6})
    rest = Counter({Column.OFFERED: 1})
    whole = merged([counts, rest])

    def table(total: Counts, *wrong: Figure) -> dict[str, Table]:
        rows = [[figure(id_, one) for id_ in ids] for one in (counts, rest, total)]
        for one in wrong:
            rows[0][ids.index(one.id)] = one
        lines = [Line("x", "x", tuple(row)) for row in rows]
        return {"t": Table("t", "t", ids, (*lines[:2],), lines[2])}

    def found(tables: dict[str, Table]) -> int:
        return len(faults([], tables, DEFINITIONS))

    assert found(table(whole)) == 0
    assert found(table(counts)) == 2  # the count, and the quotient of all
    assert found(table(whole, Figure("pickup/2", 0.7, 6, 9))) == 2  # as made, as printed
    assert found(table(whole, Figure("pickup/2", 6 / 8, 6, 8))) == 2  # beside 9 offered; of all
    full = [Figure(id_, 1) for id_ in OFFERED_IDS]
    assert faults([("x", full)], {}, DEFINITIONS) == [
        f"x: offered/2 is not the sum of {OFFERED_IDS[1:]}"
    ]
    assert "without" in faults([("x", full[:3])], {}, DEFINITIONS)[0]


def test_a_door_that_comes_falls_out_of_no_sum(facts: list[CallFact]) -> None:
    doors = figures().tables["doors"]
    assert [line.key for line in doors.lines] == [door.value for door in DOOR_NAMES]
    modes = by_mode(facts, week().plan.targets.live_target_s)
    for line in figures().tables["modes"].lines:
        for one in line.figures:
            assert one == figure(one.id, modes[Mode(line.key)])


def test_the_hardest_days_come_first() -> None:
    lines = figures().tables["days"].lines
    broken = [cell("days", line.key, "promise-broken/1").value or 0 for line in lines]
    assert broken == sorted(broken, reverse=True)
    assert broken[0] > broken[-1] > 0


def test_the_week_is_the_half_hours_of_its_days(facts: list[CallFact]) -> None:
    asked = value("request/1")
    came = sum(
        CLASS[fact.outcome] not in (Column.SELF_SERVICE, Column.CLOSED)
        for fact in facts
        if fact.door is not Door.CALLBACK
    )
    load = sum(
        one.numerator or 0 for line in figures().tables["week-load"].lines for one in line.figures
    )
    assert load == asked + came
    heads = figures().tables["week-load"].heads
    assert (heads[0], heads[-1], len(heads)) == ("8\u00a0h\u00a030", "18\u00a0h", 20)
    # Friday mornings are closed, and show nothing.
    friday = next(line for line in figures().tables["week-busy"].lines if line.key == "5")
    assert [one.value is None for one in friday.figures] == [True] * 9 + [False] * 8 + [True] * 3


def test_every_request_and_every_ticket_has_an_end() -> None:
    refusals = sum(value(refused(one)) for one in Refusal)
    assert value("request/1") == value("request-accepted/1") + refusals
    assert value("request-accepted/1") == cell("modes", "callback", "total/1").value
    tickets = week().tally.tickets
    for state, id_ in (
        (TicketState.DONE, "answered-callback/1"),
        (TicketState.FAILED, "not-reached/1"),
        (TicketState.CANCELLED, "withdrawn/1"),
        (TicketState.EXPIRED, "broken/1"),
    ):
        assert value(id_) == tickets[state]
    assert figures()["acceptance/1"].denominator == value("request/1")


def test_callers_vote_as_they_are_said_to_and_every_vote_is_counted() -> None:
    """In a week, within four standard deviations; there are as many votes as questions asked."""
    satisfied, yes = figures().votes
    habits = week().workload.callers
    for vote, share, voted in (
        (satisfied, habits.satisfied, habits.votes),
        (yes, habits.says_yes, habits.votes_on),
    ):
        assert vote.share.value == within(share, vote.share.denominator)
        assert vote.response.value == within(voted, vote.response.denominator)
        assert vote.answers.value == sum(
            one.value or 0 for line in vote.table.lines for one in line.figures
        )
    # Only those who answer the first question are asked the second one.
    assert yes.asked.value == satisfied.answers.value
    stayed = value("answered/1") * (1 - habits.hangs_up_first)
    assert satisfied.asked.value == pytest.approx(stayed, rel=0.05)


def within(share: float, number: int | None) -> object:
    assert number is not None
    assert number > 300
    return pytest.approx(share, abs=4 * (share * (1 - share) / number) ** 0.5)


def test_informateurs_are_ready_busy_or_paused() -> None:
    assert value("agents/1") == 45
    assert 30 < value("on-duty/1") < 45
    assert value("ready/1") + value("busy/1") < value("on-duty/1")
    busy, ready = value("busy/1"), value("ready/1")
    assert value("occupancy/1") == pytest.approx(busy / (busy + ready))
    assert 0 < value("mobilised/1") <= 45


def test_littles_law_holds() -> None:
    """The observed queue is what the waits add up to; transferred callers wait twice."""
    assert value("little/1") == pytest.approx(1.0, abs=0.1)
    assert value("most-waiting/1") >= value("waiting-seen/1") > 0


def test_what_callers_were_told_is_judged() -> None:
    said = week().tally.said
    assert value("told/1") == said.told > 100
    assert value("told-within/1") == said.within / said.told
    ratios = sorted(said.ratios.elements())
    assert value("told-ratio/1") == ratios[(len(ratios) - 1) // 2] / 100
    assert 0.5 < value("told-ratio/1") < 5


def test_fairness_is_measured_over_the_doors() -> None:
    kept = [cell("doors", door.value, "promise-kept/2").value or 0 for door in DOORS]
    ratios = [cell("doors", door.value, "wait-to-promise/1").value or 0 for door in DOORS]
    assert value("fairness-kept/1") == jain(kept)
    assert value("fairness-wait/1") == jain(ratios)
    assert ratios[0] == pytest.approx(
        (cell("doors", "code", "wait/1").value or 0) / week().plan.targets.live_target_s
    )


def test_every_figure_has_a_definition_and_comes_once() -> None:
    ids = [one.id for section in figures().sections.values() for one in section]
    assert len(set(ids)) == len(ids)
    for table in figures().tables.values():
        for line in table.lines:
            assert len(line.figures) == len(table.heads)
            ids.extend(one.id for one in line.figures)
    assert set(ids) <= DEFINITIONS.keys()
    with pytest.raises(KeyError):
        figures()["nothing/1"]


def test_the_same_seed_gives_the_same_figures_and_another_one_others() -> None:
    once, again, other = (figures_of(simulation(seed, 1, 3)) for seed in (1, 1, 2))
    assert once == again
    assert once.sections != other.sections


def test_a_call_counted_nowhere_is_noticed() -> None:
    run = simulation(1, 1, 2)
    assert figures_of(run).reconciles
    run.tally.tickets[TicketState.DONE] -= 1
    assert not figures_of(run).reconciles
    run.tally.tickets[TicketState.DONE] += 1
    next(iter(run.tally.cells.values()))[Column.ANSWERED] += 1
    assert not figures_of(run).reconciles


def quiet(days: int) -> Figures:
    run = Simulation(
        pure_plan(crew(1, travail=1)),
        workload(),
        2025,
        1,
        NO_SPEECH,
        who_works=everybody_all_day,
    )
    for day in run.days[:days]:
        run.run_day(day)
    return figures_of(run)


def test_without_a_call_nothing_is_divided() -> None:
    nothing = quiet(2)
    assert nothing["total/1"].value == 0
    assert nothing["pickup/2"].value is None
    assert nothing["live-wait-median/1"].value is None
    assert nothing["fairness-kept/1"].value is None
    assert nothing["occupancy/1"].value == 0
    assert nothing["on-duty/1"].value == pytest.approx(1.0, abs=0.01)
    assert nothing.reconciles
    assert nothing.tables["days"].lines == ()


@given(
    st.dictionaries(st.integers(0, 5000), st.integers(1, 50), min_size=1, max_size=30),
    st.sampled_from([0.5, 0.95, 1.0]),
)
def test_a_quantile_is_the_least_wait_that_so_many_do_not_exceed(
    waits: dict[int, int], share: float
) -> None:
    every = sorted(Counter(waits).elements())
    told = quantile(waits, share)
    assert told in every
    assert sum(wait <= told for wait in every) >= share * len(every)
    assert sum(wait < told for wait in every) < share * len(every)


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=10))
def test_jains_index_is_between_one_for_each_and_one(values: list[float]) -> None:
    index = jain(values)
    assert index is not None
    assert 1 / len(values) - 1e-9 <= index <= 1 + 1e-9
    assert jain([values[0]] * len(values)) == pytest.approx(1)
    assert jain([0.0, 0.0]) is None
