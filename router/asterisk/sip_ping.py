"""Asks whether a SIP address is served: OPTIONS (RFC 3261, section 11), as carriers do.

Any answer means that it is (Asterisk challenges those it does not know), except 503: that one is
about to stop, and takes no more calls (res_pjsip_options.c).
"""

import asyncio
import secrets

#: UDP may lose a packet, even on one machine if a buffer is full.
_AGAIN_S = 0.5


class _Asking(asyncio.DatagramProtocol):
    def __init__(self, branch: str, answered: asyncio.Future[bool]) -> None:
        self._branch = branch.encode()
        self._answered = answered

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data.startswith(b"SIP/2.0 ") and self._branch in data:
            self._answer(not data.startswith(b"SIP/2.0 503 "))

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there."""
        self._answer(False)

    def _answer(self, answer: bool) -> None:
        if not self._answered.done():
            self._answered.set_result(answer)


async def answers(host: str, port: int, patience_s: float) -> bool:
    """Return whether a SIP server answers at this UDP address within `patience_s` seconds."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bool] = loop.create_future()
    branch = f"z9hG4bK{secrets.token_hex(8)}"
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Asking(branch, answered), remote_addr=(host, port)
        )
    except OSError:
        return False
    question = _options(host, port, branch, *transport.get_extra_info("sockname")[:2])
    try:
        async with asyncio.timeout(patience_s):
            while not answered.done():
                transport.sendto(question)
                await asyncio.wait({answered}, timeout=_AGAIN_S)
        return answered.result()
    except TimeoutError:
        return False
    finally:
        transport.close()


def _options(host: str, port: int, branch: str, our_host: str, our_port: int) -> bytes:
    lines = (
        f"OPTIONS sip:{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {our_host}:{our_port};branch={branch};rport",
        f"From: <sip:allo@{our_host}>;tag={secrets.token_hex(4)}",
        f"To: <sip:{host}:{port}>",
        f"Call-ID: {secrets.token_hex(8)}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:allo@{our_host}:{our_port}>",
        "Max-Forwards: 70",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode()
