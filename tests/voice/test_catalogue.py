"""The catalogue of the service, and the faults of a wrong one."""

import re
from pathlib import Path

import pytest

from router.core.ids import PromptId
from router.errors import ConfigError
from router.voice import load_catalogue
from tests.voice.studio import CATALOGUE, ROOT, Studio


def test_the_catalogue_of_the_service_is_sound() -> None:
    prompts = load_catalogue(ROOT / "prompts" / "catalogue.toml").prompts
    assert prompts[PromptId("minutes-21")].text == "vingt et une minutes"
    assert prompts[PromptId("people-before-1")].text == "Il y a une personne avant vous."
    assert prompts[PromptId("pair-07")].spoken == "zéro sept,"
    assert "trente-neuf trente-neuf" in prompts[PromptId("welcome")].spoken
    for prompt in prompts.values():
        # Whatever is written in figures or as an address has its pronunciation.
        assert "gouv.fr" not in prompt.spoken
        assert "39" not in prompt.spoken
        if not prompt.joined:
            assert prompt.text[0].isupper()
            assert prompt.text.endswith(".")
        # Typographic apostrophe; no-break space before double punctuation.
        assert "'" not in prompt.text
        assert not any(f" {mark}" in prompt.text for mark in ";:!?»")


def test_the_web_address_is_spoken_as_one_phrase() -> None:
    """A comma or a full stop in it makes the voice pause, as if something else followed."""
    prompts = load_catalogue(ROOT / "prompts" / "catalogue.toml").prompts
    told = [one for one in prompts.values() if "gouv.fr" in one.text]
    assert len(told) >= 5
    for prompt in told:
        assert re.search(r"service tiret public[\w ]* point F R\b", prompt.spoken), prompt.id


def test_a_page_is_announced_by_its_title(studio: Studio) -> None:
    studio.titles = {
        "F1234": "Carte « exemple »",
        "F5678": "Qui compose le 3939 ?".replace(" ?", "\u00a0?"),
    }
    prompts = studio.catalogue.prompts
    assert list(prompts)[-2:] == ["fiche-f1234", "fiche-f5678"]
    title, question = prompts[PromptId("fiche-f1234")], prompts[PromptId("fiche-f5678")]
    assert title.text == "Fiche\u00a0: Carte « exemple »."
    assert title.spoken == "Fiche : Carte exemple."
    assert title.joined
    assert question.spoken == "Fiche : Qui compose le trente-neuf trente-neuf ?"


def test_the_catalogue_s_own_sentence_takes_precedence_over_the_title(studio: Studio) -> None:
    studio.replace("[prompts.goodbye]", "[prompts.fiche-f1234]")
    studio.titles = {"F1234": "Bail"}
    assert studio.catalogue.prompts[PromptId("fiche-f1234")].text == "Au revoir."


def test_spoken_text_is_plain_and_on_one_line(studio: Studio) -> None:
    prompts = studio.catalogue.prompts
    assert list(prompts) == ["welcome", "goodbye", "minutes-1", "minutes-2", "minutes-3"]
    assert prompts[PromptId("welcome")].spoken == (
        "Bonjour, ici le trente-neuf trente-neuf : Allô."
    )
    assert prompts[PromptId("minutes-1")].spoken == "une minute,"
    assert prompts[PromptId("minutes-1")].joined


@pytest.mark.parametrize(
    ("addition", "problem"),
    [
        ('[prompts.empty]\ntext = " "\nheard = "x"', "prompts.empty.text: is empty"),
        ('[prompts.none]\nheard = "x"', "prompts.none.text: is missing"),
        ('[prompts.none]\ntext = "x"', "prompts.none.heard: is missing"),
        ('[prompts.Bad_Id]\ntext = "x"\nheard = "x"', "prompts.Bad_Id: an id is lower-case"),
        (
            '[prompts.typo]\ntext = "x"\nheard = "x"\nspokn = "y"',
            "prompts.typo.spokn: unknown key; did you mean spoken?",
        ),
        ("[prompt.x]", "prompt: unknown key; did you mean prompts?"),
        ('[prompts.x]\ntext = 3\nheard = "x"', "prompts.x.text: expected str"),
        ('[prompts.x]\ntext = "x"\nheard = "x"\njoined = 1', "joined: expected bool"),
        ('[prompts.minutes-2]\ntext = "x"\nheard = "x"', "id minutes-2 is used twice"),
        ('[prompts.x]\ntext = "x"\nheard = "x"\npause_s = 9.0', "pause_s: from 0.0 to 3.0 seconds"),
        (
            '[families.x]\nfrom = 1\nto = 3\ntext = "{minute}"\nheard = "x"',
            "families.x.text: {minute} is unknown; did you mean minutes?",
        ),
        (
            '[families.x]\nfrom = 6\nto = 9\ntext = "{weekday}"\nheard = "x"',
            "families.x.text: {weekday} is unknown",
        ),
        ('[families.x]\nfrom = 1\nto = 3\ntext = "{"\nheard = "x"', "not a template"),
        ('[families.x]\nfrom = 3\nto = 1\ntext = "x"\nheard = "x"', "from and to are needed"),
        ('[prompts]\nx = "y"', "prompts.x: expected a table with text and heard"),
        ("[prompts.welcome]", "catalogue.toml: is not valid TOML: Cannot declare"),
    ],
)
def test_each_fault_is_reported_with_its_key(studio: Studio, addition: str, problem: str) -> None:
    studio.file.write_text(f"{CATALOGUE}\n{addition}\n")
    with pytest.raises(ConfigError) as caught:
        _ = studio.catalogue
    assert problem in str(caught.value)


def test_every_fault_at_once(studio: Studio) -> None:
    studio.replace('text = "Au revoir."', 'text = ""\nheart = "x"')
    studio.replace("to = 3", 'to = "three"')
    with pytest.raises(ConfigError) as caught:
        _ = studio.catalogue
    places = [problem.place for problem in caught.value.problems]
    assert places == [
        "catalogue.toml: prompts.goodbye.heart",
        "catalogue.toml: prompts.goodbye.text",
        "catalogue.toml: families.minutes.to",
    ]


def test_a_missing_catalogue(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_catalogue(tmp_path / "none.toml")
