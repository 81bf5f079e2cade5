"""The life of a call, as a table.

Each pair (state, event) that means something names the handler that answers it; every
other pair is late, repeated or impossible: counted and ignored.

    WELCOME    plan.welcome is played; any key skips ahead
    CLOSED     told why and until when; then the information menu
    QUESTION   the one question is put: a code is typed, or a domain of the first menu chosen
    CHECKING   the answer about a code is held back (too many wrong ones lately)
    MENU       a menu is played, or a choice typed
    PAGE       recorded information
    WAITING    in the queue, hearing music or where one stands
    RINGING    as WAITING, while an informateur's phone rings
    WHISPERING as WAITING, while the informateur hears what it is about
    ENTERING   types the number to be called back at; only the intake knows it
    TALKING    joined
    HELD       the caller hears music, the informateur nothing
    CONSULTING as HELD, while a second informateur rings or talks with the first
    REFERRING  as HELD, while a service of the directory is dialled
    REFERRED   joined with that service
    READING    hears the name and number of a service
    VOTING     asked what the call was worth
    LEAVING    a last sentence, then we hang up
"""

from dataclasses import dataclass, field
from enum import StrEnum

from router.core import events, requests
from router.core.commands import Outcome
from router.core.facts import Door
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    EntryId,
    FicheId,
    MenuId,
    PhoneId,
    PlaybackId,
    SectorId,
    TicketId,
)
from router.core.requests import Watching
from router.core.work import WorkItem


class CallState(StrEnum):
    WELCOME = "welcome"
    CLOSED = "closed"
    QUESTION = "question"
    CHECKING = "checking"
    MENU = "menu"
    PAGE = "page"
    WAITING = "waiting"
    RINGING = "ringing"
    WHISPERING = "whispering"
    ENTERING = "entering"
    TALKING = "talking"
    HELD = "held"
    CONSULTING = "consulting"
    REFERRING = "referring"
    REFERRED = "referred"
    READING = "reading"
    VOTING = "voting"
    LEAVING = "leaving"


class Due(StrEnum):
    """A deadline of a call that has come."""

    STEP = "step"  # a prompt that never ended, or a silence that is too long
    WIDEN = "widen"  # the next level of skill may be asked
    ANNOUNCE = "announce"  # time to say where the caller stands
    LONGEST = "longest"  # nobody waits longer
    RING = "ring"  # the informateur had time enough
    WHISPER = "whisper"  # the informateur knows what it is about
    UNHEARD = "unheard"  # a prompt broke off, and the caller has stayed
    UNTOLD = "untold"  # a whisper broke off, and no end of the leg was told
    ASIDE = "aside"  # whoever was dialled besides had time enough
    KEYS = "keys"  # the informateur's keys so far are no longer one entry


class AsideEvent(StrEnum):
    """What happened to the one who was dialled besides: a second informateur, or a referral."""

    RANG = "aside rang"
    VANISHED = "aside vanished"  # the phone is no longer registered
    ANSWERED = "aside answered"
    TOLD = "aside told"  # has heard the whisper
    ENDED = "aside ended"


CallEvent = (
    type[events.KeyPressed]
    | type[events.CallerSpoke]
    | type[events.PromptEnded]
    | type[events.CallLeft]
    | type[events.LegRang]
    | type[events.LegAnswered]
    | type[events.LegEnded]
    | type[events.PhoneVanished]
    | type[events.NumberTaken]
    | type[requests.Hold]
    | type[requests.Retrieve]
    | type[requests.Transfer]
    | type[requests.Consult]
    | type[requests.Complete]
    | type[requests.Cancel]
    | type[requests.Refer]
    | AsideEvent
    | Due
)

_S = CallState
_KEY, _ENDED, _LEFT = events.KeyPressed, events.PromptEnded, events.CallLeft
_ANSWERED, _LEG, _GONE = events.LegAnswered, events.LegEnded, events.PhoneVanished

_ASIDE = AsideEvent

