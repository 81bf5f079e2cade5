"""A promise is given when it is on disk: asked of the real intake, with a disk that fails."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import cast

import aiohttp
import pytest
import pytest_asyncio
import structlog

from router.ari.asterisk_link import AsteriskLink
from router.ari.to_events import Private
from router.clock import Clock
from router.core.callback.tickets import Failure, Refusal, TicketState
from router.core.commands import (
    Command,
    DialTicket,
    ForAsterisk,
    HangUp,
    NumberOver,
    Ring,
    TakeNumber,
    TicketChanged,
)
from router.core.engine import Engine
from router.core.events import (
    CalledAgain,
    CalledAnswered,
    CalledEnd,
    CalledEnded,
    DialFailed,
    Event,
    LegAnswered,
    NumberTaken,
    PhoneAppeared,
    TicketUnkept,
)
from router.core.ids import CallId, ChannelId, PhoneId, TicketId
from router.intake.backend import Wanted
from router.intake.dialling import DialError
from router.intake.supervisor import Intake
from router.service.callbacks import Callbacks
from router.service.failover import Failover
from router.service.live import ForHouse, Live
from router.service.promises import Promises
from router.store import TicketKeeper, TicketStore
from tests.intake.scene import PLAN, IntakeScene, digits, new_number
from tests.intake.stubs import AriStub, Office, RouterWeb
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, code_book
from tests.tickets_on_disk import open_on_disk

SILENCE_S = 0.05
CALLER = CallId("a-caller")


class Link:
    """Asterisk, as far as callbacks ask it."""

    connected = True

    def __init__(self) -> None:
        self.silent = self.in_doubt = False
        #: The carriers' endpoints, in order.
        self.carriers: tuple[str, ...] = ("trunk",)
        self.meanwhile: Callable[[CallId], None] = lambda call: None
        self.asked: list[CallId] = []
        self.performed: list[ForAsterisk] = []
        #: Who takes the keys of whom.
        self.diverted: dict[CallId, Private | None] = {}

    async def is_silent(self, call: CallId) -> bool:
        self.asked.append(call)
        self.meanwhile(call)
        return self.silent

    async def is_answered(self, call: CallId) -> bool | None:
        return None if self.in_doubt else not await self.is_silent(call)

    def ways_out(self) -> tuple[str, ...]:
        return self.carriers

    def divert(self, call: CallId, private: Private | None) -> None:
        self.diverted[call] = private

    def perform(self, commands: list[ForAsterisk]) -> None:
        self.performed += commands


class HeardEngine(Engine):
    """An engine that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(PLAN, code_book(PLAN), "run")
        self.heard: list[Event] = []

    def handle(self, event: Event, now: float) -> list[Command]:
        self.heard.append(event)
        return super().handle(event, now)


class House:
    """The service behind the intake: engine, promises, callbacks and file are real."""

    def __init__(self, clock: Clock, path: Path) -> None:
        self.clock = clock
        self.path = path
        self.engine = HeardEngine()
        self.live = Live(self.engine, clock, self)
        self.failover = Failover(self.live.submit)
        self.rings: asyncio.Queue[Ring] = asyncio.Queue()
        self.link = Link()
        self.keeper = TicketKeeper(
            TicketStore(path, lock_wait_s=0.05), structlog.get_logger(), retry_s=0.02
        )
        self.promises = Promises(
            self.engine,
            self.live,
            cast(AsteriskLink, self.link),
            self.keeper,
            clock,
            structlog.get_logger(),
        )
        self.callbacks: Callbacks

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Tickets are written inside, for no longer than any test may take."""
        keep = asyncio.create_task(self.promises.keep())
        try:
            async with asyncio.timeout(60):
                yield
        finally:
            keep.cancel()
            with suppress(asyncio.CancelledError):
                await keep

    def serve(self, intake: Intake) -> None:
        """Have the engine's orders carried out, by `intake` too."""
        self.callbacks = Callbacks(
            self.engine,
            self.live,
            cast(AsteriskLink, self.link),
            self.failover,
            intake,
            self.promises,
            self.keeper,
            self.clock,
            SILENCE_S,
        )

    def perform(self, commands: list[ForAsterisk]) -> None:
        for command in commands:
            if isinstance(command, Ring):
                self.rings.put_nowait(command)

    def carry_out(self, command: ForHouse, at: float) -> None:
        if isinstance(command, TicketChanged | DialTicket | TakeNumber | NumberOver):
            self.callbacks.carry_out(command)

    def on_disk(self) -> list[TicketState]:
        """What a router that starts now would find."""
        return [record.state for record in open_on_disk(self.path)]

    def agents(self) -> set[str]:
        """The states of those on duty."""
        return {state.value for _, state in self.engine.states_of_agents()} - {"logged out"}

    async def picks_up(self) -> None:
        """The informateur who is rung next answers."""
        ring = await self.rings.get()
        self.live.submit(LegAnswered(ring.call, ring.leg))


