"""One router at a time has a state folder and a vault: real processes, without Asterisk."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest_asyncio

from router.cli import provision
from router.config import load, new_secrets
from router.core.callback.tickets import Failure, TicketRecord, TicketState
from router.core.ids import SectorId, TicketId
from router.intake.numbers import PhoneNumber
from router.intake.vault import TmpfsVault, place_of
from router.locks import FILE_NAME, Lock
from router.store.tickets import FILE_NAME as TICKETS_FILE
from tests.tickets_on_disk import on_disk, put

TICKET = TicketId("t" * 32)
NUMBER = PhoneNumber("+33639980001")
REMEDY = "Stop it first."
PATIENCE_S = 30.0


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


@dataclass
class Deployment:
    """One service's settings, and the routers that were started with them."""

    folder: Path
    vault_dir: str | None = None
    state_dir: str = "state"
    routers: list[Process] = field(default_factory=list)
    #: The events of the log until it was started.
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        plan = load(None).plan
        secrets = self.folder / "secrets.toml"
        secrets.touch(mode=0o600)
        secrets.write_text(new_secrets(plan.agents, plan.desk.supervisor_phones))
        vault = f'vault_dir = "{self.vault_dir}"\n' if self.vault_dir else ""
        http_port = unused_port()
        self.url = f"http://127.0.0.1:{http_port}"
        self.settings = self.folder / "allo.toml"
        self.settings.write_text(
            f'state_dir = "{self.state_dir}"\n'
            f"[asterisk]\nari_port = {unused_port()}\n[http]\nport = {http_port}\n"
            f"[callbacks]\n{vault}"
        )

    @property
    def state(self) -> Path:
        return load(self.settings).settings.state_dir

    @property
    def vault(self) -> Path:
        settings = load(self.settings).settings
        return place_of(settings.callbacks.vault_dir, settings.state_dir, os.environ)

    def promise(self) -> None:
        """Promise a callback: an open ticket, and its number in the vault."""
        now = time.time()
        self.state.mkdir(exist_ok=True)
        record = TicketRecord(TICKET, SectorId("travail-contrat"), None, now, now + 2700)
        put(self.state / TICKETS_FILE, record)
        vault = TmpfsVault(self.vault)
        vault.put(TICKET, NUMBER)
        vault.close()

    async def run(self) -> Process:
        router = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "router.cli", "run", "--config", str(self.settings)),
            env=os.environ | {"PYTHONPATH": str(provision.TOP)},
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        self.routers.append(router)
        return router

    async def serve(self) -> Process:
        """Start a router and wait until it serves."""
        router = await self.run()
        assert router.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := await router.stdout.readline():
                self.said.append(json.loads(line)["event"])
                if self.said[-1] == "started":
                    return router
        raise AssertionError((await router.communicate())[1].decode())

    def holds(self) -> tuple[str, ...]:
        """Return the tickets that have a number in the vault."""
        vault = TmpfsVault(self.vault)
        try:
            return vault.tickets()
        finally:
            vault.close()

    async def end(self) -> None:
        for router in self.routers:
            if router.returncode is None:
                router.kill()
            await router.communicate()
        shutil.rmtree(self.vault, ignore_errors=True)


@pytest_asyncio.fixture
async def deployment(tmp_path: Path) -> AsyncIterator[Deployment]:
    one = Deployment(tmp_path / "one")
    yield one
    await one.end()


def everything(*folders: Path) -> dict[Path, tuple[int, int, int, bytes]]:
    """Return everything about the files: inode, mode, time stamp, content."""

    def files() -> Iterator[tuple[Path, tuple[int, int, int, bytes]]]:
        for folder in folders:
            for path in (folder, *sorted(folder.rglob("*"))):
                told = path.stat()
                content = path.read_bytes() if path.is_file() else b""
                yield path, (told.st_ino, told.st_mode, told.st_mtime_ns, content)

    return dict(files())


