"""What several commands take: the settings, and files to be written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The settings (allo.toml). Default: the plan that ships with allo.",
    ),
]


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
