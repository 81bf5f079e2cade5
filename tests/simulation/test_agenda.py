"""The virtual clock."""

from heapq import heappop
from typing import Any

from router.core.events import Event, TimePassed
from router.simulation.agenda import Agenda


def let_happen(agenda: Agenda) -> Event | None:
    """As `run` does."""
    agenda.now, _, act, who = heappop(agenda.coming)
    return act(who)


def test_what_is_due_first_happens_first_and_equals_in_order() -> None:
    agenda, seen = Agenda(100.0), list[tuple[float, Any]]()

    def act(who: str) -> Event | None:
        seen.append((agenda.now, who))
        return None

    agenda.after(5.0, act, "late")
    agenda.at(102.0, act, "first of two")
    agenda.after(2.0, act, "second of two")
    agenda.at(50.0, act, "past: at once")
    while agenda.coming:
        let_happen(agenda)

    assert seen == [
        *((100.0, "past: at once"), (102.0, "first of two"), (102.0, "second of two")),
        (105.0, "late"),
    ]
    assert agenda.coming == []


def test_what_the_engine_is_told_comes_back() -> None:
    agenda = Agenda(0.0)
    event = TimePassed()
    agenda.after(1.0, lambda who: event, None)

    assert let_happen(agenda) is event
    assert agenda.now == 1.0


def test_acts_may_lead_to_acts() -> None:
    agenda, seen = Agenda(0.0), list[float]()

    def again(times: int) -> Event | None:
        seen.append(agenda.now)
        if times:
            agenda.after(1.0, again, times - 1)
        return None

    agenda.after(1.0, again, 2)
    while agenda.coming:
        let_happen(agenda)
    assert seen == [1.0, 2.0, 3.0]
