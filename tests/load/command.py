"""`./allo bench NAME`: measure, and say how it was measured."""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Sequence

from router import provision
from router.errors import RouterError
from tests.load import ivr
from tests.load.report import as_json, as_markdown, as_text
from tests.load.rig import Rig


def main(words: Sequence[str]) -> int:
    """Run the benchmark that `words` name and print its figures; return the exit code."""
    parser = argparse.ArgumentParser(prog="./allo bench", description=ivr.__doc__)
    parser.add_argument("name", choices=["ivr"], help="what to measure")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON")
    form.add_argument("--markdown", action="store_true", help="print the table for README")
    parser.add_argument("--quick", action="store_true", help="less of everything, in a minute")
    parser.add_argument(
        "--port-offset", type=int, default=5000, metavar="N", help="move every port"
    )
    chosen = parser.parse_args(words)
    show = as_json if chosen.json else as_markdown if chosen.markdown else as_text
    scale = ivr.QUICK if chosen.quick else ivr.FULL
    print(show(run(scale, chosen.port_offset, tell), scale))
    return 0


def run(scale: ivr.Scale, port_offset: int, say: ivr.Say) -> ivr.Measured:
    """Set a rig up, measure, and take it down.

    Raises:
        SetupError: If something is missing here, or a port is taken.
    """

    async def measure() -> ivr.Measured:
        state = provision.HOME / f"bench-{port_offset}"
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
        async with Rig(state, port_offset, provision.toolbox(say)) as rig:
            return await ivr.measure(rig, scale, say)

    return asyncio.run(measure())


def tell(text: str) -> None:
    """Show progress beside the figures, which go to standard output."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except RouterError as error:
        sys.exit(f"allo: {error}")
