"""What differs between two configurations: what is taken, and what waits for a new start."""

from dataclasses import replace
from pathlib import Path

import pytest

from router.config import Config
from router.core.hours import Hours
from router.core.ids import AgentId, PhoneId
from router.service.changes import compared
from tests.intake.scene import intake_config
from tests.service_plan import agent


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return intake_config(tmp_path, 8088, vault_dir=tmp_path)


def test_nothing_differs_from_itself(config: Config) -> None:
    changes = compared(config, config)
    assert (changes.taken, changes.restart, changes.config) == ((), (), config)


def test_parts_of_the_plan_are_named_and_informateurs_counted_out(config: Config) -> None:
    plan = config.plan
    agents = {**plan.agents, AgentId("190"): agent("190", logement=1)}
    del agents[AgentId("103")]
    agents[AgentId("101")] = agent("101", travail=2)
    new = replace(plan, agents=agents, hours=Hours(), fiches={})
    changes = compared(config, replace(config, plan=new))
    assert changes.taken == (
        "plan: hours",
        f"plan: fiches ({' '.join(plan.fiches)} removed)",
        "agents: 190 added, 103 removed, 101 changed",
    )
    assert changes.restart == ()
    assert changes.config.plan is new


def test_a_secret_is_named_and_never_shown(config: Config) -> None:
    assert config.secrets is not None
    phones = {**config.secrets.agents, PhoneId("101"): "a-new-password-of-24-chars"}
    secrets = replace(config.secrets, agents=phones, api_key="another-key-of-16-chars")
    changes = compared(config, replace(config, secrets=secrets))
    assert changes.taken == ("secrets: api_key", "secrets: agents.101")
    assert changes.config.secrets == secrets


def test_what_needs_a_new_start_stays_as_it_was_and_is_said_by_key(config: Config) -> None:
    settings, secrets = config.settings, config.secrets
    assert secrets is not None
    new = replace(
        settings,
        state_dir=Path("/elsewhere"),
        http=replace(settings.http, port=1, machines=()),
        asterisk=replace(settings.asterisk, trunk_bind="127.0.0.1:9", trunk_hosts=("192.0.2.1",)),
        log=replace(settings.log, level="debug", format="console"),
    )
    read = replace(config, settings=new, secrets=replace(secrets, ari_password="n" * 20))
    changes = compared(config, read)
    assert changes.restart == (
        "state_dir: restart the router",
        "http.port: restart the router",
        "log.format: restart the router",
        "asterisk.trunk_bind: restart Asterisk, then the router",
        "ari_password: restart Asterisk, then the router",
    )
    assert changes.taken == (
        "settings: asterisk.trunk_hosts",
        "settings: http.machines",
        "settings: log.level",
    )
    in_force = changes.config.settings
    assert (in_force.state_dir, in_force.http.port) == (settings.state_dir, settings.http.port)
    assert (in_force.http.machines, in_force.log.level) == ((), "debug")
    assert in_force.asterisk.trunk_bind == settings.asterisk.trunk_bind
    assert in_force.asterisk.trunk_hosts == ("192.0.2.1",)
    assert changes.config.secrets == secrets
    again = compared(changes.config, read)
    assert (again.taken, again.restart) == ((), changes.restart)  # said until it is done
