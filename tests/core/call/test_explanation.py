"""Why a call goes to this informateur: every explanation is true."""

from random import Random

import pytest

from router.core.commands import Ring, Step
from router.core.desk.agents import Choice
from router.core.engine import Engine
from router.core.events import (
    CallArrived,
    CallLeft,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    PhoneAppeared,
    TimePassed,
)
from router.core.ids import AgentId, CallId, PhoneId, SectorId
from tests.exchange import Exchange
from tests.service_plan import HOUSING, MONDAY_10H, WORK, agent, code_book, small_plan

TEAM = (
    agent("101", logement=1, travail=2),
    agent("102", logement=1),
    agent("103", logement=2, travail=1),
    agent("104", logement=3, travail=1),
    agent("105", travail=3),
)


def why(exchange: Exchange, name: str) -> Choice:
    view = exchange.engine.desk(AgentId(name))
    assert view is not None
    assert view.why is not None
    return view.why


def test_the_best_level_then_the_longest_idle() -> None:
    exchange = Exchange(small_plan(agents=TEAM))
    exchange.appear("103")
    exchange.wait(10.0)
    exchange.appear("102")
    exchange.wait(10.0)
    exchange.appear("101")
    exchange.wait(30.0)
    exchange.choose_housing()

    assert exchange.ringing() == {"102": "caller"}
    assert why(exchange, "102") == Choice(
        level=1, widened=1, ready=2, idle_s=40.0, waited_s=0.0, open_items=1
    )


def test_levels_widen_as_the_wait_grows() -> None:
    exchange = Exchange(small_plan(agents=TEAM))
    exchange.appear("104")
    exchange.choose_housing()
    exchange.wait(120.0)

    assert why(exchange, "104") == Choice(
        level=3, widened=3, ready=1, idle_s=120.0, waited_s=120.0, open_items=1
    )


def test_the_call_due_first_is_chosen() -> None:
    exchange = Exchange(small_plan(agents=TEAM))
    exchange.appear("101")
    exchange.talk("101", "first")
    for call in ("second", "third", "fourth"):
        exchange.wait(10.0)
        exchange.choose_housing(call)
    exchange.end_leg("101")
    exchange.wait(30.0)

    assert exchange.ringing() == {"101": "second"}
    assert why(exchange, "101") == Choice(
        level=1, widened=1, ready=1, idle_s=0.0, waited_s=50.0, open_items=3
    )


def test_it_is_put_in_words_and_logged_with_the_call() -> None:
    exchange = Exchange(small_plan(agents=TEAM))
    exchange.appear("101", "102")
    exchange.wait(41.0)
    exchange.choose_housing()

    assert exchange.details(Step.RINGING) == [str(why(exchange, "101"))]
    assert str(why(exchange, "101")) == (
        "level 1 of 1 open after 0 s, idle 41 s, longest of 2 ready there, call due first of 1 open"
    )


def test_before_the_first_call_there_is_nothing_to_explain() -> None:
    exchange = Exchange(small_plan(agents=TEAM))
    exchange.appear("101")
    view = exchange.engine.desk(AgentId("101"))

    assert view is not None
    assert view.why is None


# Whatever happened before.


