"""The commands about a simulated year: ./allo simulate, staff, policies."""

import os
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from router import provision
from router.errors import SetupError
from router.options import ConfigOption, DirectorOption, writing

if TYPE_CHECKING:
    from router.simulation.run import Simulation

YearOption = Annotated[
    int, typer.Option("--year", min=2000, max=2100, help="Its days, holidays and hours.")
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, help="Another one: other callers, by the same rules.")
]
WorkloadOption = Annotated[
    str | None,
    typer.Option(
        "--workload",
        metavar="FILE|NAME",
        help="What people do. Default: that of the year, or of 2025.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print everything as JSON: same seed, same bytes.")
]


def simulate(
    year: YearOption = 2025,
    seed: SeedOption = 1,
    agents: Annotated[
        int | None,
        typer.Option(
            "--agents", min=1, help="So many informateurs, with the plan's skills in proportion."
        ),
    ] = None,
    workload: WorkloadOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write one self-contained page there too."),
    ] = None,
    director: DirectorOption = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw it there too, as .svg or .png."),
    ] = None,
) -> None:
    """Let a year happen on a virtual clock; print its figures.

    Every call is decided by the engine that answers the phone. The figures are in French.
    """
    from dataclasses import replace

    from router import report as reports
    from router.config import load
    from router.service.live import spare_the_collector
    from router.simulation import pictures, poster, text
    from router.simulation.figures import figures_of
    from router.simulation.roster import with_agents
    from router.simulation.run import Simulation, speech_s
    from router.simulation.workload import load_workload

    # What is wrong with them is told now, not after the year.
    for path, option in ((html, "--html"), (director, "--director"), (plot, "--plot")):
        if path is not None:
            with writing(path, option):
                reports.try_to_write(path)
    if plot is not None:
        _check_plot(plot)
    service = load(config)
    plan = service.plan
    if agents is not None:
        plan = replace(plan, agents=with_agents(plan, agents))
    people = load_workload(_workload(workload, year), plan)
    sentences = provision.sentences(service).texts
    run_ = Simulation(plan, people, year, seed, speech_s(sentences))
    spare_the_collector()
    _let_happen(run_)
    made = figures_of(run_, sentences)
    if html is not None:
        with writing(html, "--html"):
            reports.write_whole(pictures.as_page(made).encode(), html)
        print(f"The page is in {html}.", file=sys.stderr)
    if director is not None:
        with writing(director, "--director"):
            reports.write_board(pictures.board_of(made, plan), director)
        print(f"The director's page is in {director}.", file=sys.stderr)
    if plot is not None:
        png = plot.suffix.lower() == ".png"
        drawn = poster.as_png(made) if png else poster.as_svg(made).encode()
        with writing(plot, "--plot"):
            reports.write_whole(drawn, plot)
        print(f"The picture is in {plot}.", file=sys.stderr)
    print(text.as_json(made) if as_json else text.as_text(made), end="")


