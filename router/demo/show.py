"""The demo: one simulated call through the whole journey, told as it happens."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from router.ari.translate import CALLBACK_CHANNEL
from router.core.commands import Step
from router.demo.phones import CallerPhone
from router.demo.stage import FICHE, Stage
from router.demo.timeline import steps, tell
from router.places import writing

#: A call that takes longer has gone wrong.
_CALL_LIMIT_S = 240.0

Say = Callable[[str], None]


async def show(stage: Stage, say: Say, *, call: bool, once: bool, ready_file: Path | None) -> bool:
    """Open the stage, make the call, stay until Ctrl-C unless `once`; return whether all went well.

    Well means: the caller heard the informateur and the informateur heard the caller.
    """
    if ready_file is not None:
        with writing(ready_file):
            await asyncio.to_thread(ready_file.unlink, missing_ok=True)  # not of an earlier demo
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        if not await _or_stop(stage.open(), stopping):
            return True
        if ready_file is not None:
            _write(ready_file, stage.ready_file())
        heard = True
        for seat in stage.seats:
            for line in ("", *seat.how_to(stage.plan.desk)):
                say(line)
        if call:
            heard = False

            async def one_call() -> None:
                nonlocal heard
                for seat in stage.seats:
                    say(f"Waiting for a phone at seat {seat.agent} (Ctrl-C ends)")
                    await stage.taken(seat)
                heard = await _one_call(stage, say)

            if not await _or_stop(one_call(), stopping):
                return True
        if not once:
            for line in _what_to_try(stage):
                say(line)
            await _or_stop(_tell_callbacks(stage, say), stopping)
        return heard
    finally:
        say("stopping")
        await stage.close()


def _what_to_try(stage: Stage) -> list[str]:
    """Return what a person can do now, a line each."""
    # A number kept for fiction (Arcep): nobody's.
    answered = "a simulated phone rings, presses 1, and talks with an informateur"
    if stage.pstn is None:
        answered = f"it is dialled through {stage.script.trunk}"
    return [
        "",
        f"Dial {stage.plan.number} at {stage.sip}; the page with the waits is {stage.http}/",
        f"Be called back: open {stage.http}/rappel?fiche={FICHE}",
        f"  leave 06 39 98 12 34: {answered};",
        "  or cancel on the page while an informateur's phone rings.",
        "Ctrl-C ends.",
    ]


async def _tell_callbacks(stage: Stage, say: Say) -> None:
    """Tell every step of the callbacks from now on."""
    async for step in steps(stage.router_log, lambda: True):
        if step["call"].startswith(CALLBACK_CHANNEL):
            clock = stage.plan.hours.local(step["service_time"])
            say(f"  {clock:%H:%M:%S}  {tell(step, stage.plan)}")


async def _or_stop(work: Coroutine[Any, Any, object], stopping: asyncio.Event) -> bool:
    """Wait for `work`, or cancel it on Ctrl-C; return whether it came to its end."""
    task = asyncio.create_task(work)
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return False
    task.result()
    return True


async def _one_call(stage: Stage, say: Say) -> bool:
    """Dial, listen, type the code, talk; tell every step; return whether both heard the other."""
    code = stage.code()
    say("")
    say(f"A caller dials {stage.plan.number} and listens; the page shows the code {_pairs(code)}.")
    caller = CallerPhone(
        stage.toolbox, stage.sip, stage.state_dir / "sipp", number=stage.plan.number
    )
    over = asyncio.Event()
    begun = stage.now()
    seats = {seat.agent for seat in stage.seats}
    in_person = None

    def line(at: float, text: str) -> None:
        clock = stage.plan.hours.local(at)
        say(f"  {clock:%H:%M:%S}  {at - begun:+6.1f} s  {text}")

    async def tell_steps() -> None:
        nonlocal in_person
        async for step in steps(stage.router_log, lambda: not over.is_set()):
            line(step["service_time"], tell(step, stage.plan))
            if step["step"] == Step.TALKING and step.get("agent") in seats:
                in_person = step["agent"]
            if step["step"] == Step.CODE_REFUSED:  # a key was lost, or heard twice
                people.append(asyncio.create_task(behave()))
            if step["step"] == Step.VOTE_ASKED:
                people.append(asyncio.create_task(vote()))
            if step["step"] == Step.ENDED:
                over.set()

    async def behave() -> None:
        await caller.person.question_over()
        line(stage.now(), f"The caller has heard the question and types {_pairs(code)}.")
        caller.person.press(code)

    async def vote() -> None:
        for question in stage.plan.questions:
            await caller.person.question_over()
            key = max(question.scores, key=question.scores.__getitem__)
            line(stage.now(), f"The caller votes ({key}); nothing ties the vote to the call.")
            caller.person.press(key)

    async def listen(who: str, whom: str, person_heard: asyncio.Event) -> None:
        await person_heard.wait()
        line(stage.now(), f"{who} hears {whom}.")

    telling = asyncio.create_task(tell_steps())
    await asyncio.sleep(0.1)  # the log is open
    agents_heard = [phone.person.heard_tone for phone in stage.phones]
    people = [
        asyncio.create_task(behave()),
        asyncio.create_task(listen("The caller", "the informateur", caller.person.heard_tone)),
        *(
            asyncio.create_task(listen(f"Informateur {phone.agent}", "the caller", heard))
            for phone, heard in zip(stage.phones, agents_heard, strict=True)
        ),
    ]
    try:
        await caller.dial()
        # People talk for as long as they like.
        limit_s = stage.plan.targets.longest_call_s if seats else _CALL_LIMIT_S
        try:
            async with asyncio.timeout(limit_s):
                left = await caller.hung_up()
                await over.wait()
        except TimeoutError:
            say(f"  the call did not end within {limit_s:.0f} s")
            left = 1
        await asyncio.sleep(0.2)  # the last lines
    finally:
        over.set()
        for task in (*people, telling):
            task.cancel()
        await asyncio.gather(*people, telling, return_exceptions=True)
        await caller.stop()
    if in_person is not None and left == 0:
        say("")
        say(f"The caller was joined to seat {in_person}: what was heard there, you know.")
        return True
    both = caller.person.heard_tone.is_set() and any(heard.is_set() for heard in agents_heard)
    say("")
    if both and left == 0:
        say("The caller and the informateur heard each other.")
    else:
        who = "the caller" if not caller.person.heard_tone.is_set() else "the informateur"
        why = f"{who} heard nothing" if not both else f"SIPp ended with {left}"
        say(f"The call did not go as it should: {why}. See {stage.router_log}.")
    return both and left == 0


def _pairs(code: str) -> str:
    return " ".join(code[at : at + 2] for at in range(0, len(code), 2))


def _write(path: Path, text: str) -> None:
    """Write the ready-file whole or not at all."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.touch(mode=0o600)
        part.write_text(text)
        part.replace(path)
