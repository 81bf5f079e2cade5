"""What several commands take: the settings, and files to be written."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from router import places

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The settings (allo.toml). Default: the plan that ships with allo.",
    ),
]


DemoConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The settings (allo.toml). Default: the demo's."),
]
DirectorOption = Annotated[
    Path | None,
    typer.Option(
        "--director",
        metavar="FILE",
        help="Write the director's page there too: published key figures, these, goals, and the "
        "year before, on one sheet.",
    ),
]
#: What ./allo demo writes at each start.
DEMO_SETTINGS = places.STATE / "allo.toml"


def or_the_demo_s(config: Path | None) -> Path | None:
    """Return the settings named, else, saying so, the demo's; None where it was never started."""
    if config is not None or not DEMO_SETTINGS.exists():
        return config
    print(f"By the demo's settings, {DEMO_SETTINGS}:", file=sys.stderr)
    return DEMO_SETTINGS


@contextmanager
def writing(path: Path, option: str) -> Iterator[None]:
    """Tell in a sentence that the file cannot be written."""
    try:
        yield
    except OSError as error:
        raise typer.BadParameter(
            f"{path} cannot be written ({error.strerror}); name a file in a folder that "
            "exists and is writable",
            param_hint=option,
        ) from None
