"""Small services and workloads for tests of the simulation."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import time
from typing import Any

from router.core.hours import Hours
from router.core.ids import AgentId, PromptId
from router.core.menus import Menu, ToMenu, ToSector
from router.core.plan import Agent, CallbackPolicy, Plan, Targets
from router.simulation.demand import Day
from router.simulation.roster import Stint
from router.simulation.workload import WEEKDAYS, Workload
from tests.service_plan import HOUSING, INFORMATION, MAIN, WORK, agent, small_plan

#: Sentences that take no time.
NO_SPEECH: dict[PromptId, float] = defaultdict(float)
#: Longer than any run.
NEVER_S = 10_000_000
#: Every day from midnight; closed early enough for the last caller to leave before the next day.
OPENS, CLOSES = time(0, 0), time(12, 0)
OPEN_S = 12 * 3600.0


def workload(**changes: Any) -> Workload:
    """Return a workload of people without habits, with `changes` to keys of its tables.

    Callers call, wait, talk and hang up; informateurs do nothing but answer.
    """
    content: dict[str, Any] = {
        "name": "Essai",
        "ring_delay_s": 0.0,
        "year": {"direct_calls": 0, "callback_requests": 0},
        "shape": {
            "weekdays": dict.fromkeys(WEEKDAYS, 1.0),
            "half_hours": {f"{h:02}:{m:02}": 1.0 for h in range(24) for m in (0, 30)},
            "months": (1.0,) * 12,
        },
        "callers": {
            **{"sectors": {WORK: 1.0}, "with_code": 0.0, "mistypes": 0.0, "information": 0.0},
            **{"wrong_key": 0.0, "silent": 0.0, "gives_up": 0.0, "barges_in": 0.0, "key_s": 0.0},
            **{"patience": {"mean_s": 1e9}, "takes_offer": 0.0, "types_number_s": 30.0},
            **{"hangs_up_first": 1.0, "votes": 0.0, "votes_on": 1.0},
            **{"satisfied": 1.0, "says_yes": 1.0},
        },
        "talk": {"mean_s": 100.0, "kind": "exponential"},
        "called": {
            **{"busy": 0.0, "no_answer": 0.0, "voicemail": 0.0, "unreachable": 0.0},
            **{"cancels": 0.0, "dial_s": 1.0, "picks_up": {"mean_s": 2.0, "kind": "fixed"}},
            "presses_s": 2.0,
        },
        "informateurs": {
            "present": 1.0,
            "shifts": (
                {"weekdays": WEEKDAYS, "begins": time(8, 30), "ends": time(18, 15), "share": 1.0},
            ),
            **{"late_s": 0.0, "break_every_s": 1e9, "break_s": 0.0},
            **{"lunch_after_s": 1e9, "lunch_s": 0.0},
            **{"lunch_begins": time(12, 0), "lunch_ends": time(14, 0)},
            **{"picks_up": {"mean_s": 1e-6, "kind": "fixed"}, "misses": 0.0, "rejects": 0.0},
            **{"back_s": 60.0, "transfers": 0.0, "ends_wrap_up": 0.0},
            "wrap_up": {"mean_s": 10.0},
        },
    }
    for table, keys in changes.items():
        content[table] = {**content[table], **keys} if isinstance(keys, dict) else keys
    return Workload.model_validate(content)


def pure_plan(agents: Sequence[Agent], **targets: Any) -> Plan:
    """Return a plan in which nothing takes time but waiting and talking.

    Nobody is refused, hears announcements or is sent elsewhere; all levels of skill are asked at
    once.
    """
    rules: dict[str, Any] = {
        **{"wrap_up_s": 0, "queue_max": NEVER_S, "longest_wait_s": NEVER_S},
        **{"announce_every_s": NEVER_S, "widening_s": (0, 0), "verify_s": NEVER_S},
        **targets,
    }
    return small_plan(
        tuple(agents),
        Targets(**rules),
        hours=Hours(zone="UTC", week=dict.fromkeys(range(1, 8), ((OPENS, CLOSES),))),
        menus={
            MAIN: Menu(
                MAIN, (PromptId("menu-main"),), {"1": ToSector(WORK), "2": ToSector(HOUSING)}
            ),
            INFORMATION: Menu(INFORMATION, (PromptId("information-menu"),), {"1": ToMenu(MAIN)}),
        },
        callbacks=CallbackPolicy(offer_after_s=0),
    )


def crew(number: int, first: int = 101, **levels: int) -> list[Agent]:
    return [agent(str(first + place), **levels) for place in range(number)]


def everybody_all_day(seed: int, day: Day, workload: Workload, plan: Plan) -> list[Stint]:
    """Return stints in which everybody works from opening until nobody waits after closing."""
    return [Stint(AgentId(one), *day.openings[0]) for one in plan.agents]
