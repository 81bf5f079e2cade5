"""What systemd is told of this process: sd_notify(3), for units of Type=notify.

Without systemd there is nobody to tell, and every method does nothing.
"""

import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress


class Notifier:
    """Tells systemd how this process fares. No method waits, and none fails."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        """Take the variables that systemd has set out of `environ`: our children are not asked."""
        address = environ.pop("NOTIFY_SOCKET", "")
        limit_us = environ.pop("WATCHDOG_USEC", "")
        watched = environ.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        #: An abstract address begins with a NUL, which a variable cannot hold.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        #: systemd kills this process if `alive` is not called for so many seconds; None: never.
        self.watchdog_s = int(limit_us) / 1e6 if watched and limit_us.isdecimal() else None
        self._status = ""

    def ready(self) -> None:
        """Say that the start, or a reload, is over; units that come after this one may start."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` ends it."""
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={now_us}")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """Say that the process still does its work."""
        self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in one line how it stands, for `systemctl status`; the same again is not sent."""
        if text != self._status:
            self._status = text
            self._tell(f"STATUS={' '.join(text.split())}")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        # A systemd that is being replaced does not listen for a moment; the watchdog's next word
        # comes soon enough.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.setblocking(False)
            told.sendto(message.encode(), self._address)
