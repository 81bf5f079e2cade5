"""docs/troubleshooting.md leads to every finding, and to none that there is not."""

import re
from pathlib import Path

from router.doctor.examination import OF_A_DEMO
from tests.doctor.test_planted import names_in_the_sources

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
#: What the command says of files that cannot be used at all (cli/doctor.py).
OF_THE_COMMAND = {"configuration"}


def test_every_finding_is_on_the_page() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    told = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    assert told == names_in_the_sources() | OF_THE_COMMAND


def test_what_a_demo_is_like_is_found_elsewhere() -> None:
    assert names_in_the_sources() >= OF_A_DEMO
