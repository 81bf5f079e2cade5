"""Faults planted in a healthy service, one by one, each with what is to be found of it."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from router.asterisk.carriers import Carrier, Registration, Tls
from router.config import Log, Probe
from router.core.hours import Hours
from router.doctor import (
    asterisk,
    clock,
    configuration,
    machine,
    masking,
    phones,
    privacy,
    prompts,
    routers,
    sound,
    storage,
    tls,
    trunk,
    web,
)
from router.doctor.examination import Check
from router.doctor.surroundings import Disk
from router.errors import Problem
from tests.doctor.scene import ASTERISK, CARRIER, NOW, ROUTER, Scene

TESTS = Path(__file__).parents[1]
#: A certificate that a test of nginx presents, and when it ends.
LOCALHOST = TESTS / "deploy" / "localhost.pem"
LOCALHOST_ENDS = 4_949_550_557.0

Plant = Callable[[Scene], None]


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault, the checks of its subject, and the names of all that is to be found."""

    what: str
    plant: Plant
    checks: Sequence[Check]
    found: frozenset[str]


PLANTED: list[Planted] = []


def planted(what: str, checks: Sequence[Check], *found: str) -> Callable[[Plant], Plant]:
    """Note a function that plants a fault."""

    def note(plant: Plant) -> Plant:
        PLANTED.append(Planted(what, plant, checks, frozenset(found)))
        return plant

    return note


# Asterisk.


@planted("an Asterisk before the holes in ARI were closed", asterisk.CHECKS, "asterisk-old")
def old(scene: Scene) -> None:
    scene.ari.info["system"]["version"] = "22.10.0"


@planted("an Asterisk that is known to crash", asterisk.CHECKS, "asterisk-known-bad")
def known_bad(scene: Scene) -> None:
    scene.ari.info["system"]["version"] = "22.11.0"


@planted("a module that could not be loaded", asterisk.CHECKS, "module-missing")
def module_missing(scene: Scene) -> None:
    scene.ari.modules["res_pjsip_registrar.so"] = "Not Running"


@planted("a module that prints SIP messages", asterisk.CHECKS, "module-unwanted")
def module_unwanted(scene: Scene) -> None:
    scene.ari.modules["res_pjsip_logger.so"] = "Running"


@planted("a module that nobody needs", asterisk.CHECKS, "module-stray")
def module_stray(scene: Scene) -> None:
    scene.ari.modules["app_dial.so"] = "Running"


@planted("an Asterisk that crashed an hour ago", asterisk.CHECKS, "asterisk-restarted")
def restarted(scene: Scene) -> None:
    scene.ari.info["status"]["startup_time"] = "2026-11-23T08:00:00.000+0000"


@planted("another limit of calls", asterisk.CHECKS, "calls-limited")
def calls_limited(scene: Scene) -> None:
    scene.ari.info["config"]["max_channels"] = 20


@planted("an Asterisk that does not run", asterisk.CHECKS, "asterisk-away")
def away(scene: Scene) -> None:
    scene.ari.away = True


# Its configuration.


@planted("a file edited by hand", configuration.CHECKS, "configuration-stale")
def edited(scene: Scene) -> None:
    scene.edit("indications.conf", "country = fr", "country = us")


@planted("a file of somebody else", configuration.CHECKS, "configuration-stale")
def stranger(scene: Scene) -> None:
    path = scene.etc / "queues.conf"
    path.write_text("[general]\n")
    os.utime(path, (NOW - 86_400, NOW - 86_400))


@planted("no configuration at all", configuration.CHECKS, "configuration-missing")
def nothing(scene: Scene) -> None:
    for path in scene.etc.iterdir():
        path.unlink()


@planted("a file that Asterisk has not read yet", configuration.CHECKS, "configuration-unread")
def unread(scene: Scene) -> None:
    os.utime(scene.etc / "extensions.conf", (NOW - 60, NOW - 60))


@planted(
    "a websocket that is dropped for a garbage collection",
    configuration.CHECKS,
    "websocket-timeout",
    "configuration-stale",
)
def websocket(scene: Scene) -> None:
    scene.edit("ari.conf", "websocket_write_timeout = 5000", "websocket_write_timeout = 100")


