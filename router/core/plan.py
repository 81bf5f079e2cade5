"""The service, defined: hours, sectors, menus, pages, targets, informateurs.

Frozen values that `router.config` builds from TOML and checks; the core trusts them.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from router.core.hours import Hours
from router.core.ids import (
    AgentId,
    EntryId,
    FicheId,
    MenuId,
    PageId,
    PhoneId,
    PromptId,
    QuestionId,
    ReasonId,
    SectorId,
)

#: Sentences made on the spot; they stand among prompt ids where a plan lists what to say.
SAY_HOURS = PromptId("@hours")
SAY_NEXT_OPENING = PromptId("@next-opening")
SPOKEN_ON_THE_SPOT = frozenset({SAY_HOURS, SAY_NEXT_OPENING})


@dataclass(frozen=True, slots=True)
class Sector:
    """A domain of competence: `name` for pages and logs, `prompt` for the whisper."""

    id: SectorId
    name: str
    ministry: str
    prompt: PromptId
    #: What an informateur types for it; none: nobody can be transferred to it.
    code: str = ""
    #: Served by every informateur, as level 1: the general queue, no domain of competence.
    for_all: bool = False


@dataclass(frozen=True, slots=True)
class Fiche:
    """A page of the public site whose access code leads to `sector`."""

    id: FicheId
    title: str
    sector: SectorId

    @property
    def prompt(self) -> PromptId:
        """The sentence that tells an informateur the title (router/voice renders it)."""
        return PromptId(f"fiche-{self.id.lower()}")


@dataclass(frozen=True, slots=True)
class ToMenu:
    menu: MenuId


@dataclass(frozen=True, slots=True)
class ToSector:
    sector: SectorId


@dataclass(frozen=True, slots=True)
class ToPage:
    page: PageId


@dataclass(frozen=True, slots=True)
class Repeat:
    """Say the menu again."""


@dataclass(frozen=True, slots=True)
class Back:
    """To the menu one came from."""


Choice = ToMenu | ToSector | ToPage | Repeat | Back


@dataclass(frozen=True, slots=True)
class Menu:
    """What is said, and where each key leads. No key is the beginning of another."""

    id: MenuId
    prompts: tuple[PromptId, ...]
    keys: Mapping[str, Choice]


@dataclass(frozen=True, slots=True)
class Page:
    """Recorded information; after it the caller is back in the menu."""

    id: PageId
    prompts: tuple[PromptId, ...]


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """How access codes are asked for and renewed."""

    #: Without a valid code: recorded information only (True) or the menu (False).
    required: bool = False
    tries: int = 3
    #: A code is shown for this long, and still taken for as long again.
    period_s: int = 7 * 86_400
    #: Wrong codes a minute, over all calls, beyond which every answer comes late.
    failures_per_minute: int = 20
    #: How late.
    delay_s: float = 5.0


class Order(StrEnum):
    """Who is served first. But for PROMISE they are there to be compared with it."""

    PROMISE = "promise"  # whose promise runs out first, callers and callbacks alike
    ARRIVAL = "arrival"  # who came first
    CALLERS = "callers"  # callers before callbacks
    CALLBACKS = "callbacks"  # callbacks before callers


@dataclass(frozen=True, slots=True)
class Targets:
    """What the service promises and how long it lets things take, in seconds."""

    #: A live caller is due this long after joining the queue.
    live_target_s: int = 180
    #: An informateur's phone rings this long before the next one is tried.
    ring_s: int = 15
    #: A phone that does not begin to ring within this is taken as unreachable.
    reserve_s: int = 5
    #: After a call that was not answered an informateur gets none for this long.
    miss_pause_s: int = 60
    #: After a call that was rejected.
    reject_pause_s: int = 30
    #: While the phone is busy with another call.
    busy_pause_s: int = 20
    #: While the phone cannot be reached.
    unreachable_pause_s: int = 30
    #: After so many calls not answered or rejected in a row, the informateur is paused.
    misses_max: int = 2
    #: How often Asterisk is asked whether an informateur's call is still there.
    verify_s: int = 180
    #: Time to note the call before the next one.
    wrap_up_s: int = 30
    order: Order = Order.PROMISE
    #: Callers waiting at once, over all sectors.
    queue_max: int = 100
    #: Of callers who pressed nothing and were not heard to speak either (a machine that dials,
    #: an open line), so many wait at once; 0: no limit, and nobody is listened to.
    unheard_max: int = 10
    #: Nobody waits longer than this.
    longest_wait_s: int = 2700
    #: Waiting callers are told where they stand this often.
    announce_every_s: int = 60
    #: Level 1 of a skill is asked at once, level 2 after widening_s[1], and so on.
    widening_s: tuple[int, ...] = (0, 20, 40)
    #: Longest silence before the first key, counted from the prompt's end.
    first_key_s: float = 6.0
    #: Longest silence between two keys of one entry.
    next_key_s: float = 4.0
    #: How often a question is put before we go on without an answer.
    tries: int = 2
    #: A prompt whose end was never told is taken as ended after this.
    prompt_guard_s: int = 120
    #: A call cannot last longer (Asterisk's TIMEOUT(absolute)).
    longest_call_s: int = 7200

    def widened(self, waited_s: float) -> int:
        """Return how many levels of skill may be asked for who has waited so long."""
        return bisect_right(self.widening_s, waited_s) or 1


@dataclass(frozen=True, slots=True)
class Agent:
    """An informateur: skills are sector -> level, 1 the most expert."""

    id: AgentId
    skills: Mapping[SectorId, int]


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """What is promised to those who ask to be called back, in seconds."""

    #: The promise: called back within this.
    promise_s: int = 2700
    #: Calls dialled at most, the first included.
    attempts: int = 2
    #: Kept free before the promise runs out: to ring an informateur and dial.
    dial_s: int = 60
    #: So long before that, a promise comes before every caller: for what nobody foresees.
    slack_s: int = 600
    #: The number called rings this long.
    ring_s: int = 25
    #: Before the second attempt: after a busy line, no answer or a voicemail.
    busy_retry_s: int = 180
    no_answer_retry_s: int = 600
    #: A promise that was broken is still tried for this long.
    grace_s: int = 900
    #: Open requests at most, for each informateur logged in.
    tickets_per_agent: int = 6
    #: What the forecast assumes before it has seen calls: handling time, occupancy.
    assumed_handling_s: int = 300
    assumed_occupancy: float = 0.2
    #: Whether only what the forecast keeps is promised; false: whatever is asked for, up to
    #: `tickets_per_agent`.
    forecast: bool = True
    #: A caller who has waited this long is offered a callback; 0: never.
    offer_after_s: int = 180


class DeskAction(StrEnum):
    """What a code dialled from an informateur's phone is for."""

    LOG_IN = "log in"
    LOG_OUT = "log out"
    PAUSE = "pause"
    READY = "ready"
    NOTE = "note"


