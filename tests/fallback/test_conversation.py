"""One caller while the router is away, command by command as Asterisk hears them."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from router.ari.away import DRAINED, End
from router.core.codes import CodeBook
from router.core.ids import CallId
from router.core.plan import Plan
from router.errors import AgiEnded
from router.fallback.conversation import Conversation, Terms
from router.fallback.handover import HandOver
from router.fallback.journeys import Journeys
from router.fallback.line import Line
from tests.patience import PATIENCE_S
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, general_plan

CALL = CallId("away-1")
NIGHT_S = 12 * 3600.0


class Away:
    """A router, which is back once it is told so, and has whoever is handed over at once."""

    def __init__(self) -> None:
        self.is_there = False
        self.called_s: float | None = None

    async def has(self, channel: str) -> bool:
        return True

    async def called_s_ago(self, channel: str) -> float | None:
        return self.called_s


class Scene:
    """A channel and its caller, who presses these keys once asked; then the router is back."""

    def __init__(self, plan: Plan | None = None, keys: str = "", at: float = MONDAY_10H) -> None:
        self.plan = plan or general_plan()
        self.router = Away()
        self.said: list[str] = []
        self.variables: dict[str, str] = {}
        self.now = at
        self.back_after = "away-kept"
        self._keys = list(keys)
        self.gone_after: str | None = None
        self.terms = Terms(retry_every_s=0.0, retry_for_s=180.0, announce_every_s=60.0)

    async def send_command(self, command: str) -> Mapping[str, Any]:
        match command.split():
            case ["STREAM", "FILE", file, _]:
                return self._say(file.removeprefix("allo/"))
            case ["WAIT", *_]:
                self.now += 0.5
                return self._result(self._pressed())
            case ["SET", "MUSIC", on, *_]:
                self.said += ["music"] if on == "ON" else []
                return self._result("0")
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value.strip('"')
                return self._result("1")
            case ["GET", "VARIABLE", name]:
                return {"result": ("1", self.variables.get(name, ""))}
        raise AssertionError(command)

    def _say(self, prompt: str) -> Mapping[str, Any]:
        self.said.append(prompt)
        if prompt == self.gone_after:
            return {"error": "AGIResultHangup"}
        self.router.is_there = self.router.is_there or prompt == self.back_after
        return self._result(self._pressed() if prompt in ("code-ask", "menu-main") else "0")

    def _pressed(self) -> str:
        return str(ord(self._keys.pop(0))) if self._keys else "0"

    def _result(self, code: str) -> Mapping[str, Any]:
        return {"result": (code, "")}

    async def run(self, waited_s: float = 0.0) -> End:
        codes = CodeBook.of(self.plan, b"secret")
        hand_over = HandOver(self.router)
        conversation = Conversation(
            Line(self),
            Journeys(self.plan, codes, "run"),
            self.router,
            hand_over,
            self.terms,
            lambda: self.now,
            self.plan.hours.is_open(self.now),
        )
        running = asyncio.create_task(hand_over.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await conversation.run(CALL, waited_s, "channel")
        finally:
            running.cancel()
            assert hand_over.kept == 0


async def test_a_caller_is_asked_and_handed_over_with_what_is_known() -> None:
    plan = general_plan()
    scene = Scene(plan, CodeBook.of(plan, b"secret").code(FICHE, MONDAY_10H))
    assert await scene.run(waited_s=7.0) is End.HANDED_OVER
    assert scene.said[:2] == ["away-first", "code-ask"]
    assert "welcome" not in scene.said
    assert scene.said[-1] == "away-kept"
    since = repr(MONDAY_10H - 7.0)
    assert scene.variables == {
        "ALLO_SECTOR": HOUSING,
        "ALLO_JOINED_AT": since,
        "ALLO_FICHE": FICHE,
        "ALLO_WAITING": f",waiting,{HOUSING},{since},{FICHE}",
        "ALLO_TRIED": "1",
        "ALLO_AWAY": "back",
    }


async def test_who_waits_hears_music_and_now_and_then_that_it_goes_on() -> None:
    scene = Scene(keys="2")
    scene.back_after = "away-still"
    scene.terms = Terms(retry_every_s=0.0, retry_for_s=180.0, announce_every_s=30.0)
    await scene.run()
    assert scene.said[-4:] == ["away-kept", "music", "away-still", "music"]
    assert scene.variables["ALLO_WAITING"].endswith(",-")


async def test_who_has_waited_for_as_long_as_anybody_is_told_the_end() -> None:
    scene = Scene(keys="2")
    scene.back_after = "never"
    assert await scene.run() is End.TOLD
    assert scene.said[-2:] == ["music", "apology-end"]
    assert scene.variables["ALLO_AWAY"] == "over"


async def test_at_night_nobody_is_kept() -> None:
    scene = Scene(at=MONDAY_10H + NIGHT_S)
    await scene.run()
    assert scene.said[:2] == ["welcome", "closed"]
    assert "away-first" not in scene.said
    assert scene.variables == {"ALLO_AWAY": "over"}


async def test_who_is_known_is_not_asked_again_and_hears_music_between_attempts() -> None:
    scene = Scene()
    scene.variables = {"ALLO_SECTOR": HOUSING, "ALLO_TRIED": "1"}
    scene.router.is_there = True
    scene.terms = Terms(retry_every_s=3.0, retry_for_s=180.0, announce_every_s=60.0)
    await scene.run()
    assert set(scene.said) == {"music"}
    assert scene.now - MONDAY_10H == 3.0
    assert scene.variables["ALLO_AWAY"] == "back"


async def test_who_called_a_router_before_it_hung_keeps_that_instant() -> None:
    scene = Scene(keys="2")
    scene.router.called_s = 40.0
    await scene.run(waited_s=1.0)
    assert scene.variables["ALLO_JOINED_AT"] == repr(scene.now - 40.0)


async def test_once_the_service_is_drained_callers_hear_that_it_is_out_of_service() -> None:
    scene = Scene()
    scene.variables = {DRAINED: "1"}
    assert await scene.run() is End.TOLD
    assert scene.said == ["welcome", "apology-end"]
    assert scene.variables["ALLO_AWAY"] == "over"


async def test_who_is_kept_as_the_service_is_drained_is_kept_on() -> None:
    scene = Scene()
    scene.variables = {DRAINED: "1", "ALLO_SECTOR": HOUSING}
    scene.router.is_there = True
    assert await scene.run() is End.HANDED_OVER


async def test_a_drained_service_is_closed_at_night_as_ever() -> None:
    scene = Scene(at=MONDAY_10H + NIGHT_S)
    scene.variables = {DRAINED: "1"}
    await scene.run()
    assert scene.said[:2] == ["welcome", "closed"]


async def test_a_router_that_is_there_already_asks_for_itself() -> None:
    scene = Scene()
    scene.router.is_there = True
    await scene.run()
    assert scene.said == []
    assert scene.variables == {"ALLO_TRIED": "1", "ALLO_AWAY": "back"}


@pytest.mark.parametrize("prompt", ["away-first", "code-ask", "away-kept"])
async def test_who_hangs_up_is_let_go(prompt: str) -> None:
    scene = Scene(keys="2")
    scene.gone_after = prompt
    with pytest.raises(AgiEnded):
        await scene.run()
    assert "ALLO_AWAY" not in scene.variables
