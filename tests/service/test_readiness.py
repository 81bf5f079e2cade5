"""What is missing, by what Asterisk says of itself; of a real one, see tests/real/test_ready.py."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import structlog
from structlog.testing import capture_logs

from router.ari.asterisk_link import AsteriskLink, LinkCounts
from router.ari.away import LEASE, SERVED
from router.ari.messages import Request
from router.asterisk.carriers import Carrier
from router.asterisk.settings import AsteriskOptions
from router.errors import AriError, AriGone, AriRejected, AriUnreachable
from router.service.readiness import PARTS, Readiness
from router.store.standing import Keeping
from router.web.snapshot import FallbackStanding
from tests.asterisk.test_sip_ping import challenge, server
from tests.patience import PATIENCE_S

TRUNK_PATH = "asterisk/config/dynamic/res_pjsip/transport/trunk-udp"


class Client:
    """Asterisk as it should be, but for what `wrong` says of a path."""

    def __init__(self) -> None:
        self.wrong: dict[str, Any] = {}
        self.variables: dict[str, str] = {}
        self.asked: list[str] = []

    async def ask_http(self, request: Request) -> Any:
        self.asked.append(request.path)
        if request.path == "asterisk/variable":
            assert request.query is not None
            return {"value": self.variables.get(request.query["variable"], "")}
        said = self.wrong.get(request.path, {"state": "online"})
        if isinstance(said, AriError):
            raise said
        if said is None:
            await asyncio.Event().wait()
        return said


class Link:
    """The link to that Asterisk."""

    def __init__(self) -> None:
        self.client = Client()
        self.connected = True
        self.last_error: AriError | None = None
        self.counts = LinkCounts(connections=1)
        self.phones_found = 3
        self.resynced = asyncio.Event()
        self.away: set[str] = set()

    def carriers_away(self, endpoints: Iterable[str]) -> None:
        self.away = set(endpoints)

    async def resynced_after(self, connection: int) -> None:
        while self.counts.connections <= connection:
            self.resynced.clear()
            await self.resynced.wait()


class House:
    """What is not Asterisk's: intake, vault, files, and whether new callers are turned away."""

    def __init__(self) -> None:
        self.ready = True
        self.vault_trouble = ""
        self.standing = Keeping()
        self.draining = False


class Scene:
    def __init__(
        self, settings: AsteriskOptions, *, takes_callbacks: bool = True, **timing: float
    ) -> None:
        self.link = Link()
        self.house = House()
        self.readiness = Readiness(
            settings,
            cast(AsteriskLink, self.link),
            self.house,
            {"tickets": self.house},
            self.house,
            structlog.get_logger(),
            takes_callbacks=takes_callbacks,
            **timing,
        )

    @property
    def missing(self) -> dict[str, str]:
        return {part: why for part, why in self.readiness.parts.items() if why}

    async def looked(self) -> dict[str, str]:
        """Have it look once; return what is missing."""
        await self.readiness.look()
        return self.missing


def settings(port: int, **changes: Any) -> AsteriskOptions:
    addresses = {"trunk_bind": f"127.0.0.1:{port}", "agents_bind": f"127.0.0.1:{port}"}
    return AsteriskOptions(**addresses | changes)


@asynccontextmanager
async def scene(**changes: Any) -> AsyncIterator[Scene]:
    """A service whose every part is there."""
    async with server(challenge) as sip:
        yield Scene(settings(sip.port, **changes))


async def test_all_there() -> None:
    async with scene() as here:
        assert await here.looked() == {}
        assert set(here.readiness.parts) == set(PARTS)


async def test_nothing_is_there_before_it_was_seen() -> None:
    async with scene() as here:
        assert set(here.missing) == {*PARTS} - {"application", "store", "intake", "new_calls"}
        await here.looked()
        here.link.counts.connections += 1  # another Asterisk, perhaps
        assert here.missing["trunk_transport"] == "not seen yet"


