"""The reception alone: what it does when the vault or the router fails."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.core.callback.tickets import Refusal, TicketRecord
from router.errors import VaultError
from router.intake.channel import Channel, ChannelLost, Message, message_of
from router.intake.day_key import DayKey
from router.intake.numbers import PhoneNumber
from router.intake.reception import Reception
from router.intake.requests import CallbackRequest
from router.intake.terms import Terms
from router.intake.vault import Vault
from router.intake.wear import Wear
from router.web.refusals import NotNow
from router.web.replies import Refused
from tests.intake.memory_vault import InMemoryVault
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, small_plan

TERMS = Terms(
    plan=small_plan(),
    promise_min=45,
    origins=frozenset(),
    tokens=(),
    proof_of_work=True,
    difficulty=1000,
    forms_per_minute=1,
    fiction=True,
    recycle_numbers=100,
    recycle_s=300,
    vault=None,
    ticket_key=b"t",
    challenge_key=b"c",
    code_secret=b"s",
    ari_url="",
    ari_user="",
    ari_password="",
    app="",
    presented="3939",
    carriers={},
    router_dir=Path("/"),
    router_paths=(),
    machines=(),
    log_level="info",
    log_console=False,
    clock_base=MONDAY_10H,
    accepting={"accepting": {HOUSING: None}, "answered": [HOUSING]},
)
WANTED = CallbackRequest("06 39 98 12 34", HOUSING, FICHE)
NUMBER = PhoneNumber("+33639981234")


class RouterEnd(Channel):
    """The other end of the channel, as the reception sees it."""

    def __init__(self) -> None:
        super().__init__(lambda message: None, lambda: None)
        self.asked: list[tuple[str, Message]] = []
        self.sent: list[Message] = []
        self.answer: Message | Exception = {}

    async def ask(self, what: str, message: Message) -> Message:
        self.asked.append((what, message))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def send(self, message: Message) -> None:
        self.sent.append(message)


class SilentRouterEnd(RouterEnd):
    async def ask(self, what: str, message: Message) -> Message:
        await asyncio.get_running_loop().create_future()
        raise AssertionError


class DroppingRouterEnd(RouterEnd):
    """Accepts a ticket whose number a refusal of the same request has just dropped."""

    def __init__(self, vault: Vault) -> None:
        super().__init__()
        self._vault = vault

    async def ask(self, what: str, message: Message) -> Message:
        self._vault.drop(message["ticket"])
        record = TicketRecord(message["ticket"], HOUSING, FICHE, 0.0, 2700.0)
        return {"refusal": None, "record": message_of(record)}


class BrokenVault(InMemoryVault):
    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code

    def put(self, ticket: str, number: PhoneNumber) -> None:
        raise VaultError(self.code, "there", "fails", "Mend it.")


@pytest.fixture
def day_key() -> Iterator[DayKey]:
    file = DayKey.reserve()
    yield DayKey(file)
    os.close(file)


@pytest.fixture
def router() -> RouterEnd:
    return RouterEnd()


def open_reception(
    router: RouterEnd,
    day_key: DayKey,
    vault: Vault | None,
    wear: Wear | None = None,
    patience_s: float = 5.0,
) -> Reception:
    wear = wear or Wear(router, 1000, 1000.0)
    return Reception(TERMS, vault, day_key, router, wear, patience_s=patience_s)


async def refusal(one: Reception) -> Refused:
    with pytest.raises(Refused) as raised:
        await one.take(WANTED, "key:site", "12345678", proof=False)
    return raised.value


@pytest.mark.parametrize("code", ["full", "missing", "unusable", "unreadable"])
async def test_a_vault_that_fails_is_unavailable(
    router: RouterEnd, day_key: DayKey, code: str
) -> None:
    error = await refusal(open_reception(router, day_key, BrokenVault(code)))
    assert isinstance(error, NotNow)
    assert error.code == Refusal.UNAVAILABLE
    assert error.retry_s is not None
    assert router.asked == []


async def test_a_full_vault(router: RouterEnd, day_key: DayKey) -> None:
    error = await refusal(open_reception(router, day_key, InMemoryVault(capacity=0)))
    assert (error.status, error.code) == (503, "unavailable")


@pytest.mark.parametrize("answer", [ChannelLost(), TimeoutError()])
async def test_a_router_that_does_not_answer(
    router: RouterEnd, day_key: DayKey, answer: Exception
) -> None:
    """Nobody knows whether it was promised: the number stays, since it may be dialled."""
    vault = InMemoryVault()
    router.answer = answer
    error = await refusal(open_reception(router, day_key, vault))
    assert (error.status, error.code) == (503, "unavailable")
    assert len(vault.tickets()) == 1


async def test_patience_ends(day_key: DayKey) -> None:
    one = open_reception(SilentRouterEnd(), day_key, InMemoryVault(), patience_s=0.01)
    assert (await refusal(one)).code == "unavailable"


async def test_tickets_differ_by_day_asker_and_key(router: RouterEnd, day_key: DayKey) -> None:
    router.answer = {"refusal": "full", "record": None}
    one = open_reception(router, day_key, InMemoryVault())
    for who, key in (("a", "key-0001"), ("a", "key-0002"), ("b", "key-0001"), ("a", "key-0001")):
        with pytest.raises(Refused):
            await one.take(WANTED, who, key, proof=False)
    tickets = [asked["ticket"] for _, asked in router.asked]
    assert len(set(tickets)) == 3
    assert tickets[0] == tickets[3]
    assert all(len(ticket) == 32 for ticket in tickets)


async def test_what_is_asked_of_the_router_holds_no_number(
    router: RouterEnd, day_key: DayKey
) -> None:
    router.answer = {"refusal": "full", "record": None}
    await refusal(open_reception(router, day_key, InMemoryVault()))
    assert "9981234" not in repr(router.asked)


async def test_every_number_is_counted_refused_ones_too(router: RouterEnd, day_key: DayKey) -> None:
    wear = Wear(router, 3, 1000.0)
    one = open_reception(router, day_key, InMemoryVault(), wear)
    for typed, worn in (("3939", []), ("06 39 98 12 34", []), ("x", [{"worn": True}])):
        with pytest.raises(Refused):
            await one.take(
                CallbackRequest(typed, HOUSING, FICHE), "key:site", "12345678", proof=True
            )
        assert router.sent == worn
    assert wear.numbers == 3


async def test_a_new_days_key_is_told_with_whose_all_numbers_are(
    router: RouterEnd, day_key: DayKey
) -> None:
    vault = InMemoryVault()
    vault.put("t" * 32, NUMBER)
    router.answer = {"refusal": "full", "record": None}
    one = open_reception(router, day_key, vault)
    await refusal(one)
    (told,) = router.sent
    assert told["holding"]["t" * 32] == router.asked[0][1]["who"]
    await refusal(one)
    assert len(router.sent) == 1


async def test_a_number_that_a_refusal_dropped_meanwhile_is_kept_again(day_key: DayKey) -> None:
    """The same request goes to two intakes at once: one refusal, then one acceptance."""
    vault = InMemoryVault()
    one = open_reception(DroppingRouterEnd(vault), day_key, vault)
    standing = await one.take(WANTED, "key:site", "12345678", proof=False)
    assert vault.get(standing.ticket) == NUMBER
