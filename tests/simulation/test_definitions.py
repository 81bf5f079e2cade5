"""Definitions of a run's figures: one namespace of ids with the report's, and all of them used."""

import re

from router.core.callback.tickets import Refusal
from router.report import figures as counted
from router.report.columns import Column
from router.simulation.definitions import DEFINITIONS, REFUSALS, refused
from tests.simulation.week import figures


def test_the_reports_definitions_are_unchanged() -> None:
    for id_, one in counted.DEFINITIONS.items():
        assert DEFINITIONS[id_] is one


def test_ids_have_a_version_and_names_are_french() -> None:
    for id_, one in DEFINITIONS.items():
        assert re.fullmatch(r"[a-z0-9-]+/\d+", id_)
        assert one.id == id_
        assert "'" not in one.name
        assert one.name[0].isupper() or one.name[0].isdigit()
        assert one.formula
        assert all(isinstance(column, Column) for column in one.numerator)


def test_a_word_has_one_definition() -> None:
    for words in (
        [one.name for one in DEFINITIONS.values()],
        [one.short for one in DEFINITIONS.values()],
    ):
        assert len(set(words)) == len(words)


def test_every_refusal_is_told_apart() -> None:
    assert REFUSALS.keys() == set(Refusal)
    assert len({refused(one) for one in Refusal}) == len(Refusal)


def test_each_of_ours_is_used() -> None:
    used = {one.id for section in figures().sections.values() for one in section}
    for table in figures().tables.values():
        used |= {one.id for line in table.lines for one in line.figures}
    assert DEFINITIONS.keys() - counted.DEFINITIONS.keys() - used == set()
