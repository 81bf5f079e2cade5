"""What would keep Asterisk from starting, found before it is started."""

import re
import socket

from router import ports
from router.asterisk import configuration
from router.asterisk.console import process_of
from router.asterisk.programs import OLDEST_ASTERISK, dotted, version_in
from router.asterisk.settings import AsteriskOptions, AsteriskSettings
from router.asterisk.sip_sections import modules_wanted
from router.asterisk.toolbox import Toolbox, missing_modules
from router.errors import SetupError
from router.ports import Address


def check_version(toolbox: Toolbox) -> None:
    """Refuse an Asterisk that is too old.

    Raises:
        SetupError: If the version is below `programs.OLDEST_ASTERISK` or cannot be read.
    """
    found = version_in(f"Asterisk {toolbox.asterisk_version}")
    if (found or (0, 0, 0)) < OLDEST_ASTERISK:
        raise SetupError(
            f"Asterisk {toolbox.asterisk_version} is too old, {dotted(OLDEST_ASTERISK)} or later "
            "is needed",
            "Upgrade it, or remove it: ./allo then lays out a private copy.",
        )


def check_modules(settings: AsteriskOptions, toolbox: Toolbox) -> None:
    """Look for each module that `modules.conf` requires with these settings.

    Raises:
        SetupError: Naming the missing ones.
    """
    missing = missing_modules(toolbox, required_modules(settings))
    if missing:
        raise SetupError(
            f"Asterisk lacks {', '.join(missing)} in {toolbox.modules_dir}",
            "Install the package asterisk-modules, or build Asterisk with these modules; phones in "
            "browsers do without Opus if browser_codecs has none.",
        )


def required_modules(settings: AsteriskOptions) -> list[str]:
    """Return the file names of the modules that `modules.conf` requires, in its order."""
    text = (configuration.TEMPLATES / "modules.conf").read_text(encoding="utf-8")
    text = configuration.fill(text, modules_wanted(settings), "modules.conf")
    return re.findall(r"^require = (\S+)", text, flags=re.MULTILINE)


def check_unused(settings: AsteriskSettings) -> None:
    """Look for an Asterisk that already uses these folders.

    Raises:
        SetupError: If there is one, with its process id.
    """
    if (pid := process_of(settings)) is not None:
        raise SetupError(
            f"Asterisk already runs in {settings.state_dir}, with process {pid}",
            "Stop it (./allo asterisk stop --config FILE), or use another state_dir.",
        )


def check_ports(settings: AsteriskSettings) -> None:
    """Try every address that Asterisk will listen on.

    Raises:
        SetupError: If one is taken, with whoever holds it, or is not an address of this machine.
    """
    wanted = [
        *(
            (
                socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM,
                address,
                "the SIP trunk" if name.startswith("trunk") else "informateurs' phones",
            )
            for name, (kind, address) in settings.sip_transports.items()
        ),
        (socket.SOCK_DGRAM, f"127.0.0.1:{settings.probe_port}", "the probe's calls"),
        (socket.SOCK_STREAM, f"{settings.ari_host}:{settings.ari_port}", "ARI"),
        (socket.SOCK_STREAM, f"127.0.0.1:{settings.ami_port}", "AMI"),
    ]
    for kind, address, purpose in wanted:
        host, _, port = address.rpartition(":")
        ports.check_free(
            Address(kind, host, int(port), purpose),
            "Stop the program that holds it, or use other ports (in the settings, or "
            "--port-offset of the demo).",
        )
