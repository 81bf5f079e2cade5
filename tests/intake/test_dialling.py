"""Numbers on their way from a real intake to a stub of Asterisk."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from router.core.ids import CallId, TicketId
from router.intake.dialling import DialError
from tests.intake.scene import IntakeScene, digits, new_number, scene

VARIABLES = {"TIMEOUT(absolute)": "7200", "ALLO_TICKET": "x"}


async def dialled(here: IntakeScene, call: str, ticket: TicketId) -> DialError | None:
    here.intake.dial(CallId(call), ticket, 25, VARIABLES, "trunk")
    await here.until(lambda: here.office.dials)
    ((told, error),) = here.office.dials
    assert told == call
    here.office.dials.clear()
    return error


@pytest.mark.asyncio(loop_scope="session")
class TestDialling:
    async def test_a_number_is_dialled(self, here: IntakeScene) -> None:
        number = new_number()
        ticket = await here.accepted(number)
        assert await dialled(here, "callback-1", ticket) is None
        assert here.asterisk.calls == [
            (
                "callback-1",
                {
                    "endpoint": f"PJSIP/33{digits(number)[1:]}@trunk",
                    "formats": "alaw,g722,ulaw",
                    "app": "allo",
                    "appArgs": "callback,callback-1",
                    "timeout": 25,
                    "callerId": "3939",
                    "variables": VARIABLES,
                },
            )
        ]
        assert here.asterisk.targets[-1] == "/ari/channels/callback-1"

    @pytest.mark.parametrize(
        ("status", "reason"),
        [(409, "exists"), (400, "rejected"), (404, "rejected"), (500, "failed"), (503, "failed")],
    )
    async def test_what_asterisk_refuses(self, here: IntakeScene, status: int, reason: str) -> None:
        here.asterisk.status = status
        ticket = await here.accepted()
        assert await dialled(here, "callback-2", ticket) == DialError(status, reason)
        assert len(here.asterisk.calls) == 1

    async def test_each_call_has_a_connection_of_its_own(self, here: IntakeScene) -> None:
        """Asterisk's 409 sticks to the connection on which it was said."""
        here.asterisk.connections.clear()
        ticket = await here.accepted()
        for n in range(3):
            await dialled(here, f"callback-{n}", ticket)
        assert len(here.asterisk.connections) == 3

    async def test_without_a_number_nothing_is_dialled(self, here: IntakeScene) -> None:
        ticket = await here.accepted()
        here.intake.ended(ticket)
        assert await dialled(here, "callback-3", ticket) == DialError(0, "no_number")
        assert here.asterisk.calls == []

    async def test_a_carrier_that_nobody_has_heard_of(self, here: IntakeScene) -> None:
        ticket = await here.accepted()
        here.intake.dial(CallId("callback-4"), ticket, 25, {}, "trunk-nobody")
        await here.until(lambda: here.office.dials)
        assert here.office.dials == [("callback-4", DialError(0, "rejected"))]
        assert here.asterisk.calls == []

    async def test_many_at_once(self, here: IntakeScene) -> None:
        tickets = [await here.accepted() for _ in range(30)]
        for n, ticket in enumerate(tickets):
            here.intake.dial(CallId(f"many-{n}"), ticket, 25, {}, "trunk")
        await here.until(lambda: len(here.office.dials) == 30)
        assert {error for _, error in here.office.dials} == {None}
        assert len({body["endpoint"] for _, body in here.asterisk.calls}) == 30


@pytest.mark.parametrize(
    ("number_format", "as_dialled"),
    [("e164", "33{}"), ("+e164", "+33{}"), ("00e164", "0033{}"), ("national", "0{}")],
)
async def test_as_the_carrier_wants_it(folder: Path, number_format: str, as_dialled: str) -> None:
    async with scene(folder, number_format=number_format) as here:
        number = new_number()
        await dialled(here, "callback-1", await here.accepted(number))
        ((_, body),) = here.asterisk.calls
        assert body["endpoint"] == f"PJSIP/{as_dialled.format(digits(number)[1:])}@trunk"


