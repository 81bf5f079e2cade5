"""The definition of the service: its sectors, targets, callbacks, desk, directory, informateurs.

Frozen values, built from TOML and checked by `router.config`; the core trusts them.
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
    browser_of,
)
from router.core.menus import Menu, Page


@dataclass(frozen=True, slots=True)
class Sector:
    """A domain of competence, with a queue of its own."""

    id: SectorId
    #: For pages and logs, in French.
    name: str
    #: The ministry in charge, for figures.
    ministry: str
    #: Names it in the whisper.
    prompt: PromptId
    #: What an informateur types to transfer a caller here; "": nobody can be transferred here.
    code: str = ""
    #: Served by every informateur at level 1: the general queue, not a domain of competence.
    for_all: bool = False


@dataclass(frozen=True, slots=True)
class Fiche:
    """A page of the public site, which shows an access code."""

    id: FicheId
    #: In French.
    title: str
    #: Where its access code leads.
    sector: SectorId

    @property
    def prompt(self) -> PromptId:
        """The prompt that gives an informateur the title (rendered by router/voice)."""
        return PromptId(f"fiche-{self.id.lower()}")


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """How access codes are asked for and renewed."""

    #: What a caller without a valid code gets: recorded information only if true, otherwise the
    #: menu.
    required: bool = False
    #: How many codes a caller may try.
    tries: int = 3
    #: A code is shown for this long, and accepted for as long again.
    period_s: int = 7 * 86_400
    #: Wrong codes a minute, in total, beyond which every answer to a code is delayed.
    failures_per_minute: int = 20
    #: The delay.
    delay_s: float = 5.0


class Order(StrEnum):
    """Who is served first. All but PROMISE are there to be compared with it."""

    PROMISE = "promise"  # whose promise runs out first, callers and callbacks alike
    ARRIVAL = "arrival"  # who came first
    CALLERS = "callers"  # callers before callbacks
    CALLBACKS = "callbacks"  # callbacks before callers


@dataclass(frozen=True, slots=True)
class Targets:
    """What the service promises, and how long it lets things take."""

    #: A live caller is due this long after joining the queue.
    live_target_s: int = 180
    #: An informateur's phone rings this long before the next one is tried.
    ring_s: int = 15
    #: A phone that does not begin to ring within this is considered unreachable.
    reserve_s: int = 5
    #: How long an informateur gets no call after one that was not answered.
    miss_pause_s: int = 60
    #: The same after a call that was rejected.
    reject_pause_s: int = 30
    #: The same after the phone was found busy with another call.
    busy_pause_s: int = 20
    #: The same after the phone could not be reached.
    unreachable_pause_s: int = 30
    #: After this many calls not answered or rejected in a row, the informateur is paused.
    misses_max: int = 2
    #: How often Asterisk is asked whether an informateur's call still exists.
    verify_s: int = 180
    #: How long an informateur has to note a call before the next one.
    wrap_up_s: int = 30
    #: Who is served first: "promise", whoever's promise runs out first, callers and callbacks
    #: alike. The others are for comparison: "arrival", whoever came first; "callers", callers
    #: before callbacks; "callbacks", callbacks before callers.
    order: Order = Order.PROMISE
    #: Callers who may wait at the same time, in all sectors together.
    queue_max: int = 100
    #: Among callers who pressed no key and were not heard to speak either (a machine that dials,
    #: an open line), how many may wait at the same time; 0: no limit, and nobody is listened to.
    unheard_max: int = 10
    #: Nobody waits longer than this.
    longest_wait_s: int = 2700
    #: How often waiting callers are told their place.
    announce_every_s: int = 60
    #: How long a caller has waited when each level of skill is asked: the first is 0, for level 1.
    widening_s: tuple[int, ...] = (0, 20, 40)
    #: The longest silence before the first key, from the end of the prompt.
    first_key_s: float = 6.0
    #: The longest silence between two keys of one entry.
    next_key_s: float = 4.0
    #: A conversation that lasts longer is marked on the wallboard.
    long_talk_s: int = 900
    #: The same of a caller on hold.
    long_hold_s: int = 120
    #: How often a question is put before the call goes on without an answer.
    tries: int = 2
    #: A prompt whose end is not reported is considered over after this.
    prompt_guard_s: int = 120
    #: Any call ends after this (Asterisk's TIMEOUT(absolute)); 60 at least.
    longest_call_s: int = 7200

    def widened(self, waited_s: float) -> int:
        """Return how many levels of skill may be asked after a wait of `waited_s` seconds."""
        return bisect_right(self.widening_s, waited_s) or 1


@dataclass(frozen=True, slots=True)
class Agent:
    """An informateur."""

    id: AgentId
    #: The level of skill for each sector served, 1 for the most expert.
    skills: Mapping[SectorId, int]


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """What is promised to people who ask to be called back."""

    #: The promise: called back within this.
    promise_s: int = 2700
    #: How many times a number is dialled at most.
    attempts: int = 2
    #: Kept free before the promise runs out, to ring an informateur and dial.
    dial_s: int = 60
    #: This long before that, a promise comes before every caller: time for the unforeseen.
    slack_s: int = 600
    #: The number called rings this long.
    ring_s: int = 25
    #: The wait before the second attempt after a busy line.
    busy_retry_s: int = 180
    #: The wait before the second attempt after no answer, or a voicemail.
    no_answer_retry_s: int = 600
    #: A broken promise is still tried for this long.
    grace_s: int = 900
    #: Open requests at most, for each informateur logged in.
    tickets_per_agent: int = 6
    #: The handling time that the forecast assumes before it has seen calls.
    assumed_handling_s: int = 300
    #: The occupancy of informateurs, 0 to 1, that the forecast assumes before it has seen calls.
    assumed_occupancy: float = 0.2
    #: Whether a request is accepted only if the forecast says that the promise can be kept; if
    #: not, up to `tickets_per_agent` are.
    forecast: bool = True
    #: A caller who has waited this long is offered a callback; 0: never.
    offer_after_s: int = 180


class DeskAction(StrEnum):
    """What a short code dialled from an informateur's phone asks for."""

    LOG_IN = "log in"
    LOG_OUT = "log out"
    PAUSE = "pause"
    READY = "ready"
    NOTE = "note"


