"""The benchmark of the core counts rightly; how fast things are is not a test's business."""

from dataclasses import replace

import pytest

from router.core.commands import Command, Counted, Noted, Step
from router.core.events import Event, TimePassed
from router.core.facts import Door
from tests.load import core
from tests.load.core import Measured, Run, Scale, Year, hear, ratios
from tests.load.meters import Noise
from tests.load.office import LOAD, Office
from tests.load.report import as_text
from tests.load.town import fresh_engine

TINY = Scale(sizes=(1, 10), bar=10, repeats=1, events=500, hearings=2, years=1, days=6)
A_YEAR = Year(processor_s=61.0, took_s=62.0, events=5_000_000, calls=250_000, most_mib=90.0)


def one_run(working: int, event_us: float) -> Run:
    return Run(
        working=working,
        events=10,
        event_us=event_us,
        hearings_us=[event_us, event_us + 1],
        kinds={"TimePassed": 10},
        others=0.0,
    )


@pytest.fixture(scope="module")
def office() -> Office:
    """Some informateurs at work."""
    opened = Office(working=12, seed=1)
    opened.settle()
    return opened


def test_everything_happens_that_happens_to_the_service(office: Office) -> None:
    met: set[Step] = set()
    doors: dict[Door, int] = {}

    def note(event: Event, commands: list[Command], took: int, spent: int) -> None:
        for command in commands:
            if isinstance(command, Noted):
                met.add(command.step)
            elif isinstance(command, Counted) and hasattr(command.fact, "door"):
                doors[command.fact.door] = doors.get(command.fact.door, 0) + 1

    office.run(60_000, note)
    assert met >= {
        *(Step.ARRIVED, Step.MENU, Step.CODE_ACCEPTED, Step.QUEUED, Step.ANNOUNCED),
        *(Step.RINGING, Step.MISSED, Step.WHISPERED, Step.TALKING, Step.AGENT_DONE),
        *(Step.TICKET_ACCEPTED, Step.DIALLED, Step.PICKED_UP, Step.NOT_REACHED),
        *(Step.TICKET_ENDED, Step.VOTE_ASKED, Step.ENDED),
    }
    called = sum(doors.values())
    assert 0.3 < doors[Door.CALLBACK] / called < 0.5
    assert min(doors[Door.CODE], doors[Door.MENU]) / called > 0.1
    # Nothing is told that does not fit, but what a key has cut short or a hang-up crossed.
    ignored = {name for name in office.engine.counts if name.startswith("ignored")}
    assert ignored <= {"ignored PromptEnded", "ignored CallLeft", "ignored KeyPressed in leaving"}


def test_informateurs_are_busy_as_they_should_be() -> None:
    office = Office(working=45, seed=2)
    _, measured = office.trace(20_000)
    states = office.engine.agent_states()
    assert sum(states.values()) == 45
    took_s = measured[-1][1] - measured[0][1]
    talks = sum(type(event).__name__ == "LegAnswered" for event, _ in measured)
    assert talks * 220 / took_s / 45 == pytest.approx(LOAD, abs=0.15)


def test_a_fresh_engine_hears_the_same_and_decides_the_same() -> None:
    office = Office(working=3, seed=3)
    settling, measured = office.trace(2_000)
    engine = fresh_engine(office.plan)
    hear(engine, settling)
    assert hear(engine, measured) > 0
    assert len(measured) == 2_000
    assert engine.counts == office.engine.counts
    assert engine.agent_states() == office.engine.agent_states()
    assert engine.next_deadline() == office.engine.next_deadline()


def test_the_ratio_is_that_of_the_same_seed() -> None:
    runs = [one_run(1, 2.0), one_run(10, 3.0), one_run(1, 8.0), one_run(10, 4.0)]
    assert ratios(Measured(runs, {}, Noise([], 0, 0), []), TINY) == [1.5, 2.0]


def test_a_bar_that_is_missed_is_said() -> None:
    runs = [one_run(1, 4.0), one_run(10, 12.0)]
    measured = Measured(runs, {10: 2**21}, Noise([0.0], 0.1, 0.2), [A_YEAR])
    told = as_text(core.report(measured, replace(TINY, days=None)))
    assert "< 60 s: MISSED" in told
    assert "< 300 MiB: held" in told
    assert "83,333" in told
    assert "≥ 100,000: MISSED" in told
    assert "≤ 2: MISSED" in told
    assert "2.00 MiB" in told


@pytest.mark.load
def test_every_run_is_told() -> None:
    measured = core.measure(TINY, lambda _: None)
    assert [one.working for one in measured.runs] == [1, 10]
    for one in measured.runs:
        assert sum(one.kinds.values()) == one.events == TINY.events
        assert one.kinds[TimePassed.__name__] > 0
        assert 0 < one.event_us == min(one.hearings_us)
    assert measured.memory.keys() == {10}
    (days,) = measured.years
    assert days.events > days.calls > 1000
    told = core.report(measured, TINY)
    assert "An event, 1 informateur" in {one.what for one in told.figures}
