"""Whether a call can come in and reach a phone, part by part, and what is missing.

What changes without a word is looked at again and again, off every request's path; the rest is
known anyway. A part is told by why it is not there, "" if it is.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from structlog.typing import FilteringBoundLogger

from router.ari.asterisk_link import AsteriskLink
from router.ari.messages import Request
from router.asterisk.settings import AsteriskOptions
from router.asterisk.sip_ping import answers
from router.errors import AriError, AriGone

#: In pjsip.conf, each with what it is for.
_TRANSPORTS = {"trunk_transport": "trunk-udp", "agents_transport": "agents-udp"}
#: What is asked of Asterisk again and again.
_LOOKED_AT = ("application", *_TRANSPORTS, "trunk", "phones")
PARTS = (*_LOOKED_AT, "store", "vault", "intake")

_LOOK_EVERY_S = 5.0
#: While something is missing.
_LOOK_AGAIN_S = 1.0
_PATIENCE_S = 2.0
#: What was seen longer ago is not known any more.
_STALE_S = 20.0
_NOT_YET = "not seen yet"

_ANY_ADDRESS = "0.0.0.0"


class Readiness:
    """Run `watch` as a task. `vault` is asked now and then, `beside`, which knows the other parts
    that are not Asterisk's, whenever it matters."""

    def __init__(
        self,
        settings: AsteriskOptions,
        link: AsteriskLink,
        vault: Callable[[], str],
        beside: Callable[[], Mapping[str, str]],
        log: FilteringBoundLogger,
    ) -> None:
        self._settings = settings
        self._link = link
        self._vault = vault
        self._beside = beside
        self._log = log
        self._vault_seen = _NOT_YET
        self._seen: dict[str, str] = {}
        self._seen_at = 0.0
        #: The connection in which that was seen: after another, Asterisk may be another.
        self._seen_in = 0
        self._told: dict[str, str] = {}
        self._look_now = asyncio.Event()

    @property
    def parts(self) -> dict[str, str]:
        """Every one of `PARTS`, with why it is not there."""
        return self._asterisks() | {"vault": self._vault_seen} | dict(self._beside())

    def look_now(self) -> None:
        """Something has changed, or may have."""
        self._look_now.set()

    async def watch(self) -> None:
        """Look, for as long as the service lives."""
        while True:
            self._look_now.clear()
            self._vault_seen = self._vault()
            await self._look()
            missing = self._vault_seen or any(self._asterisks().values())
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S if missing else _LOOK_EVERY_S):
                    await self._look_now.wait()

    def _asterisks(self) -> dict[str, str]:
        if not self._link.connected:
            away = str(self._link.last_error or "connecting to Asterisk")
            unseen = dict.fromkeys(_LOOKED_AT, "cannot be seen without Asterisk")
            return unseen | {"application": away}
        if self._seen_in != self._link.counts.connections:
            return dict.fromkeys(_LOOKED_AT, _NOT_YET)
        if asyncio.get_running_loop().time() > self._seen_at + _STALE_S:
            return dict.fromkeys(_LOOKED_AT, f"not seen for {_STALE_S:.0f} s")
        return self._seen

    async def _look(self) -> None:
        """Ask Asterisk for each part; a question that fails is an answer too."""
        if not self._link.connected:
            return
        connection = self._link.counts.connections
        told = await asyncio.gather(
            self._application(),
            *(self._transport(part) for part in _TRANSPORTS),
            self._trunk(),
        )
        seen = dict(zip(_LOOKED_AT, (*told, self._phones()), strict=True))
        if self._link.connected and self._link.counts.connections == connection:
            self._seen, self._seen_in = seen, connection
            self._seen_at = asyncio.get_running_loop().time()
            self._tell_changes()

    def _tell_changes(self) -> None:
        for part, why in self._seen.items():
            if why != self._told.get(part, ""):
                if why:
                    self._log.warning("not ready", detail=part, reason=why)
                else:
                    self._log.info("ready again", detail=part)
        self._told = dict(self._seen)

    async def _application(self) -> str:
        """Calls come to us."""
        app = self._settings.app
        gone = f'the application "{app}" is not subscribed'
        _, why = await self._asked(f"applications/{app}", gone)
        return why

    async def _transport(self, part: str) -> str:
        """Asterisk has bound the address, and reads there.

        One that it could not bind is only logged, and is then no object of its (measured); it
        binds exclusively, so whoever answers there is this Asterisk. The question whether it reads
        is put on its own machine alone: elsewhere a firewall may keep it from us, not callers.
        """
        name, settings = _TRANSPORTS[part], self._settings
        bind = settings.trunk_bind if part == "trunk_transport" else settings.agents_bind
        gone = (
            f"Asterisk did not start {name}: UDP {bind} is held by another process, or not this "
            'machine\'s; free it, then: ./allo asterisk cli "module reload res_pjsip.so"'
        )
        path = f"asterisk/config/dynamic/res_pjsip/transport/{name}"
        _, why = await self._asked(path, gone)
        if why or not settings.ari_host.startswith("127."):
            return why
        host, _, port = bind.rpartition(":")
        there = settings.ari_host if host == _ANY_ADDRESS else host
        if not await answers(there, int(port), _PATIENCE_S):
            return (
                f"OPTIONS is not answered at UDP {bind}, or by 503: Asterisk hangs or is stopping"
            )
        return ""

    async def _trunk(self) -> str:
        """The carrier's endpoint is there, and answers if it is asked (qualify)."""
        settings = self._settings
        endpoint, why = await self._asked("endpoints/PJSIP/trunk", "Asterisk has no endpoint trunk")
        if why or settings.trunk_peer is None or not settings.trunk_qualify_s:
            return why
        if endpoint.get("state") != "online":
            return "the carrier does not answer OPTIONS (asterisk.trunk_qualify_s = 0: not asked)"
        return ""

    def _phones(self) -> str:
        """Informateurs' phones can register: Asterisk knows them."""
        if self._link.phones_found:
            return ""
        return "Asterisk knows none of the plan's phones: write its configuration anew, restart it"

    async def _asked(self, path: str, gone: str) -> tuple[dict[str, str], str]:
        """Return Asterisk's answer, and what is wrong."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._link.client.ask_http(Request("look", "GET", path)) or {}, ""
        except AriGone:
            return {}, gone
        except TimeoutError:
            return {}, "Asterisk does not tell (no answer)"
        except AriError as error:
            return {}, f"Asterisk does not tell ({error})"
