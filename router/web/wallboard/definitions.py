"""What each figure of the wallboard means: those of this instant, and those of the report.

As everywhere, a definition never changes under its id. Figures of the day are the report's own, so
that board and report can be laid side by side.
"""

from collections.abc import Mapping
from typing import Any

from router.config.goals import Goals
from router.core.plan import Plan
from router.report.definition import Definition, Unit
from router.report.director import GOALS
from router.report.figures import DEFINITIONS as COUNTED
from router.web.sentences import typeset
from router.web.snapshot import AT_RISK_S

#: A callback due within this is soon, in seconds.
SOON_S = 600.0


def _made(id_: str, name: str, short: str, unit: Unit, formula: str, sentence: str) -> Definition:
    """Return the definition of a figure that is not made of columns."""
    return Definition(id_, name, short, (), (), unit, formula, sentence)


_COUNT, _SECONDS = Unit.COUNT, Unit.SECONDS
WAITING, LONGEST_WAIT, WAIT_TOLD = "waiting/1", "longest-wait/1", "wait-told/1"
ON_DUTY, READY = "on-duty/1", "ready/1"
CALLBACKS_OPEN, CALLBACKS_SOON = "callbacks-open/1", "callbacks-soon/1"
CALLBACKS_AT_RISK, CALLBACKS_LATE = "callbacks-at-risk/1", "callbacks-late/1"

#: True of this instant, and known from the engine.
LIVE = (
    _made(
        WAITING,
        "Personnes en attente",
        "En attente",
        _COUNT,
        "callers who have asked for an informateur and talk to none yet, those for whom a phone "
        "is ringing included; callbacks are not on the line",
        "Personnes en ligne qui ont demandé un informateur et ne parlent encore à aucun, y compris "
        "celles pour qui un poste sonne.",
    ),
    _made(
        LONGEST_WAIT,
        "Plus longue attente en cours",
        "Plus longue",
        _SECONDS,
        "since the earliest of waiting/1 joined the queue, or came back to it",
        "Temps écoulé depuis que la première des personnes en attente est entrée dans la file, ou "
        "y est revenue.",
    ),
    _made(
        WAIT_TOLD,
        "Attente annoncée",
        "Annoncée",
        _SECONDS,
        "between which bounds a new caller would wait, as announced; nothing where that is not "
        "known well enough",
        "Ce qui serait annoncé à une personne qui appellerait maintenant ; rien si ce n’est pas "
        "assez sûr.",
    ),
    _made(
        ON_DUTY,
        "Informateurs en poste",
        "En poste",
        _COUNT,
        "informateurs of the sector, at any level, who are logged in and whose phone is there",
        "Informateurs du domaine, de tout niveau, dont la session est ouverte et le poste "
        "raccordé.",
    ),
    _made(
        READY,
        "Informateurs prêts",
        "Prêts",
        _COUNT,
        "those of on-duty/1 who could take a call at once",
        "Ceux d’entre eux qui peuvent prendre un appel tout de suite.",
    ),
    _made(
        CALLBACKS_OPEN,
        "Rappels promis",
        "Promis",
        _COUNT,
        "callbacks promised and not over: those that wait and those under way",
        "Rappels promis qui ne sont pas terminés : en attente ou en cours.",
    ),
    _made(
        CALLBACKS_SOON,
        f"Rappels dus dans les {SOON_S / 60:.0f} minutes",
        f"Dus sous {SOON_S / 60:.0f} min",
        _COUNT,
        f"callbacks that are not under way and due within {SOON_S:.0f} s, those past due included",
        f"Rappels qui ne sont pas en cours et doivent l’être dans les {SOON_S / 60:.0f} minutes, "
        "retards compris.",
    ),
    _made(
        CALLBACKS_AT_RISK,
        "Rappels menacés",
        "Menacés",
        _COUNT,
        f"callbacks that are not under way and due within {AT_RISK_S:.0f} s, but not past due",
        f"Rappels qui ne sont pas en cours et doivent l’être dans les {AT_RISK_S / 60:.0f} "
        "minutes.",
    ),
    _made(
        CALLBACKS_LATE,
        "Rappels en retard",
        "En retard",
        _COUNT,
        "callbacks that are not under way and past the instant promised",
        "Rappels qui ne sont pas en cours et dont l’heure promise est passée.",
    ),
)
#: Counted since midnight, of one sector.
DAY_OF_SECTOR = (
    *("offered/2", "answered/1", "abandoned/2"),
    *("pickup/2", "service-level-offered/2", "abandonment/2"),
)
#: The same of the service: also what became of callbacks that were promised.
DAY_OF_SERVICE = (
    *DAY_OF_SECTOR,
    *("asa/1", "answered-callback/1", "callback-kept/1", "not-reached/1", "broken/1"),
)
DEFINITIONS: Mapping[str, Definition] = {
    **{one.id: one for one in LIVE},
    **{id_: COUNTED[id_] for id_ in DAY_OF_SERVICE},
}
#: Below and above these a figure is not as it should be, whatever the service aims at.
_AT_MOST_NONE = (CALLBACKS_AT_RISK, CALLBACKS_LATE, "broken/1")


def definitions_json(plan: Plan, goals: Goals) -> dict[str, dict[str, Any]]:
    """Return every definition by id, with what the service aims at."""
    return {
        id_: {
            "name": typeset(one.name),
            "short": typeset(one.short),
            "sentence": typeset(one.sentence),
            "unit": one.unit.value,
            "source": "day" if id_ in COUNTED else "engine",
            **_goal(id_, plan, goals),
        }
        for id_, one in DEFINITIONS.items()
    }


def _goal(id_: str, plan: Plan, goals: Goals) -> dict[str, float]:
    if id_ in (LONGEST_WAIT, "asa/1"):
        return {"at_most": plan.targets.live_target_s}
    if id_ in _AT_MOST_NONE:
        return {"at_most": 0}
    field, at_most = GOALS.get(id_, ("", False))
    share = getattr(goals, field) if field else None
    return {} if share is None else {"at_most" if at_most else "at_least": share}
