"""AMI by panoramisk: whatever the other side does, the doctor goes on and says what it is."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from router.asterisk.settings import AsteriskSettings
from router.config import Config
from router.doctor import ami
from router.doctor.ami import AmiDoor
from router.doctor.findings import Unseen

Answer = Callable[[dict[str, str]], str]
GREETING = b"Asterisk Call Manager/11.0.0\r\n"


def well(asked: dict[str, str]) -> str:
    """Answer as Asterisk does."""
    mark = f"ActionID: {asked['ActionID']}\r\n"
    match asked["Action"]:
        case "Login":
            return f"Response: Success\r\n{mark}Message: Authentication accepted\r\n\r\n"
        case "PJSIPShowRegistrationsOutbound":
            return (
                f"Response: Success\r\n{mark}EventList: start\r\nMessage: They follow\r\n\r\n"
                f"Event: OutboundRegistrationDetail\r\n{mark}Status: Registered\r\n\r\n"
                f"Event: OutboundRegistrationDetailComplete\r\n{mark}EventList: Complete\r\n\r\n"
            )
        case "CoreSettings":
            heard = "Event: Newchannel\r\nChannel: PJSIP/probe-1\r\n\r\n"
            return f"{heard}Response: Success\r\n{mark}CoreCDRenabled: No\r\n\r\n"
    return f"Response: Error\r\n{mark}Message: Permission denied\r\n\r\n"


@asynccontextmanager
async def manager(answer: Answer, settings: AsteriskSettings) -> AsyncIterator[AsteriskSettings]:
    """An AMI that answers so; where there is no answer, it hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        try:
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode().strip()
                asked = dict(line.split(": ", 1) for line in request.split("\r\n"))
                told = answer(asked)
                if not told:
                    break
                writer.write(told.encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield replace(settings, ami_port=port)


@pytest.fixture
def settings(deployment: Config) -> AsteriskSettings:
    return deployment.asterisk()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami, "ASK_S", 0.2)
    monkeypatch.setattr(ami, "CONNECT_S", 0.2)


async def why(settings: AsteriskSettings, action: str = "CoreSettings") -> str:
    """Return what is found when this is asked."""
    async with AmiDoor(settings) as door:
        with pytest.raises(Unseen) as unseen:
            await door.ask(action)
    assert unseen.value.finding.name == "ami-away"
    return unseen.value.finding.wrong


async def test_answers_lists_and_events_are_told(settings: AsteriskSettings) -> None:
    async with manager(well, settings) as settings, AmiDoor(settings) as door:
        async with door.listening() as heard:
            assert (await door.ask("CoreSettings"))[0]["CoreCDRenabled"] == "No"
            listed = await door.ask("PJSIPShowRegistrationsOutbound")
        assert [one.get("Status") for one in listed] == [None, "Registered", None]
        assert len(heard) == 1
        assert "Channel: PJSIP/probe-1" in heard[0]


async def test_what_is_refused_is_said(settings: AsteriskSettings) -> None:
    async with manager(well, settings) as settings:
        assert "Reload is refused" in await why(settings, "Reload")


async def test_a_wrong_password_is_said(settings: AsteriskSettings) -> None:
    def refuse(asked: dict[str, str]) -> str:
        return f"Response: Error\r\nActionID: {asked['ActionID']}\r\nMessage: Failed\r\n\r\n"

    async with manager(refuse, settings) as settings:
        assert "the doctor's user is refused" in await why(settings)


async def test_nobody_there_is_said(settings: AsteriskSettings) -> None:
    async with manager(well, settings) as settings:
        pass
    assert "does not tell the doctor" in await why(settings)


@pytest.mark.parametrize("after", ["Login", "CoreSettings"])
async def test_one_that_hangs_up_is_left_alone(settings: AsteriskSettings, after: str) -> None:
    asked_for: list[str] = []

    def until(asked: dict[str, str]) -> str:
        asked_for.append(asked["Action"])
        return "" if asked["Action"] == after else well(asked)

    async with manager(until, settings) as settings:
        assert "no answer" in await why(settings)
        await asyncio.sleep(0.1)
    assert asked_for.count(after) == 1  # panoramisk would ask again, for ever


async def test_one_that_says_nothing_is_not_waited_for(settings: AsteriskSettings) -> None:
    async with manager(lambda asked: "Event: Nothing\r\n\r\n", settings) as settings:
        assert "no answer to Login" in await why(settings)


async def test_nonsense_harms_nobody(settings: AsteriskSettings) -> None:
    def nonsense(asked: dict[str, str]) -> str:
        return "Event: \r\n\r\n\r\n\r\n: : :\r\nResponse\r\n\r\n\0\0\r\n\r\n" + (
            well(asked) if asked["Action"] == "Login" else ""
        )

    async with manager(nonsense, settings) as settings:
        assert "no answer to CoreSettings" in await why(settings)


async def test_nothing_of_it_is_logged(
    settings: AsteriskSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with manager(well, settings) as settings, AmiDoor(settings) as door:
        await door.ask("CoreSettings")
    logged = [record for record in caplog.records if record.name != "asyncio"]
    assert logged == []
