"""Probes: what came of each, and what is kept of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from router.errors import AriUnreachable
from router.probe import steps
from router.probe.schedule import Prober
from router.probe.steps import Line, Step
from tests.probe.sip_server import SILENCE, Server, sip_server


class Asterisk:
    """Says where the call of the server is."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.app = "Stasis"
        self.away = False

    async def channels(self) -> Sequence[Mapping[str, Any]]:
        if self.away:
            raise AriUnreachable("http://127.0.0.1:8088/ari", "refused")
        call = self._server.asked[-1].first("call-id") if self.app else "another"
        return [
            {"protocol_id": "another", "dialplan": {"app_name": "Hangup"}},
            {"protocol_id": call, "dialplan": {"app_name": self.app}},
        ]


def prober_at(server: Server, asterisk: Asterisk) -> Prober:
    line = Line(server.port, "token", "3939")
    return Prober(line, 60, asterisk.channels, structlog.get_logger())


async def test_a_probe_that_is_welcomed_succeeds() -> None:
    async with sip_server() as server:
        prober = prober_at(server, Asterisk(server))
        assert not prober.standing.success
        await prober.probe()
    standing = prober.standing
    assert (standing.success, standing.trouble) == (True, "")
    assert standing.last_success_at > 0
    assert 0 < standing.seconds[Step.ANSWER] <= standing.seconds[Step.SOUND]
    assert standing.seconds[Step.KEY] > 0


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("401 Unauthorized", "does not know the probe"),
        ("404 Not Found", "knows the number that callers dial no more"),
        ("488 Not Acceptable Here", "takes no call in A-law"),
        ("503 Service Unavailable", "is refused (SIP 503)"),
    ],
)
async def test_a_refusal_is_named(status: str, why: str) -> None:
    async with sip_server() as server:
        server.status = status
        prober = prober_at(server, Asterisk(server))
        await prober.probe()
    assert why in prober.standing.trouble
    assert prober.standing.last_success_at == 0


async def test_a_call_that_the_router_does_not_have_fails() -> None:
    async with sip_server() as server:
        asterisk = Asterisk(server)
        prober = prober_at(server, asterisk)
        asterisk.app = "Playback"
        await prober.probe()
        assert "the router did not take the call" in prober.standing.trouble
        asterisk.app = ""
        await prober.probe()
        assert "ended at once" in prober.standing.trouble
        asterisk.away = True
        await prober.probe()
        assert "does not answer" in prober.standing.trouble


async def test_keys_that_are_not_heard_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "KEY_WITHIN_S", 0.3)
    async with sip_server() as server:
        server.hears_keys = False
        prober = prober_at(server, Asterisk(server))
        await prober.probe()
        assert "callers cannot choose" in prober.standing.trouble
        assert prober.standing.seconds.keys() == {Step.ANSWER, Step.SOUND}


async def test_silence_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "SOUND_WITHIN_S", 0.1)
    for sound, why in ((SILENCE, "hears only silence"), (b"", "hears nothing at all")):
        async with sip_server() as server:
            server.sound = sound
            prober = prober_at(server, Asterisk(server))
            await prober.probe()
            assert why in prober.standing.trouble


async def test_the_last_success_is_remembered_and_a_change_is_logged_once() -> None:
    async with sip_server() as server:
        prober = prober_at(server, Asterisk(server))
        with capture_logs() as logged:
            await prober.probe()
            succeeded_at = prober.standing.last_success_at
            server.status = "503 Service Unavailable"
            await prober.probe()
            await prober.probe()
            assert (prober.standing.success, prober.standing.seconds) == (False, {})
            assert prober.standing.last_success_at == succeeded_at
            server.status = "200 OK"
            await prober.probe()
    assert [line["event"] for line in logged] == ["probe failed", "probe succeeds again"]
    assert prober.standing.last_success_at >= succeeded_at


async def test_asterisk_away_is_said() -> None:
    async with sip_server() as server:
        prober = prober_at(server, Asterisk(server))
    await prober.probe()
    assert "Asterisk takes no calls (nobody listens" in prober.standing.trouble
