"""What callers hear: every sentence, in every format, where Asterisk looks for it."""

import asyncio

from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings
from router.voice.rendering import FORMATS

_SHOWN = 3
_RENDER = "./allo prompts --config {name}; Asterisk plays them from then on, without a restart."


async def rendered(around: Surroundings) -> list[Finding]:
    """Look for sentences without audio, or with that of an older text."""
    wrong = await asyncio.to_thread(around.stale_prompts)
    by_reason: dict[str, list[str]] = {}
    for problem in wrong:
        by_reason.setdefault(problem.reason, []).append(problem.place)
    return [
        warning(
            "prompts-stale",
            _listed(places),
            reason.removesuffix(": run ./allo prompts"),
            _RENDER.format(name=around.name),
        )
        for reason, places in by_reason.items()
    ]


async def there(around: Surroundings) -> list[Finding]:
    """Look for files that are gone, empty, or of another format, under the running service."""
    folder = around.asterisk.prompts_dir
    names = around.host.names(folder)
    sentences = {name.rpartition(".")[0] for name in names if name.endswith(FORMATS)}
    missing = sorted(
        f"{sentence}.{form}"
        for sentence in sentences
        for form in FORMATS
        if f"{sentence}.{form}" not in names
    )
    findings = []
    if not sentences:
        findings.append(
            fault(
                "prompts-missing",
                str(folder),
                "there is not a single prompt: callers hear nothing",
                _RENDER.format(name=around.name),
            )
        )
    elif missing:
        findings.append(
            fault(
                "prompts-missing",
                str(folder),
                f"{_listed(missing)} missing or empty: whoever should hear it hears nothing, or "
                "Asterisk transcodes",
                _RENDER.format(name=around.name),
            )
        )
    link = around.asterisk.data_dir / "sounds" / "fr" / "allo"
    target = around.host.target(link)
    if target != folder:
        findings.append(
            fault(
                "prompts-elsewhere",
                str(link),
                f"Asterisk looks for the prompts in {target or 'no folder'}, not in {folder}",
                f"./allo configure --config {around.name}.",
            )
        )
    return findings


async def music(around: Surroundings) -> list[Finding]:
    """Look for music for whoever waits."""
    folder = around.asterisk.music_dir
    if around.host.names(folder):
        return []
    return [
        warning(
            "music-missing",
            str(folder),
            "there is no music: whoever waits hears silence, and hangs up",
            f"./allo configure --config {around.name}, then restart Asterisk.",
        )
    ]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


CHECKS = (rendered, there, music)
