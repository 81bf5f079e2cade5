"""What usagers see of a ticket: a state, a time, a sentence."""

from typing import Any

from router.core.callback.tickets import ENDS, Failure, TicketState
from router.core.codes import in_pairs
from router.core.hours import Hours
from router.core.plan import Plan
from router.french import clock_text
from router.intake import page_words, rappel
from router.intake.channel import Standing
from router.web.sentences import typeset, with_number

_T = TicketState

#: Where a ticket stands -> what is shown: that an informateur's phone rings is not.
SHOWN: dict[TicketState, str] = {
    _T.WAITING: "accepted",
    _T.RINGING: "accepted",
    _T.DIALLING: "dialling",
    _T.ASKING: "dialling",
    _T.TALKING: "talking",
    _T.DONE: "done",
    _T.FAILED: "failed",
    _T.CANCELLED: "cancelled",
    _T.EXPIRED: "expired",
    _T.LOST_REBOOT: "lost_reboot",
}

_ERASED = f"Votre numéro est effacé. {page_words.AGAIN}"
_FAILED: dict[Failure, str] = {
    Failure.BUSY: f"Votre ligne était occupée. {_ERASED}",
    Failure.DECLINED: f"L’appel a été refusé. {_ERASED}",
    Failure.NO_ANSWER: f"Personne n’a répondu. {_ERASED}",
    Failure.VOICEMAIL: f"L’appel a été pris, mais la touche 1 n’a pas été pressée. {_ERASED}",
    Failure.HUNG_UP: f"L’appel a été pris, puis raccroché sans que la touche 1 soit pressée. "
    f"{_ERASED}",
    Failure.UNASSIGNED: f"Ce numéro n’est pas attribué. {_ERASED}",
    Failure.NUMBER_LOST: "Un incident technique nous a privés de votre numéro : le rappel n’a pas "
    f"pu avoir lieu. {_ERASED}",
    Failure.TRUNK: "Un incident technique a empêché l’appel ; votre ligne n’est pas en cause. "
    f"{_ERASED}",
    Failure.INTERRUPTED: f"Un incident technique a interrompu l’appel. {_ERASED}",
}


def progress_json(standing: Standing, plan: Plan, now: float) -> dict[str, Any]:
    """Return the state, the time promised, the service's own time, and a sentence."""
    hours = plan.hours
    progress: dict[str, Any] = {
        "state": SHOWN[standing.state],
        "due_at": hours.local(standing.due_at).isoformat(),
        "now": hours.local(now).isoformat(),
        "message": typeset(with_number(_message(standing, hours), plan)),
    }
    if reason := _reason(standing):
        progress["reason"] = reason
    if SHOWN[standing.state] == "accepted" and standing.code:
        progress["call_in_code"] = in_pairs(standing.code)
    return progress


def progress_page(standing: Standing) -> rappel.Progress:
    """Return what the page shows of the ticket."""
    return rappel.Progress(
        standing.ticket,
        SHOWN[standing.state],
        standing.due_at,
        _FAILED[standing.failure]
        if standing.state is _T.FAILED and standing.failure is not None
        else "",
        _reason(standing),
        in_pairs(standing.code),
    )


def _message(standing: Standing, hours: Hours) -> str:
    state = SHOWN[standing.state]
    if state == "accepted":
        due = hours.local(standing.due_at)
        return f"Un informateur vous rappelle au plus tard à {clock_text(due.time())}."
    if standing.state is _T.FAILED and standing.failure is not None:
        return _FAILED[standing.failure]
    return page_words.STATES[state][2]


def _reason(standing: Standing) -> str | None:
    """Why the latest attempt came to nothing: before the next one, and when there is none."""
    if standing.failure is None:
        return None
    if SHOWN[standing.state] == "accepted" or standing.state in ENDS:
        return standing.failure.value.replace(" ", "_")
    return None
