"""What systemd is told of a service that starts, misses something, and goes on."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from router.notify import Notifier
from router.service.heartbeat import Heartbeat, has_started, status
from router.service.readiness import NOT_YET, PARTS
from tests.systemd import Systemd

READY = dict.fromkeys(PARTS, "")


@dataclass
class Seen:
    parts: dict[str, str]


async def test_it_is_ready_once_all_has_been_looked_at(tmp_path: Path) -> None:
    systemd = Systemd(str(tmp_path / "notify"))
    parts = {**READY, "vault": NOT_YET, "intake": "no intake serves"}
    beating = asyncio.create_task(Heartbeat(Notifier(systemd.environ), Seen(parts)).beat())

    heard = await systemd.hears(f"STATUS=not ready: vault: {NOT_YET}; nor intake")
    assert "READY=1" not in heard
    parts["intake"] = parts["vault"] = ""
    heard = await systemd.hears("STATUS=ready: calls can come in")
    assert "READY=1" in heard
    beating.cancel()
    systemd.close()


async def test_it_beats_more_often_than_the_watchdog_asks(tmp_path: Path) -> None:
    systemd = Systemd(str(tmp_path / "notify"))
    systemd.environ["WATCHDOG_USEC"] = "30000"
    beating = asyncio.create_task(Heartbeat(Notifier(systemd.environ), Seen(READY)).beat())
    for _ in range(3):
        await systemd.hears("WATCHDOG=1")
    beating.cancel()
    systemd.close()


def test_what_is_away_hinders_no_start() -> None:
    assert has_started({**READY, "trunk": "the carrier does not answer OPTIONS"})
    assert has_started({**READY, "application": "connecting to Asterisk", "store": "disk full"})
    assert not has_started({**READY, "intake": "no intake serves"})
    assert not has_started({**READY, "phones": NOT_YET})


def test_the_status_names_what_is_missing() -> None:
    assert status(READY) == "ready: calls can come in"
    assert status({**READY, "trunk": "away"}) == "not ready: trunk: away"
