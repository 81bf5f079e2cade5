"""What supervisors have changed until the end of the day, and what the plan is with it."""

from dataclasses import replace
from datetime import date

from router.core.hours import MIDNIGHT, DayException, Hours, Opening
from router.core.ids import AgentId, SectorId
from router.core.plan import Agent, Plan
from router.core.values import value


@value
class Skill:
    """A sector that an informateur serves, at a level, 1 for the most expert."""

    sector: SectorId
    level: int


@value
class Moved:
    """An informateur with other skills than the plan's. Queues that all serve are not named."""

    agent: AgentId
    skills: tuple[Skill, ...]


@value
class Message:
    """What a supervisor says to all who work here."""

    #: UTC epoch seconds.
    at: float
    supervisor: str
    text: str


@value
class Today:
    """The changes of one day; with none, the service is as planned."""

    day: date
    #: When the service closes instead of later, UTC epoch seconds; None: as planned.
    closes_at: float | None = None
    moved: tuple[Moved, ...] = ()
    message: Message | None = None

    def with_skills(self, agent: AgentId, skills: tuple[Skill, ...] | None) -> "Today":
        """Return it with these skills of an informateur's; None: the plan's."""
        others = tuple(one for one in self.moved if one.agent != agent)
        return replace(self, moved=others if skills is None else (*others, Moved(agent, skills)))


def applied(plan: Plan, today: Today) -> Plan:
    """Return the plan as it is today. Informateurs and sectors that it has not are passed over."""
    hours, agents = plan.hours, dict(plan.agents)
    if today.closes_at is not None:
        shorter = DayException(_until(today.closes_at, today.day, hours))
        hours = replace(hours, exceptions={**hours.exceptions, today.day: shorter})
    for one in today.moved:
        if one.agent in agents:
            agents[one.agent] = _with(one, plan)
    return replace(plan, hours=hours, agents=agents)


def _with(moved: Moved, plan: Plan) -> Agent:
    levels = len(plan.targets.widening_s)
    skills = {one.sector: min(one.level, levels) for one in moved.skills}
    served = {sector: skills[sector] for sector in plan.domains if sector in skills}
    for_all = {sector: 1 for sector, one in plan.sectors.items() if one.for_all}
    return Agent(moved.agent, {**served, **for_all})


def _until(closes_at: float, day: date, hours: Hours) -> tuple[Opening, ...]:
    """Return the day's openings as far as they come before `closes_at`, an instant of that day."""
    closing = hours.local(closes_at).time()
    return tuple(
        (opens, closing if closes == MIDNIGHT else min(closes, closing))
        for opens, closes in hours.day(day)
        if opens < closing
    )
