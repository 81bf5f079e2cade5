"""What supervisors do from the wallboard."""

import pytest

from router.core.ids import AgentId, PhoneId, ReasonId, SectorId
from router.core.requests import (
    CloseEarly,
    MakeReady,
    Move,
    Reply,
    SendOnPause,
    TellAll,
    Watching,
)
from router.core.today import Skill
from tests.browser.wallboard import READER, Board
from tests.service_plan import MONDAY_10H

pytestmark = pytest.mark.browser


async def test_a_reading_token_shows_and_directs_nothing(board: Board) -> None:
    await board.open(READER)
    assert await board.text("#direct") == ""
    await board.open_panel("#informateur-104")
    assert await board.page.js("document.querySelectorAll('#panel .directive').length") == 0


async def test_a_supervisor_pauses_somebody_and_says_why(board: Board) -> None:
    scene = board.scene
    scene.reply = Reply.PAUSED
    await board.open()
    await board.open_panel("#informateur-101")
    await board.fill_in(0, {"Motif de la pause": "reunion"})
    await board.says(".directive", "Indiquez le motif.")
    assert scene.directed == []
    await board.fill_in(0, {"Motif de la pause": "reunion", "Motif (": "Point du matin."})
    await board.says(".directive", "La pause commence")
    expected = (
        "supervise",
        "Point du matin.",
        SendOnPause(AgentId("101"), ReasonId("reunion")),
    )
    assert scene.directed == [expected]


async def test_a_supervisor_ends_a_pause(board: Board) -> None:
    board.scene.reply = Reply.READY
    await board.open()
    await board.open_panel("#informateur-110")
    await board.fill_in(0, {"Motif (": "File pleine."})
    await board.says(".directive", "Les appels peuvent être présentés")
    assert board.scene.directed == [("supervise", "File pleine.", MakeReady(AgentId("110")))]


async def test_a_supervisor_moves_skills_for_today(board: Board) -> None:
    await board.open()
    await board.open_panel("#informateur-143")
    skills = {"Concurrence": "2", "Copropriété": "1", "Rapports locatifs": "", "Motif (": "Afflux."}
    await board.fill_in(2, skills)
    await board.says(
        ".directive + .directive + .directive", "C’est fait, jusqu’à la fin de la journée"
    )
    [(_, why, directive)] = board.scene.directed
    assert why == "Afflux."
    assert directive == Move(
        AgentId("143"),
        (Skill(SectorId("logement-copropriete"), 1), Skill(SectorId("consommation"), 2)),
    )


async def test_a_supervisor_takes_part_in_a_call(board: Board) -> None:
    board.scene.reply = Reply.WATCHING
    await board.open()
    await board.open_panel("#informateur-104")
    await board.fill_in(0, {"Comment": "whisper", "À votre poste": "902"})
    await board.says(".directive", "Le poste indiqué va sonner")
    assert board.scene.watched == [(PhoneId("902"), AgentId("104"), Watching.WHISPER)]


async def test_a_supervisor_closes_early_and_tells_everybody(board: Board) -> None:
    await board.open()
    await board.open_panel("#direct")
    await board.says("#panel", "Fermer plus tôt")
    await board.fill_in(0, {"À (": "16:30", "Motif (": "Le réseau est coupé."})
    await board.says("#panel", "C’est fait")
    await board.fill_in(1, {"Message": "Réunion à 11 h."})
    await board.page.until("document.querySelectorAll('.directive .notice').length === 2")
    assert [directive for _, _, directive in board.scene.directed] == [
        CloseEarly(MONDAY_10H + 6.5 * 3600),
        TellAll("Réunion à 11 h."),
    ]


async def test_what_the_service_refuses_is_said_where_it_was_asked(board: Board) -> None:
    board.scene.reply = Reply.NOT_EARLIER
    await board.open()
    await board.open_panel("#direct")
    await board.fill_in(0, {"Motif (": "Essai."})
    await board.says(".directive .notice.alarm", "À cette heure, le service est déjà fermé.")
    await board.fill_in(0, {"Motif (": "Rappeler le 06 39 98 12 34."})
    await board.says(".directive .notice.alarm", "aucun numéro de téléphone")
