"""What people did and heard while the service was being broken: their side, not the router's.

A line of the file for each thing, so that a run that failed can be judged again. Nobody is named by
a number: callers, informateurs and those who asked to be called back are counted.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

#: How the names of people begin.
CALLER, INFORMATEUR, USAGER = "caller-", "informateur-", "usager-"
#: Who is neither.
FAULT, ASTERISK = "fault", "Asterisk"


class Did(StrEnum):
    """What somebody did, or what happened to them. In brackets what `about` says."""

    # At any telephone; the ends say which call, at a phone that rings for several.
    HEARS = "hears"  # from now on [a prompt, "music", a person; "" for silence]
    PRESSED = "pressed"  # [keys]
    HUNG_UP = "hung up"
    WAS_HUNG_UP = "was hung up"
    #: Without a word, as when a cable is pulled.
    VANISHED = "vanished"
    # A caller.
    DIALLED = "dialled"
    ANSWERED = "was answered"
    TURNED_AWAY = "was turned away"  # [how]
    # An informateur's phone, and that of somebody who is called back. [which call]
    RANG = "rang"
    STOPPED_RINGING = "stopped ringing"
    PICKED_UP = "picked up"
    # Somebody who asks to be called back.
    ASKED = "asked"
    PROMISED = "was promised"
    REFUSED = "was refused"  # [HTTP status]
    CANCELLED = "cancelled"
    #: The ticket. [its last state, as HTTP tells it]
    ENDED = "ended"
    # Those who are nobody.
    BEGINS = "begins"  # [which fault]
    ENDS = "ends"  # [which fault]
    HOLDS = "holds"  # [what is left in Asterisk at the end; "" for nothing]


@dataclass(frozen=True, slots=True)
class Noted:
    """One thing, at a time of one monotonic clock, in seconds from the beginning."""

    at: float
    who: str
    did: Did
    about: str = ""

    def __str__(self) -> str:
        return f"{self.at:9.3f}  {self.who} {self.did} {self.about}".rstrip()


class History:
    """Everything that was noted, in order of time."""

    def __init__(self, noted: Iterable[Noted]) -> None:
        self.noted = sorted(noted, key=lambda one: one.at)
        self._by_who: dict[str, list[Noted]] = {}
        for one in self.noted:
            self._by_who.setdefault(one.who, []).append(one)

    @property
    def end(self) -> float:
        """When the last thing was noted."""
        return self.noted[-1].at if self.noted else 0.0

    def of(self, who: str) -> list[Noted]:
        """Return all that was noted of one of them."""
        return self._by_who.get(who, [])

    def people(self, kind: str) -> list[str]:
        """Return everybody whose name begins with `kind`."""
        return [who for who in self._by_who if who.startswith(kind)]

    def write(self, path: Path) -> None:
        """Write it, a JSON object a line."""
        lines = (json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in self.noted)
        path.write_text("".join(lines), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "History":
        """Read what `write` wrote."""
        told = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return cls(Noted(one["at"], one["who"], Did(one["did"]), one["about"]) for one in told)
