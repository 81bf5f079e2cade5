"""The command line: ./allo demo, test, run, replay, check, prompts, configure, code, report."""

import asyncio
import os
import sys
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from router import __version__, places, provision, telephony, year
from router.errors import ConfigError, InUse, RouterError, StoreError
from router.options import ConfigOption, DemoConfigOption, DirectorOption, or_the_demo_s, writing

if TYPE_CHECKING:
    from router.replay import Tape

app = typer.Typer(
    help="allo answers a public phone number with French prompts, access codes, opening hours "
    "and a queue for informateurs, on an Asterisk that it drives through ARI.\n\n"
    "Exit codes: 0 all is well, 1 it failed, 2 wrong words, a wrong configuration, or what it "
    "needs is in use.",
    invoke_without_command=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with locals could show what must not be shown
    rich_markup_mode=None,
)


@app.callback()
def allo(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        print(f"allo {__version__}")
        raise typer.Exit


RecordOption = Annotated[
    Path | None,
    typer.Option(
        "--record",
        metavar="FILE",
        help="Write down what is decided, and of what, without anybody's identity or number; "
        "for ./allo replay.",
    ),
]


def say(text: str) -> None:
    """Print a line of progress at once, also into a pipe."""
    print(text, flush=True)


@app.command()
def demo(
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="Stop after the call; exit 0 only if caller and informateur heard each other.",
        ),
    ] = False,
    agents: Annotated[
        int, typer.Option("--agents", min=1, max=45, help="How many informateurs, from 101 on.")
    ] = 3,
    desk: Annotated[
        list[str] | None,
        typer.Option(
            "--desk",
            metavar="ID",
            help="Leave this informateur's seat to a phone of your own, as 103; may be repeated.",
        ),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            "--origin",
            metavar="URL",
            help="Let pages of this site ask for callbacks, as http://localhost:8000; may be "
            "repeated.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="The service's clock, local time, as 2026-11-23T10:00. "
            "Default: now, or 10:00 of the next open day.",
        ),
    ] = None,
    no_call: Annotated[bool, typer.Option("--no-call", help="Make no simulated call.")] = False,
    trunk: Annotated[
        str | None,
        typer.Option("--trunk", metavar="HOST:PORT", help="Where outgoing calls would go."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="Keep state there. Default: .allo/state."),
    ] = None,
    ready_file: Annotated[
        Path | None,
        typer.Option(
            "--ready-file",
            metavar="FILE",
            help="Write addresses and secrets there as JSON once ready.",
        ),
    ] = None,
    port_offset: Annotated[
        int, typer.Option("--port-offset", min=0, max=40000, help="Add N to every port.")
    ] = 0,
    record: RecordOption = None,
) -> None:
    """Run the whole service here, with one simulated call.

    Everything listens on loopback; every step of the call is told as it happens.
    """
    from router.config import load
    from router.demo.show import show
    from router.demo.stage import Script, Stage

    if record is not None:
        _tape(record).close()  # what is wrong with it is told now
    seats = _seats(desk or [], agents)
    origins = tuple(_origin(one) for one in origin or [])
    service = load(None)
    hours = service.plan.hours
    opens_at = _service_start(at, hours)
    if state is None:
        state = provision.HOME / ("state" if not port_offset else f"state-{port_offset}")
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


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="[WORDS OF PYTEST]...",
)
def test(context: typer.Context) -> None:
    """Run all tests, on a real Asterisk where they need one.

    Three at a time, as most of it is waiting; with words, one after the other.

    ./allo test tests/cli/test_cli.py: one file; -k WORD: what has it in its name; -x: stop at the
    first failure. Left out unless asked for, by -m load, canary, browser, or container: long
    ones, and those that need more than ./allo installs. All that pytest takes:
    ./allo test -- --help
    """
    from router.config import load

    tools = provision.toolbox(say)
    voice = provision.voice_named("espeak-ng", None, tools)
    provision.prompts(load(None), voice, tools, say)
    os.chdir(provision.TOP)
    # tests/conftest.py says what goes together and what first.
    side_by_side = ("-n", "3", "--dist", "loadscope", "--no-loadscope-reorder")
    words = context.args or side_by_side
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *words])


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],  # tests/load/command.py says what can be measured
    }
)
def bench(context: typer.Context) -> None:
    """Measure calls, choices, rings, callbacks or the engine."""
    command = [sys.executable, "-m", "tests.load.command", *context.args]
    os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": str(provision.TOP)})


