"""The board, the engine and Asterisk on random days: after each of 10,000 events they agree.

What the board should say is worked out here once more, from the engine's own lists and from the
channels of the model of Asterisk; and whoever has only the first state and the patches since has
what the board says now. A day is its seed.
"""

from collections import Counter
from typing import Any

import orjson
import pytest

from router.config import Goals
from router.core.callback.tickets import TicketState
from router.core.commands import Command, Counted
from router.core.desk.agents import AgentState
from router.core.events import Directed, Event
from router.core.facts import CallFact, Door, Outcome
from router.core.ids import AgentId, SectorId
from router.core.requests import CloseEarly, MakeReady, Move, Reopen, SendOnPause, TellAll
from router.core.today import Skill
from router.report.running import RunningDay
from router.web.wallboard.board import Board, Doing, Telephony, View, board_of
from router.web.wallboard.merge_patch import difference
from tests.asterisk_model import Channel, Kind
from tests.core.callback.callback_days import MortalDay
from tests.service_plan import BREAK, HOUSING, LUNCH, WORK

LEE, MAX = AgentId("101"), AgentId("104")
DIRECTIVES = (
    *(SendOnPause(LEE, LUNCH), SendOnPause(MAX, BREAK), MakeReady(LEE), MakeReady(MAX)),
    *(Move(LEE, (Skill(WORK, 1),)), Move(LEE, None), Move(MAX, (Skill(HOUSING, 2),))),
    *(CloseEarly(), Reopen(), Reopen(), Reopen(), TellAll("Réunion."), TellAll(None)),
)
#: Events of all days together; those of some days more are never too many.
EVENTS = 10_000
#: In these the informateur's phone is up, and picked up.
_AT_THE_PHONE = {
    *(Doing.ANSWERING, Doing.TALKING, Doing.HOLDING, Doing.CONSULTING, Doing.CONSULTED),
    Doing.REFERRING,
}
_HELD = {Doing.HOLDING, Doing.CONSULTING, Doing.REFERRING}
#: Callers in these states have asked for an informateur and talk to nobody.
_WAITS = {"waiting", "ringing", "whispering", "entering"}
_TALKED = {Outcome.ANSWERED, Outcome.LOST}
_ENDED_WITHOUT = {
    *(Outcome.ABANDONED, Outcome.REFUSED_FULL, Outcome.REFUSED_NO_AGENT, Outcome.REFUSED_CLOSING),
    *(Outcome.REFUSED_LONG, Outcome.REFUSED_DRAIN, Outcome.CALLED_BACK, Outcome.NOT_REACHED),
    *(Outcome.FAILED, Outcome.CANCELLED, Outcome.EXPIRED, Outcome.LOST_REBOOT),
    Outcome.NUMBER_LOST,
}


