"""What several commands share: options, the demo's settings, and how output is written."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router import places
from router.errors import StoreError

if TYPE_CHECKING:
    from router.replay import Tape

#: Names the settings where `--config` does not; the installed command sets it.
VARIABLE = "ALLO_CONFIG"
SettingsOption = Annotated[
    Path,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar=VARIABLE,
        show_envvar=False,
        help="The settings (allo.toml).",
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar=VARIABLE,
        show_envvar=False,
        help="The settings (allo.toml). Default: the plan that ships with allo.",
    ),
]
DemoConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar=VARIABLE,
        show_envvar=False,
        help="The settings (allo.toml). Default: the demo's.",
    ),
]
RecordOption = Annotated[
    Path | None,
    typer.Option(
        "--record",
        metavar="FILE",
        help="Record events and decisions to this file, without identities or numbers; for "
        "./allo replay.",
    ),
]
HtmlOption = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Also write one self-contained page to this file."),
]
DirectorOption = Annotated[
    Path | None,
    typer.Option(
        "--director",
        metavar="FILE",
        help="Also write the director's page to this file: these figures beside those published, "
        "the goals and the year before, on one sheet.",
    ),
]
#: The settings that ./allo demo writes at each start.
DEMO_SETTINGS = places.STATE / "allo.toml"


def or_demo_settings(config: Path | None) -> Path | None:
    """Return `config`, or the demo's settings if it is None, saying so on stderr.

    None if the demo has never been started either.
    """
    if config is not None or not DEMO_SETTINGS.exists():
        return config
    print(f"Using the demo's settings, {DEMO_SETTINGS}:", file=sys.stderr)
    return DEMO_SETTINGS


def meant(config: Path | None) -> Path:
    """Return the settings that are meant: those named, or the demo's.

    Raises:
        typer.BadParameter: If there are neither.
    """
    named = or_demo_settings(config)
    if named is None:
        raise typer.BadParameter(
            "name the settings (allo.toml), or start ./allo demo once", param_hint="--config"
        )
    return named


def tape_on(path: Path) -> "Tape":
    """Return a new recording in `path`.

    Raises:
        typer.BadParameter: If it cannot be written there.
    """
    from router.replay import Tape

    try:
        return Tape(path)
    except StoreError as error:
        raise typer.BadParameter(str(error), param_hint="--record") from None


def as_typed_here(text: str) -> str:
    """Return the text with its commands as people type them: `./allo` only in a checkout."""
    return text.replace("./allo ", "allo ") if places.INSTALLED else text


def say(text: str) -> None:
    """Print a line of progress at once, even into a pipe."""
    print(as_typed_here(text), flush=True)


@contextmanager
def writing(path: Path, option: str) -> Iterator[None]:
    """Turn an OSError while `path` is written into a fault of `option`.

    Raises:
        typer.BadParameter: For any OSError inside.
    """
    try:
        yield
    except OSError as error:
        raise typer.BadParameter(
            f"{path} cannot be written ({error.strerror}); name a file in a folder that "
            "exists and is writable",
            param_hint=option,
        ) from None
