"""The private Asterisk: refusals before it starts, and its life."""

import asyncio
import dataclasses
import os
import re
import select
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from router.asterisk import configuration
from router.asterisk.folders import lay_out
from router.asterisk.install import ensure_toolbox
from router.asterisk.preflight import check_version, required_modules
from router.asterisk.server import AsteriskServer
from router.asterisk.settings import AgentPhone, AsteriskSettings, Registration
from router.asterisk.toolbox import Toolbox
from router.errors import ConfigError, SetupError

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-secret-of-twenty-six-xxx"


def make_settings(folder: Path) -> AsteriskSettings:
    return AsteriskSettings(
        state_dir=folder,
        prompts_dir=folder / "prompts",
        ari_password=SECRET,
        trunk_bind="127.0.0.1:25070",
        agents_bind="127.0.0.1:25072",
        ari_port=28098,
        rtp_first=31000,
        rtp_last=31099,
        agents=(AgentPhone("lea", SECRET),),
    )


@pytest.fixture
def settings(tmp_path: Path) -> AsteriskSettings:
    return make_settings(tmp_path)


# --- refusals --------------------------------------------------------------------------------


def toolbox(modules_dir: Path, version: str = "22.10.1") -> Toolbox:
    return Toolbox(None, version, modules_dir, Path("/data"))


@pytest.fixture
def all_modules(tmp_path: Path) -> Path:
    folder = tmp_path / "modules"
    folder.mkdir()
    for name in required_modules():
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("version", ["22.10.0", "20.99.9", "certified/20.7", ""])
async def test_refuses_an_old_asterisk(
    settings: AsteriskSettings, all_modules: Path, version: str
) -> None:
    with pytest.raises(SetupError, match=r"is too old, 22\.10\.1 or later"):
        await AsteriskServer(settings, toolbox(all_modules, version)).start()


@pytest.mark.parametrize("version", ["22.10.1", "22.11.0", "23.0.0"])
def test_takes_a_recent_one(all_modules: Path, version: str) -> None:
    check_version(toolbox(all_modules, version))


async def test_names_every_missing_module(settings: AsteriskSettings, all_modules: Path) -> None:
    (all_modules / "res_ari.so").unlink()
    (all_modules / "codec_g722.so").unlink()
    with pytest.raises(SetupError, match=r"lacks codec_g722\.so, res_ari\.so in "):
        await AsteriskServer(settings, toolbox(all_modules)).start()


def test_required_modules_are_the_configuration_s() -> None:
    names = required_modules()
    assert "res_pjsip.so" in names
    assert len(names) == len(set(names)) > 50


async def test_refuses_wrong_settings(settings: AsteriskSettings, all_modules: Path) -> None:
    wrong = dataclasses.replace(settings, service_numbers=())
    with pytest.raises(ConfigError, match=r"asterisk\.service_numbers"):
        await AsteriskServer(wrong, toolbox(all_modules)).start()


@pytest.mark.parametrize(
    ("kind", "port", "words"),
    [
        (socket.SOCK_DGRAM, 25070, "UDP port 25070 on 127.0.0.1, needed for the SIP trunk"),
        (socket.SOCK_DGRAM, 25072, "UDP port 25072 on 127.0.0.1, needed for informateurs' phones"),
        (socket.SOCK_STREAM, 28098, "TCP port 28098 on 127.0.0.1, needed for ARI"),
    ],
)
async def test_names_a_busy_port_before_it_starts(
    settings: AsteriskSettings, all_modules: Path, kind: int, port: int, words: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        with pytest.raises(SetupError, match=f"{words}: Address already in use.*--port-offset"):
            await AsteriskServer(settings, toolbox(all_modules)).start()
    assert not settings.config_dir.exists()


async def test_names_an_address_that_is_not_ours(
    settings: AsteriskSettings, all_modules: Path
) -> None:
    away = dataclasses.replace(settings, trunk_bind="192.0.2.1:25070")
    with pytest.raises(SetupError, match=r"on 192\.0\.2\.1, needed for the SIP trunk: Cannot"):
        await AsteriskServer(away, toolbox(all_modules)).start()


def test_not_started_has_no_pid(settings: AsteriskSettings, all_modules: Path) -> None:
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = AsteriskServer(settings, toolbox(all_modules)).pid


async def test_stopping_what_never_started_does_nothing(
    settings: AsteriskSettings, all_modules: Path
) -> None:
    await AsteriskServer(settings, toolbox(all_modules)).stop()
    await AsteriskServer(settings, toolbox(all_modules)).crash()


# --- a live Asterisk -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed() -> Toolbox:
    return ensure_toolbox(ROOT / ".allo", print)


@pytest.fixture
async def asterisk(settings: AsteriskSettings, installed: Toolbox) -> AsyncIterator[AsteriskServer]:
    started = AsteriskServer(settings, installed)
    await started.start()
    yield started
    await started.stop()


def faults(asterisk: AsteriskServer) -> list[str]:
    text = asterisk.log_path.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if " built by " not in line]


