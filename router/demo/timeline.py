"""The steps of a call in plain words, read from the router's log as it grows."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from router.core.commands import Step
from router.core.ids import SectorId
from router.core.plan import Plan

#: The sentence for each step on the timeline; {name}s are fields of the log's line.
WORDS: Mapping[Step, str] = {
    Step.ARRIVED: "The call is answered: welcome, price, no access to personal files.",
    Step.FOUND: "The call is found again after a restart.",
    Step.CLOSED: "The caller hears that the service is closed, and when it opens.",
    Step.ASKED: "The caller is asked for an access code or a domain.",
    Step.CODE_ACCEPTED: "The code is right: page {fiche}, domain « {sector} ».",
    Step.CODE_REFUSED: "The code is refused ({detail}).",
    Step.SPOKE: "Somebody is heard to speak: a person, who cannot type.",
    Step.MENU: "The caller hears the menu {detail}.",
    Step.PAGE: "The caller hears the information page {detail}.",
    Step.QUEUED: "The caller joins the queue, for « {sector} ».",
    Step.MOVED: "A new plan has the domain no more: the caller waits for « {sector} ».",
    Step.ANNOUNCED: "The caller hears the place in the queue ({detail}).",
    Step.RINGING: "The phone of informateur {agent} rings.",
    Step.MISSED: "Informateur {agent} did not take the call ({detail}): the next one is rung.",
    Step.WHISPERED: "Informateur {agent} picks up and hears what it is about.",
    Step.TALKING: "They are joined, after {seconds:.0f} s in the queue.",
    Step.REQUEUED: "The informateur was cut off ({detail}): the caller is first in the queue.",
    Step.AGENT_DONE: "Informateur {agent} hangs up after {seconds:.0f} s and notes the call.",
    Step.HELD: "Informateur {agent} puts the caller on hold.",
    Step.RETRIEVED: "Informateur {agent} and the caller hear each other again.",
    Step.TRANSFERRED: "Informateur {agent} gives the caller to « {sector} », first in the queue.",
    Step.CONSULTING: "Informateur {agent} is rung, to be consulted for « {sector} ».",
    Step.CONSULTED: "The two informateurs talk; the caller hears music.",
    Step.COMPLETED: "The caller goes on with informateur {agent}.",
    Step.CANCELLED: "Nothing came of it ({detail}): back to the caller.",
    Step.REFERRING: "The caller is being connected with {detail}.",
    Step.REFERRED: "The caller talks with {detail}.",
    Step.REFERRAL_SPOKEN: "The caller hears twice how to reach {detail}.",
    Step.TICKET_ACCEPTED: "A callback is promised, for « {sector} ».",
    Step.DIALLED: "The number is dialled ({detail}), and informateur {agent} hears the domain.",
    Step.PICKED_UP: "It is picked up: a person presses 1, a voicemail does not.",
    Step.NEXT_CARRIER: "A carrier does not take the call; the next one does.",
    Step.NOT_REACHED: "Nobody was reached ({detail}).",
    Step.NUMBER_LOST: "The number to call is lost: nobody can be called back.",
    Step.TICKET_ENDED: "The callback is over: {detail}; the number is gone.",
    Step.VOTE_ASKED: "The caller, who has stayed, is asked what the call was worth.",
    Step.WATCHED: "A supervisor takes part ({detail}), and both have been told.",
    Step.UNWATCHED: "The supervisor has left.",
    Step.UNPLAYED: "A prompt broke off, or its file cannot be played; the call goes on.",
    Step.REFUSED: "The caller cannot wait ({detail}), and hears what to do instead.",
    Step.ENDED: "The call is over: {outcome}, {seconds:.0f} s in all.",
}


def sentence(line: Mapping[str, Any], plan: Plan) -> str:
    """Return the sentence for one logged step."""
    sector = SectorId(line.get("sector", ""))
    names = {
        "fiche": line.get("fiche"),
        "sector": plan.sectors[sector].name if sector in plan.sectors else sector,
        "agent": line.get("agent"),
        "detail": line.get("detail", ""),
        "outcome": line.get("outcome"),
        "seconds": line.get("seconds") or 0.0,
    }
    return WORDS[Step(line["step"])].format(**names)


async def steps(log: Path, wanted: Callable[[], bool]) -> AsyncIterator[dict[str, Any]]:
    """Yield the steps that the router writes to `log` from now on, while `wanted()`."""
    with log.open(encoding="utf-8") as file:
        file.seek(0, 2)
        rest = ""
        while wanted():
            rest += file.read()
            *lines, rest = rest.split("\n")
            for text in lines:
                try:
                    line = json.loads(text)
                except ValueError:
                    continue  # not a line of the router's own
                if line.get("event") == "step":
                    yield line
            await asyncio.sleep(0.05)
