"""Numbers leave the intake for the vault and Asterisk only: not by log, channel or page."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from router import logs
from router.core.ids import CallId
from router.intake.channel import Channel
from tests.intake.scene import ORIGIN, SERVER, IntakeScene, digits, new_number, scene
from tests.intake.test_digits import QueuedCaller
from tests.intake.test_pages import post
from tests.service_plan import FICHE


def spellings(number: str) -> set[bytes]:
    """Ways of writing a number, or at least its last eight digits."""
    plain = digits(number)
    tail = plain[2:]
    texts = {tail, tail[::-1], " ".join(tail[n : n + 2] for n in range(0, 8, 2))}
    texts |= {".".join(tail[n : n + 2] for n in range(0, 8, 2)), tail.encode("utf-16-le").hex()}
    found = {text.encode() for text in texts} | {tail.encode().hex().encode()}
    found |= {tail.encode("utf-16-le"), tail.encode("utf-16-be"), bytes.fromhex(tail)}
    for shift in range(3):
        coded = base64.b64encode(b"x" * shift + plain.encode() + b"x")
        found.add(coded[4:-8])
    return found


def hits(places: dict[str, bytes], numbers: list[str]) -> list[tuple[str, bytes]]:
    return [
        (place, spelling)
        for place, content in places.items()
        for number in numbers
        for spelling in spellings(number)
        if spelling in content
    ]


async def use_everything(here: IntakeScene) -> list[str]:
    """Use every way in, well-formed and malformed, and return the numbers that went in."""
    numbers = [new_number() for _ in range(14)]
    given = iter(numbers)
    await here.accepted(next(given))
    taken = next(given)
    ticket = await here.accepted(taken, key="taken-key")
    await here.ask({"phone": taken, "fiche": FICHE})
    await here.ask({"phone": next(given), "fiche": "F9"})
    await here.ask({"phone": [next(given)], "fiche": FICHE})
    await here.ask({"phone": next(given) + "12", "fiche": FICHE})
    await here.ask({next(given): "x"})
    await here.ask(data=f'{{"phone": "{next(given)}"'.encode())
    await here.ask({"phone": next(given), "fiche": FICHE}, headers={"Origin": "https://x.y"})
    await here.ask({"phone": next(given), "fiche": FICHE}, headers={"Origin": ORIGIN})
    await here.ask({"phone": "1", "fiche": FICHE}, headers={**SERVER, next(given)[:2]: "x"})
    await here.ask(method="GET", path=f"/v1/service?phone={digits(next(given))}")
    await post(here, phone=next(given), key="form-key-1", fiche=FICHE)
    here.intake.dial(CallId("call-1"), ticket, 20, {}, "trunk")
    caller = QueuedCaller(here, "call-2")
    caller.types(digits(next(given)) + "#1")
    await here.until(lambda: here.office.entered and here.office.dials)
    # A defect while a number is in hand: the router's answer makes no sense.
    here.office.end(ticket, "nonsense")  # type: ignore[arg-type]
    assert (await here.ask({"phone": taken, "fiche": FICHE}, key="taken-key"))[0] == 500
    return numbers


async def test_a_number_that_comes_to_the_intakes_log_is_masked_and_counted_here(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = logs.leaks()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    # Every Python program imports this first: here only the intake, which is started next.
    (tmp_path / "sitecustomize.py").write_text(A_FAULT)
    number = new_number()
    async with scene(folder, proof_of_work=False) as here:
        await here.accepted(number)
        await here.until(lambda: logs.leaks() == before + 2)
        await here.accepted()
        await here.until(lambda: logs.leaks() == before + 4)
    told = capfd.readouterr().out
    assert told.count(f"no good: {logs.MASK}") == 4
    assert hits({"the log": told.encode()}, [number]) == []


#: Numbers are logged when they are read, by the loop's thread and by another one.
A_FAULT = """
import threading
import structlog
import router.intake.numbers

def read(typed, **how):
    def tell():
        structlog.get_logger().error("defect", reason=f"no good: {typed}", phone=typed)
    tell()
    threading.Thread(target=tell).start()
    return as_ever(typed, **how)

as_ever = router.intake.numbers.read_number
router.intake.numbers.read_number = read
"""


async def test_no_number_in_logs_nor_on_the_channel(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = bytearray()
    listen = Channel.data_received

    def tap(self: Channel, data: bytes) -> None:
        heard.extend(data)
        listen(self, data)

    said = bytearray()
    speak = Channel.send

    def tap_sent(self: Channel, message: Any) -> None:
        said.extend(json.dumps(message, default=str).encode())
        speak(self, message)

    monkeypatch.setattr(Channel, "data_received", tap)
    monkeypatch.setattr(Channel, "send", tap_sent)
    async with scene(folder, proof_of_work=False, log_level="debug") as here:
        numbers = await use_everything(here)
        kept = {ticket: number.encode() for ticket, number in here.numbers().items()}
        asked = json.dumps([target for target, *_ in here.web.seen]).encode()
        dialled = json.dumps(here.asterisk.calls).encode()
        targets = json.dumps(here.asterisk.targets).encode()
    output = capfd.readouterr()
    places = {
        "stdout": output.out.encode(),
        "stderr": output.err.encode(),
        "from the intake": bytes(heard),
        "to the intake": bytes(said),
        "the router's requests": asked,
        "Asterisk's addresses": targets,
    }
    assert hits(places, numbers) == []
    assert "defect" in output.out
    assert "ValueError" in output.out
    assert b"admit" in heard
    assert b"dial" in said
    # The scan works: it finds the numbers where they belong.
    assert hits(kept, numbers)
    assert hits({"Asterisk": dialled}, numbers)


@pytest.mark.fault
@pytest.mark.parametrize("how", ["plain", "hex", "utf-16", "base64", "reversed"])
def test_the_scan_sees_a_number_however_it_is_written(how: str) -> None:
    number = new_number()
    plain = digits(number)
    planted = {
        "plain": plain.encode(),
        "hex": plain.encode().hex().encode(),
        "utf-16": plain.encode("utf-16-le"),
        "base64": base64.b64encode(b"phone=" + plain.encode() + b"&x"),
        "reversed": plain[::-1].encode(),
    }[how]
    assert hits({"a place": b"before " + planted + b" after"}, [number])
