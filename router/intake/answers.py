"""What usagers see of a ticket: a state, an hour, a sentence."""

from datetime import datetime
from typing import Any

from router.core.callback.tickets import ENDS, Failure, TicketState
from router.core.codes import in_pairs
from router.core.hours import Hours, clock_text
from router.core.plan import Plan
from router.intake import page_words, rappel
from router.intake.channel import Standing
from router.web.sentences import typeset, with_number

_T = TicketState

#: The page's words for where a ticket stands: that an informateur's phone rings is not told.
STATES: dict[TicketState, str] = {
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

_AGAIN = f"Votre numéro est effacé. {page_words.AGAIN}"
_FAILED: dict[Failure, str] = {
    Failure.BUSY: f"Votre ligne était occupée. {_AGAIN}",
    Failure.DECLINED: f"L’appel a été refusé. {_AGAIN}",
    Failure.NO_ANSWER: f"Personne n’a répondu. {_AGAIN}",
    Failure.VOICEMAIL: f"L’appel a été pris, mais la touche 1 n’a pas été pressée. {_AGAIN}",
    Failure.HUNG_UP: f"L’appel a été pris, puis raccroché sans que la touche 1 soit pressée. "
    f"{_AGAIN}",
    Failure.UNASSIGNED: f"Ce numéro n’est pas attribué. {_AGAIN}",
    Failure.NUMBER_LOST: "Un incident technique nous a privés de votre numéro : le rappel n’a pas "
    f"pu avoir lieu. {_AGAIN}",
    Failure.TRUNK: "Un incident technique a empêché l’appel ; votre ligne n’est pas en cause. "
    f"{_AGAIN}",
    Failure.INTERRUPTED: f"Un incident technique a interrompu l’appel. {_AGAIN}",
}


def progress_json(standing: Standing, plan: Plan, now: float) -> dict[str, Any]:
    """Return the state, the hour promised, the service's own hour, and a sentence."""
    hours = plan.hours
    progress: dict[str, Any] = {
        "state": STATES[standing.state],
        "due_at": _local(hours, standing.due_at),
        "now": _local(hours, now),
        "message": typeset(with_number(_message(standing, hours), plan)),
    }
    if reason := _reason(standing):
        progress["reason"] = reason
    if STATES[standing.state] == "accepted" and standing.code:
        progress["call_in_code"] = in_pairs(standing.code)
    return progress


def progress_page(standing: Standing) -> rappel.Progress:
    """Return the same for the page."""
    return rappel.Progress(
        standing.ticket,
        STATES[standing.state],
        standing.due_at,
        _FAILED[standing.failure]
        if standing.state is _T.FAILED and standing.failure is not None
        else "",
        _reason(standing),
        in_pairs(standing.code),
    )


def _message(standing: Standing, hours: Hours) -> str:
    state = STATES[standing.state]
    if state == "accepted":
        due = hours.local(standing.due_at)
        return f"Un informateur vous rappelle au plus tard à {clock_text(due.time())}."
    if standing.state is _T.FAILED and standing.failure is not None:
        return _FAILED[standing.failure]
    return page_words.STATES[state][2]


def _reason(standing: Standing) -> str | None:
    """Why the last attempt came to nothing, while another one is to come, or none is."""
    if standing.failure is None:
        return None
    if STATES[standing.state] == "accepted" or standing.state in ENDS:
        return standing.failure.value.replace(" ", "_")
    return None


def _local(hours: Hours, at: float) -> str:
    """ISO 8601 with the offset of the service's zone."""
    local: datetime = hours.local(at)
    return local.isoformat(timespec="seconds")
