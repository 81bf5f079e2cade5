"""What is counted during a run: sums and histograms, never lists of calls.

Everything comes from what the engine itself counts (facts, tickets), and from what people heard and
experienced; memory does not grow with the number of calls.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date

from router.core.call.life import CallState
from router.core.callback.tickets import Refusal, TicketRecord, TicketState
from router.core.commands import Counted, Noted, Step
from router.core.desk.agents import AgentState
from router.core.engine import Engine
from router.core.facts import CallFact, Door, DutyFact, Outcome, VoteFact
from router.core.ids import AgentId, QuestionId, SectorId
from router.core.plan import Plan
from router.report.columns import CLASS, MODE, Column, Counts, Mode
from router.report.counting import add
from router.simulation.demand import Person
from router.simulation.homes import home

#: Between two observations of the whole service, in seconds.
SAMPLE_S = 60.0
_TALKING = Step.TALKING
_WAITING = (CallState.WAITING, CallState.RINGING, CallState.WHISPERING)
_BUSY = (AgentState.RESERVED, AgentState.RINGING, AgentState.TALKING, AgentState.WRAPPING_UP)

#: Weekday (0 is Monday) and half-hour of the day (0 to 47), local.
Slot = tuple[int, int]
#: How calls of one door ended, and how often its promises were kept (True) or not.
Ends = tuple[Counter[tuple[Door, Outcome]], Counter[tuple[Door, bool]]]


@dataclass(slots=True)
class Presence:
    """Informateurs as observed: how often, and the sums over all observations."""

    #: How many observations there were.
    looks: int = 0
    ready: int = 0
    busy: int = 0
    paused: int = 0

    @property
    def on_duty(self) -> int:
        """Those logged in, pauses included; the sum over all observations."""
        return self.ready + self.busy + self.paused


@dataclass(slots=True)
class Said:
    """What became of callers who heard an upper bound of their wait."""

    #: Those served, and those who left after the bound.
    told: int = 0
    #: Those served within the bound.
    within: int = 0
    #: The bound divided by the wait, in hundredths, of those served.
    ratios: Counter[int] = field(default_factory=Counter)


class Tally:
    """Counts one run."""

    def __init__(self, plan: Plan) -> None:
        self._hours = plan.hours
        self._live_target_s = plan.targets.live_target_s
        #: The sector in which each informateur belongs.
        self._home: dict[AgentId, SectorId] = {
            agent.id: home(agent, plan) for agent in plan.agents.values()
        }
        self._skills = {agent.id: agent.skills for agent in plan.agents.values()}
        #: Conversations by the informateur's level in the call's sector; 1 is the most expert.
        self.levels: Counter[int] = Counter()
        self._slots: dict[int, Slot] = {}
        self.outcomes: Counter[tuple[Door, Outcome]] = Counter()
        #: Calls by the half-hour of the week in which they came, by sector and by door.
        self.cells: defaultdict[tuple[Slot, SectorId | None, Door], Counts] = defaultdict(Counter)
        #: How the calls of each day ended, once it is over.
        self.days: dict[date, Ends] = {}
        self._before: Ends = (Counter(), Counter())
        #: How long those served waited, in whole seconds: by door; and by half-hour of the day,
        #: with whether they called themselves.
        self.waits: defaultdict[Door, Counter[int]] = defaultdict(Counter)
        self.waits_at: defaultdict[tuple[int, bool], Counter[int]] = defaultdict(Counter)
        #: How long live callers waited who gave up, in whole seconds.
        self.gave_up_after: Counter[int] = Counter()
        #: All live callers, whatever became of them: how long they waited together; how many.
        self.waited_s = 0
        self.waiters = 0
        #: Callback requests by why they were refused; None: accepted.
        self.admissions: Counter[Refusal | None] = Counter()
        #: Accepted requests by whether they came from the queue.
        self.by_phone: Counter[bool] = Counter()
        #: Requests by the half-hour of the week, and by whether they were accepted.
        self.requests: Counter[tuple[Slot, bool]] = Counter()
        #: Tickets that have ended: by how, and by how often they were dialled.
        self.tickets: Counter[TicketState] = Counter()
        self.attempts: Counter[int] = Counter()
        #: Promises by door, and by whether they were kept.
        self.kept: Counter[tuple[Door, bool]] = Counter()
        self.said = Said()
        #: Votes by question and score; None: not answered.
        self.votes: defaultdict[QuestionId, Counter[int | None]] = defaultdict(Counter)
        #: Informateurs who were ready for calls at least once.
        self.mobilised: set[AgentId] = set()
        #: Observations of the service, and the sum of callers waiting then, for Little's law.
        self.looks = 0
        self.seen_waiting = 0
        self.most_waiting = 0
        self._looks_at: Counter[Slot] = Counter()
        self._seen: defaultdict[Slot, Counter[tuple[SectorId, AgentState]]] = defaultdict(Counter)

    # What the engine reports.

    def noted(self, command: Noted) -> None:
        """Count how expert the informateur is when a conversation begins."""
        if command.step is _TALKING and command.agent and command.sector:
            self.levels[self._skills[command.agent][command.sector]] += 1

    def counted(self, command: Counted) -> None:
        """Count a fact."""
        fact = command.fact
        if type(fact) is CallFact:
            self._call(fact)
        elif type(fact) is DutyFact:
            self.mobilised.add(fact.agent)
        elif type(fact) is VoteFact:
            self.votes[fact.question][fact.score] += 1

    def _call(self, fact: CallFact) -> None:
        door, outcome, waited_s = fact.door, fact.outcome, fact.waited_s
        slot = self.slot(fact.period_at)
        self.outcomes[door, outcome] += 1
        add(fact, self._live_target_s, self.cells[slot, fact.sector, door])
        if fact.kept is not None:
            self.kept[door, fact.kept] += 1
        if waited_s is None:
            return
        live = MODE[door] is Mode.LIVE
        if CLASS[outcome] is Column.ANSWERED:
            self.waits[door][waited_s] += 1
            self.waits_at[slot[1], live][waited_s] += 1
        elif outcome is Outcome.ABANDONED:
            self.gave_up_after[waited_s] += 1
        if live:
            self.waited_s += waited_s
            self.waiters += 1

    def slot(self, at: int) -> Slot:
        """Return the half-hour of the week of an instant, given in UTC epoch seconds."""
        slot = self._slots.get(at)
        if slot is None:
            if len(self._slots) > 1000:
                self._slots.clear()
            local = self._hours.local(at)
            slot = self._slots[at] = local.weekday(), local.hour * 2 + local.minute // 30
        return slot

    def admitted(self, person: Person, refusal: Refusal | None, *, by_phone: bool) -> None:
        """Count a callback request: refused, or accepted (None)."""
        self.admissions[refusal] += 1
        self.requests[self.slot(int(person.at) // 1800 * 1800), refusal is None] += 1
        if refusal is None:
            self.by_phone[by_phone] += 1

    def ticket_ended(self, record: TicketRecord) -> None:
        """Count an accepted request that has come to its end."""
        self.tickets[record.state] += 1
        self.attempts[record.attempts] += 1

    def day_over(self, day: date) -> None:
        """Add up the day, of which nobody is left on the line."""
        outcomes, kept = self._before
        self.days[day] = self.outcomes - outcomes, self.kept - kept
        self._before = self.outcomes.copy(), self.kept.copy()

    # What people experienced.

    def told(self, most_min: int, waited_s: float) -> None:
        """Count a caller who heard the bound `most_min` and was served `waited_s` later."""
        self.said.told += 1
        self.said.within += waited_s <= most_min * 60
        self.said.ratios[round(min(most_min * 6000 / max(waited_s, 1.0), 100_000.0))] += 1

    def left_after_being_told(self, most_min: int, waited_s: float) -> None:
        """Count a caller who gave up, if the announced bound was over: the wait was longer.

        Of those who leave before, nobody knows how long it would have been.
        """
        if waited_s > most_min * 60:
            self.said.told += 1

    # Observations.

    def look(self, engine: Engine, now: float) -> None:
        """Observe the whole service; informateurs only while it is open."""
        slot = self.slot(int(now) // 1800 * 1800)
        states = engine.call_states()
        waiting = sum(states[one] for one in _WAITING)
        self.looks += 1
        self.seen_waiting += waiting
        self.most_waiting = max(self.most_waiting, waiting)
        if not self._hours.is_open(now):
            return
        home = self._home
        self._looks_at[slot] += 1
        self._seen[slot].update(
            [(home[agent], state) for agent, state in engine.states_of_agents()]
        )

    @property
    def presence(self) -> dict[tuple[Slot, SectorId], Presence]:
        """Informateurs as observed, by half-hour of the week and by the sector they belong to."""
        return {
            (slot, sector): Presence(
                looks,
                ready=seen[sector, AgentState.READY],
                busy=sum(seen[sector, state] for state in _BUSY),
                paused=seen[sector, AgentState.PAUSED],
            )
            for slot, looks in self._looks_at.items()
            for seen in [self._seen[slot]]
            for sector in dict.fromkeys(self._home.values())
        }
