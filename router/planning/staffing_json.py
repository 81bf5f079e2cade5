"""The staffing as JSON, for programs."""

import json
from typing import Any

from router.planning.paid import FULL_TIME_H, Paid, hours, most, of_team
from router.planning.staffing import CHECK_MONTHS, Answer, Staffing
from router.planning.staffing_text import clock
from router.planning.targets import Aim, Score
from router.planning.teams import Needs
from router.simulation.tally import Slot
from router.simulation.workload import WEEKDAYS

#: The version of the document's form.
FORM = "allo-staffing/1"


def as_json(answer: Answer, of: Staffing) -> str:
    """Return everything: needs by half-hour, team and sector, hours, and the check."""
    paid = Paid(of.workload)
    document = {
        "form": FORM,
        "service": of.plan.name,
        "workload": of.workload.name,
        "year": of.year,
        "month": answer.week.month,
        "seed": of.seed,
        "targets": [
            {"name": aim.kind.name, "percent": aim.percent, "at_most": aim.kind.at_most}
            for aim in answer.aims
        ],
        "reached": answer.reached,
        "teams": [
            {
                "sectors": list(team.sectors),
                "people_in_plan": team.people,
                **_paid(of_team(answer.needs, place), answer, paid),
            }
            for place, team in enumerate(answer.teams)
        ],
        "total": {
            "people_in_plan": sum(team.people for team in answer.teams),
            "first_hours": round(hours(answer.first, answer.week), 2),
            **_paid(answer.needs, answer, paid),
        },
        "full_time_h": FULL_TIME_H,
        "share_present": paid.present,
        "share_at_work": round(paid.at_work, 4),
        "half_hours": [_half_hour(answer, of, slot) for slot in answer.week.open_s],
        "check": {
            "days": CHECK_MONTHS * len(answer.week.days),
            "answers_simulated": answer.rounds,
            "events": answer.events,
            "occupancy": round(answer.check.occupancy, 4),
            "scores": [
                _score(aim, team, answer.check.team(aim, team))
                for aim in answer.aims
                for team in (None, *range(len(answer.teams)))
            ],
            "short": [
                {
                    "target": aim.kind.name,
                    "team": team,
                    "weekday": WEEKDAYS[day],
                    "begins": clock(half),
                    "share": round(answer.check.cell(aim, team, (day, half)).share, 4),
                }
                for aim in answer.aims
                for (day, half), team in answer.short(aim)
            ],
            "twice_as_many": answer.doubled
            and [_score(aim, None, answer.doubled.team(aim, None)) for aim in answer.aims],
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _paid(needs: Needs, answer: Answer, paid: Paid) -> dict[str, Any]:
    worked_h, at_once = hours(needs, answer.week), most(needs)
    full_time = paid.full_time(worked_h)
    return {
        "hours": round(worked_h, 2),
        "full_time_equivalents": None if full_time is None else round(full_time, 2),
        "most_at_once": at_once,
        "people_for_most": paid.people(at_once),
    }


def _half_hour(answer: Answer, of: Staffing, slot: Slot) -> dict[str, Any]:
    day, half = slot
    return {
        "weekday": WEEKDAYS[day],
        "begins": clock(half),
        "open_s": round(answer.week.open_s[slot]),
        "needed": [answer.needs[slot, team] for team in range(len(answer.teams))],
        "first": [answer.first[slot, team] for team in range(len(answer.teams))],
        "erlangs": [
            round(answer.week.work[slot, team].load, 2) for team in range(len(answer.teams))
        ],
        "by_sector": of.by_sector(answer.needs, slot),
    }


def _score(aim: Aim, team: int | None, score: Score) -> dict[str, Any]:
    return {
        "target": aim.kind.name,
        "team": team,
        "reached": score.share >= aim.wanted if score.all else None,
        "percent": round(aim.figure(score.share), 2) if score.all else None,
        "interval": sorted(round(aim.figure(one), 2) for one in (score.low, score.high)),
        "good": score.good,
        "of": score.all,
    }
