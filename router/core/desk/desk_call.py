"""The life of an informateur's call to the desk, as a table.

AGENT    the number of who logs in is asked for
PIN      the PIN is asked for
REASON   why to pause
SUBJECT  what the last call was about
RESULT   what came of it
IMPROVE  whether the page should be clearer
LEAVING  the answer is said, then we hang up
"""

from dataclasses import dataclass
from enum import StrEnum

from router.core import events
from router.core.ids import AgentId, CallId, ChannelId, FicheId, PhoneId, PlaybackId, SectorId
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


_S = DeskState
_KEY, _ENDED, _LEFT = events.KeyPressed, events.PromptEnded, events.CallLeft
DeskEvent = (
    type[events.KeyPressed] | type[events.PromptEnded] | type[events.CallLeft] | type[DeskDue]
)
_QUESTIONS = {
    _S.AGENT: "agent_key",
    _S.PIN: "pin_key",
    _S.REASON: "reason_key",
    _S.SUBJECT: "subject_key",
    _S.RESULT: "result_key",
    _S.IMPROVE: "improve_key",
}

#: (state, event) -> the handler's name in `Desk`.
TABLE: dict[tuple[DeskState, DeskEvent], str] = {
    **{(state, _KEY): handler for state, handler in _QUESTIONS.items()},
    **{(state, _ENDED): "await_keys" for state in _QUESTIONS},
    **{(state, DeskDue): "silence" for state in _QUESTIONS},
    **{(state, _LEFT): "left" for state in DeskState},
    (_S.LEAVING, _ENDED): "hang_up",
    (_S.LEAVING, DeskDue): "hang_up",
}


@dataclass(slots=True, eq=False)
class DeskCall:
    """What is known of one call to the desk."""

    id: CallId
    phone: PhoneId
    state: DeskState = DeskState.LEAVING
    #: Who calls: at log-in the one whose number was typed, otherwise who is logged in there.
    agent: AgentId | None = None
    playback: PlaybackId | None = None
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
