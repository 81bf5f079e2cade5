"""What the service needs on this machine: programs, and the prompts' audio.

Everything lands under one folder, `.allo/` beside the project (`places.py`).
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from router.asterisk.debian import PACKAGES
from router.asterisk.install import ensure_toolbox, is_complete
from router.asterisk.toolbox import Toolbox
from router.core.ids import PromptId
from router.errors import VoiceError
from router.places import CATALOGUE, HOME, PROMPTS, SHARED, TOP, shipped, writing
from router.voice import Catalogue, EspeakVoice, PiperVoice, Tools, Voice, load_catalogue, render

if TYPE_CHECKING:
    from router.config import Config

__all__ = [
    "CATALOGUE",
    "HOME",
    "PROMPTS",
    "RECORDINGS",
    "TOP",
    "VOICE_PROGRAMS",
    "Say",
    "catalogue",
    "prompts",
    "sentences",
    "toolbox",
    "voice_named",
]

RECORDINGS = shipped("prompts") / "recordings"

Say = Callable[[str], None]


#: What rendering prompts needs.
VOICE_PROGRAMS = ("espeak-ng", "sox")


def toolbox(say: Say, programs: Collection[str] = tuple(PACKAGES)) -> Toolbox:
    """Return Asterisk, SIPp, espeak-ng and sox, installed first where they are missing.

    Raises:
        SetupError: If something cannot be had here.
        DiskError: If it cannot be laid out for want of room or rights.
    """
    if is_complete(SHARED, programs):
        return ensure_toolbox(SHARED, say, programs)
    with writing(HOME):
        HOME.mkdir(parents=True, exist_ok=True)
        return ensure_toolbox(HOME, say, programs)


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
    """Return the sentences of every service. Raises ConfigError."""
    return load_catalogue(CATALOGUE)


def sentences(service: "Config") -> Catalogue:
    """Return the sentences with those of the service's own pages. Raises ConfigError."""
    return catalogue().with_titles(service.plan.fiches.values(), service.settings.plan.name)


def prompts(service: "Config", voice: Voice, tools: Tools, say: Say) -> Path:
    """Bring the service's audio up to date and return its folder.

    Raises:
        ConfigError: If the catalogue is wrong.
        VoiceError: If a sentence cannot be rendered.
    """

    def progress(done: int, total: int, prompt: PromptId) -> None:
        if done == total or done % 100 == 0:
            say(f"  prompts: {done} of {total}")

    folder = service.settings.prompts_dir
    said = sentences(service)
    say_first = say if not (folder / "manifest.json").exists() else _nothing
    say_first(f"rendering {len(said.prompts)} prompts with {voice.name}")
    render(said, RECORDINGS, folder, voice, tools, progress)
    return folder


def _nothing(text: str) -> None:
    """Say nothing: only what changed is rendered."""