@planted(
    "too few connections for the router",
    configuration.CHECKS,
    "session-limit",
    "configuration-stale",
)
def sessions(scene: Scene) -> None:
    scene.edit("http.conf", "sessionlimit = 1000", "sessionlimit = 100")


# The router.


@planted("a router of another state folder", routers.CHECKS, "router-foreign")
def foreign(scene: Scene) -> None:
    del scene.host.running[ROUTER]


@planted("another service at the same Asterisk", routers.CHECKS, "router-second")
def second(scene: Scene) -> None:
    scene.ari.applications.append("essai-router")


@planted("a router without a connection", routers.CHECKS, "router-unconnected")
def unconnected(scene: Scene) -> None:
    scene.ari.applications = []


@planted("a plan newer than the router", routers.CHECKS, "plan-stale")
def stale_plan(scene: Scene) -> None:
    os.utime(scene.config.settings.plan, (NOW, NOW))


@planted("a fallback that does not run", routers.CHECKS, "fallback-away")
def no_fallback(scene: Scene) -> None:
    scene.ari.fallback_until = ""


@planted("a fallback that hangs", routers.CHECKS, "fallback-away")
def frozen_fallback(scene: Scene) -> None:
    scene.ari.fallback_until = str(int(NOW) - 30)


@planted("a fallback without panoramisk", routers.CHECKS, "fallback-away")
def speechless_fallback(scene: Scene) -> None:
    scene.ari.fallback_until = ""
    scene.host.lacking.add("panoramisk")


@planted("an upgrade without a restart", routers.CHECKS, "router-old")
def old_router(scene: Scene) -> None:
    scene.web.metrics = {'allo_build_info{version="0.0.1"}': 1.0}


# Privacy.


@planted("a number in a channel's variable", masking.CHECKS, "masking")
def unmasked_variable(scene: Scene) -> None:
    _leak(scene, scene.ari.variables, "CALLERID(ani)")


@planted("a number in ARI's events", masking.CHECKS, "masking")
def unmasked_ari(scene: Scene) -> None:
    scene.ari.heard = _Leaking(scene, *scene.ari.heard)


@planted("a number in AMI's events", masking.CHECKS, "masking")
def unmasked_ami(scene: Scene) -> None:
    scene.ami.heard = _Leaking(scene, *scene.ami.heard)


@planted("a number in Asterisk's log", masking.CHECKS, "masking")
def unmasked_log(scene: Scene) -> None:
    log = scene.config.asterisk().log_dir / "asterisk.log"
    os.utime(log, (NOW, NOW))
    scene.host.texts[log] = lambda: _number(scene)


@planted("a trunk that trusts identities", masking.CHECKS, "masking-trunk")
def trusting(scene: Scene) -> None:
    scene.ari.trunk["trust_id_inbound"] = "true"


@planted("a trunk that copies the caller", masking.CHECKS, "masking-trunk")
def copying(scene: Scene) -> None:
    scene.ari.trunk["callerid"] = ""


@planted("events that the doctor does not hear", masking.CHECKS, "masking-unproven")
def deaf(scene: Scene) -> None:
    scene.ami.heard = []


@planted("a service that does not answer", masking.CHECKS, "probe-failed")
def unanswered(scene: Scene) -> None:
    scene.server.status = "503 Service Unavailable"


@planted("call records", privacy.CHECKS, "call-records")
def call_records(scene: Scene) -> None:
    scene.ami.answers["CoreSettings"] = [{"CoreCDRenabled": "Yes"}]


@planted("call records from the next start on", privacy.CHECKS, "call-records")
def call_records_soon(scene: Scene) -> None:
    scene.edit("cdr.conf", "enable = no", "enable = yes")


@planted("records of every event", privacy.CHECKS, "event-records")
def event_records(scene: Scene) -> None:
    scene.edit("cel.conf", "enable = no", "enable = yes")


@planted("a log of queues", privacy.CHECKS, "queue-log")
def queue_log(scene: Scene) -> None:
    scene.edit("logger.conf", "queue_log = no", "queue_log = yes")


@planted("a log that prints the dialplan", privacy.CHECKS, "log-levels")
def verbose(scene: Scene) -> None:
    scene.ari.logging.append(
        {"channel": "full.log", "status": "Enabled", "configuration": "NOTICE VERBOSE ERROR"}
    )


