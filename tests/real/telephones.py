"""Telephones under a test's control: SIPp signals, an `Ear` speaks and listens."""

import asyncio
import itertools
import re
import socket
from collections import Counter
from pathlib import Path

from router.asterisk.toolbox import Toolbox
from router.demo.phones import SCENARIOS, Sipp
from router.demo.sound import ALAW, Codec
from tests.patience import PATIENCE_S
from tests.real.prompts import Ear, Repertoire

_SCENARIOS = Path(__file__).parent / "sipp"
_CONVERSATION = (_SCENARIOS / "conversation.xml").read_text(encoding="utf-8")
_NAMES = {8: "PCMA", 0: "PCMU", 9: "G722", 3: "GSM"}
#: Asterisk turns a key sent as INFO into a tone of 100 ms; a key that comes meanwhile it reports
#: twice.
_BETWEEN_KEYS_S = 0.25
_ids = itertools.count(1)

#: Of the range kept for fiction; it must never appear in a log, a file or an event.
CANARY = "0199007531"


def media(port: int, *payloads: int, events: bool = True) -> str:
    """Return an offer's or an answer's media, best codec first (RFC 3551, RFC 4733)."""
    kinds = [*payloads, *([101] if events else [])]
    lines = [f"m=audio {port} RTP/AVP {' '.join(map(str, kinds))}"]
    lines += [f"a=rtpmap:{payload} {_NAMES[payload]}/8000" for payload in payloads]
    if events:
        lines += ["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"]
    return "\n".join([*lines, "a=ptime:20", "a=sendrecv"])


