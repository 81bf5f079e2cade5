"""The control channel between router and intake: one JSON object a line, over a socketpair.

No phone number is ever on it: single keys, opaque tickets and keyed digests at most. A question
carries a serial number under its own name, and its answer repeats it as "reply".

    intake -> router
      {"ready": true}                           the door is open
      {"alive": true}                           so it is, when asked
      {"worn": true}                            it has held numbers for long enough
      {"admit": n, ticket, sector, fiche,       may this be promised? `who` is the number's
         who, day, challenge, expires_at}       digest on `day`; `challenge` is the proof of
                                                work, or null
            {"reply": n, refusal, record}       one of the two is null; the record is on disk
                                                by then, or was there before
      {"status": n, ticket}                     {"reply": n, record}
      {"cancel": n, ticket}                     {"reply": n, record}: as it stands afterwards
      {"dialled": call, error}                  after {"dial"}: null, or {status, reason}
      {"claim": n, call, ticket, who, day}      may the number just typed be called back?
            {"reply": n, refusal}
      {"entered": call, ticket, refused}        after {"digits"}: the ticket whose number is in
                                                the vault, or why there is none
      {"holding": {ticket: who}, day}           the digests of the vault's numbers on `day`: at
                                                the start, if asked for, and when the day changes
      {"leaked": count}                         this many more values were kept out of its log
                                                because they could be numbers

    router -> intake
      {"accepting": {sector: refusal | null},   what may be asked for, nothing before the first;
       "answered": [sector] | null}             where somebody is on duty; null: no call can be
                                                answered
      {"dial": {call, ticket, timeout_s, variables, carrier}}
      {"hang_up": call}                         the attempt is over: do not dial, or hang up
      {"digits": call}                          begin to take a number on that channel
      {"digit": call, key}
      {"played": call, playback, heard}         one of its prompts is over: heard, or broken off
      {"digits_over": call}                     the caller has left
      {"alive": true}                           is it? Asked now and then
      {"retire": linger_s}                      take nothing more, finish, and go
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

from router.core.callback.tickets import Failure, TicketRecord, TicketState
from router.core.ids import FicheId, SectorId, TicketId

Message = Mapping[str, Any]

#: The ids of the intake's playbacks begin with this: their PlaybackFinished is for it alone.
PLAYBACK_PREFIX = "intake-"

#: One message is a few hundred bytes, but a full vault is listed in a single one.
_LONGEST_LINE = 4 * 1024 * 1024


class ChannelLost(ConnectionError):
    """The other end is gone; what was asked may or may not have been done."""


class Channel(asyncio.Protocol):
    """One end. `receive` gets every message except answers; `lost` is called once, at the end."""

    def __init__(self, receive: Callable[[Message], None], lost: Callable[[], None]) -> None:
        self._receive = receive
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._asked = 0
        self._waiting: dict[int, asyncio.Future[Message]] = {}

    def send(self, message: Message) -> None:
        """Send the message; it is dropped if there is nobody at the other end."""
        if self._transport is not None:
            self._transport.write(orjson.dumps(message) + b"\n")

    async def ask(self, what: str, message: Message) -> Message:
        """Send a question and return its answer.

        Raises:
            ChannelLost: If the other end is gone, or goes before it has answered.
        """
        if self._transport is None:
            raise ChannelLost
        self._asked += 1
        number = self._asked
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self.send({what: number, **message})
        try:
            return await answer
        finally:
            self._waiting.pop(number, None)

    def close(self) -> None:
        """Hang up; what was sent before that still arrives."""
        if self._transport is not None:
            self._transport.close()

    # --- asyncio.Protocol ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport: messages can be sent from now on."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Hand on every message that is complete; a line that is too long ends the channel."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            message = orjson.loads(line)
            if "reply" in message:
                waiting = self._waiting.pop(message["reply"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
            else:
                self._receive(message)
        if len(self._rest) > _LONGEST_LINE:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the questions that wait for an answer, and report the loss."""
        self._transport = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ChannelLost())
        self._waiting.clear()
        self._lost()


@dataclass(frozen=True, slots=True)
class Standing:
    """What the intake knows of a ticket: the part of its record that is shown."""

    ticket: TicketId
    sector: SectorId
    fiche: FicheId | None
    #: The instant promised, UTC epoch seconds.
    due_at: float
    state: TicketState
    #: Why the latest attempt came to nothing; None if none has.
    failure: Failure | None
    #: Whoever calls in with it need not be called back; "" when it is too late for that.
    code: str = ""


def message_of(record: TicketRecord | None) -> Message | None:
    """Serialise the part of the record that is shown."""
    if record is None:
        return None
    return {
        "ticket": record.ticket,
        "sector": record.sector,
        "fiche": record.fiche,
        "due_at": record.due_at,
        "state": record.state,
        "failure": record.failure,
        "code": record.code,
    }


def standing_of(record: Message | None) -> Standing | None:
    """Return what `message_of` serialised."""
    if record is None:
        return None
    fiche, failure = record["fiche"], record["failure"]
    return Standing(
        ticket=TicketId(record["ticket"]),
        sector=SectorId(record["sector"]),
        fiche=None if fiche is None else FicheId(fiche),
        due_at=record["due_at"],
        state=TicketState(record["state"]),
        failure=None if failure is None else Failure(failure),
        code=record["code"],
    )
