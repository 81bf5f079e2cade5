"""A vault in plain memory, with which the one on tmpfs is compared."""

from router.intake.numbers import PhoneNumber
from router.intake.vault import CAPACITY, check_ticket, full, taken


class InMemoryVault:
    """A vault without a folder: nothing outlives the process."""

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self._numbers: dict[str, PhoneNumber] = {}

    def put(self, ticket: str, number: PhoneNumber) -> None:
        """Keep the number under the ticket."""
        held = self.get(ticket)
        if held == number:
            return
        if held is not None:
            raise taken("memory")
        if len(self._numbers) >= self.capacity:
            raise full("memory", self.capacity)
        self._numbers[ticket] = number

    def get(self, ticket: str) -> PhoneNumber | None:
        """Return the number; None if there is none (any more)."""
        check_ticket(ticket, "memory")
        return self._numbers.get(ticket)

    def drop(self, ticket: str) -> None:
        """Forget the number, if there is one."""
        check_ticket(ticket, "memory")
        self._numbers.pop(ticket, None)

    def tickets(self) -> tuple[str, ...]:
        """Return the tickets that have a number, sorted."""
        return tuple(sorted(self._numbers))