_ROWS: dict[tuple[CallState, CallEvent], str] = {
    (_S.WELCOME, _KEY): "key_skips_welcome",
    (_S.WELCOME, _ENDED): "ask",
    (_S.WELCOME, Due.STEP): "ask",
    (_S.WELCOME, _LEFT): "caller_left",
    (_S.CLOSED, _KEY): "key_skips_closed",
    (_S.CLOSED, _ENDED): "offer_information",
    (_S.CLOSED, Due.STEP): "offer_information",
    (_S.CLOSED, _LEFT): "caller_left",
    (_S.QUESTION, _KEY): "question_key",
    (_S.QUESTION, _ENDED): "await_first_key",
    (_S.QUESTION, Due.STEP): "question_silence",
    (_S.QUESTION, events.CallerSpoke): "spoke",
    (_S.QUESTION, _LEFT): "caller_left",
    (_S.CHECKING, Due.STEP): "check_code",
    (_S.CHECKING, _LEFT): "caller_left",
    (_S.MENU, _KEY): "menu_key",
    (_S.MENU, _ENDED): "await_first_key",
    (_S.MENU, Due.STEP): "menu_silence",
    (_S.MENU, events.CallerSpoke): "spoke",
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
    (_S.WAITING, _KEY): "waiting_key",
    (_S.ENTERING, events.NumberTaken): "number_taken",
    (_S.ENTERING, Due.STEP): "entry_over",
    (_S.ENTERING, _LEFT): "entering_caller_left",
    (_S.RINGING, _ENDED): "announcement_over",
    (_S.RINGING, Due.STEP): "announcement_over",
    (_S.RINGING, events.LegRang): "rang",
    (_S.RINGING, Due.RING): "no_answer",
    (_S.RINGING, _ANSWERED): "tell_informateur",
    (_S.RINGING, _LEG): "missed",
    (_S.RINGING, _GONE): "phone_vanished",
    (_S.RINGING, _LEFT): "ringing_caller_left",
    (_S.WHISPERING, _ENDED): "announcement_over",
    (_S.WHISPERING, Due.STEP): "announcement_over",
    (_S.WHISPERING, Due.WHISPER): "join",
    (_S.WHISPERING, Due.UNTOLD): "verify_informateur",
    (_S.WHISPERING, _LEG): "missed",
    (_S.WHISPERING, _LEFT): "talking_caller_left",
    (_S.TALKING, _LEG): "informateur_left",
    (_S.TALKING, _LEFT): "talking_caller_left",
    (_S.TALKING, requests.Hold): "hold",
    (_S.TALKING, requests.Transfer): "transfer",
    (_S.TALKING, requests.Consult): "consult",
    (_S.TALKING, requests.Refer): "refer",
    (_S.HELD, requests.Retrieve): "retrieve",
    (_S.HELD, requests.Transfer): "transfer",
    (_S.HELD, requests.Consult): "consult",
    (_S.HELD, requests.Refer): "refer",
    (_S.HELD, _LEG): "informateur_left_caller_on_hold",
    (_S.HELD, _LEFT): "talking_caller_left",
    (_S.CONSULTING, _ASIDE.RANG): "colleague_rang",
    (_S.CONSULTING, _ASIDE.VANISHED): "colleague_vanished",
    (_S.CONSULTING, Due.WHISPER): "join_colleague",
    (_S.CONSULTING, _ASIDE.ANSWERED): "tell_colleague",
    (_S.CONSULTING, _ASIDE.TOLD): "join_colleague",
    (_S.CONSULTING, Due.UNTOLD): "verify_colleague",
    (_S.CONSULTING, _ASIDE.ENDED): "colleague_left",
    (_S.CONSULTING, Due.ASIDE): "aside_not_reached",
    (_S.CONSULTING, requests.Complete): "complete",
    (_S.CONSULTING, requests.Cancel): "cancel",
    (_S.CONSULTING, requests.Retrieve): "cancel",
    (_S.CONSULTING, _LEG): "informateur_left_consultation",
    (_S.CONSULTING, _LEFT): "caller_left_aside",
    (_S.REFERRING, _ENDED): "music_again",
    (_S.REFERRING, Due.STEP): "music_again",
    (_S.REFERRING, _ASIDE.ANSWERED): "referral_answered",
    (_S.REFERRING, _ASIDE.ENDED): "referral_failed",
    (_S.REFERRING, Due.ASIDE): "aside_not_reached",
    (_S.REFERRING, requests.Cancel): "cancel",
    (_S.REFERRING, requests.Retrieve): "cancel",
    (_S.REFERRING, _LEG): "informateur_left_referral",
    (_S.REFERRING, _LEFT): "caller_left_aside",
    (_S.REFERRED, _ASIDE.ENDED): "referral_left",
    (_S.REFERRED, _LEFT): "caller_left_referral",
    (_S.READING, _KEY): "reading_over",
    (_S.READING, _ENDED): "reading_over",
    (_S.READING, Due.STEP): "reading_over",
    (_S.READING, _LEFT): "caller_left",
    (_S.VOTING, _KEY): "vote_key",
    (_S.VOTING, _ENDED): "await_vote",
    (_S.VOTING, Due.STEP): "no_vote",
    (_S.VOTING, _LEFT): "voter_left",
    **{
        (state, Due.KEYS): "keys_forgotten"
        for state in (_S.TALKING, _S.HELD, _S.CONSULTING, _S.REFERRING)
    },
    (_S.LEAVING, _ENDED): "hang_up",
    (_S.LEAVING, Due.STEP): "hang_up",
    (_S.LEAVING, _LEFT): "caller_left",
}
#: (state, event) -> the handler's name in `Journey`, `Distribution`, `Talk` or `Votes`. What
#: cannot be played counts as said, once the caller is seen to have stayed.
TABLE = _ROWS | {
    (state, Due.UNHEARD): handler for (state, event), handler in _ROWS.items() if event is _ENDED
}


