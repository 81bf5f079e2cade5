"""The folders that Asterisk works in, with the links to prompts and the music."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from router.asterisk.folders import lay_out
from router.asterisk.server import AsteriskServer
from router.asterisk.settings import AsteriskSettings
from router.asterisk.toolbox import Toolbox
from tests.asterisk.private import make_settings


@pytest.mark.real
async def test_there_are_chords_where_there_is_no_music(
    settings: AsteriskSettings, installed: Toolbox, tmp_path: Path
) -> None:
    """The system's own Asterisk may lack the music package."""
    bare = dataclasses.replace(installed, data_dir=tmp_path / "bare")
    await asyncio.to_thread(lay_out, settings, bare)
    alaw = (settings.music_dir / "chords.alaw").read_bytes()
    assert len(alaw) == (settings.music_dir / "chords.g722").stat().st_size
    assert 40 * 8000 < len(alaw) < 90 * 8000
    assert len(set(alaw)) > 50  # sound, not silence


@pytest.mark.real
async def test_only_the_folder_tells_which_pair_of_digits_is_played(
    settings: AsteriskSettings, installed: Toolbox
) -> None:
    """Asterisk logs what it failed to play, but not in which language."""
    for _ in range(2):  # again at the next start
        await asyncio.to_thread(lay_out, settings, installed)
    sounds = settings.data_dir / "sounds"
    for form in ("alaw", "sln16", "g722"):
        for pair in ("00", "07", "99"):
            link = sounds / f"fr_{pair}" / "allo" / f"pair.{form}"
            assert link.readlink() == settings.prompts_dir / f"pair-{pair}.{form}"
    assert len([*sounds.iterdir()]) == 1 + 100


@pytest.mark.real
async def test_there_is_music_in_the_codecs_of_callers(asterisk: AsteriskServer) -> None:
    files = sorted(path.name for path in asterisk.settings.music_dir.iterdir())
    assert {Path(name).suffix for name in files} == {".alaw", ".ulaw", ".g722"}
    assert len(files) == 3 * len({Path(name).stem for name in files})
    sizes = {path.stat().st_size for path in asterisk.settings.music_dir.glob("*simplicity*")}
    assert len(sizes) == 1  # a byte is 1/8000 s in all three
    for name in {Path(name).stem for name in files}:
        assert name in await asterisk.cli("moh show files")


@pytest.mark.real
async def test_a_long_path_moves_the_control_socket(tmp_path: Path, installed: Toolbox) -> None:
    deep = tmp_path / ("d" * 100)
    started = AsteriskServer(make_settings(deep), installed)
    await started.start()
    try:
        assert "uptime" in await started.cli("core show uptime")
        assert not started.settings.run_dir.is_relative_to(deep)
    finally:
        await started.stop()
    assert not started.settings.run_dir.exists()
