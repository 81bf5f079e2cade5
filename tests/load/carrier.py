"""The carrier, as far as it is called: notes when the INVITE arrives; the person is busy.

Arrival is the kernel's receive timestamp. Nothing is sent again: nothing is lost on loopback.
"""

import asyncio
import re

from tests.load.receipt import receive, timed_socket

_METHOD = re.compile(r"([A-Z]+) sip:([^@ ]*)")
#: Copied from a request into its answer (RFC 3261 section 8.2.6.2).
_KEPT = ("via:", "from:", "to:", "call-id:", "cseq:")


class Carrier:
    """Use within one event loop; `close` at the end. Every call must be refused when noted."""

    def __init__(self, port: int) -> None:
        self._socket = timed_socket(port=port)
        #: What was dialled, and when it arrived, UTC epoch seconds.
        self.calls: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
        self._open: tuple[list[str], tuple[str, int]] | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def refuse(self) -> None:
        """Answer the call that rings: the person is busy. A refusal of the carrier's own, again and
        again, would end the promises."""
        assert self._open is not None, "nothing rings"
        (lines, sender), self._open = self._open, None
        self._reply("486 Busy Here", lines, sender)

    def _readable(self) -> None:
        data, at, sender = receive(self._socket)
        start, *lines = data.decode("utf-8", "replace").split("\r\n")
        found = _METHOD.match(start)
        if found is None:
            return
        match found[1]:
            case "INVITE":
                if self._open is None:
                    self.calls.put_nowait((found[2], at))
                self._open = lines, sender
                self._reply("100 Trying", lines, sender)
            case "ACK":
                pass
            case _:
                self._reply("200 OK", lines, sender)

    def _reply(self, status: str, lines: list[str], sender: tuple[str, int]) -> None:
        kept = [line for line in lines if line.lower().startswith(_KEPT)]
        if not status.startswith("100"):
            kept = [f"{line};tag=c" if line.lower().startswith("to:") else line for line in kept]
        told = [f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""]
        self._socket.sendto("\r\n".join(told).encode(), sender)
