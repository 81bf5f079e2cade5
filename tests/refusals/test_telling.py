"""Attacks on a real Asterisk: what is told of them, what fail2ban makes of it, and that nobody's
number is in any of it."""

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from router import places
from router.asterisk.install import ensure_toolbox
from router.asterisk.server import AsteriskServer
from router.asterisk.settings import REFUSALS_USER
from router.notify import Notifier
from router.refusals import Spared, tell
from tests.asterisk.ami import Ami
from tests.asterisk.live import (
    AGENTS,
    CALLER,
    TRUNK,
    all_that_asterisk_wrote,
    call_with_proof,
    make_settings,
    marked,
    request,
    send_from,
)
from tests.contract.sip_phone import SipPhone
from tests.deploy.conftest import fetched
from tests.patience import PATIENCE_S

FILTER = places.TOP / "deploy" / "fail2ban" / "filter.d" / "allo.conf"
CARRIER, OFFICE, AWAY, SCANNER = "127.0.0.9", "127.0.0.5", "127.0.0.6", "127.0.0.7"
SPARED = "127.0.0.8"


class Told:
    """Lines, as they come."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, line: str) -> None:
        self._lines.put_nowait(line)

    async def next(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            return await self._lines.get()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsteriskServer]:
    settings = make_settings(
        tmp_path_factory.mktemp("asterisk"), trunk_hosts=(CARRIER,), agents_networks=(OFFICE,)
    )
    settings.prompts_dir.mkdir()
    server = AsteriskServer(settings, ensure_toolbox(places.HOME, print))
    await server.start()
    yield server
    await server.stop()


class Ready(Notifier):
    """Says when the telling has begun."""

    def __init__(self) -> None:
        super().__init__({})
        self.begun = asyncio.Event()

    def status(self, text: str) -> None:
        if text == "listening to Asterisk":
            self.begun.set()


@asynccontextmanager
async def telling(server: AsteriskServer, spared: Spared) -> AsyncIterator[Told]:
    told, ready = Told(), Ready()
    task = asyncio.create_task(tell(server.settings, spared, told, told, ready))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ready.begun.wait()
        yield told
    finally:
        task.cancel()
        await asyncio.wait({task})


async def scan(host: str) -> None:
    """Knock as scanners do, more often than Asterisk puts up with in silence."""
    for _ in range(4):
        for method in ("OPTIONS", "INVITE", "REGISTER"):
            uri = f"sip:{CALLER}@127.0.0.1:25060"
            text = request(method, uri, host).replace("To: <sip:3939", f"To: <sip:{CALLER}")
            assert " 401 " in await send_from(host, text, TRUNK)


@marked
async def test_who_knocks_is_told_by_address_and_reason(server: AsteriskServer) -> None:
    right, wrong = (SipPhone("agent-lea", secret, AGENTS) for secret in ("", "not-the-password"))
    async with telling(server, Spared([SPARED])) as told:
        await scan(SPARED)
        await scan(SCANNER)
        assert await told.next() == f"refused {SCANNER}: unknown"
        assert " 401 " in await call_with_proof(wrong, OFFICE)
        seen = await told.next()
        while SCANNER in seen:  # the scan took more than a second
            seen = await told.next()
        assert seen == f"refused {OFFICE}: wrong password"
        invitation = request("INVITE", "sip:11@127.0.0.1:25062", AWAY)
        invitation = invitation.replace(CALLER, right.user)
        assert " 401 " in await send_from(AWAY, invitation, AGENTS)
        assert await told.next() == f"refused {AWAY}: foreign network"


@marked
async def test_no_number_is_told_to_anybody(server: AsteriskServer) -> None:
    """Not even to the process that tells: what Asterisk says to it names the sender nowhere."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.settings.ami_port)
    ami = Ami(reader, writer)
    await reader.readline()
    secret = server.settings.refusals_password
    assert "Success" in await ami.ask("Login", Username=REFUSALS_USER, Secret=secret)
    await scan(SCANNER)
    while ami.heard.count("ChallengeSent") < 12:
        await ami.next_message()
    may = set(re.findall(r"^([A-Z]\w+): .*\(Priv:", await ami.ask("ListCommands"), re.M))
    events = set(re.findall(r"^Event: (\w+)", ami.heard, re.M))
    writer.close()
    assert events == {"ChallengeSent"}
    assert "RemoteAddress: IPV4/UDP/127.0.0.7/" in ami.heard
    assert CALLER not in ami.heard
    assert CALLER.encode() not in all_that_asterisk_wrote(server)
    assert not {one for one in may if one.startswith(("Originate", "Command", "Getvar", "Core"))}


def fail2ban_regex(log: Path) -> str:
    tree = fetched("fail2ban")
    ours = shutil.which("fail2ban-regex")
    words = [ours] if ours else [sys.executable, str(tree / "usr/bin/fail2ban-regex")]
    done = subprocess.run(
        [*words, "--print-all-matched", "--print-all-missed", str(log), str(FILTER)],
        env={"PYTHONPATH": str(tree / "usr/lib/python3/dist-packages"), "PATH": "/usr/bin:/bin"},
        cwd=log.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@marked
async def test_fail2ban_reads_what_is_told(server: AsteriskServer, tmp_path: Path) -> None:
    async with telling(server, Spared([])) as told:
        await scan(SCANNER)
        lines = [await told.next()]
        assert " 401 " in await call_with_proof(SipPhone("agent-lea", "no", AGENTS), OFFICE)
        while OFFICE not in lines[-1]:
            lines.append(await told.next())
    others = [
        "waiting for Asterisk (AMI, 127.0.0.1:5038)",
        "refused 198.51.100.7: unknown refused 192.0.2.1: unknown",
        "somebody said: refused 192.0.2.1: unknown",
    ]
    log = tmp_path / "journal.log"
    stamp = "2026-11-23T10:00:00 allo allo-refusals[17]:"
    log.write_text("".join(f"{stamp} {line}\n" for line in [*lines, *others]))
    said = fail2ban_regex(log)
    assert f"{len(lines)} matched, {len(others)} missed" in said
