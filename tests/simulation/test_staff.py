"""Informateurs come, pause, miss calls, and stay for those who wait."""

import pytest

from router.core.commands import Step
from router.core.desk.agents import AgentState
from router.core.facts import Outcome
from router.core.plan import Plan, Targets
from router.simulation.roster import Stint
from tests.service_plan import BREAK, MONDAY_10H, WORK, agent, day_plan
from tests.simulation.scene import workload
from tests.simulation.story import Story, person

ONE = (agent("101", travail=1),)
#: Monday 18:15, in seconds after 10:00.
CLOSING_S = 8.25 * 3600


def plan(wrap_up_s: int = 0, misses_max: int = 2) -> Plan:
    return day_plan(agents=ONE, targets=Targets(wrap_up_s=wrap_up_s, misses_max=misses_max))


def stint(begins_s: float, ends_s: float, *pauses: tuple[float, float]) -> list[Stint]:
    spans = tuple((MONDAY_10H + begin, MONDAY_10H + end, BREAK) for begin, end in pauses)
    return [Stint(ONE[0].id, MONDAY_10H + begins_s, MONDAY_10H + ends_s, spans)]


def test_nobody_is_there_before_work_and_after() -> None:
    lived = Story(
        plan(),
        workload(),
        [person(0.0), person(1000.0), person(4000.0)],
        working=stint(500, 3600),
    )

    assert lived.outcomes == [
        Outcome.REFUSED_NO_AGENT,
        Outcome.ANSWERED,
        Outcome.REFUSED_NO_AGENT,
    ]
    assert lived.engine.agent_states()[AgentState.LOGGED_OUT] == 1


def test_a_call_is_finished_before_going_home() -> None:
    lived = Story(plan(), workload(), [person(talk_s=900.0)], working=stint(-100, 300))

    assert lived.heard.facts[0].talked_s == 900
    assert lived.engine.agent_states()[AgentState.LOGGED_OUT] == 1


def test_a_pause_takes_no_calls_and_ends() -> None:
    lived = Story(plan(), workload(), [person(200.0)], working=stint(-100, 20_000, (100, 400)))

    assert lived.at(Step.RINGING) == [400]


def test_a_pause_begins_when_the_call_is_over() -> None:
    lived = Story(
        plan(),
        workload(),
        [person(0.0, talk_s=200.0), person(20.0, talk_s=10.0)],
        working=stint(-100, 20_000, (100, 500)),
    )
    first, second = lived.at(Step.RINGING)

    assert first < 100
    assert second == 500


def test_who_has_missed_too_many_comes_back_to_the_desk() -> None:
    lived = Story(
        plan(misses_max=1),
        workload(informateurs={"misses": 1.0, "back_s": 240.0}),
        [person(patience_s=400.0)],
        working=stint(-100, 20_000),
    )
    first, second = lived.at(Step.RINGING)

    assert second - first == pytest.approx(15 + 240)


def test_those_who_wait_at_closing_are_served_before_anybody_goes() -> None:
    people = [person(CLOSING_S - 100 + place, talk_s=300.0) for place in range(3)]
    lived = Story(plan(), workload(), people, working=stint(-100, CLOSING_S))

    assert lived.outcomes == [Outcome.ANSWERED] * 3
    assert lived.at(Step.TALKING)[-1] > CLOSING_S + 300


def test_the_wrap_up_is_used_or_ended() -> None:
    people = [person(0.0, WORK, talk_s=50.0), person(1.0, WORK, talk_s=50.0)]
    all_of_it = Story(plan(wrap_up_s=40), workload(), people)
    fast = Story(
        plan(wrap_up_s=40),
        workload(informateurs={"ends_wrap_up": 1.0, "wrap_up": {"mean_s": 7.0, "kind": "fixed"}}),
        people,
    )

    for lived, wrap_up_s in ((all_of_it, 40), (fast, 7)):
        assert round(lived.at(Step.RINGING)[1] - lived.at(Step.ENDED)[0], 3) == wrap_up_s


def test_a_day_does_not_depend_on_how_often_others_were_rung() -> None:
    habits = workload(informateurs={"misses": 0.3})
    lived = Story(plan(), habits, [person(100.0 * place) for place in range(5)])
    again = Story(plan(), habits, [person(100.0 * place) for place in range(5)])

    assert lived.heard.steps == again.heard.steps
