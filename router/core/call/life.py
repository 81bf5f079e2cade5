"""What is known of a call: its states, its deadlines, and who takes part.

What handles each event in each state, and which states may follow, is in table.py.

    WELCOME    the welcome is being played; any key skips ahead
    CLOSED     told why and until when we are closed; then the information menu
    QUESTION   asked to type a code or choose from the first menu
    CHECKING   the verdict on a code is delayed, as there were too many wrong ones lately
    MENU       hearing a menu, or typing a choice
    PAGE       hearing recorded information
    WAITING    in the queue, hearing music or an announcement
    RINGING    as WAITING, while an informateur's phone rings
    WHISPERING as WAITING, while the informateur hears what the call is about
    ENTERING   typing the number for a callback, which only the intake hears
    TALKING    in conversation with an informateur
    HELD       on hold: the caller hears music, the informateur nothing
    CONSULTING as HELD, while a second informateur rings or talks with the first
    REFERRING  as HELD, while an entry of the directory is being dialled
    REFERRED   in conversation with that administration or service
    READING    hearing the name and number of an entry of the directory
    VOTING     asked to rate the call
    LEAVING    hearing a last sentence, after which we hang up
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
from router.core.plan import Entry, Plan
from router.core.requests import Watching
from router.core.work import WorkItem


class CallState(StrEnum):
    """Where a call is in its life; see above."""

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


#: States in which a caller who has asked for an informateur talks to nobody yet.
WAITS = frozenset({CallState.WAITING, CallState.ENTERING, CallState.RINGING, CallState.WHISPERING})
#: States in which the informateur's keys and requests are obeyed.
CONVERSATION = frozenset(
    {CallState.TALKING, CallState.HELD, CallState.CONSULTING, CallState.REFERRING}
)


class Due(StrEnum):
    """A deadline of a call that has come."""

    STEP = "step"  # a prompt never ended, or a silence lasted too long
    ANNOUNCE = "announce"  # time to announce the caller's place
    LONGEST = "longest"  # nobody waits longer than this
    WHISPER = "whisper"  # the whisper is over
    UNHEARD = "unheard"  # a prompt broke off, but no end of the caller's channel was reported
    UNTOLD = "untold"  # a whisper broke off, but no end of the leg was reported
    KEYS = "keys"  # the informateur paused too long between two keys


#: The deadlines of a whisper.
WHISPER_DUES = (Due.WHISPER, Due.UNTOLD)


class AsideEvent(StrEnum):
    """What happened to the third party: an informateur being consulted, or a referral."""

    RANG = "aside rang"
    VANISHED = "aside vanished"  # the phone lost its registration
    ANSWERED = "aside answered"
    TOLD = "aside told"  # the whisper is over
    ENDED = "aside ended"
    UNANSWERED = "aside unanswered"  # nobody picked up in time


class WatchEvent(StrEnum):
    """What happened to a supervisor's part in the conversation."""

    ANSWERED = "watch answered"
    BEGUN = "watch begun"  # the caller has been told
    UNTOLD = "watch untold"  # one of the two could not be told
    ENDED = "watch ended"
    DEAF = "watch deaf"  # the supervisor's way to listen could not be opened, or is gone


@dataclass(slots=True, eq=False)
class Aside:
    """The third party: an informateur who is being consulted, or a referral."""

    leg: ChannelId
    #: Of a consultation: the sector, and the informateur who was rung.
    sector: SectorId | None = None
    agent: AgentId | None = None
    #: Of a referral: the entry of the directory.
    entry: Entry | None = None
    #: Whether they have picked up, and whether they are in the bridge.
    answered: bool = False
    joined: bool = False


@dataclass(slots=True, eq=False)
class Watch:
    """A supervisor who takes part in the call, once caller and informateur have been told."""

    #: The name that the informateur's screen shows.
    supervisor: str
    phone: PhoneId
    watching: Watching
    leg: ChannelId
    #: Whether the supervisor has picked up, and whether the caller has been told.
    answered: bool = False
    begun: bool = False
    #: How the supervisor listens: the channel that hears the call, and the bridge to it.
    snoop: ChannelId | None = None
    bridge: BridgeId | None = None


@dataclass(slots=True, eq=False)
class Call:
    """What is known of one call; nothing of it says who is calling.

    Times are UTC epoch seconds.
    """

    id: CallId
    arrived_at: float
    #: The plan that the caller hears: that of the arrival, even if the service has a new one by
    #: now; for the vote, that of its beginning.
    plan: Plan
    #: The service's own call to itself: nobody's, and counted nowhere.
    probe: bool = False
    state: CallState = CallState.WELCOME
    #: How the call would end if the caller hung up now.
    outcome: Outcome = Outcome.LEFT
    #: What the caller is hearing; None if it is music, silence or a conversation.
    playback: PlaybackId | None = None
    music: bool = False
    #: What others are hearing.
    said: dict[Said, PlaybackId] = field(default_factory=dict)
    #: How many keys the caller has pressed, in total.
    keys: int = 0
    #: The keys of the entry so far.
    typed: str = ""
    #: Whether the only digit so far was pressed during the welcome, perhaps just to skip it.
    skipping: bool = False
    wrong_codes: int = 0
    #: When the last digit of a code was typed.
    code_at: float | None = None
    #: How often in a row nothing was pressed.
    silences: int = 0
    #: Whether we are listening for speech, and whether somebody spoke as a person does.
    listened: bool = False
    spoke: bool = False
    wrong_choices: int = 0
    #: The menus from the first to the present one; empty at the question.
    path: list[MenuId] = field(default_factory=list)
    fiche: FicheId | None = None
    door: Door = Door.NONE
    #: The promise made to this caller, once in the queue.
    item: WorkItem | None = None
    #: When the caller first joined the queue, and by when an answer was promised.
    joined_at: float | None = None
    promised_at: float | None = None
    #: From joining the queue to the first conversation; None: not answered yet.
    waited_s: float | None = None
    #: When the last sentence began, which ends the wait.
    goodbye_at: float | None = None
    #: In seconds, earlier conversations included.
    talked_s: float = 0.0
    #: The ticket, if this is a callback.
    ticket: TicketId | None = None
    #: Whether the latest announcement offered a callback.
    offered: bool = False
    #: The informateur who lost this call with the page, and is being rung to have it back.
    rejoining: AgentId | None = None
    #: How many phones were rung, and how often the caller was passed on.
    attempts: int = 0
    transfers: int = 0
    #: Where the caller was referred.
    referral: EntryId | None = None
    #: The informateur, with their channel, the bridge, and when the conversation began.
    agent: AgentId | None = None
    leg: ChannelId | None = None
    bridge: BridgeId | None = None
    talking_since: float | None = None
    #: When the latest hold began: the caller hears music, the informateur is there.
    held_at: float | None = None
    #: The informateur's keys so far.
    agent_typed: str = ""
    aside: Aside | None = None
    watch: Watch | None = None
    #: Which question the caller is answering, from 0, and whether it was put again.
    question: int = 0
    asked_again: bool = False
    #: Whether we have hung up.
    hung_up: bool = False
    #: The caller's channel.
    channel: ChannelId = field(init=False)

    def __post_init__(self) -> None:
        """Name the channel."""
        self.channel = ChannelId(self.id)