class Telephone:
    """One SIPp and one person. `await stop()` it."""

    def __init__(
        self,
        toolbox: Toolbox,
        scenario: str,
        remote: str,
        folder: Path,
        person: Ear,
        port: int | None = None,
    ) -> None:
        self.person = person
        self._folder = folder
        self._remote = remote
        self._toolbox = toolbox
        self._sipp = Sipp(toolbox, _SCENARIOS / f"{scenario}.xml", remote, folder, port)
        self._log = folder / f"{scenario}-{next(_ids)}.log"
        #: How many lines of each kind have been read.
        self._read: Counter[str] = Counter()

    @property
    def running(self) -> bool:
        return self._sipp.running

    def tell(self, word: str, call_id: str, **headers: str) -> None:
        """Send SIPp a request of our own, in a call that it has."""
        number = next(_ids)
        lines = [
            f"{word} sip:phone SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKtest{number}",
            f"From: <sip:test>;tag={number}",
            "To: <sip:phone>",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {word}",
            *(f"{name}: {value}" for name, value in headers.items()),
            "Content-Length: 0",
        ]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            text = "\r\n".join([*lines, "", ""])
            sock.sendto(text.encode(), ("127.0.0.1", self._sipp.port))

    async def _start(self, keys: dict[str, str], *options: str) -> None:
        messages = str(self._log.with_suffix(".messages"))
        logs = ("-trace_logs", "-log_file", str(self._log), "-trace_msg", "-message_file", messages)
        await self._sipp.start(keys, *options, *logs)

    def messages(self) -> str:
        """Return every SIP message sent and received until now."""
        log = self._log.with_suffix(".messages")
        return log.read_text(errors="replace") if log.exists() else ""

    def requests(self, method: str) -> list[str]:
        """Return the different requests of that method received until now."""
        entries = re.split(r"^-{20,}.*$", self.messages(), flags=re.MULTILINE)
        texts = [entry.partition("received")[2].partition("\n\n")[2] for entry in entries]
        found = [text.replace("\r", "") for text in texts if text.startswith(f"{method} ")]
        return list(dict.fromkeys(found))

    async def _happens(self, what: str) -> str:
        """Wait for the next line of that kind in SIPp's log; return the Call-ID in it.

        Lines about different calls may come in any order.
        """
        async with asyncio.timeout(PATIENCE_S):
            while len(calls := self._calls_that(what)) <= self._read[what]:
                await asyncio.sleep(0.02)
        self._read[what] += 1
        return calls[self._read[what] - 1]

    async def _happens_to(self, call_id: str, what: str) -> None:
        """Wait for that line about this call; there is one at most."""
        async with asyncio.timeout(PATIENCE_S):
            while call_id not in self._calls_that(what):
                await asyncio.sleep(0.02)

    def _calls_that(self, what: str) -> list[str]:
        """Return the Call-IDs of all lines of that kind until now."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        told = [line.strip().partition(" ") for line in lines]
        return [call_id for kind, _, call_id in told if kind == what]

    async def stop(self) -> None:
        """Vanish, as if the cable were cut."""
        await self._sipp.stop()
        self.person.close()


class Caller(Telephone):
    """Somebody who dials. `call` is the call's name in the router's log, once it is known."""

    def __init__(
        self,
        toolbox: Toolbox,
        trunk: str,
        folder: Path,
        repertoire: Repertoire | None,
        says_hz: int,
        listens_for_hz: int,
        codec: Codec = ALAW,
        *,
        scenario: str = "caller",
    ) -> None:
        person = Ear(says_hz, listens_for_hz, repertoire, codec)
        super().__init__(toolbox, scenario, trunk, folder, person)
        self._call_id = f"caller{next(_ids)}"
        self.call = ""

    async def dial(
        self,
        number: str = "3939",
        *,
        payloads: tuple[int, ...] | None = None,
        events: bool = True,
        status: int = 200,
    ) -> None:
        """Call `number` with these codecs; `status` is the answer that scenario `refused` wants."""
        await self.person.open()
        payloads = payloads or (self.person.codec.payload,)
        keys = {
            "conversation": _CONVERSATION,
            "media": media(self.person.port, *payloads, events=events),
            "status": str(status),
        }
        name = ("-cid_str", f"{self._call_id}-%u", "-key", "caller", CANARY)
        await self._start(keys, "-s", number, "-m", "1", *name)

    def press(self, keys: str) -> None:
        """Type keys, sent as telephone events."""
        self.person.press(keys)

    async def press_by_info(self, keys: str) -> None:
        """Type keys, each sent as SIP INFO, as fast as a person types."""
        for key in keys:
            self.tell("KEY", f"{self._call_id}-1", Key=key)
            await self._happens("key")
            await asyncio.sleep(_BETWEEN_KEYS_S)

    async def hang_up(self) -> None:
        self.tell("HANGUP", f"{self._call_id}-1")
        await self.ended()

    async def ended(self) -> int:
        """Wait for the end of the call; return 0 if every message was as expected."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._sipp.wait()


class Called(Telephone):
    """A phone that rings until told: an informateur's, or a service's on the public network."""

    def __init__(
        self, toolbox: Toolbox, remote: str, folder: Path, person: Ear, port: int | None = None
    ) -> None:
        super().__init__(toolbox, "informateur", remote, folder, person, port)
        self._call_id = ""

    async def start(self) -> None:
        """Be reachable."""
        await self.person.open()
        await self._start({"media": media(self.person.port, self.person.codec.payload)})

    async def rings(self) -> None:
        """Wait until the phone rings (again). A call still ringing is preferred to one given up."""
        first = await self._happens("ringing")
        later = self._calls_that("ringing")[self._read["ringing"] :]
        given_up = self._calls_that("cancelled")
        self._call_id = next((one for one in (first, *later) if one not in given_up), first)
        self._read["ringing"] = self._calls_that("ringing").index(self._call_id) + 1
        self.person.next_call()

    async def stops_ringing(self) -> None:
        """Wait until the other side gives up the call that rang last."""
        await self._happens_to(self._call_id, "cancelled")

    async def call_ended(self) -> None:
        """Wait until an answered call is over, by either side."""
        await self._happens_to(self._call_id, "ended")

    def pick_up(self) -> None:
        self.tell("PICKUP", self._call_id)

    def refuse(self, word: str) -> None:
        """`BUSY`: 486 Busy Here; `DECLINE`: 603 Decline (RFC 3261 section 21)."""
        self.tell(word, self._call_id)

    async def hang_up(self, cause: int = 16) -> None:
        """Hang up; a `cause` other than 16 (ITU-T Q.850) means a fault of the phone."""
        self.tell("HANGUP", self._call_id, Cause=str(cause))
        await self.call_ended()


