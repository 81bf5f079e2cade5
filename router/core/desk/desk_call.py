"""What is known of an informateur's call to the desk; its table is in by_phone.py.

AGENT    asked for the informateur's number
PIN      asked for the PIN
REASON   asked why to pause
SUBJECT  asked what the last call was about
RESULT   asked what came of it
IMPROVE  asked whether the page should be made clearer
LEAVING  the reply is being played, then we hang up
"""

from dataclasses import dataclass
from enum import StrEnum

from router.core.ids import AgentId, CallId, ChannelId, FicheId, PhoneId, PlaybackId, SectorId
from router.core.plan import Plan
from router.core.requests import Result


class DeskState(StrEnum):
    """Which question the informateur is answering; see above."""

    AGENT = "agent"
    PIN = "pin"
    REASON = "reason"
    SUBJECT = "subject"
    RESULT = "result"
    IMPROVE = "improve"
    LEAVING = "leaving"


class DeskDue(StrEnum):
    """A deadline of a desk call that has come."""

    SILENCE = "silence"  # no key in time, or a prompt that never ended


@dataclass(slots=True, eq=False)
class DeskCall:
    """What is known of one call to the desk."""

    id: CallId
    phone: PhoneId
    #: The plan by which the questions are put, even if the service has a new one by now.
    plan: Plan
    state: DeskState = DeskState.LEAVING
    #: Who is calling: at log-in, whose number was typed; otherwise, who is logged in there.
    agent: AgentId | None = None
    #: What is being played.
    playback: PlaybackId | None = None
    #: The keys of the entry so far.
    typed: str = ""
    #: Wrong or missing answers to this question.
    failures: int = 0
    #: The note so far.
    subject: FicheId | SectorId | None = None
    result: Result = Result.ANSWERED
    #: Whether the last call is being noted.
    notes: bool = False
    #: Whether we have hung up.
    hung_up: bool = False

    @property
    def channel(self) -> ChannelId:
        """The channel of the informateur's phone."""
        return ChannelId(self.id)