@planted("SIP messages in the log", privacy.CHECKS, "sip-logger")
def sip_logger(scene: Scene) -> None:
    scene.edit("pjsip.conf", "debug = no", "debug = yes")


@planted("errors of the SIP library in the log", privacy.CHECKS, "sip-library-log")
def sip_library(scene: Scene) -> None:
    scene.edit("pjproject.conf", "asterisk_error = ", "asterisk_error = 0,1")


@planted("an Asterisk that leaves its memory on disk", privacy.CHECKS, "core-dumps")
def cores(scene: Scene) -> None:
    _limit(scene, ASTERISK, "Max core file size", None)


@planted("a router that leaves its memory on disk", privacy.CHECKS, "core-dumps")
def router_cores(scene: Scene) -> None:
    _limit(scene, ROUTER, "Max core file size", 1_000_000)


@planted("an Asterisk told to dump", privacy.CHECKS, "core-dumps")
def dumpcore(scene: Scene) -> None:
    scene.edit("asterisk.conf", "dumpcore = no", "dumpcore = yes")


@planted("ARI open to other machines", privacy.CHECKS, "interface-open")
def ari_open(scene: Scene) -> None:
    scene.edit("http.conf", "bindaddr = 127.0.0.1", "bindaddr = 0.0.0.0")


@planted("AMI open to other machines", privacy.CHECKS, "interface-open")
def ami_open(scene: Scene) -> None:
    scene.edit("manager.conf", "bindaddr = 127.0.0.1", "bindaddr = 0.0.0.0")


@planted("an ARI that may run programs", privacy.CHECKS, "interface-dangerous")
def dangerous(scene: Scene) -> None:
    scene.edit("asterisk.conf", "live_dangerously = no", "live_dangerously = yes")


@planted("a router that logs everything", privacy.CHECKS, "router-log")
def router_log(scene: Scene) -> None:
    scene.set(log=Log("debug"))


# The carrier.


@planted("a carrier that is away", trunk.CHECKS, "trunk-unreachable")
def carrier_away(scene: Scene) -> None:
    scene.ari.states["trunk"] = "offline"


@planted("no endpoint for the carrier", trunk.CHECKS, "trunk-missing")
def no_trunk(scene: Scene) -> None:
    del scene.ari.states["trunk"]


@planted("a carrier that is never asked", trunk.CHECKS, "trunk-unasked")
def unasked(scene: Scene) -> None:
    scene.set_asterisk(trunk_qualify_s=0)


@planted("an account that is refused", trunk.CHECKS, "trunk-unregistered")
def unregistered(scene: Scene) -> None:
    scene.set_asterisk(registration=Registration("sip.example.net", "compte"))
    scene.ami.answers["PJSIPShowRegistrationsOutbound"] = [
        {"Response": "Success"},
        {"ObjectName": "trunk-registration", "Status": "Rejected"},
        {"ObjectName": "trunk-account", "Password": "kept-to-itself"},
    ]


TLS = Tls(certificate=Path("/etc/allo/c.pem"), key=Path("/etc/allo/k.pem"))
OTHER = Carrier(
    name="other",
    transport="tls",
    hosts=(CARRIER,),
    peer=f"{CARRIER}:5061",
    registration=Registration("sip.example.net", "compte"),
)


def other_carrier(scene: Scene) -> None:
    """A carrier of the list, over TLS, with an account, in good health."""
    scene.set_asterisk(carriers=(OTHER,), trunk_hosts=("127.0.0.1",), trunk_peer=None, tls=TLS)
    scene.ari.states["trunk-other"] = scene.ari.states.pop("trunk")
    scene.ari.trunk["media_encryption"] = "sdes"
    scene.ami.answers["PJSIPShowRegistrationsOutbound"] = [
        {"ObjectName": "trunk-other-registration", "Status": "Registered"}
    ]


@planted("a carrier of several that is away", trunk.CHECKS, "trunk-unreachable")
def one_away(scene: Scene) -> None:
    other_carrier(scene)
    scene.ari.states["trunk-other"] = "offline"


@planted("an account of several that is missing", trunk.CHECKS, "trunk-unregistered")
def one_unregistered(scene: Scene) -> None:
    other_carrier(scene)
    scene.ami.answers["PJSIPShowRegistrationsOutbound"] = [{"Response": "Success"}]


