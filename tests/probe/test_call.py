"""One call over SIP, with a server that answers as it is told."""

import asyncio

import pytest

from router.probe.call import Call, Caller
from tests.probe.sip_server import SILENCE, Server, sip_server

CALLER = Caller("0199004321")


def call_to(server: Server) -> Call:
    return Call(server.port, "token", "3939", CALLER)


async def test_a_call_is_answered_heard_and_ended() -> None:
    async with sip_server() as server:
        async with call_to(server) as call:
            assert await call.dial() == 200
            await call.ear.heard.wait()
        assert server.methods == ["INVITE", "ACK", "BYE"]
        assert server.asked[0].start.startswith("INVITE sip:3939@127.0.0.1:")


async def test_the_caller_is_named_wherever_carriers_name_one() -> None:
    async with sip_server() as server, call_to(server) as call:
        await call.dial()
    invite = server.asked[0]
    naming = {name for name, value in invite.headers if CALLER.number in value}
    assert naming == {
        *("from", "p-asserted-identity", "p-preferred-identity", "remote-party-id"),
        *("diversion", "history-info"),
    }
    assert invite.first("x-allo-probe") == "token"


async def test_a_request_that_is_lost_is_sent_again() -> None:
    async with sip_server() as server:
        server.deaf_to, server.trying = 1, True
        async with call_to(server) as call:
            assert await call.dial() == 200
        assert server.methods == ["INVITE", "INVITE", "ACK", "BYE"]
        assert server.asked[0] == server.asked[1]


async def test_a_refusal_is_acknowledged_and_there_is_nothing_to_end() -> None:
    async with sip_server() as server:
        server.status = "404 Not Found"
        async with call_to(server) as call:
            assert await call.dial() == 404
        await asyncio.sleep(0)
        invite, ack = server.asked[0], server.asked[-1]
        while ack.method != "ACK":
            await asyncio.sleep(0.01)
            ack = server.asked[-1]
    assert ack.first("via") == invite.first("via")
    assert ack.first("to") != invite.first("to")
    assert "BYE" not in server.methods


async def test_silence_is_no_sound() -> None:
    async with sip_server() as server:
        server.sound = SILENCE
        async with call_to(server) as call:
            await call.dial()
            while not call.ear.packets:
                await asyncio.sleep(0.01)
            assert not call.ear.heard.is_set()


async def test_whoever_hangs_up_first_is_answered() -> None:
    async with sip_server() as server:
        server.hangs_up = True
        async with call_to(server) as call:
            await call.dial()
            await call.ended.wait()
        assert "BYE" not in server.methods


async def test_nobody_there_is_said_at_once() -> None:
    async with sip_server() as server:
        port = server.port
    async with Call(port, "token", "3939", CALLER) as call:
        with pytest.raises(ConnectionError, match=f"UDP 127.0.0.1:{port}"):
            await call.dial()


async def test_a_call_that_is_given_up_is_cancelled() -> None:
    async with sip_server() as server:
        server.status, server.trying = "180 Ringing", True
        async with call_to(server) as call:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await call.dial()
            while "CANCEL" not in server.methods:
                await asyncio.sleep(0.01)
