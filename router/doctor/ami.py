"""AMI by panoramisk, in processes of their own: the doctor's, and that of refusals.

Panoramisk 1.4 never gives up: a lost connection is tried again for ever, an action without an
answer waits for ever, and one that was under way is sent again. So each question has a time-out
here, no connection is ever made a second time, and what panoramisk logs, whole messages, is
thrown away.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from router.asterisk.settings import AMI_USER, AsteriskSettings
from router.doctor.findings import Unseen, warning

try:
    from panoramisk import Manager
except ImportError:  # the rest is examined all the same
    Manager = None

_HOST = "127.0.0.1"
#: Seconds that a connection, then each answer, may take.
CONNECT_S = 3.0
ASK_S = 5.0
#: Seconds before panoramisk would try again: longer than any examination.
_NEVER_S = 86_400

_SILENT = logging.getLogger("router.doctor.ami.panoramisk")
_SILENT.disabled = True


@dataclass(frozen=True, slots=True)
class Account:
    """A user of AMI (asterisk-conf/manager.conf)."""

    name: str
    password: str = field(repr=False)


class AmiDoor:
    """Asterisk's Manager Interface. Use with `async with`; it connects when first asked."""

    def __init__(self, settings: AsteriskSettings, account: Account | None = None) -> None:
        """Be the doctor, or the `account`."""
        self._settings = settings
        self._account = account or Account(AMI_USER, settings.ami_password)
        self._manager: Manager | None = None
        self._connecting = asyncio.Lock()
        self._listeners: list[list[str]] = []

    async def __aenter__(self) -> "AmiDoor":
        """Begin; nothing is connected yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        if self._manager is not None:
            self._manager.close()

    async def ask(self, action: str, **fields: str) -> list[Mapping[str, str]]:
        """Return the messages that answer `action`, its list included."""
        manager = await self._connected()
        return await self._asked(manager, action, fields)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[list[str]]:
        """Return the events that its user may hear, as they come."""
        await self._connected()
        heard: list[str] = []
        self._listeners.append(heard)
        try:
            yield heard
        finally:
            self._listeners.remove(heard)

    async def _connected(self) -> Manager:
        async with self._connecting:
            if self._manager is None:
                self._manager = await self._connect()
        return self._manager

    async def _connect(self) -> Manager:
        if Manager is None:
            raise self._away("panoramisk is not installed")
        manager = Manager(
            loop=asyncio.get_running_loop(),
            host=_HOST,
            port=self._settings.ami_port,
            log=_SILENT,
            ping_delay=_NEVER_S,
            ping_interval=_NEVER_S,
            reconnect_timeout=_NEVER_S,
        )
        manager.register_event("*", self._hear)
        opening = manager.connect()
        await asyncio.wait({opening}, timeout=CONNECT_S)  # cancelled, it would log a traceback
        if not opening.done():
            raise self._away("no answer")
        if (error := opening.exception()) is not None:
            is_refused = isinstance(error, ConnectionRefusedError)
            raise self._away("nobody listens there" if is_refused else str(error))
        await asyncio.sleep(0)  # until panoramisk has taken the connection over
        login = {"Username": self._account.name, "Secret": self._account.password}
        try:
            answer = (await self._asked(manager, "Login", login))[0]
        except BaseException:
            manager.close()
            raise
        if answer.get("Response") != "Success":
            manager.close()
            raise self._away("the doctor's user is refused")
        return manager

    async def _asked(
        self, manager: Manager, action: str, fields: Mapping[str, str]
    ) -> list[Mapping[str, str]]:
        answer = manager.send_action({"Action": action, **fields})
        try:
            async with asyncio.timeout(ASK_S):
                told: Any = await answer
        except TimeoutError:
            raise self._away(f"no answer to {action} within {ASK_S:.0f} s") from None
        messages = told if isinstance(told, list) else [told]
        found: list[Mapping[str, str]] = [
            {str(key): str(value) for key, value in one.items()} for one in messages
        ]
        if found[0].get("Response") == "Error" and action != "Login":
            raise self._away(f"{action} is refused")
        return found

    def _hear(self, manager: Manager, event: Any) -> None:
        with suppress(Exception):  # panoramisk would end the connection
            text = "\n".join(f"{key}: {value}" for key, value in event.items())
            for heard in self._listeners:
                heard.append(text)

    def _away(self, why: str) -> Unseen:
        return Unseen(
            warning(
                "ami-away",
                f"AMI, {_HOST}:{self._settings.ami_port}",
                f"Asterisk does not tell the doctor ({why}): call records, registrations and part "
                "of the mask are not examined",
                "./allo configure, then restart Asterisk: manager.conf is part of its "
                "configuration.",
            )
        )
