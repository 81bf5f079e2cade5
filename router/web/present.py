"""What the public can do by phone now, and how pages say so."""

from enum import Enum

from router.core.hours import Hours
from router.french import clock_text, next_opening


class Phone(Enum):
    """What happens to callers now."""

    ANSWERED = "answered"
    CLOSED = "closed"
    #: Open, but nobody is on duty.
    NOBODY = "nobody"
    #: Open, but no more callers may wait.
    FULL = "full"
    #: Open, but calls cannot be answered for a technical reason.
    AWAY = "away"


def phone_now(hours: Hours, now: float, *, ready: bool, staffed: bool, full: bool = False) -> Phone:
    """Return what happens to callers at `now`, UTC epoch seconds.

    `ready`: calls can be answered; `staffed`: somebody is on duty; `full`: no more may wait.
    """
    if not hours.is_open(now):
        return Phone.CLOSED
    if not ready:
        return Phone.AWAY
    if not staffed:
        return Phone.NOBODY
    return Phone.FULL if full else Phone.ANSWERED


def phone_sentences(phone: Phone, hours: Hours, now: float) -> str:
    """Return the sentences that say so, with the time of the next change."""
    if phone is Phone.CLOSED:
        return f"Le service est fermé. Il ouvre {next_opening(hours, now)}."
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
