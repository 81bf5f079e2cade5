"""The demo's own settings, informateurs and secrets; the plan is the shipped one."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from router.config import Config, load, load_secrets, new_secrets
from router.core.plan import Plan
from router.demo.script import FIRST_AGENT, LOOPBACK, Script
from router.errors import ConfigError
from router.places import PLAN, put

#: The name of the service's own state folder in the demo's.
SERVICE = "asterisk"
#: The name of the settings file.
SETTINGS = "allo.toml"


def write_configuration(script: Script) -> Config:
    """Write the configuration files into the script's folder, and read them back.

    Raises:
        OSError: If they cannot be written.
    """
    state = script.state_dir
    state.mkdir(parents=True, exist_ok=True)
    agents = [str(FIRST_AGENT + number) for number in range(script.agents)]
    shipped = load(None).plan
    put(state / "agents.toml", _agents_text(agents, script.seats, shipped))
    secrets = state / "secrets.toml"
    phones = shipped.desk.supervisor_phones
    if not _are_for(secrets, agents, phones):
        put(secrets, new_secrets(agents, phones), 0o600)
    put(state / SETTINGS, _settings_text(script, _plan_file(script)))
    return load(state / SETTINGS)


def _agents_text(agents: Iterable[str], seats: Iterable[str], plan: Plan) -> str:
    def skills(agent: str) -> str:
        # The people at free seats are asked first.
        level = 2 if seats and agent not in seats else 1
        return ", ".join(f"{sector} = {level}" for sector in plan.domains)

    lines = (f"{agent} = {{ {skills(agent)} }}\n" for agent in agents)
    return "# Informateurs who know everything, simulated or not.\n" + "".join(lines)


def _settings_text(script: Script, plan: Path) -> str:
    at = script.addresses
    rtp_first, rtp_last = at.rtp_ports
    trunk = f'trunk_peer = "{script.trunk or f"{LOOPBACK}:{at.pstn_port}"}"\n'
    if "carriers" in script.asterisk:
        trunk = ""
    elif script.trunk is None:
        trunk += "trunk_qualify_s = 0  # the simulated network does not answer OPTIONS\n"
    ours = (at.http, f"http://localhost:{at.http_port}")
    origins = json.dumps([*ours, *script.origins])
    callbacks = {"origins": origins, "fiction": "true", **script.callbacks}
    return f"""# Written by ./allo demo at every start.
plan = "{plan}"
agents = "agents.toml"
secrets = "secrets.toml"
state_dir = "{SERVICE}"
prompts_dir = "{script.prompts_dir}"

[asterisk]
trunk_bind = "{at.sip}"
agents_bind = "{at.agents_sip}"
ari_port = {at.ari_port}
ami_port = {at.ami_port}
agi_port = {at.agi_port}
probe_port = {at.probe_port}
rtp_first = {rtp_first}
rtp_last = {rtp_last}
agent_qualify_s = 0  # simulated phones do not answer OPTIONS
agents_behind_nat = false  # they register from another port than they are called at
{trunk}{_lines(script.asterisk)}
[http]
port = {at.http_port}

[probe]
every_s = {script.probe_every_s}

[callbacks]
presented = "3939"
{_lines(callbacks)}"""


def _lines(values: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in values.items())


def _plan_file(script: Script) -> Path:
    """Return the shipped plan, or a copy with the script's targets and promise."""
    changes = {"targets": script.targets, "callbacks": script.promise}
    if not any(changes.values()):
        return PLAN
    text = PLAN.read_text(encoding="utf-8")
    for table, values in changes.items():
        text = _with_values(text, table, values)
    copy = script.state_dir / "3939.toml"
    put(copy, text)
    return copy


def _with_values(toml: str, table: str, values: Mapping[str, Any]) -> str:
    """Return the text with these values in the table, whose other values stay."""
    before, head, rest = toml.partition(f"\n[{table}]\n")
    body, next_head, after = rest.partition("\n[")
    kept = [line for line in body.splitlines() if line.split("=")[0].strip() not in values]
    changed = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return before + head + "\n".join([*changed, *kept, ""]) + next_head + after


def _are_for(path: Path, agents: Iterable[str], supervisor_phones: Iterable[str]) -> bool:
    """Return whether the secrets that an earlier demo wrote are complete for these people."""
    try:
        known = load_secrets(path)
    except ConfigError:
        return False
    return (
        set(known.agents) == {*agents, *supervisor_phones}
        and set(known.pins) == set(known.tokens) == set(agents)
        and bool(known.supervisors)
    )
