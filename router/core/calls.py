"""The life of a call, as a table.

Each pair (state, event) that means something names the handler that answers it; every
other pair is late, repeated or impossible: counted and ignored.

    WELCOME    plan.welcome is played; any key skips ahead
    CLOSED     told why and until when; then the information menu
    CODE       the code is asked for, or typed
    CHECKING   the answer about a code is held back (too many wrong ones lately)
    MENU       a menu is played, or a choice typed
    PAGE       recorded information
    WAITING    in the queue, hearing music or where one stands
    RINGING    as WAITING, while an informateur's phone rings
    WHISPERING as WAITING, while the informateur hears what it is about
    TALKING    joined
    LEAVING    a last sentence, then we hang up
"""

from dataclasses import dataclass, field
from enum import StrEnum

from router.core import events
from router.core.commands import Outcome
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, FicheId, MenuId, PlaybackId
from router.core.work import WorkItem


class CallState(StrEnum):
    WELCOME = "welcome"
    CLOSED = "closed"
    CODE = "code"
    CHECKING = "checking"
    MENU = "menu"
    PAGE = "page"
    WAITING = "waiting"
    RINGING = "ringing"
    WHISPERING = "whispering"
    TALKING = "talking"
    LEAVING = "leaving"


class Due(StrEnum):
    """A deadline of a call that has come."""

    STEP = "step"  # a prompt that never ended, or a silence that is too long
    WIDEN = "widen"  # the next level of skill may be asked
    ANNOUNCE = "announce"  # time to say where the caller stands
    LONGEST = "longest"  # nobody waits longer
    RING = "ring"  # the informateur had time enough
    WHISPER = "whisper"  # the informateur knows what it is about


CallEvent = (
    type[events.KeyPressed]
    | type[events.PromptEnded]
    | type[events.CallLeft]
    | type[events.LegAnswered]
    | type[events.LegEnded]
    | type[events.PhoneVanished]
    | Due
)

_S = CallState
_KEY, _ENDED, _LEFT = events.KeyPressed, events.PromptEnded, events.CallLeft
_ANSWERED, _LEG, _GONE = events.LegAnswered, events.LegEnded, events.PhoneVanished

#: (state, event) -> the handler's name in `Journey` or `Distribution`.
TABLE: dict[tuple[CallState, CallEvent], str] = {
    (_S.WELCOME, _KEY): "key_skips_welcome",
    (_S.WELCOME, _ENDED): "ask_code",
    (_S.WELCOME, Due.STEP): "ask_code",
    (_S.WELCOME, _LEFT): "caller_left",
    (_S.CLOSED, _KEY): "key_skips_closed",
    (_S.CLOSED, _ENDED): "offer_information",
    (_S.CLOSED, Due.STEP): "offer_information",
    (_S.CLOSED, _LEFT): "caller_left",
    (_S.CODE, _KEY): "code_key",
    (_S.CODE, _ENDED): "await_first_key",
    (_S.CODE, Due.STEP): "code_silence",
    (_S.CODE, _LEFT): "caller_left",
    (_S.CHECKING, Due.STEP): "check_code",
    (_S.CHECKING, _LEFT): "caller_left",
    (_S.MENU, _KEY): "menu_key",
    (_S.MENU, _ENDED): "await_first_key",
    (_S.MENU, Due.STEP): "menu_silence",
    (_S.MENU, _LEFT): "caller_left",
    (_S.PAGE, _KEY): "key_leaves_page",
    (_S.PAGE, _ENDED): "page_over",
    (_S.PAGE, Due.STEP): "page_over",
    (_S.PAGE, _LEFT): "caller_left",
    (_S.WAITING, _ENDED): "announcement_over",
    (_S.WAITING, Due.STEP): "announcement_over",
    (_S.WAITING, Due.ANNOUNCE): "announce",
    (_S.WAITING, Due.WIDEN): "widen",
    (_S.WAITING, Due.LONGEST): "waited_too_long",
    (_S.WAITING, _LEFT): "waiting_caller_left",
    (_S.RINGING, _ENDED): "announcement_over",
    (_S.RINGING, Due.STEP): "announcement_over",
    (_S.RINGING, Due.RING): "no_answer",
    (_S.RINGING, _ANSWERED): "tell_informateur",
    (_S.RINGING, _LEG): "missed",
    (_S.RINGING, _GONE): "phone_vanished",
    (_S.RINGING, _LEFT): "ringing_caller_left",
    (_S.WHISPERING, _ENDED): "announcement_over",
    (_S.WHISPERING, Due.STEP): "announcement_over",
    (_S.WHISPERING, Due.WHISPER): "join",
    (_S.WHISPERING, _LEG): "missed",
    (_S.WHISPERING, _LEFT): "talking_caller_left",
    (_S.TALKING, _LEG): "informateur_left",
    (_S.TALKING, _LEFT): "talking_caller_left",
    (_S.LEAVING, _ENDED): "hang_up",
    (_S.LEAVING, Due.STEP): "hang_up",
    (_S.LEAVING, _LEFT): "caller_left",
}


@dataclass(slots=True, eq=False)
class Call:
    """What is known of one call. Nothing here says who calls."""

    id: CallId
    arrived_at: float
    state: CallState = CallState.WELCOME
    #: How the call would end if the caller left now.
    outcome: Outcome = Outcome.LEFT
    #: What the caller hears; None when it is music or silence.
    playback: PlaybackId | None = None
    music: bool = False
    #: How many keys were pressed, ever.
    keys: int = 0
    #: Keys of the entry under way.
    typed: str = ""
    #: The first key of the code came during the welcome: perhaps only to skip it.
    skipping: bool = False
    wrong_codes: int = 0
    silences: int = 0
    wrong_choices: int = 0
    #: Menus from the first to the present one.
    path: list[MenuId] = field(default_factory=list)
    fiche: FicheId | None = None
    #: The promise made to this caller, from the queue on.
    item: WorkItem | None = None
    agent: AgentId | None = None
    leg: ChannelId | None = None
    #: What the informateur hears before the caller is joined.
    whisper: PlaybackId | None = None
    bridge: BridgeId | None = None
    talking_since: float | None = None
    #: The hang-up has been asked for.
    hung_up: bool = False

    @property
    def channel(self) -> ChannelId:
        """The caller's channel."""
        return ChannelId(self.id)
