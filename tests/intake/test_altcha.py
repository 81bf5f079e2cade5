import base64
import hashlib
import hmac
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.intake.altcha import LIFE_S, Challenges, Spent

NOW = 1_795_424_400.5
KEY = b"key of the tests"
OURS = Challenges(KEY, 200)


def solution(told: dict[str, Any]) -> dict[str, Any]:
    """Solve a challenge as browsers do, by altcha's protocol."""
    for number in range(told["maxnumber"] + 1):
        if hashlib.sha256(f"{told['salt']}{number}".encode()).hexdigest() == told["challenge"]:
            return {
                **{k: told[k] for k in ("algorithm", "challenge", "salt", "signature")},
                "number": number,
            }
    raise AssertionError("no solution")


def payload(content: object) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


def test_what_is_solved_is_taken() -> None:
    told = OURS.new(NOW)
    solved = OURS.solved(payload(solution(told)), NOW + 1)

    assert solved is not None
    assert solved.challenge == told["challenge"]
    assert solved.expires_at == int(NOW) + LIFE_S


def test_a_challenge_is_as_the_protocol_says() -> None:
    told = OURS.new(NOW)
    assert told["algorithm"] == "SHA-256"
    assert told["maxnumber"] == 200
    assert told["salt"].endswith(f"?expires={int(NOW) + LIFE_S}&")
    assert told["signature"] == hmac.new(KEY, told["challenge"].encode(), "sha256").hexdigest()
    assert OURS.new(NOW)["salt"] != told["salt"]


def test_what_more_a_browser_says_is_let_pass() -> None:
    assert OURS.solved(payload({**solution(OURS.new(NOW)), "took": 12}), NOW) is not None


def test_another_process_with_the_same_key_takes_it() -> None:
    assert Challenges(KEY, 200).solved(payload(solution(OURS.new(NOW))), NOW) is not None
    assert Challenges(b"other", 200).solved(payload(solution(OURS.new(NOW))), NOW) is None


@pytest.mark.parametrize("late_s", [LIFE_S, LIFE_S + 1, 10 * LIFE_S])
def test_it_expires(late_s: int) -> None:
    told = payload(solution(OURS.new(NOW)))
    assert OURS.solved(told, NOW + LIFE_S - 1) is not None
    assert OURS.solved(told, int(NOW) + late_s) is None


def test_digits_cannot_be_moved_into_the_expiry() -> None:
    """CVE-2025-68113: the same text hashed, with a later expiry and a shorter number."""
    for _ in range(50):
        one = solution(OURS.new(NOW))
        number = str(one["number"])
        moved = {**one, "salt": one["salt"] + number[:-1], "number": int(number[-1])}
        assert (OURS.solved(payload(moved), NOW) is None) == (len(number) > 1)
        bare = {**one, "salt": one["salt"].removesuffix("&")}
        assert OURS.solved(payload(bare), NOW) is None


@pytest.mark.parametrize(
    "change",
    [
        {"number": -1},
        {"number": 201},
        {"number": "5"},
        {"number": True},
        {"number": 1.0},
        {"number": None},
        {"algorithm": "SHA-1"},
        {"challenge": "0" * 64},
        {"challenge": "é" * 64},
        {"challenge": 7},
        {"salt": "0" * 24},
        {"salt": "0" * 24 + "?expires=99999999999&"},
        {"signature": "0" * 64},
        {"signature": "é"},
        {"signature": None},
    ],
)
def test_what_was_changed_is_not_ours(change: dict[str, Any]) -> None:
    assert OURS.solved(payload({**solution(OURS.new(NOW)), **change}), NOW) is None


@pytest.mark.parametrize(
    "text",
    ["", "?", "é", "bm8=", "W10=", "bnVsbA==", "e30=", "A" * 5000, "\ud800", payload([1]), "//8="],
)
def test_what_is_no_solution_at_all(text: str) -> None:
    assert OURS.solved(text, NOW) is None


@given(st.text() | st.binary().map(lambda raw: base64.b64encode(raw).decode()))
def test_nothing_sent_breaks_it(text: str) -> None:
    assert OURS.solved(text, NOW) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: json_values for name in ("algorithm", "challenge", "number", "salt", "signature")
        },
    )
)
def test_no_json_breaks_it(content: dict[str, Any]) -> None:
    sent = {**solution(OURS.new(NOW)), **content}
    try:
        text = base64.b64encode(orjson.dumps(sent)).decode()
    except TypeError:
        return  # JSON cannot hold it
    OURS.solved(text, NOW)


# --- Used solutions -----------------------------------------------------------------------


def test_a_solution_is_good_for_one_purpose() -> None:
    spent = Spent()
    assert spent.spend("c1", 100, "ticket-1", 0)
    assert spent.spend("c1", 100, "ticket-1", 1)
    assert not spent.spend("c1", 100, "ticket-2", 1)
    assert not spent.spend("c1", 100, "ticket-2", 99)
    assert spent.spend("c2", 100, "ticket-2", 1)


def test_it_is_forgotten_when_it_has_expired() -> None:
    spent = Spent()
    for n in range(100):
        spent.spend(f"c{n}", n, f"ticket-{n}", 0)
        spent.spend(f"c{n}", n, f"ticket-{n}", 0)
    assert len(spent) == 100 - 1  # the one that expires at 0 has gone by then
    spent.spend("late", 1000, "t", 60)
    assert len(spent) == 40
    spent.spend("later", 2000, "t", 1000)
    assert len(spent) == 1
