"""What is known of the probes so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.probe.steps import Step


@dataclass(frozen=True, slots=True)
class ProbeStanding:
    """The last probe, and the last that succeeded."""

    #: Whether the last probe heard what a caller should; False before the first.
    success: bool = False
    #: Why it did not; "" if it did, or there was none yet.
    trouble: str = ""
    #: The seconds from its INVITE to the answer and to the first sound, and from a key to the end,
    #: as far as the last probe got.
    seconds: Mapping[Step, float] = field(default_factory=dict)
    #: When a probe last succeeded, in UTC epoch seconds of the machine's clock; 0: never.
    last_success_at: float = 0.0