class ServedScene(IntakeScene):
    """The intake with a house behind it."""

    def __init__(
        self,
        folder: Path,
        house: House,
        asterisk: AriStub,
        web: RouterWeb,
        session: aiohttp.ClientSession,
    ) -> None:
        super().__init__(folder, Office(house.clock), asterisk, web, session, house.promises)
        self.house = house


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[ServedScene]:
    house = House(Clock(MONDAY_10H - time.time()), tmp_path / "tickets.sqlite3")
    async with (
        AriStub().running() as asterisk,
        RouterWeb().running(tmp_path) as router,
        aiohttp.ClientSession() as session,
    ):
        scene = ServedScene(tmp_path, house, asterisk, router, session)
        async with house.writing():
            await scene.open(quiet=False)
            house.serve(scene.intake)
            house.live.submit(PhoneAppeared(PhoneId("101")))
            yield scene
        house.live.close()
        await scene.intake.stop()
        await house.callbacks.close()
        await house.keeper.close()
    shutil.rmtree(scene.vault_dir)


class NoIntake:
    """Stands where nothing is to be dialled."""

    def ended(self, ticket: TicketId) -> None:
        """Nobody holds its number."""


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house of which nothing is written unless a test says so, and nothing dialled."""
    house = House(Clock(MONDAY_10H - time.time()), tmp_path / "tickets.sqlite3")
    house.serve(cast(Intake, NoIntake()))
    yield house
    house.live.close()
    await house.callbacks.close()
    await house.keeper.close()


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


async def until_written(scene: ServedScene) -> None:
    await scene.until(lambda: not scene.house.keeper.standing.trouble)


async def test_what_cannot_be_written_is_503_and_forgotten_and_may_be_asked_again(
    scene: ServedScene,
) -> None:
    house = scene.house
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
        assert house.keeper.standing.trouble
    await until_written(scene)
    assert house.on_disk() == []
    status, told = await scene.ask(asked, key="the-same-key")
    assert (status, told["state"]) == (202, "accepted")
    assert scene.numbers().keys() == {told["ticket"]}


async def test_an_attempt_that_cannot_be_written_is_not_dialled(scene: ServedScene) -> None:
    house = scene.house
    ticket = await scene.accepted()
    with locked(house):
        await house.picks_up()
        await scene.until(lambda: TicketUnkept(ticket, 1) in house.engine.heard)
        assert house.keeper.standing.trouble
        record = house.engine.ticket(ticket)
        assert record is not None
        assert (record.state, record.attempts) == (TicketState.WAITING, 0)
        assert scene.asterisk.calls == []
        assert house.agents() == {"wrapping up"}
    await until_written(scene)
    await scene.until(lambda: house.keeper.standing.pending == 0)
    assert house.on_disk() == [TicketState.WAITING]
    assert scene.numbers().keys() == {ticket}


async def test_what_is_answered_202_is_on_disk_and_what_is_dialled(scene: ServedScene) -> None:
    house = scene.house
    await scene.accepted()
    assert len(house.on_disk()) == 1
    await house.picks_up()
    await scene.until(lambda: scene.asterisk.calls)
    assert house.on_disk() == [TicketState.DIALLING]


async def test_a_file_that_was_removed_has_every_open_ticket_again(scene: ServedScene) -> None:
    house = scene.house
    await scene.accepted()
    for one in house.path.parent.glob("tickets.sqlite3*"):
        one.unlink()
    status, _ = await scene.ask({"phone": new_number(), "fiche": FICHE})
    assert status == 503
    await until_written(scene)
    await scene.until(lambda: house.keeper.standing.pending == 0)
    assert len(house.on_disk()) == 1


async def test_a_carrier_that_only_tries_is_given_up_and_blamed(scene: ServedScene) -> None:
    house = scene.house
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


async def test_a_carrier_that_lets_it_ring_is_not_given_up(scene: ServedScene) -> None:
    house = scene.house
    ticket = await scene.accepted()
    await house.picks_up()
    await scene.until(lambda: house.link.asked)
    record = house.engine.ticket(ticket)
    assert record is not None
    assert record.state is TicketState.DIALLING
    assert house.link.performed == []


async def test_a_carrier_that_connects_us_meanwhile_is_not_given_up(scene: ServedScene) -> None:
    house = scene.house
    house.link.silent = True
    house.link.meanwhile = lambda call: house.live.submit(CalledAnswered(call))
    await scene.accepted()
    await house.picks_up()
    await scene.until(lambda: house.link.asked)
    assert house.link.performed == []


# Several carriers.


def numbers_dialled(scene: ServedScene) -> list[tuple[str, str]]:
    """Return the channel and the carrier of every call out."""
    return [(call, body["endpoint"].partition("@")[2]) for call, body in scene.asterisk.calls]


async def test_a_call_that_a_carrier_refuses_is_given_to_the_next(scene: ServedScene) -> None:
    house = scene.house
    house.link.in_doubt, house.link.carriers = True, ("trunk-one", "trunk-two")
    ticket = await scene.accepted()
    await house.picks_up()
    await scene.until(lambda: scene.asterisk.calls)
    ((call, _),) = numbers_dialled(scene)
    house.failover.heard(CalledEnded(CallId(call), CalledEnd.FAILED))
    await scene.until(lambda: len(scene.asterisk.calls) == 2)
    assert numbers_dialled(scene) == [(call, "trunk-one"), (call, "trunk-two")]
    assert CalledAgain(CallId(call)) in house.engine.heard
    assert not [one for one in house.engine.heard if isinstance(one, CalledEnded)]
    record = house.engine.ticket(ticket)
    assert record is not None
    assert (record.state, record.attempts) == (TicketState.DIALLING, 1)

    # The last one's failure is the attempt's.
    house.failover.heard(CalledEnded(CallId(call), CalledEnd.FAILED))
    record = house.engine.ticket(ticket)
    assert record is not None
    assert record.failure is Failure.TRUNK


async def test_nobody_is_rung_twice(scene: ServedScene) -> None:
    """The carrier has said more than that it tries: it may be ringing."""
    house = scene.house
    house.link.silent, house.link.carriers = False, ("trunk-one", "trunk-two")
    ticket = await scene.accepted()
    await house.picks_up()
    await scene.until(lambda: house.link.asked)
    ((call, _),) = numbers_dialled(scene)
    await asyncio.sleep(0)
    house.failover.heard(CalledEnded(CallId(call), CalledEnd.FAILED))
    record = house.engine.ticket(ticket)
    assert record is not None
    assert record.failure is Failure.TRUNK
    assert len(scene.asterisk.calls) == 1


async def test_a_failure_that_comes_while_the_carrier_is_asked_reaches_the_engine(
    scene: ServedScene,
) -> None:
    house = scene.house
    house.link.silent, house.link.carriers = False, ("trunk-one", "trunk-two")
    house.link.meanwhile = lambda call: house.failover.heard(CalledEnded(call, CalledEnd.FAILED))
    ticket = await scene.accepted()
    await house.picks_up()
    await scene.until(lambda: _failure(house, ticket))
    assert _failure(house, ticket) is Failure.TRUNK
    assert len(scene.asterisk.calls) == 1


async def test_a_carrier_that_keeps_silent_is_left_for_the_next(scene: ServedScene) -> None:
    house = scene.house
    house.link.silent, house.link.carriers = True, ("trunk-one", "trunk-two")
    await scene.accepted()
    await house.picks_up()
    await scene.until(lambda: house.link.performed)
    ((call, _),) = numbers_dialled(scene)
    assert house.link.performed == [HangUp(CallId(call), ChannelId(call))]
    assert len(scene.asterisk.calls) == 1  # its channel has not ended yet
    house.failover.heard(CalledEnded(CallId(call), CalledEnd.HUNG_UP))
    await scene.until(lambda: len(scene.asterisk.calls) == 2)
    assert numbers_dialled(scene)[1] == (call, "trunk-two")


async def test_a_person_s_answer_is_the_engine_s_whoever_else_could_be_tried(
    scene: ServedScene,
) -> None:
    house = scene.house
    house.link.in_doubt, house.link.carriers = True, ("trunk-one", "trunk-two")
    ticket = await scene.accepted()
    await house.picks_up()
    await scene.until(lambda: scene.asterisk.calls)
    ((call, _),) = numbers_dialled(scene)
    house.failover.heard(CalledEnded(CallId(call), CalledEnd.BUSY))
    assert _failure(house, ticket) is Failure.BUSY
    assert len(scene.asterisk.calls) == 1


def _failure(house: House, ticket: TicketId) -> Failure | None:
    record = house.engine.ticket(ticket)
    return None if record is None else record.failure


# A promise, step by step.

TICKET = TicketId("t" * 32)


def on_duty(house: House) -> None:
    house.live.submit(PhoneAppeared(PhoneId("101")))


async def test_a_ticket_is_hidden_until_it_is_on_disk(house: House) -> None:
    on_duty(house)
    admitting = asyncio.create_task(house.promises.admit(TICKET, HOUSING, FICHE))
    await asyncio.sleep(0)
    assert house.engine.ticket(TICKET) is not None
    assert house.promises.status(TICKET) is None
    assert not admitting.done()
    async with house.writing():
        admission = await admitting
    record = house.promises.status(TICKET)
    assert admission.refusal is None
    assert record is not None
    assert (record.state, record.due_at) == (TicketState.RINGING, admission.due_at)
    assert house.on_disk() == [TicketState.WAITING]


async def test_a_promise_that_cannot_be_written_is_taken_back(house: House) -> None:
    on_duty(house)
    with locked(house):
        async with house.writing():
            admission = await house.promises.admit(TICKET, HOUSING, FICHE)
            assert admission.refusal is Refusal.UNAVAILABLE
            assert TicketUnkept(TICKET, 0) in house.engine.heard
            assert house.engine.open_ticket_ids() == frozenset()
            assert house.promises.status(TICKET) is None


async def test_without_asterisk_nothing_is_asked_or_promised(house: House) -> None:
    house.link.connected = False
    admission = await house.promises.admit(TICKET, HOUSING, FICHE)
    assert admission.refusal is Refusal.UNAVAILABLE
    assert house.promises.refusal(HOUSING) is Refusal.UNAVAILABLE
    assert house.engine.heard == []


async def test_what_the_engine_refuses_waits_for_no_disk(house: House) -> None:
    admission = await house.promises.admit(TICKET, HOUSING, FICHE)
    assert admission.refusal is Refusal.NO_AGENT
    assert house.promises.status(TICKET) is None


async def test_a_defect_of_the_engine_is_a_refusal(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.engine, "handle", lambda event, now: 1 / 0)
    admission = await house.promises.admit(TICKET, HOUSING, FICHE)
    assert admission.refusal is Refusal.UNAVAILABLE
    assert house.live.defects == 1


async def test_a_service_that_stops_leaves_the_ticket_to_the_next_one(house: House) -> None:
    on_duty(house)
    admitting = asyncio.create_task(house.promises.admit(TICKET, HOUSING, FICHE))
    await asyncio.sleep(0)
    await house.keeper.close()
    with pytest.raises(asyncio.CancelledError):
        await admitting
    assert house.on_disk() == [TicketState.WAITING]


async def test_a_typed_number_is_promised_and_the_caller_goes_on(house: House) -> None:
    on_duty(house)
    async with house.writing():
        assert await house.promises.typed(CALLER, TICKET, Wanted(HOUSING, FICHE))
    assert house.engine.heard[-1] == NumberTaken(CALLER, TICKET)
    assert house.link.diverted == {CALLER: None}
    record = house.promises.status(TICKET)
    assert record is not None
    assert (record.sector, record.fiche) == (HOUSING, FICHE)


async def test_a_typed_number_that_is_not_promised(house: House) -> None:
    assert not await house.promises.typed(CALLER, TICKET, Wanted(HOUSING, None))
    assert house.engine.heard[-1] == NumberTaken(CALLER, None, refused=True)
    house.promises.not_typed(CALLER, "interrupted")
    assert house.engine.heard[-1] == NumberTaken(CALLER, None)
    assert house.link.diverted == {CALLER: None}


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (None, None),
        (DialError(409, "exists"), None),  # dialled before: its channel tells
        (DialError(0, "unclear"), None),
        (DialError(400, "rejected"), Failure.TRUNK),
        (DialError(0, "no_intake"), Failure.INTERRUPTED),
        (DialError(0, "no_number"), Failure.NUMBER_LOST),
    ],
)
async def test_what_a_call_that_was_not_begun_counts_as(
    house: House, error: DialError | None, failure: Failure | None
) -> None:
    house.promises.dialled(CALLER, error)
    assert house.engine.heard == ([] if failure is None else [DialFailed(CALLER, failure)])


async def test_keys_of_a_caller_who_types_go_to_the_intake_alone(scene: ServedScene) -> None:
    house = scene.house
    house.carry_out(TakeNumber(CALLER, HOUSING, FICHE), MONDAY_10H)
    assert house.link.diverted == {CALLER: scene.intake}
    for key in digits(new_number()) + "#1":
        scene.intake.digit(CALLER, key)
    await scene.until(lambda: house.link.diverted == {CALLER: None})
    await scene.until(lambda: isinstance(house.engine.heard[-1], NumberTaken))
    [ticket] = scene.numbers()
    assert house.engine.heard[-1] == NumberTaken(CALLER, TicketId(ticket))
    assert house.on_disk() == [TicketState.WAITING]


async def test_a_caller_who_types_and_leaves(scene: ServedScene) -> None:
    house = scene.house
    house.carry_out(TakeNumber(CALLER, HOUSING, None), MONDAY_10H)
    house.carry_out(NumberOver(CALLER), MONDAY_10H)
    assert house.link.diverted == {CALLER: None}
