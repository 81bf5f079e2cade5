"""The numbers of the day, and the public network on which they are called back."""

from collections.abc import Iterator

from tests.canary.faults.sitecustomize import AT_DIALLING, FAULTS
from tests.canary.forms import canaries
from tests.real.public_network import Habit, Line, PublicNetwork

#: The last two digits of numbers that provoke a fault, and of no others.
_FAULTY = frozenset({*FAULTS, *AT_DIALLING})
#: The last four digits; numbers of other tests end lower.
_ENDINGS = range(3000, 10_000)


class Numbers:
    """Hands out canaries, and remembers by which way each of them came in."""

    def __init__(self, seed: int) -> None:
        last = {ending: f"{ending:04}"[-2:] for ending in _ENDINGS}
        # In BCD, 01 99 00 78 00 would look like any table of small integers in memory.
        plain = [one for one, two in last.items() if two not in _FAULTY and "0" not in two]
        self._plain = iter(canaries(2000, seed, plain))
        faulty = [one for one, two in last.items() if two in _FAULTY]
        self._faulty = canaries(len(faulty), seed, faulty)
        self.used: dict[str, list[str]] = {}

    def take(self, way: str, count: int = 1) -> list[str]:
        """Return `count` new numbers."""
        return [next(self.of(way)) for _ in range(count)]

    def of(self, way: str) -> Iterator[str]:
        """Yield as many new numbers as are wanted."""
        for number in self._plain:
            self.used.setdefault(way, []).append(number)
            yield number

    def faulty(self, way: str, ending: str) -> str:
        """Return a new number that ends with `ending`."""
        number = next(one for one in self._faulty if one.endswith(ending))
        self._faulty.remove(number)
        self.used.setdefault(way, []).append(number)
        return number

    @property
    def all(self) -> list[str]:
        return [number for numbers in self.used.values() for number in numbers]


class TypingNetwork(PublicNetwork):
    """The public network; some people type a number when they are asked to press 1."""

    def __init__(self, port: int, numbers: Numbers) -> None:
        super().__init__(port, lambda number: self.habit_of.get(number, Habit.ANSWERS))
        self.habit_of: dict[str, Habit] = {}
        self.types: dict[str, str] = {}
        self._numbers = numbers

    def lives(self, number: str, habit: Habit) -> None:
        """Set what happens at this number, in national digits."""
        self.habit_of[f"33{number[1:]}"] = habit

    async def _press_one_until_heard(self, line: Line, person: object) -> None:
        if (typed := self.types.get(line.number)) is not None:
            person.press(typed)  # type: ignore[attr-defined]
        await super()._press_one_until_heard(line, person)  # type: ignore[arg-type]