@pytest.mark.real
async def test_starts_without_a_warning_and_with_our_modules_only(
    asterisk: AsteriskServer,
) -> None:
    assert faults(asterisk) == []
    shown = await asterisk.cli("module show")
    running = dict(re.findall(r"^(\S+\.so) .* (Running|Not Running) ", shown, re.MULTILINE))
    assert set(running) == set(required_modules())
    assert set(running.values()) == {"Running"}
    async with aiohttp.ClientSession() as session:
        url = f"{asterisk.settings.ari_url}/asterisk/ping"
        async with session.get(url) as answer:
            assert answer.status == 401  # nobody without the password


@pytest.mark.real
async def test_calls_out_through_the_carrier_of_the_settings(
    settings: AsteriskSettings, installed: Toolbox
) -> None:
    """The optional files, too, are read without a warning."""
    settings = dataclasses.replace(
        settings,
        trunk_peer="127.0.0.1:25079",
        registration=Registration("127.0.0.1:25079", "compte-1", "mot-de-passe", "example.net"),
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
async def test_plays_chords_where_there_is_no_music(
    settings: AsteriskSettings, installed: Toolbox, tmp_path: Path
) -> None:
    """A system's own Asterisk may come without the music package."""
    bare = dataclasses.replace(installed, data_dir=tmp_path / "bare")
    await asyncio.to_thread(lay_out, settings, bare)
    alaw = (settings.music_dir / "chords.alaw").read_bytes()
    assert len(alaw) == (settings.music_dir / "chords.g722").stat().st_size
    assert 40 * 8000 < len(alaw) < 90 * 8000
    assert len(set(alaw)) > 50  # sound, not silence


@pytest.mark.real
async def test_pairs_of_digits_are_told_by_the_folder_alone(
    settings: AsteriskSettings, installed: Toolbox
) -> None:
    """Asterisk logs what it failed to play, but not in which language."""
    for _ in range(2):  # again at the next start
        await asyncio.to_thread(lay_out, settings, installed)
    sounds = settings.data_dir / "sounds"
    for form in ("alaw", "sln16", "g722"):
        for pair in ("00", "07", "99"):
            link = sounds / f"fr_{pair}" / "allo" / f"pair.{form}"
            assert link.readlink() == settings.prompts_dir / f"pair-{pair}.{form}"
    assert len([*sounds.iterdir()]) == 1 + 100


@pytest.mark.real
async def test_keeps_no_records_and_no_number_of_calls(asterisk: AsteriskServer) -> None:
    shown = await asterisk.cli("core show settings")
    for line in (
        "Call data records:           Disabled",
        "Manager (AMI):               Disabled",
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
async def test_has_music_in_the_codecs_of_callers(asterisk: AsteriskServer) -> None:
    files = sorted(path.name for path in asterisk.settings.music_dir.iterdir())
    assert {Path(name).suffix for name in files} == {".alaw", ".ulaw", ".g722"}
    assert len(files) == 3 * len({Path(name).stem for name in files})
    sizes = {path.stat().st_size for path in asterisk.settings.music_dir.glob("*simplicity*")}
    assert len(sizes) == 1  # a byte is 1/8000 s in all three
    for name in {Path(name).stem for name in files}:
        assert name in await asterisk.cli("moh show files")


@pytest.mark.real
async def test_ends_in_order_and_starts_again(asterisk: AsteriskServer) -> None:
    first = asterisk.pid
    await asterisk.stop()
    assert not is_running(first)
    await asterisk.stop()
    await asterisk.start()
    assert asterisk.pid != first
    await asterisk.crash()
    assert not is_running(asterisk.pid)
    await asterisk.start()  # a control socket that nobody serves is no obstacle
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
async def test_a_long_path_moves_the_control_socket(tmp_path: Path, installed: Toolbox) -> None:
    deep = tmp_path / ("d" * 100)
    started = AsteriskServer(make_settings(deep), installed)
    await started.start()
    try:
        assert "uptime" in await started.cli("core show uptime")
        assert not started.settings.run_dir.is_relative_to(deep)
    finally:
        await started.stop()
    assert not started.settings.run_dir.exists()


@pytest.mark.real
async def test_a_path_with_spaces_and_accents_will_do(tmp_path: Path, installed: Toolbox) -> None:
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
    """A broken configuration: the reason is in the error, not only in a file."""
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
from tests.asterisk.test_server import ROOT, make_settings
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
def test_dies_with_its_parent_unless_told_otherwise(tmp_path: Path, way: str) -> None:
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


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.real
async def test_start_can_be_given_up(
    settings: AsteriskSettings, installed: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while Asterisk starts leaves no process behind."""
    started = AsteriskServer(settings, installed)
    waiting = asyncio.Event()

    async def never_ready() -> None:
        waiting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(started, "_booted", never_ready)
    starting = asyncio.create_task(started.start())
    await waiting.wait()
    assert is_running(started.pid)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not is_running(started.pid)
