"""A seat of the demo that is left free for a person's own phone, and how to take it."""

from dataclasses import dataclass, field

from router.core.ids import AgentId
from router.core.plan import Desk, DeskAction, LogInBy


@dataclass(frozen=True, slots=True)
class Seat:
    """An informateur whose phone is not simulated."""

    agent: AgentId
    #: Where the phone registers, as `host:port`.
    registrar: str
    #: The phone's password there.
    password: str = field(repr=False)
    #: What is typed to log in by phone.
    pin: str = field(repr=False)

    @property
    def user(self) -> str:
        """The phone's user name at the registrar."""
        return f"agent-{self.agent}"

    def as_json(self) -> dict[str, str]:
        """Return what a script needs to register a phone and log in."""
        return {
            "registrar": self.registrar,
            "user": self.user,
            "password": self.password,
            "pin": self.pin,
        }

    def how_to(self, desk: Desk) -> list[str]:
        """Return how to register a phone and log in as this plan's desk wants it, line by line."""
        host, _, port = self.registrar.partition(":")
        return [
            f"Seat {self.agent} is yours. On this machine, in any SIP phone:",
            f"  SIP address  sip:{self.user}@{self.registrar}",
            f"  user         {self.user}",
            f"  password     {self.password}",
            f"  domain       {host}, port {port}, UDP; no proxy, no STUN",
            *(f"  {line}" for line in self._log_in(desk)),
        ]

    def _log_in(self, desk: Desk) -> list[str]:
        codes = {action: code for code, action in desk.codes.items()}
        dial = f"dial {codes[DeskAction.LOG_IN]}, then type {self.agent}# and the PIN {self.pin}#"
        if desk.log_in is LogInBy.CODE:
            return [f"log in       {dial}"]
        return [
            "log in       by registering: this plan asks for no more",
            f"log out      dial {codes[DeskAction.LOG_OUT]}; in again: {dial}",
        ]