def _let_happen(year: "Simulation") -> None:
    """Let the year happen, with the day reached on a terminal."""
    try:
        with typer.progressbar(
            year.days,
            label=str(year.year),
            item_show_func=lambda one: None if one is None else f"{one.day}",
            file=sys.stderr,
            hidden=not sys.stderr.isatty(),
        ) as days:
            for day in days:
                year.run_day(day)
    except KeyboardInterrupt:
        over = list(year.tally.days)
        reached = f"up to {over[-1]}, " if over else ""
        print(
            f"allo: interrupted after {len(over)} of {len(year.days)} days, {reached}"
            f"{year.events} events and {sum(year.tally.outcomes.values())} calls",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None


def staff(
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="NAME=PERCENT",
            help="live: calls answered in the plan's time; promise: callbacks kept; accepted: "
            "callbacks accepted; abandon: callers who give up, at most. May be repeated. "
            "Default: live=80, promise=99.5 and accepted=95.",
        ),
    ] = None,
    year: YearOption = 2025,
    seed: SeedOption = 1,
    workload: WorkloadOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how many informateurs each half-hour and team need.

    In French, and checked by simulating it. Exit 1 when the check misses a target.
    """
    from router.config import load
    from router.planning import staffing_text
    from router.planning.staffing import Staffing
    from router.planning.targets import aims
    from router.service.live import spare_the_collector
    from router.simulation.run import speech_s
    from router.simulation.workload import load_workload

    wanted = aims(target or ())
    service = load(config)
    plan = service.plan
    people = load_workload(_workload(workload, year), plan)
    begun = perf_counter()
    reached = ""

    def progress(what: str, run_: int, most: int) -> None:
        nonlocal reached
        reached = f"{what}, month {run_} of at most {most}"
        print(f"{perf_counter() - begun:4.0f} s  {reached}", file=sys.stderr, flush=True)

    staffing = Staffing(
        plan, people, year, seed, wanted, speech_s(provision.sentences(service).texts), progress
    )
    spare_the_collector()
    try:
        answer = staffing.answer()
    except KeyboardInterrupt:
        print(
            f"allo: interrupted in {reached}, after {staffing.events} events; nothing was checked",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    print(
        f"{perf_counter() - begun:4.0f} s  done: {answer.rounds} answers simulated, the last one "
        f"checked, {answer.events} events",
        file=sys.stderr,
    )
    made = staffing_text.as_json if as_json else staffing_text.as_text
    print(made(answer, staffing), end="")
    raise typer.Exit(0 if answer.reached else 1)


def policies(
    year: YearOption = 2025,
    seed: SeedOption = 1,
    away: Annotated[
        float,
        typer.Option("--away", min=0.0, max=0.95, help="This share of the informateurs is away."),
    ] = 0.0,
    every: Annotated[
        int, typer.Option("--every", min=1, max=26, help="One week in so many is simulated.")
    ] = 4,
    workload: WorkloadOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare ways to order the queue, on the same weeks.

    Ways to ask informateurs and to promise callbacks, too.
    """
    import json

    from router.config import load
    from router.planning import policies as compared
    from router.service.live import spare_the_collector
    from router.simulation.run import speech_s
    from router.simulation.workload import load_workload

    service = load(config)
    plan = service.plan
    people = load_workload(_workload(workload, year), plan)
    setting = compared.Setting(
        plan, people, year, seed, speech_s(provision.sentences(service).texts)
    )
    if away:
        setting = compared.short_of_staff(setting, away)
    reached = (0, 0)

    def progress(done: int, of: int) -> None:
        nonlocal reached
        reached = done, of
        if sys.stderr.isatty():
            print(f"\r{done} of {of} weeks", end="", file=sys.stderr, flush=True)

    spare_the_collector()
    try:
        made = compared.compare(
            setting,
            list(compared.POLICIES),
            progress,
            every=every,
            processes=os.cpu_count() or 1,
        )
    except KeyboardInterrupt:
        print(f"\nallo: interrupted after {reached[0]} of {reached[1]} weeks", file=sys.stderr)
        raise typer.Exit(130) from None
    print(file=sys.stderr)
    if as_json:
        print(json.dumps(compared.as_json(made), indent=2))
    else:
        print(compared.as_markdown(made), end="")


def _workload(word: str | None, year: int) -> Path:
    """Return the workload's file: a shipped one by its name, or any."""
    from router.simulation.workload import SHIPPED

    names = sorted(path.stem for path in SHIPPED.glob("*.toml"))
    if word is None:
        word = str(year)
        if word not in names:
            print(f"No workload is named {year}: people do as in 2025.", file=sys.stderr)
            word = "2025"
    if word in names:
        return SHIPPED / f"{word}.toml"
    if not Path(word).exists():
        raise typer.BadParameter(
            f"{word} is no file, nor a workload that ships with allo ({', '.join(names)})",
            param_hint="--workload",
        )
    return Path(word)


def _check_plot(plot: Path) -> None:
    from router.simulation import poster

    if plot.suffix.lower() not in (".svg", ".png"):
        raise typer.BadParameter(f"{plot} must end in .svg or .png", param_hint="--plot")
    if plot.suffix.lower() == ".png":
        try:
            poster.drawer()
        except SetupError as error:
            raise typer.BadParameter(str(error), param_hint="--plot") from None