@app.command()
def run(
    config: Annotated[
        Path, typer.Option("--config", metavar="FILE", help="The settings (allo.toml).")
    ],
    clock_offset: Annotated[
        float,
        typer.Option(
            "--clock-offset", metavar="SECONDS", help="Shift the service's clock, for rehearsals."
        ),
    ] = 0.0,
    record: RecordOption = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over", help="Even if another router serves this Asterisk: that one then stops."
        ),
    ] = False,
) -> None:
    """Run the service beside its Asterisk, until SIGTERM."""
    import uvloop

    from router import logs
    from router.clock import Clock
    from router.config import load
    from router.service.live import spare_the_collector
    from router.service.service import Service

    loaded = load(config, provision.catalogue().prompts.keys())
    log = loaded.settings.log
    logs.configure(level=log.level, console=log.format == "console")
    tape = None if record is None else _tape(record)

    async def serve() -> None:
        service = Service(loaded, Clock(clock_offset), tape, take_over=take_over)
        spare_the_collector()
        await service.run()

    uvloop.run(serve())


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="Written with --record.")],
    config: DemoConfigOption = None,
) -> None:
    """Decide again what --record wrote down.

    Exit 1 at the first difference.
    """
    from router import replay as recordings
    from router.config import load

    try:
        replayed = recordings.replay(recording, load(or_the_demo_s(config)).plan)
    except recordings.Difference as difference:
        say(str(difference))
        raise typer.Exit(1) from None
    except StoreError as error:
        print(f"allo: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    say(str(replayed))


@app.command()
def check(config: ConfigOption = None) -> None:
    """Tell every configuration error at once; write nothing.

    In plan, informateurs, settings, secrets and prompts, and folders that cannot be written.
    Exit 2 if there is any.
    """
    from router.check import problems

    found = problems(config)
    if found:
        raise ConfigError(found)
    say("The configuration is right.")


@app.command()
def prompts(config: ConfigOption = None) -> None:
    """Render the prompts' audio: only what changed."""
    from router.config import load

    tools = provision.toolbox(say, provision.VOICE_PROGRAMS)
    service = load(config)
    choice = service.settings.voice
    voice = provision.voice_named(choice.engine, choice.model, tools)
    folder = provision.prompts(service, voice, tools, say)
    say(f"The prompts in {folder} are up to date.")


@app.command()
def configure(
    config: Annotated[
        Path, typer.Option("--config", metavar="FILE", help="The settings (allo.toml).")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="DIR", help="Where to write it. Default: etc in state_dir."
        ),
    ] = None,
) -> None:
    """Write Asterisk's complete configuration.

    From plan, settings and secrets; ./allo asterisk start does so too.
    """
    import shlex

    from router.asterisk.configuration import render
    from router.asterisk.folders import lay_out
    from router.config import load

    settings = load(config).asterisk()
    target = (output or settings.config_dir).resolve()
    tools = provision.toolbox(say, ("asterisk", "sox"))
    render(settings, tools, target)
    lay_out(settings, tools)
    if target == settings.config_dir:
        command = ["./allo", "asterisk", "start", "--config", str(config)]
    else:
        variables = (f"{name}={value}" for name, value in tools.environment("asterisk").items())
        words = [*tools.command("asterisk"), "-f", "-C", str(target / "asterisk.conf")]
        command = ["env", *variables, *words]
    say(f"Asterisk's configuration is in {target}. Start it with: {shlex.join(command)}")


@app.command()
def code(
    fiche: Annotated[str, typer.Argument(metavar="FICHE", help="A page, as F1234.")],
    config: ConfigOption = None,
) -> None:
    """Print the access code of a page now."""
    from router.clock import Clock
    from router.config import load
    from router.core.codes import CodeBook, in_pairs
    from router.core.ids import FicheId

    named = or_the_demo_s(config)
    loaded = load(named)
    if fiche not in loaded.plan.fiches:
        known = ", ".join(list(loaded.plan.fiches)[:5])
        raise typer.BadParameter(
            f"{loaded.settings.plan.name} has no page {fiche}; see its [fiches]: {known}, …",
            param_hint="FICHE",
        )
    if loaded.secrets is None:
        raise typer.BadParameter(
            "codes are made with the service's secret: name its settings, or start ./allo demo "
            "once",
            param_hint="--config",
        )
    book = CodeBook.of(loaded.plan, loaded.secrets.code_secret)
    print(in_pairs(book.code(FicheId(fiche), Clock().now())))


