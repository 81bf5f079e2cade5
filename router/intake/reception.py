"""A request to be called back: from what was typed to a ticket that the router has promised.

Cheap checks come first, and nothing is spent on what they refuse: the number is read, then
whether callbacks are taken at all, then the proof of work, then the vault; only then is the
router asked, which checks the limits, makes its promise and writes it to disk before it answers.

The ticket is an HMAC of the requester and the idempotency key, on this day. So a request sent
again finds its own ticket, even after everything was restarted, without any of it being kept;
and one that was refused may be tried again under its key. What shows whether it is the same
request is the number in the vault itself, never a digest of it.
"""

import asyncio
import base64
import hmac
import re
import time
from collections.abc import Mapping

import structlog

from router.core.callback.tickets import ENDS, Refusal
from router.core.ids import CallId, SectorId, TicketId
from router.errors import NumberRefused, VaultError
from router.intake.abuse import LimitReached
from router.intake.altcha import Challenges, Solved
from router.intake.channel import Channel, ChannelLost, Message, Standing, standing_of
from router.intake.day_key import DayKey
from router.intake.numbers import PhoneNumber, read_number
from router.intake.requests import CallbackRequest
from router.intake.terms import Terms
from router.intake.vault import Vault
from router.intake.wear import Wear
from router.web.present import Phone, phone_now
from router.web.refusals import REASONS, NotNow, not_now
from router.web.replies import Refused
from router.web.sentences import with_number

#: A router that has not answered within this counts as away.
PATIENCE_S = 5.0
#: The share of it within which the router must have begun to answer.
_PROMPT = 0.9
_TICKET_BYTES = 24
#: These bytes in base64url; secrets.token_urlsafe writes them the same way.
_TICKET = re.compile(r"[A-Za-z0-9_-]{32}")
#: Stands for anything that is no ticket, so that it takes as long as one that is unknown.
_NO_TICKET = TicketId("-" * 32)

_LIMITS = {limit.code: limit for limit in LimitReached}


