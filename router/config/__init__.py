"""The configuration: TOML files -> Plan, Settings and Secrets, with every error at once.

Four files: the plan (what the service is), the informateurs, the settings of one
deployment (allo.toml), and the secrets. Unknown keys are errors, with a suggestion.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from router.asterisk.settings import AsteriskSettings
from router.config.plan import load_plan, read_plan
from router.config.settings import (
    Callbacks,
    Http,
    Log,
    Secrets,
    Settings,
    VoiceChoice,
    asterisk_settings,
    check_asterisk,
    load_secrets,
    new_secrets,
    read_secrets,
    read_settings,
)
from router.config.tables import Report, problems_of
from router.core.plan import Plan
from router.errors import ConfigError, Problem

__all__ = [
    "Callbacks",
    "Config",
    "Faulty",
    "Http",
    "Log",
    "Secrets",
    "Settings",
    "VoiceChoice",
    "asterisk_settings",
    "load",
    "load_plan",
    "load_secrets",
    "new_secrets",
    "read_all",
]


@dataclass(frozen=True, slots=True)
class Config:
    """One deployment of one service; `secrets` is None without a settings file."""

    plan: Plan
    settings: Settings
    secrets: Secrets | None

    def asterisk(self) -> AsteriskSettings:
        """All that Asterisk's configuration is rendered from.

        Raises:
            ConfigError: If there are no secrets.
        """
        if self.secrets is None:
            raise ConfigError([Problem("secrets", "are missing: give a settings file")])
        return asterisk_settings(self.settings, self.plan, self.secrets)


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


@dataclass(frozen=True, slots=True)
class Faulty:
    """What is wrong with all files; `settings` is None where they could not be read at all."""

    problems: list[Problem]
    settings: Settings | None


def read_all(path: Path | None, known_prompts: Collection[str] | None = None) -> Config | Faulty:
    """Read as `load` does, and return what is wrong instead of raising it.

    A fault is told once, where it is: what follows from a file that cannot be read is not.
    """
    report = Report(path.name if path else "settings")
    settings = read_settings(path, report) if path else Settings()
    if settings is None:
        return Faulty(report.problems, None)
    plan_report, agents_report = Report(settings.plan.name), Report(settings.agents.name)
    plan = read_plan(settings.plan, settings.agents, known_prompts, plan_report, agents_report)
    secrets_report = Report(settings.secrets.name if settings.secrets else "secrets")
    given = read_secrets(settings.secrets, secrets_report) if settings.secrets else None
    # Of phones and informateurs nothing is known while their file cannot be read.
    staffed = plan if agents_report.is_read else None
    check_asterisk(settings, staffed, given, report, secrets_report)
    if plan is not None:
        _check_silence(settings, plan, report)
    problems = problems_of(report, plan_report, agents_report, secrets_report)
    if problems or plan is None:
        return Faulty(problems, settings)
    return Config(plan, settings, given)


def _check_silence(settings: Settings, plan: Plan, report: Report) -> None:
    """A call out that nobody answers at all must have ended as the carrier's silence before it
    counts as not picked up: else the carrier's fault would be the person's."""
    silence_s, ring_s = settings.asterisk.trunk_silence_s, plan.callbacks.ring_s
    if settings.callbacks.presented is not None and silence_s >= ring_s:
        report.add(
            "asterisk.trunk_silence_s",
            f"must be less than callbacks.ring_s of {settings.plan.name} ({ring_s}), "
            f"got {silence_s}",
        )
