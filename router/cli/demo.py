"""`./allo demo`: the whole service on this machine, with one simulated call."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from router import places
from router.cli.options import RecordOption, say, tape_on

if TYPE_CHECKING:
    from router.core.hours import Hours

#: With less than this left before closing, the demo waits for the next opening, in seconds.
_LEAST_OPEN_S = 600
#: The clock then starts this long after that opening, in the middle of the morning's work.
_AFTER_OPENING_S = 5400


def demo(
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="Stop after the call; exit 0 only if caller and informateur heard each other.",
        ),
    ] = False,
    agents: Annotated[
        int,
        typer.Option(
            "--agents", metavar="N", min=1, max=45, help="How many informateurs, from 101 on."
        ),
    ] = 3,
    desk: Annotated[
        list[str] | None,
        typer.Option(
            "--desk",
            metavar="ID",
            help="Leave this informateur's seat to a phone or browser of your own, for example "
            "103; may be repeated.",
        ),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            "--origin",
            metavar="URL",
            help="Let pages of this site ask for callbacks, for example http://localhost:8000; "
            "may be repeated.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="Start the service's clock at this local time, for example 2026-11-23T10:00. "
            "Default: now, or 90 minutes after the next opening.",
        ),
    ] = None,
    no_call: Annotated[bool, typer.Option("--no-call", help="Make no simulated call.")] = False,
    trunk: Annotated[
        str | None,
        typer.Option(
            "--trunk",
            metavar="HOST:PORT",
            help="Where outgoing calls go. Default: a simulated public network.",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", metavar="DIR", help="Keep state in this folder. Default: .allo/state."
        ),
    ] = None,
    ready_file: Annotated[
        Path | None,
        typer.Option(
            "--ready-file",
            metavar="FILE",
            help="Once ready, write addresses and secrets to this file as JSON.",
        ),
    ] = None,
    port_offset: Annotated[
        int,
        typer.Option("--port-offset", metavar="N", min=0, max=40000, help="Add N to every port."),
    ] = 0,
    record: RecordOption = None,
) -> None:
    """Run the whole service here, with one simulated call.

    Everything listens on loopback only; each step of the call is printed as it happens.
    """
    import asyncio

    from router.cli import provision
    from router.config import load
    from router.demo.script import Script
    from router.demo.show import show
    from router.demo.stage import Stage

    if record is not None:
        tape_on(record).close()  # the router opens it later: report a fault before anything starts
    seats = _seats(desk or [], agents)
    origins = tuple(_origin(one) for one in origin or [])
    service = load(None)
    hours = service.plan.hours
    opens_at = _service_start(at, hours)
    if state is None:
        state = places.HOME / ("state" if not port_offset else f"state-{port_offset}")
    tools = provision.toolbox(say)
    provision.prompts(service, provision.voice_named("espeak-ng", None, tools), tools, say)
    if opens_at is not None:
        say(f"the service's clock starts at {hours.local(opens_at):%Y-%m-%dT%H:%M, a %A}")
    script = Script(
        state_dir=state.resolve(),
        agents=agents,
        seats=seats,
        origins=origins,
        port_offset=port_offset,
        opens_at=opens_at,
        trunk=trunk,
        record=None if record is None else record.resolve(),
    )
    stage = Stage(script, tools, say)
    went_well = asyncio.run(show(stage, say, call=not no_call, once=once, ready_file=ready_file))
    raise typer.Exit(0 if went_well else 1)


def _seats(desks: list[str], agents: int) -> tuple[str, ...]:
    """Return the seats that are left free, without repetitions."""
    from router.demo.script import FIRST_AGENT

    known = [str(FIRST_AGENT + number) for number in range(agents)]
    for desk in desks:
        if desk not in known:
            raise typer.BadParameter(
                f"there is no informateur {desk}; there are {known[0]} to {known[-1]} (--agents)",
                param_hint="--desk",
            )
    return tuple(dict.fromkeys(desks))


def _origin(url: str) -> str:
    """Return `url` if it is an origin as browsers write it."""
    from router.config.settings import is_origin

    if not is_origin(url):
        raise typer.BadParameter(
            f"{url} is not what browsers call an origin; write it as https://www.example.org or "
            "http://localhost:8000, without a path",
            param_hint="--origin",
        )
    return url


def _service_start(at: str | None, hours: "Hours") -> float | None:
    """Return when the service's clock starts, in UTC epoch seconds; None: now.

    `at` if given; otherwise now while the service is open for a while yet, else some time after
    it opens next.
    """
    from router.clock import Clock

    if at is not None:
        try:
            local = datetime.fromisoformat(at)
        except ValueError:
            raise typer.BadParameter(
                f"{at} is not a time; write it as 2026-11-23T10:00", param_hint="--at"
            ) from None
        if local.tzinfo is None:
            local = local.replace(tzinfo=ZoneInfo(hours.zone))
        return local.timestamp()
    now = Clock().now()
    closes_at = hours.closes_at(now)
    if closes_at is not None and closes_at - now > _LEAST_OPEN_S:
        return None
    opens_at = hours.next_opening(now)
    return None if opens_at is None else opens_at + _AFTER_OPENING_S
