"""What commands share that change the files of informateurs and secrets."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.options import as_typed_here, say
from router.errors import ConfigError, SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from router.config import Config, Faulty
    from router.config.edits import Edited

DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Check it and say what would change; change nothing."),
]


def save(edited: "Edited", *, dry_run: bool) -> "Config | None":
    """Make the changes if the whole configuration is right with them; None for a `dry_run`.

    Raises:
        ConfigError: With every fault; nothing is changed then, which has been said.
        DiskError: If a file cannot be written; nothing is changed then.
    """
    from router.cli.check import checked

    def read(staged: "Mapping[Path, Path]") -> "Config | Faulty":
        return checked(edited.config, instead=staged)

    try:
        changed = edited.save(read, dry_run=dry_run)
    except ConfigError:
        print("Nothing has been changed, as the configuration would be wrong:", file=sys.stderr)
        raise
    if not dry_run:
        return changed
    for line in edited.changes():
        say(line)
    say("Nothing has been changed.")
    return None


def have_it_taken(changed: "Config") -> None:
    """Have the running service take the change, as ./allo reload does. Without one, say so.

    Raises:
        typer.Exit: 1 if the service could not take all of it; the files have changed all the same.
    """
    from router.service import control

    try:
        done = control.ask(changed.settings.state_dir, "reload")
    except SetupError as error:
        print(as_typed_here(f"No running service has taken this: {error}"), file=sys.stderr)
        return
    if not done["faults"] and not done["left"]:
        say("The running service has taken it.")
        return
    took = "has taken nothing" if done["faults"] else "has not taken all that is in them"
    print(f"The files have changed, but the running service {took}:", file=sys.stderr)
    for one in (*done["faults"], *done["left"]):
        print(f"  {one}", file=sys.stderr)
    print(as_typed_here("Mend that, then: ./allo reload"), file=sys.stderr)
    raise typer.Exit(1)
