"""The folders that Asterisk works in: created, filled with links, and cleared away."""

import os
import shutil
from pathlib import Path

from router.asterisk.music import render_music
from router.asterisk.settings import UNTOLD_PAIR, AsteriskSettings
from router.asterisk.toolbox import Toolbox
from router.errors import SetupError
from router.places import writing

#: The formats that prompts are rendered in (voice/rendering.py).
_PROMPT_FORMATS = ("alaw", "sln16", "g722")


def lay_out(settings: AsteriskSettings, toolbox: Toolbox) -> None:
    """Create the folders that Asterisk writes to, its data folder, and its music.

    The data folder is made of links to the distribution's, except that `sounds/fr/allo` leads to
    the rendered prompts, and `sounds/fr_05/allo/pair` to the prompt that says "05".

    Raises:
        SetupError: If the run folder in the temporary folder belongs to another user.
        DiskError: If a folder cannot be written.
    """
    with writing(settings.state_dir):
        _create(settings)
        _link_sounds(settings, toolbox)
        render_music(settings.music_dir, toolbox)


def clear_away(settings: AsteriskSettings) -> None:
    """Remove the run folder if it is not below `state_dir`."""
    if not settings.run_dir.is_relative_to(settings.state_dir):
        shutil.rmtree(settings.run_dir, ignore_errors=True)


def _create(settings: AsteriskSettings) -> None:
    for folder in ("cache", "spool", "data/sounds/fr"):
        (settings.state_dir / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.log_dir.mkdir(exist_ok=True, mode=0o700)
    settings.run_dir.mkdir(exist_ok=True, mode=0o700)
    if settings.run_dir.stat().st_uid != os.getuid():
        raise SetupError(
            f"{settings.run_dir} belongs to another user", "Choose a shorter --state folder."
        )


def _link_sounds(settings: AsteriskSettings, toolbox: Toolbox) -> None:
    for name in ("documentation", "rest-api"):
        _link(settings.data_dir / name, toolbox.data_dir / name)
    sounds = settings.data_dir / "sounds"
    _link(sounds / "fr" / "allo", settings.prompts_dir)
    for pair in (f"{n:02}" for n in range(100)):
        untold = sounds / f"fr_{pair}" / "allo"
        untold.mkdir(parents=True, exist_ok=True, mode=0o700)
        for form in _PROMPT_FORMATS:
            _link(untold / f"{UNTOLD_PAIR}.{form}", settings.prompts_dir / f"pair-{pair}.{form}")


def _link(link: Path, target: Path) -> None:
    if not link.is_symlink() or link.readlink() != target:
        link.unlink(missing_ok=True)
        link.symlink_to(target)
