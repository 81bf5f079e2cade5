from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from router.asterisk import programs
from router.asterisk.install import ensure_toolbox
from router.asterisk.server import AsteriskServer
from router.asterisk.settings import AsteriskSettings
from router.asterisk.toolbox import Toolbox
from tests.asterisk import live, private
from tests.asterisk.host import Host
from tests.contract.sip_phone import SipPhone


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host(tmp_path)
    monkeypatch.setenv("PATH", str(host.bin))
    monkeypatch.setattr(programs, "SBIN", "")
    for variable in ("ALLO_DEBIAN_MIRROR", "ALLO_DEBIAN_SUITE"):
        monkeypatch.delenv(variable, raising=False)
    return host


@pytest.fixture
def settings(tmp_path: Path) -> AsteriskSettings:
    return private.make_settings(tmp_path)


@pytest.fixture(scope="module")
def installed() -> Toolbox:
    return ensure_toolbox(private.ROOT / ".allo", print)


@pytest.fixture
async def asterisk(settings: AsteriskSettings, installed: Toolbox) -> AsyncIterator[AsteriskServer]:
    started = AsteriskServer(settings, installed)
    await started.start()
    yield started
    await started.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    tmp_path_factory: pytest.TempPathFactory, installed: Toolbox
) -> AsyncIterator[AsteriskServer]:
    settings = live.make_settings(
        tmp_path_factory.mktemp("asterisk"),
        trunk_hosts=("192.0.2.0/24", "127.0.0.1"),
        agents_networks=("127.0.0.1",),
        trunk_peer="{}:{}".format(*live.CARRIER),
        trunk_qualify_s=0,
        retry_every_s=1,
    )
    settings.prompts_dir.mkdir()
    for name in ("apology", "apology-end"):
        (settings.prompts_dir / f"{name}.alaw").write_bytes(b"\xd5" * 1600)
    server = AsteriskServer(settings, installed)
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def router(server: AsteriskServer) -> AsyncIterator[live.Router]:
    settings = server.settings
    credentials = aiohttp.encode_basic_auth(settings.ari_user, settings.ari_password)
    async with aiohttp.ClientSession(headers={"Authorization": credentials}) as session:
        yield live.Router(settings, session)


@pytest_asyncio.fixture(loop_scope="module")
async def phones() -> AsyncIterator[list[SipPhone]]:
    opened: list[SipPhone] = []
    yield opened
    for phone in opened:
        phone.close()
