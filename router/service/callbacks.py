"""Callbacks at work: what the engine orders of tickets, carried out by disk, intake and Asterisk.

Every attempt is on disk before it is dialled; what cannot be written is not dialled.
"""

import asyncio

from router.ari.asterisk_link import AsteriskLink
from router.ari.naming import LONGEST_VARIABLE, waiting_marks
from router.clock import Clock
from router.core.callback.tickets import ENDS, TicketRecord
from router.core.commands import DialTicket, HangUp, NumberOver, TakeNumber, TicketChanged
from router.core.engine import Engine
from router.core.events import CalledAgain, CalledEnd, CalledEnded, TicketUnkept
from router.core.ids import CallId, ChannelId, SectorId
from router.intake.backend import Wanted
from router.intake.supervisor import Intake
from router.service.failover import Failover
from router.service.live import Live
from router.service.promises import Promises
from router.store import TicketKeeper
from router.tasks import Tasks

#: How often it is asked whether a carrier has said anything of a call, while another could take it:
#: nobody is rung twice who was rung for longer than this.
_ASK_EVERY_S = 0.25
#: Asterisk ends a call that is hung up at once.
_HANG_UP_S = 5.0
#: How often the intake hears what may be promised, and how often ended tickets are forgotten.
_INFORM_EVERY_S = 1.0
_FORGET_EVERY_S = 3600.0

Order = TicketChanged | DialTicket | TakeNumber | NumberOver


class Callbacks:
    """Carries out the engine's orders. Run `watch` as a task; `close` at the end.

    `failover` hears Asterisk's events before the engine does. `silence_s` is how long a carrier may
    say nothing of a call but that it tries (`asterisk.trunk_silence_s`).
    """

    def __init__(
        self,
        engine: Engine,
        live: Live,
        link: AsteriskLink,
        failover: Failover,
        intake: Intake,
        promises: Promises,
        keeper: TicketKeeper,
        clock: Clock,
        silence_s: float,
    ) -> None:
        self._engine = engine
        self._live = live
        self._link = link
        self._failover = failover
        self._intake = intake
        self._promises = promises
        self._keeper = keeper
        self._clock = clock
        self._silence_s = silence_s
        #: Attempts that wait for the disk, or for the carrier.
        self._attempts = Tasks()

    async def watch(self) -> None:
        """Keep the intake informed, and forget tickets that ended long ago."""
        forget_at = 0.0
        while True:
            self._inform_intake()
            if (now := self._clock.now()) >= forget_at:
                forget_at = now + _FORGET_EVERY_S
                self._keeper.forget(now)
            await asyncio.sleep(_INFORM_EVERY_S)

    async def close(self) -> None:
        """Give up what waits for the disk or the carrier."""
        await self._attempts.close()

    def carry_out(self, order: Order) -> None:
        """Carry out what the engine says of a ticket, or of a caller's number."""
        match order:
            case TicketChanged(record):
                self._keep(record)
            case DialTicket():
                self._attempts.start(self._attempt(order, self._keeper.kept(order.ticket)))
            case TakeNumber(call, sector, fiche):
                self._link.divert(call, self._intake)
                self._intake.take_digits(call, Wanted(sector, fiche))
            case NumberOver(call):
                self._link.divert(call, None)
                self._intake.digits_over(call)

    def _keep(self, record: TicketRecord) -> None:
        self._keeper.keep(record)
        if record.state in ENDS:
            self._intake.ended(record.ticket)

    async def _attempt(self, order: DialTicket, kept: asyncio.Future[bool]) -> None:
        """Dial once the attempt is on disk, by the next carrier where one does not take the call.

        The last one must not keep silent either.
        """
        if not await kept:
            self._live.submit(TicketUnkept(order.ticket, order.attempt))
            return
        *others, last = self._link.ways_out()
        for carrier in others:
            if not self._engine.is_dialling(order.call):
                return  # it is over meanwhile
            if not await self._is_refused(order, carrier):
                return
            if self._engine.is_dialling(order.call):
                self._live.submit(CalledAgain(order.call))
        if self._engine.is_dialling(order.call):
            self._dial(order, last)
            await asyncio.sleep(self._silence_s)
            await self._give_up_if_silent(order.call)

    def _dial(self, order: DialTicket, carrier: str) -> None:
        marks = self._marks(order)
        self._intake.dial(order.call, order.ticket, order.timeout_s, marks, carrier)

    async def _is_refused(self, order: DialTicket, carrier: str) -> bool:
        """Dial; return whether the carrier failed before anybody can have been rung.

        If not, the rest is the engine's to hear.
        """
        call = order.call
        give_up_at = asyncio.get_running_loop().time() + self._silence_s
        with self._failover.watching(call) as watch:
            self._dial(order, carrier)
            while self._engine.is_dialling(call):
                done, _ = await asyncio.wait({watch.failed}, timeout=_ASK_EVERY_S)
                if done:
                    return True
                answered = await self._link.is_answered(call)
                if answered:
                    break
                if answered is False and asyncio.get_running_loop().time() >= give_up_at:
                    watch.given_up = True
                    self._link.perform([HangUp(call, ChannelId(call))])
                    # The channel's id is free for the next carrier once it has ended.
                    done, _ = await asyncio.wait({watch.failed}, timeout=_HANG_UP_S)
                    if not done:
                        self._live.submit(CalledEnded(call, CalledEnd.SILENT))
                    return bool(done)
        self._failover.pass_on(watch)
        return False

    async def _give_up_if_silent(self, call: CallId) -> None:
        """Hang up if the carrier has said no more than 100 Trying.

        If it says nothing at all Asterisk itself gives up, just as soon (pjsip.conf, timer B).
        Any later, and the person would count as not having picked up.
        """
        if (
            self._engine.is_dialling(call)
            and await self._link.is_silent(call)
            and self._engine.is_dialling(call)
        ):
            self._live.submit(CalledEnded(call, CalledEnd.SILENT))
            self._link.perform([HangUp(call, ChannelId(call))])

    def _marks(self, order: DialTicket) -> dict[str, str]:
        """Return what a restarted router must find on the channel."""
        longest = {LONGEST_VARIABLE: str(self._engine.board.plan.targets.longest_call_s)}
        return waiting_marks(order.sector, order.joined_at) | longest

    def _inform_intake(self) -> None:
        sectors = self._engine.board.plan.sectors
        refusals = {sector: self._promises.refusal(sector) for sector in sectors}
        self._intake.accepting(refusals, self._engine.most_tickets(), self._answered())

    def _answered(self) -> list[SectorId] | None:
        """Return the sectors whose callers are answered; None while no call at all can be."""
        if not self._link.connected or self._engine.board.draining:
            return None
        return [one.sector for one in self._engine.sectors() if one.is_answered]
