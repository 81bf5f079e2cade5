"""The benchmark of callbacks counts rightly; how fast things are is not a test's business."""

import asyncio
import itertools
import json
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from router.config import load_plan
from router.core.plan import Plan
from router.intake.numbers import PhoneNumber, read_number
from router.intake.vault import TmpfsVault
from tests.load import callbacks, callbacks_report
from tests.load.askers import UNSTAFFED, Asked, Askers
from tests.load.callbacks import Dialled, Results, Rush, Scale, wrong
from tests.load.carrier import Carrier
from tests.load.open_loop import Answer, OpenLoop, instants
from tests.load.processes import children_of, pinned
from tests.load.report import as_text
from tests.load.weights import Weight, own_memory, weigh
from tests.patience import PATIENCE_S

TINY = Scale(rate=40.0, seconds=2.0, rushes=1, open=20, dials=2, more=60, phones=3)


# What is asked.


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    told = callbacks.service(TINY, Path("/dev/shm/nowhere"), 0)
    (tmp_path / "plan.toml").write_text(told.plan)
    (tmp_path / "agents.toml").write_text(told.agents)
    return load_plan(tmp_path / "plan.toml", tmp_path / "agents.toml")


def body(asked: Asked) -> dict[str, str]:
    content: dict[str, str] = json.loads(asked.request.partition(b"\r\n\r\n")[2])
    return content


def test_the_service_is_open_nearly_all_day_and_promises_thousands(plan: Plan) -> None:
    monday = 1_795_993_200.0  # 2026-11-30, midnight in Paris
    assert plan.hours.is_open(monday + 60)
    assert plan.hours.closes_at(monday + 60) == monday + 23 * 3600 + 59 * 60
    assert plan.callbacks.tickets_per_agent * TINY.phones > 10_000
    assert sum(UNSTAFFED in agent.skills for agent in plan.agents.values()) == 1
    assert len(plan.agents) == TINY.phones + 1


def test_half_of_the_requests_are_promised_and_no_number_of_theirs_comes_twice(plan: Plan) -> None:
    asked = Askers(plan, "localhost", "token").mixed(2000)
    promised = [one for one in asked if not one.code]
    assert len(promised) == 1000
    assert len({body(one)["phone"] for one in promised}) == 1000
    assert {one.code for one in asked} == {
        *("", "special", "foreign", "malformed", "number_limit", "no_agent")
    }
    for one in promised:
        read_number(body(one)["phone"], fiction=True)
        assert plan.fiches[body(one)["fiche"]].sector != UNSTAFFED  # type: ignore[index]
    keys = {one.request.partition(b"Idempotency-Key: ")[2].split(b"\r\n")[0] for one in asked}
    assert len(keys) == 2000


def test_who_asks_again_was_promised_before(plan: Plan) -> None:
    asked = Askers(plan, "localhost", "token").mixed(4000)
    seen: set[str] = set()
    for one in asked:
        if one.code == "number_limit":
            assert body(one)["phone"] in seen
        elif not one.code:
            seen.add(body(one)["phone"])


def test_an_answer_is_right_by_its_status_and_code() -> None:
    promised, refused = Asked(b"", 202, ""), Asked(b"", 503, "no_agent")
    accepted = Answer(202, b'{"state": "accepted"}', 0.1, 0.0)
    full = Answer(503, b'{"error": {"code": "full"}}', 0.1, 0.0)
    no_agent = Answer(503, b'{"error": {"code": "no_agent"}}', 0.1, 0.0)
    nothing = Answer(0, b"", 10.0, 0.0)
    assert wrong([promised, refused], [accepted, no_agent]) == {}
    assert wrong([promised, promised, refused], [full, nothing, full]) == {
        "503 full for 202": 1,
        "0 for 202": 1,
        "503 full for 503 no_agent": 1,
    }


# Requests at their instants.


