"""Within a call anything may be sent as INFO: only a key is a key, and the call goes on."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from router.core.events import KeyPressed
from tests.contract.bench import Bench, kinds
from tests.contract.faces import RealFace
from tests.contract.sip_phone import SipPhone

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.real]

_NUMBER = "0199006677"
#: Kind of the body, and the body.
FOREIGN = [
    ("text/plain", f"call {_NUMBER}"),
    ("application/media_control+xml", "<?xml version='1.0'?><media_control><vc_primitive/>"),
    ("application/sdp", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nm=audio 0 RTP/AVP 8\r\n"),
    ("application/json", '{"key": "5"}'),
    ("multipart/mixed;boundary=x", "--x\r\nContent-Type: application/dtmf\r\n\r\n5\r\n--x--\r\n"),
    ("application/octet-stream", "\0\x01\x02" * 300),
    ("application/x-www-form-urlencoded", "Signal=5&Duration=160"),
    ("message/sipfrag", "SIP/2.0 200 OK\r\n"),
    ("audio/telephone-event", "\x05\x8a\x05\x00"),
    ("x", "Signal=5\r\n"),
    ("application/dtmf-relay", ""),
    ("application/dtmf-relay", "Signal\r\n"),
    ("application/dtmf-relay", "Signal=\r\nDuration=160\r\n"),
    ("application/dtmf-relay", "Signal=X\r\nDuration=160\r\n"),
    ("application/dtmf-relay", "Signal=99\r\nDuration=160\r\n"),
    ("application/dtmf-relay", "Duration=160\r\n"),
    ("application/dtmf-relay", f"Signal=é{_NUMBER}\r\nDuration=160\r\n"),
    ("application/dtmf-relay", "S" * 30_000),
    ("application/dtmf", ""),
    ("application/dtmf", "X"),
]


@pytest_asyncio.fixture(loop_scope="session")
async def bench(running: RealFace) -> AsyncIterator[Bench]:
    async with Bench(running) as bench:
        yield bench
    await running.clear()


async def test_no_foreign_body_is_a_key_or_ends_the_call(running: RealFace, bench: Bench) -> None:
    call = await bench.arrive()
    caller = bench.caller
    assert isinstance(caller, SipPhone)
    # Some of them are never answered: nobody waits for that.
    asking = [
        asyncio.create_task(caller.ask("INFO", [("content-type", kind)], body))
        for kind, body in FOREIGN
    ]
    await asyncio.sleep(0)
    await caller.press_by_info("7")
    await bench.expect(KeyPressed, call=call, key="7")
    for one in asking:
        one.cancel()
    await asyncio.gather(*asking, return_exceptions=True)

    keys = [one.key for one in bench.events if isinstance(one, KeyPressed)]
    assert keys == ["7"]
    assert set(kinds(bench.events)) <= {"CallArrived", "KeyPressed"}
    assert [one["id"] for one in await bench.ask("GET", "channels")] == [call]
    assert not caller.ended.is_set()
