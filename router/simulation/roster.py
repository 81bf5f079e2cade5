"""Who works when: each informateur's stint of a day, with its pauses."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import cycle, islice
from zoneinfo import ZoneInfo

from router.core.ids import AgentId, ReasonId, SectorId
from router.core.plan import Agent, Plan
from router.simulation.demand import STAFF, Day, chance
from router.simulation.workload import WEEKDAYS, Informateurs, Outage, Shift, Workload

#: (begin, end), in UTC epoch seconds.
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stint:
    """An informateur's time at work, without interruption but for pauses and outages."""

    agent: AgentId
    #: In UTC epoch seconds.
    begins_at: float
    ends_at: float
    #: (begin, end, the plan's reason).
    pauses: tuple[tuple[float, float, ReasonId], ...] = ()
    #: Spans in which the phone is not registered.
    outages: tuple[Span, ...] = ()


def with_agents(plan: Plan, number: int) -> Mapping[AgentId, Agent]:
    """Return `number` informateurs with the skills of the plan's, in the same proportions."""
    spread = _spread(plan.agents.values())
    chosen = {agent.id for agent in spread[:number]}
    made = {id_: agent for id_, agent in plan.agents.items() if id_ in chosen}
    for place, agent in enumerate(islice(cycle(spread), number)):
        if place >= len(spread):
            id_ = AgentId(f"{10_000 + place}")
            made[id_] = Agent(id_, agent.skills)
    return made


def _spread(agents: Iterable[Agent]) -> list[Agent]:
    """Return the informateurs in an order of which every beginning has all skills in proportion.

    As seats are given to parties (Webster's method).
    """
    groups: defaultdict[frozenset[tuple[SectorId, int]], list[Agent]] = defaultdict(list)
    for agent in agents:
        groups[frozenset(agent.skills.items())].append(agent)
    ranked = [
        ((place + 0.5) / len(group), agent)
        for group in groups.values()
        for place, agent in enumerate(group)
    ]
    return [agent for _, agent in sorted(ranked, key=lambda one: one[0])]


def stints(seed: int, day: Day, workload: Workload, plan: Plan) -> list[Stint]:
    """Return the stints of that day, in the plan's order of informateurs."""
    if not day.openings:
        return []
    rules, zone = workload.informateurs, ZoneInfo(plan.hours.zone)
    weekday = WEEKDAYS[day.day.weekday()]
    shifts = [shift for shift in rules.shifts if weekday in shift.weekdays]
    present = rules.present
    for absence in workload.absences:
        if absence.begins <= day.day <= absence.ends:
            present *= 1.0 - absence.share
    # Drawn for everybody: who comes does not depend on who else does.
    luck = chance(seed, day.day, STAFF).random((len(plan.agents), 6)).tolist()
    made = []
    for agent, (due, comes, late, out, lunch, pause) in zip(plan.agents, luck, strict=True):
        shift = _shift(shifts, due)
        if shift is None or comes >= present:
            continue
        begins_at, ends_at = (_at(day.day, clock, zone) for clock in (shift.begins, shift.ends))
        comes_at = begins_at + late * rules.late_s
        made.append(
            Stint(
                agent,
                comes_at,
                ends_at,
                _pauses(rules, day.day, zone, (begins_at, ends_at), lunch, pause, plan),
                # What is left of an outage that began before.
                tuple(
                    (max(comes_at, _at(day.day, outage.begins, zone)), over_at)
                    for outage in _of_day(workload.outages, day.day)
                    for over_at in [_at(day.day, outage.ends, zone)]
                    if out < outage.share and over_at > comes_at
                ),
            )
        )
    return made


def _shift(shifts: Sequence[Shift], due: float) -> Shift | None:
    """Return the shift of the informateur with the luck `due`, from 0 to 1; None: a day off."""
    for shift in shifts:
        if due < shift.share:
            return shift
        due -= shift.share
    return None


def _of_day(outages: Sequence[Outage], day: date) -> list[Outage]:
    return [outage for outage in outages if outage.day == day]


def _pauses(
    rules: Informateurs,
    day: date,
    zone: ZoneInfo,
    shift: Span,
    lunch: float,
    pause: float,
    plan: Plan,
) -> tuple[tuple[float, float, ReasonId], ...]:
    """Return the pauses of a shift: lunch within the workload's hours, and breaks."""
    begins_at, ends_at = shift
    made = []
    short, long = _reasons(plan)
    if ends_at - begins_at > rules.lunch_after_s and rules.lunch_s:
        first, last = (_at(day, clock, zone) for clock in (rules.lunch_begins, rules.lunch_ends))
        at = first + lunch * max(0.0, last - first - rules.lunch_s)
        made.append((at, at + rules.lunch_s, long))
    at = begins_at + rules.break_every_s * (0.5 + pause)
    while rules.break_s and at + rules.break_s < ends_at - 1800:
        if not any(at < end and begin < at + rules.break_s for begin, end, _ in made):
            made.append((at, at + rules.break_s, short))
        at += rules.break_every_s
    return tuple(sorted(made))


def _reasons(plan: Plan) -> tuple[ReasonId, ReasonId]:
    """Return the plan's reasons with the shortest and the second shortest limit."""
    by_length = sorted(plan.desk.reasons.values(), key=lambda reason: reason.longest_s)
    ids = [reason.id for reason in by_length] or [ReasonId("pause")]
    return ids[0], ids[min(1, len(ids) - 1)]


def _at(day: date, clock: time, zone: ZoneInfo) -> float:
    """Return a local time of that day in UTC epoch seconds."""
    return datetime.combine(day, clock, zone).timestamp()
