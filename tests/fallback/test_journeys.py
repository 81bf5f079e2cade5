"""The engine's own journey, with nobody on duty: where callers belong, and what they hear."""

from router.core.codes import CodeBook
from router.core.events import CallArrived, KeyPressed, PromptEnded, TimePassed
from router.core.ids import CallId, PromptId
from router.core.plan import Plan
from router.fallback.journeys import Caller, Destination, Journeys
from tests.service_plan import FICHE, GENERAL, HOUSING, MONDAY_10H, WORK, general_plan, small_plan

CALL, OTHER = CallId("away-1"), CallId("away-2")
NIGHT = MONDAY_10H + 12 * 3600.0


def codes(plan: Plan) -> CodeBook:
    return CodeBook.of(plan, b"secret")


class Asked:
    """A caller who is asked at ten o'clock, and what they do."""

    def __init__(self, plan: Plan, now: float = MONDAY_10H) -> None:
        self.now = now
        self.journeys = Journeys(plan, codes(plan), "run")
        self.caller = self.journeys.begin(CALL, now)

    def listens(self) -> None:
        """Hear what is said to its end."""
        assert self.caller.playback is not None
        playback, self.caller.playback = self.caller.playback, None
        self.journeys.handle(PromptEnded(CALL, playback), self.now)

    def presses(self, keys: str) -> None:
        for key in keys:
            self.journeys.handle(KeyPressed(CALL, key), self.now)

    def waits(self) -> None:
        """Let time go by until something is due."""
        due = self.journeys.next_deadline()
        assert due is not None
        self.now = due
        self.journeys.handle(TimePassed(), self.now)


def test_a_code_says_the_sector_and_the_page() -> None:
    plan = small_plan()
    asked = Asked(plan)
    assert asked.caller.prompts == [PromptId("welcome")]
    asked.listens()
    asked.presses(codes(plan).code(FICHE, MONDAY_10H))
    assert asked.caller.destination == Destination(HOUSING, FICHE)


def test_choices_say_the_sector() -> None:
    asked = Asked(small_plan())
    asked.listens()
    asked.presses("2")
    assert asked.caller.destination == Destination(HOUSING)


def test_a_key_cuts_short_what_is_said() -> None:
    asked = Asked(small_plan())
    asked.listens()
    asked.presses("1")
    assert asked.caller.prompts == [PromptId("menu-travail")]
    assert asked.caller.destination is None


def test_who_presses_nothing_waits_in_the_general_queue() -> None:
    asked = Asked(general_plan())
    for _ in range(10):
        if asked.caller.destination is not None:
            break
        asked.listens()
        asked.waits()
    assert asked.caller.destination == Destination(GENERAL)


def test_at_night_the_service_is_closed_and_nobody_waits() -> None:
    asked = Asked(general_plan(), NIGHT)
    assert asked.caller.closed
    assert PromptId("closed") in asked.caller.prompts
    for _ in range(30):
        if asked.caller.over:
            break
        if asked.caller.playback is not None:
            asked.listens()
        else:
            asked.waits()
    assert asked.caller.over
    assert asked.caller.destination is None


def test_after_a_drain_callers_hear_that_it_is_out_of_service_until_it_is_over() -> None:
    plan = general_plan()
    journeys = Journeys(plan, codes(plan), "run")
    drained = journeys.begin(CALL, MONDAY_10H, is_drained=True)
    assert drained.prompts == [PromptId("welcome"), PromptId("apology-end")]
    assert drained.playback is not None
    journeys.handle(PromptEnded(CALL, drained.playback), MONDAY_10H)
    assert drained.over
    other = journeys.begin(OTHER, MONDAY_10H)
    assert PromptId("apology-end") not in other.prompts
    journeys.handle(KeyPressed(OTHER, "2"), MONDAY_10H)
    assert other.destination == Destination(HOUSING)


def test_each_caller_hears_what_is_theirs() -> None:
    plan = small_plan()
    journeys = Journeys(plan, codes(plan), "run")
    one, other = journeys.begin(CALL, MONDAY_10H), journeys.begin(OTHER, MONDAY_10H)
    journeys.handle(KeyPressed(CALL, "2"), MONDAY_10H)
    assert one.destination == Destination(HOUSING)
    assert other == Caller(OTHER, [PromptId("welcome")], other.playback)


def test_who_has_left_is_forgotten_and_may_come_again() -> None:
    plan = small_plan()
    journeys = Journeys(plan, codes(plan), "run")
    journeys.begin(CALL, MONDAY_10H)
    journeys.leave(CALL, MONDAY_10H)
    journeys.leave(CALL, MONDAY_10H)
    assert journeys.next_deadline() is None
    assert journeys.begin(CALL, MONDAY_10H).prompts == [PromptId("welcome")]


def test_who_waits_is_asked_nothing_more() -> None:
    plan = small_plan()
    journeys = Journeys(plan, codes(plan), "run")
    caller = journeys.begin(CALL, MONDAY_10H)
    journeys.handle(KeyPressed(CALL, "2"), MONDAY_10H)
    assert caller.destination == Destination(HOUSING)
    assert journeys.next_deadline() is None
    journeys.handle(CallArrived(OTHER), MONDAY_10H)  # of nobody here: no harm
    assert WORK in plan.sectors