@planted("a carrier over TLS whose sound is in the clear", trunk.CHECKS, "trunk-plain")
def plain_sound(scene: Scene) -> None:
    other_carrier(scene)
    scene.ari.trunk["media_encryption"] = "no"


@planted("a trunk without A-law", trunk.CHECKS, "trunk-codecs")
def no_alaw(scene: Scene) -> None:
    scene.ari.trunk["allow"] = "(ulaw)"


@planted("a codec of the settings that is not there", trunk.CHECKS, "trunk-codecs")
def codec_missing(scene: Scene) -> None:
    scene.ari.trunk["allow"] = "(alaw|ulaw)"


@planted("keys in the sound", trunk.CHECKS, "trunk-keys")
def inband(scene: Scene) -> None:
    scene.ari.trunk["dtmf_mode"] = "inband"


@planted("a trunk on loopback", trunk.CHECKS, "trunk-loopback")
def loopback(scene: Scene) -> None:
    scene.set_asterisk(trunk_bind="127.0.0.1:5060", trunk_hosts=("127.0.0.1",))


@planted("no number to show", trunk.CHECKS, "number-missing")
def no_number(scene: Scene) -> None:
    scene.set_callbacks(presented=None)


@planted("a number of fiction to show", trunk.CHECKS, "number-fictional")
def fictional_number(scene: Scene) -> None:
    scene.set_callbacks(presented="+33199001234")


@planted("callbacks to numbers of fiction", trunk.CHECKS, "fiction")
def fiction(scene: Scene) -> None:
    scene.set_callbacks(fiction=True)


# Phones.


@planted("an informateur whom Asterisk does not know", phones.CHECKS, "phones-unknown")
def phone_unknown(scene: Scene) -> None:
    phone = next(name for name in scene.ari.states if name.startswith("agent-"))
    del scene.ari.states[phone]


@planted("a phone of somebody who has left", phones.CHECKS, "phones-strange")
def phone_strange(scene: Scene) -> None:
    scene.ari.states["agent-999"] = "offline"


@planted("nobody at a phone", phones.CHECKS, "phones-none")
def nobody(scene: Scene) -> None:
    scene.ari.states = {name: "offline" for name in scene.ari.states} | {"trunk": "online"}


@planted("phones that are never asked", phones.CHECKS, "phones-unasked")
def phones_unasked(scene: Scene) -> None:
    scene.set_asterisk(agent_qualify_s=0)


# Sound.


@planted("too few ports for sound", sound.CHECKS, "rtp-narrow")
def narrow(scene: Scene) -> None:
    scene.set_asterisk(rtp_last=10_099)


@planted("another program among the ports for sound", sound.CHECKS, "rtp-taken")
def taken(scene: Scene) -> None:
    scene.udp(10_020, "1")  # Asterisk's own
    scene.udp(10_022, "77")


@planted("a private address in SDP", sound.CHECKS, "nat")
def nat(scene: Scene) -> None:
    scene.set_asterisk(trunk_bind="192.168.1.10:5060")


@planted("a private address on the way to the carrier", sound.CHECKS, "nat")
def nat_by_route(scene: Scene) -> None:
    scene.set_asterisk(trunk_bind="0.0.0.0:5060", trunk_hosts=("10.0.0.0/8", f"{CARRIER}/32"))
    scene.host.source = "10.1.2.3"


# Prompts.


@planted("a sentence that changed", prompts.CHECKS, "prompts-stale")
def stale_prompts(scene: Scene) -> None:
    scene.stale.append(Problem("catalogue.toml: prompts.welcome", "text changed"))


@planted("prompts removed beneath the service", prompts.CHECKS, "prompts-missing")
def no_prompts(scene: Scene) -> None:
    for path in scene.config.settings.prompts_dir.iterdir():
        path.unlink()


@planted("a prompt that is empty in one format", prompts.CHECKS, "prompts-missing")
def empty_prompt(scene: Scene) -> None:
    (scene.config.settings.prompts_dir / "welcome.g722").write_bytes(b"")


@planted("prompts that Asterisk looks for elsewhere", prompts.CHECKS, "prompts-elsewhere")
def elsewhere(scene: Scene) -> None:
    link = scene.config.asterisk().data_dir / "sounds" / "fr" / "allo"
    link.unlink()
    link.symlink_to("/nowhere")


