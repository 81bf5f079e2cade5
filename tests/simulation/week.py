"""A few days of the shipped service and workload, run once for all tests that look at it."""

from functools import cache

from router.cli import provision
from router.config import load
from router.core.commands import Counted
from router.core.facts import CallFact
from router.core.plan import Plan
from router.planning.needed import needed_of
from router.simulation.figures import Figures, figures_of
from router.simulation.run import Simulation, speech_s
from router.simulation.tally import Tally
from router.simulation.workload import SHIPPED, load_workload

#: Six days with a weekend: 2 to 7 January 2025, a Thursday to a Tuesday.
FIRST, LAST = 1, 7


class Listener(Tally):
    """A tally that also keeps every fact."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.facts: list[CallFact] = []

    def counted(self, command: Counted) -> None:
        super().counted(command)
        if isinstance(command.fact, CallFact):
            self.facts.append(command.fact)


def simulation(seed: int = 1, first: int = FIRST, last: int = LAST) -> Simulation:
    """Return a run of the shipped service over these days of 2025."""
    plan = load(None).plan
    run = Simulation(
        plan,
        load_workload(SHIPPED / "2025.toml", plan),
        2025,
        seed,
        speech_s(provision.sentences(load(None)).texts),
        tally=Listener(plan),
    )
    for day in run.days[first:last]:
        run.run_day(day)
    return run


@cache
def week() -> Simulation:
    return simulation()


@cache
def figures() -> Figures:
    return figures_of(week(), needed=needed_of(week()))
