"""The intake's process: `python -m router.intake LISTENING CHANNEL DAY_KEY PARENT`.

Started by the router (`child.py`), which hands over open files and, through standard input, its
terms. It lives until the router tells it to retire, or dies with the router.
"""

import asyncio
import logging
import os
import pickle
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from typing import Any

import structlog
import uvloop
from aiohttp import web

from router import logs
from router.access import Keyring
from router.core.ids import CallId, PlaybackId, TicketId
from router.errors import VaultError
from router.intake.channel import Channel, Message
from router.intake.confinement import shut_in
from router.intake.day_key import DayKey
from router.intake.dialling import DialError, Dialler
from router.intake.digits import Digits
from router.intake.guard import Guard
from router.intake.handing_over import Giver
from router.intake.interface import Interface
from router.intake.machines import Machines
from router.intake.pages import Pages
from router.intake.proxy import Proxy
from router.intake.reception import Reception
from router.intake.terms import Terms
from router.intake.vault import TmpfsVault, Vault
from router.intake.wear import Wear
from router.web.addresses import check
from router.web.bodies import LARGEST_BODY
from router.web.served import Runner
from router.web.softphone.handlers import PATH

#: How long a connection without a request is kept: longer than proxies in front of us keep it.
_KEEP_ALIVE_S = 75.0
#: Nobody types for longer (`keypad.py`), and nothing else takes as long.
_LONGEST_RETIREMENT_S = 250.0
_LOOK_S = 0.02
#: How often the router hears of leaks.
_LEAKS_S = 1.0


class Process:
    """The intake at work."""

    def __init__(self, terms: Terms, listening: socket.socket, day_key: DayKey) -> None:
        self._terms = terms
        self._listening = listening
        self._log = structlog.get_logger()
        self._retiring = asyncio.Event()
        self._linger_s = 0.0
        self._leaks_told = 0
        #: Those that dial are named after their calls.
        self._dialling: set[asyncio.Task[None]] = set()
        #: Attempts that were over before their numbers were dialled.
        self._over: set[CallId] = set()
        self._vault = self._open_vault()
        self.channel = Channel(self._receive, _leave)
        self._wear = Wear(self.channel, terms.recycle_numbers, terms.recycle_s)
        self._reception = Reception(terms, self._vault, day_key, self.channel, self._wear)
        keyring = Keyring(terms.tokens, time.time)
        self._guard = Guard(terms, keyring)
        self._dialler = Dialler(terms)
        self._digits = Digits(
            self._reception, self._dialler, self.channel, self._wear, fiction=terms.fiction
        )
        machines = Machines(terms.machines, keyring)
        self._proxy = Proxy(terms.router_dir, terms.router_paths, machines, keyring)
        self._giver = Giver(terms.router_dir)

    async def run(self) -> None:
        """Serve until told to retire, then finish what is under way."""
        await self._dialler.open()
        runner = Runner(self._application(), keepalive_timeout=_KEEP_ALIVE_S, shutdown_timeout=1.0)
        await runner.setup()
        site = web.SockSite(runner, self._listening, backlog=1024)
        if self._terms.recount:
            self._reception.recount()
        await site.start()
        self.channel.send({"ready": True})
        leaks = asyncio.create_task(self._watch_leaks())
        await self._retiring.wait()
        await site.stop()
        await self._finish(runner)
        leaks.cancel()
        await runner.cleanup()
        await self._proxy.close()
        self._giver.close()
        await self._dialler.close()
        self._tell_leaks()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard.middleware], client_max_size=LARGEST_BODY)
        app.add_routes(Interface(self._terms, self._reception, self._guard).routes())
        app.add_routes(Pages(self._terms, self._reception, self._guard).routes())
        app.add_routes([web.get(PATH, self._giver.hand_over, allow_head=False)])
        check(app)
        for resource in app.router.resources():
            _answer_other_methods(resource)
        app.router.add_route("*", "/{path:.*}", self._proxy.hand_on)
        return app

    async def _finish(self, runner: Runner) -> None:
        """Answer whoever is still connected, dial what is to be dialled, hear who is typing.

        From here on every answer ends its connection; one without a request is left for a
        while, lest a request be on its way.
        """
        self._guard.end_connections()
        self._proxy.end_streams()
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (waited_s := loop.time() - began) < _LONGEST_RETIREMENT_S:
            connected = runner.server is not None and runner.server.connections
            served = not connected or waited_s > self._linger_s
            if served and not self._digits.busy and not self._dialling:
                return
            await asyncio.sleep(_LOOK_S)

    def _open_vault(self) -> Vault | None:
        if self._terms.vault is None:
            return None
        try:
            return TmpfsVault(self._terms.vault)
        except VaultError as error:
            self._log.error("vault", error=error.code, reason=str(error))
            return None

    async def _watch_leaks(self) -> None:
        while True:
            await asyncio.sleep(_LEAKS_S)
            self._tell_leaks()

    def _tell_leaks(self) -> None:
        if (more := logs.leaks() - self._leaks_told) > 0:
            self._leaks_told += more
            self.channel.send({"leaked": more})

    # --- what the router says --------------------------------------------------------------

    def _receive(self, message: Message) -> None:
        match message:
            case {"accepting": _}:
                self._reception.update(message)
            case {"dial": order}:
                self._dial(order)
            case {"hang_up": call}:
                self._hang_up(CallId(call))
            case {"digits": call}:
                self._digits.begin(CallId(call))
            case {"digit": call, "key": key}:
                self._digits.key(CallId(call), key)
            case {"played": call, "playback": playback, "heard": heard}:
                self._digits.played(CallId(call), PlaybackId(playback), heard=heard)
            case {"digits_over": call}:
                self._digits.over(CallId(call))
            case {"alive": True}:
                self.channel.send(message)
            case {"retire": linger_s}:
                self._linger_s = linger_s
                self._retiring.set()
            case _:
                self._log.error("defect", reason="unknown message of the router")

    def _dial(self, order: Message) -> None:
        call = CallId(order["call"])
        self._start(self._dial_and_tell(call, order), call)

    def _hang_up(self, call: CallId) -> None:
        if any(task.get_name() == call for task in self._dialling):
            self._over.add(call)
        else:
            self._start(self._dialler.hang_up(call), f"hang up {call}")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    async def _dial_and_tell(self, call: CallId, order: Message) -> None:
        error = await self._try_to_dial(call, order)
        if call in self._over:
            self._over.discard(call)
            await self._dialler.hang_up(call)
        answer = error and {"status": error.status, "reason": error.reason}
        self.channel.send({"dialled": call, "error": answer})

    async def _try_to_dial(self, call: CallId, order: Message) -> DialError | None:
        if call in self._over:
            return DialError(0, "over")
        if self._vault is None:
            return DialError(0, "vault")
        try:
            number = self._vault.get(TicketId(order["ticket"]))
        except VaultError as error:
            self._log.error("vault", error=error.code, reason=str(error))
            return DialError(0, "vault")
        if number is None:
            return DialError(0, "no_number")
        self._wear.add()
        return await self._dialler.dial(
            call, number, order["timeout_s"], order["variables"], order["carrier"]
        )


