"""systemd's end of sd_notify(3): the socket, and the variables that a unit's process is given."""

import asyncio
import socket


class Systemd:
    """Listens at `address`: a path, or an abstract one that begins with @."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.setblocking(False)
        self.environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000", "PATH": "/bin"}

    def heard(self) -> list[str]:
        """Return what has been said since the last time."""
        heard = []
        while True:
            try:
                heard.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return heard

    async def hears(self, message: str) -> list[str]:
        """Wait until the message has been said; return all that was said up to then."""
        heard: list[str] = []
        async with asyncio.timeout(60):
            while message not in heard:
                heard += self.heard()
                await asyncio.sleep(0.01)
        return heard

    def close(self) -> None:
        self._socket.close()
