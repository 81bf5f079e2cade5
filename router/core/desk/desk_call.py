"""What is known of an informateur's call to the desk; its table is in by_phone.py.

AGENT    the number of who logs in is asked for
PIN      the PIN is asked for
REASON   why to pause
SUBJECT  what the last call was about
RESULT   what came of it
IMPROVE  whether the page should be clearer
LEAVING  the answer is said, then we hang up
"""

from dataclasses import dataclass, field
from enum import StrEnum

from router.core.ids import AgentId, CallId, ChannelId, FicheId, PhoneId, PlaybackId, SectorId
from router.core.legs import Said
from router.core.requests import Result


class DeskState(StrEnum):
    AGENT = "agent"
    PIN = "pin"
    REASON = "reason"
    SUBJECT = "subject"
    RESULT = "result"
    IMPROVE = "improve"
    LEAVING = "leaving"


class DeskDue(StrEnum):
    """A deadline of a desk call that has come."""

    SILENCE = "silence"


@dataclass(slots=True, eq=False)
class DeskCall:
    """What is known of one call to the desk."""

    id: CallId
    phone: PhoneId
    state: DeskState = DeskState.LEAVING
    #: Who calls: at log-in the one whose number was typed, otherwise who is logged in there.
    agent: AgentId | None = None
    said: dict[Said, PlaybackId] = field(default_factory=dict)
    typed: str = ""
    #: Questions left without a right answer, in a row.
    failures: int = 0
    subject: FicheId | SectorId | None = None
    result: Result = Result.ANSWERED
    #: The last call is being noted.
    notes: bool = False
    hung_up: bool = False

    @property
    def channel(self) -> ChannelId:
        return ChannelId(self.id)