async def test_an_asterisk_that_is_away(folder: Path) -> None:
    async with scene(folder) as here:
        ticket = await here.accepted()
        await here.asterisk.runner.cleanup()
        assert await dialled(here, "callback-1", ticket) == DialError(0, "unreachable")


async def test_an_intake_that_dies_while_it_dials(folder: Path) -> None:
    async with scene(folder) as here:
        ticket = await here.accepted()
        here.asterisk.gate = asyncio.Event()
        here.intake.dial(CallId("callback-1"), ticket, 25, {}, "trunk")
        await here.until(lambda: here.asterisk.calls)
        os.kill(here.intake.pids[0], signal.SIGKILL)
        await here.until(lambda: here.office.dials)
        assert here.office.dials == [("callback-1", DialError(0, "unclear"))]
        here.asterisk.gate.set()

        # An order that comes while there is none waits for the next one.
        here.intake.dial(CallId("callback-2"), ticket, 25, {}, "trunk")
        await here.until(lambda: len(here.office.dials) == 2)
        assert here.office.dials[1] == ("callback-2", None)


async def test_an_intake_that_retires_dials_to_the_end(folder: Path) -> None:
    async with scene(folder) as here:
        ticket = await here.accepted()
        here.asterisk.gate = asyncio.Event()
        here.intake.dial(CallId("callback-1"), ticket, 25, {}, "trunk")
        await here.until(lambda: here.asterisk.calls)
        (old,) = here.intake.pids
        here.intake.recycle()
        await here.until(lambda: len(here.intake.pids) == 2)
        await here.until(lambda: here.intake.ready)
        here.asterisk.gate.set()
        await here.until(lambda: here.office.dials)
        assert here.office.dials == [("callback-1", None)]
        await here.until(lambda: old not in here.intake.pids)
        assert len(here.asterisk.calls) == 1


async def test_an_attempt_that_is_over_before_there_is_an_intake_is_not_dialled(
    folder: Path,
) -> None:
    async with scene(folder) as here:
        ticket = await here.accepted()
        os.kill(here.intake.pids[0], signal.SIGKILL)
        await here.until(lambda: not here.intake.ready)
        here.intake.dial(CallId("callback-1"), ticket, 25, {}, "trunk")
        here.intake.hang_up(CallId("callback-1"))
        here.intake.dial(CallId("callback-2"), ticket, 25, {}, "trunk")
        await here.until(lambda: here.office.dials)
        assert here.office.dials == [("callback-2", None)]
        assert [call for call, _ in here.asterisk.calls] == ["callback-2"]


async def test_an_attempt_that_is_over_while_the_intake_hangs_is_not_dialled(folder: Path) -> None:
    async with scene(folder) as here:
        ticket = await here.accepted()
        (pid,) = here.intake.pids
        os.kill(pid, signal.SIGSTOP)
        here.intake.dial(CallId("callback-1"), ticket, 25, {}, "trunk")
        here.intake.hang_up(CallId("callback-1"))
        here.intake.dial(CallId("callback-2"), ticket, 25, {}, "trunk")
        os.kill(pid, signal.SIGCONT)
        await here.until(lambda: len(here.office.dials) == 2)
        assert here.office.dials == [("callback-1", DialError(0, "over")), ("callback-2", None)]
        assert [call for call, _ in here.asterisk.calls] == ["callback-2"]


async def test_an_attempt_that_is_over_while_it_is_dialled_is_hung_up(folder: Path) -> None:
    async with scene(folder) as here:
        ticket = await here.accepted()
        here.asterisk.gate = asyncio.Event()
        here.intake.dial(CallId("callback-1"), ticket, 25, {}, "trunk")
        await here.until(lambda: here.asterisk.calls)
        here.intake.hang_up(CallId("callback-1"))
        here.asterisk.gate.set()
        await here.until(lambda: here.office.dials)
        assert here.office.dials == [("callback-1", None)]
        assert here.asterisk.hung_up == ["callback-1"]
