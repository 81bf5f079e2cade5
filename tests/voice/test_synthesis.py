"""Voices are given the right words, and what goes wrong with them is reported."""

import json
import stat
from pathlib import Path

import pytest

from router.errors import VoiceError
from router.voice import EspeakVoice, PiperVoice
from tests.voice.studio import StandInTools

#: Writes its arguments and its input beside the WAV that it was asked for.
SPEAKER = """
import json, os, sys, wave
wav = sys.argv[sys.argv.index("{option}") + 1]
said = [sys.argv[1:], sys.stdin.buffer.read().decode(), os.environ["PROGRAM"], "PATH" in os.environ]
json.dump(said, open(wav + ".said", "w"))
with wave.open(wav, "wb") as sound:
    sound.setparams((1, 2, 22050, 0, "NONE", ""))
    sound.writeframes(b"\\0\\1" * 1000)
"""


def piper_model(folder: Path, content: bytes = b"weights") -> Path:
    model = folder / "fr_FR-upmc-medium.onnx"
    model.write_bytes(content)
    (folder / f"{model.name}.json").write_text("{}")
    return model


def test_espeak_is_given_the_text_and_its_settings(tmp_path: Path, tools: StandInTools) -> None:
    tools.add("espeak-ng", SPEAKER.format(option="-w"))
    voice = EspeakVoice(tools, words_per_minute=140)
    wav = tmp_path / "a.wav"
    voice.speak("Où s'informer ?", wav)
    words, text, program, path_kept = json.loads((tmp_path / "a.wav.said").read_text())
    assert words[:6] == ["-v", "fr", "-s", "140", "-p", "45"]
    assert (text, program, path_kept) == ("Où s'informer ?", "espeak-ng", True)
    assert voice.name != EspeakVoice(tools).name


def test_piper_is_given_its_model_and_one_line(tmp_path: Path, tools: StandInTools) -> None:
    tools.add("piper", SPEAKER.format(option="--output_file"))
    model = piper_model(tmp_path)
    voice = PiperVoice(tools, model)
    voice.speak("Bonjour.", tmp_path / "a.wav")
    words, text, _, _ = json.loads((tmp_path / "a.wav.said").read_text())
    assert words[words.index("--model") + 1] == str(model)
    assert text == "Bonjour.\n"


def test_another_model_under_the_same_name_is_another_voice(
    tmp_path: Path, tools: StandInTools
) -> None:
    name = PiperVoice(tools, piper_model(tmp_path)).name
    assert PiperVoice(tools, piper_model(tmp_path)).name == name
    assert PiperVoice(tools, piper_model(tmp_path, b"other weights")).name != name


def test_piper_without_model_or_command(tmp_path: Path, tools: StandInTools) -> None:
    with pytest.raises(VoiceError, match=r"Piper model .*none\.onnx cannot be read"):
        PiperVoice(tools, tmp_path / "none.onnx")
    model = piper_model(tmp_path)
    with pytest.raises(VoiceError, match="piper is not installed: install it, or choose another"):
        PiperVoice(tools, model).speak("Bonjour.", tmp_path / "a.wav")
    (tmp_path / f"{model.name}.json").unlink()
    with pytest.raises(VoiceError, match=r"\.onnx\.json cannot be read"):
        PiperVoice(tools, model)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import sys; sys.exit('no such voice')", r"espeak-ng failed \(1\): no such voice"),
        ("", "wrote no sound"),
        ("import sys; open(sys.argv[sys.argv.index('-w') + 1], 'wb')", "wrote no sound"),
        (
            SPEAKER.format(option="-w") + "\nos.truncate(wav, 500)",
            "only part of .*\\.wav; is the disk full",
        ),
    ],
)
def test_a_voice_that_fails_or_writes_half(
    tmp_path: Path, tools: StandInTools, script: str, reason: str
) -> None:
    tools.add("espeak-ng", script)
    with pytest.raises(VoiceError, match=reason):
        EspeakVoice(tools).speak("Bonjour.", tmp_path / "a.wav")


def test_a_program_that_cannot_be_executed(tmp_path: Path) -> None:
    class NotExecutable(StandInTools):
        def command(self, name: str) -> list[str]:
            return [str(self.folder / name)]

    (tmp_path / "espeak-ng").write_text("#!/bin/sh\n")
    (tmp_path / "espeak-ng").chmod(stat.S_IRUSR)
    with pytest.raises(VoiceError, match="espeak-ng cannot be run"):
        EspeakVoice(NotExecutable(tmp_path)).speak("Bonjour.", tmp_path / "a.wav")
