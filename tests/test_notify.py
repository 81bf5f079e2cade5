"""What systemd hears, on a socket as it opens one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.notify import Notifier
from tests.systemd import Systemd


@pytest.fixture(params=["notify", "@allo-test-{pid}"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    name = request.param.format(pid=os.getpid())
    systemd = Systemd(name if name.startswith("@") else str(tmp_path / name))
    yield systemd
    systemd.close()


def test_a_life_from_start_to_end(systemd: Systemd) -> None:
    notifier = Notifier(systemd.environ)
    notifier.status("starting")
    notifier.ready()
    notifier.alive()
    notifier.stopping()
    assert systemd.heard() == ["STATUS=starting", "READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_a_status_is_one_line_and_said_once(systemd: Systemd) -> None:
    notifier = Notifier(systemd.environ)
    for _ in range(2):
        notifier.status("not ready:\n  trunk")
    notifier.status("ready")
    assert systemd.heard() == ["STATUS=not ready: trunk", "STATUS=ready"]


def test_a_reload_says_when_it_began(systemd: Systemd) -> None:
    Notifier(systemd.environ).reloading()
    [said] = systemd.heard()
    first, _, second = said.partition("\n")
    assert first == "RELOADING=1"
    assert second.removeprefix("MONOTONIC_USEC=").isdecimal()


def test_children_are_not_asked(systemd: Systemd) -> None:
    Notifier(systemd.environ)
    assert systemd.environ == {"PATH": "/bin"}


def test_the_watchdog_is_this_process_s_own(systemd: Systemd) -> None:
    assert Notifier({**systemd.environ}).watchdog_s == 30.0
    assert Notifier({**systemd.environ, "WATCHDOG_PID": str(os.getpid())}).watchdog_s == 30.0
    assert Notifier({**systemd.environ, "WATCHDOG_PID": "1"}).watchdog_s is None


def test_without_systemd_nothing_is_said() -> None:
    notifier = Notifier({})
    notifier.ready()
    assert notifier.watchdog_s is None


def test_a_systemd_that_does_not_listen_hinders_nobody(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notifier.ready()
    notifier.alive()
