"""What the service does on ordinary days, and when something goes wrong.

At least 99.5 % of promises are kept, and callbacks are refused rather than broken; the announced
bound of the wait holds in at least 85 % of cases, and is still of use. In weeks of the shipped
year, with the shipped plan.
"""

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any

import pytest

from router.cli import provision
from router.config import load
from router.core.callback.tickets import TicketState
from router.core.facts import Door
from router.simulation.demand import year_of_days
from router.simulation.run import Simulation, speech_s
from router.simulation.tally import Tally
from router.simulation.workload import SHIPPED, Absence, Outage, Peak, load_workload

#: A week of each season.
MONDAYS = [date(2025, 1, 6), date(2025, 3, 24), date(2025, 9, 15), date(2025, 12, 1)]
DAYS = [monday + timedelta(days) for monday in MONDAYS for days in range(5)]
KEPT, WITHIN, IDLE = 0.995, 0.85, 1.6
#: When something unforeseen happens the bound may be wider, but must not be useless.
IDLE_IN_TROUBLE = 2.0


def weeks(**trouble: Any) -> Tally:
    """Simulate the weeks, with trouble on each of their days."""
    plan = load(None).plan
    people = load_workload(SHIPPED / "2025.toml", plan).model_copy(update=trouble)
    chosen = [day for day in year_of_days(people, plan.hours, 2025) if day.day in DAYS]
    return Simulation(
        plan, people, 2025, 1, speech_s(provision.sentences(load(None)).texts), days=chosen
    ).run()


@pytest.fixture(scope="module")
def ordinary() -> Tally:
    return weeks()


HALF_AWAY: Sequence[Absence] = [
    Absence(begins=DAYS[0], ends=DAYS[-1], share=0.5, reason="half the staff is missing")
]
PHONES_DOWN: Sequence[Outage] = [
    Outage(day=day, begins=time(10), ends=time(10, 45), share=0.6, reason="phones are down")
    for day in DAYS
]
TELEVISION: Sequence[Peak] = [
    Peak(day=day, begins=time(10), ends=time(11), factor=3, reason="named on television")
    for day in DAYS
]
TROUBLE: dict[str, dict[str, Any]] = {
    "half the staff missing": {"absences": tuple(HALF_AWAY)},
    "phones down at ten": {"outages": tuple(PHONES_DOWN)},
    "three times the calls for an hour": {"peaks": tuple(TELEVISION)},
}


@pytest.fixture(scope="module", params=TROUBLE)
def troubled(request: pytest.FixtureRequest) -> Tally:
    return weeks(**TROUBLE[request.param])


def kept(tally: Tally) -> float:
    """Return the share of promises kept, of all callbacks that led to a conversation."""
    in_time, late = tally.kept[Door.CALLBACK, True], tally.kept[Door.CALLBACK, False]
    return in_time / (in_time + late + tally.tickets[TicketState.EXPIRED])


def refused(tally: Tally) -> int:
    return tally.admissions.total() - tally.admissions[None]


def median_ratio(tally: Tally) -> float:
    """Return the announced bound divided by the wait, of those who heard it and were served."""
    ratios = sorted(tally.said.ratios.elements())
    return ratios[len(ratios) // 2] / 100


def test_on_ordinary_days_promises_are_kept_and_hardly_any_refused(ordinary: Tally) -> None:
    assert kept(ordinary) >= KEPT
    assert refused(ordinary) < 0.05 * ordinary.admissions.total()


def test_what_was_accepted_never_expires(ordinary: Tally) -> None:
    assert ordinary.tickets.total() == ordinary.admissions[None]
    assert ordinary.tickets[TicketState.EXPIRED] == 0


def test_in_trouble_promises_are_refused_rather_than_broken(
    troubled: Tally, ordinary: Tally
) -> None:
    assert kept(troubled) >= KEPT
    assert refused(troubled) > 2 * refused(ordinary)
    assert troubled.admissions[None] > 0.4 * ordinary.admissions[None]


def test_what_is_said_of_the_wait_holds_and_says_something(ordinary: Tally) -> None:
    assert ordinary.said.told > 500
    assert ordinary.said.within >= WITHIN * ordinary.said.told
    assert median_ratio(ordinary) < IDLE


def test_it_holds_in_trouble_too(troubled: Tally) -> None:
    assert troubled.said.told > 500
    assert troubled.said.within >= WITHIN * troubled.said.told
    assert median_ratio(troubled) < IDLE_IN_TROUBLE
