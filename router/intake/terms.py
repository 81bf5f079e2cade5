"""What the router hands to an intake at its start.

Through a pipe: nothing of it is on a command line or in an environment, where others could
read it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from router.core.plan import Plan
from router.intake.channel import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Values only, for `pickle`; settings as in `config.Callbacks`."""

    plan: Plan
    #: The service's time is the monotonic clock, which all processes share, and so much.
    clock_base: float
    promise_min: int
    #: Whether to tell at the start whose the open tickets are.
    recount: bool
    #: What the router last said of the sectors: the channel's message; later ones follow.
    accepting: Message

    origins: frozenset[str]
    keys: Mapping[str, str] = field(repr=False)
    proof_of_work: bool
    difficulty: int
    forms_per_minute: int
    fiction: bool
    recycle_numbers: int
    recycle_s: float

    #: None: there is no vault, and so no callback.
    vault: Path | None
    #: Tickets are derived with it, so that a request sent again finds its own.
    ticket_key: bytes = field(repr=False)
    challenge_key: bytes = field(repr=False)
    code_secret: bytes = field(repr=False)

    ari_url: str
    ari_user: str
    ari_password: str = field(repr=False)
    app: str
    presented: str | None
    number_format: str

    #: The folder of the router's own socket.
    router_dir: Path
    #: Addresses that the router answers; a last part in braces stands for any.
    router_paths: tuple[str, ...]
    #: Networks of the machines that may see what is for machines, and their token, "" for none.
    machines: tuple[str, ...]
    machines_token: str = field(repr=False)

    log_level: str
    log_console: bool

    def now(self) -> float:
        """Return the service's time, UTC epoch seconds."""
        return self.clock_base + time.monotonic()

    def today(self) -> date:
        """Return the service's calendar day."""
        return self.plan.hours.local(self.now()).date()
