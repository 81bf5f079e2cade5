"""What the router hands to an intake when it starts.

It goes through a pipe: none of it is on a command line or in an environment, where others could
read it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from router.access import Token
from router.core.plan import Plan
from router.intake.channel import Message

#: Before the router has said anything of the sectors: nothing is taken, no call is answered.
NOTHING_ACCEPTED: Message = {"accepting": {}, "answered": None}


@dataclass(frozen=True, slots=True)
class CarrierTerms:
    """How a carrier is dialled."""

    #: "e164" (33…), "+e164", "00e164" or "national" (0…).
    number_format: str
    #: What it is offered, best first.
    codecs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Values only, for `pickle`; settings as in `config.Callbacks`, where their defaults are."""

    #: The service as it describes itself.
    plan: Plan
    #: Within how many minutes a callback is promised.
    promise_min: int

    #: Origins of pages that may ask for callbacks, such as "https://www.example.org".
    origins: frozenset[str]
    #: All tokens, without their values.
    tokens: tuple[Token, ...]
    #: Whether browsers must solve a puzzle, and how many numbers they may have to try.
    proof_of_work: bool
    difficulty: int
    #: Plain forms admitted each minute, in total, while puzzles are set.
    forms_per_minute: int
    #: Whether numbers kept for films are admitted: in tests and demos only.
    fiction: bool
    #: The intake is worn after this many numbers, or this many seconds after its first.
    recycle_numbers: int
    recycle_s: float

    #: The vault's folder; None: there is no vault, and so no callback.
    vault: Path | None
    #: Tickets are derived with it, so that a request sent again finds its own.
    ticket_key: bytes = field(repr=False)
    #: Puzzles are signed with it.
    challenge_key: bytes = field(repr=False)
    #: Access codes are derived with it.
    code_secret: bytes = field(repr=False)

    #: Asterisk's HTTP interface, with "/ari" and no slash after it, with user and password.
    ari_url: str
    ari_user: str
    ari_password: str = field(repr=False)
    #: The Stasis application of calls that are dialled.
    app: str
    #: The number shown to whoever is called back; None: no callback is taken.
    presented: str | None
    #: What each carrier wants, by its endpoint.
    carriers: Mapping[str, CarrierTerms]

    #: The folder of the router's own socket.
    router_dir: Path
    #: Networks of the machines that may see what is for machines.
    machines: tuple[str, ...]

    #: As in `config.Log`: the least level logged, and whether for people.
    log_level: str
    log_console: bool

    # Set when the intakes start.
    #: Addresses that the router answers; a part in braces stands for any.
    router_paths: tuple[str, ...] = ()

    # Set for each intake when it starts.
    #: Added to the monotonic clock, which all processes share: the service's time.
    clock_base: float = 0.0
    #: Whether to send the router, at the start, the digests of the vault's numbers.
    recount: bool = False
    #: What the router last said of the sectors: the channel's message; later ones follow.
    accepting: Message = field(default_factory=lambda: NOTHING_ACCEPTED)

    def now(self) -> float:
        """Return the service's time, UTC epoch seconds."""
        return self.clock_base + time.monotonic()

    def today(self) -> date:
        """Return the service's calendar day."""
        return self.plan.hours.local(self.now()).date()
