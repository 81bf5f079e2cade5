"""Follows a running Asterisk, and tells whom it refuses, for as long as it is let."""

import asyncio
import time
from collections.abc import Callable

from router.asterisk.settings import REFUSALS_USER, AsteriskSettings
from router.doctor.ami import Account, AmiDoor
from router.doctor.findings import Unseen
from router.notify import Notifier
from router.refusals.refused import Spared, Teller

#: How often events are taken up, the connection is tried, and a lost one is made anew, in seconds.
_TAKE_UP_S = 0.2
_TRY_S = 5.0
_AGAIN_S = 5.0


async def tell(
    settings: AsteriskSettings,
    spared: Spared,
    out: Callable[[str], None],
    trouble: Callable[[str], None],
    notifier: Notifier,
) -> None:
    """Tell every refusal to `out`, a line each, until cancelled.

    An Asterisk that is away, or has gone, is told to `trouble` once, and waited for.
    """
    teller = Teller(spared)
    is_told = False
    while True:
        account = Account(REFUSALS_USER, settings.refusals_password)
        try:
            async with AmiDoor(settings, account) as door, door.listening() as heard:
                notifier.ready()
                notifier.status("listening to Asterisk")
                is_told = False
                await _follow(door, heard, teller, out, notifier)
        except Unseen as error:
            if not is_told:
                trouble(f"waiting for Asterisk ({error.finding.place}). {error.finding.remedy}")
            is_told = True
            notifier.ready()  # a start that waited for Asterisk would be killed
            notifier.alive()
            notifier.status("waiting for Asterisk")
        await asyncio.sleep(_AGAIN_S)


async def _follow(
    door: AmiDoor,
    heard: list[str],
    teller: Teller,
    out: Callable[[str], None],
    notifier: Notifier,
) -> None:
    tried = time.monotonic()
    while True:
        await asyncio.sleep(_TAKE_UP_S)
        now = time.monotonic()
        events, heard[:] = list(heard), []
        for event in events:
            fields = dict(line.split(": ", 1) for line in event.splitlines() if ": " in line)
            if (line := teller.line(fields, now)) is not None:
                out(line)
        if now - tried >= _TRY_S:
            await door.ask("Ping")
            notifier.alive()
            tried = now
