"""The life of a private Asterisk: started, asked, stopped, killed."""

import asyncio
import dataclasses
import os
import re
import select
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from router.asterisk import configuration
from router.asterisk.carriers import Registration
from router.asterisk.preflight import required_modules
from router.asterisk.server import AsteriskServer
from router.asterisk.settings import AsteriskSettings
from router.asterisk.toolbox import Toolbox
from router.errors import SetupError
from tests.asterisk.private import ROOT, faults, is_running, make_settings
from tests.patience import PATIENCE_S


@pytest.mark.real
async def test_starts_without_a_warning_and_with_no_other_modules(
    asterisk: AsteriskServer,
) -> None:
    assert faults(asterisk) == []
    shown = await asterisk.cli("module show")
    running = dict(re.findall(r"^(\S+\.so) .* (Running|Not Running) ", shown, re.MULTILINE))
    assert set(running) == set(required_modules(asterisk.settings))
    assert set(running.values()) == {"Running"}
    async with aiohttp.ClientSession() as session:
        url = f"{asterisk.settings.ari_url}/asterisk/ping"
        async with session.get(url) as answer:
            assert answer.status == 401  # nobody gets in without the password


@pytest.mark.real
async def test_calls_out_through_the_carrier_of_the_settings(
    settings: AsteriskSettings, installed: Toolbox
) -> None:
    """The optional files are read without a warning, too."""
    settings = dataclasses.replace(
        settings,
        trunk_peer="127.0.0.1:25079",
        registration=Registration("127.0.0.1:25079", "compte-1", "example.net"),
        registration_password="mot-de-passe",
    )
    started = AsteriskServer(settings, installed)
    await started.start()
    try:
        assert "trunk-registration/sip:127.0.0.1:25079" in await started.cli(
            "pjsip show registrations"
        )
        assert "trunk-peer/sip:127.0.0.1:25079" in await started.cli("pjsip show contacts")
        endpoint = await started.cli("pjsip show endpoint trunk")
        assert re.search(r"^ from_domain +: example\.net$", endpoint, re.MULTILINE)
        assert re.search(r"^ from_user +: compte-1$", endpoint, re.MULTILINE)
        assert faults(started) == []
    finally:
        await started.stop()


@pytest.mark.real
async def test_keeps_no_records_and_no_number_of_calls(asterisk: AsteriskServer) -> None:
    shown = await asterisk.cli("core show settings")
    for line in (
        "Call data records:           Disabled",
        "Dump core on crash:          No",
        "Root console verbosity:      0",
        "Debug level:                 0",
        "Default language:            fr",
    ):
        assert line in shown
    assert "Disabled" in await asterisk.cli("cel show status")
    assert list(asterisk.settings.log_dir.iterdir()) == [
        path for path in asterisk.settings.log_dir.iterdir() if path.suffix == ".log"
    ]


@pytest.mark.real
async def test_stops_cleanly_and_starts_again(asterisk: AsteriskServer) -> None:
    first = asterisk.pid
    await asterisk.stop()
    assert not is_running(first)
    await asterisk.stop()
    await asterisk.start()
    assert asterisk.pid != first
    await asterisk.crash()
    assert not is_running(asterisk.pid)
    await asterisk.start()  # an orphaned control socket is no obstacle
    assert faults(asterisk) == []


@pytest.mark.real
async def test_a_second_one_in_the_same_folder_is_refused(
    asterisk: AsteriskServer, installed: Toolbox
) -> None:
    beside = dataclasses.replace(
        asterisk.settings,
        trunk_bind="127.0.0.1:25080",
        agents_bind="127.0.0.1:25082",
        ari_port=28108,
    )
    with pytest.raises(SetupError, match=f"already runs .* with process {asterisk.pid}"):
        await AsteriskServer(beside, installed).start()
    assert is_running(asterisk.pid)
    assert "28098" in (asterisk.settings.config_dir / "http.conf").read_text()


@pytest.mark.real
async def test_a_path_may_have_spaces_and_accents(tmp_path: Path, installed: Toolbox) -> None:
    started = AsteriskServer(make_settings(tmp_path / "Mes projets, été" / "état"), installed)
    await started.start()
    try:
        assert "chords" in (files := await started.cli("moh show files")) or "simplicity" in files
        assert faults(started) == []
    finally:
        await started.stop()


@pytest.mark.real
async def test_says_why_asterisk_did_not_start(
    settings: AsteriskSettings, installed: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is in the error, not only in a file: here a broken configuration."""
    original = configuration.render

    def spoil(settings: AsteriskSettings, toolbox: Toolbox, target: Path) -> None:
        original(settings, toolbox, target)
        (settings.config_dir / "modules.conf").write_text("[modules]\nrequire = res_nothing.so\n")

    monkeypatch.setattr(configuration, "render", spoil)
    with pytest.raises(SetupError, match=r"stopped while starting(.|\n)*res_nothing"):
        await AsteriskServer(settings, installed).start()


CHILD = """
import asyncio, sys
from pathlib import Path
from tests.asterisk.private import ROOT, make_settings
from router.asterisk.install import ensure_toolbox
from router.asterisk.server import AsteriskServer

async def main():
    asterisk = AsteriskServer(
        make_settings(Path(sys.argv[1])), ensure_toolbox(ROOT / ".allo", print),
        dies_with_parent=sys.argv[2] == "dies",
    )
    await asterisk.start()
    print(asterisk.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.real
@pytest.mark.parametrize("way", ["dies", "lives"])
def test_dies_with_its_parent_or_outlives_it_as_asked(tmp_path: Path, way: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), way],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        watch = os.pidfd_open(pid)
        parent.kill()
    try:
        ended, _, _ = select.select([watch], [], [], 10 if way == "dies" else 0.2)
        assert bool(ended) == (way == "dies")
    finally:
        if way == "lives":
            os.kill(pid, 15)
            select.select([watch], [], [], 10)
        os.close(watch)


class NeverReady(Toolbox):
    """Its Asterisk starts and never answers."""

    def command(self, name: str) -> list[str]:
        return ["sh", "-c", "exec sleep 60"] if name == "asterisk" else super().command(name)


@pytest.mark.real
async def test_a_start_can_be_cancelled(settings: AsteriskSettings, installed: Toolbox) -> None:
    """Ctrl-C while Asterisk is starting leaves no process behind."""
    folders = (installed.modules_dir, installed.data_dir)
    started = AsteriskServer(
        settings, NeverReady(installed.root, installed.asterisk_version, *folders)
    )
    starting = asyncio.create_task(started.start())
    async with asyncio.timeout(PATIENCE_S):
        while not started.running:
            await asyncio.sleep(0.02)
    assert is_running(started.pid)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not is_running(started.pid)
