"""The command line: a file for each family of commands; `app` puts them together."""


def main() -> None:
    """Run the command line, as the installed `allo` and `python -m router.cli` do."""
    from router.cli.app import run  # here, so that importing another part does not load them all

    run()
