"""What supervisors may direct over HTTP: a JSON object turned into a directive, faults in French.

Each says why, in a few words of the supervisor's own, which the audit keeps; in these there may be
nothing like a telephone number.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from router.core.ids import AgentId, ReasonId, SectorId
from router.core.plan import Plan
from router.core.requests import (
    CloseEarly,
    Directive,
    MakeReady,
    Move,
    Reopen,
    Reply,
    SendOnPause,
    TellAll,
)
from router.core.today import Skill
from router.web.bodies import Field, checked, nearest
from router.web.number_shapes import holds_a_number

#: Characters.
LONGEST_WORDS = 280
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a directive is made of, besides its fields."""

    plan: Plan
    #: UTC epoch seconds, by the service's clock.
    now: float
    #: The informateur whom it concerns; "": everybody.
    agent: AgentId


@dataclass(frozen=True, slots=True)
class Directing:
    """What may be directed."""

    fields: tuple[Field, ...]
    #: Makes the directive of the fields that were given, by their names.
    make: Callable[..., Directive]


def _words(value: str, plan: Plan) -> str:
    """Return what is wrong with what somebody has written; "" if nothing is."""
    if not value.strip() or _CONTROL.search(value):
        return "attend une phrase, sur une seule ligne."
    if len(value) > LONGEST_WORDS:
        return f"accepte {LONGEST_WORDS} caractères au plus."
    if holds_a_number(value):
        return "ne doit contenir aucun numéro de téléphone."
    return ""


def _clock(value: str, plan: Plan) -> str:
    return "" if _CLOCK.fullmatch(value) else "attend une heure, comme « 16:30 »."


def _skills(value: dict[str, Any], plan: Plan) -> str:
    """Return what is wrong with sectors and levels; "" if nothing is."""
    levels = len(plan.targets.widening_s)
    if not value:
        return (
            "doit nommer au moins un domaine ; pour n’en confier aucun, mettez le poste en pause."
        )
    for sector, level in value.items():
        if sector not in plan.domains:
            return f"nomme un domaine inconnu. {nearest(sector, plan.domains)}".strip()
        if type(level) is not int or not 1 <= level <= levels:
            return f"attend pour chaque domaine un niveau de 1 à {levels}."
    return ""


def _pause(asked: Asked, reason: ReasonId) -> SendOnPause:
    return SendOnPause(asked.agent, reason)


def _ready(asked: Asked) -> MakeReady:
    return MakeReady(asked.agent)


def _move(asked: Asked, skills: Mapping[SectorId, int] | None = None) -> Move:
    if skills is None:
        return Move(asked.agent, None)
    # In the plan's order, as agents.toml is read.
    served = ((one, skills[one]) for one in asked.plan.domains if one in skills)
    return Move(asked.agent, tuple(Skill(sector, level) for sector, level in served))


def _close(asked: Asked, at: str | None = None) -> CloseEarly:
    if at is None:
        return CloseEarly()
    hours = asked.plan.hours
    return CloseEarly(hours.instant(hours.day_of(asked.now), time.fromisoformat(at)))


def _reopen(asked: Asked) -> Reopen:
    return Reopen()


def _tell(asked: Asked, text: str | None = None) -> TellAll:
    return TellAll(None if text is None else text.strip())


_WHY = Field("why", str, True, wrong=_words)

#: The last part of the address -> what is directed, of one informateur.
OF_AGENT: dict[str, Directing] = {
    "pause": Directing(
        (
            Field("reason", str, True, lambda plan: plan.desk.reasons, Reply.UNKNOWN_REASON),
            _WHY,
        ),
        _pause,
    ),
    "ready": Directing((_WHY,), _ready),
    "skills": Directing((Field("skills", dict, wrong=_skills), _WHY), _move),
}
#: The same, of the whole service.
OF_ALL: dict[str, Directing] = {
    "close": Directing((Field("at", wrong=_clock), _WHY), _close),
    "reopen": Directing((_WHY,), _reopen),
    "message": Directing((Field("text", wrong=_words), Field("why", wrong=_words)), _tell),
}


def directive_of(
    directing: Directing, body: Mapping[str, Any], asked: Asked
) -> tuple[Directive, str]:
    """Return the directive that `body` makes, and why: of a message, its own words.

    Raises:
        Refused: 422, naming the first field that is wrong.
    """
    given = checked(directing.fields, body, asked.plan)
    why = given.pop("why", "") or given.get("text", "")
    return directing.make(asked, **given), why.strip()
