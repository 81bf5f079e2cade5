"""Why no callback can be asked for, in the same words on pages and over HTTP."""

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil

from router.core.callback.tickets import Refusal
from router.core.plan import Plan
from router.french import next_opening
from router.web.replies import Refused
from router.web.sentences import with_number


@dataclass(frozen=True, slots=True)
class Reason:
    """What to say of a refusal."""

    message: str
    #: After how many seconds trying again may help; None: not before the next opening.
    retry_s: int | None
    #: Whether to advise dialling instead, while calls are answered.
    dial: bool = False


REASONS: dict[Refusal, Reason] = {
    Refusal.CLOSED: Reason(
        "Un rappel ne peut être demandé que pendant les heures d’ouverture.", None
    ),
    Refusal.CLOSING: Reason(
        "Le service ferme bientôt : le rappel ne pourrait pas avoir lieu avant la fermeture.", None
    ),
    Refusal.FULL: Reason(
        "Trop de personnes attendent déjà pour que le délai de rappel soit tenu. "
        "Réessayez un peu plus tard.",
        300,
        dial=True,
    ),
    Refusal.NO_AGENT: Reason(
        "Aucun informateur de ce domaine n’est présent pour le moment. Réessayez plus tard.", 300
    ),
    Refusal.TRUNK: Reason("Le service ne peut pas appeler pour le moment.", 60, dial=True),
    Refusal.UNAVAILABLE: Reason("Le rappel n’est pas disponible pour le moment.", 30, dial=True),
}


_DIAL = "Vous pouvez composer le {number}."


class NotNow(Refused):
    """503: trying again after `retry_s` seconds may help; None: nobody knows when.

    `opens_at` is the next opening, local time in ISO 8601, where that is what to wait for.
    """

    def __init__(
        self, refusal: Refusal, message: str, retry_s: int | None, opens_at: str | None = None
    ) -> None:
        super().__init__(503, refusal.value, None, message)
        self.retry_s = retry_s
        self.opens_at = opens_at


def busy() -> Refused:
    """Return the refusal of a request for which there is no time now: too many ask at once."""
    message = "Trop de demandes arrivent en même temps. Réessayez dans quelques secondes."
    refused = Refused(503, "busy", None, message)
    refused.retry_s = 2
    return refused


def most_common(refusals: Collection[Refusal | None]) -> Refusal | None:
    """Return the commonest reason why no callback is promised; None if one is, somewhere.

    That nobody is on duty in a sector counts only if nobody is in any other either.
    """
    if None in refusals:
        return None
    others = [one for one in refusals if one is not Refusal.NO_AGENT]
    return max(others, key=others.count) if others else Refusal.NO_AGENT


def not_now(refusal: Refusal, plan: Plan, now: float, *, answered: bool) -> NotNow:
    """Return the refusal, with the next opening where that is what to wait for.

    `answered`: calls are answered now, so that dialling can be advised.
    """
    reason, hours = REASONS[refusal], plan.hours
    if reason.retry_s is not None:
        dial = f" {with_number(_DIAL, plan)}" if reason.dial and answered else ""
        return NotNow(refusal, reason.message + dial, reason.retry_s)
    opens_at = hours.next_opening(now)
    message = f"{reason.message} Le service ouvre {next_opening(hours, now)}."
    if opens_at is None:
        return NotNow(refusal, message, None)
    return NotNow(refusal, message, ceil(opens_at - now), hours.local(opens_at).isoformat())