def _answer_other_methods(resource: web.AbstractResource) -> None:
    """Have every other method refused: an address of ours is never handed on to the router."""
    assert isinstance(resource, web.Resource)
    methods = [route.method for route in resource]

    async def refuse(request: web.Request) -> web.Response:
        raise web.HTTPMethodNotAllowed(request.method, methods)

    resource.add_route("*", refuse)


def _leave() -> None:
    """Without the router there is nothing to do here."""
    os._exit(0)


def _log_defect(error: BaseException | None) -> None:
    """Log what nobody caught by its kind and place: its text could quote a number."""
    place = logs.place(None if error is None else error.__traceback__)
    structlog.get_logger().error("defect", error=type(error).__name__, place=place)


def _of_the_loop(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    _log_defect(context.get("exception"))


async def _run(terms: Terms, listening: int, channel: int, day_key: int) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_of_the_loop)
    process = Process(terms, socket.socket(fileno=listening), DayKey(day_key))
    await loop.create_unix_connection(lambda: process.channel, sock=socket.socket(fileno=channel))
    await process.run()


def main() -> None:
    """Run the intake."""
    listening, channel, day_key, parent = map(int, sys.argv[1:])
    shut_in(parent)
    terms: Terms = pickle.load(sys.stdin.buffer)
    logs.configure(level=terms.log_level, console=terms.log_console)
    # Libraries log nothing at all here: their words quote requests and addresses.
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        uvloop.run(_run(terms, listening, channel, day_key))
    except SystemExit as error:  # Python would print what it was given
        _log_defect(error)
        os._exit(1)


if __name__ == "__main__":
    main()
