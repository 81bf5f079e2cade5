"""An informateur's desk as JSON: where it stands, what can be chosen there, why a call came.

Times are local with their offset, durations whole seconds. Nothing here could name a caller.
"""

from typing import Any

from router.core.desk.agents import Choice, PastCall
from router.core.desk.desk_view import AsideView, CallView, DeskView
from router.core.events import Absence
from router.core.hours import Hours
from router.core.ids import FicheId, ReasonId, SectorId
from router.core.plan import Plan
from router.core.requests import Result
from router.core.today import Message

#: Why the service itself has somebody pause.
_SERVICE_REASONS = {
    "missed": "Appel sans réponse",
    "too many missed": "Plusieurs appels sans réponse",
    "rejected": "Appel rejeté",
    "busy": "Poste occupé",
    "unreachable": "Poste injoignable",
}
#: Why a phone cannot be rung.
_ABSENCES = {
    Absence.UNREGISTERED: "Poste non raccordé au service",
    Absence.CLOSED: "Page du poste fermée ou coupée du service",
    Absence.SILENT: "Page du poste sans réponse",
}
_RESULTS = {
    Result.ANSWERED: "Réponse donnée",
    Result.PARTLY: "Réponse partielle",
    Result.REFERRED: "Orientation vers un autre organisme",
    Result.OUT_OF_SCOPE: "Hors du champ du service",
}


def desk_json(view: DeskView, plan: Plan, now: float) -> dict[str, Any]:
    """Return the view for a page; durations are up to `now`, UTC epoch seconds."""
    since_at = view.since_at or None  # 0: nothing has happened yet
    return {
        "agent": view.agent,
        "state": view.state.value,
        "since": None if since_at is None else _local(plan.hours, since_at),
        "since_s": None if since_at is None else _seconds(now - since_at),
        "until": None if view.until_at is None else _local(plan.hours, view.until_at),
        "until_s": None if view.until_at is None else _seconds(view.until_at - now),
        "phone": view.phone,
        "present": view.present,
        "absence": None if view.absence is None else absence_json(view.absence),
        "reason": None if view.reason is None else reason_json(view.reason, plan),
        "misses": view.misses,
        "call": None if view.call is None else _call_json(view.call, plan, now),
        "watched_by": view.watched_by,
        "why": None if view.why is None else why_here(view.why),
        "after_call": _after_call_json(view, plan),
        "noting": _noting_json(view, plan, now),
        "directed_by": view.directed_by,
        "message": None if view.message is None else _message_json(view.message, plan),
    }


def past_json(past: PastCall, plan: Plan) -> dict[str, Any]:
    """Return a conversation of the day, for the informateur who had it."""
    return {
        "ended": _local(plan.hours, past.ended_at),
        "talked_s": _seconds(past.talked_s),
        "sector": _sector_json(past.sector, plan),
        "fiche": _fiche_json(past.fiche, plan),
        "door": past.door.value,
        "result": None if past.result is None else _named(past.result),
    }


def choices_json(plan: Plan) -> dict[str, Any]:
    """Return what an informateur can choose from, in the plan's order."""
    return {
        "reasons": [
            {"id": one.id, "name": one.name, "key": one.key, "longest_s": one.longest_s}
            for one in plan.desk.reasons.values()
        ],
        "sectors": [
            {"id": one.id, "name": one.name, "code": one.code} for one in plan.domains.values()
        ],
        "directory": [
            {"id": one.id, "name": one.name, "number": one.number, "code": one.code}
            for one in plan.directory.values()
        ],
        "results": [_named(one) for one in Result],
        "fiches": [
            {"id": one.id, "title": one.title, "sector": one.sector} for one in plan.fiches.values()
        ],
    }


def why_json(view: DeskView) -> dict[str, Any]:
    """Return why the latest call went to an informateur; null before the first."""
    return {"agent": view.agent, "why": None if view.why is None else why_here(view.why)}


