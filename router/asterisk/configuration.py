"""Asterisk's configuration: settings in, a complete folder of files out.

The templates are in `asterisk-conf/`, one file for each concern. A placeholder is `@name@`, which
looks like neither the dialplan's `${name}` nor anything else in these files.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from router.asterisk.faults import check
from router.asterisk.settings import AMI_USER, REFUSALS_USER, AsteriskSettings, as_sent
from router.asterisk.sip_sections import (
    agent_transport,
    browsers,
    carriers,
    modules_wanted,
    phones,
    transports,
)
from router.asterisk.toolbox import Toolbox
from router.errors import ConfigError, Problem
from router.places import shipped, writing

TEMPLATES = shipped("asterisk-conf")

#: Former files of ours, which may be replaced.
FORMER_FILES = ("pjsip_outgoing.conf", "pjsip_registration.conf")

#: Its group is the name.
PLACEHOLDER = re.compile(r"@([a-z][a-z0-9_]*)@")


def placeholders(settings: AsteriskSettings, toolbox: Toolbox) -> dict[str, str]:
    """Return what each placeholder stands for."""
    return {
        "config_dir": str(settings.config_dir),
        "modules_dir": str(toolbox.modules_dir),
        "run_dir": str(settings.run_dir),
        "data_dir": str(settings.data_dir),
        "state_dir": str(settings.state_dir),
        "log_dir": str(settings.log_dir),
        "music_dir": str(settings.music_dir),
        "node": settings.node,
        "entity_id": settings.entity_id,
        "max_calls": str(settings.max_calls),
        # Asterisk accepts timer B only as 64 times T1, the wait before the first retransmission.
        "sip_t1_ms": str(settings.trunk_silence_s * 1000 // 64),
        "sip_b_ms": str(settings.trunk_silence_s * 1000),
        "transports": transports(settings),
        "carriers": carriers(settings),
        "trunk_codecs": ",".join(settings.trunk_codecs),
        "trunk_rtp_timeout_s": str(settings.trunk_rtp_timeout_s),
        "agent_transport": agent_transport(settings),
        "agents_permit": "\n".join(f"permit = {network}" for network in settings.agents_networks),
        "agents_behind_nat": "yes" if settings.agents_behind_nat else "no",
        "agents": phones(settings),
        "agent_codecs": ",".join(settings.agent_codecs),
        "agent_qualify_s": str(settings.agent_qualify_s),
        "agent_rtp_timeout_s": str(settings.agent_rtp_timeout_s),
        "browsers": browsers(settings),
        "browser_codecs": ",".join(settings.browser_codecs),
        "browser_rtp_timeout_s": str(settings.browser_rtp_timeout_s),
        "ice": "yes" if settings.browsers else "no",
        **modules_wanted(settings),
        "service_extensions": "\n".join(
            f"exten = {form},1,Goto(caller,s,1)"
            for form in dict.fromkeys(
                form for number in settings.service_numbers for form in as_sent(number)
            )
        ),
        "app": settings.app,
        "longest_call_s": str(settings.longest_call_s),
        "retry_every_s": str(settings.retry_every_s),
        "retry_for_s": str(settings.retry_for_s),
        "ari_host": settings.ari_host,
        "ari_port": str(settings.ari_port),
        "ari_user": settings.ari_user,
        "ari_password": settings.ari_password,
        "ami_port": str(settings.ami_port),
        "ami_user": AMI_USER,
        "ami_password": settings.ami_password,
        "refusals_user": REFUSALS_USER,
        "refusals_password": settings.refusals_password,
        "agi_port": str(settings.agi_port),
        "probe_port": str(settings.probe_port),
        "probe_token": settings.probe_token,
        "rtp_first": str(settings.rtp_first),
        "rtp_last": str(settings.rtp_last),
    }


def fill(template: str, values: Mapping[str, str], place: str) -> str:
    """Return `template` with each `@name@` replaced.

    Raises:
        ConfigError: If `values` lacks a name; every missing one is listed under `place`.
    """
    missing = sorted(set(PLACEHOLDER.findall(template)) - values.keys())
    if missing:
        raise ConfigError([Problem(place, f"unknown placeholder @{name}@") for name in missing])
    return PLACEHOLDER.sub(lambda match: values[match[1]], template)


def render(settings: AsteriskSettings, toolbox: Toolbox, target: Path) -> None:
    """Write the complete configuration into the folder `target`, usually `settings.config_dir`.

    `target` is ours: it is replaced as a whole, and only once every file has been written, so a
    full disk leaves the old configuration. Only their owner can read the folder and its files.

    Raises:
        ConfigError: If settings are wrong (all are named), if `target` holds files that we did
            not write, or if a template holds an unknown placeholder.
        DiskError: If the folder cannot be written.
    """
    faults = check(settings)
    names = sorted(path.name for path in TEMPLATES.glob("*.conf"))
    if target.is_dir():
        faults += [
            Problem(str(path), "was not written by allo; choose another folder, or move it away")
            for path in sorted(target.iterdir())
            if path.name not in {*names, *FORMER_FILES}
        ]
    if faults:
        raise ConfigError(faults)
    rendered = texts(settings, toolbox, target)
    with writing(target):
        _replace(target, rendered)


def texts(settings: AsteriskSettings, toolbox: Toolbox, target: Path) -> dict[str, str]:
    """Return the complete configuration for the folder `target`: file name -> text.

    Raises:
        ConfigError: If a template holds an unknown placeholder.
    """
    names = sorted(path.name for path in TEMPLATES.glob("*.conf"))
    values = {**placeholders(settings, toolbox), "config_dir": str(target)}
    return {
        name: fill((TEMPLATES / name).read_text(encoding="utf-8"), values, name) for name in names
    }


def _replace(target: Path, rendered: Mapping[str, str]) -> None:
    """Replace the folder `target` as a whole, or leave it as it is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))  # mode 0700
    try:
        for name, text in rendered.items():
            handle = os.open(fresh / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
        old = fresh.with_suffix(".old")
        if target.exists():
            target.rename(old)
        fresh.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
