"""The control channel between router and intake: one JSON object a line, over a socketpair.

Nothing on it is ever a number: single keys, opaque tickets and keyed digests at most. A
question carries its number under its own name, and the answer has it as "reply".

    intake -> router
      {"ready": true}                           the door is open
      {"worn": true}                            it has held numbers for long enough
      {"admit": n, ticket, sector, fiche,       may this be promised? `who` is the number's
         who, day, challenge, expires_at}       digest on `day`; `challenge` or null: the proof
            {"reply": n, refusal, record}       of work. One of the two is null; the record is
                                                on disk by then, or was there before
      {"status": n, ticket}                     {"reply": n, record}
      {"cancel": n, ticket}                     {"reply": n, record}: as it stands afterwards
      {"dialled": call, error}                  after {"dial"}: null, or {status, reason}
      {"claim": n, call, ticket, who, day}      may the number typed be called back at all?
            {"reply": n, refusal}
      {"entered": call, ticket, refused}        after {"digits"}: the ticket whose number is in
                                                the vault, or why there is none
      {"holding": {ticket: who}, day}           whose the vault's numbers are, on `day`: at the
                                                start, if so wanted, and when the day changes
      {"leaked": true}                          its log was about to tell a number

    router -> intake
      {"accepting": {sector: refusal | null},   what may be asked for, nothing before the first;
       "answered": [sector] | null}             where somebody is on duty; null: no call is taken
      {"dial": {call, ticket, timeout_s, variables}}
      {"digits": call}                          begin to take a number on that channel
      {"digit": call, key}
      {"played": call, playback, heard}         one of ours is over: heard, or broken off
      {"digits_over": call}                     the caller has left
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

#: Ids of the intake's playbacks begin so: PlaybackFinished with such an id is for it alone.
PLAYBACK_PREFIX = "intake-"

#: One message is a few hundred bytes; a vault full of tickets is told in one.
_LONGEST_LINE = 4 * 1024 * 1024


class ChannelLost(ConnectionError):
    """The other side is gone; what was asked may or may not have been done."""


class Channel(asyncio.Protocol):
    """One end. `receive` gets every message but answers, `lost` is called once at the end."""

    def __init__(self, receive: Callable[[Message], None], lost: Callable[[], None]) -> None:
        self._receive = receive
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._asked = 0
        self._waiting: dict[int, asyncio.Future[Message]] = {}

    def send(self, message: Message) -> None:
        """Send; without anybody there, nothing happens."""
        if self._transport is not None:
            self._transport.write(orjson.dumps(message) + b"\n")

    async def ask(self, what: str, message: Message) -> Message:
        """Send a question and return its answer.

        Raises:
            ChannelLost: If the other side goes away meanwhile.
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
        """Hang up; what was sent before still arrives."""
        if self._transport is not None:
            self._transport.close()

    # --- asyncio.Protocol ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
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
    failure: Failure | None
    #: Who calls in with it need not be called back; "" when it is too late for that.
    code: str = ""


def told(record: TicketRecord | None) -> Message | None:
    """Return the record as it is sent."""
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


def heard(record: Message | None) -> Standing | None:
    """Return the record that was sent."""
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