async def test_without_asterisk_only_the_application_has_a_reason() -> None:
    async with scene() as here:
        await here.looked()
        here.link.connected = False
        here.link.last_error = AriUnreachable("http://127.0.0.1:8088/ari", "refused")
        missing = here.missing
        assert "refused" in missing.pop("application")
        assert set(missing.values()) == {"cannot be seen without Asterisk"}
        assert set(missing) == {"trunk_transport", "agents_transport", "trunk", "phones"}


@pytest.mark.parametrize(
    ("path", "part", "words"),
    [
        ("applications/allo", "application", 'the application "allo" is not subscribed'),
        (TRUNK_PATH, "trunk_transport", "Asterisk did not start trunk-udp: UDP 127.0.0.1:"),
        (TRUNK_PATH.replace("trunk", "agents"), "agents_transport", "did not start agents-udp"),
        ("endpoints/PJSIP/trunk", "trunk", "Asterisk has no endpoint trunk"),
    ],
)
async def test_what_asterisk_has_not_is_missing(path: str, part: str, words: str) -> None:
    async with scene() as here:
        here.link.client.wrong[path] = AriGone(404, "look", "not found")
        [(missing, why)] = (await here.looked()).items()
        assert missing == part
        assert words in why


async def test_an_asterisk_that_hangs_is_not_waited_for() -> None:
    here = Scene(settings(9, ari_host="192.0.2.1"), patience_s=0.05)
    here.link.client.wrong[TRUNK_PATH] = None
    assert await here.looked() == {"trunk_transport": "Asterisk does not answer"}


async def test_an_asterisk_that_refuses_to_say_is_quoted() -> None:
    here = Scene(settings(9, ari_host="192.0.2.1"))
    here.link.client.wrong[TRUNK_PATH] = AriRejected(500, "look", "Allocation failed")
    [(part, why)] = (await here.looked()).items()
    assert part == "trunk_transport"
    assert why.startswith("Asterisk cannot be asked (")
    assert "Allocation failed" in why


async def test_a_transport_that_nobody_reads_is_missing() -> None:
    async with server(lambda *_: None) as silent:
        here = Scene(settings(silent.port), patience_s=0.05)
        missing = await here.looked()
        assert set(missing) == {"trunk_transport", "agents_transport"}
        assert "OPTIONS is not answered" in missing["trunk_transport"]


async def test_sip_is_asked_on_every_address_by_one_of_them() -> None:
    async with server(challenge) as sip:
        anywhere = f"0.0.0.0:{sip.port}"
        here = Scene(settings(sip.port, trunk_bind=anywhere, agents_bind=anywhere))
        assert await here.looked() == {}
        assert {request.split()[1] for request in sip.requests} == {f"sip:127.0.0.1:{sip.port}"}


async def test_an_asterisk_elsewhere_is_asked_by_ari_alone() -> None:
    """Its firewall may keep our OPTIONS out, and callers not."""
    here = Scene(settings(9, ari_host="192.0.2.1"))
    assert await here.looked() == {}


@pytest.mark.parametrize(
    ("peer", "qualify_s", "state", "is_missing"),
    [
        ("192.0.2.1:5060", 30, "offline", True),
        ("192.0.2.1:5060", 30, "online", False),
        ("192.0.2.1:5060", 0, "offline", False),
        (None, 30, "offline", False),
    ],
)
async def test_the_carrier_must_answer_if_it_is_asked(
    peer: str | None, qualify_s: int, state: str, is_missing: bool
) -> None:
    async with scene(trunk_peer=peer, trunk_qualify_s=qualify_s) as here:
        here.link.client.wrong["endpoints/PJSIP/trunk"] = {"state": state}
        assert set(await here.looked()) == ({"trunk"} if is_missing else set())


