"""The music that waiting callers hear, in every codec that calls use."""

import array
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import G722

from router.asterisk.toolbox import Toolbox
from router.errors import SetupError

#: Calm pieces of the distribution's music (CC BY-SA 3.0), each with the gain in dB that
#: brings it to -26 dB RMS: a little below the prompts.
MUSIC = {"macroform-the_simplicity": 6, "manolo_camp-morning_coffee": -1}
# Plucked fifths and a rest, for a minute.
_CHORDS = "synth 4 pluck A3 pluck E4 remix - fade 0.02 4 1.5 pad 0 2 repeat 9 gain -n -4"


def render_music(folder: Path, toolbox: Toolbox) -> None:
    """Write each piece in each codec into `folder`, unless it is there already.

    Where the distribution's music is not installed, write chords of our own instead.

    Raises:
        SetupError: If sox fails.
        OSError: If the folder cannot be written.
    """
    if folder.is_dir():
        return
    fresh = Path(tempfile.mkdtemp(prefix=".music-", dir=folder.parent))
    try:
        pieces = [
            (name, [str(toolbox.data_dir / "moh" / f"{name}.wav")], ["gain", str(gain_db)])
            for name, gain_db in MUSIC.items()
            if (toolbox.data_dir / "moh" / f"{name}.wav").exists()
        ] or [("chords", ["-n", "-r", "16000"], _CHORDS.split())]
        for name, source, effects in pieces:
            for codec, form in (("alaw", "al"), ("ulaw", "ul")):
                target = str(fresh / f"{name}.{codec}")
                _sox(toolbox, *source, "-t", form, "-r", "8000", "-c", "1", target, *effects)
            raw = ("-t", "raw", "-e", "signed", "-b", "16", "-r", "16000", "-c", "1", "-")
            samples = _sox(toolbox, *source, *raw, *effects)
            # 64 kbit/s, the only rate in RTP (RFC 3551 section 4.5.2).
            encoded = G722.G722(16000, 64000).encode(array.array("h", samples))
            (fresh / f"{name}.g722").write_bytes(encoded)
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _sox(toolbox: Toolbox, *arguments: str) -> bytes:
    """Run sox and return its output.

    Raises:
        SetupError: If it fails, with its own message.
    """
    done = subprocess.run(
        [*toolbox.command("sox"), "-V1", *arguments],
        env={**os.environ, **toolbox.environment("sox")},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(
            f"sox could not render the music: {done.stderr.decode(errors='replace').strip()}",
            "Is the disk full?",
        )
    return done.stdout
