"""What the public can do by phone now, and how pages say it."""

from enum import Enum

from router.core.hours import Hours, clock_text


class Phone(Enum):
    """What happens to who dials the service's number now."""

    ANSWERED = "answered"
    CLOSED = "closed"
    #: Open, and nobody on duty.
    NOBODY = "nobody"
    #: Open, and so many wait that nobody more may.
    FULL = "full"
    #: Open, and calls cannot be answered for a technical reason.
    AWAY = "away"


def phone_now(hours: Hours, now: float, *, ready: bool, staffed: bool, full: bool = False) -> Phone:
    """Return what dialling leads to at `now`, UTC epoch seconds.

    `ready`: calls can be answered; `staffed`: somebody is on duty; `full`: so many wait that
    nobody more may.
    """
    if not hours.is_open(now):
        return Phone.CLOSED
    if not ready:
        return Phone.AWAY
    if not staffed:
        return Phone.NOBODY
    return Phone.FULL if full else Phone.ANSWERED


def told(phone: Phone, hours: Hours, now: float) -> str:
    """Return the sentences that say so, with the hour of the next change."""
    if phone is Phone.CLOSED:
        return f"Le service est fermé. Il ouvre {hours.next_opening_text(now)}."
    is_open = "Le service est ouvert"
    if (closes_at := hours.closes_at(now)) is not None:
        is_open += f" jusqu’à {clock_text(hours.local(closes_at).time())}"
    if phone is Phone.NOBODY:
        return (
            f"{is_open}, mais personne ne peut répondre pour le moment. Réessayez un peu plus tard."
        )
    if phone is Phone.FULL:
        return (
            f"{is_open}, mais trop de personnes attendent déjà : les nouveaux appels ne peuvent "
            "pas être pris pour le moment. Réessayez un peu plus tard."
        )
    if phone is Phone.AWAY:
        return (
            f"{is_open}, mais la téléphonie est momentanément indisponible. "
            "Réessayez dans quelques minutes."
        )
    return f"{is_open}."