async def test_one_carrier_of_several_is_enough() -> None:
    carriers = (
        Carrier(name="one", hosts=("192.0.2.1",), peer="192.0.2.1:5060"),
        Carrier(name="two", hosts=("192.0.2.2",), peer="192.0.2.2:5060", transport="tcp"),
    )
    async with scene(carriers=carriers) as here:
        here.link.client.wrong["endpoints/PJSIP/trunk-one"] = {"state": "offline"}
        here.link.client.wrong["endpoints/PJSIP/trunk-two"] = {"state": "online"}
        assert await here.looked() == {}
        assert here.link.away == {"trunk-one"}
        here.link.client.wrong["endpoints/PJSIP/trunk-two"] = {"state": "offline"}
        told = (await here.looked())["trunk"]
        assert "carrier one does not answer" in told
        assert "carrier two does not answer" in told


async def test_every_transport_of_the_trunk_must_be_there() -> None:
    carrier = Carrier(name="one", hosts=("192.0.2.1",), transport="tcp")
    async with scene(carriers=(carrier,)) as here:
        here.link.client.wrong["asterisk/config/dynamic/res_pjsip/transport/trunk-tcp"] = AriGone(
            404, "look", "not found"
        )
        assert "did not start trunk-tcp: TCP 127.0.0.1:" in (await here.looked())["trunk_transport"]


async def test_an_asterisk_without_our_phones() -> None:
    async with scene() as here:
        here.link.phones_found = 0
        assert set(await here.looked()) == {"phones"}


async def test_store_vault_and_intake_are_seen_too() -> None:
    async with scene() as here:
        here.house.ready = False
        here.house.vault_trouble = "cannot be used"
        here.house.standing = Keeping(trouble="disk full")
        assert await here.looked() == {
            "store": "tickets: disk full",
            "intake": "no intake serves",
            "vault": "cannot be used",
        }


async def test_without_callbacks_no_vault_is_missed() -> None:
    async with server(challenge) as sip:
        here = Scene(settings(sip.port), takes_callbacks=False)
        here.house.vault_trouble = "cannot be used"
        assert await here.looked() == {}


async def test_what_asterisk_holds_of_the_fallback_is_seen_too() -> None:
    async with scene() as here:
        assert here.readiness.fallback is None
        variables = here.link.client.variables
        variables |= {LEASE: str(int(time.time()) + 5), SERVED: "3 1 2", "FALLBACKS": "7"}
        await here.looked()
        served = {"handed over": 3, "told": 1, "hung up": 2}
        assert here.readiness.fallback == FallbackStanding(is_there=True, served=served)
        assert here.readiness.fallbacks == 7
        variables[LEASE] = str(int(time.time()) - 60)
        del variables[SERVED]  # Asterisk has just started
        assert await here.looked() == {}  # calls do without it
        assert here.readiness.fallback == FallbackStanding(is_there=False, served=served)


async def test_what_was_seen_long_ago_is_not_known() -> None:
    async with server(challenge) as sip:
        here = Scene(settings(sip.port), stale_s=-1.0)
        await here.readiness.look()
        assert set(here.missing) == {*PARTS} - {"store", "intake", "vault", "new_calls"}


async def test_it_looks_again_when_asterisk_is_back() -> None:
    async with server(challenge) as sip:
        here = Scene(settings(sip.port), look_again_s=1000.0)
        here.link.connected = False
        watching = asyncio.create_task(here.readiness.watch())
        await asyncio.sleep(0)
        assert here.link.client.asked == []
        here.link.connected = True
        here.link.counts.connections += 1
        here.link.resynced.set()
        async with asyncio.timeout(PATIENCE_S):
            while here.missing:
                await asyncio.sleep(0.001)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_what_is_missing_is_logged_once() -> None:
    with capture_logs() as lines:
        async with scene() as here:
            for wrong in (True, True, False, False):
                gone = AriGone(404, "look", "not found")
                here.link.client.wrong = {TRUNK_PATH: gone} if wrong else {}
                await here.looked()
        assert [(line["event"], line["log_level"], line["detail"]) for line in lines] == [
            ("not ready", "warning", "trunk_transport"),
            ("ready again", "info", "trunk_transport"),
        ]
