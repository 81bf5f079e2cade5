"""Everything that would keep Asterisk from starting is named before it is started."""

import dataclasses
import socket
from pathlib import Path

import pytest

from router.asterisk.preflight import check_version, required_modules
from router.asterisk.server import AsteriskServer
from router.asterisk.settings import AsteriskOptions, AsteriskSettings
from router.asterisk.toolbox import Toolbox
from router.errors import ConfigError, SetupError


def toolbox(modules_dir: Path, version: str = "22.10.1") -> Toolbox:
    return Toolbox(None, version, modules_dir, Path("/data"))


@pytest.fixture
def all_modules(tmp_path: Path) -> Path:
    folder = tmp_path / "modules"
    folder.mkdir()
    for name in required_modules(AsteriskOptions()):
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("version", ["22.10.0", "20.99.9", "certified/20.7", ""])
async def test_refuses_an_old_asterisk(
    settings: AsteriskSettings, all_modules: Path, version: str
) -> None:
    with pytest.raises(SetupError, match=r"is too old, 22\.10\.1 or later"):
        await AsteriskServer(settings, toolbox(all_modules, version)).start()


@pytest.mark.parametrize("version", ["22.10.1", "22.11.0", "23.0.0"])
def test_accepts_a_recent_one(all_modules: Path, version: str) -> None:
    check_version(toolbox(all_modules, version))


async def test_names_every_missing_module(settings: AsteriskSettings, all_modules: Path) -> None:
    (all_modules / "res_ari.so").unlink()
    (all_modules / "codec_g722.so").unlink()
    with pytest.raises(SetupError, match=r"lacks codec_g722\.so, res_ari\.so in "):
        await AsteriskServer(settings, toolbox(all_modules)).start()


def test_required_modules_are_those_of_the_configuration() -> None:
    names = required_modules(AsteriskOptions())
    assert "res_pjsip.so" in names
    assert len(names) == len(set(names)) > 50


def test_modules_for_browsers_are_required_where_there_are_any() -> None:
    ws, opus = "res_pjsip_transport_websocket.so", "codec_opus_open_source.so"
    assert {ws, opus} <= {*required_modules(AsteriskOptions())}
    without_opus = {*required_modules(AsteriskOptions(browser_codecs=("alaw",)))}
    assert ws in without_opus
    assert opus not in without_opus
    assert {ws, opus}.isdisjoint(required_modules(AsteriskOptions(browsers=False)))


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


async def test_names_an_address_of_another_machine(
    settings: AsteriskSettings, all_modules: Path
) -> None:
    away = dataclasses.replace(settings, trunk_bind="192.0.2.1:25070")
    with pytest.raises(
        SetupError, match=r"on 192\.0\.2\.1, needed for the SIP trunk: Cannot.*one of this machine"
    ):
        await AsteriskServer(away, toolbox(all_modules)).start()


def test_an_asterisk_that_was_not_started_has_no_pid(
    settings: AsteriskSettings, all_modules: Path
) -> None:
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = AsteriskServer(settings, toolbox(all_modules)).pid


async def test_stopping_one_that_was_not_started_does_nothing(
    settings: AsteriskSettings, all_modules: Path
) -> None:
    await AsteriskServer(settings, toolbox(all_modules)).stop()
    await AsteriskServer(settings, toolbox(all_modules)).crash()
