"""How findings are told: a table for people, JSON for scripts, an exit code."""

import json

from router.doctor.findings import (
    Finding,
    Level,
    as_json,
    exit_code,
    fault,
    in_order,
    table,
    warning,
)

FAULT = fault("trunk-unreachable", "the carrier", "it does not answer", "Ask the carrier.")
WARNING = warning("clock-free", "the clock", "it follows no other", "apt-get install chrony")
NOTE = Finding("fiction", Level.NOTE, "allo.toml", "as in a demo", "Remove it.")


def test_the_worst_comes_first_and_each_once() -> None:
    assert in_order([NOTE, WARNING, FAULT, WARNING]) == [FAULT, WARNING, NOTE]


def test_the_exit_code_is_that_of_the_worst() -> None:
    assert exit_code([]) == exit_code([NOTE]) == 0
    assert exit_code([WARNING, NOTE]) == 1
    assert exit_code([NOTE, FAULT, WARNING]) == 2


def test_the_table_is_for_people() -> None:
    assert table([]) == "Nothing is wrong."
    assert table([FAULT, WARNING, NOTE]) == (
        "FAULT   the carrier  [trunk-unreachable]\n"
        "        it does not answer.\n"
        "        -> Ask the carrier.\n"
        "\n"
        "WARNING the clock  [clock-free]\n"
        "        it follows no other.\n"
        "        -> apt-get install chrony\n"
        "\n"
        "NOTE    allo.toml  [fiction]\n"
        "        as in a demo.\n"
        "        -> Remove it.\n"
        "\n"
        "1 fault, 1 warning, 1 note."
    )


def test_long_sentences_are_wrapped() -> None:
    long = fault("x", "y", "a word " * 40 + "end", "Do " + "this and " * 30 + "that.")
    assert max(map(len, table([long]).splitlines())) <= 96


def test_json_is_for_scripts() -> None:
    told = json.loads(as_json([FAULT, NOTE], version="1", demo=True))
    assert told["findings"][0] == {
        "name": "trunk-unreachable",
        "level": "fault",
        "place": "the carrier",
        "wrong": "it does not answer",
        "remedy": "Ask the carrier.",
    }
    assert (told["faults"], told["warnings"], told["notes"]) == (1, 0, 1)
    assert (told["version"], told["demo"]) == ("1", True)
