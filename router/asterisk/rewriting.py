"""What a running Asterisk can take without ending a call: phones, trunk addresses, numbers.

The files are those of the folder that it was started with. Each is replaced as a whole, and only
those that differ; then the modules named must read them again.
"""

from pathlib import Path

from router.asterisk.configuration import texts
from router.asterisk.faults import check
from router.asterisk.settings import AsteriskOptions, AsteriskSettings
from router.asterisk.toolbox import Toolbox
from router.errors import ConfigError
from router.places import put, writing

_PJSIP = ("res_pjsip.so", "res_pjsip_outbound_registration.so")
#: The files that may differ, and which modules read them, in this order.
MODULES: dict[str, tuple[str, ...]] = {
    "pjsip_agents.conf": _PJSIP,
    "pjsip_browsers.conf": _PJSIP,
    "pjsip_carriers.conf": _PJSIP,
    "pjsip.conf": _PJSIP,
    "extensions.conf": ("pbx_config.so",),
}
#: The options that end in those files alone. With any other a new Asterisk is needed: PJSIP neither
#: moves a transport nor changes its timers while it runs, and the rest is read at the start.
OPTIONS = frozenset(
    {"trunk_hosts", "trunk_peer", "trunk_qualify_s", "trunk_codecs", "trunk_rtp_timeout_s"}
    | {"registration", "carriers", "agents_behind_nat", "agent_codecs", "agent_qualify_s"}
    | {"agent_rtp_timeout_s", "browser_rtp_timeout_s", "retry_every_s", "retry_for_s"}
)
#: None of those files says where a program is.
_NO_PROGRAMS = Toolbox(None, "", Path(), Path())


def rewrite(settings: AsteriskSettings) -> list[str]:
    """Write what differs; return the modules that are to read it, in order.

    The caller's duty: `settings` differ from those of the running Asterisk in `OPTIONS`, phones,
    numbers and the longest call alone. May block: not for the event loop.

    Raises:
        ConfigError: If settings are wrong. Nothing was written.
        DiskError: If Asterisk's configuration is not in this folder, or cannot be written.
    """
    if faults := check(settings):
        raise ConfigError(faults)
    folder = settings.config_dir
    wanted = texts(settings, _NO_PROGRAMS, folder)
    modules: list[str] = []
    with writing(folder):
        (folder / "asterisk.conf").stat()  # else it is another Asterisk's
        for name in MODULES:
            if _replace(folder / name, wanted[name]):
                modules += [one for one in MODULES[name] if one not in modules]
    return modules


def _replace(file: Path, text: str) -> bool:
    """Make the file hold `text`; return whether it did not yet."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    put(file, text, 0o600)
    return True


def differing(one: AsteriskOptions, other: AsteriskOptions) -> list[str]:
    """Return the options that differ and need a new Asterisk.

    Carriers do if they bring a transport of their own, as over TLS. What they take the place of
    waits with them, so that there is a carrier at every moment.
    """
    fixed = set(AsteriskOptions.__dataclass_fields__) - OPTIONS
    if one.carriers != other.carriers and one.sip_transports != other.sip_transports:
        fixed |= {"carriers", "trunk_hosts", "trunk_peer", "registration"}
    return [
        name
        for name in AsteriskOptions.__dataclass_fields__
        if name in fixed and getattr(one, name) != getattr(other, name)
    ]