class Feature(StrEnum):
    """What keys do during a call; a sector's or an entry's code follows some of them."""

    HOLD = "hold"  # and back
    TRANSFER = "transfer"
    CONSULT = "consult"
    REFER = "refer"
    REFER_SPOKEN = "refer spoken"
    COMPLETE = "complete"
    CANCEL = "cancel"


class LogInBy(StrEnum):
    """What makes an informateur ready in the morning."""

    PHONE = "phone"  # the phone's registration
    CODE = "code"  # the desk's code and the PIN, or HTTP


class SecondLogIn(StrEnum):
    """What becomes of a log-in at a second phone."""

    REFUSE = "refuse"
    TAKE_OVER = "take over"


@dataclass(frozen=True, slots=True)
class PauseReason:
    """`key` chooses it on the phone; it ends by itself after `longest_s`, by logging out."""

    id: ReasonId
    name: str
    key: str
    longest_s: int


@dataclass(frozen=True, slots=True)
class Desk:
    """How informateurs work with the service from their phones."""

    log_in: LogInBy = LogInBy.PHONE
    second_log_in: SecondLogIn = SecondLogIn.REFUSE
    #: Wrong PINs in a row before an informateur's log-in is locked, and for how long.
    pin_tries: int = 3
    lock_s: int = 300
    #: A phone that vanished may come back within this without a new log-in.
    away_s: int = 900
    #: An informateur paused after missed calls is logged out after this.
    missed_longest_s: int = 1800
    codes: Mapping[str, DeskAction] = field(
        default_factory=lambda: {
            "11": DeskAction.LOG_IN,
            "12": DeskAction.LOG_OUT,
            "13": DeskAction.PAUSE,
            "14": DeskAction.READY,
            "15": DeskAction.NOTE,
        }
    )
    keys: Mapping[str, Feature] = field(
        default_factory=lambda: {
            "*1": Feature.HOLD,
            "*2": Feature.TRANSFER,
            "*3": Feature.CONSULT,
            "*4": Feature.REFER,
            "*5": Feature.REFER_SPOKEN,
            "*7": Feature.COMPLETE,
            "*0": Feature.CANCEL,
        }
    )
    reasons: Mapping[ReasonId, PauseReason] = field(default_factory=dict)
    #: Phones of supervisors, beside those of the informateurs.
    supervisor_phones: tuple[PhoneId, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """An administration or service of the directory.

    `number` is what is dialled and said, digits only; None: only named. `prompt` names it,
    `hours_prompt` says when it can be reached.
    """

    id: EntryId
    name: str
    #: What an informateur types for it.
    code: str
    number: str | None
    prompt: PromptId
    hours_prompt: PromptId


@dataclass(frozen=True, slots=True)
class Relay:
    """The service through which deaf people call: "utilisez `name`", and its web page."""

    name: str
    url: str


class QuestionKind(StrEnum):
    """What the answers to a question are."""

    #: Marks: they have a mean, and some of them count as satisfied.
    SCORE = "score"
    #: Yes or no: counted, never averaged.
    YES_NO = "yes/no"


#: How the answers to a question of yes or no are counted.
YES, NO = 1, 0


@dataclass(frozen=True, slots=True)
class Question:
    """What callers who stay are asked: `scores` by key; `satisfied` are the favourable ones."""

    id: QuestionId
    prompt: PromptId
    scores: Mapping[str, int]
    satisfied: frozenset[int]
    kind: QuestionKind = QuestionKind.SCORE


def yes_or_no(id_: QuestionId, prompt: PromptId, yes: str, no: str) -> Question:
    """Return a question that is answered by one of two keys."""
    return Question(id_, prompt, {yes: YES, no: NO}, frozenset({YES}), QuestionKind.YES_NO)


@dataclass(frozen=True, slots=True)
class Goals:
    """What the service aims at, as shares of 0 to 1; None: it has said nothing."""

    #: Of live calls offered: answered within `Targets.live_target_s`.
    in_time: float | None = None
    #: Of callbacks promised: begun within `CallbackPolicy.promise_s`.
    callbacks_kept: float | None = None
    #: Of calls offered: answered.
    answered: float | None = None
    #: Of live calls offered: abandoned, at most.
    abandoned_max: float | None = None
    #: Of scores given: those that count as satisfied.
    satisfied: float | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """Key figures that the service has published of a year, and where; None: not published."""

    year: int
    #: French.
    source: str
    answered: int | None = None
    answered_callback: int | None = None
    mobilised: int | None = None
    satisfaction: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the engine needs to know of the service."""

    name: str
    #: Numbers callers may dial, as they arrive on the trunk.
    numbers: tuple[str, ...]
    hours: Hours
    welcome: tuple[PromptId, ...]
    sectors: Mapping[SectorId, Sector]
    fiches: Mapping[FicheId, Fiche]
    menus: Mapping[MenuId, Menu]
    pages: Mapping[PageId, Page]
    #: Put to callers together with the question of the code.
    first_menu: MenuId
    information_menu: MenuId
    agents: Mapping[AgentId, Agent]
    code: CodePolicy = field(default_factory=CodePolicy)
    targets: Targets = field(default_factory=Targets)
    callbacks: CallbackPolicy = field(default_factory=CallbackPolicy)
    desk: Desk = field(default_factory=Desk)
    directory: Mapping[EntryId, Entry] = field(default_factory=dict)
    #: In the order in which they are asked; none: callers are not asked to vote.
    questions: tuple[Question, ...] = ()
    goals: Goals = field(default_factory=Goals)
    published: tuple[Published, ...] = ()
    #: None: pages name none.
    relay: Relay | None = None
    #: Where callers wait who press nothing; None: they hear the information.
    no_key: SectorId | None = None

    @property
    def number(self) -> str:
        """The number that is shown to people."""
        return self.numbers[0]

    @property
    def domains(self) -> dict[SectorId, Sector]:
        """The sectors that one can ask for: all but those that everybody serves."""
        return {id_: one for id_, one in self.sectors.items() if not one.for_all}

    def about(self, sector: SectorId, fiche: FicheId | None) -> tuple[PromptId, ...]:
        """What an informateur is told that a call is about: the domain, and the page read."""
        page = None if fiche is None else self.fiches.get(fiche)
        domain = self.sectors[sector].prompt
        return (domain,) if page is None else (domain, page.prompt)

    @property
    def code_leads(self) -> str:
        """The digits that access codes begin with: none that begins a choice of the first menu,
        so that the first key tells a code from a choice."""
        if self.code.required:
            return "0123456789"
        begun = {key[0] for key in self.menus[self.first_menu].keys}
        return "".join(digit for digit in "0123456789" if digit not in begun)

    @property
    def phones(self) -> tuple[PhoneId, ...]:
        """Every phone of the service: each informateur's of the same number, supervisors'."""
        return (*(PhoneId(agent) for agent in self.agents), *self.desk.supervisor_phones)
