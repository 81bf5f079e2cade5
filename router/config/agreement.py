"""What the files must agree on, and what Asterisk is configured from: all of them together."""

from dataclasses import fields

from router.asterisk.carriers import ONLY
from router.asterisk.faults import check_options, check_passwords, check_paths, password_key
from router.asterisk.settings import AgentPhone, AsteriskOptions, AsteriskSettings
from router.config.secrets import Secrets
from router.config.settings import Settings
from router.config.tables import Report, did_you_mean
from router.core.plan import LogInBy, Plan


def asterisk_settings(settings: Settings, plan: Plan, given: Secrets) -> AsteriskSettings:
    """Return everything that Asterisk's configuration is rendered from."""
    options = settings.asterisk
    return AsteriskSettings(
        **{column.name: getattr(options, column.name) for column in fields(AsteriskOptions)},
        state_dir=settings.state_dir,
        prompts_dir=settings.prompts_dir,
        service_numbers=plan.numbers,
        longest_call_s=plan.targets.longest_call_s,
        ari_password=given.ari_password,
        registration_password=given.registration_password or "",
        carrier_passwords=given.carriers,
        presented=settings.callbacks.presented or "",
        agents=_phones(plan, given),
    )


def check_asterisk(settings: Settings, report: Report) -> None:
    """Check what the settings file says about Asterisk."""
    for problem in check_paths(settings.state_dir, settings.prompts_dir):
        report.add(problem.place.removeprefix("asterisk."), problem.reason)
    for problem in check_options(settings.asterisk):
        report.add(problem.place, problem.reason)


def check_secrets(settings: Settings, plan: Plan | None, given: Secrets, report: Report) -> None:
    """Check that the secrets fit Asterisk and, if the `plan` could be read, are those it needs."""
    if plan is not None:
        _check_owners(plan, given, report)
    accounts = {
        carrier.name: carrier for carrier in settings.asterisk.trunks if carrier.registration
    }
    for name in given.carriers:
        if name not in accounts:
            hint = did_you_mean(name, accounts)
            report.add(f"carriers.{name}", f"no such carrier with an account{hint}")
    for problem in check_passwords(
        given.ari_password,
        {
            key: (given.registration_password if name == ONLY else given.carriers.get(name)) or ""
            for name, key in ((name, password_key(one)) for name, one in accounts.items())
        },
        _phones(plan, given) if plan is not None else (),
    ):
        report.add(problem.place.removeprefix("asterisk.").removesuffix(".secret"), problem.reason)


def check_silence(settings: Settings, plan: Plan, report: Report) -> None:
    """Check that a silent carrier is recognised before a call counts as not picked up.

    Otherwise the carrier's fault would be put down to the person who is called.
    """
    silence_s, ring_s = settings.asterisk.trunk_silence_s, plan.callbacks.ring_s
    if settings.callbacks.presented is not None and silence_s >= ring_s:
        report.add(
            "asterisk.trunk_silence_s",
            f"must be less than callbacks.ring_s of {settings.plan.name} ({ring_s}), "
            f"got {silence_s}",
        )


def _phones(plan: Plan, given: Secrets) -> tuple[AgentPhone, ...]:
    """Return the plan's phones, those that have a password."""
    return tuple(
        AgentPhone(phone, given.agents[phone]) for phone in plan.phones if phone in given.agents
    )


def _check_owners(plan: Plan, given: Secrets, report: Report) -> None:
    """Check that each phone has its password, and that nobody outside the plan has a secret."""
    phones = plan.phones
    for phone in phones:
        if phone not in given.agents:
            report.add(f"agents.{phone}", "is missing: the password of this phone")
    for phone in given.agents:
        if phone not in phones:
            report.add(f"agents.{phone}", f"no such phone{did_you_mean(phone, phones)}")
    if plan.desk.log_in is LogInBy.CODE:
        for agent in plan.agents:
            if agent not in given.pins:
                report.add(f"pins.{agent}", 'is missing, and the plan says desk.log_in = "code"')
    access = {f"{name}.agent": one.agent for name, one in given.access.items() if one.agent}
    for place, agent in access.items():
        if agent not in plan.agents:
            hint = did_you_mean(agent, plan.agents)
            report.add(f"access.{place}", f"no such informateur: {agent}{hint}")
    for place, agents in (("pins", given.pins), ("tokens", given.tokens)):
        for agent in agents:
            if agent not in plan.agents:
                hint = did_you_mean(agent, plan.agents)
                report.add(f"{place}.{agent}", f"no such informateur{hint}")
