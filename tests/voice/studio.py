"""Stand-ins for the programs and the voice, and a place to render in."""

import sys
import threading
import wave
from pathlib import Path

import numpy as np
from G722 import G722

from router.core.ids import FicheId, SectorId
from router.core.plan import Fiche
from router.errors import SetupError, VoiceError
from router.voice import Catalogue, Voice, load_catalogue, loudness, render, stale

ROOT = Path(__file__).parents[2]

#: Decodes a 16-bit mono WAV to f32 at 16 kHz on stdout, and ignores every effect.
SOX = """
import array, sys, wave
with wave.open(sys.argv[1]) as sound:
    rate, samples = sound.getframerate(), array.array("h", sound.readframes(sound.getnframes()))
step = rate / 16000
count = int(len(samples) / step)
out = array.array("f", (samples[int(i * step)] / 32768 for i in range(count)))
sys.stdout.buffer.write(out.tobytes())
"""

CATALOGUE = """
[pronunciation]
"3939" = "trente-neuf trente-neuf"

[prompts.welcome]
text = "Bonjour, ici le 3939\u00a0: « Allô »."
heard = "first"

[prompts.goodbye]
text = "Au revoir."
heard = "last"

[families.minutes]
from = 1
to = 3
text = "{minutes}"
spoken = "{text},"
joined = true
heard = "waits"
"""


class StandInTools:
    """Programs that are Python scripts of the test; all others are not installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, script: str) -> None:
        (self.folder / f"{name}.py").write_text(script)

    def command(self, name: str) -> list[str]:
        if not (self.folder / f"{name}.py").exists():
            raise SetupError(f"{name} is not installed", "Start ./allo demo.")
        return [sys.executable, "-S", "-E", str(self.folder / f"{name}.py")]

    def environment(self, name: str) -> dict[str, str]:
        return {"PROGRAM": name}


class ToneVoice:
    """Says a text as a tone between two silences: the longer the text, the longer the tone."""

    def __init__(self, name: str = "tone", level: float = 0.2) -> None:
        self.name = name
        self.level = level
        self.said: list[str] = []
        self.fails_on = ""
        self._lock = threading.Lock()

    def speak(self, text: str, wav: Path) -> None:
        with self._lock:
            self.said.append(text)
        if self.fails_on and self.fails_on in text:
            raise VoiceError("", "hoarse")
        write_wav(wav, np.pad(tone(0.2 + len(text) / 100, 22_050, self.level), 8_000), 22_050)


def tone(seconds: float, rate: int, level: float, hertz: float = 440.0) -> loudness.Samples:
    times = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def write_wav(wav: Path, samples: loudness.Samples, rate: int) -> None:
    with wave.open(str(wav), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(loudness.linear(samples))


def decoded(file: Path) -> loudness.Samples:
    """Return the samples of a rendered file, whose suffix tells the format."""
    content = file.read_bytes()
    if file.suffix == ".g722":
        samples = np.array(G722(16_000, 64_000).decode(content))
    elif file.suffix == ".sln16":
        samples = np.frombuffer(content, "<i2")
    else:
        samples = np.array([alaw_value(byte) for byte in content])
    return (samples / 32768).astype(np.float32)


def alaw_value(code: int) -> int:
    """Decode one byte by ITU-T G.711, table 1a: 13 bits, scaled to 16."""
    code ^= 0x55
    segment, step = code >> 4 & 7, code & 15
    magnitude = 2 * step + 1 if segment == 0 else (2 * step + 33) << (segment - 1)
    return (magnitude if code & 0x80 else -magnitude) * 8


class Studio:
    """A catalogue, recordings and an output folder to render in."""

    def __init__(self, folder: Path, tools: StandInTools) -> None:
        self.file = folder / "catalogue.toml"
        self.recordings = folder / "recordings"
        self.recordings.mkdir()
        self.out = folder / "out"
        self.tools = tools
        self.voice = ToneVoice()
        self.file.write_text(CATALOGUE)
        #: The titles of the plan's fiches, by id.
        self.titles: dict[str, str] = {}

    @property
    def catalogue(self) -> Catalogue:
        fiches = [Fiche(FicheId(id_), title, SectorId("x")) for id_, title in self.titles.items()]
        return load_catalogue(self.file).with_titles(fiches, "plan.toml")

    def replace(self, old: str, new: str) -> None:
        self.file.write_text(self.file.read_text().replace(old, new))

    def render(self, voice: Voice | None = None) -> tuple[int, int, int]:
        done = render(self.catalogue, self.recordings, self.out, voice or self.voice, self.tools)
        return done.total, done.rendered, done.removed

    def stale(self, voice: Voice | None = None) -> list[str]:
        problems = stale(self.catalogue, self.recordings, self.out, voice or self.voice)
        return [str(problem) for problem in problems]
