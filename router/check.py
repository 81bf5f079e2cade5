"""Every fault of plan, informateurs, settings, secrets and prompts, at once."""

from pathlib import Path

from router import provision
from router.config import Settings, load
from router.core import (
    attempt,
    desk,
    distribution,
    journey,
    offer,
    speech,
    supervision,
    talk,
    votes,
)
from router.core.ids import PromptId
from router.errors import ConfigError, Problem, VoiceError
from router.intake import keypad
from router.voice import Catalogue, load_catalogue, stale

#: Said by the dialplan when the router is away (asterisk-conf/extensions.conf).
FALLBACK_PROMPTS = frozenset({PromptId("apology"), PromptId("apology-end")})
#: Every sentence that no plan names.
NEEDED = frozenset[PromptId]().union(
    *(
        part.PROMPTS
        for part in (journey, distribution, offer, talk, votes, desk, supervision, attempt)
    ),
    keypad.PROMPTS,
    speech.required(),
    FALLBACK_PROMPTS,
)


def problems(
    config: Path | None, say: provision.Say, *, catalogue: Path = provision.CATALOGUE
) -> list[Problem]:
    """Return all that is wrong with the service that `config` describes (None: as shipped)."""
    found: list[Problem] = []
    sentences: Catalogue | None = None
    try:
        sentences = load_catalogue(catalogue)
    except ConfigError as error:
        found += error.problems
    settings = Settings()
    try:
        settings = load(config, sentences.prompts.keys() if sentences else None).settings
    except ConfigError as error:
        found += error.problems
    if sentences is not None:
        found += missing_sentences(sentences)
        found += _stale_audio(sentences, settings, say)
    return found


def missing_sentences(sentences: Catalogue) -> list[Problem]:
    """Return the sentences that the engine or the dialplan says and the catalogue lacks."""
    told = "is missing: callers or informateurs need it"
    return [
        Problem(f"{sentences.path.name}: prompts.{prompt}", told)
        for prompt in sorted(NEEDED - sentences.prompts.keys())
    ]


def _stale_audio(sentences: Catalogue, settings: Settings, say: provision.Say) -> list[Problem]:
    choice = settings.voice
    try:
        tools = provision.toolbox(say, provision.VOICE_PROGRAMS)
        voice = provision.voice_named(choice.engine, choice.model, tools)
    except VoiceError as error:
        return [Problem("voice", error.reason)]
    return stale(sentences, provision.RECORDINGS, settings.prompts_dir, voice)