class Feature(StrEnum):
    """What keys do during a call; some are followed by the code of a sector or an entry."""

    HOLD = "hold"  # and back
    TRANSFER = "transfer"
    CONSULT = "consult"
    REFER = "refer"
    REFER_SPOKEN = "refer spoken"
    COMPLETE = "complete"
    CANCEL = "cancel"


class LogInBy(StrEnum):
    """How an informateur logs in."""

    PHONE = "phone"  # the phone's registration
    CODE = "code"  # the desk's code and the PIN, or HTTP


class SecondLogIn(StrEnum):
    """What happens to a log-in at a second phone."""

    REFUSE = "refuse"
    TAKE_OVER = "take over"


@dataclass(frozen=True, slots=True)
class PauseReason:
    """A reason for a pause."""

    id: ReasonId
    #: In French.
    name: str
    #: The key that chooses it on the phone.
    key: str
    #: A pause that lasts longer ends in a log-out, in seconds.
    longest_s: int


@dataclass(frozen=True, slots=True)
class Desk:
    """How informateurs work with the service from their phones."""

    #: What makes an informateur ready: the registration of the phone ("phone"), or the desk's
    #: code and the PIN ("code").
    log_in: LogInBy = LogInBy.PHONE
    #: What happens to a log-in at a second phone: it is refused, or it takes over.
    second_log_in: SecondLogIn = SecondLogIn.REFUSE
    #: Wrong PINs in a row before an informateur's log-in is locked.
    pin_tries: int = 3
    #: How long it is locked.
    lock_s: int = 300
    #: A phone that has disappeared may return within this without a new log-in.
    away_s: int = 900
    #: An informateur who is paused after missed calls is logged out after this.
    missed_longest_s: int = 1800
    #: What each code does that an informateur dials; a table given replaces all of them.
    codes: Mapping[str, DeskAction] = field(
        default_factory=lambda: {
            "11": DeskAction.LOG_IN,
            "12": DeskAction.LOG_OUT,
            "13": DeskAction.PAUSE,
            "14": DeskAction.READY,
            "15": DeskAction.NOTE,
        }
    )
    #: What keys do during a call; a sector's or an entry's code follows some of them. A table given
    #: replaces all of them.
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
    #: The reasons for a pause.
    reasons: Mapping[ReasonId, PauseReason] = field(default_factory=dict)
    #: The numbers of supervisors' phones, besides those of the informateurs.
    supervisor_phones: tuple[PhoneId, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """An administration or service in the directory, to which callers can be referred."""

    id: EntryId
    #: In French.
    name: str
    #: What an informateur types for it.
    code: str
    #: What is dialled and read out, digits only; None: it is only named.
    number: str | None
    #: Names it.
    prompt: PromptId
    #: Says when it can be reached.
    hours_prompt: PromptId


@dataclass(frozen=True, slots=True)
class Relay:
    """The relay service through which deaf people call, named on every page of ours."""

    #: In French, as in "utilisez …".
    name: str
    #: Its web page.
    url: str


class QuestionKind(StrEnum):
    """What the answers to a question are."""

    #: Scores, which have a mean, and some of which count as satisfied.
    SCORE = "score"
    #: Yes or no, which are counted but never averaged.
    YES_NO = "yes/no"


#: How yes and no are counted.
YES, NO = 1, 0


@dataclass(frozen=True, slots=True)
class Question:
    """A question put to callers who stay on the line after the conversation."""

    id: QuestionId
    prompt: PromptId
    #: The score that each key stands for.
    scores: Mapping[str, int]
    #: The scores that count as satisfied.
    satisfied: frozenset[int]
    kind: QuestionKind = QuestionKind.SCORE


def yes_or_no(id_: QuestionId, prompt: PromptId, yes: str, no: str) -> Question:
    """Return a question answered by one key for yes and one for no."""
    return Question(id_, prompt, {yes: YES, no: NO}, frozenset({YES}), QuestionKind.YES_NO)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the engine needs to know about the service, and a little for its pages."""

    #: In French, for pages.
    name: str
    #: The numbers that callers dial, as they arrive on the trunk. The first is shown to people.
    numbers: tuple[str, ...]
    hours: Hours
    #: Greets every caller.
    welcome: tuple[PromptId, ...]
    sectors: Mapping[SectorId, Sector]
    fiches: Mapping[FicheId, Fiche]
    menus: Mapping[MenuId, Menu]
    pages: Mapping[PageId, Page]
    #: Offered together with the question for the access code.
    first_menu: MenuId
    #: Recorded information, also while the service is closed.
    information_menu: MenuId
    agents: Mapping[AgentId, Agent]
    code: CodePolicy = field(default_factory=CodePolicy)
    targets: Targets = field(default_factory=Targets)
    callbacks: CallbackPolicy = field(default_factory=CallbackPolicy)
    desk: Desk = field(default_factory=Desk)
    directory: Mapping[EntryId, Entry] = field(default_factory=dict)
    #: In the order in which they are asked; empty: callers are not asked to vote.
    questions: tuple[Question, ...] = ()
    #: For pages; None: they name no relay.
    relay: Relay | None = None
    #: Where the pages of the public site are, "{fiche}" standing for the id; None: nowhere.
    fiche_url: str | None = None
    #: Where callers who press nothing wait; None: they hear the information.
    no_key: SectorId | None = None

    @property
    def number(self) -> str:
        """The number shown to people."""
        return self.numbers[0]

    @property
    def domains(self) -> dict[SectorId, Sector]:
        """The sectors that can be asked for: all but those that everybody serves."""
        return {id_: one for id_, one in self.sectors.items() if not one.for_all}

    def about(self, sector: SectorId, fiche: FicheId | None) -> tuple[PromptId, ...]:
        """Return the prompts that say what a call is about: the domain, and the page read."""
        page = None if fiche is None else self.fiches.get(fiche)
        domain = self.sectors[sector].prompt
        return (domain,) if page is None else (domain, page.prompt)

    def address_of(self, fiche: FicheId) -> str | None:
        """Return the address of a page of the public site; None if the plan says none."""
        return None if self.fiche_url is None else self.fiche_url.replace("{fiche}", fiche)

    def standing_in_for(self, sector: SectorId, fiche: FicheId | None) -> SectorId:
        """Return `sector`, or where those go who were there under an earlier plan.

        That is the sector of the page that they read, else the general queue, else any: whoever
        answers can transfer the call.
        """
        if sector in self.sectors:
            return sector
        page = None if fiche is None else self.fiches.get(fiche)
        return page.sector if page is not None else self.no_key or next(iter(self.domains))

    @property
    def sector_codes(self) -> dict[str, SectorId]:
        """What an informateur types for each sector, for those that have a code."""
        return {sector.code: sector.id for sector in self.sectors.values() if sector.code}

    @property
    def entry_codes(self) -> dict[str, EntryId]:
        """What an informateur types for each entry of the directory."""
        return {entry.code: entry.id for entry in self.directory.values()}

    @property
    def code_leads(self) -> str:
        """The digits with which access codes begin, so that the first key tells one from a choice.

        No choice of the first menu begins with any of them.
        """
        if self.code.required:
            return "0123456789"
        begun = {key[0] for key in self.menus[self.first_menu].keys}
        return "".join(digit for digit in "0123456789" if digit not in begun)

    @property
    def phones(self) -> tuple[PhoneId, ...]:
        """Every phone of the service: the informateurs', numbered as they are, and supervisors'."""
        return (*(PhoneId(agent) for agent in self.agents), *self.desk.supervisor_phones)

    @property
    def browsers(self) -> tuple[PhoneId, ...]:
        """Every phone in a browser: one for each informateur, who alone can work there."""
        return tuple(map(browser_of, self.agents))
