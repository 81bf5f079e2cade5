"""The benchmark of the wallboard counts rightly; what things cost is not a test's business."""

from collections import Counter

import pytest

from tests.load import wallboard
from tests.load.meters import Noise
from tests.load.report import as_text
from tests.load.wallboard import Measured, PageTurn, Pair, Scale, Turn
from tests.load.wallboard_report import report

TINY = Scale(rate=4, phones=6, boards=3, pairs=1, page_turns=1, turn_s=5.0)


def turn(boards: int, router_s: float, lost: int = 0, talks: int = 36) -> Turn:
    told = Counter(patch=20, tick=10, octets=60_000, lost=lost) if boards else Counter[str]()
    return Turn(
        boards=boards,
        took_s=10.0,
        router_s=router_s,
        intake_s=0.1,
        talks=talks,
        told=told,
        others=0.0,
    )


def pair(cost: float, lost: int = 0) -> Pair:
    """Return a pair of turns; the boards cost so many per cent of a processor."""
    return Pair(turn(0, 1.0), turn(3, 1.0 + cost / 10, lost))


def page(task: float) -> PageTurn:
    """Return a turn of a page whose tasks take so many per cent of a processor."""
    return PageTurn(
        took_s=10.0,
        task_s=task / 10,
        script_s=0.1,
        layout_s=0.1,
        process_s=0.4,
        events=20,
        layouts=15,
    )


def measured(pairs: list[Pair], pages: list[PageTurn]) -> Measured:
    return Measured(pairs, pages, 900, 0, Noise([0.0], 0.1, 0.1))


def test_what_boards_cost_is_the_difference_in_a_pair() -> None:
    one = pair(4.0)
    assert one.unwatched.share == pytest.approx(11.0)
    assert one.watched.share == pytest.approx(15.0)
    assert one.cost == pytest.approx(4.0)


def test_the_bars_are_on_the_medians_of_router_and_page() -> None:
    held = as_text(report(measured([pair(4.9), pair(4.9), pair(40)], [page(4.9)]), TINY))
    assert held.count("< 5 %: held") == 2
    dear = as_text(report(measured([pair(5.1), pair(5.1), pair(1)], [page(4.9)]), TINY))
    assert dear.count("< 5 %: MISSED") == 1
    slow = as_text(report(measured([pair(1)], [page(4.9), page(5.1), page(5.1)]), TINY))
    assert slow.count("< 5 %: MISSED") == 1


def test_a_board_is_told_so_much_a_second() -> None:
    figures = {one.what: one.ours for one in report(measured([pair(1)], [page(1)]), TINY).figures}
    assert figures["Told to each board: events"] == pytest.approx(1.0)
    assert figures["… patches of them"] == pytest.approx(20 / 30)
    assert figures["… in all"] == pytest.approx(2.0)
    assert figures["Events told to the page"] == pytest.approx(2.0)


def test_a_board_that_was_lost_is_no_measure() -> None:
    assert "≤ 0: MISSED" in as_text(report(measured([pair(1, lost=1)], [page(1)]), TINY))


def test_a_crowd_that_was_not_served_is_no_measure() -> None:
    unserved = Pair(turn(0, 1.0), turn(3, 1.0, talks=35))
    assert "≥ 3.6 /s: MISSED" in as_text(report(measured([unserved], [page(1)]), TINY))
    assert "≥ 3.6 /s: held" in as_text(report(measured([pair(1)], [page(1)]), TINY))


def test_the_crowd_is_there_for_all_turns() -> None:
    wanted = Scale(pairs=2, page_turns=3, turn_s=10.0).crowd
    assert wanted.seconds > 7 * 10.0
    assert (wanted.rate, wanted.phones) == (20, 60)


@pytest.mark.load
def test_boards_and_a_page_watch_a_crowd() -> None:
    told = wallboard.run(TINY, 5850, lambda _: None)
    assert told.failed == 0
    (both,) = told.pairs
    for one in both.turns:
        assert one.took_s >= TINY.turn_s
        assert one.router_s > 0
        assert one.talks > 0
    assert not both.unwatched.told
    assert both.watched.told["patch"] > 0
    assert both.watched.told["octets"] > 0
    (shown,) = told.page
    assert shown.events > 0
    assert shown.layouts > 0
    assert 0 < shown.script_s + shown.layout_s <= shown.task_s <= shown.process_s
    assert "What 3 boards cost the router, of a processor" in as_text(report(told, TINY))
