"""Which recordings there are, which are missing, and the script for a studio."""

from pathlib import Path

from router.core.ids import PromptId
from router.voice import missing, recorded, script
from router.voice.recordings import strangers
from tests.voice.studio import Studio


def test_a_recording_is_found_by_its_id_in_whatever_case_its_suffix_is(studio: Studio) -> None:
    for name in ("welcome.WAV", "goodbye.flac", "goodbye.wav", "minutes-1.mp3", "README.md"):
        (studio.recordings / name).touch()
    assert recorded(studio.recordings) == {
        PromptId("welcome"): studio.recordings / "welcome.WAV",
        PromptId("goodbye"): studio.recordings / "goodbye.wav",
    }
    left = missing(studio.recordings, studio.catalogue)
    assert [one.id for one in left] == ["minutes-1", "minutes-2", "minutes-3"]


def test_without_a_folder_nothing_is_recorded(tmp_path: Path) -> None:
    assert recorded(tmp_path / "none") == {}


def test_a_recording_without_a_prompt_is_told_with_what_was_meant(studio: Studio) -> None:
    for name in ("Welcome.wav", "xyz.wav"):
        (studio.recordings / name).touch()
    assert [str(one) for one in strangers(studio.recordings, studio.catalogue)] == [
        "recordings/Welcome: no prompt has this id; did you mean welcome?",
        "recordings/xyz: no prompt has this id",
    ]


def test_the_script_says_what_to_record_and_how(studio: Studio) -> None:
    studio.replace("[pronunciation]", '[stumbles]\n"Allô" = "alo"\n\n[pronunciation]')
    studio.replace('spoken = "{text},"', 'spoken = "{text}"')
    (studio.recordings / "goodbye.wav").touch()
    catalogue = studio.catalogue
    told = "\n".join(script(missing(studio.recordings, catalogue), catalogue.pronunciation))
    assert told.startswith("Texte à enregistrer\u00a0: 4 phrases\n")
    assert "« 3939 » se dit « trente-neuf trente-neuf »." in told
    assert "alo" not in told  # people do not stumble
    assert "\n1. welcome.wav\n   Bonjour, ici le 3939\u00a0: « Allô »." in told
    assert "2. minutes-1.wav (fin de phrase\u00a0: la voix retombe)\n   une minute" in told
    assert "goodbye" not in told


def test_the_script_says_where_a_sentence_goes_on(studio: Studio) -> None:
    catalogue = studio.catalogue
    some = [catalogue.prompts[PromptId("minutes-2")]]
    lines = list(script(some, catalogue.pronunciation))
    assert lines[0].startswith("Texte à enregistrer\u00a0: 1 phrase\n")
    assert lines[-2:] == [
        "1. minutes-2.wav (début ou milieu de phrase\u00a0: la voix reste levée)",
        "   deux minutes",
    ]
