"""Two live Asterisks with our configuration: the service's, and one as its carrier and phone."""

import asyncio
import itertools
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.asterisk.carriers import Carrier, Registration, Tls
from router.asterisk.server import AsteriskServer
from router.asterisk.settings import AgentPhone, AsteriskSettings
from router.asterisk.toolbox import Toolbox
from tests.asterisk.live import CARRIER, SECRET, Router, make_settings
from tests.patience import PATIENCE_S

#: Where the other one is. Each side knows the other by its address.
THEIRS = "127.0.0.2"
THEIR_NUMBER = "33199005678"
PRESENTED = "+33199003939"
#: A server that is not Asterisk (test_carrier_calls.py).
STRANGER = ("127.0.0.3", 26071)
#: Of a carrier over TCP, played by hand.
BY_TCP = ("127.0.0.6", 26072)
#: A-law of square waves: what each side plays, by its frequency.
TONES = {
    400: (b"\x35" * 10 + b"\xb5" * 10) * 1200,
    250: (b"\x35" * 16 + b"\xb5" * 16) * 750,
}


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def authority(folder: Path) -> None:
    """Make a CA: ca.pem and ca.key."""
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "9", "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem",
    )  # fmt: skip


def certificate(folder: Path, name: str, address: str) -> Tls:
    """Make a certificate of the CA for an address: name.pem and name.key."""
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
    )  # fmt: skip
    (folder / f"{name}.ext").write_text(f"subjectAltName=IP:{address}\n")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "8", "-extfile", f"{name}.ext", "-out", f"{name}.pem",
    )  # fmt: skip
    return Tls(
        certificate=folder / f"{name}.pem", key=folder / f"{name}.key", ca_file=folder / "ca.pem"
    )


def ours(folder: Path, tls: Tls) -> AsteriskSettings:
    """The service: each of its carriers is known in another way."""
    here = "{}:{}".format(*CARRIER)
    account = Registration(f"{THEIRS}:26062", "agent-lea", expires_s=60)
    return make_settings(
        folder,
        tls=tls,
        agents_encryption="required",
        agent_qualify_s=1,
        presented=PRESENTED,
        carriers=(
            Carrier(
                name="secure",
                transport="tls",
                hosts=(THEIRS,),
                peer=f"{THEIRS}:26061",
                qualify_s=1,
            ),
            Carrier(
                name="hd",
                hosts=("127.0.0.1",),
                peer=here,
                codecs=("g722", "alaw"),
                from_domain="ours.example.org",
                asserted="+33199003900",
                privacy="none",
                user_phone=True,
                session_expires_s=90,
                qualify_s=0,
            ),
            Carrier(name="plain", hosts=("127.0.0.8",), peer=here, qualify_s=0),
            Carrier(name="addresses", hosts=("127.0.0.12", "127.0.0.16/30")),
            Carrier(name="account", hosts=("127.0.0.9",), peer=here, registration=account,
                    from_user="agent-lea", asserted="presented", qualify_s=0),
            Carrier(name="refused", hosts=("127.0.0.10",), registration=account),
            Carrier(
                name="tcp",
                transport="tcp",
                hosts=(BY_TCP[0],),
                peer="{}:{}".format(*BY_TCP),
                qualify_s=1,
            ),
            # As a phone of theirs, over TLS.
            Carrier(
                name="desk",
                transport="tls",
                hosts=("127.0.0.7",),
                peer=f"{THEIRS}:26063",
                from_user="agent-max",
                registration=Registration(f"{THEIRS}:26063", "agent-max", expires_s=60),
                qualify_s=0,
            ),
            Carrier(
                name="stranger",
                transport="tls",
                hosts=("127.0.0.3",),
                peer="{}:{}".format(*STRANGER),
                qualify_s=1,
            ),
        ),
        carrier_passwords={"account": SECRET, "refused": "wrong-wrong-wrong", "desk": SECRET},
    )  # fmt: skip


