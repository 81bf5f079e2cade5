"""Every step has a sentence, and the router's log is read as it grows."""

import asyncio
import json
from pathlib import Path

from router.config import load
from router.core.commands import Step
from router.core.facts import Outcome
from router.demo.timeline import WORDS, sentence, steps
from tests.patience import PATIENCE_S

PLAN = load(None).plan


def test_every_step_has_a_sentence() -> None:
    assert set(WORDS) == set(Step)
    for step in Step:
        line = {"step": step.value, "agent": "101", "seconds": 2.4, "detail": "menu-main"}
        text = sentence(line, PLAN)
        assert text[0].isupper()
        assert text.endswith(".")
        assert "{" not in text
        assert "None" not in text or step in (Step.CODE_ACCEPTED, Step.ENDED, Step.QUEUED)


def test_a_domain_has_its_name() -> None:
    line = {"step": Step.CODE_ACCEPTED, "fiche": "F1234", "sector": "logement-location"}
    assert sentence(line, PLAN) == "The code is right: page F1234, domain « Rapports locatifs »."


def test_the_end_has_the_outcome_and_the_duration() -> None:
    line = {"step": Step.ENDED, "outcome": Outcome.ANSWERED.value, "seconds": 51.3}
    assert sentence(line, PLAN) == "The call is over: answered, 51 s in all."


async def test_steps_are_read_as_they_are_written(tmp_path: Path) -> None:
    log = tmp_path / "router.log"
    log.write_text(json.dumps({"event": "step", "step": "arrived"}) + "\n")  # an earlier call
    wanted = True
    told: list[str] = []
    open_and_reading = asyncio.Event()

    def still() -> bool:
        open_and_reading.set()
        return wanted

    async def follow() -> None:
        nonlocal wanted
        async for line in steps(log, still):
            told.append(line["step"])
            if line["step"] == "ended":
                wanted = False

    following = asyncio.create_task(follow())
    await open_and_reading.wait()
    with log.open("a") as file:
        file.write(json.dumps({"event": "step", "step": "menu"}) + "\nWARNING library\n")
        file.write(json.dumps({"event": "started"}) + "\n")
        file.write('{"event": "step", "st')  # half a line
        file.flush()
        file.write('ep": "ended"}\n')
    async with asyncio.timeout(PATIENCE_S):
        await following
    assert told == ["menu", "ended"]