async def refused(router: Process) -> str:
    """Return what a router says that is not allowed to start."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            _, said = await router.communicate()
    except TimeoutError:
        router.kill()
        raise
    assert router.returncode == 2, said.decode()
    (line,) = said.decode().splitlines()
    return line


async def test_a_second_router_with_the_same_state_changes_nothing(deployment: Deployment) -> None:
    deployment.promise()
    first = await deployment.serve()
    first.send_signal(signal.SIGSTOP)  # so that it writes nothing meanwhile
    before = everything(deployment.folder, deployment.vault)

    said = await refused(await deployment.run())

    assert everything(deployment.folder, deployment.vault) == before
    assert said.startswith(
        f"allo: {deployment.state} is in use by process {first.pid} on {socket.gethostname()} "
        f"(./allo run --config {deployment.settings}). "
    )
    assert "state_dir of their own" in said
    assert deployment.holds() == (TICKET,)


async def test_a_second_router_with_the_same_vault_empties_nothing(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.promise()
    first = await deployment.serve()
    first.send_signal(signal.SIGSTOP)
    before = everything(deployment.folder, deployment.vault)
    other = Deployment(tmp_path / "other", vault_dir=str(deployment.vault))

    said = await refused(await other.run())

    assert everything(deployment.folder, deployment.vault) == before
    assert said.startswith(f"allo: {deployment.vault} is in use by process {first.pid} on ")
    assert "vault_dir" in said
    assert not (other.state / TICKETS_FILE).exists()


async def test_two_services_of_one_user_have_two_vaults(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.promise()
    await deployment.serve()
    other = Deployment(tmp_path / "other")
    try:
        await other.serve()
        assert deployment.holds() == (TICKET,)
        assert other.vault != deployment.vault
    finally:
        await other.end()


async def test_a_router_that_was_killed_is_succeeded_at_once(deployment: Deployment) -> None:
    deployment.promise()
    first = await deployment.serve()
    first.kill()
    await first.wait()

    second = await deployment.serve()

    assert f"process {second.pid} " in (deployment.vault / FILE_NAME).read_text()
    assert deployment.holds() == (TICKET,)


async def test_commands_that_only_read_are_not_refused(deployment: Deployment) -> None:
    await deployment.serve()
    for words in (
        ("code", "F1234"),
        ("check",),
        ("report", "--from", "2026-01-05", "--to", "2026-01-05"),
    ):
        done = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "router.cli", *words),
            *("--config", str(deployment.settings)),
            env=os.environ | {"PYTHONPATH": str(provision.TOP)},
            stdout=PIPE,
            stderr=PIPE,
        )
        _, said = await done.communicate()
        assert done.returncode == 0, said.decode()


async def test_a_demo_in_a_folder_in_use_changes_nothing(tmp_path: Path) -> None:
    """In use by another demo, or by a router with the settings of an earlier one."""
    state = tmp_path / "demo"
    state.mkdir()
    (state / "agents.toml").write_text("# of the first demo")
    for held in (state, state / "asterisk"):
        with Lock(held, "./allo of the test", REMEDY):
            before = everything(held)
            demo = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "router.cli", "demo", "--once"),
                *("--state", str(state), "--port-offset", "20440"),
                env=os.environ | {"PYTHONPATH": str(provision.TOP)},
                stdout=DEVNULL,
                stderr=PIPE,
            )
            said = await refused(demo)
            assert said.startswith(f"allo: {held} is in use by process {os.getpid()} on ")
            assert "--state DIR" in said
            assert everything(held) == before
    assert (state / "agents.toml").read_text() == "# of the first demo"


# A number that is gone.


async def test_a_ticket_that_has_lost_its_number_ends_at_the_next_start(
    deployment: Deployment,
) -> None:
    deployment.promise()
    (deployment.vault / TICKET).unlink()
    router = await deployment.serve()
    async with (
        asyncio.timeout(PATIENCE_S),
        aiohttp.ClientSession(deployment.url) as session,
        session.get("/metrics") as answer,
    ):
        counted = await answer.text()
    assert 'allo_steps_total{step="number lost"} 1.0' in counted
    router.terminate()
    await router.communicate()
    assert router.returncode == 0

    record = on_disk(deployment.state / TICKETS_FILE)[TICKET]
    assert (record.state, record.failure) == (TicketState.FAILED, Failure.NUMBER_LOST)
    assert "a callback's number is lost" in deployment.said
