"""Commands that simulate a year: ./allo simulate, staff, policies."""

import os
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.options import ConfigOption, DirectorOption, HtmlOption, writing
from router.errors import SetupError

if TYPE_CHECKING:
    from router.simulation.run import Simulation

YearOption = Annotated[
    int,
    typer.Option(
        "--year",
        metavar="YEAR",
        min=2000,
        max=2100,
        help="The year whose days, holidays and opening hours apply.",
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed",
        metavar="N",
        min=0,
        help="Seed of all chance: another one gives other callers on the same assumptions.",
    ),
]
WorkloadOption = Annotated[
    str | None,
    typer.Option(
        "--workload",
        metavar="FILE|NAME",
        help="What people do: a file, or one that ships with allo. Default: that of the year, or "
        "2025.",
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print everything as JSON; the same seed gives the same bytes."),
]


def simulate(
    year: YearOption = 2025,
    seed: SeedOption = 1,
    agents: Annotated[
        int | None,
        typer.Option(
            "--agents",
            metavar="N",
            min=1,
            help="Simulate this many informateurs, with the plan's skills in proportion. Default: "
            "the plan's.",
        ),
    ] = None,
    workload: WorkloadOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    html: HtmlOption = None,
    director: DirectorOption = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Also draw its charts to this file, .svg or .png."
        ),
    ] = None,
) -> None:
    """Simulate a year on a virtual clock; print its figures.

    Every call is decided by the same engine that answers the phone. The figures are in French.
    """
    from dataclasses import replace

    from router import report as reports
    from router.cli import provision
    from router.config import load
    from router.planning.needed import needed_of
    from router.service.live import spare_the_collector
    from router.simulation import page, text
    from router.simulation import plot as plotted
    from router.simulation.figures import figures_of
    from router.simulation.roster import with_agents
    from router.simulation.run import Simulation, speech_s
    from router.simulation.workload import load_workload

    # A file that cannot be written is reported now, not after the year.
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
    people = load_workload(workload_file(workload, year), plan)
    sentences = provision.sentences(service).texts
    run_ = Simulation(plan, people, year, seed, speech_s(sentences))
    spare_the_collector()
    _let_happen(run_)
    made = figures_of(run_, sentences, needed_of(run_))
    if html is not None:
        with writing(html, "--html"):
            reports.write_whole(page.as_page(made).encode(), html)
        print(f"The page is in {html}.", file=sys.stderr)
    if director is not None:
        with writing(director, "--director"):
            reports.write_board(page.board_of(made, plan, service.publication), director)
        print(f"The director's page is in {director}.", file=sys.stderr)
    if plot is not None:
        png = plot.suffix.lower() == ".png"
        drawn = plotted.as_png(made) if png else plotted.as_svg(made).encode()
        with writing(plot, "--plot"):
            reports.write_whole(drawn, plot)
        print(f"The picture is in {plot}.", file=sys.stderr)
    print(text.as_json(made) if as_json else text.as_text(made), end="")


def _let_happen(year: "Simulation") -> None:
    """Run the whole year, showing the day reached on a terminal."""
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
            help="What to reach. live: calls answered within the plan's target; promise: callbacks "
            "made within the time promised; accepted: callback requests accepted; abandon: "
            "callers who give up, at most. May be repeated. Default: live=80, promise=99.5 and "
            "accepted=95.",
        ),
    ] = None,
    year: YearOption = 2025,
    seed: SeedOption = 1,
    workload: WorkloadOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Calculate how many informateurs each team needs, by half-hour.

    In French, and checked by simulation. Exit 1 if the check misses a target.
    """
    from router.cli import provision
    from router.config import load
    from router.planning.staffing import Staffing
    from router.planning.staffing_json import as_json as json_of
    from router.planning.staffing_text import as_text as text_of
    from router.planning.targets import aims
    from router.service.live import spare_the_collector
    from router.simulation.run import speech_s
    from router.simulation.workload import load_workload

    wanted = aims(target or ())
    service = load(config)
    plan = service.plan
    people = load_workload(workload_file(workload, year), plan)
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
    print((json_of if as_json else text_of)(answer, staffing), end="")
    raise typer.Exit(0 if answer.reached else 1)


def policies(
    year: YearOption = 2025,
    seed: SeedOption = 1,
    away: Annotated[
        float,
        typer.Option(
            "--away",
            metavar="SHARE",
            min=0.0,
            max=0.95,
            help="The share of the informateurs who are away.",
        ),
    ] = 0.0,
    every: Annotated[
        int,
        typer.Option("--every", metavar="N", min=1, max=26, help="Simulate one week in N."),
    ] = 4,
    workload: WorkloadOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare ways to order the queue, over the same weeks.

    And ways to choose informateurs and to promise callbacks.
    """
    import json

    from router.cli import provision
    from router.config import load
    from router.planning import policies as compared
    from router.service.live import spare_the_collector
    from router.simulation.run import speech_s
    from router.simulation.workload import load_workload

    service = load(config)
    plan = service.plan
    people = load_workload(workload_file(workload, year), plan)
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


def workload_file(word: str | None, year: int) -> Path:
    """Return the file of a workload: one that ships with allo, by its name, or any file."""
    from router.simulation.workload import SHIPPED

    names = sorted(path.stem for path in SHIPPED.glob("*.toml"))
    if word is None:
        word = str(year)
        if word not in names:
            print(f"There is no workload {year}: people behave as in 2025.", file=sys.stderr)
            word = "2025"
    if word in names:
        return SHIPPED / f"{word}.toml"
    if not Path(word).exists():
        raise typer.BadParameter(
            f"{word} is neither a file nor a workload that ships with allo ({', '.join(names)})",
            param_hint="--workload",
        )
    return Path(word)


def _check_plot(plot: Path) -> None:
    """See that the picture can be drawn, before the year is run."""
    from router.simulation.plot import converter

    if plot.suffix.lower() not in (".svg", ".png"):
        raise typer.BadParameter(f"{plot} must end in .svg or .png", param_hint="--plot")
    if plot.suffix.lower() == ".png":
        try:
            converter()
        except SetupError as error:
            raise typer.BadParameter(str(error), param_hint="--plot") from None
