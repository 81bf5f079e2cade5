"""A day on which hundreds of numbers come in by every way, and much goes wrong.

Copies are made for later, and nothing is scanned before the last call is over
(`test_canary.py`).
"""

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import aiohttp

from router.core.callback.tickets import ENDS
from router.core.commands import Step
from router.demo.script import FICHE
from router.demo.stage import Stage
from tests.canary.faults.sitecustomize import AT_DIALLING, FAULTS
from tests.canary.numbers import Numbers, TypingNetwork
from tests.canary.people import PLACES, Telling, send, strange_requests
from tests.canary.requests import WRITTEN, Web
from tests.canary.scan import Image, image
from tests.real.cast import TO_SECTOR, Cast
from tests.real.logs import RouterLog
from tests.real.public_network import Habit
from tests.real.telephones import DeskCall
from tests.real.test_callback_kills import children, records
from tests.real.usagers import numbers_kept, vault

_PATIENCE_S = 240.0
NEVER = aiohttp.ClientTimeout(total=None)


class Day:
    """Everything that happens. `outside` belongs to the world, which may know its own numbers."""

    def __init__(
        self, stage: Stage, outside: Path, session: aiohttp.ClientSession, seed: int
    ) -> None:
        self.stage = stage
        self.outside = outside
        self.numbers = Numbers(seed)
        self.web = Web(stage, session)
        self.cast = Cast(stage, outside / "phones", lambda: True)
        assert stage.script.trunk is not None
        self.town = TypingNetwork(int(stage.script.trunk.rpartition(":")[2]), self.numbers)
        #: Ticket -> its number, as far as the usager knows.
        self.tickets: dict[str, str] = {}
        #: The id of each router's process -> its key of the day.
        self.day_keys: dict[int, bytes] = {}
        #: When -> what processes had in memory.
        self.images: dict[str, Image] = {}
        #: When -> the copy of a folder.
        self.copies: dict[str, Path] = {}
        #: All that the wallboard told.
        self.wallboard = outside / "wallboard" / "events"
        #: How requests, calls and tickets ended -> how many did.
        self.outcomes: dict[str, int] = {}
        self.killed = 0
        #: UTC epoch seconds, by this machine's clock.
        self.began_at = time.time()
        self.lasted_s = 0.0
        #: How tickets ended -> how many did.
        self.ends: dict[str, int] = {}
        self._callers: list[Telling] = []
        self._desk_calls: list[DeskCall] = []

    @property
    def router(self) -> int:
        """The id of the router's process."""
        assert self.stage.router is not None
        return self.stage.router.pid

    async def live(self) -> None:
        """Have all of it happen."""
        await self.town.open()
        watching = asyncio.create_task(self._watch_the_board())
        try:
            await self.cast.callbacks_open()
            await self._calls_of_every_kind()
            await self._strange_requests()
            await self._requests()
            await self._malformed_requests()
            await self._typed_in_the_queue()
            await self._typed_elsewhere()
            await self._faults()
            await self._kills()
            await self._forgetting()
            await self._closed()
            self.lasted_s = time.time() - self.began_at
        finally:
            watching.cancel()
            for telephone in (*self._callers, *self._desk_calls):
                await telephone.stop()
            await self.town.close()

    async def _watch_the_board(self) -> None:
        """Keep all that the wallboard tells, as a page that connects again and again."""
        stage = self.stage
        headers = {"Authorization": f"Bearer {stage.secrets.api_key}"}
        self.wallboard.parent.mkdir(parents=True, exist_ok=True)
        with self.wallboard.open("ab") as told:
            async with aiohttp.ClientSession(stage.http, headers=headers) as session:
                while True:
                    with contextlib.suppress(aiohttp.ClientError, OSError):
                        async with session.get("/v1/wallboard/stream", timeout=NEVER) as answer:
                            async for piece in answer.content.iter_any():
                                told.write(piece)
                    await asyncio.sleep(0.2)

    # --- calls -----------------------------------------------------------------------------

    def _caller(self) -> Telling:
        numbers = self.numbers.take("headers", len(PLACES))
        caller = Telling(self.stage, self.outside / "phones", numbers)
        self._callers.append(caller)
        return caller

    async def _call(self, keys: str = "", *, events: bool = True) -> Telling:
        """Return a caller who types these keys during the welcome."""
        caller = self._caller()
        await caller.dial(events=events)
        await self.cast.arrived(caller)
        caller.press(keys)
        return caller

    async def _calls_of_every_kind(self) -> None:
        for number, payloads in (("3940", (8,)), ("3939", (3,))):
            refused = self._caller()
            await refused.dial(number, payloads=payloads, status=404)
            await refused.ended()  # a failure to SIPp, which wanted to talk
        answered = await self._call(TO_SECTOR)
        await self.cast.step(answered, Step.TALKING)
        silent, left, informed = await self._call(), await self._call(), await self._call("##1")
        await self._pause()
        waiting = await self._call(TO_SECTOR)
        for caller in (waiting, silent):
            await self.cast.step(caller, Step.QUEUED)
        self._look("a router with callers", self.router)
        self._copy("files with callers")
        for caller in (left, waiting, silent, informed):
            await caller.hang_up()
        await self._over(answered, silent, waiting, left, informed)
        await self._resume()

    async def _over(self, *callers: Telling) -> None:
        for caller in callers:
            line = await self.cast.step(caller, Step.ENDED)
            self._count(f"call {line['outcome']}")

    async def _strange_requests(self) -> None:
        doors = {"trunk": self.stage.sip, "agents": self.stage.agents_sip}
        for door, request in strange_requests(self.numbers.of("strange SIP")):
            await asyncio.to_thread(send, doors[door], request)
            self._count("strange SIP")
        # Some were good enough for a channel, of which nobody hears anything more.
        for channel in await self.cast.ari("channels"):
            self._count("strange SIP that became a call")
            await self.cast.ari(f"channels/{channel['id']}", "DELETE")
        await self.cast.until(self.cast.calls, lambda calls: calls == {})
        self.cast.router_log = RouterLog(self.stage.router_log)

    # --- requests --------------------------------------------------------------------------

    async def _requests(self) -> None:
        """Ask by every way, for every outcome."""
        habits = [
            *(Habit.ANSWERS, Habit.LISTENS, Habit.ANSWERS, Habit.BUSY),
            *(Habit.ANSWERS, Habit.RINGS, Habit.VOICEMAIL, Habit.CURT),
        ]
        await self._pause()
        for turn, number in enumerate(self.numbers.take("web", 105)):
            self.town.lives(number, habits[turn % len(habits)])
            if turn % 9 == 1:
                self.town.types[f"33{number[1:]}"] = self.numbers.take("typed when asked for 1")[0]
            typed = WRITTEN[turn % len(WRITTEN)](number)
            await self._ask(number, typed, turn)
        self._look("a router with tickets", self.router)
        self._look("intakes that took requests", *children(self.stage))
        self._copy("files with tickets")
        self._copy("vault with tickets", vault(self.stage))
        for ticket in list(self.tickets)[::10]:
            self._count(f"cancel {await self.web.cancel(ticket)}")
        await self._resume()
        await self.cast.until(self._open, lambda left: left < 40, _PATIENCE_S)
        again = list(self.tickets.items())[5]
        self._count(f"again {(await self.web.ask(again[1]))[0]}")

    async def _ask(self, number: str, typed: str, turn: int) -> None:
        if turn % 7 == 3:
            status, told = await self.web.ask_by_page(typed)
        elif turn % 7 == 5:
            status, ticket = await self.web.ask_by_form(typed)
            self._count(f"form {status}{'' if ticket else ', no ticket'}")
            if ticket is not None:
                self.tickets[ticket] = number
            return
        else:
            status, told = await self.web.ask(typed)
        self._count(f"request {status} {told.get('error', {}).get('code', '')}".strip())
        if status == 202:
            self.tickets[told["ticket"]] = number

    async def _malformed_requests(self) -> None:
        for what, status in (
            await self.web.send_malformed(self.numbers.of("malformed requests"))
        ).items():
            self._count(f"malformed {status}")
            assert status < 300 or status >= 400, what
        key = {"Idempotency-Key": "the-same-key-again"}
        for number in self.numbers.take("malformed requests", 3):
            status, _ = await self.web.ask(number, {**self.web.server, **key})
            self._count(f"same key {status}")
        number = self.numbers.take("malformed requests")[0]
        for _ in range(20):
            self._count(f"same number {(await self.web.ask(number))[0]}")

    # --- keys ------------------------------------------------------------------------------

    async def _typed_in_the_queue(self) -> None:
        await self._pause()
        for _ in range(3):
            ways: list[Callable[[Telling], Awaitable[None]]] = [
                *(self._types_and_confirms, self._types_again, self._hangs_up_while_typing),
                *(self._hangs_up_at_the_read_back, self._types_too_much, self._stays_silent),
                *(self._types_and_confirms, self._types_again, self._hangs_up_at_the_read_back),
            ]
            callers = [await self._call(TO_SECTOR) for _ in ways]
            work = [way(caller) for way, caller in zip(ways, callers, strict=True)]
            await asyncio.gather(*work)
        self._look("a router after typing", self.router)
        self._look("intakes that took keys", *children(self.stage))
        by_info = [await self._in_the_queue_by_info() for _ in range(4)]
        await asyncio.gather(*map(self._types_by_info, by_info))
        self._copy("files after typing")
        await self._resume()

    async def _asked_for_number(self, caller: Telling) -> None:
        await caller.person.hears("callback-offer", limit_s=30)
        caller.press("5")
        await caller.person.hears("callback-ask-number", limit_s=30)

    def _typed(self, count: int = 1) -> list[str]:
        return self.numbers.take("typed in the queue", count)

    async def _types_and_confirms(self, caller: Telling) -> None:
        await self._asked_for_number(caller)
        caller.press(f"{'*'.join(self._typed(4))}#")
        await caller.person.hears("callback-confirm", limit_s=30)
        caller.press("1")
        await self._promised_or_not(caller)

    async def _promised_or_not(self, caller: Telling) -> None:
        """Once many have a promise, this one may be refused, and goes on waiting."""
        try:
            await caller.person.hears("callback-promised", limit_s=8.0)
        except AssertionError:
            self._count("typed and refused")
            await caller.hang_up()
        else:
            self._count("typed and promised")
        await self._over(caller)

    async def _types_again(self, caller: Telling) -> None:
        await self._asked_for_number(caller)
        for _ in range(2):
            caller.press(f"{'*'.join(self._typed(2))}#")
            await caller.person.hears("callback-confirm", limit_s=30)
            caller.press("2")
            await caller.person.hears("callback-ask-number", limit_s=30)
        caller.press(f"{self._typed()[0]}#")
        await caller.person.hears("callback-confirm", limit_s=30)
        caller.press("1")
        await self._promised_or_not(caller)

    async def _hangs_up_while_typing(self, caller: Telling) -> None:
        await self._asked_for_number(caller)
        caller.press(self._typed()[0])
        await caller.person.pressed()
        await caller.hang_up()
        await self._over(caller)

    async def _hangs_up_at_the_read_back(self, caller: Telling) -> None:
        await self._asked_for_number(caller)
        caller.press(f"{self._typed()[0]}#")
        await caller.person.hears("callback-read-back", limit_s=30)
        await asyncio.sleep(0.6)  # among the pairs of digits
        await caller.hang_up()
        await self._over(caller)

    async def _types_too_much(self, caller: Telling) -> None:
        await self._asked_for_number(caller)
        for number in self._typed(3):
            caller.press(f"{number}77#")
            await caller.person.hears("number-refused-malformed", limit_s=30)
        await caller.hang_up()
        await self._over(caller)

    async def _stays_silent(self, caller: Telling) -> None:
        await self._asked_for_number(caller)
        caller.press(self._typed()[0])
        await caller.person.hears("callback-confirm", "callback-confirm", limit_s=40)
        await caller.hang_up()
        await self._over(caller)

    async def _in_the_queue_by_info(self) -> Telling:
        caller = await self._call(events=False)
        for heard, keys in (("welcome", "#"), ("code-ask", "41")):
            await caller.person.hears(heard)
            await caller.press_by_info(keys)
        await self.cast.step(caller, Step.QUEUED)
        return caller

    async def _types_by_info(self, caller: Telling) -> None:
        await caller.person.hears("callback-offer", limit_s=40)
        await caller.press_by_info("5")
        await caller.person.hears("callback-ask-number", limit_s=40)
        await caller.press_by_info(f"{'*'.join(self._typed(2))}#")
        await caller.person.hears("callback-confirm", limit_s=40)
        await caller.press_by_info("1")
        await self._promised_or_not(caller)

    async def _typed_elsewhere(self) -> None:
        """Type numbers where none is asked for: each key is a wrong choice."""
        talking = await self._call(TO_SECTOR)
        await self.cast.step(talking, Step.TALKING)
        talking.press(self._elsewhere())
        at_the_code = await self._call(f"{self._elsewhere()}#{self._elsewhere()}#")
        in_the_menu = await self._call(f"#{self._elsewhere()}")
        reading = await self._call(f"##1{self._elsewhere()}")
        by_info = await self._call(events=False)
        await by_info.press_by_info(f"{self._elsewhere()}")
        self._look("a router whose callers type", self.router)
        for caller in (at_the_code, in_the_menu, reading, by_info):
            await caller.person.pressed()
            await caller.hang_up()
        await talking.ended()
        await self._over(at_the_code, in_the_menu, reading, by_info, talking)
        await self._typed_at_a_desk()

    def _elsewhere(self) -> str:
        return self.numbers.take("typed elsewhere")[0]

    async def _typed_at_a_desk(self) -> None:
        phone = self.stage.phones[0]
        await self._pause()
        await self.cast.until(self.cast.calls, lambda calls: calls == {}, 30.0)
        desk = await self.cast.desk_call(phone, "11")  # type: ignore[arg-type]
        self._desk_calls.append(desk)
        await desk.person.hears("desk-ask-agent")
        desk.press(f"{self._elsewhere()}#{self._elsewhere()}#")
        await desk.person.pressed()
        await desk.hang_up()
        dialling = DeskCall(
            self.stage.toolbox,
            phone.agent,
            self.stage.secrets.agents[phone.agent],  # type: ignore[index]
            self.stage.agents_sip,
            self.outside / "phones",
            None,
        )
        self._desk_calls.append(dialling)
        await dialling.dial(self._elsewhere())
        await dialling.ended()
        await self._resume()

    # --- faults ----------------------------------------------------------------------------

    async def _faults(self) -> None:
        """Provoke failures that quote the number: in a request, in the keys, at dialling."""
        for ending in FAULTS:
            number = self.numbers.faulty("faults", ending)
            status = await self.web.send(
                "POST",
                "/v1/callbacks",
                json={"phone": number, "fiche": FICHE},
                headers=self.web.server,
            )
            self._count(f"fault {ending} in a request: {status}")
            await self._an_intake_serves()
        for ending in AT_DIALLING:
            number = self.numbers.faulty("faults", ending)
            status, told = await self.web.ask(number)
            self._count(f"fault {ending} at dialling: {status}")
            if status == 202:
                self.tickets[told["ticket"]] = number
        await self._an_intake_serves()
        await self._pause()
        for ending in ("81", "87", "92"):
            caller = await self._call(TO_SECTOR)
            await self._asked_for_number(caller)
            caller.press(f"{self.numbers.faulty('faults', ending)}#")
            await caller.person.pressed()
            await self._an_intake_serves()
            await caller.hang_up()
            await self._over(caller)
        await self._vault_away()
        await self._resume()
        self._copy("files after faults")

    async def _vault_away(self) -> None:
        """Take the vault away, then put something into it that is no number."""
        folder = vault(self.stage)
        hidden = folder.with_name(f"{folder.name}-hidden")
        folder.rename(hidden)
        status, _ = await self.web.ask(self.numbers.take("web, without a vault")[0])
        self._count(f"without a vault: {status}")
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
        hidden.rename(folder)
        number = self.numbers.take("web, damaged in the vault")[0]
        status, told = await self.web.ask(number)
        if status == 202:
            self.tickets[told["ticket"]] = number
            kept = folder / told["ticket"]
            kept.unlink()
            kept.write_text(f"{number} and more")

    async def _an_intake_serves(self) -> None:
        async def door() -> int:
            return await self.web.send("GET", "/v1/callbacks/challenge")

        await self.cast.until(door, lambda status: status == 200, 40.0)

    # --- kills -----------------------------------------------------------------------------

    async def _kills(self) -> None:
        """Kill half-way: while callers type and wait, numbers are dialled, requests come in."""
        for victim in ("router", "intake", "router", "Asterisk", "router", "router and Asterisk"):
            await self._pause()
            typing, waiting = await self._call(TO_SECTOR), await self._call(TO_SECTOR)
            await self._asked_for_number(typing)
            typing.press(f"{self._typed()[0]}#")
            for number in self.numbers.take("web, before a kill", 4):
                await self._ask(number, number, turn=0)
            await self._resume()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(4.0):
                    await RouterLog(self.stage.router_log).step(Step.DIALLED)
            asking = [
                asyncio.create_task(self.web.send("POST", "/v1/callbacks", **self._good(number)))
                for number in self.numbers.take("web, during a kill", 4)
            ]
            await asyncio.sleep(0.005)
            await self._kill(victim)
            await asyncio.gather(*asking)
            self._copy(f"files after kill {self.killed}")
            for caller in (typing, waiting):
                await caller.stop()
            await self._ready()

    def _good(self, number: str) -> dict[str, object]:
        return {"json": {"phone": number, "fiche": FICHE}, "headers": self.web.server}

    async def _kill(self, victim: str) -> None:
        stage = self.stage
        self.killed += 1
        self._learn_day_key()
        if victim == "intake":
            for child in children(stage):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        if "router" in victim:
            await stage.kill_router()
        if "Asterisk" in victim:
            await self._abort_asterisk()
            self.town.cut()
            self._copy(f"files between the kills {self.killed}")
            await stage.asterisk.start()
        if "router" in victim:
            await stage.start_router()
        if "Asterisk" in victim:
            await asyncio.gather(*(phone.register() for phone in stage.phones))

    async def _abort_asterisk(self) -> None:
        """End it as a defect of its own would: with a core, unless it is prevented."""
        os.kill(self.stage.asterisk.pid, signal.SIGABRT)

        async def runs() -> bool:
            return self.stage.asterisk.running

        await self.cast.until(runs, lambda runs: not runs)

    async def _ready(self) -> None:
        phones = len(self.stage.phones)
        await self._an_intake_serves()
        await self.cast.until(
            self.cast.agents, lambda agents: sum(agents.values()) >= phones, _PATIENCE_S
        )

    # --- the end ---------------------------------------------------------------------------

    async def _forgetting(self) -> None:
        """End every ticket; the intake that held numbers is replaced by a new one."""
        await self._resume()
        await self.cast.until(self._open, lambda left: left == 0, _PATIENCE_S)
        self.ends = dict(Counter(row[1] for row in records(self.stage).values()))
        await self._an_intake_serves()
        old = self._intake()
        for number in self.numbers.take("web, until the intake is worn", 60):
            await self.web.ask(f"{number}00")
        self._look("an intake before it is replaced", old)
        await self.cast.until(self._intakes, lambda pids: len(pids) == 1 and pids != [old], 60.0)
        self._look("an intake that took its place", self._intake())
        self._look("a router at the end", self.router)
        self._look("an Asterisk at the end", self.stage.asterisk.pid)
        self._learn_day_key()

    async def _closed(self) -> None:
        """Go on on Sunday."""
        await self.stage.stop_router()
        self.stage.put_forward(6 * 86400.0)
        await self.stage.start_router()
        self._learn_day_key()
        caller = await self._call()
        number = self.numbers.take("web, closed")[0]
        self._count(f"request {(await self.web.ask(number))[0]}, closed")
        await caller.ended()
        await self._over(caller)

    async def _open(self) -> int:
        rows = await asyncio.to_thread(records, self.stage)
        return sum(row[1] not in ENDS for row in rows.values()) + len(numbers_kept(self.stage))

    async def _intakes(self) -> list[int]:
        return children(self.stage)

    def _intake(self) -> int:
        """The id of the newest intake's process."""
        return children(self.stage)[-1]

    # --- for later -------------------------------------------------------------------------

    def _look(self, when: str, *pids: int) -> None:
        self.images[when] = image(*pids)

    def _copy(self, when: str, folder: Path | None = None) -> None:
        """Copy what is in a folder now, links as links; without sockets and what vanishes."""
        source = folder or self.stage.state_dir
        target = self.outside / "copies" / when
        for path in source.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() or path.is_symlink():
                    copy = target / path.relative_to(source)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, copy, follow_symlinks=False)
        self.copies[when] = target

    def _learn_day_key(self) -> None:
        """Read the key of the day, which the router hands to its intakes."""
        for file in Path(f"/proc/{self.router}/fd").iterdir():
            with contextlib.suppress(OSError):
                if "allo-day-key" in os.readlink(file):
                    self.day_keys[self.router] = file.read_bytes()[4:]

    def _count(self, what: str) -> None:
        self.outcomes[what] = self.outcomes.get(what, 0) + 1

    async def _pause(self) -> None:
        """Have every informateur pause."""
        await self._ask_for_each("pause", reason="pause")

    async def _resume(self) -> None:
        """Have every informateur take calls again."""
        await self._ask_for_each("ready")

    async def _ask_for_each(self, what: str, **about: str) -> None:
        """Ask as each informateur, and again if the intake dies of a fault meanwhile."""
        for phone in self.stage.phones:
            ask = partial(self._asked, phone.agent, what, about)
            await self.cast.until(ask, lambda answered: answered, 40.0)

    async def _asked(self, agent: str, what: str, about: dict[str, str]) -> bool:
        try:
            await self.cast.ask(agent, what, **about)
        except aiohttp.ClientError:
            return False
        return True