@planted("no music", prompts.CHECKS, "music-missing")
def no_music(scene: Scene) -> None:
    for path in scene.config.asterisk().music_dir.iterdir():
        path.unlink()


# What the router says.


@planted("an intake that hangs", web.CHECKS, "intake-frozen")
def frozen(scene: Scene) -> None:
    scene.web.intake = "intake-frozen"


@planted("no intake", web.CHECKS, "intake-away", "part-missing")
def no_intake(scene: Scene) -> None:
    scene.web.intake = "intake-away"
    scene.web.missing["intake"] = "no intake serves"


@planted("no router", web.CHECKS, "router-away")
def no_router(scene: Scene) -> None:
    scene.web.router_away = "router-away"


@planted("a transport that did not start", web.CHECKS, "part-missing")
def no_transport(scene: Scene) -> None:
    scene.web.missing["trunk_transport"] = "UDP 5060 is in use by another process"


@planted("numbers kept out of the log", web.CHECKS, "counted")
def leaks(scene: Scene) -> None:
    scene.web.metrics["allo_log_leaks_total"] = 2.0


@planted("facts given up", web.CHECKS, "counted")
def lost(scene: Scene) -> None:
    scene.web.metrics['allo_store_lost_total{store="facts"}'] = 7.0


@planted("a service that does not call itself", web.CHECKS, "probe-off")
def no_probe(scene: Scene) -> None:
    scene.set(probe=Probe(0))


@planted("a service that was not welcomed for long", web.CHECKS, "probe-late")
def late_probe(scene: Scene) -> None:
    scene.web.metrics["allo_probe_last_success_timestamp_seconds"] = NOW - 600


# Storage.


@planted("secrets that a group can read", storage.CHECKS, "secrets-readable")
def readable(scene: Scene) -> None:
    (scene.folder / "secrets.toml").chmod(0o640)


@planted("secrets of somebody else", storage.CHECKS, "secrets-owner")
def owned(scene: Scene) -> None:
    router = scene.host.running[ROUTER]
    scene.host.running[ROUTER] = replace(router, user=router.user + 4242)
    os.chown(scene.folder / "secrets.toml", 4711, -1)


@planted("a configuration that others can read", storage.CHECKS, "state-open")
def open_etc(scene: Scene) -> None:
    scene.etc.chmod(0o755)


@planted("a state folder that others can write", storage.CHECKS, "state-open")
def open_state(scene: Scene) -> None:
    scene.config.settings.state_dir.chmod(0o777)


@planted("a full disk", storage.CHECKS, "disk-full")
def full(scene: Scene) -> None:
    _disk(scene, free_mb=12)


@planted("a disk that has become read-only", storage.CHECKS, "disk-read-only")
def read_only(scene: Scene) -> None:
    _disk(scene, is_read_only=True)


def _facts(scene: Scene) -> Path:
    path = scene.config.settings.state_dir / "facts.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE calls (alike INTEGER)")
    path.chmod(0o600)
    return path


@planted("a file of facts whose pages are spoilt", storage.CHECKS, "store-damaged")
def damaged(scene: Scene) -> None:
    with _facts(scene).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)


@planted("a file of facts that was damaged, a year ago", storage.CHECKS, "store-set-aside")
def set_aside(scene: Scene) -> None:
    path = _facts(scene)
    path.rename(path.with_name(f"{path.name}.damaged-2025-11-23T100412Z"))


@planted("a file of facts that root has made", storage.CHECKS, "store-rights")
def rights(scene: Scene) -> None:
    _facts(scene)
    router = scene.host.running[ROUTER]
    scene.host.running[ROUTER] = replace(router, user=router.user + 998)


@planted("a disk without inodes", storage.CHECKS, "inodes-few")
def inodes(scene: Scene) -> None:
    _disk(scene, free_inodes=0.01)


@planted("a vault on a disk", storage.CHECKS, "vault-on-disk")
def vault_on_disk(scene: Scene) -> None:
    vault = scene.config.settings.callbacks.vault_dir
    assert vault is not None
    scene.host.disks[vault] = Disk(5000, 0.9, is_memory=False, is_noswap=False)


@planted("a vault that is swapped", storage.CHECKS, "vault-swapped")
def swapped(scene: Scene) -> None:
    scene.host.swap = ["/dev/sda2"]


