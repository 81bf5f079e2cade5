"""How many numbers this intake has held, and when that is enough."""

import asyncio

from router.intake.channel import Channel


class Wear:
    """Counts numbers, and says once over the channel that the intake should be replaced.

    That is after `most` numbers, or `longest_s` seconds after the first one, so that no number
    stays in the memory of a process for long.
    """

    def __init__(self, channel: Channel, most: int, longest_s: float) -> None:
        self._channel = channel
        self._most = most
        self._longest_s = longest_s
        self._worn = False
        #: Numbers that have been in this process so far.
        self.numbers = 0

    def add(self, numbers: int = 1) -> None:
        """Count `numbers` more that are, or were, in this process."""
        if not self.numbers:
            asyncio.get_running_loop().call_later(self._longest_s, self._wear_out)
        self.numbers += numbers
        if self.numbers >= self._most:
            self._wear_out()

    def _wear_out(self) -> None:
        if not self._worn:
            self._worn = True
            self._channel.send({"worn": True})
