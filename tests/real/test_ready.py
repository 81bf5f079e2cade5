"""`/readyz` names what keeps a call from coming in: with a real Asterisk and real sockets."""

import shutil
import socket
from typing import Any

import aiohttp
import pytest

from router.asterisk import server
from tests.real.cast import Cast
from tests.real.conftest import OPEN_AT, READY_OFFSET, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def readiness(cast: Cast) -> tuple[int, list[str], dict[str, Any]]:
    """Return the status, what is missing, and each part."""
    async with aiohttp.ClientSession() as http, http.get(f"{cast.stage.http}/readyz") as answer:
        told = await answer.json()
        return answer.status, told.get("missing", []), told["parts"]


async def gauges(cast: Cast) -> dict[str, float]:
    async with aiohttp.ClientSession() as http, http.get(f"{cast.stage.http}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    told = (line.split('"') for line in lines if line.startswith("allo_ready{"))
    return {part: float(value.lstrip("} ")) for _, part, value in told}


async def probe_success(cast: Cast) -> float:
    """Return whether the service's last call to itself was welcomed."""
    async with aiohttp.ClientSession() as http, http.get(f"{cast.stage.http}/metrics") as answer:
        text = await answer.text()
    line = next(line for line in text.splitlines() if line.startswith("allo_probe_success "))
    return float(line.split()[1])


async def test_a_transport_that_did_not_start_is_named_until_it_does(
    open_stage: OpenStage, new_cast: NewCast, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_s = {"probe_every_s": 1}
    async with open_stage(READY_OFFSET, OPEN_AT, **every_s) as stage, new_cast(stage) as cast:
        cast.expected_in_router += ["no connection to asterisk", "not ready", "probe failed"]
        cast.expected_in_router += ["vault opened again"]
        cast.expected_in_asterisk += [
            "trunk-udp",
            # The probe calls before the router is back.
            r"PJSIP/probe-\d+: .*(for app 'allo'|'allo' doesn't exist)",
        ]
        status, missing, parts = await readiness(cast)
        assert (status, missing) == (200, [])
        assert set((await gauges(cast)).values()) == {1.0}
        assert await cast.until(lambda: probe_success(cast), lambda success: success == 1.0)

        await stage.asterisk.crash()
        assert await cast.until(lambda: probe_success(cast), lambda success: not success) == 0.0
        status, missing, parts = await cast.until(
            lambda: readiness(cast), lambda told: told[0] == 503
        )
        assert "application" in missing

        monkeypatch.setattr(server, "check_ports", lambda settings: None)
        host, _, port = stage.sip.rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((host, int(port)))
            await stage.asterisk.start()
            status, missing, parts = await cast.until(
                lambda: readiness(cast), lambda told: told[1] == ["trunk_transport"]
            )
            assert status == 503
            assert (
                f"UDP {stage.sip} is in use by another process" in parts["trunk_transport"]["why"]
            )
            assert parts["agents_transport"] == {"ok": True, "why": ""}
            assert {part for part, value in (await gauges(cast)).items() if not value} == {
                "trunk_transport"
            }
        await stage.asterisk.cli("module reload res_pjsip.so")
        status, missing, parts = await cast.until(
            lambda: readiness(cast), lambda told: told[0] == 200
        )
        assert missing == []
        await cast.until(lambda: probe_success(cast), lambda success: success == 1.0)
        assert set((await cast.metrics("allo_calls_ended_total")).values()) == {0.0}

        shutil.rmtree(stage.vault_dir)
        stage.vault_dir.touch()  # a folder that is only gone would be made again
        status, missing, parts = await cast.until(
            lambda: readiness(cast), lambda told: told[1] == ["vault"]
        )
        assert status == 503
        stage.vault_dir.unlink()
        # The folder is made again, and with it the service is ready.
        status, missing, parts = await cast.until(
            lambda: readiness(cast), lambda told: told[0] == 200
        )
        assert missing == []
