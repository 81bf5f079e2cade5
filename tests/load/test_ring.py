"""The benchmark of ringing counts rightly; how fast things are is not a test's business."""

import asyncio
import json
import socket

import pytest

from router.core.commands import Step
from tests.load import ring
from tests.load.busy_phone import BusyPhone, Rung
from tests.load.report import as_text
from tests.load.ring import Delay, Noted, Phase, Scale, explain, read_steps, report
from tests.patience import PATIENCE_S

TINY = Scale(rate=4, phones=6, repeats=1, seconds=5.0)


def phase(*delays_s: float) -> Phase:
    return Phase(
        delays=[Delay(whole_s, 0.001, 0.001, whole_s - 0.002) for whole_s in delays_s],
        unexplained=0,
        confirmed_s=[0.001],
        rate=20,
        reached=20.0,
        served_per_s=19.4,
        calls=100,
        failed=0,
        open_least=5,
        asterisk=0.5,
        router=0.1,
        others=0.0,
    )


def logged(agent: str, step: Step, at: str, detail: str = "") -> str:
    fields = {"event": "step", "agent": agent, "step": step, "detail": detail}
    return json.dumps({**fields, "timestamp": f"2026-11-23T10:00:{at}Z"})


def test_the_log_is_read_for_hang_ups_and_ringing() -> None:
    steps = read_steps(
        [
            logged("201", Step.AGENT_DONE, "01.000100"),
            logged("201", Step.TALKING, "01.000200"),
            logged("201", Step.RINGING, "01.000400", "call due first of 17 open"),
            '{"event": "started"}',
        ]
    )
    assert [(one.agent, one.step, one.open) for one in steps] == [
        ("201", Step.AGENT_DONE, 0),
        ("201", Step.RINGING, 17),
    ]
    assert steps[1].at - steps[0].at == pytest.approx(0.0003, abs=1e-6)


def test_a_delay_is_explained_by_the_informateurs_own_steps() -> None:
    steps = [
        Noted("201", Step.AGENT_DONE, 10.002),
        Noted("202", Step.RINGING, 10.003),
        Noted("201", Step.RINGING, 10.005),
        Noted("202", Step.AGENT_DONE, 10.006),
    ]
    (delay,) = explain(
        [Rung("201", 10.0, 10.001, 10.009), Rung("202", 10.0, 10.001, 10.009)], steps
    )
    parts = (delay.whole_s, delay.noticed_s, delay.decided_s, delay.rung_s)
    assert parts == pytest.approx((0.009, 0.002, 0.003, 0.004))


def test_the_bar_is_on_the_median_of_the_crowds() -> None:
    held = report([phase(0.004), phase(0.004), phase(0.5)], TINY, 0.1)
    missed = report([phase(0.011), phase(0.011), phase(0.004)], TINY, 0.1)
    assert "< 10 ms: held" in as_text(held)
    assert "< 10 ms: MISSED" in as_text(missed)


def test_the_service_has_no_wrap_up_and_as_many_informateurs_as_asked() -> None:
    told = ring.service(TINY)
    assert "wrap_up_s = 0\n" in told.plan
    assert told.agents.count("logement-location = 1") == TINY.phones


class Registrar:
    """Asterisk's end of one phone: a socket that says what a test tells it to."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(("127.0.0.1", 0))
        self.address = ("127.0.0.1", int(self.socket.getsockname()[1]))

    async def hears(self) -> tuple[str, tuple[str, int]]:
        async with asyncio.timeout(PATIENCE_S):
            loop = asyncio.get_running_loop()
            data, phone = await loop.sock_recvfrom(self.socket, 8192)
        return data.decode(), phone

    def says(self, start: str, to: tuple[str, int], *lines: str) -> None:
        self.socket.sendto("\r\n".join([f"{start} SIP/2.0", *lines, "", ""]).encode(), to)

    def invites(self, call: str, to: tuple[str, int]) -> None:
        head = ("Via: v", "From: <sip:a>;tag=1", "To: <sip:b>", f"Call-ID: {call}")
        self.says("INVITE sip:b", to, *head, "CSeq: 1 INVITE", "Contact: <sip:a@127.0.0.1:9>")
        self.says("ACK sip:b", to, *head, "CSeq: 1 ACK")


async def test_a_phone_answers_hangs_up_and_notes_when_it_is_rung_again() -> None:
    asterisk = Registrar()
    phone = BusyPhone("201", "secret", asterisk.address, talks_s=0.0)
    registering = asyncio.create_task(phone.register())
    asked, address = await asterisk.hears()
    assert asked.startswith("REGISTER ")
    asterisk.socket.sendto(b"SIP/2.0 200 OK\r\nCSeq: 1 REGISTER\r\n\r\n", address)
    await registering
    for call in ("one", "two"):
        asterisk.invites(call, address)
        answer, _ = await asterisk.hears()
        assert answer.startswith("SIP/2.0 200 OK")
        assert "m=audio" in answer
        bye, _ = await asterisk.hears()
        assert bye.startswith("BYE sip:a@127.0.0.1:9 ")
        assert f"Call-ID: {call}\r\n" in bye
    phone.close()
    asterisk.socket.close()
    (rung,) = phone.rung  # the first ringing follows no hang-up
    assert phone.answered == 2
    assert rung.agent == "201"
    assert rung.at >= rung.hung_up_at


async def test_a_phone_stays_registered_until_it_is_put_away() -> None:
    asterisk = Registrar()
    phone = BusyPhone("201", "secret", asterisk.address, talks_s=0.0, again_s=0.0)
    numbers: list[int] = []
    for expires_s in (600, 600, 0):
        asking = asyncio.create_task(phone.register(expires_s)) if len(numbers) != 1 else None
        asked, address = await asterisk.hears()
        assert f"Expires: {expires_s}\r\n" in asked
        numbers.append(int(asked.partition("CSeq: ")[2].split()[0]))
        asterisk.socket.sendto(b"SIP/2.0 200 OK\r\nCSeq: 1 REGISTER\r\n\r\n", address)
        if asking is not None:
            await asking
    phone.close()
    asterisk.socket.close()
    assert numbers == sorted(set(numbers))


async def test_a_phone_that_asterisk_refuses_says_so() -> None:
    asterisk = Registrar()
    phone = BusyPhone("201", "secret", asterisk.address, talks_s=0.0)
    registering = asyncio.create_task(phone.register())
    _, address = await asterisk.hears()
    challenge = 'WWW-Authenticate: Digest realm="allo", nonce="n", qop="auth"'
    asterisk.socket.sendto(
        f"SIP/2.0 401 -\r\nCSeq: 1 REGISTER\r\n{challenge}\r\n\r\n".encode(), address
    )
    again, _ = await asterisk.hears()
    assert 'username="agent-201"' in again
    assert "secret" not in again
    asterisk.socket.sendto(b"SIP/2.0 403 Forbidden\r\nCSeq: 2 REGISTER\r\n\r\n", address)
    with pytest.raises(ConnectionError, match="403"):
        await registering
    phone.close()
    asterisk.socket.close()


@pytest.mark.load
def test_every_ring_is_measured_and_explained() -> None:
    (one,) = ring.run(TINY, 5600, lambda _: None)
    assert one.failed == 0
    assert one.unexplained == 0
    assert one.open_least >= 1  # somebody always waited
    assert len(one.delays) > 3
    for delay in one.delays:
        assert min(delay.whole_s, delay.noticed_s, delay.decided_s, delay.rung_s) > 0
    told = report([one], TINY, 0.0)
    assert "Hung up to rung again, p99" in {figure.what for figure in told.figures}