class Server:
    """An HTTP server that answers as it is told, after a while."""

    def __init__(self) -> None:
        self.port = 0
        self.delay_s = 0.0
        self.close = False
        self.hang_up = False
        self.asked: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.asked.append(await reader.readuntil(b"\r\n\r\n"))
                await asyncio.sleep(self.delay_s)
                if self.hang_up:
                    return
                closing = "Connection: close\r\n" if self.close else ""
                head = f"HTTP/1.1 429 Too Many\r\nContent-Length: 4\r\n{closing}\r\n"
                writer.write(head.encode())
                await writer.drain()
                writer.write(b"nope")
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    yield server
    listening.close()
    await listening.wait_closed()


async def asked_of(server: Server, *arrivals: float) -> tuple[list[Answer], int]:
    asking = OpenLoop("127.0.0.1", server.port)
    requests = [f"GET /{place} HTTP/1.1\r\n\r\n".encode() for place in range(len(arrivals))]
    answers = await asking.run(requests, arrivals)
    asking.close()
    return answers, asking.connections


async def test_a_connection_is_kept_and_used_again(server: Server) -> None:
    answers, connections = await asked_of(server, 0.0, 0.2, 0.4)
    assert [(one.status, one.body) for one in answers] == [(429, b"nope")] * 3
    assert connections == 1


async def test_nobody_waits_for_those_before(server: Server) -> None:
    server.delay_s = 0.3
    answers, connections = await asked_of(server, 0.0, 0.0, 0.0)
    assert connections == 3
    assert len(server.asked) == 3
    assert all(one.status == 429 for one in answers)


async def test_a_connection_that_the_server_ends_is_not_used_again(server: Server) -> None:
    server.close = True
    answers, connections = await asked_of(server, 0.0, 0.2)
    assert [one.status for one in answers] == [429, 429]
    assert connections == 2


async def test_latency_counts_from_the_intended_instant(server: Server) -> None:
    asking = OpenLoop("127.0.0.1", server.port)
    [late] = await asking.run([b"GET / HTTP/1.1\r\n\r\n"], [-5.0])  # 5 s ago
    asking.close()
    assert late.late_s >= 5.0
    assert late.latency_s > late.late_s


async def test_a_broken_connection_is_no_answer(server: Server) -> None:
    server.hang_up = True
    [answer], _ = await asked_of(server, 0.0)
    assert answer.status == 0
    assert answer.told() == "0"


def test_arrivals_are_as_many_as_asked_and_irregular() -> None:
    arrivals = instants(100.0, 5000, 1)
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] == pytest.approx(50.0, rel=0.1)
    gaps = [after - before for before, after in itertools.pairwise(arrivals)]
    assert sum(gap > 0.01 for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.03)  # 1 / e


# The carrier.