def why_here(choice: Choice) -> str:
    """Return why a call went to an informateur, as a French sentence."""
    levels = "un niveau ouvert" if choice.widened == 1 else f"{choice.widened} niveaux ouverts"
    among = (
        "seul poste prêt"
        if choice.ready == 1
        else f"libre avant les {choice.ready - 1} autres postes prêts"
    )
    first = (
        "seul appel en attente pour ce poste"
        if choice.open_items == 1
        else f"premier dû des {choice.open_items} appels en attente pour ce poste"
    )
    return (
        f"Niveau {choice.level} ({levels} après {choice.waited_s:.0f} s d’attente), libre depuis "
        f"{choice.idle_s:.0f} s, {among} à ce niveau ; {first}."
    )


def _call_json(call: CallView, plan: Plan, now: float) -> dict[str, Any]:
    return {
        "state": call.state.value,
        "sector": _sector_json(call.sector, plan),
        "door": call.door.value,
        "fiche": _fiche_json(call.fiche, plan),
        "waited_s": _seconds(call.waited_s),
        "talked_s": None if call.talked_s is None else _seconds(call.talked_s),
        "held_s": None if call.held_at is None else _seconds(now - call.held_at),
        "attempts": call.attempts,
        "passed_on": call.passed_on,
        "consulted": call.consulted,
        "aside": None if call.aside is None else _aside_json(call.aside, plan),
    }


def _aside_json(aside: AsideView, plan: Plan) -> dict[str, Any]:
    entry = None if aside.entry is None else plan.directory.get(aside.entry)
    return {
        "sector": None if aside.sector is None else _sector_json(aside.sector, plan),
        "entry": None if entry is None else {"id": entry.id, "name": entry.name},
        "joined": aside.joined,
    }


def _after_call_json(view: DeskView, plan: Plan) -> dict[str, Any] | None:
    """What was asked for during the call, and will be done at its end."""
    if view.leaving:
        return {"do": "log-out", "reason": None}
    if view.pausing is not None:
        return {"do": "pause", "reason": reason_json(view.pausing, plan)}
    return None


def _noting_json(view: DeskView, plan: Plan, now: float) -> dict[str, Any] | None:
    """The last call, while it can be noted."""
    noting = view.noting
    if noting is None or noting.until_at <= now:
        return None
    return {
        "sector": _sector_json(noting.sector, plan),
        "fiche": _fiche_json(noting.fiche, plan),
        "until_s": _seconds(noting.until_at - now),
    }


def _sector_json(sector: SectorId, plan: Plan) -> dict[str, str]:
    known = plan.sectors.get(sector)  # a conversation may be of an earlier plan
    return {"id": sector, "name": sector if known is None else known.name}


def _fiche_json(fiche: FicheId | None, plan: Plan) -> dict[str, str | None] | None:
    known = None if fiche is None else plan.fiches.get(fiche)
    if known is None:
        return None
    return {"id": known.id, "title": known.title, "url": plan.address_of(known.id)}


def _named(result: Result) -> dict[str, str]:
    return {"id": result.value, "name": _RESULTS[result]}


def _message_json(message: Message, plan: Plan) -> dict[str, str]:
    return {
        "text": message.text,
        "by": message.supervisor,
        "at": _local(plan.hours, message.at),
    }


def absence_json(absence: Absence) -> dict[str, str]:
    """Return why a phone cannot be rung."""
    return {"id": absence.value, "name": _ABSENCES[absence]}


def reason_json(reason: ReasonId, plan: Plan) -> dict[str, str]:
    """Return why somebody is paused: a reason of the plan's, or one of the service's own."""
    if reason in plan.desk.reasons:
        return {"id": reason, "name": plan.desk.reasons[reason].name}
    return {"id": reason, "name": _SERVICE_REASONS.get(reason, reason)}


def _local(hours: Hours, at: float) -> str:
    return hours.local(at).isoformat()


def _seconds(duration_s: float) -> int:
    """Whole seconds; a deadline just past has 0 left."""
    return max(0, round(duration_s))
