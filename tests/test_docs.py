"""The pages say what is there: links, commands, options, files, and what pre-commit runs."""

import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from router.cli.app import app
from tests.load import command as bench

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"
PAGES = sorted(
    (*TOP.glob("*.md"), *DOCS.rglob("*.md"), *(TOP / "prompts").rglob("*.md")),
)
#: Pages with a picture of the house.
PICTURES = (TOP / "README.md", DOCS / "architecture.md")
#: What README may hold at most.
LINES = 160

#: Handed to pytest as they are.
_OF_PYTEST = frozenset({"-k", "-m", "-s", "-x", "--hypothesis-profile"})
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FILE = re.compile(r"(?:\.ci|asterisk-conf|docs|prompts|router|tests)/[\w./-]*|\w+\.py")
_LEVEL = "  "


def relative(path: Path) -> str:
    """Return the path from the top, as pages name it."""
    return path.relative_to(TOP).as_posix()


def prose(page: Path) -> str:
    """Return the page without its fenced blocks."""
    return _FENCED.sub("", page.read_text())


def blocks(page: Path) -> Iterator[str]:
    """Yield what stands in the page's fenced blocks."""
    yield from (found[2] for found in _FENCED.finditer(page.read_text()))


def spans(page: Path) -> Iterator[str]:
    """Yield the page's code spans, each on one line."""
    yield from (" ".join(found[1].split()) for found in _SPAN.finditer(prose(page)))


def anchors(page: Path) -> set[str]:
    """Return what may follow # in a link to the page, as GitHub makes it of headings."""
    kept = (re.sub(r"[^\w\- ]", "", one.lower()) for one in _HEADING.findall(prose(page)))
    return {one.replace(" ", "-") for one in kept}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file and the anchor of each relative link."""
    for target in _LINK.findall(prose(page)):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target}#{anchor}"


def test_every_page_can_be_reached_from_the_first() -> None:
    seen: set[Path] = set()
    next_ones = {TOP / "README.md"}
    while next_ones:
        seen |= next_ones
        linked = {target for page in next_ones for target, _ in links(page)}
        next_ones = {one for one in linked if one.suffix == ".md"} - seen
    assert [page for page in PAGES if page.is_relative_to(DOCS) and page not in seen] == []


def test_the_first_page_is_short() -> None:
    assert len((TOP / "README.md").read_text().splitlines()) <= LINES


# The command line.


def options_of(command: Any) -> set[str]:
    """Return the options of a command; click's types are not Typer's to show."""
    return {"--help", *(option for one in command.params for option in one.opts)}


def commands(command: Any, name: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield each command, the ones without a name and groups included, with its options."""
    yield name, options_of(command)
    for word, part in getattr(command, "commands", {}).items():
        yield from commands(part, f"{name} {word}".lstrip())


@pytest.fixture(scope="module")
def known() -> dict[str, set[str]]:
    """Each command and its options."""
    known = dict(commands(get_command(app)))
    known["test"] |= _OF_PYTEST
    known["bench"] |= options_of_bench()
    return known


def options_of_bench() -> set[str]:
    """Return the options that `./allo bench` says it has."""
    said = StringIO()
    with redirect_stdout(said), pytest.raises(SystemExit):
        bench.main(["--help"])
    return set(re.findall(r"--[a-z-]+", said.getvalue()))


def named(page: Path) -> Iterator[list[str]]:
    """Yield the words of every `./allo` command that the page names."""
    lines = [line.partition("#")[0] for block in blocks(page) for line in block.splitlines()]
    for text in (*lines, *spans(page)):
        for found in re.finditer(r"\./allo\b([^)]*)", text):
            yield found[1].replace("[", " ").replace("]", " ").split()


