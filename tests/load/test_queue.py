"""The benchmark of the queue counts rightly; how fast things are is not a test's business."""

from array import array

import pytest

from router.core.commands import Command, Counted, Noted, Step
from router.core.events import CallArrived, Event, TimePassed
from router.core.facts import VoteFact
from router.core.ids import CallId
from router.core.work import WorkQueue
from tests.load import queue
from tests.load.list_scan import ListScan
from tests.load.meters import Noise
from tests.load.queue import Costs, Measured, Meter, Run, Scale, growth, kind, shares
from tests.load.report import as_text
from tests.load.town import Town, large_plan

TINY = Scale(sizes=(20, 200), bar=200, repeats=1, events=2000)


def costs(mean: float, events: int = 100) -> Costs:
    return Costs(events=events, mean=mean, p50=mean, p99=mean, p999=mean, most=mean)


def one_run(waiting: int, mean: float, **kinds: Costs) -> Run:
    events = sum(one.events for one in kinds.values())
    return Run(
        waiting=waiting,
        waited=waiting,
        working=1,
        town_s=1.0,
        every=costs(mean, events),
        every_processor=costs(mean, events),
        kinds=kinds,
        collecting=0.1,
        decision_us=1.0,
        list_scan_us=9.0,
        others=0.0,
    )


@pytest.fixture(scope="module")
def town() -> Town:
    """A small town, settled."""
    settled = Town(waiting=60, working=6, seed=1)
    settled.settle()
    return settled


def test_as_many_wait_as_were_asked_for(town: Town) -> None:
    meter = Meter()
    for _ in range(10):
        town.run(500, meter)
        waiting = sum(sector.waiting for sector in town.engine.sectors())
        assert 50 <= waiting <= 60
        assert waiting <= len(town.unserved) <= 60
    assert len(meter.spent) == sum(map(len, meter.took.values())) == 5000


def test_everything_happens_that_happens_to_a_queue(town: Town) -> None:
    met: set[Step] = set()
    votes: list[int | None] = []

    def note(event: Event, commands: list[Command], took: int, spent: int) -> None:
        for command in commands:
            if isinstance(command, Noted):
                met.add(command.step)
            elif isinstance(command, Counted) and isinstance(command.fact, VoteFact):
                votes.append(command.fact.score)

    town.run(20_000, note)
    assert met >= {
        *(Step.ARRIVED, Step.MENU, Step.CODE_ACCEPTED, Step.QUEUED, Step.ANNOUNCED),
        *(Step.RINGING, Step.MISSED, Step.WHISPERED, Step.TALKING, Step.AGENT_DONE),
        *(Step.VOTE_ASKED, Step.ENDED),
    }
    assert len(votes) > 10
    assert set(votes) == {3}
    # Nothing is told that does not fit, but the ends of prompts that a key has cut.
    ignored = {name for name in town.engine.counts if name.startswith("ignored")}
    assert ignored <= {"ignored PromptEnded", "ignored KeyPressed in leaving"}


def test_the_same_seed_is_the_same_town() -> None:
    told = []
    for _ in range(2):
        town = Town(waiting=20, working=2, seed=5)
        town.settle()
        town.run(500, Meter())
        told.append((town.now, town.engine.counts, town.engine.call_states()))
    assert told[0] == told[1]


def test_an_event_is_named_by_what_it_brought_about() -> None:
    call = CallId("caller")
    assert kind(TimePassed(), []) == "TimePassed"
    assert kind(CallArrived(call), [Noted(call, Step.ARRIVED)]) == "CallArrived: arrived"


def test_costs_are_in_microseconds() -> None:
    told = Costs.of(array("Q", range(1000, 101_000, 1000)))
    assert (told.events, told.p50, told.p99, told.most) == (100, 50.0, 99.0, 100.0)
    assert told.mean == pytest.approx(50.5)


def test_growth_weighs_the_same_events() -> None:
    few = one_run(100, 2.0, a=costs(1.0, 50), b=costs(4.0, 50))
    many = one_run(10_000, 1.1, a=costs(1.0, 900), b=costs(8.0, 100), rare=costs(99.0, 1))
    weights = shares([few, many], 10_000)
    assert weights == {"a": pytest.approx(900 / 1001), "b": pytest.approx(100 / 1001)}
    # (0.9 * 1 + 0.1 * 8) / (0.9 * 1 + 0.1 * 4): the mean over all events has shrunk instead
    assert growth(few, many, weights, lambda one: one.mean) == pytest.approx(1.7 / 1.3)


def test_the_list_scan_chooses_as_the_queue_does() -> None:
    plan = large_plan()
    sectors, skills = list(plan.sectors), [agent.skills for agent in plan.agents.values()]
    items = queue.waiting_items(sectors, 600)
    told = []
    for book in (WorkQueue(sectors, len(plan.targets.widening_s)), ListScan()):
        for item in items[:300]:
            book.add(item)
        told.append(queue.decide(book, items[300:], skills))
    assert told[0] == told[1]
    assert len({chosen for chosen, _ in told[0]}) > 250


def test_a_bar_that_is_missed_is_said() -> None:
    scale = Scale(sizes=(100, 10_000), bar=10_000, repeats=1, events=1)
    runs = [one_run(100, 10.0, a=costs(10.0, 900)), one_run(10_000, 60.0, a=costs(60.0, 900))]
    told = as_text(queue.report(Measured(runs, 2048.0, Noise([0.0], 0.1, 0.2)), scale))
    assert "< 50 µs: MISSED" in told
    assert "≤ 2: MISSED" in told
    assert "2.00 KiB" in told


@pytest.mark.load
def test_every_run_is_told() -> None:
    measured = queue.measure(TINY, lambda _: None)
    assert [one.waiting for one in measured.runs] == [20, 200]
    for one in measured.runs:
        assert one.every.events == sum(of.events for of in one.kinds.values()) == TINY.events
        assert 0 < one.every.p50 <= one.every.p99 <= one.every.most
        assert 0 <= one.collecting < 1
    assert 500 < measured.bytes_per_caller < 20_000
    told = queue.report(measured, TINY)
    assert "An event, p99 with 200 waiting" in {one.what for one in told.figures}
    assert 0.5 < sum(told.details["shares"].values()) <= 1
