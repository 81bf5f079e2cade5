"""Rendering with stand-ins: what is rendered, when again, what goes wrong; then for real."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from router.asterisk.toolbox import Toolbox
from router.cli import provision
from router.config import load
from router.core.call.distribution import WHISPER_GUARD_S
from router.core.ids import PromptId
from router.core.speech import whisper
from router.errors import VoiceError
from router.voice import (
    Catalogue,
    EspeakVoice,
    bs1770,
    durations,
    load_catalogue,
    loudness,
    render,
    stale,
)
from router.voice.synthesis import run
from tests.voice.studio import ROOT, Studio, ToneVoice, decoded, tone, write_wav


def test_render_makes_three_even_formats_of_each_prompt(studio: Studio) -> None:
    told: list[tuple[int, int]] = []
    done = render(
        studio.catalogue,
        studio.recordings,
        studio.out,
        studio.voice,
        studio.tools,
        lambda count, total, _: told.append((count, total)),
    )
    assert (done.total, done.rendered, done.removed) == (5, 5, 0)
    assert told == [(n, 5) for n in range(1, 6)]
    lengths = durations(studio.out)
    assert sum(lengths.values()) == pytest.approx(done.seconds)
    # 80 ms and 150 ms of silence around a sentence, 20 and 50 inside one.
    assert lengths[PromptId("goodbye")] == pytest.approx(0.3 + 0.23, abs=0.025)
    assert lengths[PromptId("minutes-1")] == pytest.approx(0.31 + 0.07, abs=0.025)
    for id_, seconds in lengths.items():
        for suffix, rate in (("alaw", 8_000), ("sln16", 16_000), ("g722", 16_000)):
            sound = decoded(studio.out / f"{id_}.{suffix}")
            assert len(sound) / rate == pytest.approx(seconds, abs=0.001)
            assert bs1770.integrated(sound, rate) == pytest.approx(-23, abs=0.5)
            assert loudness.peak(sound) < -3
    assert studio.stale() == []
    left = {file.suffix for file in studio.out.iterdir() if not file.name.startswith(".lock")}
    assert left == {".alaw", ".sln16", ".g722", ".json"}


def test_nothing_is_rendered_twice(studio: Studio) -> None:
    studio.render()
    before = list(studio.voice.said)
    assert studio.render() == (5, 0, 0)
    assert studio.voice.said == before


def test_a_pause_is_as_long_as_the_catalogue_wants_it(studio: Studio) -> None:
    studio.replace("to = 3", "to = 3\npause_s = 0.4")
    studio.render()
    assert durations(studio.out)[PromptId("minutes-1")] == pytest.approx(0.31 + 0.42, abs=0.025)


def change_text(studio: Studio) -> None:
    studio.replace("Au revoir.", "À bientôt.")


def cut_audio(studio: Studio) -> None:
    file = studio.out / "goodbye.g722"
    file.write_bytes(file.read_bytes()[:100])


def lose_audio(studio: Studio) -> None:
    (studio.out / "goodbye.alaw").unlink()


def record(studio: Studio) -> None:
    write_wav(studio.recordings / "goodbye.wav", tone(2.0, 48_000, 0.9), 48_000)


@pytest.mark.parametrize("change", [change_text, cut_audio, lose_audio, record])
def test_only_what_has_changed_is_stale_and_rendered(
    studio: Studio, change: Callable[[Studio], None]
) -> None:
    studio.render()
    change(studio)
    assert [problem.split(": ")[1] for problem in studio.stale()] == ["prompts.goodbye"]
    assert studio.render() == (5, 1, 0)
    assert studio.stale() == []


def test_before_the_first_rendering_everything_is_missing(studio: Studio) -> None:
    assert len(studio.stale()) == 5
    assert "catalogue.toml: prompts.welcome: no audio yet" in studio.stale()[0]
    assert durations(studio.out) == {}


def test_another_voice_makes_everything_stale(studio: Studio) -> None:
    studio.render()
    other = ToneVoice("another tone")
    assert len(studio.stale(other)) == 5
    assert studio.render(other) == (5, 5, 0)


def test_what_has_left_the_catalogue_is_deleted_and_nothing_else(studio: Studio) -> None:
    studio.render()
    (studio.out / "music.alaw").write_bytes(b"not ours")
    studio.replace("to = 3", "to = 2")
    assert studio.render() == (4, 0, 1)
    assert not list(studio.out.glob("minutes-3.*"))
    assert (studio.out / "music.alaw").exists()
    assert PromptId("minutes-3") not in durations(studio.out)


def test_a_recording_takes_the_place_of_the_voice_until_it_is_removed(studio: Studio) -> None:
    record(studio)
    studio.render()
    assert "Au revoir." not in studio.voice.said
    assert durations(studio.out)[PromptId("goodbye")] == pytest.approx(2.23, abs=0.03)
    (studio.recordings / "goodbye.wav").unlink()
    assert studio.render() == (5, 1, 0)
    assert "Au revoir." in studio.voice.said


def test_titles_are_rendered_with_the_rest_and_again_if_they_change(studio: Studio) -> None:
    studio.titles = {"F1234": "Bail"}
    assert studio.render() == (6, 6, 0)
    studio.titles = {"F1234": "Bail commercial", "F1235": "Loyer"}
    assert studio.stale() == [
        "plan.toml: fiches.F1234.title: text, voice or recording changed since the audio was "
        "rendered: run ./allo prompts",
        "plan.toml: fiches.F1235.title: no audio yet: run ./allo prompts",
    ]
    assert studio.render() == (7, 2, 0)
    studio.titles = {}
    assert studio.render() == (5, 0, 2)


def test_a_recording_takes_the_place_of_a_title(studio: Studio) -> None:
    studio.titles = {"F1234": "Bail"}
    write_wav(studio.recordings / "fiche-f1234.wav", tone(2.0, 48_000, 0.9), 48_000)
    studio.render()
    assert not [text for text in studio.voice.said if "Bail" in text]
    assert studio.stale() == []


def test_a_recording_without_a_prompt_is_reported(studio: Studio) -> None:
    studio.render()
    write_wav(studio.recordings / "godbye.wav", tone(1, 8_000, 0.5), 8_000)
    assert studio.stale() == ["recordings/godbye: no prompt has this id; did you mean goodbye?"]


def test_a_recording_that_cannot_be_read(studio: Studio) -> None:
    (studio.recordings / "goodbye.wav").mkdir()
    for look in (studio.render, studio.stale):
        with pytest.raises(VoiceError, match=r"prompt goodbye: goodbye\.wav cannot be read"):
            look()


def test_a_silent_recording_is_refused(studio: Studio) -> None:
    write_wav(studio.recordings / "goodbye.wav", np.zeros(8_000, np.float32), 8_000)
    with pytest.raises(VoiceError, match=r"prompt goodbye: the recording is silent: goodbye\.wav"):
        studio.render()


def test_a_prompt_that_fails_is_named_and_the_others_are_kept(studio: Studio) -> None:
    studio.voice.fails_on = "trois minutes"
    with pytest.raises(VoiceError) as caught:
        studio.render()
    assert (caught.value.prompt, caught.value.reason) == ("minutes-3", "hoarse")
    kept = len(durations(studio.out))
    assert kept >= 3
    studio.voice.fails_on = ""
    assert studio.render() == (5, 5 - kept, 0)


def test_a_full_disk_is_reported_and_nothing_is_lost(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.render()
    old = (studio.out / "goodbye.alaw").read_bytes()
    change_text(studio)
    write = Path.write_bytes

    def no_space(file: Path, content: bytes) -> int:
        if file.name.startswith(".goodbye.g722"):
            write(file, content[:10])
            raise OSError(28, "No space left on device")
        return write(file, content)

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(VoiceError, match=r"prompt goodbye: cannot write .*No space left.*free"):
        studio.render()
    assert len((studio.out / "goodbye.g722").read_bytes()) > 10
    assert len(durations(studio.out)) == 5
    assert [problem.split(": ")[1] for problem in studio.stale()] == ["prompts.goodbye"]
    assert not [file for file in studio.out.iterdir() if "work" in file.name or "part" in file.name]
    monkeypatch.undo()
    assert studio.render() == (5, 1, 0)
    assert (studio.out / "goodbye.alaw").read_bytes() != old or studio.stale() == []


def test_a_disk_that_is_full_at_the_manifest(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.render()
    change_text(studio)
    write = Path.write_bytes

    def no_space(file: Path, content: bytes) -> int:
        if file.name.startswith(".manifest"):
            write(file, content[:10])
            raise OSError(28, "No space left on device")
        return write(file, content)

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(VoiceError, match="No space left"):
        studio.render()
    assert not list(studio.out.glob(".manifest*"))
    assert len(durations(studio.out)) == 5
    monkeypatch.undo()
    assert studio.render() == (5, 1, 0)


def test_a_rendering_killed_between_two_files(studio: Studio) -> None:
    """The old manifest must not vouch for a new file."""
    studio.render()
    (studio.out / ".work").mkdir()
    (studio.out / "goodbye.alaw").write_bytes((studio.out / "welcome.alaw").read_bytes())
    assert studio.render() == (5, 1, 0)
    assert not (studio.out / ".work").exists()


def test_two_renderings_at_once_do_the_work_once(studio: Studio) -> None:
    threads = [threading.Thread(target=studio.render) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(studio.voice.said) == 5
    assert studio.stale() == []


def test_a_damaged_manifest_means_rendering_again(studio: Studio) -> None:
    studio.render()
    for damage in ("", "[]", '{"goodbye": {"source": 1}}', '{"goodbye": 3}'):
        (studio.out / "manifest.json").write_text(damage)
        assert studio.render() == (5, 5, 0)
    assert len(json.loads((studio.out / "manifest.json").read_text())) == 5


def test_a_folder_that_cannot_be_created(studio: Studio) -> None:
    studio.out.write_text("a file is in the way")
    with pytest.raises(VoiceError, match=r"cannot write to .*out"):
        studio.render()


def test_without_sox(studio: Studio) -> None:
    (studio.tools.folder / "sox.py").unlink()
    with pytest.raises(VoiceError, match="sox is not installed: install it"):
        studio.render()


@pytest.mark.real
def test_the_real_voice_is_even_and_unclipped(tmp_path: Path, toolbox: Toolbox) -> None:
    whole = load_catalogue(ROOT / "prompts" / "catalogue.toml")
    ids = ("welcome", "menu-main", "goodbye", "minutes-21", "word-at", "hour-8", "pair-07")
    some = Catalogue(whole.path, {PromptId(id_): whole.prompts[PromptId(id_)] for id_ in ids})
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    out = tmp_path / "out"
    voice = EspeakVoice(toolbox)
    assert render(some, recordings, out, voice, toolbox).rendered == len(ids)
    assert stale(some, recordings, out, voice) == []
    assert 0.2 < durations(out)[PromptId("word-at")] < 0.5
    assert 2 < durations(out)[PromptId("welcome")] < 8
    for id_ in ids:
        for suffix, rate in (("alaw", 8_000), ("sln16", 16_000), ("g722", 16_000)):
            sound = decoded(out / f"{id_}.{suffix}")
            assert bs1770.integrated(sound, rate) == pytest.approx(-23, abs=0.5)
            assert loudness.peak(sound) < -3


@pytest.mark.real
def test_every_title_of_the_plan_is_said_in_time(tmp_path: Path, toolbox: Toolbox) -> None:
    plan = load(None).plan
    whole = provision.sentences(load(None))
    parts = {"whisper-transfer", "whisper-callback", "whisper-waited", "word-more-than"}
    ids = parts | {"minutes-99", *(sector.prompt for sector in plan.sectors.values())}
    titles = {fiche.prompt for fiche in plan.fiches.values()}
    some = {PromptId(id_): whole.prompts[PromptId(id_)] for id_ in ids | titles}
    (recordings := tmp_path / "recordings").mkdir()
    render(replace(whole, prompts=some), recordings, tmp_path, EspeakVoice(toolbox), toolbox)
    lasts_s = durations(tmp_path)
    assert {id_: seconds for id_, seconds in lasts_s.items() if id_ in titles and seconds > 5} == {}
    for fiche in plan.fiches.values():
        for kind in ("callback", "transfer"):
            said = whisper(plan.about(fiche.sector, fiche.id), 120, kind=kind)
            assert sum(lasts_s[one] for one in said) < 0.8 * WHISPER_GUARD_S
    for id_ in titles:
        sound = decoded(tmp_path / f"{id_}.alaw")
        assert bs1770.integrated(sound, 8_000) == pytest.approx(-23, abs=0.5)


@pytest.mark.real
def test_a_stereo_flac_recording_is_taken(tmp_path: Path, toolbox: Toolbox) -> None:
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    flac = recordings / "goodbye.flac"
    run(toolbox, "sox", "-n", "-r", "44100", "-c", "2", str(flac), "synth", "1.5", "sine", "500")
    (tmp_path / "catalogue.toml").write_text('[prompts.goodbye]\ntext = "Au revoir."\nheard = "x"')
    catalogue = load_catalogue(tmp_path / "catalogue.toml")
    out = tmp_path / "out"
    render(catalogue, recordings, out, EspeakVoice(toolbox), toolbox)
    assert durations(out)[PromptId("goodbye")] == pytest.approx(1.73, abs=0.03)
