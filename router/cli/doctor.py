"""./allo doctor: the running service examined from outside."""

from typing import Annotated

import typer

from router.cli.options import DemoConfigOption, or_demo_settings, say


def doctor(
    config: DemoConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Examine the running service from outside.

    Prints each finding with what to do about it; docs/troubleshooting.md leads from symptoms to
    them. Looks at Asterisk, the router, the carrier, phones, files, clock and machine, and makes
    one call to the service that is counted nowhere. Changes nothing. Exit 0: nothing is wrong; 1:
    warnings; 2: faults.
    """
    import asyncio

    from router import __version__
    from router.cli import provision
    from router.cli.check import stale_audio
    from router.config import Faulty, read_all
    from router.doctor.examination import examine
    from router.doctor.findings import Finding, exit_code, fault, table
    from router.doctor.findings import as_json as written
    from router.doctor.visit import visiting

    named = or_demo_settings(config)
    if named is None:
        raise typer.BadParameter(
            "name the settings (allo.toml), or start ./allo demo once", param_hint="--config"
        )
    sentences = provision.catalogue()
    read = read_all(named, sentences.prompts.keys())
    demo = False
    findings: list[Finding]
    if isinstance(read, Faulty):
        findings = [
            fault("configuration", one.place, one.reason, f"./allo check --config {named}")
            for one in read.problems
        ]
    else:
        fiches, plan = read.plan.fiches.values(), read.settings.plan.name
        all_sentences = sentences.with_titles(fiches, plan)

        async def visit() -> tuple[list[Finding], bool]:
            async with visiting(read, lambda: stale_audio(all_sentences, read.settings)) as around:
                return await examine(around), around.is_demo

        findings, demo = asyncio.run(visit())
    if as_json:
        say(written(findings, version=__version__, settings=str(named), demo=demo))
    else:
        say(table(findings))
    raise typer.Exit(exit_code(findings))