def mistakes(words: list[str], known: dict[str, set[str]]) -> list[str]:
    """Return what the command line does not have of a command's words."""
    name = ""
    while words and f"{name} {words[0]}".lstrip() in known:
        name = f"{name} {words[0]}".lstrip()
        words = words[1:]
    if not name and words and not words[0].startswith("-"):
        return [] if words[0].isupper() else words[:1]
    given = [word.partition("=")[0] for word in words if word.startswith("-")]
    return [option for option in given if option not in known[name]]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_commands_are_there_with_their_options(page: Path, known: dict[str, set[str]]) -> None:
    told = [(words, mistakes(words, known)) for words in named(page)]
    assert [(words, wrong) for words, wrong in told if wrong] == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_options_named_alone_are_those_of_some_command(
    page: Path, known: dict[str, set[str]]
) -> None:
    every = set().union(*known.values())
    alone = [re.split(r"[ =]", span)[0] for span in spans(page) if span.startswith("--")]
    assert [option for option in alone if option not in every] == []


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("demo --once --agents N", []),
        ("demo --twice", ["--twice"]),
        ("asterisk cli COMMAND", []),
        ("asterisk stop --later", ["--later"]),
        ("COMMAND --help", []),
        ("frobnicate", ["frobnicate"]),
        ("bench ivr --markdown", []),
        ("bench ivr --loud", ["--loud"]),
        ("test -m load", []),
    ],
)
def test_what_is_not_there_would_be_seen(
    words: str, wrong: list[str], known: dict[str, set[str]]
) -> None:
    assert mistakes(words.split(), known) == wrong


def test_every_command_has_its_row(known: dict[str, set[str]]) -> None:
    rows = {" ".join(words) for words in named(DOCS / "operation.md")}
    for name in known.keys() - {"", "asterisk"}:
        assert any(f"{row} ".startswith(f"{name} ") for row in rows), name


# Files.


def pictured(page: Path) -> Iterator[Path]:
    """Yield each file and folder of the page's picture of the house.

    A level is two columns to the right; what begins further than four levels to the right only
    goes on with the line before.
    """
    text = page.read_text()
    [house] = re.findall(r"^## The house\n.*?^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    folders = [TOP]
    for line in house.splitlines():
        names = re.match(r"( {0,8})([^\s,]+(?:, [^\s,]+)*)", line)
        if names is None or line.startswith(" " * 9):
            continue
        level = len(names[1]) // len(_LEVEL)
        folders = folders[: level + 1]
        for name in names[2].split(", "):
            yield folders[level] / name
        folders.append(folders[level] / names[2].split(", ")[-1])


@pytest.mark.parametrize("page", PICTURES, ids=relative)
def test_the_picture_of_the_house_is_the_house(page: Path) -> None:
    told = list(pictured(page))
    assert len(told) > 10
    assert [relative(path) for path in told if not path.exists()] == []


def test_every_room_is_in_the_picture() -> None:
    told = {path.resolve() for path in pictured(DOCS / "architecture.md")}
    for one in (TOP / "router").iterdir():
        if one.name[0] not in "._" and one.suffix in ("", ".py"):
            assert one in told, relative(one)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_files_that_are_named_exist(page: Path) -> None:
    for name in filter(_FILE.fullmatch, spans(page)):
        if "/" in name:
            assert (TOP / name).exists(), name
        else:
            assert any(any((TOP / room).rglob(name)) for room in ("router", "tests")), name


# Decisions, and what is checked before a commit.


def test_decisions_are_numbered_dated_and_listed() -> None:
    files = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    index = (DOCS / "decisions" / "README.md").read_text()
    days = []
    for number, one in enumerate(files, 1):
        assert one.name.startswith(f"{number:04}-"), one.name
        found = re.match(
            r"# (\d+)\. (.+)\n\n(\d{4}-\d\d-\d\d)\n\n\*\*Context\.\*\* .+\n\n"
            r"\*\*Decision\.\*\* .+\n\n\*\*Consequences\.\*\* .+",
            re.sub(r"(?<!\n)\n(?!\n)", " ", one.read_text()),
        )
        assert found is not None, one.name
        assert found[1] == str(number)
        assert f"| {number} | {found[3]} | [{found[2]}]({one.name}) |\n" in index
        days.append(found[3])
    assert days == sorted(days)


def test_commits_are_checked_as_in_ci() -> None:
    ran = re.findall(r"^step \$python -m (.+)$", (TOP / ".ci" / "run").read_text(), re.MULTILINE)
    hooks = (TOP / ".pre-commit-config.yaml").read_text()
    assert ran
    for one in ran:
        # pre-commit names the files itself.
        assert f"entry: .allo/venv/bin/python -m {one.removesuffix(' .')}\n" in hooks, one
    for name in re.findall(r"\btests/\S+", hooks):
        assert (TOP / name).exists(), name
