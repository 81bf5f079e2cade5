"""Numbers typed by callers, with a real intake and a stub of Asterisk."""

import os
import signal
from pathlib import Path

import pytest

from router.core.callback.tickets import Refusal
from router.core.ids import CallId
from router.intake.backend import Wanted
from tests.intake.scene import IntakeScene, digits, new_number, playback_of, scene
from tests.service_plan import FICHE, WORK

ASK = "callback-ask-number"
WANTED = Wanted(WORK, FICHE)


class QueuedCaller:
    """A caller in the queue who wants to be called back."""

    def __init__(self, here: IntakeScene, name: str) -> None:
        self.here = here
        self.call = CallId(name)
        self.heard = 0
        here.intake.take_digits(self.call, WANTED)

    async def hears(self, *, broken: str = "") -> list[str]:
        """Return what is said next, heard to its end; the pair of digits `broken` breaks off."""
        said: list[str] = []
        while not said or said[-1].startswith(("callback-read-back", "pair-")):
            await self.here.until(lambda: len(self._mine()) > self.heard)
            play = self._mine()[self.heard]
            self.heard += 1
            self.here.intake.played(self.call, playback_of(play), heard=play[2] != [broken])
            said += play[2]
        return said

    def types(self, keys: str) -> None:
        for key in keys:
            self.here.intake.digit(self.call, key)

    async def end(self) -> tuple[str | None, str | None]:
        await self.here.until(lambda: self.here.office.entered)
        ((call, ticket, refused),) = self.here.office.entered
        assert call == self.call
        self.here.office.entered.clear()
        return ticket, refused

    def _mine(self) -> list[tuple[str, str, list[str]]]:
        return [play for play in self.here.asterisk.plays if play[0] == self.call]


def read_back(number: str) -> list[str]:
    return ["callback-read-back", *(f"pair-{two}" for two in number.split()), "callback-confirm"]


@pytest.mark.asyncio(loop_scope="session")
class TestDigits:
    async def test_a_number_is_typed_and_kept(self, here: IntakeScene) -> None:
        number = new_number()
        caller = QueuedCaller(here, "call-1")
        assert await caller.hears() == [ASK]
        caller.types(digits(number) + "#")
        assert await caller.hears() == read_back(number)
        caller.types("1")
        ticket, refused = await caller.end()

        assert refused is None
        assert here.office.wanted == {caller.call: WANTED}
        assert here.numbers() == {ticket: "+33" + digits(number)[1:]}
        # The engine promises a callback, so that the number now has an open ticket.
        assert (await here.ask({"phone": number, "fiche": "F1234"}))[0] == 429

    async def test_keys_interrupt_what_is_said(self, here: IntakeScene) -> None:
        number = new_number()
        caller = QueuedCaller(here, "call-2")
        caller.types(digits(number) + "#1")
        assert (await caller.end())[1] is None
        plays = here.asterisk.plays
        assert [one for play in plays for one in play[2]] == [ASK, *read_back(number)]
        first, *others = [play[1] for play in plays]
        assert here.asterisk.hushed == [first, *reversed(others)]

    async def test_a_number_that_was_not_read_out_whole_is_read_anew(
        self, here: IntakeScene
    ) -> None:
        caller = QueuedCaller(here, "call-11")
        assert await caller.hears() == [ASK]
        number = new_number()
        caller.types(digits(number) + "#")
        assert await caller.hears(broken=f"pair-{digits(number)[2:4]}") == read_back(number)
        assert await caller.hears() == read_back(number)
        caller.types("1")
        assert (await caller.end())[1] is None

    async def test_a_refused_number_is_explained(self, here: IntakeScene) -> None:
        caller = QueuedCaller(here, "call-3")
        assert await caller.hears() == [ASK]
        for keys, code in (("3939#", "short"), ("0899123456#", "special")):
            caller.types(keys)
            assert await caller.hears() == [f"number-refused-{code}", ASK]
        caller.types("0041223344556#")
        assert await caller.hears() == ["number-refused-foreign"]
        assert await caller.end() == (None, "foreign")
        assert here.numbers() == {}

    async def test_a_number_at_its_limit_is_explained(self, here: IntakeScene) -> None:
        number, other = new_number(), new_number()
        kept = await here.accepted(number)
        caller = QueuedCaller(here, "call-4")
        caller.types(digits(number) + "#1")
        assert await caller.hears() == [ASK]
        assert await caller.hears() == read_back(number)
        assert await caller.hears() == ["number-refused-number-limit", ASK]
        caller.types(digits(other) + "#1")
        ticket, _ = await caller.end()
        assert here.numbers().keys() == {kept, ticket}

    async def test_too_many_are_open(self, here: IntakeScene) -> None:
        here.accept(Refusal.FULL, most_open=0)
        caller = QueuedCaller(here, "call-5")
        caller.types(digits(new_number()) + "#1")
        assert await caller.end() == (None, "too_many_open")
        assert here.numbers() == {}

    async def test_a_caller_who_leaves(self, here: IntakeScene) -> None:
        caller = QueuedCaller(here, "call-6")
        caller.types(digits(new_number()) + "#")
        await here.until(
            lambda: here.asterisk.plays[-1:] and here.asterisk.plays[-1][2] == ["callback-confirm"]
        )
        here.intake.digits_over(caller.call)
        caller.types("1")
        other = QueuedCaller(here, "call-7")
        other.types(digits(new_number()) + "#1")
        await other.end()
        assert len(here.numbers()) == 1

    async def test_a_promise_that_is_not_made_after_all(self, here: IntakeScene) -> None:
        number = new_number()
        here.office.refusal = Refusal.TRUNK
        caller = QueuedCaller(here, "call-8")
        caller.types(digits(number) + "#1")
        ticket, _ = await caller.end()
        assert ticket is not None
        assert here.numbers() == {}
        here.office.refusal = None
        assert await here.accepted(number)

    async def test_two_callers_do_not_mix(self, here: IntakeScene) -> None:
        one, other = QueuedCaller(here, "call-9"), QueuedCaller(here, "call-10")
        first, second = new_number(), new_number()
        for mine, yours in zip(digits(first), digits(second), strict=True):
            one.types(mine)
            other.types(yours)
        one.types("#1")
        other.types("#1")
        await here.until(lambda: len(here.office.entered) == 2)
        kept = {call: here.numbers()[ticket] for call, ticket, _ in here.office.entered if ticket}
        assert kept == {
            "call-9": "+33" + digits(first)[1:],
            "call-10": "+33" + digits(second)[1:],
        }


async def test_the_old_one_hears_who_was_typing_to_it(folder: Path) -> None:
    async with scene(folder) as here:
        number = new_number()
        caller = QueuedCaller(here, "call-1")
        assert await caller.hears() == [ASK]
        caller.types(digits(number)[:5])
        (old,) = here.intake.pids
        here.intake.recycle()
        await here.until(lambda: len(here.intake.pids) == 2)
        await here.until(lambda: here.intake.pids[-1] != old and here.intake.ready)
        caller.types(digits(number)[5:] + "#1")
        ticket, _ = await caller.end()
        assert here.numbers() == {ticket: "+33" + digits(number)[1:]}
        await here.until(lambda: old not in here.intake.pids)


async def test_an_intake_that_dies_interrupts_them(folder: Path) -> None:
    async with scene(folder) as here:
        caller = QueuedCaller(here, "call-1")
        assert await caller.hears() == [ASK]
        os.kill(here.intake.pids[0], signal.SIGKILL)
        assert await caller.end() == (None, "interrupted")
        again = QueuedCaller(here, "call-2")  # waits for the next intake
        assert await again.hears() == [ASK]