@app.command()
def report(
    first: Annotated[
        str, typer.Option("--from", metavar="DAY", help="The first day, as 2026-01-01.")
    ],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="The last day, included.")],
    config: DemoConfigOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything as JSON, with ids of definitions.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write one self-contained page there too."),
    ] = None,
    director: DirectorOption = None,
) -> None:
    """Print the key figures of a range of days, in French.

    Calls, satisfaction, subjects, referrals.
    """
    from router import report as reports
    from router.clock import Clock
    from router.config import load
    from router.store import FILE_NAME, Store

    first_day, last_day = _day(first, "--from"), _day(last, "--to")
    if last_day < first_day:
        raise typer.BadParameter(
            f"{last} is before {first}; give the earlier day to --from", param_hint="--to"
        )
    loaded = load(or_the_demo_s(config))
    place = loaded.settings.state_dir / FILE_NAME
    if not place.exists():
        raise typer.BadParameter(
            f"{place} does not exist: nothing was counted yet; start the service "
            "(./allo demo, ./allo run), or name its settings here",
            param_hint="--config",
        )
    plan, zone = loaded.plan, loaded.plan.hours.zone
    with closing(Store.open_to_read(place)) as store:
        # A rehearsal's clock may be ahead of this one: what it counted is not the future.
        counted = store.last_day(zone)
        today = max(filter(None, (counted, plan.hours.local(Clock().now()).date())))
        if last_day > today:
            raise typer.BadParameter(
                f"{last} is in the future; give {today} or an earlier day", param_hint="--to"
            )

        def published(first: date, last: date) -> reports.Report:
            return reports.publish(
                plan,
                first,
                last,
                store.calls(first, last, zone),
                store.subjects(first, last),
                store.votes(first, last),
                store.duty(first, last),
                provision.catalogue().texts,
                ballots=store.ballots(first, last),
                today=today,
            )

        made = published(first_day, last_day)
        before = published(*reports.year_before(first_day, last_day)) if director else None
    if html is not None:
        with writing(html, "--html"):
            reports.write_page(made, html)
        print(f"The page is in {html}.", file=sys.stderr)
    if director is not None:
        with writing(director, "--director"):
            reports.write_board(reports.board_of(plan, made, before), director)
        print(f"The director's page is in {director}.", file=sys.stderr)
    print(reports.as_json(made) if as_json else reports.as_text(made), end="")


app.add_typer(telephony.app, name="asterisk")
for command in (year.simulate, year.staff, year.policies):
    app.command()(command)


def _tape(path: Path) -> "Tape":
    """Open what is recorded on."""
    from router.replay import Tape

    try:
        return Tape(path)
    except StoreError as error:
        raise typer.BadParameter(str(error), param_hint="--record") from None


def _seats(desks: list[str], agents: int) -> tuple[str, ...]:
    """Return the seats that are left free, each once."""
    from router.demo.stage import FIRST_AGENT

    known = [str(FIRST_AGENT + number) for number in range(agents)]
    for desk in desks:
        if desk not in known:
            raise typer.BadParameter(
                f"there is no informateur {desk}; there are {known[0]} to {known[-1]} (--agents)",
                param_hint="--desk",
            )
    return tuple(dict.fromkeys(desks))


def _origin(url: str) -> str:
    """Return the origin that was given, as browsers name it."""
    from router.config.settings import is_origin

    if not is_origin(url):
        raise typer.BadParameter(
            f"{url} is not what browsers call an origin; write it as https://www.example.org or "
            "http://localhost:8000, without a path",
            param_hint="--origin",
        )
    return url


def _day(text: str, option: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        raise typer.BadParameter(
            f"{text} is not a day; write it as 2026-01-31", param_hint=option
        ) from None


def _service_start(at: str | None, hours: object) -> float | None:
    """Return where the service's clock starts: `at`, or the next opening; None: now."""
    from router.clock import Clock
    from router.core.hours import Hours

    assert isinstance(hours, Hours)
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
    if closes_at is not None and closes_at - now > 600:
        return None
    opens_at = hours.next_opening(now)
    return None if opens_at is None else opens_at + 5400


#: Asks for what may come next at the command line, as shells do (`./allo --show-completion`).
COMPLETE = "_ALLO_COMPLETE"
#: Typer's: `--show-completion bash` takes the shell's name instead of guessing it.
SHELL_IS_NAMED = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"


def _name() -> str:
    """Return how we are called: to shells by the bare name, which stands for every path to it."""
    about_completion = COMPLETE in os.environ or any(
        "-completion" in word for word in sys.argv[1:2]
    )
    return "allo" if about_completion else "./allo"


def main() -> None:
    """Run the command line; every expected error is a sentence, never a traceback."""
    os.environ[SHELL_IS_NAMED] = "1"
    try:
        try:
            app(prog_name=_name(), complete_var=COMPLETE)
        finally:
            sys.stdout.flush()  # of a full disk, here a sentence can still be said
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except RouterError as error:
        print(f"allo: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, InUse) else 1)
    except OSError as error:
        if error.errno not in places.REMEDIES:
            raise
        print(f"allo: {places.unwritable(error)}", file=sys.stderr)
        os._exit(1)  # what could not be written must not be tried again


if __name__ == "__main__":
    main()
