"""`./allo bench NAME`: measure, and say how it was measured."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from router.errors import RouterError
from tests.faults import report as faults_report
from tests.faults import run as faults
from tests.load import (
    callbacks,
    callbacks_report,
    core,
    fallback,
    floods,
    floods_report,
    ivr,
    ivr_report,
    overload,
    queue,
    restart,
    ring,
    soak,
    wallboard,
    wallboard_report,
)
from tests.load.report import Report, as_json, as_markdown, as_text

_MINUTES, _QUICK_MINUTES = 10.0, 1.0
_FAULTS = (
    "faults: the service broken at random while people call; exit 1 if anything was lost, and how "
    "to run it again."
)

_FLOODS = (
    "floods: Three times as many callers as can be served for as long as --minutes says, then "
    "floods of SIP and HTTP while people talk."
)

_SOAK = "soak: Memory and descriptors while calls come and go for as long as --minutes says."


def main(words: Sequence[str]) -> int:
    """Run the benchmark that `words` name and print its figures; return the exit code."""
    parser = argparse.ArgumentParser(prog="./allo bench", description=_told())
    names = sorted([*BENCHMARKS, "faults", "floods", "soak"])
    parser.add_argument("name", choices=names, help="what to measure")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON")
    form.add_argument(
        "--markdown", action="store_true", help="print the table for docs/benchmarks.md"
    )
    parser.add_argument("--quick", action="store_true", help="less of everything, in a minute")
    parser.add_argument("--seed", type=int, default=1, help="faults: other instants, other faults")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="faults: so many runs, seed after seed"
    )
    parser.add_argument(
        "--minutes", type=float, metavar="M", help="faults, floods, soak: for how long, a run"
    )
    parser.add_argument(
        "--only", action="append", metavar="FAULT", help="faults: no others; may be repeated"
    )
    parser.add_argument(
        "--port-offset", type=int, default=5000, metavar="N", help="move every port"
    )
    chosen = parser.parse_args(words)
    show = as_json if chosen.json else as_markdown if chosen.markdown else as_text
    if chosen.name == "faults":
        minutes = chosen.minutes or (_QUICK_MINUTES if chosen.quick else _MINUTES)
        runs = [
            faults.run(seed, minutes, chosen.port_offset, tell, chosen.only or ())
            for seed in range(chosen.seed, chosen.seed + chosen.seeds)
        ]
        print(show(faults_report.report(runs)))
        return 1 if any(told.broken for told in runs) else 0
    if chosen.name == "soak":
        minutes = chosen.minutes or (_QUICK_MINUTES if chosen.quick else _MINUTES)
        print(show(soak.report(soak.run(minutes, chosen.port_offset, tell))))
        return 0
    if chosen.name == "floods":
        only = chosen.only or ()
        print(show(_floods(chosen.quick, chosen.minutes, chosen.port_offset, only)))
        return 0
    print(show(BENCHMARKS[chosen.name](chosen.quick, chosen.port_offset)))
    return 0


def _floods(quick: bool, minutes: float | None, port_offset: int, only: Sequence[str]) -> Report:
    crowd, scale = (overload.QUICK, floods.QUICK) if quick else (overload.FULL, floods.FULL)
    if minutes is not None:
        crowd = replace(crowd, minutes=minutes)
    too_many = overload.run(crowd, port_offset, tell)
    tell(overload.describe(too_many))
    return floods_report.report(too_many, floods.run(scale, port_offset, tell, only), scale)


def _ivr(quick: bool, port_offset: int) -> Report:
    """Calls at a given rate, ours and a dialplan's in turn, and what they cost."""
    scale = ivr.QUICK if quick else ivr.FULL
    return ivr_report.report(ivr.run(scale, port_offset, tell), scale)


def _core(quick: bool, port_offset: int) -> Report:
    """What an event costs the engine alone, with 1 to 1,000 informateurs."""
    scale = core.QUICK if quick else core.FULL
    return core.report(core.measure(scale, tell), scale)


def _fallback(quick: bool, port_offset: int) -> Report:
    """How soon FastAGI answers beside 1,000 connections that say nothing."""
    scale = fallback.QUICK if quick else fallback.FULL
    load_before = os.getloadavg()[0]
    return fallback.report(fallback.run(scale, port_offset, tell), scale, load_before)


def _queue(quick: bool, port_offset: int) -> Report:
    """What a decision costs with 10,000 callers waiting; the engine alone."""
    scale = queue.QUICK if quick else queue.FULL
    return queue.report(queue.measure(scale, tell), scale)


def _ring(quick: bool, port_offset: int) -> Report:
    """How soon an informateur who becomes ready is rung, on the real Asterisk."""
    scale = ring.QUICK if quick else ring.FULL
    load_before = os.getloadavg()[0]
    return ring.report(ring.run(scale, port_offset, tell), scale, load_before)


def _restart(quick: bool, port_offset: int) -> Report:
    """How soon a router that was killed is back, and has taken up the calls that are up."""
    scale = restart.QUICK if quick else restart.FULL
    return restart.report(restart.run(scale, port_offset, tell), scale)


def _callbacks(quick: bool, port_offset: int) -> Report:
    """How soon requests to be called back are answered and dialled, and what one weighs."""
    scale = callbacks.QUICK if quick else callbacks.FULL
    return callbacks_report.report(callbacks.run(scale, port_offset, tell), scale)


def _wallboard(quick: bool, port_offset: int) -> Report:
    """What 20 who watch cost the router beside 20 callers/s, and what the page costs."""
    scale = wallboard.QUICK if quick else wallboard.FULL
    return wallboard_report.report(wallboard.run(scale, port_offset, tell), scale)


#: Less of everything or not, what moves every port -> what was measured.
BENCHMARKS: dict[str, Callable[[bool, int], Report]] = {
    "callbacks": _callbacks,
    "core": _core,
    "fallback": _fallback,
    "ivr": _ivr,
    "queue": _queue,
    "restart": _restart,
    "ring": _ring,
    "wallboard": _wallboard,
}


def _told() -> str:
    benches = " ".join(f"{name}: {bench.__doc__}" for name, bench in BENCHMARKS.items())
    return f"{benches} {_FLOODS} {_SOAK} {_FAULTS}"


def tell(text: str) -> None:
    """Show progress beside the figures, which go to standard output."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except RouterError as error:
        sys.exit(f"allo: {error}")
