"""What Asterisk holds, as it is read."""

import itertools
from typing import Any

from router.ari.holdings import HeldBridge, HeldLeg, Mark, read_holdings
from router.ari.messages import Request
from router.ari.naming import waiting_marks
from router.core.events import DeskCalled
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    FicheId,
    PhoneId,
    PlaybackId,
    SectorId,
)
from router.errors import AriGone

CALL, DESK = CallId("1.7"), CallId("1.8")
LEA = AgentId("lea")
TRAVAIL, FICHE = SectorId("travail"), FicheId("F1234")
CALLED = DeskCalled(DESK, PhoneId("lea"), "11")
COUNTER = itertools.count()


def channel(
    identity: str, app_name: str, app_data: str, name: str = "PJSIP/trunk-01"
) -> dict[str, Any]:
    return {
        "id": identity,
        "name": name,
        "dialplan": {"app_name": app_name, "app_data": app_data},
        "creationtime": f"2026-11-23T09:00:00.{next(COUNTER):03}+0000",
        "caller": {"name": "", "number": "0639980001"},
    }


class Answers:
    """Answers by path; whatever is missing is 404."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"channels": [], "bridges": [], "endpoints/PJSIP": []} | answers
        self.asked: list[str] = []

    async def __call__(self, request: Request) -> Any:
        self.asked.append(request.path)
        answer = self.answers.get(request.path)
        query = request.query or {}
        names = query["variables"].split(",") if "variables" in query else []
        if answer is None or any(name not in answer["variables"] for name in names):
            raise AriGone(404, request.operation)
        return answer


async def test_channels_are_sorted_by_what_they_do() -> None:
    lea, jean = "PJSIP/agent-lea-0000000a", "PJSIP/agent-jean-luc-0000000b"
    answers = Answers(
        channels=[
            channel("1.7", "Stasis", "allo,caller"),
            channel("1.8", "Stasis", "allo,desk,agent-lea,11", lea),
            channel("1.9", "MusicOnHold", "default,5"),
            channel("1.10", "Stasis", "other,caller"),
            channel("1.11", "Stasis", "allo"),
            channel("1.12", "Stasis", "allo,desk,trunk,11"),
            channel("leg-a", "Stasis", "allo,agent,lea,1.7", lea),
            channel("leg-b", "AppDial2", "(Outgoing Line)", jean),
            channel("leg-c", "AppDial2", "(Outgoing Line)", "PJSIP/carrier-0000000c"),
            channel("leg-d", "AppDial2", "(Outgoing Line)", "PJSIP/trunk-0000000d"),
            channel("leg-e", "Stasis", "allo,outside,caf,1.7", "PJSIP/trunk-0000000e"),
            channel("ear-a", "", "", "Snoop/leg-a-0000000f"),
            channel("ear-b", "", "", "Snoop/somebody-else's-00000010"),
        ]
    )
    held = await read_holdings(answers, "allo", [], [])
    assert held.callers == ["1.7"]
    assert held.desks == {DESK: CALLED}
    assert held.legs == {
        "leg-a": HeldLeg(CALL, LEA, PhoneId("lea")),
        "leg-b": HeldLeg(phone=PhoneId("jean-luc")),
        "leg-d": HeldLeg(),
        "leg-e": HeldLeg(CALL),
    }
    assert held.snoops == {"ear-a": "leg-a"}


async def test_legs_are_in_the_order_in_which_they_were_dialled() -> None:
    legs = [
        channel(name, "Stasis", f"allo,agent,{name},1.7", f"PJSIP/agent-{name}-0000000a")
        for name in ("zoe", "lea", "max")
    ]
    held = await read_holdings(Answers(channels=legs[::-1]), "allo", [], [])
    assert list(held.legs) == ["zoe", "lea", "max"]


async def test_bridges_of_others_are_left_alone() -> None:
    answers = Answers(
        bridges=[
            {"id": "b1", "name": "allo:1.7", "channels": ["1.7", "leg"]},
            {"id": "b2", "name": "conference", "channels": []},
        ]
    )
    held = await read_holdings(answers, "allo", [], [])
    assert held.bridges == [HeldBridge(BridgeId("b1"), CALL, (ChannelId("1.7"), ChannelId("leg")))]


async def test_marks_are_read_of_unknown_callers_alone() -> None:
    found = {"ALLO_SECTOR": "travail", "ALLO_JOINED_AT": "12.5"}
    answers = Answers(
        channels=[channel(f"1.{n}", "Stasis", "allo,caller") for n in range(1, 8)],
        **{
            "channels/1.2/variables": {"variables": found},
            "channels/1.3/variables": {"variables": found | {"ALLO_JOINED_AT": "noon"}},
            "channels/1.4/variables": {"variables": {"ALLO_FICHE": "F1234"}},
            "channels/1.5/variables": {"variables": found | {"ALLO_FICHE": "F1234"}},
            "channels/1.7/variables": {"variables": waiting_marks(None, 12.5)},
        },
    )
    held = await read_holdings(answers, "allo", [CallId("1.1")], [])
    assert held.waiting == {
        "1.2": Mark(TRAVAIL, 12.5),
        "1.5": Mark(TRAVAIL, 12.5, FICHE),
        "1.7": Mark(served=True),
    }
    assert "channels/1.1/variables" not in answers.asked


async def test_playbacks_that_asterisk_forgot_have_ended() -> None:
    answers = Answers(**{"playbacks/p1": {"id": "p1"}})
    held = await read_holdings(answers, "allo", [], [PlaybackId("p1"), PlaybackId("p2")])
    assert held.ended == ["p2"]


async def test_phones_are_online_or_not() -> None:
    endpoints = [
        {"resource": "agent-lea", "state": "online"},
        {"resource": "agent-max", "state": "offline"},
        {"resource": "trunk", "state": "unknown"},
    ]
    answers = Answers(**{"endpoints/PJSIP": endpoints})
    held = await read_holdings(answers, "allo", [], [])
    assert held.phones == {"lea": True, "max": False}


async def test_a_probe_is_told_from_a_caller() -> None:
    answers = Answers(
        channels=[
            channel("a", "Stasis", "allo,caller,probe", "PJSIP/probe-01"),
            channel("b", "Stasis", "allo,caller"),
        ]
    )
    held = await read_holdings(answers, "allo", [CallId("a"), CallId("b")], [])
    assert (held.callers, held.probes) == ([CallId("a"), CallId("b")], {CallId("a")})
