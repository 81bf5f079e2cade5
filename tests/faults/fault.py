"""A fault: what it is called, how it is made, and how often it is drawn."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.town import Town

#: Breaks something and mends it; returns when what was broken is whole again.
Make = Callable[[Town, random.Random], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """`name` begins with what is broken, and a colon: the checker knows by it what may be lost."""

    name: str
    make: Make
    #: How often it is drawn, beside the others; 0: only if it is asked for by name.
    weight: int = 1