def theirs(folder: Path, tls: Tls) -> AsteriskSettings:
    """The other side: to it the service is a carrier, at whose registrar it has accounts."""
    phone = Registration("127.0.0.1:25063", "agent-lea", expires_s=60)
    plain_phone = Registration("127.0.0.1:25060", "agent-max", expires_s=60)
    return make_settings(
        folder,
        node="theirs",
        tls=tls,
        trunk_bind=f"{THEIRS}:26060",
        agents_bind=f"{THEIRS}:26062",
        agents=tuple(AgentPhone(agent, SECRET) for agent in ("lea", "max", "zoe")),
        agents_encryption="offered",
        agent_qualify_s=1,
        service_numbers=(THEIR_NUMBER,),
        ari_port=26088,
        ami_port=26068,
        probe_port=26067,
        rtp_first=31000,
        rtp_last=31999,
        carriers=(
            Carrier(
                name="main", transport="tls", hosts=("127.0.0.1",), peer="127.0.0.1:25061",
                qualify_s=0,
            ),
            Carrier(
                name="plain", transport="tls", hosts=("192.0.2.9",), peer="127.0.0.1:25061",
                srtp=False, qualify_s=0,
            ),
            Carrier(
                name="phone", transport="tls", hosts=("192.0.2.10",), peer="127.0.0.1:25063",
                registration=phone, from_user="agent-lea", qualify_s=0,
            ),
            Carrier(
                name="bare", transport="tls", hosts=("192.0.2.11",), peer="127.0.0.1:25063",
                registration=phone, from_user="agent-lea", srtp=False, qualify_s=0,
            ),
            Carrier(
                name="plain-phone", hosts=("192.0.2.12",), peer="127.0.0.1:25060",
                registration=plain_phone, from_user="agent-max", qualify_s=0,
            ),
        ),
        carrier_passwords=dict.fromkeys(("phone", "bare", "plain-phone"), SECRET),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, what drives it, and the tone that it plays, in Hz."""

    server: AsteriskServer
    router: Router
    tone: int

    async def call(self, endpoint: str, channel: str, **more: Any) -> None:
        """Call; the channel enters the application when somebody picks up."""
        await self.router.ask(
            "POST", f"channels/{channel}", endpoint=endpoint, app="allo", appArgs="x", **more
        )

    async def hears(self, channel: str) -> int:
        """Record what comes in on the channel; return its frequency in Hz."""
        name = f"heard-{channel}"
        await self.router.ask(
            "POST", f"channels/{channel}/record", name=name, format="wav", maxDurationSeconds="1",
            ifExists="overwrite",
        )  # fmt: skip
        await self.router.next("RecordingFinished")
        folder = self.server.settings.state_dir / "spool" / "recording"
        return frequency(folder / f"{name}.wav")

    async def plays(self, channel: str) -> None:
        await self.router.ask("POST", f"channels/{channel}/play", media="sound:allo/tone")


async def shows(side: Side, command: str, text: str) -> str:
    """Wait until Asterisk's answer to `command` holds `text`; return it."""
    async with asyncio.timeout(PATIENCE_S):
        while text not in (told := await side.server.cli(command)):
            await asyncio.sleep(0.1)
    return told


async def start(settings: AsteriskSettings, tools: Toolbox, tone: int) -> AsteriskServer:
    settings.prompts_dir.mkdir()
    (settings.prompts_dir / "tone.alaw").write_bytes(TONES[tone])
    server = AsteriskServer(settings, tools)
    await server.start()
    # Where a test may record; the service itself never does, and has no such folder.
    (settings.state_dir / "spool" / "recording").mkdir(parents=True)
    return server


def frequency(file: Path) -> int:
    """Return the frequency of a tone by its zero crossings, of the last half second."""
    with wave.open(str(file)) as recorded:
        rate = recorded.getframerate()
        frames = recorded.readframes(recorded.getnframes())
    samples = memoryview(frames).cast("h")[-rate // 2 :]
    loud = [one for one in samples if abs(one) > 500]
    crossings = sum((one < 0) != (other < 0) for one, other in itertools.pairwise(loud))
    return int(crossings * rate / len(samples) / 2)
