"""FastAGI behind its guard: whatever comes, whoever asks properly is answered."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
import pytest_asyncio
import structlog

from router.core.ids import PromptId
from router.errors import AgiEnded, SetupError
from router.fallback import door as door_module
from router.fallback import line as line_module
from router.fallback.door import Door, wanted
from router.fallback.line import Line
from tests.fallback.asterisk_side import call, free_port, request, variables
from tests.patience import PATIENCE_S

NUMBER = "0199001234"


class Verbs:
    """What is asked for, and how it went."""

    def __init__(self) -> None:
        self.words: list[tuple[str, ...]] = []
        self.ended = 0

    async def echo(self, line: Line, words: tuple[str, ...]) -> None:
        self.words.append(words)
        await line.set("ASKED", str(len(words)))

    async def talk(self, line: Line, words: tuple[str, ...]) -> None:
        try:
            await line.music(on=True)
            assert await line.get("NOTHING") == ""
            key = await line.say(PromptId("welcome"))
            key = key or await line.key(0.01)
            await line.set("KEY", key or "none")
        except AgiEnded:
            self.ended += 1
            raise

    async def broken(self, line: Line, words: tuple[str, ...]) -> None:
        raise RuntimeError(NUMBER)


@pytest.fixture
def verbs() -> Verbs:
    return Verbs()


@pytest_asyncio.fixture
async def open_door(verbs: Verbs) -> AsyncIterator[Callable[[], Awaitable[tuple[Door, int]]]]:
    doors: list[Door] = []

    async def open_one() -> tuple[Door, int]:
        port = free_port()
        one = Door(port, {"t/echo": verbs.echo, "t/talk": verbs.talk, "t/broken": verbs.broken})
        await one.open()
        doors.append(one)
        return one, port

    yield open_one
    for one in doors:
        await one.close()


@pytest_asyncio.fixture
async def port(open_door: Callable[[], Awaitable[tuple[Door, int]]]) -> int:
    return (await open_door())[1]


async def answered(port: int) -> None:
    """See that a proper question is answered."""
    async with asyncio.timeout(PATIENCE_S):
        assert variables(await call(port, "t/echo", "a", "b")) == {"ASKED": "2"}


async def test_a_verb_is_given_its_arguments_in_order(port: int, verbs: Verbs) -> None:
    words = tuple(str(n) for n in range(1, 12))
    await call(port, "t/echo", *words)
    assert verbs.words == [words]


def test_nothing_but_the_verb_and_its_arguments_is_kept() -> None:
    assert wanted(request("t/echo", "4", number=NUMBER)) == (
        b"agi_network_script: t/echo\nagi_arg_1: 4\n\n"
    )


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\n",
        b"\n\n",
        b"agi_network_script: t/echo\n",
        b"agi_network_script: nobody/knows\n\n",
        b"agi_arg_1: 1\n\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xfe\n" * 50 + b"\n",
        b"agi_network_script: \xff\n\n",
        b"x" * 100_000,
        b"agi_x: y\n" * 5_000,
    ],
    ids=range(11),
)
async def test_who_comes_and_goes_stops_nobody(port: int, sent: bytes) -> None:
    """At the end of the first of these a bare panoramisk reads on for ever (measured)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read() == b""
    writer.close()
    await answered(port)


@pytest.mark.parametrize(
    "answer",
    [
        *(None, "", "x", "HANGUP", "510 Invalid or unknown command", "200 result=-1"),
        *("511 Command Not Permitted on a dead channel", "520-Invalid command syntax.\n520 End."),
    ],
)
async def test_a_caller_who_goes_ends_the_conversation(
    port: int, verbs: Verbs, answer: str | None
) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await call(port, "t/talk", answering=lambda command: answer)
    while verbs.ended == 0:
        await asyncio.sleep(0.01)
    await answered(port)


async def test_keys_are_heard_in_a_prompt_and_after_it(port: int) -> None:
    def presses(when: str, code: int) -> Callable[[str], str]:
        return lambda command: f"200 result={code if command.startswith(when) else 0} endpos=7"

    for when, code, key in (("STREAM", 53, "5"), ("WAIT", 35, "#"), ("WAIT", 0, "none")):
        commands = await call(port, "t/talk", answering=presses(when, code))
        assert variables(commands) == {"KEY": key}


async def test_a_prompt_that_cannot_be_played_is_passed_over(port: int) -> None:
    def lacks(command: str) -> str:
        return f"200 result={-1 if command.startswith('STREAM') else 0} endpos=0"

    assert variables(await call(port, "t/talk", answering=lacks)) == {"KEY": "none"}


async def test_an_asterisk_that_does_not_answer_is_given_up(
    port: int, verbs: Verbs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_module, "PATIENCE_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("t/talk"))
    async with asyncio.timeout(PATIENCE_S):
        assert (await reader.read()).startswith(b"SET MUSIC ON")
    assert verbs.ended == 1
    writer.close()


async def test_a_defect_is_told_without_its_words(port: int) -> None:
    with structlog.testing.capture_logs() as told:
        await call(port, "t/broken")
    assert [line["event"] for line in told] == ["defect"]
    assert NUMBER not in str(told)
    await answered(port)


async def test_a_verb_that_is_none_is_told_once_without_its_name(port: int) -> None:
    with structlog.testing.capture_logs() as told:
        for _ in range(3):
            await call(port, f"t/{NUMBER}")
    assert len(told) == 1
    assert NUMBER not in str(told)


async def test_a_thousand_half_open_connections_keep_nobody_waiting(
    open_door: Callable[[], Awaitable[tuple[Door, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "REQUEST_S", PATIENCE_S)
    door, port = await open_door()
    idle = [socket.socket() for _ in range(1000)]
    try:
        for one in idle:
            one.setblocking(False)
            await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", port))
        await answered(port)
        assert door.connections >= 1000
    finally:
        for one in idle:
            one.close()


async def test_a_request_that_does_not_come_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "REQUEST_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"agi_network_script: t/echo\n")
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.read() == b""
    writer.close()


async def test_one_connection_too_many_is_closed_at_once(
    open_door: Callable[[], Awaitable[tuple[Door, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "MOST", 1)
    monkeypatch.setattr(door_module, "REQUEST_S", PATIENCE_S)
    door, port = await open_door()
    first_reader, first = await asyncio.open_connection("127.0.0.1", port)
    while door.connections == 0:
        await asyncio.sleep(0.01)
    assert await call(port, "t/echo") == []
    first.write(request("t/echo"))
    assert await first_reader.readline() == b'SET VARIABLE ASKED "0"\n'
    first.close()


async def test_a_port_that_is_taken_is_said(
    open_door: Callable[[], Awaitable[tuple[Door, int]]],
) -> None:
    _, port = await open_door()
    with pytest.raises(SetupError, match=r"asterisk\.agi_port"):
        await Door(port, {}).open()


async def test_without_panoramisk_there_is_no_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "fast_agi", None)
    assert not door_module.is_possible()
    with pytest.raises(SetupError, match="panoramisk"):
        Door(1, {})