@dataclass(slots=True, eq=False)
class Aside:
    """Who was dialled besides: an informateur who is consulted, or a referral."""

    leg: ChannelId
    sector: SectorId | None = None
    agent: AgentId | None = None
    entry: EntryId | None = None
    answered: bool = False
    whisper: PlaybackId | None = None
    joined: bool = False


@dataclass(slots=True, eq=False)
class Watch:
    """A supervisor who takes part in the call, once both have been told."""

    supervisor: str
    phone: PhoneId
    watching: Watching
    leg: ChannelId
    #: What tells the caller; when it is said, the supervisor's part has begun.
    announcement: PlaybackId | None = None
    #: What tells the informateur.
    notice: PlaybackId | None = None
    begun: bool = False
    snoop: ChannelId | None = None
    bridge: BridgeId | None = None


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
    #: The first digit of a code came during the welcome: perhaps only to skip it.
    skipping: bool = False
    wrong_codes: int = 0
    #: When the last digit of a code was typed.
    code_at: float | None = None
    silences: int = 0
    #: Listened to since the first silence, and heard to speak as a person does.
    listened: bool = False
    spoke: bool = False
    wrong_choices: int = 0
    #: Menus from the first to the present one; none at the question.
    path: list[MenuId] = field(default_factory=list)
    fiche: FicheId | None = None
    door: Door = Door.NONE
    #: The promise made to this caller, from the queue on.
    item: WorkItem | None = None
    #: Since when, and until when promised, the caller first waited.
    joined_at: float | None = None
    promised_at: float | None = None
    #: From then until the first conversation.
    waited_s: float | None = None
    #: When the last sentence began: nobody waits any more.
    goodbye_at: float | None = None
    talked_s: float = 0.0
    #: The request that this call answers, if it is a callback.
    ticket: TicketId | None = None
    #: Whether a callback was offered.
    offered: bool = False
    #: Phones rung, and how often the caller was given on.
    attempts: int = 0
    transfers: int = 0
    referral: EntryId | None = None
    agent: AgentId | None = None
    leg: ChannelId | None = None
    #: What the informateur hears before the caller is joined.
    whisper: PlaybackId | None = None
    bridge: BridgeId | None = None
    talking_since: float | None = None
    #: Keys of the informateur, in a conversation.
    agent_typed: str = ""
    aside: Aside | None = None
    watch: Watch | None = None
    #: Which question is put, and whether it was put again.
    question: int = 0
    asked_again: bool = False
    #: The hang-up has been asked for.
    hung_up: bool = False

    @property
    def channel(self) -> ChannelId:
        """The caller's channel."""
        return ChannelId(self.id)
