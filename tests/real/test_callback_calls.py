"""Callbacks from the promise to the conversation, at the phones of both."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from router.core.callback.tickets import Failure, Refusal
from router.core.commands import Step
from router.core.events import CalledEnd
from router.core.ids import FicheId
from router.demo.stage import Stage
from tests.real.callback_steps import TARGETS, dialled, goodbye, picked_up, talk
from tests.real.cast import SECTOR, TITLE, Cast
from tests.real.conftest import CALLBACKS_OFFSET, OPEN_AT, PROMISE, NewCast, OpenStage
from tests.real.telephones import Called, Informateur

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

#: Less than any time-out of ours (PROMISE) or of Asterisk.
AT_ONCE_S = 2.5


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def callback_stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    options = {"targets": TARGETS, "promise": PROMISE}
    async with open_stage(CALLBACKS_OFFSET, OPEN_AT, **options) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def cast(callback_stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(callback_stage) as cast:
        yield cast


@pytest_asyncio.fixture(loop_scope="session")
async def informateur(cast: Cast) -> Informateur:
    """The only one on duty; callbacks are accepted."""
    informateur = await cast.informateur()
    await cast.callbacks_open()
    return informateur


@pytest_asyncio.fixture(loop_scope="session")
async def home(cast: Cast) -> Called:
    """The phone of whoever is called back."""
    return await cast.service(says=1000, listens_for=1400)


async def test_the_informateur_is_there_before_the_number_is_dialled(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    usager = await cast.usager().promised()
    await informateur.rings()
    assert home.messages() == ""
    informateur.pick_up()
    await home.rings()
    await informateur.person.hears("whisper-callback", f"sector-{SECTOR}", TITLE)
    fiche = (await cast.desk(informateur.agent))["desk"]["call"]["fiche"]
    assert fiche["title"] == cast.stage.plan.fiches[FicheId(fiche["id"])].title
    assert (await usager.standing())["state"] == "dialling"
    await picked_up(home)
    await talk(cast, usager, informateur, home)
    await goodbye(usager, informateur, home)
    steps = cast.router_log.steps(usager.call())
    until_joined = [Step.RINGING, Step.DIALLED, Step.PICKED_UP, Step.TALKING]
    assert steps[:5] == [Step.TICKET_ACCEPTED, *until_joined]
    assert sorted(steps[5:]) == sorted([Step.ENDED, Step.TICKET_ENDED])


async def test_nothing_but_the_number_and_the_service_is_on_the_wire(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    usager = await cast.usager().promised()
    await dialled(cast, usager, informateur, home)
    [invite] = home.requests("INVITE")
    head = invite.partition("\n\n")[0]
    first, *lines = head.splitlines()
    assert re.fullmatch(rf"INVITE sip:{usager.dialled}@127\.0\.0\.1:\d+ SIP/2\.0", first)
    headers = dict(line.split(": ", 1) for line in lines)
    assert re.fullmatch(r"<sip:3939@127\.0\.0\.1:?\d*>;tag=.*", headers["From"])
    assert re.fullmatch(rf"<sip:{usager.dialled}@127\.0\.0\.1:?\d*>", headers["To"])
    assert re.fullmatch(r"<sip:(asterisk|allo|3939)@[\d.:]+>", headers["Contact"])
    telling = {"P-Asserted-Identity", "Remote-Party-ID", "Diversion", "Privacy", "History-Info"}
    assert headers.keys() & telling == set()
    assert SECTOR not in invite
    assert usager.ticket not in invite
    assert usager.call() not in invite
    assert usager.number[1:] not in informateur.messages()
    home.refuse("DECLINE")
    await usager.becomes("accepted")
    await usager.cancel()
    await informateur.call_ended()


async def test_a_busy_line_is_dialled_once_more(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    usager = await cast.usager().promised()
    await dialled(cast, usager, informateur, home)
    home.refuse("BUSY")
    await informateur.call_ended()
    waiting = await usager.becomes("accepted")
    assert (waiting["reason"], usager.number_is_kept) == (Failure.BUSY, True)
    await dialled(cast, usager, informateur, home)
    await picked_up(home)
    await talk(cast, usager, informateur, home)
    await goodbye(usager, informateur, home)
    assert len(home.requests("INVITE")) == 2


async def test_a_carrier_that_refuses_every_call_is_no_busy_line(
    cast: Cast, informateur: Informateur
) -> None:
    """After that nothing is promised until a call gets through."""
    cast.expected_in_router.append("the carrier did not take a call")
    usager, other = cast.usager(), cast.usager()
    refusing = await cast.carrier(403)
    for one, attempts in ((usager, 2), (other, 1)):
        await one.promised()
        for _ in range(attempts):
            await informateur.rings()
            informateur.pick_up()
            await cast.router_log.step(Step.NOT_REACHED, detail=CalledEnd.REFUSED)
            await informateur.call_ended()
    over = await usager.is_over("failed")
    assert over["reason"] == Failure.TRUNK
    assert "votre ligne n’est pas en cause" in over["message"]
    assert (await cast.usager().ask())[1]["error"]["code"] == Refusal.TRUNK
    await refusing.stop()
    await cast.carrier(486)
    await informateur.rings()
    informateur.pick_up()
    assert (await other.is_over("failed"))["reason"] == Failure.BUSY
    await informateur.call_ended()
    await cast.callbacks_open()


@pytest.mark.parametrize(
    ("says", "reason"), [(100, "trunk"), (183, "no_answer"), (180, "no_answer")]
)
async def test_a_carrier_that_only_tries_differs_from_an_unanswered_phone(
    cast: Cast, informateur: Informateur, says: int, reason: str
) -> None:
    cast.expected_in_router.append("the carrier did not take a call")
    carrier = await cast.carrier(says)
    usager = await cast.usager().promised()
    for _ in range(2):
        await informateur.rings()
        informateur.pick_up()
        await informateur.call_ended()
    assert (await usager.is_over("failed"))["reason"] == reason
    assert len(carrier.requests("INVITE")) == len(carrier.requests("CANCEL")) == 2


async def test_an_unanswered_phone_is_dialled_twice(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    usager = await cast.usager().promised()
    for _ in range(2):
        await dialled(cast, usager, informateur, home)
        await home.stops_ringing()
        await informateur.call_ended()
    over = await usager.is_over("failed")
    assert over["reason"] == "no_answer"
    assert len(home.requests("INVITE")) == 2


async def test_a_voicemail_hears_the_question_and_nothing_else(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    usager = await cast.usager().promised()
    await dialled(cast, usager, informateur, home)
    home.pick_up()
    await home.call_ended()
    await informateur.call_ended()
    assert home.person.heard == ["callback-ask", "callback-ask"]
    assert "callback-ask" in home.person.silence_after
    assert informateur.person.silence_after  # the informateur is not left with a dead line
    assert (await usager.becomes("accepted"))["reason"] == "voicemail"
    await usager.cancel()


async def test_a_usager_who_hangs_up_during_the_question_is_called_once_more(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    usager = await cast.usager().promised()
    await dialled(cast, usager, informateur, home)
    await picked_up(home)
    await home.hang_up()
    await informateur.call_ended()
    assert (await usager.becomes("accepted"))["reason"] == "hung_up"
    await dialled(cast, usager, informateur, home)
    home.refuse("BUSY")
    await informateur.call_ended()
    assert (await usager.is_over("failed"))["reason"] == "busy"


async def test_another_key_repeats_the_question(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    usager = await cast.usager().promised()
    await dialled(cast, usager, informateur, home)
    await picked_up(home)
    home.person.press("2")
    await home.person.hears("callback-ask")
    await talk(cast, usager, informateur, home)
    await goodbye(usager, informateur, home)


async def test_an_informateur_who_does_not_answer_costs_the_ticket_no_rank(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    first = await cast.usager().promised()
    await informateur.rings()
    second = await cast.usager().promised()
    informateur.refuse("DECLINE")
    await cast.router_log.step(Step.MISSED, call=first.call())
    other = await cast.informateur("102")
    await dialled(cast, first, other, home)
    await picked_up(home)
    await talk(cast, first, other, home)
    assert (await second.standing())["state"] == "accepted"
    assert (await second.cancel())[0] == 200
    await goodbye(first, other, home)


async def test_an_informateur_who_hangs_up_too_soon_costs_an_attempt_at_most(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    usager = await cast.usager().promised()
    await dialled(cast, usager, informateur, home)
    await informateur.hang_up()
    await home.stops_ringing()
    assert (await usager.becomes("accepted"))["reason"] == "interrupted"
    assert (await cast.desk("101"))["desk"]["state"] == "paused"  # has missed it
    assert (await cast.ask("101", "ready"))[0] == 200
    await dialled(cast, usager, informateur, home)
    await picked_up(home)
    await informateur.hang_up()
    home.person.press("1")
    await home.person.hears("agent-lost")
    assert (await cast.ask("101", "ready"))[0] == 200
    await informateur.rings()
    informateur.pick_up()
    await cast.both_hear(home, informateur)
    await goodbye(usager, informateur, home)


@pytest.mark.parametrize("at", ["waiting", "ringing", "dialling", "asking"])
async def test_cancelling_ends_it_at_once(
    cast: Cast, informateur: Informateur, home: Called, at: str
) -> None:
    if at == "waiting":
        await cast.ask("101", "pause", reason="pause")
    usager = await cast.usager().promised()
    if at == "ringing":
        await informateur.rings()
    elif at in ("dialling", "asking"):
        await dialled(cast, usager, informateur, home)
    if at == "asking":
        await picked_up(home)
    status, told = await usager.cancel()
    assert (status, told["state"], usager.number_is_kept) == (200, "cancelled", False)
    await cast.until(lambda: cast.ari("channels"), lambda held: held == [], AT_ONCE_S)
    match at:
        case "ringing":
            await informateur.stops_ringing()
        case "dialling":
            await home.stops_ringing()
            await informateur.call_ended()
        case "asking":
            await home.call_ended()
            await informateur.call_ended()
    assert (await usager.cancel())[0] == 200
    assert (await usager.ask())[0] == 202  # the same request: it is not taken up again
    assert (await usager.standing())["state"] == "cancelled"


async def test_a_conversation_is_not_cancelled(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    usager = await cast.usager().promised()
    await dialled(cast, usager, informateur, home)
    await picked_up(home)
    await talk(cast, usager, informateur, home)
    status, told = await usager.cancel()
    assert (status, told["error"]["code"]) == (409, "too_late")
    await cast.both_hear(home, informateur)
    await goodbye(usager, informateur, home)
