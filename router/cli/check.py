"""Finds every fault of plan, informateurs, settings, secrets and prompts, for ./allo check."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from router import places
from router.asterisk.toolbox import Toolbox
from router.cli import provision
from router.config import Config, Faulty, Settings, read_all
from router.core import speech
from router.core.call import (
    distribution,
    journey,
    no_key,
    offer,
    referral,
    supervision,
    talk,
    votes,
    waiting,
)
from router.core.callback import pickup
from router.core.desk import by_phone
from router.core.ids import PromptId
from router.errors import ConfigError, Problem, VoiceError
from router.fallback import conversation
from router.intake import keypad
from router.intake.vault import place_of
from router.voice import Catalogue, load_catalogue, stale

#: What the dialplan says when the router is away (asterisk-conf/extensions.conf).
FALLBACK_PROMPTS = frozenset({PromptId("apology"), PromptId("apology-end")})
#: Every sentence that is said whatever the plan.
NEEDED = frozenset[PromptId]().union(
    *(
        part.PROMPTS
        for part in (
            journey,
            no_key,
            waiting,
            distribution,
            offer,
            talk,
            referral,
            votes,
            by_phone,
            supervision,
            pickup,
        )
    ),
    keypad.PROMPTS,
    speech.required(),
    FALLBACK_PROMPTS,
    conversation.PROMPTS,
)

#: The space that Asterisk's configuration, music, logs and the router's databases take at first.
ROOM_MB = 50


def problems(config: Path | None, *, catalogue: Path = provision.CATALOGUE) -> list[Problem]:
    """Return everything wrong with the service that `config` describes (None: as shipped)."""
    read = checked(config, catalogue=catalogue)
    return read.problems if isinstance(read, Faulty) else []


def checked(
    config: Path | None,
    *,
    catalogue: Path = provision.CATALOGUE,
    instead: Mapping[Path, Path] = MappingProxyType({}),
) -> Config | Faulty:
    """Return the service that `config` describes (None: as shipped), or everything wrong with it.

    `instead` are files to be read in place of others, as by `read_all`.
    Nothing is written and nothing is started: reading the files is enough.
    """
    found: list[Problem] = []
    sentences: Catalogue | None = None
    try:
        sentences = load_catalogue(catalogue)
    except ConfigError as error:
        found += error.problems
    known = sentences.prompts.keys() if sentences else None
    read = read_all(config, known, instead=instead)
    if isinstance(read, Faulty):
        found += read.problems
    settings = read.settings
    if sentences is not None:
        found += missing_sentences(sentences)
        if settings is not None:
            if not isinstance(read, Faulty):
                fiches = read.plan.fiches.values()
                sentences = sentences.with_titles(fiches, settings.plan.name)
            found += stale_audio(sentences, settings)
    if settings is not None:
        found += _unwritable(settings, config.name if config else "settings")
    if isinstance(read, Faulty):
        return Faulty(found, settings)
    return Faulty(found, settings) if found else read


def _unwritable(settings: Settings, name: str) -> list[Problem]:
    """Return a problem for each folder that the service writes to and could not."""
    folders = {"state_dir": (settings.state_dir, ROOM_MB)}
    asked = settings.callbacks
    if asked.presented is not None or asked.vault_dir is not None:
        vault = place_of(asked.vault_dir, settings.state_dir, os.environ)
        folders["callbacks.vault_dir" + ("" if asked.vault_dir else " by default")] = (vault, 0)
    return [
        Problem(f"{name}: {key}", f"{folder} {why}")
        for key, (folder, room_mb) in folders.items()
        if (why := places.why_not(folder, room_mb)) is not None
    ]


def missing_sentences(sentences: Catalogue) -> list[Problem]:
    """Return a problem for each sentence that is said and that the catalogue lacks."""
    reason = "is missing: callers or informateurs need it"
    return [
        Problem(f"{sentences.path.name}: prompts.{prompt}", reason)
        for prompt in sorted(NEEDED - sentences.prompts.keys())
    ]


def stale_audio(sentences: Catalogue, settings: Settings) -> list[Problem]:
    """Return a problem for each prompt whose audio is missing or out of date."""
    choice = settings.voice
    if choice.engine == "piper" and not (choice.model and choice.model.is_file()):
        return []  # reported with the settings
    try:
        voice = provision.voice_named(choice.engine, choice.model, _MUTE)
        found = stale(sentences, provision.RECORDINGS, settings.prompts_dir, voice)
    except VoiceError as error:
        return [Problem("voice", error.reason)]
    return _one_for_each_reason(found)


#: Enough for the name of a voice, which is all that is asked of it here.
_MUTE = Toolbox(None, "", Path(), Path())


def _one_for_each_reason(problems: list[Problem]) -> list[Problem]:
    """Return a single problem for all places with the same reason."""
    places_by_reason: dict[str, list[str]] = {}
    for problem in problems:
        places_by_reason.setdefault(problem.reason, []).append(problem.place)
    return [
        Problem(first if not more else f"{first} and {len(more)} more", reason)
        for reason, (first, *more) in places_by_reason.items()
    ]