class Witness:
    """Knows what the engine was told of each informateur and call, and checks each choice."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.plan = small_plan(agents=TEAM)
        self.engine = Engine(self.plan, code_book(self.plan), "run")
        self.now = MONDAY_10H
        self.judged = 0

    def ready(self) -> dict[AgentId, float]:
        """Return who could take a call, and since when they are idle, as their screens show."""
        board = self.engine.board
        return {
            view.agent: board.roster.desks[view.agent].idle_since
            for view in self.engine.desks()
            if view.state == "ready"
        }

    def waiting(self) -> dict[CallId, tuple[float, SectorId, int]]:
        """Return when each waiting call is due, its sector, and the levels open to it."""
        board = self.engine.board
        return {
            call.id: (call.item.due_at, call.item.sector, call.item.widened)
            for call in board.calls.values()
            if call.item is not None and call.state == "waiting"
        }

    def judge(
        self,
        ring: Ring,
        ready: dict[AgentId, float],
        waiting: dict[CallId, tuple[float, SectorId, int]],
    ) -> None:
        """Check the explanation against who was ready and what was waiting just before."""
        view = self.engine.desk(ring.agent)
        assert view is not None
        choice = view.why
        assert choice is not None
        call = self.engine.board.calls[ring.call]
        assert call.item is not None
        sector = call.item.sector
        skills = {one.id: one.skills for one in TEAM}
        # They may have become ready with this very event: the idle time may be an older one.
        idle_since = self.engine.board.roster.desks[ring.agent].idle_since
        ready.setdefault(ring.agent, idle_since)
        able = {name: skills[name][sector] for name in ready if sector in skills[name]}

        assert choice.level == skills[ring.agent][sector] <= choice.widened
        assert min(able.values()) == choice.level, "somebody of a better level was ready"
        rivals = [name for name, level in able.items() if level == choice.level]
        assert choice.ready == len(rivals)
        assert ready[ring.agent] == min(ready[name] for name in rivals), "somebody was idler"
        assert choice.idle_s == self.now - ready[ring.agent]
        waited_s = self.now - call.item.joined_at
        assert choice.waited_s == waited_s
        assert choice.widened == sum(after <= waited_s for after in (0, 60, 120))
        waiting[call.id] = call.item.due_at, sector, choice.widened  # widened just now, or new
        open_ = [
            due_at
            for due_at, where, widened in waiting.values()
            if skills[ring.agent].get(where, 9) <= widened
        ]
        assert choice.open_items == len(open_)
        assert call.item.due_at == min(open_), "another call was due earlier"
        self.judged += 1

    def live(self) -> None:
        random, calls = self.random, [CallId(f"call-{number}") for number in range(40)]
        for one in TEAM:
            self.handle(PhoneAppeared(PhoneId(one.id)))
            self.now += random.uniform(0.0, 7.0)
        for _ in range(300):
            self.now += random.uniform(0.0, 3.0)  # never two things at once
            self.let_pass()
            board = self.engine.board
            match random.randrange(6):
                case 0 | 1 if calls:
                    call = calls.pop()
                    self.handle(CallArrived(call))
                    for key in random.choice(("#2", "#111")):
                        self.handle(KeyPressed(call, key))
                case 2 | 3 if legs := {
                    leg: one.agent for leg, one in board.legs.items() if one.agent is not None
                }:
                    leg, name = random.choice(sorted(legs.items()))
                    at = board.roster.desks[name].call
                    if at is not None and board.calls[at].state == "ringing":
                        self.handle(LegAnswered(at, leg))
                    elif at is not None:
                        why = random.choice((LegEnd.HUNG_UP, LegEnd.HUNG_UP, LegEnd.BUSY))
                        self.handle(LegEnded(at, leg, why))
                    else:
                        board.legs.pop(leg)
                case 4 if board.calls and random.random() < 0.3:
                    self.handle(CallLeft(random.choice(sorted(board.calls))))
                case _:
                    pass

    def let_pass(self) -> None:
        end = self.now
        while (at := self.engine.next_deadline()) is not None and at <= end:
            self.now = at
            self.handle(TimePassed())
        self.now = end

    def handle(self, event: object) -> None:
        ready, waiting = self.ready(), self.waiting()
        commands = self.engine.handle(event, self.now)  # type: ignore[arg-type]
        rings = [one for one in commands if isinstance(one, Ring)]
        if len(rings) == 1:  # of two at once, the state before the second cannot be seen
            self.judge(rings[0], ready, waiting)


def test_every_explanation_is_true() -> None:
    judged = 0
    for seed in range(12):
        witness = Witness(seed)
        witness.live()
        judged += witness.judged
    assert judged > 150


@pytest.mark.parametrize("sector", [HOUSING, WORK])
def test_everybody_able_is_rung_in_the_end(sector: SectorId) -> None:
    """Nobody answers: all informateurs of the sector are rung, experts first."""
    exchange = Exchange(small_plan(agents=TEAM))
    exchange.appear(*(one.id for one in TEAM))
    exchange.arrive()
    exchange.press("#2" if sector is HOUSING else "#111")
    exchange.wait(200.0)

    rung = [note.agent for note in exchange.notes if note.step is Step.RINGING]
    able = [one for one in TEAM if sector in one.skills]
    assert set(rung) == {one.id for one in able}
    experts = {one.id for one in able if one.skills[sector] == 1}
    assert set(rung[: len(experts)]) == experts