def patched(target: Any, patch: Any) -> Any:
    """MergePatch, word for word as in RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = patched(merged.get(name), value)
    return merged


class WatchedDay(MortalDay):
    """A day with a wallboard. Events come in order, and the router is killed now and then."""

    def __init__(self, seed: int) -> None:
        self.told: Any = {}
        self.before: Board = {}
        self.day: RunningDay | None = None
        self.counted: list[CallFact] = []
        self.seen: Counter[Doing] = Counter()
        super().__init__(seed)
        self.lost = self.late = self.repeated = 0.0

    def handle(self, event: Event) -> None:
        super().handle(event)
        self.check_what_is_told()

    def carry_out(self, command: Command) -> None:
        super().carry_out(command)
        if self.day is None:
            targets = self.plan.targets
            self.day = RunningDay(self.plan.hours, targets.live_target_s, self.now)
        if isinstance(command, Counted) and isinstance(command.fact, CallFact):
            self.day.count(command.fact, self.now)
            self.counted.append(command.fact)

    def board_now(self) -> Board:
        engine = self.engine
        return board_of(
            View(
                now=self.now,
                plan=engine.plan,
                goals=Goals(),
                sectors=engine.sectors(),
                waiting=engine.waiting(),
                desks=engine.desks(),
                tickets=engine.tickets_now(),
                counted={} if self.day is None else self.day.by_sector(self.now),
                counted_since_at=0.0,
                telephony=Telephony(True, None, self.now),
                today=engine.board.today,
            )
        )

    def check_what_is_told(self) -> None:
        board = self.board_now()
        patch = orjson.loads(orjson.dumps(difference(self.before, board)))
        self.told, self.before = patched(self.told, patch), board
        assert self.told == board, "the patches lead elsewhere"
        self.check_against_the_engine(board)
        self.check_against_what_was_counted(board)

    # The engine.

    def check_against_the_engine(self, board: Board) -> None:
        self.check_the_day(board)
        calls, roster = self.engine.board.calls.values(), self.engine.board.roster
        for sector in self.plan.sectors:
            waiting = [
                call.item.joined_at
                for call in calls
                if call.state.value in _WAITS and call.item and call.item.sector == sector
            ]
            figures = board["sectors"][sector]["figures"]
            assert figures["waiting/1"]["value"] == len(waiting)
            longest = figures["longest-wait/1"].get("since_at")
            assert longest == (int(min(waiting)) if waiting else None)
            there = [one for one in roster if sector in one.agent.skills]
            on_duty = [one for one in there if one.state is not AgentState.LOGGED_OUT]
            ready = [one for one in there if one.state is AgentState.READY]
            assert figures["on-duty/1"]["value"] == len(on_duty)
            assert figures["ready/1"]["value"] == len(ready)
        tiles = board["informateurs"]
        assert list(tiles) == [desk.agent.id for desk in roster]
        for desk in roster:
            tile = tiles[desk.agent.id]
            self.seen[Doing(tile["doing"])] += 1
            assert (tile["doing"] == "ready") is (desk.state is AgentState.READY)
            assert (tile["doing"] == "paused") is (desk.state is AgentState.PAUSED)
            assert (tile["doing"] in _AT_THE_PHONE) is (desk.state is AgentState.TALKING)
            assert tile.get("reason", {}).get("id") == desk.reason
        figures = board["figures"]
        tickets = self.engine.tickets.tickets.values()
        under_way = {TicketState.RINGING, TicketState.DIALLING, TicketState.ASKING}
        under_way.add(TicketState.TALKING)
        left_s = [one.record.due_at - self.now for one in tickets if one.state not in under_way]
        assert figures["callbacks-open/1"]["value"] == len(tickets) == len(self.open())
        assert figures["callbacks-soon/1"]["value"] == sum(left <= 600 for left in left_s)
        assert figures["callbacks-at-risk/1"]["value"] == sum(0 < left < 180 for left in left_s)
        assert figures["callbacks-late/1"]["value"] == sum(left <= 0 for left in left_s)

    def check_the_day(self, board: Board) -> None:
        service, today = board["service"], self.today
        hours = self.engine.plan.hours
        assert service["open"] is hours.is_open(self.now)
        assert service.get("closed_early") == (True if today and today.closes_at else None)
        said = service.get("message")
        assert said == (
            {"text": "Réunion.", "by": "sup", "at": int(today.message.at)}
            if today and today.message
            else None
        )
        for agent, tile in board["informateurs"].items():
            moved = {one.agent: one.skills for one in today.moved} if today else {}
            assert tile.get("moved") == (True if agent in moved else None)
            if agent in moved:
                assert tile["skills"] == {one.sector: one.level for one in moved[agent]}

    def check_against_what_was_counted(self, board: Board) -> None:
        self.check_counts(board["figures"], self.counted)
        for sector in self.plan.sectors:
            of_sector = [fact for fact in self.counted if fact.sector == sector]
            self.check_counts(board["sectors"][sector]["figures"], of_sector)

    def check_counts(self, figures: Any, facts: list[CallFact]) -> None:
        answered = sum(fact.outcome in _TALKED for fact in facts)
        offered = answered + sum(fact.outcome in _ENDED_WITHOUT for fact in facts)
        assert figures["answered/1"]["value"] == answered
        assert figures["offered/2"]["value"] == offered
        assert figures["pickup/2"] == (
            {"value": round(answered / offered, 4), "part": answered, "of": offered}
            if offered
            else {"part": 0, "of": 0}
        )
        live = [fact for fact in facts if fact.door is not Door.CALLBACK]
        abandoned = sum(fact.outcome is Outcome.ABANDONED for fact in live)
        assert figures["abandonment/2"]["part"] == abandoned

    # Asterisk.

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        if not self.pending or self.pending[0][0] > self.now:  # the engine knows all that happened
            self.check_against_asterisk(self.board_now())

    def legs_of(self, agent: AgentId) -> list[Channel]:
        """Those of an informateur at work: a supervisor may use the phone of one who is not."""
        watches = {call.watch.leg for call in self.engine.board.calls.values() if call.watch}
        return [
            one
            for one in self.asterisk.of(Kind.LEG)
            if one.alive and one.name == agent and one.id not in watches
        ]

    def check_against_asterisk(self, board: Board) -> None:
        for agent, tile in board["informateurs"].items():
            does, legs = Doing(tile["doing"]), self.legs_of(agent)
            if does is Doing.RINGING:
                assert [leg.answered for leg in legs] == [False], f"{agent}: no phone rings"
            elif does in _AT_THE_PHONE:
                assert [leg.answered for leg in legs] == [True], f"{agent}: {does} without a call"
                self.check_talk(agent, does, legs[0])
            else:
                assert legs == [], f"{agent}: {does}, and has a call"
            if does is Doing.READY:
                desk = self.engine.board.roster.desks[agent]
                assert desk.phone in self.asterisk.phones, f"{agent}: ready without a phone"
        waiting = sum(one["figures"]["waiting/1"]["value"] for one in board["sectors"].values())
        calls = self.engine.board.calls.values()
        alone = [
            channel
            for call in calls
            if call.state.value in _WAITS
            and (channel := self.asterisk.channels[call.channel]).alive
            and channel.bridge is None
        ]
        assert waiting == len(alone) == board["figures"]["waiting/1"]["value"]

    def check_talk(self, agent: AgentId, does: Doing, leg: Channel) -> None:
        callers = {
            one.id for one in self.asterisk.of(Kind.CALLER) if one.alive and one.bridge is not None
        }
        heard = self.asterisk.bridges.get(leg.bridge, set()) & callers if leg.bridge else set()
        if does is Doing.TALKING:
            assert heard, f"{agent} talks to nobody"
        elif does is not Doing.CONSULTED:
            assert not heard, f"{agent}: {does}, and the caller hears it"
        if does in _HELD:
            caller = self.asterisk.channels[self.caller_of(agent)]
            assert caller.alive
            assert caller.bridge is None
            assert caller.music or caller.speech, "on hold in silence"

    def caller_of(self, agent: AgentId) -> Any:
        call = self.engine.board.roster.desks[agent].call
        assert call is not None
        return self.engine.board.calls[call].channel

    # Supervisors, who also change skills, hours and pauses.

    def direct(self) -> None:
        number = self.number()
        self.asked.add(number)
        directive = self.random.choice(DIRECTIVES)
        self.handle(Directed(number, "sup", "Réunion.", directive))
        assert number not in self.asked, "a directive without its answer"


WatchedDay.acts = {**MortalDay.acts, WatchedDay.direct: 4}


def play(seed: int) -> WatchedDay:
    day = WatchedDay(seed)
    try:
        day.live()
    except Exception as defect:
        told = "\n".join(f"{at:.2f} {event}" for at, event in day.log[-20:])
        raise AssertionError(f"day {seed}: {defect!r} after\n{told}") from defect
    return day


def test_board_engine_and_asterisk_never_disagree() -> None:
    events, seed, seen = 0, 0, Counter[Doing]()
    while events < EVENTS:
        day = play(seed)
        events += len(day.log)
        seen += day.seen
        seed += 1
    assert set(seen) == set(Doing), "not everything has been seen"


@pytest.mark.parametrize("sector", [SectorId("logement"), SectorId("travail")])
def test_a_board_that_is_wrong_would_be_seen(sector: SectorId) -> None:
    day = WatchedDay(0)
    board = day.board_now()
    day.check_against_the_engine(board)
    board["sectors"][sector]["figures"]["waiting/1"]["value"] += 1
    with pytest.raises(AssertionError):
        day.check_against_the_engine(board)
