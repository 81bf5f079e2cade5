"""All checks, carried out side by side. None of them can keep the others from being told."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from router.doctor import (
    asterisk,
    clock,
    configuration,
    machine,
    masking,
    phones,
    privacy,
    prompts,
    routers,
    sound,
    storage,
    tls,
    trunk,
    web,
)
from router.doctor.findings import Finding, Level, Unseen, in_order, warning
from router.doctor.surroundings import Surroundings

Check = Callable[[Surroundings], Awaitable[Iterable[Finding]]]

CHECKS: tuple[Check, ...] = (
    *asterisk.CHECKS,
    *configuration.CHECKS,
    *routers.CHECKS,
    *masking.CHECKS,
    *privacy.CHECKS,
    *trunk.CHECKS,
    *phones.CHECKS,
    *sound.CHECKS,
    *prompts.CHECKS,
    *web.CHECKS,
    *storage.CHECKS,
    *tls.CHECKS,
    *machine.CHECKS,
    *clock.CHECKS,
)

#: A check that takes longer has met something that hangs.
PATIENCE_S = 20.0

#: What a demo is like by nature; anywhere else each of these is a warning or a fault.
OF_A_DEMO = frozenset(
    {"trunk-loopback", "trunk-unasked", "phones-unasked", "fiction", "probe-off", "clock-shifted"}
    | {"clock-free", "vault-swapped"}
)


async def examine(
    around: Surroundings, checks: Sequence[Check] = CHECKS, patience_s: float = PATIENCE_S
) -> list[Finding]:
    """Return what is found, each thing once, the worst first."""
    found = await asyncio.gather(*(_carried_out(check, around, patience_s) for check in checks))
    return in_order(_in_a_demo(finding) if _is_demo(around) else finding for finding in _all(found))


async def _carried_out(check: Check, around: Surroundings, patience_s: float) -> Iterable[Finding]:
    """Return what the check finds; that it found nothing out is a finding too."""
    name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
    try:
        async with asyncio.timeout(patience_s):
            return list(await check(around))
    except Unseen as unseen:
        return [unseen.finding]
    except TimeoutError:
        why = f"did not end within {patience_s:.0f} s"
    except Exception as error:  # its text may hold what must not be shown
        why = f"broke off ({type(error).__name__})"
    return [
        warning(
            "check-broken",
            f"check {name}",
            f"this check {why}",
            "Run ./allo doctor again; if it stays, report it: the check is wrong.",
        )
    ]


def _all(found: Iterable[Iterable[Finding]]) -> Iterable[Finding]:
    return (finding for findings in found for finding in findings)


def _is_demo(around: Surroundings) -> bool:
    try:
        return around.is_demo
    except Unseen:
        return False


def _in_a_demo(finding: Finding) -> Finding:
    return replace(finding, level=Level.NOTE) if finding.name in OF_A_DEMO else finding
