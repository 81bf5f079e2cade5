"""The demo's call: a simulated caller goes through the whole journey, each step as it happens."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from router.core.codes import in_pairs
from router.core.commands import Step
from router.core.ids import AgentId
from router.demo.phones import CallerPhone
from router.demo.stage import Stage
from router.demo.timeline import sentence, steps

#: A call that takes longer has gone wrong.
_LIMIT_S = 240.0

Say = Callable[[str], None]


class SimulatedCall:
    """One call, made by `await make()`, which prints what happens."""

    def __init__(self, stage: Stage, say: Say) -> None:
        self._stage = stage
        self._say = say
        self._code = stage.code()
        self._caller = CallerPhone(
            stage.toolbox, stage.sip, stage.state_dir / "sipp", number=stage.plan.number
        )
        self._begun_at = 0.0
        self._over = asyncio.Event()
        #: The informateur who took the call at a seat of a person's own.
        self._in_person: AgentId | None = None
        self._people: list[asyncio.Task[None]] = []

    async def make(self) -> bool:
        """Dial, listen, type the code, talk; return whether all went well.

        All went well if the caller and the informateur heard each other. What a person at a seat
        heard, nobody else knows.
        """
        number, code = self._stage.plan.number, in_pairs(self._code)
        self._say("")
        self._say(f"A caller dials {number} and listens; the page shows the code {code}.")
        self._begun_at = self._stage.now()
        following = asyncio.create_task(self._follow())
        await asyncio.sleep(0.1)  # until the log is open
        heard = self._caller.person.heard_tone
        self._start(self._answer())
        self._start(self._hear("The caller", "the informateur", heard))
        for phone in self._stage.phones:
            heard = phone.person.heard_tone
            self._start(self._hear(f"Informateur {phone.agent}", "the caller", heard))
        try:
            exit_code = await self._carry()
            await asyncio.sleep(0.2)  # until the last lines are printed
        finally:
            self._over.set()
            tasks = (*self._people, following)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._caller.stop()
        return self._conclude(exit_code)

    async def _carry(self) -> int:
        """Dial and wait until the call is over; return SIPp's exit code, not 0 if it took too long.

        With a person at a seat it may take as long as any call.
        """
        targets = self._stage.plan.targets
        limit_s = targets.longest_call_s if self._stage.script.seats else _LIMIT_S
        await self._caller.dial()
        try:
            async with asyncio.timeout(limit_s):
                exit_code = await self._caller.hung_up()
                await self._over.wait()
        except TimeoutError:
            self._say(f"  the call did not end within {limit_s:.0f} s")
            return 1
        return exit_code

    async def _follow(self) -> None:
        """Print the router's steps, and have the caller do what they call for."""
        async for step in steps(self._stage.router_log, lambda: not self._over.is_set()):
            self._print(step["service_time"], sentence(step, self._stage.plan))
            match Step(step["step"]):
                case Step.TALKING if step.get("agent") in self._stage.script.seats:
                    self._in_person = AgentId(step["agent"])
                case Step.CODE_REFUSED:  # a key was lost, or heard twice
                    self._start(self._answer())
                case Step.VOTE_ASKED:
                    self._start(self._vote())
                case Step.ENDED:
                    self._over.set()

    async def _answer(self) -> None:
        person = self._caller.person
        await person.question_over()
        text = f"The caller has heard the question and types {in_pairs(self._code)}."
        self._print(self._stage.now(), text)
        person.press(self._code)

    async def _vote(self) -> None:
        person = self._caller.person
        for question in self._stage.plan.questions:
            await person.question_over()
            key = max(question.scores, key=question.scores.__getitem__)
            text = f"The caller votes ({key}); nothing links the vote to the call."
            self._print(self._stage.now(), text)
            person.press(key)

    async def _hear(self, who: str, whom: str, heard: asyncio.Event) -> None:
        await heard.wait()
        self._print(self._stage.now(), f"{who} hears {whom}.")

    def _conclude(self, exit_code: int) -> bool:
        """Print how it ended; return whether all went well."""
        self._say("")
        if self._in_person is not None and exit_code == 0:
            seat = self._in_person
            self._say(f"The caller was joined to seat {seat}: only you know what was heard there.")
            return True
        caller_heard = self._caller.person.heard_tone.is_set()
        agent_heard = any(phone.person.heard_tone.is_set() for phone in self._stage.phones)
        if caller_heard and agent_heard and exit_code == 0:
            self._say("The caller and the informateur heard each other.")
            return True
        if not caller_heard:
            why = "the caller heard nothing"
        elif not agent_heard:
            why = "the informateur heard nothing"
        else:
            why = f"SIPp ended with {exit_code}"
        self._say(f"The call did not go as it should: {why}. See {self._stage.router_log}.")
        return False

    def _start(self, part: Coroutine[Any, Any, None]) -> None:
        self._people.append(asyncio.create_task(part))

    def _print(self, at: float, text: str) -> None:
        clock = self._stage.plan.hours.local(at)
        self._say(f"  {clock:%H:%M:%S}  {at - self._begun_at:+6.1f} s  {text}")
