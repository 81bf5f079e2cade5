"""Figures of a run for a terminal and for programs."""

import json
import re
from dataclasses import replace

from router.simulation.definitions import DEFINITIONS
from router.simulation.figures import figures_of
from router.simulation.text import (
    FORM,
    GIVEN,
    SECTIONS,
    TABLES,
    as_json,
    as_text,
    title_of,
)
from tests.simulation.week import figures, simulation

#: A plain space before these marks, or a typewriter's apostrophe, is not French typography.
BAD_FRENCH = re.compile(r" [:;!?»]|« |[a-zé]'[a-zéh]")


def test_the_text_tells_every_figure_with_its_definition() -> None:
    text = as_text(figures())
    for id_ in SECTIONS:
        for one in figures().sections[id_]:
            assert re.search(rf"{re.escape(DEFINITIONS[one.id].name)} +{one.id}\n", text)
    for id_ in TABLES:
        assert figures().tables[id_].title in text
    assert SECTIONS.keys() == figures().sections.keys()
    for vote in figures().votes:
        for one in vote.figures:
            assert re.search(rf"{re.escape(DEFINITIONS[one.id].name)} +{one.id}\n", text)
    assert " ".join(text.split()).count(GIVEN) == 1
    assert GIVEN not in as_text(replace(figures(), votes=()))
    assert "Chaque appel est dans une seule classe" in text


def test_the_text_fits_a_terminal_and_is_in_careful_french() -> None:
    text = as_text(figures())
    assert max(map(len, text.splitlines())) <= 120
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not BAD_FRENCH.search(text)


def test_its_title_names_the_days_or_the_year() -> None:
    assert title_of(figures()).endswith("simulation du 2 au 7 janvier 2025")
    whole = replace(
        figures(),
        first=figures().first.replace(month=1, day=1),
        last=figures().last.replace(month=12, day=31),
    )
    assert title_of(whole).endswith("simulation de l’année 2025")
    assert "Chiffres simulés" in as_text(whole)


def test_what_does_not_add_up_is_told() -> None:
    assert "Attention" not in as_text(figures())
    assert "Attention" in as_text(replace(figures(), reconciles=False))


def test_the_json_holds_everything_in_order_of_its_keys() -> None:
    text = as_json(figures())
    document = json.loads(text)
    assert document["form"] == FORM
    assert (document["year"], document["seed"], document["reconciles"]) == (2025, 1, True)
    assert document["sections"].keys() == figures().sections.keys()
    assert document["tables"].keys() == figures().tables.keys()
    assert document["definitions"].keys() == DEFINITIONS.keys()
    assert [vote["kind"] for vote in document["votes"]] == ["score", "yes/no"]
    for id_, section in document["sections"].items():
        told = [(one["id"], one["value"]) for one in section]
        assert told == [(one.id, one.value) for one in figures().sections[id_]]
    assert text == json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def test_the_same_run_gives_the_same_bytes() -> None:
    once, again, other = (as_json(figures_of(simulation(seed, 1, 2))) for seed in (3, 3, 4))
    assert once == again
    assert once != other
