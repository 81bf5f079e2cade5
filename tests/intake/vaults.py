"""What the tests of the vault share: a ticket, a number, and how a refusal must read."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from router.errors import VaultError
from router.intake.numbers import PhoneNumber

MEMORY = Path("/dev/shm")
TICKET = "ticket-of-the-tests-01"
OTHER = "ticket-of-the-tests-02"
NUMBER = PhoneNumber("+33639980001")
ANOTHER = PhoneNumber("+33199001234")
CAPACITY = 3

needs_memory = pytest.mark.skipif(not MEMORY.is_dir(), reason="no /dev/shm here")


def refusal(act: Callable[[], object]) -> VaultError:
    """Return the vault's error, which must name place and remedy, but no number and no ticket."""
    with pytest.raises(VaultError) as refused:
        act()
    error = refused.value
    told = f"{error} {error!r} {error.args} {error.__dict__}"
    assert error.place in str(error)
    assert error.remedy in str(error)
    assert TICKET not in told
    assert not re.search(r"\d{6}", told.replace(error.place, ""))
    return error
