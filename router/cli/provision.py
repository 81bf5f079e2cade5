"""What the service needs on this machine: programs, and the prompts' audio.

Everything is put in one folder, `.allo/` in a checkout (`places.py`).
"""

import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from router.asterisk.debian import PACKAGES
from router.asterisk.install import ensure_toolbox, is_complete, laid_toolbox
from router.asterisk.toolbox import Toolbox
from router.core.ids import PromptId
from router.errors import VoiceError
from router.places import (
    CATALOGUE,
    HOME,
    INSTALLED,
    PROGRAMS,
    PROMPTS,
    SHARED,
    TOP,
    shipped,
    writing,
)
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

#: Prints a line of progress.
Say = Callable[[str], None]

#: The programs that rendering prompts needs.
VOICE_PROGRAMS = ("espeak-ng", "sox")


def toolbox(say: Say, programs: Collection[str] = tuple(PACKAGES)) -> Toolbox:
    """Return Asterisk, SIPp, espeak-ng and sox (or just `programs`), installing what is missing.

    Raises:
        SetupError: If a program cannot be obtained on this machine.
        DiskError: If there is no room or no right to unpack it.
    """
    if INSTALLED:
        return laid_toolbox(PROGRAMS, programs)
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
    """Return the sentences that every service says.

    Raises:
        ConfigError: If the catalogue is wrong.
    """
    return load_catalogue(CATALOGUE)


def sentences(service: "Config") -> Catalogue:
    """Return the sentences, including the titles of the service's own pages.

    Raises:
        ConfigError: If the catalogue is wrong.
    """
    return catalogue().with_titles(service.plan.fiches.values(), service.settings.plan.name)


def prompts(service: "Config", voice: Voice, tools: Tools, say: Say) -> Path:
    """Bring the service's audio up to date and return its folder.

    Progress is printed only for a first rendering, which takes a while.

    Raises:
        ConfigError: If the catalogue is wrong.
        VoiceError: If a sentence cannot be rendered.
    """

    def progress(done: int, total: int, prompt: PromptId) -> None:
        if done == total or done % 100 == 0:
            say(f"  prompts: {done} of {total}")

    folder = service.settings.prompts_dir
    said = sentences(service)
    if INSTALLED and not (folder / "manifest.json").exists():
        # The shipped plan's, rendered when the program was built.
        shutil.copytree(TOP / "audio", folder, dirs_exist_ok=True)
    say_first = say if not (folder / "manifest.json").exists() else _nothing
    say_first(f"rendering {len(said.prompts)} prompts with {voice.name}")
    render(said, RECORDINGS, folder, voice, tools, progress)
    return folder


def _nothing(text: str) -> None:
    """Say nothing: the few sentences that changed are soon rendered."""
