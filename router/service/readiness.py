"""Whether a call can come in and reach a phone: part by part, with what is missing.

What changes silently is looked at regularly, off every request's path; the rest is known anyway.
Of each part it is said why it is missing, "" if it is not.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from router.ari.asterisk_link import AsteriskLink
from router.ari.away import FALLBACKS, LEASE, SERVED, is_renewed, read_served
from router.ari.messages import Request
from router.asterisk.carriers import Carrier
from router.asterisk.settings import AsteriskOptions
from router.asterisk.sip_ping import answers
from router.errors import AriError, AriGone
from router.store.standing import Keeping
from router.web.snapshot import FallbackStanding

#: Names of the parts -> how the names of their transports in pjsip.conf begin.
_TRANSPORTS = {"trunk_transport": "trunk-", "agents_transport": "agents-"}
#: The parts that Asterisk is asked about regularly.
_LOOKED_AT = ("application", *_TRANSPORTS, "trunk", "phones")
PARTS = (*_LOOKED_AT, "store", "vault", "intake", "new_calls")

#: Seconds between two looks, and while something is missing.
_LOOK_EVERY_S = 5.0
_LOOK_AGAIN_S = 1.0
#: How long Asterisk may take to answer.
_PATIENCE_S = 2.0
#: What was seen longer ago than this is not known any more.
_STALE_S = 20.0
NOT_YET = "not seen yet"
_DRAINING = "none is taken (./allo drain); ./allo drain --off takes them again"

_ANY_ADDRESS = "0.0.0.0"
_PROTOCOLS = {"udp": "UDP", "tcp": "TCP", "tls": "TCP"}


class Intake(Protocol):
    """The intake, as far as calls depend on it."""

    @property
    def ready(self) -> bool:
        """Whether it serves."""

    @property
    def vault_trouble(self) -> str:
        """Why no number can be kept now; "" if one can."""


class Kept(Protocol):
    """A file that is written while calls go on."""

    @property
    def standing(self) -> Keeping:
        """How it fares."""


class Board(Protocol):
    """The engine's state, as far as callers depend on it (`Switchboard`)."""

    @property
    def draining(self) -> bool:
        """Whether new callers are turned away."""


