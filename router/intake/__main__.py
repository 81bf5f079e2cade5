"""The intake's process: `python -m router.intake LISTENING CHANNEL DAY_KEY PARENT`.

Started by the router (`supervisor.py`), which hands over the files and, through standard
input, its terms. It lives until the router tells it to retire, or dies with it.
"""

import asyncio
import logging
import os
import pickle
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
import uvloop
from aiohttp import web

from router import logs
from router.core.callback.tickets import Refusal
from router.core.ids import CallId, PlaybackId, SectorId, TicketId
from router.errors import VaultError
from router.intake.abuse import DayKey
from router.intake.channel import Channel, Message
from router.intake.confinement import shut_in
from router.intake.dialling import DialError, Dialler
from router.intake.digits import Digits
from router.intake.interface import Interface, place_of
from router.intake.machines import Machines
from router.intake.pages import Pages
from router.intake.proxy import LARGEST_BODY, Proxy
from router.intake.reception import Reception
from router.intake.terms import Terms
from router.intake.vault import TmpfsVault, Vault
from router.web.served import Runner

#: A connection without a request is kept for so long, longer than proxies before us keep it.
_KEEP_ALIVE_S = 75.0
#: Nobody types for longer (`keypad.py`), and nothing else takes as long.
_LONGEST_RETIREMENT_S = 250.0
_LOOK_S = 0.02


class Process:
    """The intake at work."""

    def __init__(self, terms: Terms, listening: socket.socket, day_key: DayKey) -> None:
        self._terms = terms
        self._listening = listening
        self._log = structlog.get_logger()
        self._loop = asyncio.get_running_loop()
        self._numbers = 0
        self._worn = False
        self._retiring = asyncio.Event()
        self._linger_s = 0.0
        self._dialling: set[asyncio.Task[None]] = set()
        self._vault = self._open_vault()
        self.channel = Channel(self._told, _leave)
        self._reception = Reception(terms, self._vault, day_key, self.channel, self._held)
        self._interface = Interface(terms, self._reception)
        self._dialler = Dialler(terms)
        self._digits = Digits(
            self._reception, self._dialler, self.channel, self._held, fiction=terms.fiction
        )
        machines = Machines(terms.machines, terms.machines_token)
        self._proxy = Proxy(terms.router_dir, terms.router_paths, machines)
        self._on: dict[str, Callable[[Any, Message], None]] = {
            "accepting": self._accepting,
            "dial": self._dial,
            "digits": lambda call, _: self._digits.begin(CallId(call)),
            "digit": lambda call, more: self._digits.key(CallId(call), more["key"]),
            "played": lambda call, more: self._digits.played(
                CallId(call), PlaybackId(more["playback"]), heard=more["heard"]
            ),
            "digits_over": lambda call, _: self._digits.over(CallId(call)),
            "retire": self._retire,
        }

    async def run(self) -> None:
        """Serve until told to retire, then finish what is under way."""
        self._told(self._terms.accepting)
        await self._dialler.open()
        runner = Runner(self._application(), keepalive_timeout=_KEEP_ALIVE_S, shutdown_timeout=1.0)
        await runner.setup()
        site = web.SockSite(runner, self._listening, backlog=1024)
        if self._terms.recount:
            self._reception.recount()
        await site.start()
        self.channel.send({"ready": True})
        await self._retiring.wait()
        await site.stop()
        await self._finish(runner)
        await runner.cleanup()
        await self._proxy.close()
        await self._dialler.close()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._interface.guard], client_max_size=LARGEST_BODY)
        app.add_routes(self._interface.routes())
        pages = Pages(self._terms, self._reception, self._interface.checked_origin)
        app.add_routes(pages.routes())
        for resource in app.router.resources():
            _answer_other_methods(resource)
        app.router.add_route("*", "/{path:.*}", self._proxy.hand_on)
        return app

    async def _finish(self, runner: Runner) -> None:
        """Answer whoever is still connected, dial what is to be dialled, hear who is typing.

        Every answer ends its connection now; one that asks nothing is left for a while, lest a
        request be on its way.
        """
        self._interface.last_answers = True
        self._proxy.end_streams()
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (waited_s := loop.time() - began) < _LONGEST_RETIREMENT_S:
            connected = runner.server is not None and runner.server.connections
            served = not connected or waited_s > self._linger_s
            if served and not self._digits.busy and not self._dialling:
                return
            await asyncio.sleep(_LOOK_S)

    def leaked(self) -> None:
        """Tell the router that a number was kept out of the log, by whichever thread."""
        with suppress(RuntimeError):  # all is over
            self._loop.call_soon_threadsafe(self.channel.send, {"leaked": True})

    def _open_vault(self) -> Vault | None:
        if self._terms.vault is None:
            return None
        try:
            return TmpfsVault(self._terms.vault)
        except VaultError as error:
            self._log.error("vault", error=error.code)
            return None

    def _held(self, numbers: int) -> None:
        """Count numbers that were in this process; say when there were enough of them."""
        if not self._numbers:
            self._loop.call_later(self._terms.recycle_s, self._wear_out)
        self._numbers += numbers
        if self._numbers >= self._terms.recycle_numbers:
            self._wear_out()

    def _wear_out(self) -> None:
        if not self._worn:
            self._worn = True
            self.channel.send({"worn": True})

    # --- what the router says --------------------------------------------------------------

    def _told(self, message: Message) -> None:
        what = next(iter(message))
        self._on[what](message[what], message)

    def _accepting(self, told: Message, more: Message) -> None:
        self._reception.accepting = {
            SectorId(sector): None if code is None else Refusal(code)
            for sector, code in told.items()
        }
        answered = more["answered"]
        self._reception.answered = None if answered is None else frozenset(answered)

    def _retire(self, linger_s: float, _: Message) -> None:
        self._linger_s = linger_s
        self._retiring.set()

    def _dial(self, told: Message, _: Message) -> None:
        task = asyncio.create_task(self._dialled(told))
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    async def _dialled(self, told: Message) -> None:
        call = CallId(told["call"])
        error = await self._try_to_dial(call, told)
        answer = error and {"status": error.status, "reason": error.reason}
        self.channel.send({"dialled": call, "error": answer})

    async def _try_to_dial(self, call: CallId, told: Message) -> DialError | None:
        if self._vault is None:
            return DialError(0, "vault")
        try:
            number = self._vault.get(TicketId(told["ticket"]))
        except VaultError as error:
            self._log.error("vault", error=error.code)
            return DialError(0, "vault")
        if number is None:
            return DialError(0, "no_number")
        self._held(1)
        return await self._dialler.dial(call, number, told["timeout_s"], told["variables"])


