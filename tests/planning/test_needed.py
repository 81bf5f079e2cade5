"""How many a run would have needed: enough by Erlang C, and not one more."""

from router.config import load
from router.planning.erlang import Queue
from router.planning.needed import least_agents, needed_of
from router.simulation.run import Simulation
from tests.simulation.scene import NO_SPEECH, crew, everybody_all_day, pure_plan, workload
from tests.simulation.week import figures, week


def test_who_is_needed_would_answer_in_time_and_one_fewer_would_not() -> None:
    plan = load(None).plan
    talk_s = figures()["talk/1"].value
    assert talk_s is not None
    handling_s = talk_s + plan.targets.wrap_up_s
    target_s = plan.targets.live_target_s
    for load_erlangs in (0.05, 0.5, 3.0, 12.7):
        least = least_agents(load_erlangs, handling_s, target_s)
        enough, few = (
            Queue(agents, load_erlangs / handling_s, handling_s) for agents in (least, least - 1)
        )
        assert enough.served_within(target_s) >= 0.8
        assert few.served_within(target_s) < 0.8
    assert least_agents(0.0, handling_s, target_s) == 0


def test_every_half_hour_that_opened_has_a_number() -> None:
    opened = {
        (day.day.weekday(), int(half.clock[:2]) * 2 + int(half.clock[3:]) // 30)
        for day in week().days
        if day.day in week().tally.days
        for half in day.half_hours
    }

    assert needed_of(week()).keys() == opened


def test_nobody_is_needed_where_nobody_talked() -> None:
    run = Simulation(
        pure_plan(crew(1, travail=1)), workload(), 2025, 1, NO_SPEECH, who_works=everybody_all_day
    )
    run.run_day(run.days[0])

    assert needed_of(run) == {}


def test_more_are_needed_than_are_busy_in_every_half_hour_that_was_open() -> None:
    busy, needed = (figures().tables[f"week-{one}"] for one in ("busy", "needed"))
    met = 0
    for busy_line, needed_line in zip(busy.lines, needed.lines, strict=True):
        for at_work, least in zip(busy_line.figures, needed_line.figures, strict=True):
            if at_work.value:
                assert least.value is not None
                assert least.value > at_work.value
                met += 1
    assert met > 20
