"""The intake as the router has it: started, recycled, replaced when it dies, and answered.

The router never holds a number. It holds the public port, so that no request is lost while
intakes come and go; the digests of the numbers with an open ticket, without their key
(`abuse.py`); and the vault's folder, to drop from it what it never reads.
"""

import asyncio
import hmac
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any

import structlog

from router import logs
from router.clock import Clock
from router.config import Config
from router.core.callback.tickets import Refusal, TicketRecord
from router.core.ids import CallId, PlaybackId, SectorId, TicketId
from router.intake.abuse import DayKey
from router.intake.channel import Message, told
from router.intake.child import Child
from router.intake.dialling import DialError
from router.intake.ledger import IntakeBackend, Ledger
from router.intake.sockets import listen_privately, listen_publicly
from router.intake.terms import Terms
from router.intake.vault import place_of

__all__ = ["Intake", "IntakeBackend", "listen_privately"]

#: An intake that held enough numbers still serves for so long, so that under a flood of
#: requests the machine does more than start intakes.
_SHORTEST_LIFE_S = 20.0
#: Deaths within `_BUDGET_S` after which the next start waits: it would die as well.
_BUDGET = 5
_BUDGET_S = 60.0
_PAUSE_S = 10.0
#: How often the vault is looked through for numbers that no ticket has.
_SWEEP_S = 60.0
#: A new intake that does not serve after this, and a retired one that has not gone, hang.
_START_S = 30.0
_RETIREMENT_S = 300.0
#: How long a number waits to be dialled while there is no intake.
_HAND_OVER_S = 15.0
#: A retired intake leaves connections without a request for so long: one may be on its way.
_LINGER_S = 10.0
#: The same at the end of the router, and how long all else may take then.
_LAST_LINGER_S = 0.5
_GOODBYE_S = 5.0


