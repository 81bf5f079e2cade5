from hypothesis import given
from hypothesis import strategies as st

from router.core.ids import CallId, SectorId
from router.core.work import WorkItem, WorkQueue
from tests.service_plan import HOUSING, WORK


def item(name: str, due_at: float, sector: SectorId = HOUSING, *, after: int = 0) -> WorkItem:
    """Return an item; `after` is its place among items due at the same instant."""
    return WorkItem(CallId(name), sector, due_at - 180, due_at, after)


def queue(*items: WorkItem) -> WorkQueue:
    waiting = WorkQueue([HOUSING, WORK], levels=3)
    for one in items:
        waiting.add(one)
    return waiting


def test_the_item_due_first_is_served_first_whichever_came_first() -> None:
    late, early = item("late", 200.0), item("early", 100.0, after=1)
    waiting = queue(late, early)

    assert waiting.first_for({HOUSING: 1}) is early
    assert [waiting.rank(early), waiting.rank(late)] == [1, 2]


def test_items_due_at_the_same_instant_are_served_in_order_of_arrival() -> None:
    one, other = item("one", 100.0, after=1), item("other", 100.0, after=2)

    assert queue(other, one).first_for({HOUSING: 1}) is one


def test_an_informateur_of_two_sectors_takes_the_item_due_first_in_either() -> None:
    housing, work = item("housing", 200.0), item("work", 100.0, WORK, after=1)
    waiting = queue(housing, work)

    assert waiting.first_for({HOUSING: 1, WORK: 1}) is work
    assert waiting.first_for({HOUSING: 1}) is housing
    assert [waiting.rank(work), waiting.rank(housing)] == [1, 1]


def test_nobody_serves_an_item_without_the_skill_for_its_sector() -> None:
    assert queue(item("housing", 100.0)).first_for({WORK: 1}) is None


def test_an_item_is_offered_to_the_next_level_only_once_widened() -> None:
    one = item("one", 100.0)
    waiting = queue(one)
    assert waiting.first_for({HOUSING: 2}) is None

    waiting.widen(one)

    assert waiting.first_for({HOUSING: 1}) is one
    assert waiting.first_for({HOUSING: 2}) is one
    assert waiting.first_for({HOUSING: 3}) is None


def test_a_widened_item_leaves_every_level() -> None:
    one = item("one", 100.0)
    waiting = queue(one)
    waiting.widen(one)

    waiting.remove(one)

    assert len(waiting) == 0
    assert waiting.waiting(HOUSING) == 0
    assert waiting.first_for({HOUSING: 1}) is None
    assert waiting.first_for({HOUSING: 2}) is None


def test_the_oldest_item_joined_first_and_need_not_be_due_first() -> None:
    front = WorkItem(CallId("front"), HOUSING, joined_at=90.0, due_at=0.0, sequence=2)
    waiting = queue(WorkItem(CallId("old"), HOUSING, 10.0, 190.0, 1), front)

    assert waiting.oldest_joined_at(HOUSING) == 10.0
    assert waiting.oldest_joined_at(WORK) is None
    assert [one.call for one in waiting.items()] == ["front", "old"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "add", "widen", "remove"]),
            st.sampled_from([HOUSING, WORK]),
            st.integers(0, 5),
        ),
        max_size=80,
    )
)
def test_the_queue_does_what_a_plain_sorted_list_does(
    steps: list[tuple[str, SectorId, int]],
) -> None:
    waiting = queue()
    plain: list[WorkItem] = []
    for order, (what, sector, figure) in enumerate(steps):
        if what == "add":
            one = item(str(order), float(figure), sector, after=order)
            one.widened = figure % 3 + 1
            waiting.add(one)
            plain.append(one)
            plain.sort(key=lambda one: (one.due_at, one.sequence))
        elif plain:
            one = plain[figure % len(plain)]
            if what == "remove":
                waiting.remove(one)
                plain.remove(one)
            elif one.widened < 3:
                waiting.widen(one)
        assert len(waiting) == len(plain)
        for each in (HOUSING, WORK):
            same = [one for one in plain if one.sector == each]
            assert [waiting.rank(one) for one in same] == list(range(1, len(same) + 1))
        for skills in ({HOUSING: 1}, {HOUSING: 3, WORK: 2}, {WORK: 3}):
            able = [one for one in plain if skills.get(one.sector, 9) <= one.widened]
            assert waiting.first_for(skills) is (able[0] if able else None)