class Reception:
    """Takes requests. `wear` counts every number that comes in."""

    def __init__(
        self,
        terms: Terms,
        vault: Vault | None,
        day_key: DayKey,
        channel: Channel,
        wear: Wear,
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._terms = terms
        self._vault = vault
        self._day_key = day_key
        self._channel = channel
        self._wear = wear
        self._patience_s = patience_s
        self._log = structlog.get_logger()
        #: Sets and checks the proofs of work.
        self.challenges = Challenges(terms.challenge_key, terms.difficulty)
        #: Why each sector takes no callbacks, None if it does.
        self._accepting: Mapping[SectorId, Refusal | None] = {}
        #: The sectors with somebody on duty; None while no call at all can be answered.
        self._answered: frozenset[SectorId] | None = None
        self.update(terms.accepting)

    def update(self, accepting: Message) -> None:
        """Take up what the router says of the sectors: {"accepting", "answered"}."""
        self._accepting = {
            SectorId(sector): None if code is None else Refusal(code)
            for sector, code in accepting["accepting"].items()
        }
        answered = accepting["answered"]
        self._answered = None if answered is None else frozenset(answered)

    def refusal(self, sector: SectorId) -> Refusal | None:
        """Return why no callback is taken for the sector now; None if one is."""
        if self._vault is None or self._terms.presented is None:
            return Refusal.UNAVAILABLE
        return self._accepting.get(sector, Refusal.UNAVAILABLE)

    def refused(self, refusal: Refusal) -> NotNow:
        """Return the refusal as an answer: when to try again, and whether one may dial instead."""
        answered = self.phone() is Phone.ANSWERED
        return not_now(refusal, self._terms.plan, self._terms.now(), answered=answered)

    def phone(self, sector: SectorId | None = None) -> Phone:
        """Return what dialling leads to now, for questions of `sector`; None: for any question."""
        on_duty = self._answered or frozenset()
        return phone_now(
            self._terms.plan.hours,
            self._terms.now(),
            ready=self._answered is not None,
            staffed=bool(on_duty) if sector is None else sector in on_duty,
        )

    async def take(
        self, wanted: CallbackRequest, requester: str, key: str, *, proof: bool
    ) -> Standing:
        """Return the ticket, always the same for the same request.

        `requester` is an origin or the name of a trusted key (`guard.Requester`); `proof` says
        whether a proof of work is needed.

        Raises:
            Refused: With what is wrong.
        """
        number = self._number(wanted.typed)
        ticket = self._ticket(requester, key)
        solved = None
        if not self._is_known(ticket, number):
            if (refusal := self.refusal(wanted.sector)) is not None:
                raise self.refused(refusal)
            if proof:
                solved = self._solved(wanted.proof)
        question = {
            "ticket": ticket,
            "sector": wanted.sector,
            "fiche": wanted.fiche,
            **self._whose(number),
            "challenge": solved and solved.challenge,
            "expires_at": solved and solved.expires_at,
            # One clock for all processes of a machine, clock_gettime(2). A moment less than we
            # wait: what is promised at the last instant must still be told.
            "until": time.monotonic() + self._patience_s * _PROMPT,
        }
        self._keep(ticket, number)
        answer = await self._ask("admit", question)
        if (code := answer["refusal"]) is not None:
            raise self._refused_by_router(code)
        standing = standing_of(answer["record"])
        assert standing is not None
        if (standing.sector, standing.fiche) != (wanted.sector, wanted.fiche):
            raise _conflict()
        # A refusal of the same request, sent twice at once, may just have dropped it.
        if standing.state not in ENDS:
            self._keep(ticket, number)
        return standing

    async def claim(self, call: CallId, ticket: TicketId, number: PhoneNumber) -> str | None:
        """Keep the number that a caller typed, or return why it may not be called back."""
        whose = self._whose(number)
        try:
            self._keep(ticket, number)
            answer = await self._ask("claim", {"call": call, "ticket": ticket, **whose})
        except Refused as error:
            return error.code
        refusal: str | None = answer["refusal"]
        return refusal

    async def status(self, ticket: str) -> Standing | None:
        """Return where the ticket stands; None if it is unknown."""
        return await self._about("status", ticket)

    async def cancel(self, ticket: str) -> Standing | None:
        """Cancel the ticket, if it is not too late, and return where it stands then."""
        return await self._about("cancel", ticket)

    def recount(self) -> None:
        """Tell the router whose the open tickets are, under the key of the day."""
        self._day_key.turn_to(self._terms.today())
        self._tell_holding()

    # --- its parts, in their order ---------------------------------------------------------

    def _number(self, typed: str) -> PhoneNumber:
        self._wear.add()
        try:
            return read_number(typed, fiction=self._terms.fiction)
        except NumberRefused as error:
            raise Refused(422, error.code, error.field, error.message) from None

    def _ticket(self, requester: str, key: str) -> TicketId:
        asked = f"{self._terms.today():%Y-%m-%d}\n{requester}\n{key}"
        digest = hmac.digest(self._terms.ticket_key, asked.encode(), "sha256")
        return TicketId(base64.urlsafe_b64encode(digest[:_TICKET_BYTES]).decode())

    def _is_known(self, ticket: TicketId, number: PhoneNumber) -> bool:
        """Whether just this was asked before: closing time and an old proof then do not matter."""
        try:
            return self._vault is not None and self._vault.get(ticket) == number
        except VaultError:
            return False  # `_keep` will say so

    def _solved(self, payload: str | None) -> Solved:
        solved = self.challenges.solved(payload or "", self._terms.now())
        if solved is None:
            raise _wrong_proof()
        return solved

    def _keep(self, ticket: TicketId, number: PhoneNumber) -> None:
        try:
            if self._vault is None:
                raise self.refused(Refusal.UNAVAILABLE)
            self._vault.put(ticket, number)
        except VaultError as error:
            if error.code == "taken":
                raise _conflict() from None
            self._log.error("vault", error=error.code, reason=str(error))
            raise self.refused(Refusal.UNAVAILABLE) from None

    def _whose(self, number: PhoneNumber) -> Message:
        today = self._terms.today()
        if self._day_key.turn_to(today):
            self._tell_holding()
        return {"who": self._day_key.digest(number), "day": today}

    def _tell_holding(self) -> None:
        if self._vault is None:
            return
        holding = {}
        try:
            for ticket in self._vault.tickets():
                if (number := self._vault.get(ticket)) is not None:
                    holding[ticket] = self._day_key.digest(number)
        except VaultError as error:
            self._log.error("vault", error=error.code, reason=str(error))
        if holding:
            self._wear.add(len(holding))
        self._channel.send({"holding": holding, "day": self._terms.today()})

    def _refused_by_router(self, code: str) -> Refused:
        """The refusal with the router's `code`, in French."""
        if code == "proof_spent":
            return _wrong_proof()
        if code in _LIMITS:
            limit = _LIMITS[code]
            if limit is LimitReached.TOO_MANY_OPEN:
                return NotNow(Refusal.FULL, limit.message, REASONS[Refusal.FULL].retry_s)
            return Refused(429, limit.code, "phone", with_number(limit.message, self._terms.plan))
        return self.refused(Refusal(code))

    async def _about(self, question: str, ticket: str) -> Standing | None:
        known = TicketId(ticket) if _TICKET.fullmatch(ticket) else _NO_TICKET
        answer = await self._ask(question, {"ticket": known})
        if (code := answer["refusal"]) is not None:
            raise self._refused_by_router(code)
        return standing_of(answer["record"])

    async def _ask(self, what: str, question: Message) -> Message:
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._channel.ask(what, question)
        except (ChannelLost, TimeoutError):
            raise self.refused(Refusal.UNAVAILABLE) from None


def _conflict() -> Refused:
    return Refused(
        409,
        "idempotency_conflict",
        "Idempotency-Key",
        "Cette clé a déjà servi pour une autre demande.",
    )


def _wrong_proof() -> Refused:
    return Refused(
        422,
        "wrong_proof",
        "altcha",
        "La vérification a échoué ou n’est plus valable. Rechargez la page, puis réessayez.",
    )