# Certificates.


@planted("a certificate of the proxy that ends next week", tls.CHECKS, "certificate-ends")
def certificate(scene: Scene) -> None:
    scene.host.time = LOCALHOST_ENDS - 6 * 86_400
    scene.set_http(certificates=(LOCALHOST,))


@planted("a certificate of SIP that has ended", tls.CHECKS, "certificate-ends")
def sip_certificate(scene: Scene) -> None:
    scene.host.time = LOCALHOST_ENDS + 86_400
    over_tls(scene, LOCALHOST.read_text(), 0o600)


def over_tls(scene: Scene, key: str, mode: int) -> None:
    """Have a transport over TLS, with this private key."""
    file = scene.folder / "key.pem"
    file.write_text(key)
    file.chmod(mode)
    section = f"[trunk-tls]\ncert_file = {LOCALHOST}\npriv_key_file = {file}\n[trunk-udp]"
    scene.edit("pjsip.conf", "[trunk-udp]", section)


@planted("a key that is not the certificate's", tls.CHECKS, "certificate-key")
def other_key(scene: Scene) -> None:
    over_tls(scene, "no key at all", 0o600)


@planted("a key that everybody can read", tls.CHECKS, "certificate-key-readable")
def readable_key(scene: Scene) -> None:
    over_tls(scene, LOCALHOST.read_text(), 0o644)


@planted("a key where the certificate should be", tls.CHECKS, "certificate-unread")
def no_certificate(scene: Scene) -> None:
    scene.set_http(certificates=(scene.folder / "3939.toml",))


# The machine, and time.


@planted("an old Python", machine.CHECKS, "python-old")
def old_python(scene: Scene) -> None:
    scene.host.interpreter = (3, 10)


@planted("too few open files", machine.CHECKS, "open-files")
def few_files(scene: Scene) -> None:
    _limit(scene, ASTERISK, "Max open files", 1024)


@planted("an Asterisk of other folders", machine.CHECKS, "asterisk-unseen")
def unseen(scene: Scene) -> None:
    del scene.host.running[ASTERISK]


@planted("a clock that nobody sets", clock.CHECKS, "clock-free")
def free_clock(scene: Scene) -> None:
    scene.host.synchronised = False


@planted("a router that still has the clock of a rehearsal", clock.CHECKS, "clock-shifted")
def shifted(scene: Scene) -> None:
    scene.web.metrics["allo_service_time_seconds"] = NOW + 3600


@planted("old time zones", clock.CHECKS, "time-zones-old")
def old_zones(scene: Scene) -> None:
    scene.host.zones = "2023c"


@planted("a calendar that ends", clock.CHECKS, "holidays-end")
def calendar_ends(scene: Scene) -> None:
    hours = scene.config.plan.hours
    known = hours.holiday_name

    def this_year_s(day: date) -> str | None:
        return known(day) if day.year <= 2026 else None

    ended = Hours(hours.zone, hours.week, hours.exceptions, this_year_s)
    scene.config = replace(scene.config, plan=replace(scene.config.plan, hours=ended))


# Hands.


def _number(scene: Scene) -> str:
    """Return what the doctor's call says of its caller."""
    return scene.server.called.first("from") if scene.server.asked else ""


class _Leaking(list[str]):
    """Events, the last of which names the caller."""

    def __init__(self, scene: Scene, *heard: str) -> None:
        super().__init__(heard)
        self._scene = scene

    def __iter__(self):  # type: ignore[no-untyped-def]
        yield from super().__iter__()
        yield _number(self._scene)


def _leak(scene: Scene, variables: dict[str, str], name: str) -> None:
    class Variables(dict[str, str]):
        def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
            return _number(scene) if key == name else super().get(key, default)

    scene.ari.variables = Variables(variables)


def _limit(scene: Scene, pid: int, name: str, limit: int | None) -> None:
    process = scene.host.running[pid]
    scene.host.running[pid] = replace(process, limits={**process.limits, name: limit})


def _disk(scene: Scene, **changes: float) -> None:
    state = scene.config.settings.state_dir
    disk = Disk(5000, 0.9, is_memory=False, is_noswap=False)
    scene.host.disks[state] = replace(disk, **changes)  # type: ignore[arg-type]
