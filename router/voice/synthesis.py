"""Text -> speech in a WAV file, by the program of one's choice."""

import hashlib
import os
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from router.errors import SetupError, VoiceError

#: A long sentence takes well under a second with espeak-ng, some seconds with Piper.
_TIMEOUT_S = 120


class Tools(Protocol):
    """Where the programs are: on the system, or in the private Debian tree."""

    def command(self, name: str) -> list[str]:
        """Return the words that start the program `name`."""
        ...

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables that program `name` needs on top of the caller's."""
        ...


class Voice(Protocol):
    """A voice that can say any sentence."""

    @property
    def name(self) -> str:
        """Return the voice with its settings; prompts are stale once this changes."""
        ...

    def speak(self, text: str, wav: Path) -> None:
        """Write spoken `text` to `wav` (PCM, any rate).

        Raises:
            VoiceError: If the program is missing or fails; its `prompt` is empty.
        """
        ...


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """espeak-ng, the voice that is always available.

    Slower and a little lower than its defaults (175 words a minute, pitch 50): calm, and with its
    formants well inside the telephone band.
    """

    tools: Tools
    #: As espeak-ng names it.
    language: str = "fr"
    #: The speed.
    words_per_minute: int = 160
    #: The pitch, from 0 to 99.
    pitch: int = 45

    @property
    def name(self) -> str:
        """Return the voice with its settings."""
        return f"espeak-ng {self.language} {self.words_per_minute} {self.pitch}"

    def speak(self, text: str, wav: Path) -> None:
        """Write spoken `text` to `wav`; see `Voice`."""
        settings = ("-v", self.language, "-s", str(self.words_per_minute), "-p", str(self.pitch))
        run(self.tools, "espeak-ng", *settings, "-w", str(wav), "--stdin", given=text.encode())
        _whole(wav)


class PiperVoice:
    """A Piper voice: `model` is its `.onnx` file, with its `.onnx.json` beside it.

    Runs the `piper` command with options that both piper 1.2 (C++) and piper1-gpl accept.

    Raises:
        VoiceError: If a file of the model is missing.
    """

    def __init__(self, tools: Tools, model: Path) -> None:
        self.tools = tools
        self.model = model
        digest = hashlib.blake2b(digest_size=8)
        for file in (model, model.with_name(f"{model.name}.json")):
            try:
                with file.open("rb") as content:
                    while block := content.read(1 << 20):
                        digest.update(block)
            except OSError as error:
                raise VoiceError(
                    "",
                    f"the Piper model {file} cannot be read ({error.strerror}): put it there "
                    "or choose another voice",
                ) from error
        self.name = f"piper {model.name} {digest.hexdigest()}"

    def speak(self, text: str, wav: Path) -> None:
        """Write spoken `text` to `wav`; see `Voice`."""
        files = ("--model", str(self.model), "--output_file", str(wav))
        pause = ("--sentence_silence", "0.3")  # seconds between two sentences
        run(self.tools, "piper", *files, *pause, given=f"{text}\n".encode())
        _whole(wav)


def run(tools: Tools, program: str, *words: str, given: bytes = b"") -> bytes:
    """Run `program` with the input `given`, and return its output.

    Raises:
        VoiceError: If it is missing, fails or hangs; its `prompt` is empty.
    """
    remedy = "install it, or choose another voice in the settings"
    try:
        done = subprocess.run(
            [*tools.command(program), *words],
            input=given,
            env={**os.environ, **tools.environment(program)},
            capture_output=True,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise VoiceError("", f"{program} did not end within {_TIMEOUT_S} s") from error
    except SetupError as error:
        raise VoiceError("", f"{error.what}: {remedy}") from error
    except OSError as error:
        raise VoiceError("", f"{program} cannot be run ({error.strerror}): {remedy}") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise VoiceError("", f"{program} failed ({done.returncode}): {lines[-1]}")
    return done.stdout


def _whole(wav: Path) -> None:
    """Check the length: on a full disk a program may write half a file and still exit with 0."""
    try:
        with wave.open(str(wav)) as sound:
            promised = sound.getnframes() * sound.getnchannels() * sound.getsampwidth()
            written = wav.stat().st_size - 44
    except (OSError, EOFError, wave.Error) as error:
        raise VoiceError("", f"the voice wrote no sound to {wav}; is the disk full?") from error
    if not 0 < promised <= written:
        raise VoiceError("", f"the voice wrote only part of {wav}; is the disk full?")
