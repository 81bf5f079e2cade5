"""What the service does for the intake, as the intake sees it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from router.core.callback.tickets import Admission, TicketRecord
from router.core.ids import CallId, FicheId, SectorId, TicketId
from router.intake.dialling import DialError


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller who types a number is waiting for."""

    sector: SectorId
    #: The page whose code was typed; None: none was.
    fiche: FicheId | None


class IntakeBackend(Protocol):
    """The service. Everything is called on the event loop; nothing may block."""

    async def admit(self, ticket: TicketId, sector: SectorId, fiche: FicheId | None) -> Admission:
        """Promise a callback under `ticket`, or refuse. A promise is on disk when this returns."""

    async def typed(self, call: CallId, ticket: TicketId, wanted: Wanted) -> bool:
        """Promise a callback to a caller whose number is in the vault under `ticket`.

        Return whether it is promised; if not, the intake forgets the number.
        """

    def not_typed(self, call: CallId, why: str) -> None:
        """Go on with a caller who was to type a number and has not.

        `why` is a code of `numbers.Why`, `tickets.Refusal` or `abuse.LimitReached`, or one of
        "nothing_typed", "not_confirmed", "interrupted".
        """

    def status(self, ticket: TicketId) -> TicketRecord | None:
        """Return the ticket's record, of an ended one too; None: never seen."""

    def cancel(self, ticket: TicketId) -> TicketRecord | None:
        """Cancel the ticket if that can be done; return its record as it stands then."""

    def dialled(self, call: CallId, error: DialError | None) -> None:
        """Hear that the number of a `dial` was dialled, or why not."""

    def number_lost(self, ticket: TicketId) -> None:
        """Hear that an open ticket has no number any more."""

    def vault_changed(self, readable: bool) -> None:
        """Hear that numbers can be read again, or not for now."""

    def open_tickets(self) -> Collection[TicketId]:
        """Return every ticket that has not ended, as far as they are known."""

    @property
    def knows_all(self) -> bool:
        """Whether there is no open ticket but those that are known."""
