"""A recording, given to a new engine: does it decide the same?"""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from router.core.codes import CodeBook
from router.core.commands import Command
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import KeyPressed, LegKeyPressed, PlanChanged
from router.core.ids import AgentId, FicheId, TicketId
from router.core.plan import Plan
from router.errors import StoreError
from router.replay.names import RUN, UNTOLD
from router.replay.plans import decode_plan
from router.replay.tape import HEADER, VERSION
from router.replay.values import decode, digests, encode

#: What a record holds that the engine was given: one of these.
_GIVEN = ("event", "tickets", "restore", "today")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What has been decided again, without a difference."""

    #: Lives of a router, each recorded from its start.
    lives: int
    events: int
    commands: int
    #: Lines that were cut short when a router was killed.
    cut_short: int
    #: Why recordings ended before their routers did.
    ended: tuple[str, ...]

    def __str__(self) -> str:
        lives = f", {self.lives} lives of a router" if self.lives > 1 else ""
        cut = f" ({self.cut_short} cut short when a router was killed)" if self.cut_short else ""
        ends = "".join(f"\nA recording ended before its time: {why}." for why in self.ended)
        same = f"{self.events} events, {self.commands} commands{lives}{cut}: same decisions"
        return same + ends


class Difference(Exception):
    """The first decision that is not the one recorded.

    `line` and `event` are its place, counted from 1, `at` is the local time; `given` is what the
    engine was given, `expected` what was recorded and `got` what it decides now, as text.
    """

    def __init__(self, line: int, event: int, at: str, given: str, expected: str, got: str) -> None:
        super().__init__(line, event, at, given, expected, got)
        self.line = line
        self.event = event
        self.at = at
        self.given = given
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        return (
            f"event {self.event} (line {self.line}) at {self.at}: {self.given}\n"
            f"  expected: {self.expected}\n"
            f"  got:      {self.got}"
        )


def replay(path: Path, plan: Plan) -> Replayed:
    """Have a new engine decide what is recorded in `path`.

    Raises:
        Difference: At the first decision that differs.
        StoreError: If the file cannot be read or is broken, or was made with another plan.
    """
    life: _Life | None = None
    lives = events = commands = cut_short = 0
    ended: list[str] = []
    for number, line, last in _lines(path):
        place = f"{path}: line {number}"
        try:
            record = orjson.loads(line)
        except ValueError:
            if last:  # of a life: the router was killed
                cut_short += 1
                continue
            raise _broken(place) from None
        if not isinstance(record, dict):
            raise _broken(place)
        if HEADER in record:
            life = _Life(_plan_of(record, plan, place))
            lives += 1
        elif life is None:
            raise StoreError(place, "is not the start of a recording", "Name another file")
        elif "end" in record:
            ended.append(str(record["end"]))
        else:
            try:
                events += "event" in record
                commands += life.live(record, number, events)
            except (KeyError, TypeError, ValueError):
                raise _broken(place) from None
    if not lives:
        raise StoreError(str(path), "holds no recording", "Make one: ./allo run --record FILE")
    return Replayed(
        lives=lives, events=events, commands=commands, cut_short=cut_short, ended=tuple(ended)
    )


def _lines(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """Yield each line with its number, and whether it is the last of a router's life."""
    header = f'{{"{HEADER}":'.encode()
    try:
        with path.open("rb") as file:
            number, held = 0, b""
            for line in file:
                if number:
                    yield number, held, line.startswith(header)
                number, held = number + 1, line
            if number:
                yield number, held, True
    except OSError as error:
        raise StoreError(
            str(path), f"cannot be read ({error.strerror})", "Name a recording"
        ) from None


def _plan_of(header: dict[str, Any], plan: Plan, place: str) -> Plan:
    """Return the plan by which was decided: `plan`, or the one that is recorded."""
    version, recorded, at = header[HEADER], header.get("plan"), header.get("at")
    if version != VERSION:
        raise StoreError(
            place, f"has version {version}, not {VERSION}", "Replay it with the allo that wrote it"
        )
    if not isinstance(recorded, dict) or not isinstance(at, float | int):
        raise _broken(place)
    ours = digests(plan, at)
    # Parts that only an older recording has are not read by the engine.
    different = [part for part, digest in ours.items() if recorded.get(part) != digest]
    if different and "service" in header:
        try:
            return decode_plan(header["service"])
        except (KeyError, TypeError, ValueError):
            raise _broken(place) from None
    if different:
        raise StoreError(
            place,
            f"was recorded with another plan ({', '.join(sorted(different))})",
            "Give the settings that it was made with: --config FILE",
        )
    return plan


