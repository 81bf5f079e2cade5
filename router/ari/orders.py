"""What the performer carries out: the engine's commands, and one of the link's own."""

from dataclasses import dataclass

from router.core.commands import ForAsterisk, Join, Listen, Part, PutIn, Remember, TakeOut
from router.core.ids import CallId, ChannelId


@dataclass(frozen=True, slots=True)
class Hush:
    """Have `channel` hear silence, unless something has begun to play there meanwhile.

    While Asterisk plays nothing it sends no packets at all: people take the line for dead, and
    jitter buffers and NAT bindings lapse. None of the engine's business.
    """

    call: CallId
    channel: ChannelId


Order = ForAsterisk | Hush

#: Orders with a request that may block; each of the others is one request that cannot.
BLOCKING = (Remember, Listen, Join, TakeOut, PutIn, Part)
