"""Commands about the configuration: ./allo check, prompts, configure, code."""

from pathlib import Path
from typing import Annotated

import typer

from router.cli.options import ConfigOption, SettingsOption, or_demo_settings, say


def check(config: ConfigOption = None) -> None:
    """Report every configuration error at once; change nothing.

    Checks the plan, informateurs, settings, secrets and prompts, and that the service's folders
    can be written. Exit 2 if there is any error.
    """
    from router.cli.check import problems
    from router.errors import ConfigError

    found = problems(config)
    if found:
        raise ConfigError(found)
    say("The configuration is right.")


def prompts(
    config: ConfigOption = None,
    loudness: Annotated[
        bool,
        typer.Option("--loudness", help="Print what each prompt's audio measures."),
    ] = False,
    script: Annotated[
        bool,
        typer.Option(
            "--script",
            help="Only print the sentences without a recording, as a script for a studio.",
        ),
    ] = False,
) -> None:
    """Render the prompts' audio: only what has changed.

    Says what is wrong with the recordings that take the voice's place: clipped, soft, cut off, of a
    wrong format or length. They are heard nevertheless, until they are replaced.
    """
    from router.cli import provision
    from router.config import load
    from router.voice import missing
    from router.voice import script as script_of
    from router.voice.examination import examined

    service = load(config)
    sentences = provision.sentences(service)
    if script:
        for line in script_of(missing(provision.RECORDINGS, sentences), sentences.pronunciation):
            print(line)
        return
    tools = provision.toolbox(say, provision.VOICE_PROGRAMS)
    choice = service.settings.voice
    voice = provision.voice_named(choice.engine, choice.model, tools)
    for fault in examined(provision.RECORDINGS, sentences, tools):
        say(str(fault))
    folder = provision.prompts(service, voice, tools, say)
    if loudness:
        from router.voice.measures import as_table, measured

        for line in as_table(measured(folder, sentences.prompts)):
            print(line)
    say(f"The prompts in {folder} are up to date.")


def configure(
    config: SettingsOption,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="DIR", help="Write it to this folder. Default: etc in state_dir."
        ),
    ] = None,
) -> None:
    """Write Asterisk's complete configuration.

    From plan, settings and secrets; ./allo asterisk start does this too.
    """
    import shlex

    from router.asterisk.configuration import render
    from router.asterisk.folders import lay_out
    from router.cli import provision
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


def code(
    fiche: Annotated[str, typer.Argument(metavar="FICHE", help="A page, for example F1234.")],
    config: ConfigOption = None,
) -> None:
    """Print a page's current access code."""
    from router.clock import Clock
    from router.config import load
    from router.core.codes import CodeBook, in_pairs
    from router.core.ids import FicheId

    named = or_demo_settings(config)
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
