"""An engine that writes down what it hears and what it decides. It decides as any other does."""

from collections.abc import Callable, Container, Iterable
from typing import Any

from router.core.callback.tickets import TicketRecord
from router.core.codes import CodeBook
from router.core.commands import Command, DeskChanged
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import Event, KeyPressed, LegKeyPressed, PlanChanged, TimePassed
from router.core.ids import AgentId, FicheId, TicketId
from router.core.plan import Plan
from router.core.today import Today
from router.replay.keys import MOST_IN_A_ROW, Keys, SpellsNumber
from router.replay.names import RUN, Names
from router.replay.plans import encode_plan
from router.replay.tape import HEADER, VERSION, Tape
from router.replay.values import digests, encode

#: What the code book or the PINs answered: a page or none, a ticket's code, right or wrong.
Answer = str | bool | None
#: Why a recording ends: at a new plan, and at a key that must not be written.
OTHER_CODES = "by the new plan access codes begin with other digits"
SPELLS_NUMBER = "what a caller types could be a telephone number"


class RecordingEngine(Engine):
    """Writes its life to `tape`: a header, then one record for everything that it hears.

    No secrets are needed to replay it: what the code book and the PINs answered is recorded.
    """

    def __init__(
        self,
        plan: Plan,
        codes: CodeBook,
        run: str,
        pins: Pins,
        tape: Tape,
        most_in_a_row: int = MOST_IN_A_ROW,
    ) -> None:
        self._tape = tape
        self._begun = False
        self._plan = plan
        self._names = Names(plan, run)
        self._answers: list[Answer] = []
        heard_codes = _HeardCodes(codes, self._names, self._heard)
        super().__init__(plan, heard_codes, run, _HeardPins(pins, self._heard))
        self._keys = Keys(self.board, self._names.codes, most_in_a_row)

    def restore(self, sessions: Iterable[DeskChanged], now: float) -> None:
        """Take up sessions, as any engine, and write them down."""
        sessions = list(sessions)
        super().restore(sessions, now)
        with self._tape.guarded():
            self._keep(now, {"restore": encode(sessions, self._names)})

    def restore_today(self, today: Today, now: float) -> None:
        """Take up what supervisors changed, as any engine, and write it down."""
        super().restore_today(today, now)
        with self._tape.guarded():
            self._keep(now, {"today": encode(today, self._names)})

    def restore_tickets(
        self, records: Iterable[TicketRecord], now: float, *, lost: bool
    ) -> list[Command]:
        """Take up tickets, as any engine, and write them down."""
        records = list(records)
        given: dict[str, Any] = {}
        with self._tape.guarded():
            for record in records:
                self._names.ticket(record.ticket, record.attempts)
            given = {"tickets": encode(records, self._names), "lost": lost}
        commands = super().restore_tickets(records, now, lost=lost)
        with self._tape.guarded():
            self._keep(now, given, commands)
        return commands

    def handle(self, event: Event, now: float) -> list[Command]:
        """Decide as any engine, and write event and commands down."""
        if not self._tape.runs:
            return super().handle(event, now)
        before: list[Command] = []
        if isinstance(event, KeyPressed | LegKeyPressed):
            due_at = self.next_deadline()
            if due_at is not None and due_at <= now:  # what the key means depends on that
                before = self.handle(TimePassed(), now)
        given: dict[str, Any] = {}
        with self._tape.guarded():
            given = {"event": self._written(event, now)}
        if isinstance(event, PlanChanged):
            event = PlanChanged(
                event.plan,
                _HeardCodes(event.codes, self._names, self._heard),
                _HeardPins(event.pins, self._heard),
            )
        try:
            commands = super().handle(event, now)
        except Exception as defect:
            with self._tape.guarded():
                self._keep(now, given | {"defect": type(defect).__name__})
            raise
        with self._tape.guarded():
            self._keep(now, given, commands)
        return before + commands if before else commands

    def _heard(self, answer: Answer) -> None:
        if self._tape.runs:
            self._answers.append(answer)

    def _written(self, event: Event, now: float) -> Any:
        if isinstance(event, PlanChanged):
            if not self._names.change_plan(event.plan):
                self._tape.stop(OTHER_CODES)
            return {type(event).__name__: encode_plan(event.plan, now)}
        try:
            if isinstance(event, KeyPressed):
                event = KeyPressed(event.call, self._keys.of_caller(event, now))
            elif isinstance(event, LegKeyPressed):
                event = LegKeyPressed(event.call, event.leg, self._keys.of_leg(event))
        except SpellsNumber:
            self._tape.stop(SPELLS_NUMBER)
        return encode(event, self._names)

    def _keep(
        self, now: float, given: dict[str, Any], commands: list[Command] | None = None
    ) -> None:
        answers = self._answers.copy()
        self._answers.clear()
        if not self._tape.runs:
            return
        if not self._begun:
            self._begun = True
            header = {HEADER: VERSION, "run": RUN, "at": now, "plan": digests(self._plan, now)}
            self._tape.write(header | {"service": encode_plan(self._plan, now)})
        record = {"at": now, **given}
        if answers:
            record["answers"] = answers
        if commands is not None:
            record["commands"] = encode(commands, self._names)
        self._tape.write(record)


class _HeardCodes(CodeBook):
    """The code book, whose answers are recorded."""

    def __init__(self, codes: CodeBook, names: Names, heard: Callable[[Answer], None]) -> None:
        self._asked = codes  # in place of a book of its own
        self._names = names
        self._heard = heard

    def code(self, fiche: FicheId, now: float) -> str:
        """Return the page's code: not an answer that the engine asks for."""
        return self._asked.code(fiche, now)

    def fiche(self, code: str, now: float) -> FicheId | None:
        fiche = self._asked.fiche(code, now)
        self._heard(fiche)
        return fiche

    def ticket_code(self, ticket: TicketId, now: float, taken: Container[str]) -> str:
        code = self._asked.ticket_code(ticket, now, taken)
        self._heard(self._names.ticket_code(ticket, code))
        return code


class _HeardPins(Pins):
    """The PINs, whose answers are recorded."""

    def __init__(self, pins: Pins, heard: Callable[[Answer], None]) -> None:
        super().__init__({})
        self._asked = pins
        self._heard = heard

    def matches(self, agent: AgentId, typed: str) -> bool:
        right = self._asked.matches(agent, typed)
        self._heard(right)
        return right
