"""AMI as the doctor has it: what may be asked, and that no caller is told of."""

import asyncio
import re

from router.asterisk.server import AsteriskServer
from tests.asterisk.ami import connected
from tests.asterisk.live import CALLER, Router, marked, open_caller
from tests.contract.sip_phone import SipPhone

#: What needs no right: Asterisk gives it to whoever is logged in.
_FOR_EVERYBODY = {
    *("BridgeDestroy", "BridgeInfo", "BridgeKick", "BridgeList", "BridgeTechnologyList"),
    *("BridgeTechnologySuspend", "BridgeTechnologyUnsuspend", "Challenge", "Events"),
    *("ListCommands", "Login", "Logoff", "Ping", "WaitEvent"),
}
#: What comes with `reporting`: nothing that dials, moves, loads, runs or writes to the dialplan.
_REPORTING = {
    *("CoreSettings", "CoreShowChannelMap", "CoreShowChannels", "CoreStatus", "DBGet", "DBGetTree"),
    *("ExtensionState", "ExtensionStateList", "Getvar", "LoggerRotate", "MailboxCount"),
    *("MailboxStatus", "PJSIPQualify", "PJSIPRegister", "PJSIPShowRegistrationsOutbound"),
    *("PJSIPUnregister", "PresenceState", "ShowDialPlan", "Status"),
}


@marked
async def test_the_doctor_may_ask_and_little_else(server: AsteriskServer) -> None:
    async with connected(server.settings) as ami:
        may = set(re.findall(r"^([A-Z]\w+): .*\(Priv:", await ami.ask("ListCommands"), re.M))
    assert may == _FOR_EVERYBODY | _REPORTING


@marked
async def test_nobody_else_is_let_in(server: AsteriskServer) -> None:
    async with connected(server.settings, password="another"):
        pass
    async with connected(server.settings, password=server.settings.ari_password):
        pass
    assert str(server.settings.ari_password) not in str(server.settings.ami_password)


@marked
async def test_no_event_tells_of_a_caller(
    server: AsteriskServer, router: Router, phones: list[SipPhone]
) -> None:
    await router.connect()
    caller = await open_caller(phones)
    async with connected(server.settings) as ami:
        call = asyncio.create_task(caller.call("3939"))
        channel = (await router.next("StasisStart"))["channel"]["id"]
        await call
        await router.ask("POST", f"channels/{channel}/moh")
        seen = await ami.ask("CoreShowChannels") + await ami.ask("Status")
        await caller.hang_up()
        await router.next("StasisEnd")
        await ami.ask("Ping")
        events = set(re.findall(r"^Event: (\w+)", ami.heard, re.M))
    await router.disconnect()

    assert channel in seen
    listed = {"CoreShowChannel", "CoreShowChannelsComplete", "Status", "StatusComplete"}
    assert events == listed
    assert CALLER not in ami.heard
