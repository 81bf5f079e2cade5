from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from router.core.ids import TicketId
from router.intake.abuse import LimitReached, Limits

DAY = date(2026, 11, 24)
NEXT_DAY = DAY + timedelta(days=1)
ONE, TWO = "digest of one", "digest of two"
PLENTY = 1_000
#: Tickets that one number may have on one day.
PER_DAY = 3


def ticket(n: int) -> TicketId:
    return TicketId(f"ticket-{n}")


T1, T2, T3 = map(ticket, range(1, 4))


def admit(
    limits: Limits, one: TicketId = T1, who: str = ONE, day: date = DAY, most: int = PLENTY
) -> LimitReached | None:
    return limits.admit(one, who, day, most)


def serve(limits: Limits, times: int, day: date = DAY) -> None:
    for _ in range(times):
        assert admit(limits, day=day) is None
        limits.closed(T1)


def test_a_number_has_one_open_ticket() -> None:
    limits = Limits(per_day=PER_DAY)
    assert admit(limits, T1) is None
    assert admit(limits, T2) is LimitReached.NUMBER_LIMIT
    assert admit(limits, T2, TWO) is None
    assert limits.open == 2
    limits.closed(T1)
    assert admit(limits, T3) is None


def test_a_thousand_requests_for_one_number_open_one_ticket() -> None:
    limits = Limits(per_day=PER_DAY)
    accepted = [n for n in range(1_000) if admit(limits, ticket(n)) is None]
    assert accepted == [0]


def test_a_number_has_a_few_tickets_a_day() -> None:
    limits = Limits(per_day=PER_DAY)
    serve(limits, PER_DAY)
    assert admit(limits) is LimitReached.NUMBER_LIMIT
    assert admit(limits, who=TWO) is None
    assert admit(limits, T2, day=NEXT_DAY) is None


@pytest.mark.parametrize("most_open", [0, 1, 5])
def test_all_together_have_as_many_as_the_caller_says(most_open: int) -> None:
    limits = Limits(per_day=PER_DAY)
    for n in range(most_open):
        assert admit(limits, ticket(n), str(n), most=most_open) is None
    assert admit(limits, T1, "late", most=most_open) is LimitReached.TOO_MANY_OPEN
    assert admit(limits, T1, "late", most=most_open + 1) is None


def test_that_the_number_is_known_is_told_before_that_all_are_too_many() -> None:
    limits = Limits(per_day=PER_DAY)
    admit(limits)
    assert admit(limits, T2, most=1) is LimitReached.NUMBER_LIMIT


def test_being_refused_costs_nothing() -> None:
    limits = Limits(per_day=PER_DAY)
    for n in range(100):
        admit(limits, ticket(n), most=0)
    assert limits.open == 0
    assert admit(limits) is None


def test_a_ticket_that_came_to_nothing_counts_for_nothing() -> None:
    limits = Limits(per_day=PER_DAY)
    for _ in range(100):
        assert admit(limits) is None
        limits.withdraw(T1)
    serve(limits, PER_DAY)
    limits.withdraw(T1)  # no such ticket
    assert admit(limits) is LimitReached.NUMBER_LIMIT


def test_a_ticket_ends_once() -> None:
    limits = Limits(per_day=PER_DAY)
    admit(limits)
    assert limits.closed(T1) == ONE
    assert limits.closed(T1) is None
    assert admit(limits) is None
    limits.closed(T2)
    assert admit(limits, T3) is LimitReached.NUMBER_LIMIT


def test_a_clock_set_back_forgets_nothing() -> None:
    limits = Limits(per_day=PER_DAY)
    serve(limits, PER_DAY, NEXT_DAY)
    assert admit(limits, day=DAY) is LimitReached.NUMBER_LIMIT
    assert admit(limits, day=NEXT_DAY) is LimitReached.NUMBER_LIMIT


def test_after_a_restart_open_tickets_are_known_and_the_days_counts_lost() -> None:
    limits = Limits(per_day=PER_DAY)
    limits.hold({T1: ONE}, DAY)
    assert limits.open == 1
    assert admit(limits, T2) is LimitReached.NUMBER_LIMIT
    limits.closed(T1)
    serve(limits, PER_DAY)


def test_open_tickets_are_held_beyond_midnight_by_their_new_digests() -> None:
    limits = Limits(per_day=PER_DAY)
    admit(limits)
    limits.hold({T1: "new digest of one"}, NEXT_DAY)
    assert limits.open == 1
    assert admit(limits, T2, "new digest of one", NEXT_DAY) is LimitReached.NUMBER_LIMIT
    assert limits.closed(T1) == "new digest of one"
    assert admit(limits, T2, "new digest of one", NEXT_DAY) is None


def test_the_next_day_knows_no_count() -> None:
    limits = Limits(per_day=PER_DAY)
    serve(limits, PER_DAY)
    admit(limits, T2, TWO, NEXT_DAY)
    assert ONE not in repr(vars(limits))


@pytest.mark.parametrize("refusal", LimitReached)
def test_messages_are_sentences(refusal: LimitReached) -> None:
    assert refusal.message[0].isupper()
    assert refusal.message.endswith(".")
    assert "'" not in refusal.message


@pytest.mark.parametrize("per_day", [0, -1])
def test_a_limit_that_admits_nobody_is_a_mistake(per_day: int) -> None:
    with pytest.raises(ValueError, match="per_day"):
        Limits(per_day=per_day)


class LimitsBesideAnAccount(RuleBasedStateMachine):
    """What is admitted, compared with a plain account of it."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(per_day=PER_DAY)
        self.day = DAY
        self.tickets = 0
        self.open: dict[TicketId, str] = {}
        self.today: Counter[str] = Counter()

    @rule(who=st.sampled_from("abcd"), most_open=st.integers(0, 4))
    def ask(self, who: str, most_open: int) -> None:
        self.tickets += 1
        one = ticket(self.tickets)
        allowed = (
            who not in self.open.values()
            and self.today[who] < PER_DAY
            and len(self.open) < most_open
        )
        assert (self.limits.admit(one, who, self.day, most_open) is None) == allowed
        if allowed:
            self.open[one] = who
            self.today[who] += 1

    @rule(data=st.data(), came_to_nothing=st.booleans())
    def end(self, data: st.DataObject, came_to_nothing: bool) -> None:
        if not self.open:
            return
        one = data.draw(st.sampled_from(sorted(self.open)))
        who = self.open.pop(one)
        if came_to_nothing:
            self.limits.withdraw(one)
            self.today[who] = max(0, self.today[who] - 1)
        else:
            self.limits.closed(one)

    @rule()
    def next_day(self) -> None:
        self.day += timedelta(days=1)
        self.today.clear()
        self.limits.hold(self.open, self.day)

    @rule()
    def restart(self) -> None:
        self.limits = Limits(per_day=PER_DAY)
        self.today.clear()
        self.limits.hold(self.open, self.day)

    @invariant()
    def counts_what_is_open(self) -> None:
        assert self.limits.open == len(self.open)


TestLimitsBesideAnAccount = LimitsBesideAnAccount.TestCase
