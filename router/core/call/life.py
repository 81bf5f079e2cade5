"""What is known of a call: its states, its deadlines, and who takes part.

What answers each event in each state, and what may follow, is in table.py beside.

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

from router.core.facts import Door, Outcome
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
from router.core.legs import Said
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


#: States in which an informateur's keys and requests mean something.
CONVERSATION = frozenset(
    {CallState.TALKING, CallState.HELD, CallState.CONSULTING, CallState.REFERRING}
)


class Due(StrEnum):
    """A deadline of a call that has come."""

    STEP = "step"  # a prompt that never ended, or a silence that is too long
    ANNOUNCE = "announce"  # time to say where the caller stands
    LONGEST = "longest"  # nobody waits longer
    WHISPER = "whisper"  # the informateur knows what it is about
    UNHEARD = "unheard"  # a prompt broke off, and the caller has stayed
    UNTOLD = "untold"  # a whisper broke off, and no end of the leg was reported
    KEYS = "keys"  # the informateur's keys so far are no longer one entry


class AsideEvent(StrEnum):
    """What happened to the one who was dialled besides: a second informateur, or a referral."""

    RANG = "aside rang"
    VANISHED = "aside vanished"  # the phone is no longer registered
    ANSWERED = "aside answered"
    TOLD = "aside told"  # has heard the whisper
    ENDED = "aside ended"
    UNANSWERED = "aside unanswered"  # rung for long enough


class WatchEvent(StrEnum):
    """What happened to a supervisor's part in the conversation."""

    ANSWERED = "watch answered"
    BEGUN = "watch begun"  # the caller has been told
    UNTOLD = "watch untold"  # one of the two could not be told
    ENDED = "watch ended"
    DEAF = "watch deaf"  # the ear could not be opened


@dataclass(slots=True, eq=False)
class Aside:
    """Who was dialled besides: an informateur who is consulted, or a referral."""

    leg: ChannelId
    sector: SectorId | None = None
    agent: AgentId | None = None
    entry: EntryId | None = None
    answered: bool = False
    joined: bool = False


@dataclass(slots=True, eq=False)
class Watch:
    """A supervisor who takes part in the call, once both have been told."""

    supervisor: str
    phone: PhoneId
    watching: Watching
    leg: ChannelId
    #: Whether the supervisor has picked up, and whether the caller has been told.
    answered: bool = False
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
    #: What is being said, to whom; the caller may hear music instead.
    said: dict[Said, PlaybackId] = field(default_factory=dict)
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

    @property
    def playback(self) -> PlaybackId | None:
        """What the caller hears; None when it is music or silence."""
        return self.said.get(Said.CALLER)