def _broken(place: str) -> StoreError:
    return StoreError(place, "is broken", "Replay the file as it was written")


class _Life:
    """An engine of the replay: one life of a router."""

    def __init__(self, plan: Plan) -> None:
        self._hours = plan.hours
        self._answers: list[Any] = []
        self._engine = Engine(
            plan, _RecordedCodes(self._answers), RUN, _RecordedPins(self._answers)
        )

    def live(self, record: dict[str, Any], line: int, event: int) -> int:
        """Decide again what is recorded; return how many commands there were.

        Raises:
            Difference: If the decision is another.
            KeyError, TypeError, ValueError: If the record is broken.
        """
        at = float(record["at"])
        self._answers[:] = record.get("answers", ())
        expected = record.get("defect", record.get("commands", []))
        got: Any
        decide = self._deciding(record, at)
        try:
            got = encode(decide())
        except _NotAsked:
            got = "asks about a code or a PIN that was not asked about"
        except Exception as defect:
            got = type(defect).__name__
        if got == expected and self._answers:
            got = "does not ask about the code or the PIN"
        if got != expected:
            given = next(record[name] for name in _GIVEN if name in record)
            if "PlanChanged" in given:
                given = "a new plan"
            moment = self._hours.local(at)
            raise Difference(line, event, _clock(moment, at), _text(given), *_unlike(expected, got))
        return len(expected) if isinstance(expected, list) else 0

    def _deciding(self, record: dict[str, Any], at: float) -> Callable[[], list[Command]]:
        """Return a function that decides; whatever it needs has been read from the record."""
        engine = self._engine
        if "PlanChanged" in record.get("event", ()):
            plan = decode_plan(record["event"]["PlanChanged"])
            self._hours = plan.hours
            change = PlanChanged(plan, _RecordedCodes(self._answers), _RecordedPins(self._answers))
            return lambda: engine.handle(change, at)
        if "event" in record:
            event = _with_key(decode(record["event"]))
            return lambda: engine.handle(event, at)
        if "tickets" in record:
            tickets, lost = [decode(one) for one in record["tickets"]], record["lost"]
            return lambda: engine.restore_tickets(tickets, at, lost=lost)
        if "today" in record:
            today = decode(record["today"])

            def restore_today() -> list[Command]:
                engine.restore_today(today, at)
                return []

            return restore_today
        sessions = [decode(one) for one in record["restore"]]

        def restore() -> list[Command]:
            engine.restore(sessions, at)
            return []

        return restore


def _with_key(event: Any) -> Any:
    """Return the event with the key that stands in for the one that was pressed."""
    match event:
        case KeyPressed(call, key):
            return KeyPressed(call, key.removeprefix(UNTOLD))
        case LegKeyPressed(call, leg, key):
            return LegKeyPressed(call, leg, key.removeprefix(UNTOLD))
    return event


class _NotAsked(Exception):
    """The engine asks something that the recorded one did not ask."""


def _next(answers: list[Any]) -> Any:
    if not answers:
        raise _NotAsked
    return answers.pop(0)


class _RecordedCodes(CodeBook):
    """Answers as the code book did."""

    def __init__(self, answers: list[Any]) -> None:
        self._recorded = answers

    def fiche(self, code: str, now: float) -> FicheId | None:
        fiche: FicheId | None = _next(self._recorded)
        return fiche

    def ticket_code(self, ticket: TicketId, now: float, taken: Container[str]) -> str:
        return str(_next(self._recorded))


class _RecordedPins(Pins):
    """Answers as the PINs did."""

    def __init__(self, answers: list[Any]) -> None:
        super().__init__({})
        self._recorded = answers

    def matches(self, agent: AgentId, typed: str) -> bool:
        return bool(_next(self._recorded))


def _unlike(expected: Any, got: Any) -> tuple[str, str]:
    """Return both as text; of two lists of commands, from the first that differs."""
    if not (isinstance(expected, list) and isinstance(got, list)):
        return _text(expected), _text(got)
    same = 0
    while same < min(len(expected), len(got)) and expected[same] == got[same]:
        same += 1
    before = f"(after {same} that are the same) " if same else ""

    def rest(commands: list[Any]) -> str:
        return before + (_text(commands[same:]) if commands[same:] else "nothing more")

    return rest(expected), rest(got)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _clock(moment: datetime, at: float) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(at % 1 * 1000):03}"
