"""The intake as the service sees it: what it can be asked, and what becomes of its messages.

The router never holds a number. It holds the public port, so that no request is lost while
intakes come and go (`succession.py`); the digests of the numbers with an open ticket, without
their key; and the vault's folder, to drop from it what it never reads (`ledger.py`).
"""

import os
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog

from router import logs
from router.clock import Clock
from router.config import Config
from router.core.callback.tickets import Refusal, TicketRecord
from router.core.ids import CallId, PlaybackId, SectorId, TicketId
from router.errors import InUse
from router.intake.backend import IntakeBackend, Wanted
from router.intake.channel import Message, message_of
from router.intake.child import Child
from router.intake.dialling import DialError
from router.intake.ledger import Ledger, Verdict
from router.intake.loop_timers import LoopTimers
from router.intake.sockets import listen_publicly
from router.intake.succession import LINGER_S, LOOK_S, SHORTEST_LIFE_S, Succession
from router.intake.terms_of import terms_of
from router.intake.vault import place_of
from router.tasks import Tasks

#: How often it is looked whether the vault is there.
_LOOK_AT_VAULT_S = 1.0
#: How often the vault is searched for numbers without a ticket.
_SWEEP_S = 60.0
#: How long an order waits while no intake serves.
_HAND_OVER_S = 15.0


