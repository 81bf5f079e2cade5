"""What the engine says to the service: kept as the service would, for tests to look at."""

from router.core.callback.tickets import Admission, TicketRecord
from router.core.commands import (
    Admitted,
    Counted,
    DeskChanged,
    ForService,
    Noted,
    NumberOver,
    Step,
    TakeNumber,
    TicketChanged,
    TodayChanged,
    Told,
)
from router.core.facts import CallFact, Fact, Outcome
from router.core.ids import AgentId, CallId, TicketId
from router.core.requests import Reply
from router.core.today import Today


class Kept:
    """Answers are kept until a test takes them; everything else stays."""

    def __init__(self) -> None:
        #: Every step of every call.
        self.notes: list[Noted] = []
        self.facts: list[Fact] = []
        #: What the store has of every ticket.
        self.saved: dict[TicketId, TicketRecord] = {}
        #: What was promised, and what was answered, by the number of the question.
        self.admissions: dict[int, Admission] = {}
        self.replies: dict[int, Reply] = {}
        #: Callers who type a number.
        self.entering: list[CallId] = []
        #: Each informateur's session as last told.
        self.sessions: dict[AgentId, DeskChanged] = {}
        #: What supervisors have changed for the day, as last told.
        self.today: Today | None = None

    def keep(self, command: ForService) -> None:
        """Keep what the engine says."""
        match command:
            case Noted():
                self.notes.append(command)
            case Told(ask, reply):
                assert ask not in self.replies, "answered twice"
                self.replies[ask] = reply
            case TodayChanged(today):
                self.today = today
            case DeskChanged(agent):
                self.sessions[agent] = command
            case Counted(fact):
                self.facts.append(fact)
            case TicketChanged(record):
                self.saved[record.ticket] = record
            case Admitted(ask, admission):
                self.admissions[ask] = admission
            case TakeNumber(call):
                self.entering.append(call)
            case NumberOver(call):
                self.entering.remove(call)

    def call_facts(self) -> list[CallFact]:
        """Return what was counted of calls."""
        return [fact for fact in self.facts if isinstance(fact, CallFact)]

    def steps(self, call: str = "caller") -> list[Step]:
        """Return the call's steps until now."""
        return [note.step for note in self.notes if note.call == call]

    def details(self, step: Step, call: str = "caller") -> list[str]:
        """Return the word more that was said each time the call took this step."""
        return [note.detail for note in self.notes if note.call == call and note.step is step]

    def outcome(self, call: str = "caller") -> Outcome | None:
        """Return how the call ended; None while it lives. It ends once."""
        ends = [note for note in self.notes if note.call == call and note.step is Step.ENDED]
        assert len(ends) <= 1, f"{call} ended {len(ends)} times"
        return ends[0].outcome if ends else None
