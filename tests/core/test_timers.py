import pickle

from hypothesis import given
from hypothesis import strategies as st

from router.core.timers import Timers


def test_keys_come_in_time_order_and_equal_instants_in_the_order_they_were_set() -> None:
    timers: Timers[str] = Timers()
    timers.set("late", 30.0)
    timers.set("first of two", 20.0)
    timers.set("second of two", 20.0)
    timers.set("early", 10.0)

    assert timers.next_at() == 10.0
    assert [timers.pop_due(25.0) for _ in range(4)] == [
        "early",
        "first of two",
        "second of two",
        None,
    ]
    assert len(timers) == 1
    assert timers.next_at() == 30.0


def test_a_key_has_one_deadline_the_latest_set() -> None:
    timers: Timers[str] = Timers()
    timers.set("step", 10.0)
    timers.set("step", 40.0)

    assert timers.pop_due(39.0) is None
    assert timers.pop_due(40.0) == "step"
    assert timers.next_at() is None


def test_a_deadline_may_be_moved_forward() -> None:
    timers: Timers[str] = Timers()
    timers.set("step", 40.0)
    timers.set("step", 10.0)

    assert timers.pop_due(10.0) == "step"
    assert timers.pop_due(100.0) is None


def test_a_cancelled_key_never_comes_and_cancelling_nothing_is_harmless() -> None:
    timers: Timers[str] = Timers()
    timers.set("step", 10.0)
    timers.cancel("step")
    timers.cancel("step")
    timers.cancel("unknown")

    assert timers.next_at() is None
    assert timers.pop_due(100.0) is None


def test_memory_stays_within_twice_the_live_entries() -> None:
    timers: Timers[int] = Timers()
    sizes = []  # of everything that the timers hold, in bytes
    for turn in range(3_000):
        timers.set(turn % 10, float(turn))
        sizes.append(len(pickle.dumps(timers)))

    assert len(timers) == 10
    assert max(sizes) < 1.1 * max(sizes[: 4 * (2 * 10 + 64)])


Step = tuple[str, str, int]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["set", "set", "cancel", "pop"]),
            st.sampled_from("abcde"),
            st.integers(0, 9),
        ),
        max_size=200,
    )
)
def test_timers_do_what_a_plain_dictionary_does(steps: list[Step]) -> None:
    timers: Timers[str] = Timers()
    plain: dict[str, tuple[int, int]] = {}
    for order, (what, key, at) in enumerate(steps):
        if what == "set":
            timers.set(key, float(at))
            plain[key] = (at, order)
        elif what == "cancel":
            timers.cancel(key)
            plain.pop(key, None)
        else:
            due = [one for one in plain if plain[one][0] <= at]
            expected = min(due, key=plain.__getitem__, default=None)
            assert timers.pop_due(float(at)) == expected
            if expected is not None:
                del plain[expected]
        assert len(timers) == len(plain)
        assert timers.next_at() == min((float(at) for at, _ in plain.values()), default=None)
