"""Faults put into router and intake on purpose: the last two digits of a number choose one.

Python imports this first in every process that has this folder in its PYTHONPATH. Wherever a
number is read, something then goes wrong that quotes it, in all the ways in which Python tells
of what went wrong.
"""

import asyncio
import ctypes
import logging
import os
import threading
import warnings
from collections.abc import Callable
from typing import Any

import structlog

import router.intake.confinement
import router.intake.dialling
import router.intake.numbers
from router.intake.numbers import PhoneNumber

_as_ever = router.intake.numbers.read_number
_dial_as_ever = router.intake.dialling.Dialler.dial
_shut_in_as_ever = router.intake.confinement.shut_in
_PR_SET_DUMPABLE = 4


def _raise(text: str) -> None:
    raise ValueError(f"cannot deal with {text}")


def _raise_from(text: str) -> None:
    try:
        _raise(text)
    except ValueError as error:
        raise RuntimeError("while looking at " + text) from error


def _exit(text: str) -> None:
    raise SystemExit(f"over because of {text}")


class _Grumbling:
    def __init__(self, text: str) -> None:
        self._text = text

    def __del__(self) -> None:
        _raise(self._text)


def _in_a_callback(text: str) -> None:
    asyncio.get_running_loop().call_soon(_raise, text)


def _in_a_forgotten_task(text: str) -> None:
    async def fail() -> None:
        _raise(text)

    asyncio.get_running_loop().create_task(fail())


def _in_a_thread(text: str) -> None:
    threading.Thread(target=_raise, args=(text,)).start()


def _when_collected(text: str) -> None:
    _Grumbling(text)


def _as_a_warning(text: str) -> None:
    warnings.warn(f"strange: {text}", RuntimeWarning, stacklevel=1)


def _by_a_library(text: str) -> None:
    try:
        _raise(text)
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling %s", text)


def _in_our_log(text: str) -> None:
    structlog.get_logger().error("defect", reason=f"no good: {text}", phone=text, exc_info=True)


def _abort(text: str) -> None:
    os.abort()


def _break_memory(text: str) -> None:
    ctypes.string_at(0)


#: By the last two digits.
FAULTS: dict[str, Callable[[str], None]] = {
    "81": _raise,
    "82": _raise_from,
    "83": _exit,
    "84": _in_a_callback,
    "85": _in_a_forgotten_task,
    "86": _in_a_thread,
    "87": _when_collected,
    "88": _as_a_warning,
    "89": _by_a_library,
    "90": _in_our_log,
    "91": _abort,
    "92": _break_memory,
}
#: The same when dialling, which reads the number from the vault.
AT_DIALLING = {"93": _raise_from, "94": _by_a_library, "95": _abort}


def _read_number(typed: str, *, fiction: bool = False) -> PhoneNumber:
    if (fault := FAULTS.get(typed[-2:])) is not None:
        fault(typed)
    return _as_ever(typed, fiction=fiction)


async def _dial(dialler: Any, call: Any, number: PhoneNumber, *rest: Any) -> Any:
    if (fault := AT_DIALLING.get(number.e164[-2:])) is not None:
        fault(number.e164)
    return await _dial_as_ever(dialler, call, number, *rest)


def _shut_in(parent: int) -> None:
    _shut_in_as_ever(parent)
    # Its memory is to be scanned, but only root could. Cores are prevented in another way.
    if os.geteuid() != 0:
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)


if __name__ == "sitecustomize":  # not when a test only reads which faults there are
    router.intake.numbers.read_number = _read_number
    router.intake.confinement.shut_in = _shut_in
    router.intake.dialling.Dialler.dial = _dial  # type: ignore[method-assign, assignment]