class Carrier(Telephone):
    """The public network in trouble: every call gets the same answer, at once."""

    def __init__(self, toolbox: Toolbox, remote: str, folder: Path, person: Ear, port: int) -> None:
        super().__init__(toolbox, "carrier", remote, folder, person, port)

    async def start(self, status: int) -> None:
        await self._start({"status": str(status)})


class Hesitant(Telephone):
    """A public network that never gives a final answer: one provisional one, then nothing."""

    def __init__(self, toolbox: Toolbox, remote: str, folder: Path, person: Ear, port: int) -> None:
        super().__init__(toolbox, "hesitant", remote, folder, person, port)

    async def start(self, status: int) -> None:
        tag = "" if status == 100 else ";tag=here"
        await self._start({"status": str(status), "tag": tag})


class Informateur(Called):
    """An informateur at a phone."""

    def __init__(
        self,
        toolbox: Toolbox,
        agent: str,
        secret: str,
        registrar: str,
        folder: Path,
        repertoire: Repertoire | None,
        says_hz: int,
        listens_for_hz: int,
        codec: Codec = ALAW,
    ) -> None:
        person = Ear(says_hz, listens_for_hz, repertoire, codec)
        super().__init__(toolbox, registrar, folder, person)
        self.agent = agent
        self.registered = False
        self._secret = secret

    async def start(self) -> None:
        await super().start()
        await self.register()

    async def register(self, expires_s: int = 120) -> None:
        """Tell the registrar where the phone is; `expires_s=0` unregisters."""
        register = Sipp(self._toolbox, SCENARIOS / "register.xml", self._remote, self._folder)
        user = f"agent-{self.agent}"
        keys = {
            "user": user,
            "secret": self._secret,
            "phone_port": str(self._sipp.port),
            "expires_s": str(expires_s),
        }
        await register.start(keys, "-m", "1", "-au", user, "-ap", self._secret, "-timeout", "10")
        assert await register.wait() == 0, f"{user} cannot register"
        self.registered = expires_s > 0


class DeskCall(Telephone):
    """A call of an informateur's phone to one of the desk's short codes."""

    def __init__(
        self,
        toolbox: Toolbox,
        phone: str,
        secret: str,
        registrar: str,
        folder: Path,
        repertoire: Repertoire | None,
    ) -> None:
        super().__init__(toolbox, "desk", registrar, folder, Ear(1500, 1600, repertoire))
        self._user = f"agent-{phone}"
        self._secret = secret
        self._call_id = f"desk{next(_ids)}"

    async def dial(self, code: str) -> None:
        await self.person.open()
        keys = {
            "conversation": _CONVERSATION.replace(
                "@[local_ip]:[local_port]>;tag=[pid]c", "@[remote_ip]:[remote_port]>;tag=[pid]d"
            ),
            "media": media(self.person.port, self.person.codec.payload),
            "secret": self._secret,
        }
        name = ("-cid_str", f"{self._call_id}-%u", "-key", "caller", self._user)
        account = ("-au", self._user, "-ap", self._secret)
        await self._start(keys, "-s", code, "-m", "1", *name, *account)

    async def hears(self, *prompts: str) -> None:
        await self.person.hears(*prompts)

    def press(self, keys: str) -> None:
        self.person.press(keys)

    async def hang_up(self) -> None:
        self.tell("HANGUP", f"{self._call_id}-1")
        await self.ended()

    async def ended(self) -> int:
        """Wait for the end of the call; return 0 if every message was as expected."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._sipp.wait()
