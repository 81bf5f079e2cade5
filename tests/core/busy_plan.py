"""A plan in which everything falls due within a minute or two, and what people ask for in it."""

from functools import cache
from itertools import product

from router.core.call.life import CallState
from router.core.desk.desk_call import DeskState
from router.core.ids import EntryId, PhoneId, ReasonId, SectorId
from router.core.plan import (
    CallbackPolicy,
    CodePolicy,
    LogInBy,
    PauseReason,
    Plan,
    SecondLogIn,
    Targets,
)
from router.core.requests import (
    Cancel,
    Complete,
    Consult,
    Hold,
    LogIn,
    LogOut,
    Note,
    Pause,
    Ready,
    Refer,
    Request,
    Result,
    Retrieve,
    Transfer,
)
from tests.service_plan import (
    BREAK,
    HEALTH,
    HOUSING,
    LUNCH,
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
    agent("104", logement=1, travail=2),
)
NAMES = [one.id for one in AGENTS]
PHONES = [PhoneId(name) for name in (*NAMES, "190")]
PINS = {name: f"{name}4" for name in NAMES}

NOWHERE = SectorId("nowhere")
IN_CALL_REQUESTS: tuple[Request, ...] = (
    *(Hold(), Retrieve(), Complete(), Cancel()),
    *(Transfer(HOUSING), Transfer(WORK), Transfer(NOWHERE)),
    *(Consult(HOUSING), Consult(HOUSING), Consult(WORK), Consult(WORK), Consult(NOWHERE)),
    *(Refer(HEALTH, spoken=True), Refer(HEALTH, spoken=False), Refer(TOWN_HALL, spoken=True)),
    *(Refer(TOWN_HALL, spoken=False), Refer(EntryId("nobody"), spoken=True)),
)
#: Requests that may be granted in some state of a call.
FITTING: dict[CallState, tuple[Request, ...]] = {
    CallState.TALKING: (Hold(), Consult(HOUSING), Consult(WORK), Refer(HEALTH, spoken=False)),
    CallState.HELD: (Retrieve(), Consult(HOUSING), Consult(WORK), Refer(HEALTH, spoken=False)),
    CallState.CONSULTING: (Complete(), Complete(), Cancel(), Hold()),
    CallState.REFERRING: (Cancel(), Hold(), Hold()),
}
DUTY_REQUESTS: tuple[Request, ...] = (
    *(LogIn(), LogIn(), LogIn(PhoneId("190")), LogIn(PhoneId("102")), LogIn(PhoneId("999"))),
    *(LogOut(), Ready(), Ready(), Pause(BREAK), Pause(LUNCH), Pause(ReasonId("none"))),
    *(Note(), Note(WORK, Result.REFERRED, HEALTH, True), Note(NOWHERE)),
)
FEATURES = (
    *("*1", "*1", "*211", "*221", "*299", "*311", "*321", "*7", "*0", "*401", "*402"),
    *("*501", "*502", "*499", "*9", "55", "*", "*2", "*4"),
)
#: What is typed at the desk in answer to each question; and anywhere.
DESK_WORDS: dict[DeskState, tuple[str, ...]] = {
    DeskState.AGENT: ("#", "#", "101#", "104#", "999#"),
    DeskState.PIN: ("1014#", "1024#", "1034#", "1044#", "0000#", "A"),
    DeskState.REASON: ("1", "2", "9"),
    DeskState.SUBJECT: ("#", "21#", "1234#", "999#"),
    DeskState.RESULT: ("1", "3", "9"),
    DeskState.IMPROVE: ("1", "2", "9"),
    DeskState.LEAVING: ("#",),
}
ANY_WORDS = ("#", "1", "*", "A", "21#", "000000000000#")


@cache
def busy_plan(log_in: LogInBy, second: SecondLogIn, callbacks: CallbackPolicy) -> Plan:
    """A plan in which everything falls due within a minute or two."""
    targets = Targets(
        live_target_s=30,
        ring_s=6,
        reserve_s=3,
        miss_pause_s=12,
        reject_pause_s=9,
        busy_pause_s=7,
        unreachable_pause_s=8,
        verify_s=15,
        wrap_up_s=15,
        queue_max=3,
        longest_wait_s=90,
        announce_every_s=20,
        widening_s=(0, 10, 20),
        prompt_guard_s=30,
    )
    desk = working_desk(
        log_in=log_in,
        second_log_in=second,
        lock_s=40,
        away_s=60,
        missed_longest_s=70,
        reasons={
            BREAK: PauseReason(BREAK, "Pause courte", "1", 45),
            LUNCH: PauseReason(LUNCH, "Déjeuner", "2", 90),
        },
    )
    code = CodePolicy(tries=2, failures_per_minute=1, delay_s=3.0)
    plan = day_plan(desk, agents=AGENTS, targets=targets, code=code, callbacks=callbacks)
    return general_plan(plan)


PLANS = [busy_plan(*ways, CallbackPolicy()) for ways in product(LogInBy, SecondLogIn)]
