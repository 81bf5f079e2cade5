"""A plan in which everything falls due within a minute or two, and what may be asked in it."""

from dataclasses import replace

from hypothesis import strategies as st

from router.core.ids import AgentId, PhoneId, ReasonId
from router.core.menus import ToMenu, ToSector
from router.core.plan import CodePolicy, PauseReason, Plan, SecondLogIn, Targets
from router.core.requests import (
    Cancel,
    CloseEarly,
    Complete,
    Consult,
    Hold,
    LogIn,
    LogOut,
    MakeReady,
    Move,
    Note,
    Pause,
    Ready,
    Refer,
    Reopen,
    Retrieve,
    SendOnPause,
    TellAll,
    Transfer,
)
from router.core.today import Skill
from tests.service_plan import (
    HEALTH,
    HOUR,
    HOUSING,
    INFORMATION,
    LUNCH,
    MAIN,
    MONDAY_10H,
    TOWN_HALL,
    WORK,
    agent,
    day_plan,
    general_plan,
    working_desk,
)

AGENTS = (
    agent("101", logement=1),
    agent("102", logement=2, travail=1),
    agent("103", travail=1, logement=3),
)
NAMES = [one.id for one in AGENTS]
#: 18:14: the service closes in a minute. And 20:00.
STARTS = (MONDAY_10H, MONDAY_10H + 8.25 * HOUR - 60.0, MONDAY_10H + 10 * HOUR)


def quick_plan(*, required: bool) -> Plan:
    """A plan in which everything falls due within a minute or two."""
    targets = Targets(
        live_target_s=30,
        ring_s=5,
        reserve_s=2,
        miss_pause_s=12,
        reject_pause_s=9,
        busy_pause_s=8,
        unreachable_pause_s=7,
        verify_s=25,
        wrap_up_s=6,
        queue_max=3,
        longest_wait_s=90,
        announce_every_s=20,
        widening_s=(0, 10, 20),
        prompt_guard_s=30,
    )
    code = CodePolicy(required=required, tries=2, failures_per_minute=2, delay_s=3.0)
    desk = working_desk(
        lock_s=30,
        away_s=40,
        missed_longest_s=50,
        second_log_in=SecondLogIn.TAKE_OVER,
        reasons={LUNCH: PauseReason(LUNCH, "Déjeuner", "1", 60)},
    )
    return general_plan(day_plan(desk, agents=AGENTS, targets=targets, code=code))


def other_plans(plan: Plan) -> list[Plan]:
    """What may take the place of `plan` while calls go on, and `plan` itself."""
    few = {id_: one for id_, one in plan.agents.items() if id_ == "102"}
    more = {**few, AgentId("104"): agent("104", logement=1, travail=2, general=1)}
    no_work = {id_: one for id_, one in plan.sectors.items() if id_ == HOUSING}
    at_home = {one.id: one for one in (agent("101", logement=1), agent("103", logement=3))}
    no_way_to_work = {
        MAIN: replace(plan.menus[MAIN], keys={"1": ToSector(HOUSING), "#": ToMenu(INFORMATION)}),
        INFORMATION: plan.menus[INFORMATION],
    }
    levels = replace(plan.targets, widening_s=(0, 5, 10, 15), live_target_s=60, queue_max=2)
    closed = replace(plan.hours, week={})
    return [
        plan,
        replace(plan, agents=few),
        replace(plan, agents=more, desk=replace(plan.desk, supervisor_phones=())),
        replace(plan, targets=levels, questions=(), directory={}),
        replace(plan, hours=closed),
        # The sector, the page, the general queue: all gone.
        replace(
            plan, sectors=no_work, agents=at_home, menus=no_way_to_work, fiches={}, no_key=None
        ),
    ]


in_call_requests = st.sampled_from(
    [
        *(Hold(), Retrieve(), Complete(), Cancel(), Transfer(HOUSING), Transfer(WORK)),
        *(Consult(HOUSING), Consult(WORK), Consult(WORK)),
        *(Refer(HEALTH, spoken=False), Refer(HEALTH, spoken=True), Refer(TOWN_HALL, spoken=True)),
    ]
)
directives = st.sampled_from(
    [
        *(SendOnPause(AgentId("101"), LUNCH), SendOnPause(AgentId("999"), LUNCH)),
        *(MakeReady(AgentId("101")), MakeReady(AgentId("102"))),
        Move(AgentId("101"), (Skill(WORK, 1),)),
        Move(AgentId("103"), (Skill(HOUSING, 3), Skill(WORK, 2))),
        *(Move(AgentId("102"), ()), Move(AgentId("101"), None), Move(AgentId("102"), None)),
        *(CloseEarly(), CloseEarly(MONDAY_10H + 20.0), Reopen(), Reopen()),
        *(TellAll("Réunion."), TellAll(None)),
    ]
)
requests = st.sampled_from(
    [
        *(LogIn(), LogIn(), LogIn(PhoneId("102")), LogIn(PhoneId("999")), LogOut()),
        *(Pause(LUNCH), Pause(ReasonId("none")), Ready(), Note(), Note(WORK)),
    ]
)