def _answer_other_methods(resource: web.AbstractResource) -> None:
    """An address of ours is never the router's, whatever the method."""
    assert isinstance(resource, web.Resource)
    methods = [route.method for route in resource]

    async def refuse(request: web.Request) -> web.Response:
        raise web.HTTPMethodNotAllowed(request.method, methods)

    resource.add_route("*", refuse)


def _leave() -> None:
    """Without the router there is nothing to be done here."""
    os._exit(0)


def _tell(error: BaseException | None) -> None:
    """A failure by its kind and place: its text could quote a number."""
    structlog.get_logger().error("defect", type=type(error).__name__, detail=place_of(error))


def _ends(kind: type[BaseException], error: BaseException, _: object) -> None:
    _tell(error)


async def _run(terms: Terms, listening: int, channel: int, day_key: int) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: _tell(context.get("exception")))
    process = Process(terms, socket.socket(fileno=listening), DayKey(day_key))
    logs.on_leak(process.leaked)
    await loop.create_unix_connection(lambda: process.channel, sock=socket.socket(fileno=channel))
    await process.run()


def main() -> None:
    """Run the intake."""
    listening, channel, day_key, parent = map(int, sys.argv[1:])
    shut_in(parent)
    terms: Terms = pickle.load(sys.stdin.buffer)
    logs.configure(level=terms.log_level, console=terms.log_console)
    # Libraries say nothing at all here: their words quote requests and addresses.
    logging.disable(logging.CRITICAL)
    sys.excepthook = _ends
    sys.unraisablehook = lambda told: _tell(told.exc_value)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        uvloop.run(_run(terms, listening, channel, day_key))
    except SystemExit as error:  # Python would print what it was given
        _tell(error)
        os._exit(1)


if __name__ == "__main__":
    main()
