"""/rappel and /widget.js of a real intake."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from router.core.callback.tickets import Refusal
from router.core.ids import SectorId, TicketId
from router.intake.page_style import CONTENT_SECURITY_POLICY
from router.intake.pages import NarrowDoor
from router.web.words import REFUSALS
from tests.intake.scene import ORIGIN, IntakeScene, digits, new_number
from tests.service_plan import FICHE, WORK

BROWSER = {"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}


async def post(here: IntakeScene, path: str = "/rappel", **form: str) -> tuple[int, str]:
    status, page = await here.ask(
        path=path, data=urlencode(form).encode(), headers={**BROWSER, "Idempotency-Key": ""}
    )
    assert here.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert here.headers["Cache-Control"] == "no-store"
    return status, unescape(page)


def ticket_of(page: str) -> TicketId:
    found = re.search(r'name="ticket" value="([^"]+)"', page)
    assert found is not None
    return TicketId(found[1])


async def get(here: IntakeScene, path: str) -> tuple[int, str]:
    status, page = await here.ask(method="GET", path=path, headers={})
    return status, unescape(page)


@pytest.mark.asyncio(loop_scope="session")
class TestPages:
    async def test_a_fiche_has_the_widget_and_its_code(self, here: IntakeScene) -> None:
        status, page = await get(here, f"/rappel?fiche={FICHE}")
        assert status == 200
        assert '<rappel-3939 fiche="F1234">' in page
        assert re.search(r'class="code">\d\d \d\d \d\d \d\d<', page)
        assert here.headers["Referrer-Policy"] == "same-origin"
        keys = {
            re.search(r'name="key" value="([^"]+)"', (await get(here, "/rappel?fiche=F1234"))[1])[1]  # type: ignore[index]
            for _ in range(3)
        }
        assert len(keys) == 3

    async def test_without_a_fiche_one_chooses(self, here: IntakeScene) -> None:
        status, page = await get(here, "/rappel")
        assert status == 200
        assert "introuvable" not in page
        for path, why in (
            ("/rappel?fiche=F9", "Cette fiche n’est pas connue du service."),
            ("/rappel?sector=x", "Ce domaine n’est pas connu du service."),
            ("/rappel?fiche=F1234&sector=travail", "à la fois une fiche et un domaine"),
        ):
            status, page = await get(here, path)
            assert status == 404
            assert why in page
            assert "Choisissez le domaine" in page

    async def test_a_closed_service_offers_nothing(self, here: IntakeScene) -> None:
        here.accept(Refusal.FULL)
        await here.until_refused()
        _, page = await get(here, f"/rappel?fiche={FICHE}")
        assert "<form" not in page
        assert "Toutes les possibilités de rappel sont prises" in page

    async def test_a_code_is_shown_while_somebody_answers(self, here: IntakeScene) -> None:
        _, page = await get(here, f"/rappel?fiche={FICHE}")
        assert "puis ce code" in page
        here.accept(Refusal.FULL)
        await here.until_refused()
        _, page = await get(here, f"/rappel?fiche={FICHE}")
        assert "puis ce code" in page
        assert "Vous pouvez composer le 3000." in page

    @pytest.mark.parametrize(
        ("refusal", "answered"),
        [(Refusal.NO_AGENT, (WORK,)), (Refusal.UNAVAILABLE, None), (Refusal.TRUNK, ())],
    )
    async def test_nobody_is_told_to_dial_in_vain(
        self, here: IntakeScene, refusal: Refusal, answered: tuple[SectorId, ...] | None
    ) -> None:
        here.accept(refusal, answered=answered)
        await here.until_refused()
        for path in (f"/rappel?fiche={FICHE}", "/rappel"):
            _, page = await get(here, path)
            assert "omposez" not in page
            assert "composer" not in page
            assert REFUSALS[refusal.value] in page
        assert "?sector=" not in page

    @pytest.mark.parametrize("refusal", [Refusal.CLOSED, Refusal.CLOSING])
    async def test_too_late_tells_the_next_opening(
        self, here: IntakeScene, refusal: Refusal
    ) -> None:
        here.accept(refusal)
        await here.until_refused()
        opening = "Le service ouvre demain, mardi 24 novembre, à 8 h 30."
        _, page = await get(here, f"/rappel?fiche={FICHE}")
        assert page.replace("\u00a0", " ").count(opening) == 1
        form = {"phone": new_number(), "key": "form-key-6", "fiche": FICHE}
        status, page = await post(here, **form)
        assert status == 503
        assert page.replace("\u00a0", " ").count(opening) == 1
        assert "<form" not in page

    async def test_too_late_meanwhile_tells_the_next_opening(self, here: IntakeScene) -> None:
        here.office.refusal = Refusal.CLOSING
        status, page = await post(here, phone=new_number(), key="form-key-7", fiche=FICHE)
        assert status == 503
        opening = "Le service ouvre demain, mardi 24 novembre, à 8 h 30."
        assert page.replace("\u00a0", " ").count(opening) == 1

    async def test_the_form_asks_follows_and_cancels(self, here: IntakeScene) -> None:
        number = new_number()
        status, page = await post(here, phone=number, key="form-key-1", fiche=FICHE)
        ticket = ticket_of(page)
        assert status == 200
        assert "Votre demande est enregistrée" in page
        assert "10 h 45" in page.replace("\u00a0", " ")
        assert digits(number)[2:] not in re.sub(r"\D", "", page)
        assert here.numbers().keys() == {ticket}

        _, again = await post(here, phone=number, key="form-key-1", fiche=FICHE)
        assert ticket_of(again) == ticket
        _, page = await post(here, "/rappel/suivi", ticket=ticket)
        assert "Votre demande est enregistrée" in page
        _, page = await post(here, "/rappel/suivi", ticket=ticket, do="cancel")
        assert "Votre demande est annulée" in page
        assert '<a href="/rappel?fiche=F1234">' in page

    async def test_a_refused_number_is_given_back_in_its_field(self, here: IntakeScene) -> None:
        status, page = await post(here, phone="3939", key="form-key-2", fiche=FICHE)
        assert status == 422
        assert 'value="3939"' in page
        assert 'aria-invalid="true"' in page
        assert "form-key-2" not in page

    async def test_a_number_at_its_limit(self, here: IntakeScene) -> None:
        number = new_number()
        await here.accepted(number)
        status, page = await post(here, phone=number, key="form-key-3", fiche=FICHE)
        assert status == 429
        assert "Ce numéro ne peut pas recevoir" in page

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"phone": "0639981234", "key": "form-key-4"}, 422),
            ({"phone": "0639981234", "key": "form-key-4", "fiche": "F9"}, 422),
            ({"key": "form-key-4", "fiche": FICHE}, 422),
            ({"phone": "0639981234", "key": "short", "fiche": FICHE}, 400),
            ({"phone": "0639981234", "fiche": FICHE}, 400),
        ],
    )
    async def test_faults_are_pages_too(
        self, here: IntakeScene, form: dict[str, str], status: int
    ) -> None:
        assert (await post(here, **form))[0] == status
        assert here.numbers() == {}

    async def test_another_site_cannot_post(self, here: IntakeScene) -> None:
        form = urlencode({"phone": new_number(), "key": "form-key-5", "fiche": FICHE}).encode()
        for origin in ("https://evil.example.net", "null"):
            headers = {**BROWSER, "Origin": origin}
            for path in ("/rappel", "/rappel/suivi"):
                status, _ = await here.ask(path=path, data=form, headers=headers)
                assert status == 403
        assert here.office.admitted == []

    async def test_an_unknown_ticket(self, here: IntakeScene) -> None:
        for form in ({"ticket": "t" * 32}, {"ticket": "é"}, {}, {"do": "cancel"}):
            status, page = await post(here, "/rappel/suivi", **form)
            assert status == 404
            assert "Votre demande n’est plus suivie" in page

    async def test_a_number_in_an_address_goes_nowhere(self, here: IntakeScene) -> None:
        for path in ("/rappel/0639981234", "/rappel/suivi/x", "/widget.js/x"):
            assert (await here.ask(method="GET", path=path))[0] == 404
        assert here.web.seen == []

    async def test_the_widget(self, here: IntakeScene) -> None:
        status, script = await here.ask(method="GET", path="/widget.js", headers={})
        assert status == 200
        assert "customElements.define('rappel-3939'" in script
        assert here.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert here.headers["Content-Encoding"] == "gzip"
        assert int(here.headers["Content-Length"]) < 10_000
        again = {"If-None-Match": here.headers["ETag"]}
        assert (await here.ask(method="GET", path="/widget.js", headers=again))[0] == 304
        plain = {"Accept-Encoding": "identity"}
        assert (await here.ask(method="GET", path="/widget.js", headers=plain))[1] == script


def test_the_narrow_door_lets_some_in_a_minute() -> None:
    door = NarrowDoor(30)
    assert [door.lets_in(100.0) for _ in range(40)] == [True] * 30 + [False] * 10
    assert [door.lets_in(104.0) for _ in range(4)] == [True, True, False, False]
    assert [door.lets_in(1000.0) for _ in range(40)].count(True) == 30
    assert not door.lets_in(999.0)


def test_a_shut_door_lets_nobody_in() -> None:
    assert not NarrowDoor(0).lets_in(100.0)
