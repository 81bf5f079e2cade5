"""The service, defined: hours, sectors, menus, pages, targets, informateurs.

Frozen values that `router.config` builds from TOML and checks; the core trusts them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.core.hours import Hours
from router.core.ids import AgentId, FicheId, MenuId, PageId, PromptId, SectorId

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


@dataclass(frozen=True, slots=True)
class Fiche:
    """A page of the public site whose access code leads to `sector`."""

    id: FicheId
    title: str
    sector: SectorId


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
    """To the menu one came from; from the first one, to the question of the code."""


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


@dataclass(frozen=True, slots=True)
class Targets:
    """What the service promises and how long it lets things take, in seconds."""

    #: A live caller is due this long after joining the queue.
    live_target_s: int = 180
    #: An informateur's phone rings this long before the next one is tried.
    ring_s: int = 15
    #: After a missed call an informateur is paused this long.
    miss_pause_s: int = 60
    #: Time to note the call before the next one.
    wrap_up_s: int = 30
    #: Callers waiting at once, over all sectors.
    queue_max: int = 100
    #: Nobody waits longer than this.
    longest_wait_s: int = 2700
    #: Waiting callers are told where they stand this often.
    announce_every_s: int = 60
    #: Level 1 of a skill is asked at once, level 2 after widening_s[1], and so on.
    widening_s: tuple[int, ...] = (0, 60, 120)
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


@dataclass(frozen=True, slots=True)
class Agent:
    """An informateur: skills are sector -> level, 1 the most expert."""

    id: AgentId
    skills: Mapping[SectorId, int]


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
    first_menu: MenuId
    information_menu: MenuId
    agents: Mapping[AgentId, Agent]
    code: CodePolicy = field(default_factory=CodePolicy)
    targets: Targets = field(default_factory=Targets)
