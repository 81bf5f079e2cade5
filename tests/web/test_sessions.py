"""Log-ins of the desk page: number and PIN, tokens that end, and locks."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse

from router.access import Scope
from router.core.desk.pins import Pins
from router.core.ids import AgentId
from router.core.plan import Plan
from router.web.replies import Refused
from router.web.sessions import LONGEST_LOCK_S, LONGEST_S, SESSION_S, Sessions
from tests.service_plan import MONDAY_10H
from tests.web.desk_scene import ME, OTHER, PINS, STRANGER, Client, as_agent, desk_plan

SECRET = b"secret of the tests"


class Clock:
    def __init__(self) -> None:
        self.now = MONDAY_10H

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def plan() -> Plan:
    plan = desk_plan()
    return replace(plan, desk=replace(plan.desk, pin_tries=3, lock_s=300))


@pytest.fixture
def sessions(plan: Plan, clock: Clock) -> Sessions:
    return Sessions(plan, PINS, SECRET, clock)


def refusal(sessions: Sessions, pin: str = "0000", agent: str = ME) -> tuple[int, str]:
    with pytest.raises(Refused) as raised:
        sessions.open(AgentId(agent), pin)
    return raised.value.status, raised.value.message


def locked_for(sessions: Sessions, agent: str = ME) -> str:
    """Type wrong PINs until the number is locked; return what is said."""
    for _ in range(2):
        assert refusal(sessions, agent=agent)[0] == 403
    status, said = refusal(sessions, agent=agent)
    assert status == 423
    return said


# Tokens.


def test_a_token_opens_ones_own_desk_for_a_while(sessions: Sessions, clock: Clock) -> None:
    token = sessions.open(ME, "4711")
    held = sessions.holder(token)
    assert held is not None
    assert (held.scope, held.agent, held.name) == (Scope.AGENTS, ME, ME)
    assert held.until == clock.now + SESSION_S
    assert sessions.until_s(token) == SESSION_S
    clock.now += SESSION_S - 1
    assert sessions.holder(token) is not None
    clock.now += 1
    assert sessions.holder(token) is None
    assert sessions.until_s(token) == 0


def test_no_two_log_ins_have_the_same_token(sessions: Sessions) -> None:
    assert sessions.open(ME, "4711") != sessions.open(ME, "4711")


def test_it_is_renewed_for_a_days_work(sessions: Sessions, clock: Clock) -> None:
    first = token = sessions.open(ME, "4711")
    while clock.now < MONDAY_10H + LONGEST_S - SESSION_S / 2:
        clock.now += SESSION_S / 2
        token = sessions.renewed(token)
    assert sessions.until_s(token) == SESSION_S // 2  # the last one ends with the day
    assert sessions.holder(first) is None
    clock.now += SESSION_S
    with pytest.raises(Refused, match="409"):
        sessions.renewed(token)


def test_what_is_over_is_not_renewed(sessions: Sessions, clock: Clock) -> None:
    token = sessions.open(ME, "4711")
    clock.now += SESSION_S
    with pytest.raises(Refused, match="409 no_session"):
        sessions.renewed(token)


def test_a_session_that_is_closed_opens_nothing(sessions: Sessions, clock: Clock) -> None:
    other, token = sessions.open(ME, "4711"), sessions.open(ME, "4711")
    clock.now += 10
    renewed = sessions.renewed(token)
    sessions.close(token)
    assert sessions.holder(token) is None
    assert sessions.holder(renewed) is None
    assert sessions.holder(other) is not None
    sessions.close("nonsense")


def test_a_router_that_is_started_anew_knows_it(
    sessions: Sessions, plan: Plan, clock: Clock
) -> None:
    token = sessions.open(ME, "4711")
    again = Sessions(plan, PINS, SECRET, clock)
    assert again.holder(token) is not None
    clock.now += 1
    assert again.renewed(token) != token


@pytest.mark.parametrize(
    ("pins", "secret"),
    [(Pins({ME: "4713", OTHER: "4712"}), SECRET), (Pins({}), SECRET), (PINS, b"another")],
)
def test_a_new_pin_or_secret_ends_it(
    sessions: Sessions, plan: Plan, pins: Pins, secret: bytes
) -> None:
    token = sessions.open(ME, "4711")
    sessions.change(plan, pins, secret)
    assert sessions.holder(token) is None


def test_who_is_not_in_the_plan_any_more_is_out(sessions: Sessions, plan: Plan) -> None:
    token = sessions.open(ME, "4711")
    sessions.change(replace(plan, agents={}), PINS, SECRET)
    assert sessions.holder(token) is None


def test_a_session_stands_beyond_its_first_token(
    sessions: Sessions, plan: Plan, clock: Clock
) -> None:
    """What a token opened may go on while the session does: it is renewed by another token."""
    token = sessions.open(ME, "4711")
    assert sessions.stands(token)
    clock.now += SESSION_S
    assert sessions.holder(token) is None
    assert sessions.stands(token)
    clock.now += LONGEST_S - SESSION_S
    assert not sessions.stands(token)
    assert not sessions.stands("poste.x.y")
    assert not sessions.stands("")


def test_a_session_that_is_closed_or_whose_pin_has_changed_stands_no_more(
    sessions: Sessions, plan: Plan
) -> None:
    token, other = sessions.open(ME, "4711"), sessions.open(ME, "4711")
    sessions.close(token)
    assert not sessions.stands(token)
    assert sessions.stands(other)
    sessions.change(plan, Pins({ME: "4712"}), SECRET)
    assert not sessions.stands(other)


def test_a_token_cannot_be_made_up(sessions: Sessions) -> None:
    token, other = sessions.open(ME, "4711"), sessions.open(OTHER, "4712")
    mark, text, seal = token.split(".")
    forged = [
        "",
        "poste",
        "poste..",
        f"{mark}.{text}.",
        f"{mark}.{text}.{'0' * len(seal)}",
        f"{mark}.{text}.é{seal[1:]}",
        f"{mark}.{other.split('.')[1]}.{seal}",
        f"{mark}.AAAA.{seal}",
        f"{mark}.é.{seal}",
        f"{mark}.{text}{text}.{seal}",
        f"autre.{text}.{seal}",
        f"{text}.{seal}",
    ]
    assert [one for one in forged if sessions.holder(one) is not None] == []


# Locks.


def test_after_three_wrong_pins_the_right_one_is_refused(sessions: Sessions, clock: Clock) -> None:
    assert locked_for(sessions).endswith("Réessayez dans 5 minutes.")
    clock.now += 299
    status, said = refusal(sessions, "4711")
    assert status == 423
    assert said.endswith("Réessayez dans 1 minute.")
    clock.now += 1
    assert sessions.open(ME, "4711")


def test_each_lock_lasts_twice_as_long(sessions: Sessions, clock: Clock) -> None:
    for minutes in (5, 10, 20, 40, 60, 60):
        assert locked_for(sessions).endswith(f"Réessayez dans {minutes} minutes.")
        clock.now += minutes * 60
    assert LONGEST_LOCK_S == 3600


def test_the_right_one_makes_all_forgotten(sessions: Sessions, clock: Clock) -> None:
    locked_for(sessions)
    clock.now += 300
    sessions.open(ME, "4711")
    assert locked_for(sessions).endswith("dans 5 minutes.")


def test_only_that_number_is_locked(sessions: Sessions) -> None:
    locked_for(sessions)
    assert sessions.open(OTHER, "4712")


def test_a_number_that_is_nobodys_is_answered_the_same(sessions: Sessions) -> None:
    assert locked_for(sessions, "777") == locked_for(sessions)


def test_numbers_that_are_nobodys_are_forgotten_in_the_end(sessions: Sessions) -> None:
    locked_for(sessions)
    locked_for(sessions, "777")
    for number in range(1000, 2000):
        refusal(sessions, agent=str(number))
    assert refusal(sessions, agent="777")[0] == 403
    assert refusal(sessions, "4711")[0] == 423  # an informateur's is not


def test_without_a_pin_nobody_logs_in(sessions: Sessions, plan: Plan) -> None:
    sessions.change(plan, Pins({}), SECRET)
    assert refusal(sessions, "")[0] == 403


def test_a_pin_of_somebody_who_is_not_in_the_plan(sessions: Sessions, plan: Plan) -> None:
    sessions.change(plan, Pins({STRANGER: "1234"}), SECRET)
    assert refusal(sessions, "1234", STRANGER)[0] == 403


# Over HTTP.


async def told(answer: ClientResponse) -> dict[str, Any]:
    assert answer.headers["Cache-Control"] == "no-store"
    value: dict[str, Any] = await answer.json()
    return value


async def test_from_the_log_in_to_the_log_out(desks: Client) -> None:
    opened = await told(await desks.post("/v1/agents/session", json={"agent": ME, "pin": "4711"}))
    assert opened.keys() == {"agent", "token", "until_s"}
    assert (opened["agent"], opened["until_s"]) == (ME, SESSION_S)
    mine = {"Authorization": f"Bearer {opened['token']}"}
    assert (await desks.get("/v1/agents/me", headers=mine)).status == 200
    assert (await desks.get("/v1/supervision/agents", headers=mine)).status == 403
    renewed = await told(await desks.post("/v1/agents/me/session", headers=mine))
    assert renewed["agent"] == ME
    assert await told(await desks.delete("/v1/agents/me/session", headers=mine)) == {"closed": True}
    for token in (opened["token"], renewed["token"]):
        answer = await desks.get("/v1/agents/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 401


async def test_a_wrong_pin_over_http(desks: Client) -> None:
    answer = await desks.post("/v1/agents/session", json={"agent": ME, "pin": "0000"})
    error = (await told(answer))["error"]
    assert (answer.status, error["code"]) == (403, "wrong_pin")
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "agent"), ({"agent": ME}, "pin"), ({"agent": ME, "pin": 4711}, "pin")],
)
async def test_what_is_missing_is_named(desks: Client, body: dict[str, Any], field: str) -> None:
    answer = await desks.post("/v1/agents/session", json=body)
    assert (answer.status, (await told(answer))["error"]["field"]) == (422, field)


async def test_a_token_of_the_secrets_is_no_session(desks: Client) -> None:
    answer = await desks.post("/v1/agents/me/session", headers=as_agent())
    assert (answer.status, (await told(answer))["error"]["code"]) == (409, "no_session")
    assert (await desks.delete("/v1/agents/me/session", headers=as_agent())).status == 200
    assert (await desks.get("/v1/agents/me", headers=as_agent())).status == 200
