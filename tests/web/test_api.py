"""The HTTP interface, over a real socket."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from prometheus_client.parser import text_string_to_metric_families

from router.access import Keyring, Scope, Token, digest
from router.core.callback.tickets import Refusal, TicketRecord, TicketState
from router.core.codes import in_pairs
from router.core.commands import Noted, Step
from router.core.facts import CallFact, Door, Outcome
from router.core.ids import CallId, TicketId
from router.core.standing import SectorSnapshot
from router.core.table import OUTSIDE
from router.store.standing import Keeping
from router.web.api import Api
from router.web.metrics import Metrics
from router.web.snapshot import (
    AT_RISK_S,
    CallbackStanding,
    Connection,
    FallbackStanding,
    Snapshot,
    standing_of,
)
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, WORK, code_book, small_plan

KEY = "key of the tests"
NBSP = "\u00a0"

Client = TestClient[Request, Application]


class Present:
    """The state of the service, as a test sets it."""

    def __init__(self) -> None:
        self.snapshot = Snapshot(
            ready=True,
            now=MONDAY_10H,
            sectors=[
                SectorSnapshot(HOUSING, 2, 3, 1, 40.0, (1, 4)),
                SectorSnapshot(WORK, 0, 0, 0, None, None),
            ],
            agents={"ready": 1, "talking": 2},
            calls={"waiting": 2},
            counts={},
            defects=0,
            callbacks={HOUSING: None, WORK: Refusal.NO_AGENT},
        )

    def set(self, **changes: Any) -> None:
        self.snapshot = replace(self.snapshot, **changes)


@pytest.fixture
def present() -> Present:
    return Present()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics([HOUSING, WORK], ["vault"])


@pytest.fixture
async def client(present: Present, metrics: Metrics) -> AsyncIterator[Client]:
    plan = small_plan()
    keyring = Keyring([Token("site", Scope.READ, digest(KEY))], lambda: MONDAY_10H)
    api = Api(plan, code_book(plan), keyring, lambda: present.snapshot, metrics)
    async with TestClient(TestServer(api.application())) as client:
        yield client


async def test_health_needs_no_asterisk(client: Client, present: Present) -> None:
    present.set(ready=False)
    assert (await client.get("/healthz")).status == 200


async def test_ready_is_every_part(client: Client, present: Present) -> None:
    present.set(parts={"application": "", "trunk_transport": ""})
    answer = await client.get("/readyz")
    assert answer.status == 200
    assert await answer.json() == {
        "ready": True,
        "parts": {
            "application": {"ok": True, "why": ""},
            "trunk_transport": {"ok": True, "why": ""},
        },
    }
    present.set(parts={"application": "", "trunk_transport": "did not start"})
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert await answer.json() == {
        "ready": False,
        "reason": "trunk_transport: did not start",
        "missing": ["trunk_transport"],
        "parts": {
            "application": {"ok": True, "why": ""},
            "trunk_transport": {"ok": False, "why": "did not start"},
        },
    }
    text = await (await client.get("/metrics")).text()
    assert 'allo_ready{part="application"} 1.0' in text
    assert 'allo_ready{part="trunk_transport"} 0.0' in text


async def test_not_ready_without_asterisk(client: Client, present: Present) -> None:
    present.set(ready=False, trouble="Asterisk does not answer")
    answer = await client.get("/readyz")
    assert answer.status == 503
    told = await answer.json()
    assert (told["ready"], told["reason"]) == (False, "Asterisk does not answer")


async def test_the_state_of_the_service(client: Client) -> None:
    state = await (await client.get("/v1/service")).json()
    assert state["open"] is True
    assert state["next_change"] == "2026-11-23T18:15:00+01:00"
    assert state["next_opening"] is None
    housing, work = state["sectors"]
    assert housing == {
        "id": "logement",
        "name": "Logement",
        "waiting": 2,
        "informateurs": 3,
        "wait_min": [1, 4],
        "callback": True,
    }
    assert work["wait_min"] is None
    assert (state["callbacks"]["accepted"], state["callbacks"]["promise_min"]) == (True, 45)
    assert state["relay"] is None


async def test_why_no_callback_is_promised(client: Client, present: Present) -> None:
    present.set(callbacks={HOUSING: Refusal.FULL, WORK: Refusal.FULL})
    told = (await (await client.get("/v1/service")).json())["callbacks"]
    assert (told["accepted"], told["code"]) == (False, "full")
    assert told["reason"].startswith("Trop de personnes attendent")
    assert told["reason"].endswith("Vous pouvez composer le 3939.")
    assert told["next_opening_at"] is None


async def test_nobody_is_told_to_dial_when_calls_are_not_answered(
    client: Client, present: Present
) -> None:
    present.set(callbacks={HOUSING: Refusal.UNAVAILABLE, WORK: Refusal.UNAVAILABLE}, ready=False)
    told = (await (await client.get("/v1/service")).json())["callbacks"]
    assert told["code"] == "unavailable"
    assert "3939" not in told["reason"]


async def test_too_late_for_a_callback_tells_the_next_opening_while_open(
    client: Client, present: Present
) -> None:
    present.set(now=MONDAY_10H + 8 * 3600)
    present.set(callbacks={HOUSING: Refusal.CLOSING, WORK: Refusal.CLOSING})
    state = await (await client.get("/v1/service")).json()
    told = state["callbacks"]
    assert (state["open"], told["code"]) == (True, "closing")
    assert told["next_opening_at"] == "2026-11-24T08:30:00+01:00"
    assert "ouvre demain, mardi 24 novembre, à 8 h 30." in told["reason"].replace(NBSP, " ")


async def test_closed_tells_the_next_opening_in_french(client: Client, present: Present) -> None:
    present.set(now=MONDAY_10H + 12 * 3600)
    state = await (await client.get("/v1/service")).json()
    assert state["open"] is False
    assert state["next_opening"].replace(NBSP, " ") == "demain, mardi 24 novembre, à 8 h 30"


async def test_a_code_for_those_who_have_the_key(client: Client) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = await client.get(f"/v1/access-codes/{FICHE}", headers=headers)
    code = code_book(small_plan()).code(FICHE, MONDAY_10H)
    assert await answer.json() == {
        "fiche": FICHE,
        "code": code,
        "spaced": in_pairs(code),
        "sector": HOUSING,
    }


@pytest.mark.parametrize(
    "authorization", ["", KEY, "Bearer ", "Bearer wrong", "Bearer clé", f"Bearer {KEY[:-1]}"]
)
async def test_no_code_without_the_key(client: Client, authorization: str) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = await client.get(f"/v1/access-codes/{FICHE}", headers=headers)
    assert answer.status == 401
    assert (await answer.json())["error"]["message"] == "Jeton d’accès absent ou inconnu."


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/access-codes/F9", 404, "unknown_fiche"),
        ("/v1/nothing", 404, "not_found"),
        ("/../etc/passwd", 404, "not_found"),
    ],
)
async def test_what_is_not_there_is_said_in_french(
    client: Client, path: str, status: int, code: str
) -> None:
    answer = await client.get(path, headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status == status
    error = (await answer.json())["error"]
    assert error["code"] == code
    assert error["message"].endswith(".")


@pytest.mark.parametrize("path", ["/v1/agents/me", "/v1/supervision/agents"])
async def test_without_the_engine_there_are_no_desks(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_a_wrong_method_names_the_right_ones(client: Client) -> None:
    answer = await client.post("/v1/service")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"


async def test_the_page_comes_with_its_policy(client: Client) -> None:
    answer = await client.get("/")
    assert '<html lang="fr">' in await answer.text()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_file_that_cannot_be_written_is_told_and_calls_go_on(
    client: Client, present: Present
) -> None:
    present.set(stores={"tickets": Keeping(3, 2, 1, "disk full"), "facts": Keeping()})
    for _ in range(2):  # read twice, counted once
        text = await (await client.get("/metrics")).text()
    assert 'allo_store_pending{store="tickets"} 3.0' in text
    assert 'allo_store_failures_total{store="tickets"} 2.0' in text
    assert 'allo_store_lost_total{store="tickets"} 1.0' in text
    assert 'allo_store_failures_total{store="facts"} 0.0' in text
    answer = await client.get("/readyz")
    assert (await answer.json())["troubles"] == {"store": "tickets: disk full"}


async def test_metrics_can_be_parsed_and_hold_no_call(client: Client, metrics: Metrics) -> None:
    call = CallId("allo-1-1795321753.0")
    metrics.noted(Noted(call, Step.TALKING, sector=HOUSING, seconds=12.0))
    metrics.noted(Noted(call, Step.ENDED, outcome=Outcome.ANSWERED))
    text = await (await client.get("/metrics")).text()
    assert call not in text
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["allo_waiting", "logement"] == 2
    assert samples["allo_agents", "talking"] == 2
    assert samples["allo_calls_ended_total", "answered"] == 1
    assert samples["allo_calls_ended_total", "abandoned"] == 0
    assert samples["allo_wait_seconds_sum", "logement"] == 12.0
    assert samples["allo_ready", "vault"] == 0  # nobody has reported it yet
    assert samples["allo_log_leaks_total",] == 0


async def test_ignored_events_and_transitions_outside_the_tables_are_counted_once_each(
    client: Client, present: Present
) -> None:
    stray = f"{OUTSIDE}LegEnded in ringing -> voting"
    for late, outside in ((2, 0), (2, 0), (5, 1)):
        counts = {"ignored PromptEnded": late, "ignored step in menu": 1, "ended answered": 9}
        present.set(counts=counts | ({stray: outside} if outside else {}))
        text = await (await client.get("/metrics")).text()
        assert f"allo_events_ignored_total {late + 1}.0" in text
        assert f"allo_outside_table_total {outside}.0" in text


async def test_open_callbacks_are_counted_by_where_they_stand(
    client: Client, present: Present
) -> None:
    present.set(is_open=True, open_callbacks={CallbackStanding.AT_RISK: 2})
    text = await (await client.get("/metrics")).text()
    assert "allo_open 1.0" in text
    assert 'allo_callbacks{standing="at risk"} 2.0' in text
    assert 'allo_callbacks{standing="late"} 0.0' in text
    assert 'allo_oldest_wait_seconds{sector="logement"} 40.0' in text
    assert 'allo_on_duty{sector="logement"} 3.0' in text


@pytest.mark.parametrize(
    ("state", "due_in_s", "standing"),
    [
        (TicketState.WAITING, 600.0, CallbackStanding.WAITING),
        (TicketState.WAITING, AT_RISK_S, CallbackStanding.WAITING),
        (TicketState.WAITING, AT_RISK_S - 1, CallbackStanding.AT_RISK),
        (TicketState.WAITING, 0.0, CallbackStanding.LATE),
        (TicketState.DIALLING, -5.0, CallbackStanding.UNDER_WAY),
    ],
)
def test_a_callback_is_at_risk_when_it_is_due_soon_and_nobody_calls(
    state: TicketState, due_in_s: float, standing: CallbackStanding
) -> None:
    due_at = MONDAY_10H + due_in_s
    ticket = TicketRecord(TicketId("t"), HOUSING, None, MONDAY_10H - 2000, due_at, state)
    assert standing_of(ticket, MONDAY_10H) is standing


async def test_promises_are_counted_as_they_come_due(client: Client, metrics: Metrics) -> None:
    for kept in (True, True, False, None):
        metrics.counted(CallFact(0, Door.CALLBACK, HOUSING, Outcome.ANSWERED, 60, 120, 1, kept))
    text = await (await client.get("/metrics")).text()
    assert 'allo_promises_total{door="callback",kept="yes"} 2.0' in text
    assert 'allo_promises_total{door="callback",kept="no"} 1.0' in text
    assert 'allo_promises_total{door="code",kept="no"} 0.0' in text


async def test_what_asterisk_counts_may_begin_again(client: Client, present: Present) -> None:
    """A restart of Asterisk sets its own count to 0; ours goes on."""
    for fallbacks, total in ((3, 3), (3, 3), (1, 4), (2, 5)):
        present.set(connection=Connection(fallbacks=fallbacks))
        text = await (await client.get("/metrics")).text()
        assert f"allo_asterisk_fallbacks_total {total}.0" in text


async def test_whom_the_fallback_has_looked_after_is_told_once_it_is_known(
    client: Client, present: Present
) -> None:
    assert "allo_fallback" not in await samples(client)
    for is_there, count, total in ((True, 3, 3), (True, 3, 3), (False, 1, 4)):  # started anew
        standing = FallbackStanding(is_there=is_there, served={"handed over": count})
        present.set(fallback=standing)
        text = await samples(client)
        assert f"allo_fallback_up {float(is_there)}" in text
        assert f'allo_fallback_callers_total{{end="handed over"}} {total}.0' in text


async def samples(client: Client) -> str:
    """Return what /metrics serves, without the words about it."""
    text = await (await client.get("/metrics")).text()
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


async def test_numbers_kept_out_of_logs_are_counted_once_each(
    client: Client, present: Present
) -> None:
    for leaks, told in ((2, "2.0"), (2, "2.0"), (5, "5.0")):
        present.set(leaks=leaks)
        text = await (await client.get("/metrics")).text()
        assert f"allo_log_leaks_total {told}\n" in text
    assert "# TYPE allo_log_leaks_total counter" in text
