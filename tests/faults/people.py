"""Those who use the service while it is broken: callers, informateurs, and who is called back."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

import aiohttp

from router.core.ids import PhoneId
from router.demo.stage import Stage
from tests.faults.history import CALLER, INFORMATEUR, USAGER, Did
from tests.faults.notebook import Notebook
from tests.faults.telephones import Telephone
from tests.faults.voice import SOMEBODY, Voices
from tests.real.public_network import Line
from tests.real.usagers import Usager

_GLANCE_S = 0.05
#: What a caller presses: skip the welcome, have no code, take these menus.
_SKIPS_ALL, _TO_THE_MENU, _MENU, _SUB_MENU = "#41", "#4", "41", "1"
#: Who hears a menu for this long after having pressed its keys presses them again.
_AGAIN_S = 3.0
_PATIENCE_S = 90.0
#: How often an informateur puts the caller on hold, by which key, and for how long.
_HOLDS, _HOLD, _HOLD_S = 0.2, "*1", 1.5
#: Longer than it takes to press those keys.
_KEYS_S = 0.5
#: How long somebody who picked up waits for somebody to talk to.
_ALONE_S = 45.0
#: A registration is renewed after this, as phones do half-way.
_RENEW_S = 30.0
_ASK_AGAIN_S = 1.0
#: How long a web page, and a phone that registers, wait for an answer before they try again.
_ASKING_S, _LOOKING_S = 20.0, 5.0
_OUTCOMES = ("done", "failed", "expired", "cancelled", "lost_reboot")


class Step(StrEnum):
    """Where a caller hangs up without having been asked to."""

    WELCOME = "welcome"
    QUESTION = "question"
    MENU = "menu"
    JOINED = "joining the queue"
    WAITING = "waiting"
    CONNECTING = "being connected"
    TALKING = "talking"
    VOTING = "asked to vote"


#: How the name of what is heard there begins.
_HEARD_AT = {
    Step.WELCOME: ("welcome",),
    Step.QUESTION: ("code-",),
    Step.MENU: ("menu-",),
    Step.JOINED: ("queue-joined",),
    Step.WAITING: ("music",),
    Step.CONNECTING: ("connecting",),
    Step.TALKING: (INFORMATEUR,),
    Step.VOTING: ("vote-", "goodbye"),
}
#: How long after that they hang up, in seconds: at once, soon, and after a while.
_LEAVES_AFTER_S = (0.0, 0.7, 2.5)
#: How many callers leave on their way; the others when they are asked to vote.
_LEAVE_EARLY = 0.4


class Caller:
    """Somebody who dials 3939 once; `live` is their call."""

    def __init__(
        self, number: int, notebook: Notebook, voices: Voices, sip: tuple[str, int], seed: int
    ) -> None:
        chance = random.Random(seed)
        leaves_early = chance.random() < _LEAVE_EARLY
        self._leaves_at = chance.choice([*Step]) if leaves_early else Step.VOTING
        self._after_s = chance.choice(_LEAVES_AFTER_S)
        #: Where this caller has hung up, and how long after having come there.
        self.left_at = ""
        self._loop = asyncio.get_running_loop()
        voice = voices.of(f"{CALLER}{number}", works_here=False)
        self.telephone = Telephone(notebook, voice, "anonymous", "", sip)
        self._voice = voice
        self._pressed_at = 0.0
        self._talked = False

    async def live(self) -> None:
        """Call, wait, talk, hang up."""
        phone = self.telephone
        await phone.open()
        try:
            if not await phone.dial("3939"):
                return
            began = self._loop.time()
            while phone.in_a_call:
                await asyncio.sleep(_GLANCE_S)
                if self._wants_to_leave():
                    await asyncio.sleep(self._after_s)
                    if phone.in_a_call:
                        self.left_at = f"{self._leaves_at}, after {self._after_s:g} s"
                    await phone.leave()
                elif self._loop.time() - began > _PATIENCE_S:
                    await phone.leave()
                else:
                    self._act()
        finally:
            phone.close()

    def _act(self) -> None:
        hears = self._voice.hears
        self._talked = self._talked or hears.startswith(INFORMATEUR)
        since_s = self._loop.time() - self._pressed_at
        if self._leaves_at is Step.QUESTION:
            return  # and waits for it
        if not self._pressed_at and hears.startswith("welcome"):
            self._press(_TO_THE_MENU if self._leaves_at is Step.MENU else _SKIPS_ALL)
        elif since_s > _AGAIN_S and hears.startswith(("code-", "menu-main")):
            self._press(_MENU)
        elif since_s > _AGAIN_S and hears.startswith("menu-"):
            self._press(_SUB_MENU)

    def _press(self, keys: str) -> None:
        self._pressed_at = self._loop.time()
        self.telephone.type_keys(keys)

    def _wants_to_leave(self) -> bool:
        hears = self._voice.hears
        if self._talked and hears.startswith(_HEARD_AT[Step.VOTING]):
            return True
        return self._leaves_at is not Step.VOTING and hears.startswith(_HEARD_AT[self._leaves_at])


class Informateur:
    """Somebody at work: picks up, talks, hangs up, and is there again."""

    def __init__(self, agent: str, stage: Stage, notebook: Notebook, voices: Voices) -> None:
        host, _, port = stage.agents_sip.rpartition(":")
        self._server = (host, int(port))
        self._user = f"agent-{agent}"
        self._secret = stage.secrets.agents[PhoneId(agent)]
        self._chance = random.Random(agent)
        self._notebook = notebook
        self._voice = voices.of(f"{INFORMATEUR}{agent}", works_here=True)
        self.telephone = self._new_phone()
        self._wants: asyncio.Event = asyncio.Event()

    def _new_phone(self) -> Telephone:
        return Telephone(self._notebook, self._voice, self._user, self._secret, self._server)

    async def live(self) -> None:
        """Work until cancelled."""
        await self.telephone.open()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stay_registered())
                group.create_task(self._answer())
        finally:
            self.telephone.close()

    @property
    def rings(self) -> bool:
        """Whether the phone rings, and nobody has picked up."""
        return self.telephone.in_a_call and self.telephone.ringing.is_set()

    @property
    def talks(self) -> bool:
        """Whether somebody is heard."""
        return self._voice.hears.startswith((CALLER, SOMEBODY))

    def register_now(self) -> None:
        """Register again, as after the registrar was away."""
        self._wants.set()

    async def lose_the_network(self, seconds: float) -> None:
        """Vanish, and come back with another phone."""
        self.telephone.vanish()
        await asyncio.sleep(seconds)
        old, new = self.telephone, self._new_phone()
        old.transport.close()
        await new.open()
        self.telephone = new
        self._wants.set()

    async def _stay_registered(self) -> None:
        while True:
            self._wants.clear()
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(_LOOKING_S):
                    await self.telephone.register(120)
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEW_S):
                    await self._wants.wait()

    async def _answer(self) -> None:
        while True:
            await asyncio.sleep(_GLANCE_S)
            phone = self.telephone
            if phone.ringing.is_set() and phone.in_a_call:
                await asyncio.sleep(self._chance.uniform(0.2, 1.2))
                if phone.ringing.is_set() and phone.in_a_call:
                    phone.ringing.clear()
                    phone.pick_up()
                    await self._talk(phone)

    async def _talk(self, phone: Telephone) -> None:
        loop = asyncio.get_running_loop()
        began, talks_s = loop.time(), self._chance.uniform(2.0, 6.0)
        holds = self._chance.random() < _HOLDS
        met_at: float | None = None
        while phone.in_a_call:
            await asyncio.sleep(_GLANCE_S)
            now = loop.time()
            if met_at is None and self.talks:
                met_at = now
            if holds and met_at is not None and now - met_at > talks_s / 2:
                holds = False
                await self._put_on_hold(phone)
            if now - began > _ALONE_S or (met_at is not None and now - met_at > talks_s):
                await phone.leave()

    async def _put_on_hold(self, phone: Telephone) -> None:
        phone.type_keys(_HOLD)
        await asyncio.sleep(_HOLD_S)
        if phone.in_a_call and not self.talks:
            phone.type_keys(_HOLD)
            await asyncio.sleep(_KEYS_S)


class CalledBack:
    """Somebody who asks on a web page to be called back; what the phone did is in `lines`."""

    def __init__(self, number: int, usager: Usager, notebook: Notebook, seed: int) -> None:
        self.who = f"{USAGER}{number}"
        self.usager = usager
        self._notebook = notebook
        self._chance = random.Random(seed)

    async def live(self) -> None:
        """Ask, and look now and then how it stands until it is over."""
        self._note(Did.ASKED)
        status = await self._asked()
        if status != 202:
            self._note(Did.REFUSED, str(status))
            return
        self._note(Did.PROMISED)
        cancels_at = self._chance.choice([*([None] * 7), self._chance.uniform(0, 5.0)])
        if cancels_at is not None:
            await asyncio.sleep(cancels_at)
            await self._cancel()
        while not await self._is_over():
            await asyncio.sleep(_ASK_AGAIN_S)

    async def _asked(self) -> int:
        """Ask again, as a server does, for as long as there is no answer at all."""
        while True:
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with asyncio.timeout(_ASKING_S):
                    return (await self.usager.ask())[0]
            await asyncio.sleep(_ASK_AGAIN_S)

    async def _cancel(self) -> None:
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            self._note(Did.CANCELLED)
            async with asyncio.timeout(_LOOKING_S):
                await self.usager.cancel()

    async def _is_over(self) -> bool:
        told = {}
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with asyncio.timeout(_LOOKING_S):
                told = await self.usager.standing()
        state = str(told.get("state", ""))
        if state in _OUTCOMES:
            self._note(Did.ENDED, f"{state} {told.get('failure') or ''}".rstrip())
        return state in _OUTCOMES

    def note_lines(self, lines: list[Line], since: Callable[[float], float]) -> None:
        """Note what happened at their phone; call it at the end."""
        for number, line in enumerate(lines, 1):
            name = f"{self.who}, call {number}"
            ended = Did.WAS_HUNG_UP if line.answered else Did.STOPPED_RINGING
            ended = Did.HUNG_UP if line.left else ended
            for at, did, about in (
                (line.began_at, Did.RANG, name),
                (line.answered_at, Did.PICKED_UP, name),
                (line.pressed_at, Did.PRESSED, "1"),
                (line.talked_at, Did.HEARS, f"{INFORMATEUR}somebody"),
                (line.ended_at, ended, name),
            ):
                if at is not None:
                    self._notebook.note(self.who, did, about, since(at))

    def _note(self, did: Did, about: str = "") -> None:
        self._notebook.note(self.who, did, about)