class Intake:
    """The intake. `start` before all else, `stop` at the end.

    `hold_vault` takes the vault's folder for this router alone, wherever its name leads now; it
    raises InUse or OSError.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        backend: IntakeBackend,
        *,
        hold_vault: Callable[[], None] = lambda: None,
        look_at_vault_s: float = _LOOK_AT_VAULT_S,
        shortest_life_s: float = SHORTEST_LIFE_S,
        linger_s: float = LINGER_S,
        look_s: float = LOOK_S,
    ) -> None:
        self._http = config.settings.http
        self._config = config
        self._hold_vault = hold_vault
        self._look_at_vault_s = look_at_vault_s
        self._readable = True
        self._backend = backend
        self._log = structlog.get_logger()
        asked = config.settings.callbacks
        place = place_of(asked.vault_dir, config.settings.state_dir, os.environ)
        self._ledger = Ledger(backend, place, asked.per_day, clock.now)
        self._timers = LoopTimers()
        self._intakes = Succession(
            terms_of(config, self._ledger.vault),
            clock,
            self._receive,
            self._gone,
            self._timers,
            shortest_life_s=shortest_life_s,
            linger_s=linger_s,
            look_s=look_s,
        )
        #: Orders that no intake could take yet, with their calls.
        self._waiting: deque[tuple[CallId, Message]] = deque()
        #: Callers who are to type a number.
        self._typing: dict[CallId, Wanted] = {}
        #: Answers that wait for the service.
        self._answers = Tasks()

    # --- what the service asks -------------------------------------------------------------

    @property
    def fresh(self) -> bool:
        """Whether there was no vault since the boot, or there is none: no number survived."""
        return self._ledger.fresh

    def holds(self) -> frozenset[TicketId] | None:
        """Return the tickets whose number is in the vault; None if it cannot be read."""
        return self._ledger.holds()

    async def start(self, paths: Iterable[str]) -> None:
        """Take the public port and start the first intake.

        `paths` are the addresses that the router answers on its own socket, which is open by now
        (`listen_privately`). Numbers without an open ticket are dropped, since whatever put them
        there is dead; open tickets without a number are reported as having lost it.

        Raises:
            SetupError: If the port is taken.
        """
        listening = await listen_publicly(self._http.host, self._http.port)
        self._ledger.sweep(at_once=True)
        self._timers.later(_SWEEP_S, self._sweep_again)
        self._timers.later(self._look_at_vault_s, self._look_at_vault)
        await self._intakes.start(listening, paths)

    async def stop(self) -> None:
        """Take nothing more, give what is under way a moment to finish, and end."""
        self._timers.close()
        await self._intakes.stop()
        await self._answers.close()
        self._ledger.close()

    def change(self, config: Config) -> None:
        """Go by this configuration from now on; whoever is being served is served to the end."""
        self._config = config
        self._intakes.change_terms(terms_of(config, self._ledger.vault))

    def accepting(
        self,
        refusals: Mapping[SectorId, Refusal | None],
        most_open: int,
        answered: list[SectorId] | None,
    ) -> None:
        """Say why each sector takes no callbacks, or None, and how many may be open in total.

        `answered` are the sectors with somebody on duty; None: no call at all can be answered.
        """
        self._ledger.allow(most_open)
        taken = {str(sector): refusal and refusal.value for sector, refusal in refusals.items()}
        self._intakes.inform({"accepting": taken, "answered": answered})

    def dial(
        self,
        call: CallId,
        ticket: TicketId,
        timeout_s: int,
        variables: Mapping[str, str],
        carrier: str,
    ) -> None:
        """Dial the ticket's number as channel `call`; the backend's `dialled` gets the outcome.

        It rings for at most `timeout_s` seconds; `variables` are set on the channel. `carrier` is
        the endpoint by which the call goes out.
        """
        order = {
            "call": call,
            "ticket": ticket,
            "timeout_s": timeout_s,
            "variables": dict(variables),
            "carrier": carrier,
        }
        self._hand_over(call, {"dial": order})

    def hang_up(self, call: CallId) -> None:
        """Dial `call` no more: its attempt is over. What was dialled meanwhile is hung up.

        Otherwise an intake that was slow to start, or hung, would dial what has been given up, and
        beside the next attempt.
        """
        self._waiting = deque(
            (one, order) for one, order in self._waiting if one != call or "dial" not in order
        )
        for child in self._intakes:
            if call in child.dialling:
                child.channel.send({"hang_up": call})

    def take_digits(self, call: CallId, wanted: Wanted) -> None:
        """Have the caller type a number; the backend's `typed` or `not_typed` gets the outcome."""
        self._typing[call] = wanted
        self._hand_over(call, {"digits": call})

    def digit(self, call: CallId, key: str) -> None:
        """Hand on a key that the caller pressed."""
        self._tell_typing(call, {"digit": call, "key": key})

    def played(self, call: CallId, playback: PlaybackId, *, heard: bool) -> None:
        """Hand on that a playback is over, if its id begins with `channel.PLAYBACK_PREFIX`."""
        self._tell_typing(call, {"played": call, "playback": playback, "heard": heard})

    def digits_over(self, call: CallId) -> None:
        """Take no number from the caller, who has left or need not type any more."""
        self._typing.pop(call, None)
        self._waiting = deque(one for one in self._waiting if one[0] != call)
        self._tell_typing(call, {"digits_over": call})
        for child in self._intakes:
            child.typing.discard(call)
            if (claimed := child.claimed.pop(call, None)) is not None:
                self._ledger.ended(claimed)

    def ended(self, ticket: TicketId) -> None:
        """Forget the number of a ticket that has ended, or was not opened after all."""
        self._ledger.ended(ticket)

    def sweep(self) -> None:
        """Report the open tickets without a number, and drop the numbers without a ticket.

        This also happens once a minute; a number is dropped when it has no ticket twice.
        """
        self._ledger.sweep()

    def recycle(self) -> None:
        """Replace the intake by a new one now, for whatever reason; one that starts as well."""
        self._intakes.renew()

    @property
    def ready(self) -> bool:
        """Whether an intake serves."""
        return self._intakes.current is not None

    @property
    def vault_trouble(self) -> str:
        """Why no number can be kept now; "" if one can."""
        return self._ledger.vault_trouble

    @property
    def port(self) -> int:
        """The public port."""
        return self._intakes.port

    @property
    def pids(self) -> tuple[int, ...]:
        """The ids of the processes, newest last."""
        return tuple(child.pid for child in self._intakes if child.pid is not None)

    # --- what goes to them -----------------------------------------------------------------

    def _hand_over(self, call: CallId, order: Message) -> None:
        child = self._intakes.current
        if child is None:
            self._waiting.append((call, order))
            self._timers.later(_HAND_OVER_S, lambda: self._give_up(call, order))
            return
        (child.dialling if "dial" in order else child.typing).add(call)
        child.channel.send(order)

    def _hand_over_waiting(self) -> None:
        while self._waiting:
            self._hand_over(*self._waiting.popleft())

    def _give_up(self, call: CallId, order: Message) -> None:
        if (call, order) not in self._waiting:
            return
        self._waiting.remove((call, order))
        if "dial" in order:
            self._backend.dialled(call, DialError(0, "no_intake"))
        else:
            self._not_typed(call, "interrupted")

    def _tell_typing(self, call: CallId, message: Message) -> None:
        for child in self._intakes:
            if call in child.typing:
                child.channel.send(message)

    # --- what comes from them --------------------------------------------------------------

    def _receive(self, child: Child, message: Message) -> None:
        try:
            self._act_on(child, message)
        except Exception as error:  # one message must not silence the intake
            place = logs.place(error.__traceback__)
            self._log.error("defect", error=type(error).__name__, place=place)

    def _act_on(self, child: Child, message: Message) -> None:
        match message:
            case {"ready": True}:
                self._intakes.is_ready(child)
                self._hand_over_waiting()
            case {"alive": True}:
                child.is_alive()
            case {"worn": True}:
                self._intakes.is_worn(child)
            case {"admit": int(number)}:
                self._answers.start(_reply(child, number, self._ledger.admit(message)))
            case {"status": int(number), "ticket": ticket}:
                record = self._backend.status(TicketId(ticket))
                child.channel.send(self._standing(number, record))
            case {"cancel": int(number), "ticket": ticket}:
                record = self._backend.cancel(TicketId(ticket))
                child.channel.send(self._standing(number, record))
            case {"dialled": call, "error": error}:
                child.dialling.discard(call)
                self._backend.dialled(CallId(call), error and DialError(**error))
            case {"claim": int(number)}:
                self._claim(child, number, message)
            case {"entered": call, "ticket": ticket, "refused": code}:
                self._entered(child, CallId(call), ticket, code)
            case {"holding": dict()}:
                self._ledger.hold(message)
            case {"leaked": int(count)}:
                logs.leaked(count)
            case _:
                self._log.error("defect", reason="unknown message of the intake")

    def _standing(self, number: int, record: TicketRecord | None) -> Message:
        """Answer how a ticket stands; of one that is not known, only once all are."""
        is_known = record is not None or self._backend.knows_all
        refusal = None if is_known else Refusal.UNAVAILABLE.value
        return {"reply": number, "refusal": refusal, "record": message_of(record)}

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
            if ticket is None:
                self._not_typed(call, code or "")
            else:
                wanted = self._typing.pop(call)
                self._answers.start(self._typed(call, TicketId(ticket), wanted))

    async def _typed(self, call: CallId, ticket: TicketId, wanted: Wanted) -> None:
        if not await self._backend.typed(call, ticket, wanted):
            self._ledger.ended(ticket)

    def _not_typed(self, call: CallId, why: str) -> None:
        self._typing.pop(call, None)
        self._backend.not_typed(call, why)

    def _gone(self, child: Child) -> None:
        self._intakes.is_gone(child)
        for call in child.dialling:
            self._backend.dialled(call, DialError(0, "unclear"))
        for ticket in child.claimed.values():
            self._ledger.ended(ticket)
        for call in child.typing:
            self._not_typed(call, "interrupted")

    def _look_at_vault(self) -> None:
        """See whether numbers can be read, and whether another folder is at the vault's place."""
        if self._ledger.vault_trouble:
            self._open_vault_again()
        readable = self._ledger.readable
        if readable is not self._readable:
            self._readable = readable
            self._backend.vault_changed(readable)
        self._timers.later(self._look_at_vault_s, self._look_at_vault)

    def _open_vault_again(self) -> None:
        try:
            self._hold_vault()
        except (InUse, OSError):
            return  # it stays in trouble, which says why
        if self._ledger.open_again():
            self._intakes.change_terms(terms_of(self._config, self._ledger.vault))
            self._intakes.renew()
            self._ledger.sweep()

    def _sweep_again(self) -> None:
        self.sweep()
        self._timers.later(_SWEEP_S, self._sweep_again)


async def _reply(child: Child, number: int, asked: Awaitable[Verdict]) -> None:
    verdict = await asked
    record = message_of(verdict.record)
    child.channel.send({"reply": number, "refusal": verdict.refusal, "record": record})