class Intake:
    """The intake. `start` before all else, `stop` at the end.

    `paths` are the addresses that the router answers on its own socket (`listen_privately`).
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        backend: IntakeBackend,
        paths: Iterable[str],
        *,
        shortest_life_s: float = _SHORTEST_LIFE_S,
        linger_s: float = _LINGER_S,
    ) -> None:
        assert config.secrets is not None, "checked before"
        self._config = config
        self._clock = clock
        self._backend = backend
        self._paths = tuple(paths)
        self._shortest_life_s = shortest_life_s
        self._linger_s = linger_s
        self._log = structlog.get_logger()
        asked = config.settings.callbacks
        place = place_of(asked.vault_dir, config.settings.state_dir, os.environ)
        self._ledger = Ledger(backend, place, asked.per_day, clock.now)
        self._day_key = DayKey.reserve()
        self._listening: socket.socket | None = None
        self._children: list[Child] = []
        #: What the intakes were last told of callbacks and calls.
        self._state: Message | None = None
        #: What no intake could take yet.
        self._waiting: deque[tuple[CallId, Message]] = deque()
        self._deaths: deque[float] = deque(maxlen=_BUDGET)
        self._work: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._stopping = False

    # --- what the service asks -------------------------------------------------------------

    @property
    def fresh(self) -> bool:
        """Whether the vault is new since this boot, or missing: no number survived."""
        return self._ledger.fresh

    def holds(self) -> frozenset[TicketId] | None:
        """Return the tickets whose number is in the vault; None if it cannot be read."""
        return self._ledger.holds()

    async def start(self) -> None:
        """Take the public port and start the first intake.

        Numbers without an open ticket are dropped: whatever put them there is dead. Open
        tickets without a number are told to have lost it.

        Raises:
            SetupError: If the port is taken.
        """
        http = self._config.settings.http
        self._listening = await listen_publicly(http.host, http.port)
        self._ledger.sweep(at_once=True)
        self._later(_SWEEP_S, self._sweep)
        await self._new_child()

    async def stop(self) -> None:
        """Take nothing more, let what is under way finish for a moment, and end."""
        self._stopping = True
        for timer in self._timers:
            timer.cancel()
        if self._listening is not None:
            self._listening.close()
        for child in self._children:
            child.retire(_LAST_LINGER_S)
        if self._children:
            ends = {asyncio.ensure_future(child.ended()) for child in self._children}
            _, late = await asyncio.wait(ends, timeout=_GOODBYE_S)
            for child in self._children:
                child.kill()
            if late:
                await asyncio.wait(late)
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        os.close(self._day_key)
        self._ledger.close()

    def accepting(
        self,
        refusals: Mapping[SectorId, Refusal | None],
        most_open: int,
        answered: list[SectorId] | None,
    ) -> None:
        """Say for each sector whether callbacks are taken, and how many may be open in all.

        `answered` are the sectors with somebody on duty; None: no call at all can be answered.
        """
        self._ledger.most_open = most_open
        taken = {str(sector): refusal and refusal.value for sector, refusal in refusals.items()}
        state = {"accepting": taken, "answered": answered}
        if state != self._state:
            self._state = state
            for child in self._children:
                self._tell_state(child)

    def dial(
        self, call: CallId, ticket: TicketId, timeout_s: int, variables: Mapping[str, str]
    ) -> None:
        """Dial the ticket's number as channel `call`; `dialled` tells what came of it."""
        order = {
            "call": call,
            "ticket": ticket,
            "timeout_s": timeout_s,
            "variables": dict(variables),
        }
        self._hand_over(call, {"dial": order})

    def take_digits(self, call: CallId) -> None:
        """Have the caller type a number; `entered` tells what came of it."""
        self._hand_over(call, {"digits": call})

    def digit(self, call: CallId, key: str) -> None:
        """Hand on a key that the caller pressed."""
        self._tell_typing(call, {"digit": call, "key": key})

    def played(self, call: CallId, playback: PlaybackId, *, heard: bool) -> None:
        """Hand on that a playback is over whose id begins with `channel.PLAYBACK_PREFIX`."""
        self._tell_typing(call, {"played": call, "playback": playback, "heard": heard})

    def digits_over(self, call: CallId) -> None:
        """Say that the caller has left; `entered` is not called any more."""
        self._waiting = deque(one for one in self._waiting if one[0] != call)
        self._tell_typing(call, {"digits_over": call})
        for child in self._children:
            child.typing.discard(call)
            if (claimed := child.claimed.pop(call, None)) is not None:
                self._ledger.ended(claimed)

    def ended(self, ticket: TicketId) -> None:
        """Forget the number: the ticket has ended, or came to nothing."""
        self._ledger.ended(ticket)

    def recycle(self) -> None:
        """Replace the intake by a new one now, for whatever reason."""
        if not self._stopping and not any(child.starting for child in self._children):
            self._do(self._new_child())

    @property
    def ready(self) -> bool:
        """Whether an intake serves."""
        return self._current() is not None

    @property
    def vault_trouble(self) -> str:
        """Why no number can be kept now; "" if one can."""
        return self._ledger.vault_trouble

    @property
    def port(self) -> int:
        """The public port."""
        assert self._listening is not None, "start() first"
        port: int = self._listening.getsockname()[1]
        return port

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes, newest last."""
        return tuple(child.pid for child in self._children if child.pid is not None)

    # --- intakes come and go ---------------------------------------------------------------

    async def _new_child(self) -> None:
        assert self._listening is not None, "start() first"
        child = Child(self._told, self._gone)
        terms = self._terms()
        self._children.append(child)
        self._later(_START_S, lambda: child.kill() if child.starting else None)
        try:
            await child.start(terms, self._listening, self._day_key)
        except OSError as error:
            self._children.remove(child)
            self._log.error("no intake", reason=error.strerror)
            self._later(_PAUSE_S, self.recycle)

    def _current(self) -> Child | None:
        """The newest that serves."""
        return next((child for child in reversed(self._children) if child.serves), None)

    def _is_ready(self, child: Child) -> None:
        child.ready = True
        child.ready_at = asyncio.get_running_loop().time()
        self._tell_state(child)
        for other in self._children[: self._children.index(child)]:
            if not other.retiring:
                other.retire(self._linger_s)
                self._later(_RETIREMENT_S, other.kill)
        while self._waiting:
            self._hand_over(*self._waiting.popleft())
        self._log.info("intake", state="ready", count=len(self._children))

    def _is_worn(self, child: Child) -> None:
        if child.retiring:
            return
        age_s = asyncio.get_running_loop().time() - child.ready_at
        self._later(max(0.0, self._shortest_life_s - age_s), lambda: self._replace(child))

    def _replace(self, child: Child) -> None:
        if child is self._current():
            self.recycle()

    def _gone(self, child: Child) -> None:
        self._children.remove(child)
        for call in child.dialling:
            self._backend.dialled(call, DialError(0, "unclear"))
        for ticket in child.claimed.values():
            self._ledger.ended(ticket)
        for call in child.typing:
            self._backend.entered(call, None, "interrupted")
        if child.retiring or self._stopping:
            return
        self._log.error("intake", state="died", count=len(self._deaths) + 1)
        if any(not other.retiring for other in self._children):
            return  # a new one is on its way already
        now = asyncio.get_running_loop().time()
        often = len(self._deaths) == _BUDGET and now - self._deaths[0] < _BUDGET_S
        self._deaths.append(now)
        if often:
            self._later(_PAUSE_S, self.recycle)
        else:
            self.recycle()

    # --- what goes to them -----------------------------------------------------------------

    def _hand_over(self, call: CallId, order: Message) -> None:
        child = self._current()
        if child is None:
            self._waiting.append((call, order))
            self._later(_HAND_OVER_S, lambda: self._give_up(call, order))
            return
        (child.dialling if "dial" in order else child.typing).add(call)
        child.channel.send(order)

    def _give_up(self, call: CallId, order: Message) -> None:
        if (call, order) not in self._waiting:
            return
        self._waiting.remove((call, order))
        if "dial" in order:
            self._backend.dialled(call, DialError(0, "no_intake"))
        else:
            self._backend.entered(call, None, "interrupted")

    def _tell_typing(self, call: CallId, message: Message) -> None:
        for child in self._children:
            if call in child.typing:
                child.channel.send(message)

    def _tell_state(self, child: Child) -> None:
        if child.ready and self._state is not None:
            child.channel.send(self._state)

    def _terms(self) -> Terms:
        config, given = self._config, self._config.secrets
        assert given is not None
        settings, asked = config.settings, config.settings.callbacks
        return Terms(
            plan=config.plan,
            clock_base=self._clock.now() - time.monotonic(),
            promise_min=config.plan.callbacks.promise_s // 60,
            # The first, or the one after a death: whose the open tickets are may be unknown.
            recount=self._current() is None,
            accepting=self._state or {"accepting": {}, "answered": None},
            origins=frozenset(asked.origins),
            keys=dict(given.callback_keys),
            proof_of_work=asked.proof_of_work,
            difficulty=asked.difficulty,
            forms_per_minute=asked.forms_per_minute,
            fiction=asked.fiction,
            recycle_numbers=asked.recycle_numbers,
            recycle_s=asked.recycle_s,
            vault=self._ledger.vault,
            ticket_key=_derived(given.code_secret, "callback tickets"),
            challenge_key=_derived(given.code_secret, "callback challenges"),
            code_secret=given.code_secret,
            ari_url=settings.asterisk.ari_url,
            ari_user=settings.asterisk.ari_user,
            ari_password=given.ari_password,
            app=settings.asterisk.app,
            presented=asked.presented,
            number_format=asked.number_format,
            router_dir=settings.state_dir,
            router_paths=self._paths,
            machines=settings.http.machines,
            machines_token=given.machines_token or "",
            log_level=settings.log.level,
            log_console=settings.log.format == "console",
        )

    # --- what comes from them --------------------------------------------------------------

    def _told(self, child: Child, message: Message) -> None:
        try:
            self._act_on(child, message)
        except Exception as error:  # one message must not silence the intake
            self._log.error("defect", type=type(error).__name__)

    def _act_on(self, child: Child, message: Message) -> None:
        match message:
            case {"ready": True}:
                self._is_ready(child)
            case {"worn": True}:
                self._is_worn(child)
            case {"admit": int(number)}:
                self._ledger.admit(message, partial(_reply, child, number))
            case {"status": int(number), "ticket": ticket}:
                record = self._backend.status(TicketId(ticket))
                child.channel.send({"reply": number, "record": told(record)})
            case {"cancel": int(number), "ticket": ticket}:
                record = self._backend.cancel(TicketId(ticket))
                child.channel.send({"reply": number, "record": told(record)})
            case {"dialled": call, "error": error}:
                child.dialling.discard(call)
                self._backend.dialled(CallId(call), error and DialError(**error))
            case {"claim": int(number)}:
                self._claim(child, number, message)
            case {"entered": call, "ticket": ticket, "refused": code}:
                self._entered(child, CallId(call), ticket, code)
            case {"holding": dict()}:
                self._ledger.hold(message)
            case {"leaked": True}:
                logs.leaked()
            case _:
                self._log.error("defect", reason="unknown message of the intake")

    def _claim(self, child: Child, number: int, asked: Message) -> None:
        call, ticket = CallId(asked["call"]), TicketId(asked["ticket"])
        if call not in child.typing:
            self._ledger.drop(ticket)  # the caller has left
            return
        refusal = self._ledger.claim(ticket, asked)
        if refusal is None:
            child.claimed[call] = ticket
        child.channel.send({"reply": number, "refusal": refusal})

    def _entered(self, child: Child, call: CallId, ticket: str | None, code: str | None) -> None:
        if call in child.typing:  # else the caller has left
            child.typing.discard(call)
            child.claimed.pop(call, None)
            self._backend.entered(call, None if ticket is None else TicketId(ticket), code)

    def _sweep(self) -> None:
        self._ledger.sweep()
        self._later(_SWEEP_S, self._sweep)

    # --- the loop --------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _later(self, delay_s: float, then: Callable[[], None]) -> None:
        if self._stopping:
            return

        def due() -> None:
            self._timers.discard(timer)
            then()

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        self._timers.add(timer)


def _reply(child: Child, number: int, refusal: str | None, record: TicketRecord | None) -> None:
    child.channel.send({"reply": number, "refusal": refusal, "record": told(record)})


def _derived(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, f"allo {purpose}".encode(), "sha256")
