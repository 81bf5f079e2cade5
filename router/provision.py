"""What the service needs on this machine: programs, and the prompts' audio.

Everything lands under one folder, `.allo/` beside the project.
"""

from collections.abc import Callable
from pathlib import Path

from router.asterisk.install import Toolbox, ensure_toolbox
from router.core import distribution, journey, speech
from router.core.ids import PromptId
from router.errors import Problem, VoiceError
from router.voice import Catalogue, EspeakVoice, PiperVoice, Tools, Voice, load_catalogue, render

TOP = Path(__file__).resolve().parents[1]
HOME = TOP / ".allo"
CATALOGUE = TOP / "prompts" / "catalogue.toml"
RECORDINGS = TOP / "prompts" / "recordings"
PROMPTS = HOME / "prompts"

#: Said by the dialplan when the router is away (asterisk-conf/extensions.conf).
FALLBACK_PROMPTS = frozenset({PromptId("apology"), PromptId("apology-end")})

Say = Callable[[str], None]


def toolbox(say: Say) -> Toolbox:
    """Return Asterisk, SIPp, espeak-ng and sox, installed first where they are missing.

    Raises:
        SetupError: If something cannot be had here.
    """
    HOME.mkdir(exist_ok=True)
    return ensure_toolbox(HOME, say)


def voice_named(engine: str, model: Path | None, tools: Tools) -> Voice:
    """Return the voice of the settings: `espeak-ng`, or `piper` with its model.

    Raises:
        VoiceError: If the model is missing.
    """
    if engine == "piper":
        if model is None:
            raise VoiceError("", "the voice piper needs a model: set voice.model to its .onnx file")
        return PiperVoice(tools, model)
    return EspeakVoice(tools)


def catalogue() -> Catalogue:
    """Return the sentences. Raises ConfigError."""
    return load_catalogue(CATALOGUE)


def missing_sentences(sentences: Catalogue) -> list[Problem]:
    """Return the sentences that the engine or the dialplan says and the catalogue lacks."""
    needed = journey.PROMPTS | distribution.PROMPTS | speech.required() | FALLBACK_PROMPTS
    return [
        Problem(f"{sentences.path.name}: prompts.{prompt}", "is missing: callers need it")
        for prompt in sorted(needed - sentences.prompts.keys())
    ]


def prompts(voice: Voice, tools: Tools, say: Say) -> Path:
    """Bring the prompts' audio up to date and return its folder.

    Raises:
        ConfigError: If the catalogue is wrong.
        VoiceError: If a sentence cannot be rendered.
    """

    def progress(done: int, total: int, prompt: PromptId) -> None:
        if done == total or done % 100 == 0:
            say(f"  prompts: {done} of {total}")

    sentences = catalogue()
    say_first = say if not (PROMPTS / "manifest.json").exists() else _nothing
    say_first(f"rendering {len(sentences.prompts)} prompts with {voice.name}")
    render(sentences, RECORDINGS, PROMPTS, voice, tools, progress)
    return PROMPTS


def _nothing(text: str) -> None:
    """Say nothing: only what changed is rendered."""
