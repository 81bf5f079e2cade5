"""What the board says of one view: figures, tiles, thresholds, and of when they are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from router.config import Goals
from router.core.call.life import CallState
from router.core.callback.tickets import TicketRecord, TicketState
from router.core.desk.agents import AgentState
from router.core.desk.desk_view import DeskView
from router.core.ids import AgentId, ReasonId, SectorId, TicketId
from router.core.standing import SectorSnapshot
from router.report.columns import Column
from router.report.figures import DEFINITIONS as COUNTED
from router.web.openapi import SCHEMAS
from router.web.sentences import typeset
from router.web.wallboard.board import Doing, Telephony, View, as_of, board_of
from router.web.wallboard.definitions import DAY_OF_SERVICE
from tests.described import faults
from tests.service_plan import HOUSING, MONDAY_10H, WORK
from tests.web.desk_scene import LUNCH, ME, OTHER, a_board_view, a_call, a_view, desk_plan

PLAN = desk_plan()
NOW = MONDAY_10H


def a_ticket(due_in_s: float, state: TicketState = TicketState.WAITING) -> TicketRecord:
    due_at = NOW + due_in_s
    return TicketRecord(TicketId(f"t{due_in_s}"), WORK, None, due_at - 2700, due_at, state)


def view(desks: Sequence[DeskView] = (a_view(),), **changes: Any) -> View:
    return a_board_view(PLAN, desks, **changes)


def figures(**changes: Any) -> Any:
    return board_of(view(**changes))["figures"]


def tile(**changes: Any) -> Any:
    board = board_of(view(desks=[a_view(**changes)]))
    return board["informateurs"][ME]


def test_who_waits_and_for_how_long() -> None:
    board = board_of(view(waiting={HOUSING: [], WORK: [NOW - 20.7, NOW - 90.2]}))
    told = {name: one["figures"] for name, one in board["sectors"].items()}
    assert told[WORK]["waiting/1"] == {"value": 2}
    assert told[WORK]["longest-wait/1"] == {"since_at": int(NOW - 91)}
    assert told[HOUSING]["waiting/1"] == {"value": 0}
    assert told[HOUSING]["longest-wait/1"] == {}
    assert board["figures"]["waiting/1"] == {"value": 2}
    assert board["figures"]["longest-wait/1"] == {"since_at": int(NOW - 91)}


@pytest.mark.parametrize(
    ("wait_min", "told"),
    [((2, 5), {"low": 120, "high": 300}), (None, {}), ((0, 1), {"low": 0, "high": 60})],
)
def test_the_wait_that_is_told(wait_min: tuple[int, int] | None, told: Any) -> None:
    sectors = [SectorSnapshot(WORK, 0, 3, 2, None, wait_min)]
    board = board_of(view(sectors=sectors))
    assert list(board["sectors"]) == [WORK]
    assert board["sectors"][WORK]["figures"]["wait-told/1"] == told
    assert board["sectors"][WORK]["figures"]["on-duty/1"] == {"value": 3}
    assert board["sectors"][WORK]["figures"]["ready/1"] == {"value": 2}


def test_callbacks_by_when_they_are_due() -> None:
    tickets = [
        *(a_ticket(-5), a_ticket(30), a_ticket(179), a_ticket(180), a_ticket(600), a_ticket(601)),
        *(a_ticket(-60, TicketState.DIALLING), a_ticket(20, TicketState.RINGING)),
        a_ticket(40, TicketState.TALKING),
    ]
    told = figures(tickets=tickets)
    assert told["callbacks-open/1"] == {"value": 9}
    assert told["callbacks-soon/1"] == {"value": 5}
    assert told["callbacks-at-risk/1"] == {"value": 2}
    assert told["callbacks-late/1"] == {"value": 1}


def test_rates_of_the_day_with_both_their_numbers() -> None:
    counts = Counter({Column.ANSWERED: 7, Column.OFFERED: 9})
    told = figures(counted={WORK: counts, HOUSING: Counter({Column.OFFERED: 1})})
    assert told["pickup/2"] == {"value": 0.7, "part": 7, "of": 10}
    assert figures()["pickup/2"] == {"part": 0, "of": 0}
    sectors = board_of(view(counted={WORK: counts}))["sectors"]
    assert sectors[WORK]["figures"]["pickup/2"] == {"value": 0.7778, "part": 7, "of": 9}
    assert sectors[HOUSING]["figures"]["offered/2"] == {"value": 0}


def test_every_figure_has_a_definition_with_a_sentence() -> None:
    board = board_of(view())
    shown = set(board["figures"]).union(*(one["figures"] for one in board["sectors"].values()))
    assert shown == set(board["definitions"])
    assert all(one["sentence"].endswith(".") for one in board["definitions"].values())
    of_the_day = {id_ for id_, one in board["definitions"].items() if one["source"] == "day"}
    assert of_the_day == set(DAY_OF_SERVICE)
    for id_ in of_the_day:
        assert board["definitions"][id_]["name"] == typeset(COUNTED[id_].name), "the report's own"


def test_what_the_service_aims_at_goes_with_the_definition() -> None:
    goals = Goals(answered=0.85, abandoned_max=0.1, in_time=0.8, callbacks_kept=0.995)
    told = board_of(view(goals=goals))["definitions"]
    assert told["pickup/2"]["at_least"] == 0.85
    assert told["abandonment/2"]["at_most"] == 0.1
    assert told["service-level-offered/2"]["at_least"] == 0.8
    assert told["callback-kept/1"]["at_least"] == 0.995
    assert told["longest-wait/1"]["at_most"] == PLAN.targets.live_target_s
    assert told["callbacks-late/1"]["at_most"] == 0
    none = board_of(view(goals=Goals()))["definitions"]
    assert {"at_least", "at_most"}.isdisjoint(none["pickup/2"])


_TALKS: dict[str, Any] = {"state": AgentState.TALKING, "since_at": NOW - 400}


@pytest.mark.parametrize(
    ("changes", "does", "since_s", "limit_s"),
    [
        ({"state": AgentState.LOGGED_OUT, "phone": None, "since_at": 0.0}, Doing.OFF, None, None),
        ({"state": AgentState.LOGGED_OUT, "until_at": NOW + 840}, Doing.AWAY, 60, 900),
        ({"state": AgentState.READY}, Doing.READY, 60, None),
        ({"state": AgentState.RESERVED}, Doing.RINGING, 60, 5),
        ({"state": AgentState.RINGING}, Doing.RINGING, 60, 15),
        ({**_TALKS, "call": a_call(state=CallState.WHISPERING)}, Doing.ANSWERING, 400, None),
        ({**_TALKS, "call": a_call(talking_at=NOW - 390)}, Doing.TALKING, 390, 900),
        (
            {
                **_TALKS,
                "call": a_call(state=CallState.HELD, held_at=NOW - 30, talking_at=NOW - 390),
            },
            *(Doing.HOLDING, 30, 120),
        ),
        (
            {**_TALKS, "call": a_call(state=CallState.CONSULTING, held_at=NOW - 31)},
            *(Doing.CONSULTING, 31, 120),
        ),
        (
            {**_TALKS, "call": a_call(state=CallState.REFERRING, held_at=NOW - 32)},
            *(Doing.REFERRING, 32, 120),
        ),
        (
            {
                **_TALKS,
                "call": a_call(state=CallState.CONSULTING, held_at=NOW - 31, consulted=True),
            },
            *(Doing.CONSULTED, 400, None),
        ),
        ({**_TALKS, "call": None}, Doing.TALKING, 400, 900),
        ({"state": AgentState.WRAPPING_UP, "until_at": NOW - 30}, Doing.NOTING, 60, 30),
        (
            {"state": AgentState.PAUSED, "reason": LUNCH, "until_at": NOW + 3540},
            *(Doing.PAUSED, 60, 3600),
        ),
    ],
)
def test_what_an_informateur_does(
    changes: dict[str, Any], does: Doing, since_s: int | None, limit_s: int | None
) -> None:
    told = tile(**changes)
    assert told["doing"] == does
    assert told.get("since_at") == (None if since_s is None else int(NOW - since_s))
    assert told.get("limit_s") == limit_s


def test_a_tile_names_reason_sector_and_supervisor() -> None:
    told = tile(state=AgentState.PAUSED, reason=LUNCH)
    assert told["reason"] == {"id": LUNCH, "name": "Repas"}
    assert tile(state=AgentState.PAUSED, reason=ReasonId("missed"))["reason"] == {
        "id": "missed",
        "name": "Appel sans réponse",
    }
    told = tile(**_TALKS, call=a_call(), watched_by="claire")
    assert (told["sector"], told["watched_by"]) == (HOUSING, "claire")


def test_nothing_of_a_call_but_its_sector() -> None:
    told = tile(**_TALKS, call=a_call(waited_s=41.6, talked_s=120.2, attempts=3))
    assert set(told) == {"place", "doing", "since_at", "limit_s", "sector", "skills"}


def test_tiles_keep_the_plan_s_order() -> None:
    board = board_of(view(desks=[a_view(OTHER), a_view(ME)]))
    assert {one: board["informateurs"][one]["place"] for one in (OTHER, ME)} == {OTHER: 0, ME: 1}


def test_open_and_closed() -> None:
    service = board_of(view())["service"]
    assert (service["open"], service["closes_at"]) == (True, int(NOW + 8.25 * 3600))
    assert "opens_at" not in service
    closed = board_of(view(now=NOW + 12 * 3600, draining=True))["service"]
    assert closed["open"] is False
    assert closed["opens_at"] == int(NOW + 22.5 * 3600)
    assert closed["draining"] is True


def test_of_when_it_is() -> None:
    assert as_of(view()) == {"engine": NOW, "day": NOW, "compared": NOW - 5}
    away = Telephony(False, NOW - 12.3456, NOW - 40)
    assert as_of(view(telephony=away)) == {
        "engine": round(NOW - 12.3456, 3),
        "day": NOW,
        "compared": NOW - 40,
    }
    assert as_of(view(telephony=Telephony(False, None, None))) == {"day": NOW}
    assert board_of(view(telephony=away))["telephony"] == {"connected": False}


def test_a_board_is_as_described_and_holds_no_null() -> None:
    desks = [
        a_view(AgentId("101"), **_TALKS, call=a_call(), watched_by="claire"),
        a_view(AgentId("102"), state=AgentState.PAUSED, reason=LUNCH, until_at=NOW),
    ]
    waiting = {HOUSING: [NOW - 3], SectorId("travail"): []}
    board = board_of(view(desks=desks, waiting=waiting, draining=True))
    assert list(faults(board, SCHEMAS["Board"], SCHEMAS)) == []
    assert b"null" not in orjson.dumps(board)


def test_time_alone_changes_nothing() -> None:
    desks = [replace(a_view(**_TALKS), call=a_call(talking_at=NOW - 390))]
    now = view(desks=desks, waiting={HOUSING: [NOW - 3], WORK: []})
    assert board_of(now) == board_of(replace(now, now=NOW + 60))
