"""All files of one deployment, read together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from router.asterisk.settings import AsteriskSettings
from router.config.agreement import (
    asterisk_settings,
    check_asterisk,
    check_secrets,
    check_silence,
)
from router.config.goals import Publication
from router.config.plan import read_plan
from router.config.secrets import Secrets, read_secrets
from router.config.settings import Settings, read_settings
from router.config.tables import Report, problems_of
from router.core.plan import Plan
from router.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Config:
    """One deployment of one service."""

    plan: Plan
    settings: Settings
    #: None without a settings file.
    secrets: Secrets | None
    #: What the figures of this service are set beside.
    publication: Publication = field(default_factory=Publication)

    def by_clock(self, ahead_s: float) -> "Config":
        """Return it with opening hours that follow the machine's clock, which is so far ahead."""
        hours = replace(self.plan.hours, ahead_s=ahead_s)
        return replace(self, plan=replace(self.plan, hours=hours))

    def asterisk(self) -> AsteriskSettings:
        """Return everything that Asterisk's configuration is rendered from.

        Raises:
            ConfigError: If there are no secrets.
        """
        if self.secrets is None:
            raise ConfigError([Problem("secrets", "are missing: give a settings file")])
        return asterisk_settings(self.settings, self.plan, self.secrets)


@dataclass(frozen=True, slots=True)
class Faulty:
    """Files that cannot be used."""

    #: Every fault of all files.
    problems: list[Problem]
    #: None if the settings file could not be read at all.
    settings: Settings | None


def load(path: Path | None, known_prompts: Collection[str] | None = None) -> Config:
    """Read the settings at `path` and every file they name; None is the shipped plan.

    `known_prompts` are the ids of the catalogue; None skips that check.

    Raises:
        ConfigError: With every fault of all files.
    """
    read = read_all(path, known_prompts)
    if isinstance(read, Faulty):
        raise ConfigError(read.problems)
    return read


def read_all(
    path: Path | None,
    known_prompts: Collection[str] | None = None,
    *,
    instead: Mapping[Path, Path] = MappingProxyType({}),
) -> Config | Faulty:
    """Read as `load` does, but return the faults instead of raising them.

    A fault is reported once, where it is, and nothing that merely follows from it: a file that
    cannot be read is one fault. `instead` are files of the same names to be read in place of
    informateurs and secrets: a change that is not made yet.
    """
    report = Report(path.name if path else "settings")
    settings = read_settings(path, report) if path else Settings()
    if settings is None:
        return Faulty(report.problems, None)
    settings = replace(
        settings,
        agents=instead.get(settings.agents, settings.agents),
        secrets=settings.secrets and instead.get(settings.secrets, settings.secrets),
    )
    plan_report, agents_report = Report(settings.plan.name), Report(settings.agents.name)
    # A file whose name is faulty is not read: its default would have faults of its own.
    named = {name: report.is_sound(name) for name in ("plan", "agents", "secrets")}
    read = (
        read_plan(
            settings.plan,
            settings.agents if named["agents"] else None,
            known_prompts,
            plan_report,
            agents_report,
        )
        if named["plan"]
        else None
    )
    plan, publication = (None, Publication()) if read is None else read
    secrets_report = Report(settings.secrets.name if settings.secrets else "secrets")
    secrets = settings.secrets if named["secrets"] else None
    given = None if secrets is None else read_secrets(secrets, secrets_report)
    check_asterisk(settings, report)
    if given is not None:
        # Without their file, phones and informateurs are unknown rather than missing.
        is_known = agents_report.is_read and plan_report.is_sound("desk.supervisor_phones")
        staffed = plan if is_known else None
        check_secrets(settings, staffed, given, secrets_report)
    if plan is not None:
        check_silence(settings, plan, report)
    problems = problems_of(report, plan_report, agents_report, secrets_report)
    if problems or plan is None:
        return Faulty(problems, settings)
    return Config(plan, settings, given, publication)