async def test_the_carrier_notes_the_call_once_and_refuses_when_told() -> None:
    asterisk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asterisk.bind(("127.0.0.1", 0))
    asterisk.setblocking(False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    carrier = Carrier(port)
    loop = asyncio.get_running_loop()
    invite = (
        b"INVITE sip:33199001234@127.0.0.1 SIP/2.0\r\nVia: v\r\nFrom: a\r\nTo: b\r\n"
        b"Call-ID: c\r\nCSeq: 1 INVITE\r\nContact: d\r\n\r\n"
    )
    for _ in range(2):
        asterisk.sendto(invite, ("127.0.0.1", port))
        async with asyncio.timeout(PATIENCE_S):
            trying = await loop.sock_recv(asterisk, 4096)
        assert trying.startswith(b"SIP/2.0 100 ")
    dialled, at = carrier.calls.get_nowait()
    assert carrier.calls.empty()
    assert dialled == "33199001234"
    assert at > 0
    carrier.refuse()
    async with asyncio.timeout(PATIENCE_S):
        refused = await loop.sock_recv(asterisk, 4096)
    assert refused.startswith(b"SIP/2.0 486 ")
    assert b"To: b;tag=c\r\n" in refused
    carrier.close()
    asterisk.close()


# Processes and what they weigh.


async def test_processes_are_pinned_and_let_go_again() -> None:
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        pytest.skip("there is one processor only")
    other = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        assert other.pid in children_of(os.getpid())
        with pinned([other.pid], []):
            theirs, ours = os.sched_getaffinity(other.pid), os.sched_getaffinity(0)
            assert len(theirs) == 1
            assert not theirs & ours
        assert os.sched_getaffinity(0) == before
    finally:
        other.kill()
        await other.wait()


def test_a_ticket_weighs_what_each_one_added(tmp_path: Path) -> None:
    vault, database = tmp_path / "vault", tmp_path / "tickets.sqlite3"
    vault.mkdir()
    (vault / "boot-id").write_text("no number")
    (tmp_path / "tickets.sqlite3-wal").write_bytes(bytes(500))
    database.write_bytes(bytes(1000))
    few = weigh(os.getpid(), vault, database)
    for number in range(3):
        (vault / f"{number:032}").write_text("+33199001234")
    many = weigh(os.getpid(), vault, database)
    assert (few.tickets, many.tickets, many.disk) == (0, 3, 1500)
    assert many.per_ticket(few, "vault_pages") == 4096  # a file that has content


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no /dev/shm here")
def test_a_ticket_of_the_vault_takes_no_page() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="allo-test-") as folder:
        vault, database = Path(folder) / "vault", Path(folder) / "tickets.sqlite3"
        opened = TmpfsVault(vault)
        few = weigh(os.getpid(), vault, database)
        for number in range(100):
            opened.put(f"{number:032}", PhoneNumber("+33199001234"))
        many = weigh(os.getpid(), vault, database)
        opened.close()
    assert many.per_ticket(few, "vault_pages") == 0
    assert many.per_ticket(few, "vault_inodes") < 2000


def test_a_processs_own_memory_grows_with_what_it_holds() -> None:
    before = own_memory(os.getpid())
    held = os.urandom(50_000_000)  # above 32 MB memory is always new (mallopt(3))
    assert own_memory(os.getpid()) - before > 0.9 * len(held)


# What is told.


def results(latency_s: float, whole_s: float, bytes_each: int) -> Results:
    one = Rush(
        latency_s=[latency_s] * 100,
        late_s=[0.001] * 100,
        promises=50,
        wrong={},
        reached=500.0,
        connections=3,
        recycled=1,
        router_s=0.05,
        intake_s=0.1,
        took_s=0.2,
        others=0.0,
    )
    return Results(
        [one],
        [Dialled(0.01, 0.02, whole_s), Dialled(0.01, 0.02, 0.05)],
        0.0,
        Weight(1000, 50_000_000, 0, 944 * 1000, 100_000),
        Weight(2000, 50_000_000 + bytes_each * 1000, 0, 944 * 2000, 200_000),
        0.1,
        0.1,
    )


def test_the_bars_are_held_or_missed() -> None:
    held = as_text(callbacks_report.report(results(0.049, 0.9, 1500), TINY))
    missed = as_text(callbacks_report.report(results(0.051, 1.1, 5000), TINY))
    for bar in ("< 50 ms", "< 1,000 ms"):
        assert f"{bar}: held" in held
        assert f"{bar}: MISSED" in missed
    assert held.count("< 4,096 B: held") == 2
    assert missed.count("< 4,096 B: MISSED") == 2


@pytest.mark.load
def test_every_request_is_answered_rightly_and_every_ticket_dialled() -> None:
    told = callbacks.run(TINY, 5700, lambda _: None)
    [one] = told.rushes
    assert one.wrong == {}
    assert (len(one.latency_s), one.promises) == (80, 40)
    assert one.router_s > 0
    assert one.intake_s > 0
    assert len(told.dialled) == TINY.dials
    for dialled in told.dialled:
        assert min(dialled.rung_s, dialled.dialled_s) > 0
        assert dialled.whole_s >= dialled.rung_s + dialled.dialled_s
    assert (told.few.tickets, told.many.tickets) == (TINY.open, TINY.open + TINY.more)
