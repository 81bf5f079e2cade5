"""A promise is given when it is on disk: asked of the real intake, with a disk that fails."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
import pytest_asyncio
import structlog

from router.clock import Clock
from router.core.callback.tickets import Failure, TicketState
from router.core.commands import ForAsterisk, ForService, HangUp, Ring
from router.core.engine import Engine
from router.core.events import CalledAnswered, LegAnswered, PhoneAppeared
from router.core.ids import CallId, ChannelId, PhoneId
from router.intake.ledger import IntakeBackend
from router.service.live import Live
from router.service.promises import Promises
from router.store import TicketStore, keeping, tickets
from tests.intake.scene import PLAN, Asterisk, Office, RouterWeb, Scene, new_number
from tests.service_plan import FICHE, MONDAY_10H, code_book

SILENCE_S = 0.05


class Link:
    """Asterisk, as far as promises ask it."""

    connected = True

    def __init__(self) -> None:
        self.silent = False
        self.meanwhile: Callable[[CallId], None] = lambda call: None
        self.asked: list[CallId] = []
        self.performed: list[HangUp] = []

    async def is_silent(self, call: CallId) -> bool:
        self.asked.append(call)
        self.meanwhile(call)
        return self.silent

    def perform(self, commands: list[HangUp]) -> None:
        self.performed += commands


class House(Office):
    """The service behind the intake: engine, promises and file are real."""

    def __init__(self, clock: Clock, path: Path) -> None:
        super().__init__(clock)
        self.path = path
        self.engine = Engine(PLAN, code_book(PLAN), "run")
        self.live = Live(self.engine, clock, self._perform, self._tell)
        self.rings: asyncio.Queue[Ring] = asyncio.Queue()
        self.promises = Promises(
            PLAN,
            self.engine,
            TicketStore(path),
            clock,
            self.live.submit,
            structlog.get_logger(),
            SILENCE_S,
        )
        self.link = Link()
        self.promises.link = cast(Any, self.link)

    def backend(self) -> IntakeBackend:
        return self.promises.backend()

    def _perform(self, commands: list[ForAsterisk]) -> None:
        for command in commands:
            if isinstance(command, Ring):
                self.rings.put_nowait(command)

    def _tell(self, command: ForService, at: float) -> None:
        kinds = ("TicketChanged", "Admitted", "DialTicket")
        if type(command).__name__ in kinds:
            self.promises.carry_out(cast(Any, command))

    def on_disk(self) -> list[TicketState]:
        """What a router that starts now would find."""
        store = TicketStore(self.path)
        try:
            return [record.state for record in store.open()]
        finally:
            store.close()

    def agents(self) -> set[str]:
        """The states of those on duty."""
        return {state.value for _, state in self.engine.states_of_agents()} - {"logged out"}

    async def picks_up(self) -> None:
        """The informateur who is rung next answers."""
        ring = await self.rings.get()
        self.live.submit(LegAnswered(ring.call, ring.leg))


@pytest_asyncio.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(keeping, "RETRY_S", 0.02)
    monkeypatch.setattr(tickets, "LOCK_WAIT_S", 0.05)
    house = House(Clock(MONDAY_10H - time.time()), tmp_path / "tickets.sqlite3")
    async with (
        Asterisk().running() as asterisk,
        RouterWeb().running(tmp_path) as router,
        aiohttp.ClientSession() as session,
    ):
        scene = Scene(tmp_path, house, asterisk, router)
        scene.session = session
        keep = asyncio.create_task(house.promises.keep())
        await scene.open(quiet=False)
        house.promises.intake = scene.intake
        house.live.submit(PhoneAppeared(PhoneId("101")))
        yield scene
        keep.cancel()
        with suppress(asyncio.CancelledError):
            await keep
        await house.promises.close()
        await scene.intake.stop()
        house.live.close()
    shutil.rmtree(scene.vault_dir)


def house_of(scene: Scene) -> House:
    assert isinstance(scene.office, House)
    return scene.office


@contextmanager
def locked(house: House) -> Iterator[None]:
    """Another process that keeps the file to itself."""
    other = sqlite3.connect(house.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def until_written(scene: Scene) -> None:
    await scene.until(lambda: not house_of(scene).promises.keeping.trouble)


async def test_what_cannot_be_written_is_503_and_forgotten_and_may_be_asked_again(
    scene: Scene,
) -> None:
    house = house_of(scene)
    asked = {"phone": new_number(), "fiche": FICHE}
    with locked(house):
        # Of two at once the second finds the ticket in memory, which is no promise yet.
        twice = (scene.ask(asked, key="the-same-key") for _ in range(2))
        (status, told), (again, _) = await asyncio.gather(*twice)
        assert (status, again, told["error"]["code"]) == (503, 503, "unavailable")
        assert "rappel n’est pas disponible" in told["error"]["message"]
        assert scene.headers["Retry-After"]
        assert scene.numbers() == {}
        assert house.engine.open_ticket_ids() == frozenset()
        assert house.promises.keeping.trouble
    await until_written(scene)
    assert house.on_disk() == []
    status, told = await scene.ask(asked, key="the-same-key")
    assert (status, told["state"]) == (202, "accepted")
    assert scene.numbers().keys() == {told["ticket"]}


async def test_an_attempt_that_cannot_be_written_is_not_dialled(scene: Scene) -> None:
    house = house_of(scene)
    ticket = await scene.accepted()
    with locked(house):
        await house.picks_up()
        await scene.until(lambda: house.promises.keeping.trouble)
        record = house.engine.ticket(ticket)
        assert record is not None
        assert (record.state, record.attempts) == (TicketState.WAITING, 0)
        assert scene.asterisk.calls == []
        assert house.agents() == {"wrapping up"}
    await until_written(scene)
    await scene.until(lambda: house.promises.keeping.pending == 0)
    assert house.on_disk() == [TicketState.WAITING]
    assert scene.numbers().keys() == {ticket}


async def test_what_is_answered_202_is_on_disk_and_what_is_dialled(scene: Scene) -> None:
    house = house_of(scene)
    await scene.accepted()
    assert len(house.on_disk()) == 1
    await house.picks_up()
    await scene.until(lambda: scene.asterisk.calls)
    assert house.on_disk() == [TicketState.DIALLING]


async def test_a_file_that_was_removed_has_every_open_ticket_again(scene: Scene) -> None:
    house = house_of(scene)
    await scene.accepted()
    for one in house.path.parent.glob("tickets.sqlite3*"):
        one.unlink()
    status, _ = await scene.ask({"phone": new_number(), "fiche": FICHE})
    assert status == 503
    await until_written(scene)
    await scene.until(lambda: house.promises.keeping.pending == 0)
    assert len(house.on_disk()) == 1


async def test_a_carrier_that_only_tries_is_given_up_and_blamed(scene: Scene) -> None:
    house = house_of(scene)
    house.link.silent = True
    ticket = await scene.accepted()
    await house.picks_up()
    await scene.until(lambda: house.link.performed)
    [(call, _)] = scene.asterisk.calls
    assert house.link.asked == [call]
    assert house.link.performed == [HangUp(CallId(call), ChannelId(call))]
    record = house.engine.ticket(ticket)
    assert record is not None
    assert (record.state, record.failure) == (TicketState.WAITING, Failure.TRUNK)


async def test_a_carrier_that_lets_it_ring_is_not_given_up(scene: Scene) -> None:
    house = house_of(scene)
    ticket = await scene.accepted()
    await house.picks_up()
    await scene.until(lambda: house.link.asked and not house.promises._listening)
    record = house.engine.ticket(ticket)
    assert record is not None
    assert record.state is TicketState.DIALLING
    assert house.link.performed == []


async def test_a_carrier_that_connects_us_meanwhile_is_not_given_up(scene: Scene) -> None:
    house = house_of(scene)
    house.link.silent = True
    house.link.meanwhile = lambda call: house.live.submit(CalledAnswered(call))
    await scene.accepted()
    await house.picks_up()
    await scene.until(lambda: house.link.asked and not house.promises._listening)
    assert house.link.performed == []