class Readiness:
    """Run `watch` as a task. `stores` are the files that are written, by their names.

    The vault counts as there if no callback is taken (`takes_callbacks`).
    """

    def __init__(
        self,
        settings: AsteriskOptions,
        link: AsteriskLink,
        intake: Intake,
        stores: Mapping[str, Kept],
        board: Board,
        log: FilteringBoundLogger,
        *,
        takes_callbacks: bool,
        look_again_s: float = _LOOK_AGAIN_S,
        patience_s: float = _PATIENCE_S,
        stale_s: float = _STALE_S,
    ) -> None:
        self._settings = settings
        self._link = link
        self._intake = intake
        self._stores = stores
        self._board = board
        self._log = log
        self._takes_callbacks = takes_callbacks
        self._look_again_s = look_again_s
        self._patience_s = patience_s
        self._stale_s = stale_s
        self._vault_seen = NOT_YET
        self._seen: dict[str, str] = {}
        self._seen_at = 0.0
        #: The connection on which that was seen: on another one Asterisk may be another.
        self._seen_on = 0
        self._logged: dict[str, str] = {}
        #: Callers whom the dialplan has looked after while no router answered, as Asterisk has
        #: counted since its own start (extensions.conf).
        self.fallbacks = 0
        #: Who looks after callers while we are away; None: not known yet.
        self.fallback: FallbackStanding | None = None

    def change(self, settings: AsteriskOptions, *, takes_callbacks: bool) -> None:
        """Go by these settings from now on."""
        self._settings, self._takes_callbacks = settings, takes_callbacks

    @property
    def parts(self) -> dict[str, str]:
        """Every one of `PARTS`, with why it is missing."""
        trouble = {name: one.standing.trouble for name, one in self._stores.items()}
        return self._of_asterisk() | {
            "store": "; ".join(f"{name}: {why}" for name, why in trouble.items() if why),
            "vault": self._vault_seen,
            "intake": "" if self._intake.ready else "no intake serves",
            "new_calls": _DRAINING if self._board.draining else "",
        }

    async def watch(self) -> None:
        """Look, for as long as the service lives; at once when Asterisk is connected again."""
        while True:
            connection = self._link.counts.connections
            await self.look()
            missing = self._vault_seen or any(self._of_asterisk().values())
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_again_s if missing else _LOOK_EVERY_S):
                    await self._link.resynced_after(connection)

    async def look(self) -> None:
        """Look at the vault, and ask Asterisk about each part; a failure is an answer too."""
        self._vault_seen = self._intake.vault_trouble if self._takes_callbacks else ""
        if not self._link.connected:
            return
        connection = self._link.counts.connections
        answered = await asyncio.gather(
            self._application(),
            *(self._transports(part) for part in _TRANSPORTS),
            self._trunk(),
        )
        counted, lease, served = await asyncio.gather(
            *(self._variable(name) for name in (FALLBACKS, LEASE, SERVED))
        )
        seen = dict(zip(_LOOKED_AT, (*answered, self._phones()), strict=True))
        if self._link.connected and self._link.counts.connections == connection:
            self._seen, self._seen_on = seen, connection
            self.fallbacks = int(counted) if counted.isdecimal() else 0
            self._learn_of_the_fallback(lease, served)
            self._seen_at = asyncio.get_running_loop().time()
            self._log_changes()

    def _of_asterisk(self) -> dict[str, str]:
        if not self._link.connected:
            away = str(self._link.last_error or "connecting to Asterisk")
            unseen = dict.fromkeys(_LOOKED_AT, "cannot be seen without Asterisk")
            return unseen | {"application": away}
        if self._seen_on != self._link.counts.connections:
            # Once connected, the application has been subscribed.
            return dict.fromkeys(_LOOKED_AT, NOT_YET) | {"application": ""}
        if asyncio.get_running_loop().time() > self._seen_at + self._stale_s:
            return dict.fromkeys(_LOOKED_AT, f"not seen for {self._stale_s:.0f} s")
        return self._seen

    def _log_changes(self) -> None:
        for part, why in self._seen.items():
            if why != self._logged.get(part, ""):
                if why:
                    self._log.warning("not ready", detail=part, reason=why)
                else:
                    self._log.info("ready again", detail=part)
        self._logged = dict(self._seen)

    async def _application(self) -> str:
        """Calls come to us."""
        app = self._settings.app
        gone = f'the application "{app}" is not subscribed'
        _, why = await self._asked(f"applications/{app}", gone)
        return why

    async def _transports(self, part: str) -> str:
        """What the part's SIP comes in by."""
        missing = await asyncio.gather(
            *(
                self._transport(name, kind, bind)
                for name, (kind, bind) in self._settings.sip_transports.items()
                if name.startswith(_TRANSPORTS[part])
            )
        )
        return "; ".join(filter(None, missing))

    async def _transport(self, name: str, kind: str, bind: str) -> str:
        """Asterisk has bound the address, and reads from it.

        A failure to bind is only logged there, and ARI then knows no such transport (measured).
        Binding is exclusive, so whoever answers at the address is this Asterisk. It is only asked
        on its own machine: elsewhere a firewall may block us, though not callers; and over UDP,
        where a bound address may have nobody who reads.
        """
        settings = self._settings
        gone = (
            f"Asterisk did not start {name}: {_PROTOCOLS[kind]} {bind} is in use by another "
            "process, or is no address of this machine; free it, then: ./allo asterisk cli "
            '"module reload res_pjsip.so"'
        )
        path = f"asterisk/config/dynamic/res_pjsip/transport/{name}"
        _, why = await self._asked(path, gone)
        if why or kind != "udp" or not settings.ari_host.startswith("127."):
            return why
        host, _, port = bind.rpartition(":")
        there = settings.ari_host if host == _ANY_ADDRESS else host
        if not await answers(there, int(port), self._patience_s):
            return (
                f"OPTIONS is not answered at UDP {bind}, or only with 503: Asterisk hangs or is "
                "stopping"
            )
        return ""

    async def _trunk(self) -> str:
        """A carrier is there to call through, if they are asked (qualify): one of them is enough.

        The link hears which, and calls go out to those first.
        """
        told = await asyncio.gather(*map(self._carrier, self._settings.trunks))
        away = {
            carrier.endpoint: why
            for carrier, why in zip(self._settings.trunks, told, strict=True)
            if why
        }
        self._link.carriers_away(away.keys())
        wanted = self._settings.ways_out or self._settings.trunks
        if any(carrier.endpoint not in away for carrier in wanted):
            return ""
        return "; ".join(away[carrier.endpoint] for carrier in wanted)

    async def _carrier(self, carrier: Carrier) -> str:
        path = f"endpoints/PJSIP/{carrier.endpoint}"
        endpoint, why = await self._asked(path, f"Asterisk has no endpoint {carrier.endpoint}")
        if why or carrier.peer is None or not self._settings.qualify_s(carrier):
            return why
        if endpoint.get("state") == "online":
            return ""
        if not self._settings.carriers:
            return "the carrier does not answer OPTIONS (asterisk.trunk_qualify_s = 0: not asked)"
        return f"the carrier {carrier.name} does not answer OPTIONS (its qualify_s = 0: not asked)"

    def _learn_of_the_fallback(self, lease: str, served: str) -> None:
        before = {} if self.fallback is None else self.fallback.served
        told = read_served(served)
        self.fallback = FallbackStanding(
            is_renewed(lease, time.time()),
            before if told is None else {end.value: count for end, count in told.items()},
        )

    async def _variable(self, name: str) -> str:
        """Return one of Asterisk's global variables; "" if it has none."""
        answer, _ = await self._asked("asterisk/variable", "", variable=name)
        return answer.get("value", "")

    def _phones(self) -> str:
        """Informateurs' phones can register: Asterisk knows them."""
        if self._link.phones_found:
            return ""
        return "Asterisk knows none of the plan's phones: run ./allo configure, and restart it"

    async def _asked(self, path: str, gone: str, **query: str) -> tuple[dict[str, str], str]:
        """Return Asterisk's answer, and what is wrong."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._link.client.ask_http(
                    Request("look", "GET", path, query)
                ) or {}, ""
        except AriGone:
            return {}, gone
        except TimeoutError:
            return {}, "Asterisk does not answer"
        except AriError as error:
            return {}, f"Asterisk cannot be asked ({error})"
