"""What commands share that change the files of informateurs and secrets."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.options import say
from router.errors import ConfigError

if TYPE_CHECKING:
    from router.config import Config
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
    from router.cli import provision

    try:
        changed = edited.save(provision.catalogue().prompts.keys(), dry_run=dry_run)
    except ConfigError:
        print("Nothing has been changed, as the configuration would be wrong:", file=sys.stderr)
        raise
    if not dry_run:
        say("A service that runs takes this when it is started anew.")
        return changed
    for line in edited.changes():
        say(line)
    say("Nothing has been changed.")
    return None
