"""The page `/rappel` and the answers to its plain form, parsed as HTML."""

import base64
import hashlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from router.core.plan import Fiche, Relay, Sector
from router.intake import page_words, rappel
from router.intake.page_style import CONTENT_SECURITY_POLICY
from router.intake.rappel import Fault, Offer, Progress
from router.web.words import REFUSALS
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, small_plan

RELAY = Relay("le relais", "https://relais.example.org/")
PLAN = small_plan(numbers=("3939",), relay=RELAY)
FICHE_PAGE: Fiche = PLAN.fiches[FICHE]
SECTOR: Sector = PLAN.sectors[HOUSING]
OPEN = Offer(True)
FULL = Offer(False, "full", "Réessayez dans une demi-heure.")
CLOSED = Offer(False, "closed", "Revenez.", "demain, mardi 24 novembre, à 8 h 30", answered=False)
PHONE = "06 39 98 12 34"
DUE_AT = MONDAY_10H + 45 * 60
NBSP = "\u00a0"
LIVE = {"accepted", "dialling", "talking"}
_VOID = {"meta", "input", "br"}


@dataclass
class Read(HTMLParser):
    """A page: its elements in order, its words, and whether every element is closed."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: str = ""
    style: str = ""
    unclosed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.unclosed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if self.unclosed and self.unclosed[-1] == "style":
            self.style += data
        else:
            self.words += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def hidden(self) -> dict[str, str]:
        fields = [one for one in self.all("input") if one["type"] == "hidden"]
        return {one["name"]: one["value"] for one in fields}

    def phone(self) -> dict[str, str]:
        (one,) = [one for one in self.all("input") if one.get("id") == "phone"]
        return one


def read(page: str) -> Read:
    reader = Read()
    reader.feed(page)
    reader.close()
    assert reader.unclosed == []
    return reader


def every_page() -> dict[str, str]:
    progress = {state: Progress("ticket-1", state, DUE_AT) for state in page_words.STATES}
    return {
        "open": rappel.page(PLAN, FICHE_PAGE, OPEN, "key-1", code="12 34 56 78"),
        "sector": rappel.page(PLAN, SECTOR, OPEN, "key-1"),
        "full": rappel.page(PLAN, FICHE_PAGE, FULL, "key-1"),
        "refused": rappel.refusal(PLAN, FICHE_PAGE, OPEN, "key-2", Fault("phone", "Non.", "1")),
        "closed": rappel.page(PLAN, FICHE_PAGE, CLOSED, "key-1", code="12 34 56 78"),
        "choice": rappel.choice(PLAN, OPEN),
        "choice closed": rappel.choice(PLAN, CLOSED),
        **{why: rappel.choice(PLAN, OPEN, why) for why in page_words.UNKNOWN},
        **{state: rappel.result(PLAN, FICHE_PAGE, one) for state, one in progress.items()},
    }


@pytest.mark.parametrize("name", every_page())
def test_every_page_is_whole_french_and_within_its_policy(name: str) -> None:
    page = read(every_page()[name])

    assert page.all("html") == [{"lang": "fr"}]
    assert len(page.all("h1")) == len(page.all("main")) == 1
    levels = [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2", "h3")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [one["id"] for _, one in page.elements if "id" in one]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        assert not any(one == "style" or one.startswith("on") for one in attributes)
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in CONTENT_SECURITY_POLICY
    assert all(one == {"src": "/widget.js", "defer": ""} for one in page.all("script"))
    assert "'" not in page.words.replace(PLAN.name, "")
    for mark in ";:!?":
        assert f" {mark}" not in page.words


def test_the_widget_holds_the_plain_form() -> None:
    page = read(every_page()["open"])

    assert page.all("rappel-3939") == [{"fiche": "F1234"}]
    assert page.all("form") == [{"method": "post", "action": "/rappel"}]
    assert page.hidden() == {"fiche": "F1234", "key": "key-1"}
    assert page.phone()["autocomplete"] == "tel"
    assert "value" not in page.phone()
    assert {"for": "phone"} in page.all("label")
    assert "12 34 56 78" in page.words
    assert "Sans JavaScript" in page.words


def test_a_sector_stands_in_for_a_fiche() -> None:
    page = read(every_page()["sector"])

    assert page.all("rappel-3939") == [{"sector": "logement"}]
    assert page.hidden() == {"sector": "logement", "key": "key-1"}


@pytest.mark.parametrize("code", [*REFUSALS, "of tomorrow"])
def test_a_refusal_tells_why_and_when_next(code: str) -> None:
    offer = Offer(False, code, "En voici la raison.", "demain à 8 h 30")
    page = read(rappel.page(PLAN, FICHE_PAGE, offer, "key-1"))

    title = REFUSALS.get(code, REFUSALS["unavailable"])
    assert title in page.words
    assert "En voici la raison.Le service ouvre demain à 8 h 30." in page.words
    assert page.all("form") == []


def test_the_nextuncloseding_is_told_once() -> None:
    offer = Offer(False, "closed", "Le service ouvre demain à 8 h 30.", "demain à 8 h 30")
    page = read(rappel.page(PLAN, FICHE_PAGE, offer, "key-1"))

    assert page.words.count("demain à 8 h 30") == 1


def test_a_refused_number_is_given_back_in_its_field_only() -> None:
    typed = '"><script>06 39 98'
    html = rappel.refusal(
        PLAN, FICHE_PAGE, OPEN, "key-2", Fault("phone", "Ce numéro est trop court.", typed)
    )
    page = read(html)
    phone = page.phone()

    assert phone["value"] == typed
    assert "06 39 98" not in page.words.replace(f"06{NBSP}39{NBSP}98", "")
    assert html.count("06 39 98") == 1
    assert phone["aria-invalid"] == "true"
    assert "autofocus" in phone
    assert {"id": phone["aria-describedby"]} in page.all("p")
    assert "Ce numéro est trop court." in page.words
    assert page.hidden()["key"] == "key-2"
    assert html.index("<title>Erreur") > 0
    # The widget would replace the form and its error.
    assert page.all("script") == page.all("rappel-3939") == []


def test_a_refusal_for_another_reason_marks_no_field() -> None:
    fault = Fault(None, "Trop de demandes : réessayez plus tard.", PHONE)
    page = read(rappel.refusal(PLAN, FICHE_PAGE, OPEN, "key-2", fault))

    assert f"Trop de demandes{NBSP}: réessayez plus tard." in page.words
    assert "aria-invalid" not in page.phone()
    assert page.phone()["value"] == PHONE


def test_a_service_that_filled_up_meanwhile_gives_nothing_back() -> None:
    html = rappel.refusal(PLAN, FICHE_PAGE, FULL, "key-2", Fault(None, "", PHONE))

    assert PHONE not in html
    assert "Toutes les possibilités de rappel sont prises" in html


def test_an_accepted_request_has_its_time_and_can_be_cancelled() -> None:
    page = read(every_page()["accepted"])

    assert f"au plus tard à 10{NBSP}h{NBSP}45 (heure de Paris)." in page.words
    assert page.all("form") == [{"method": "post", "action": "/rappel/suivi"}]
    assert page.hidden() == {"ticket": "ticket-1"}
    assert page.all("button") == [{}, {"name": "do", "value": "cancel", "class": "second"}]


def test_the_code_that_calls_it_off_is_shown_while_it_can() -> None:
    accepted, dialling = (
        rappel.result(PLAN, FICHE_PAGE, Progress("t", state, DUE_AT, code="12 34 56 78"))
        for state in ("accepted", "dialling")
    )

    assert "12 34 56 78" in accepted
    assert "12 34 56 78" not in dialling
    assert "entre-temps" not in every_page()["accepted"]


def test_an_attempt_without_success_is_told() -> None:
    progress = Progress("ticket-1", "accepted", DUE_AT, reason="no_answer")

    assert "nous réessaierons" in rappel.result(PLAN, FICHE_PAGE, progress)


@pytest.mark.parametrize(
    "state", sorted(set(page_words.STATES) - {"accepted", "dialling", "talking"})
)
def test_what_has_ended_is_followed_no_more(state: str) -> None:
    page = read(every_page()[state])

    assert page.all("form") == []
    assert {"href": "/rappel?fiche=F1234"} in page.all("a")


def test_the_service_s_own_words_tell_how_it_ended() -> None:
    html = rappel.result(PLAN, None, Progress("t", "failed", DUE_AT, "La ligne était occupée."))

    assert "La ligne était occupée." in html
    assert page_words.STATES["failed"][2].split(" ;")[0] not in html
    assert 'href="/rappel"' in html


def test_an_unknown_state_is_a_ticket_that_is_not_followed() -> None:
    html = rappel.result(PLAN, FICHE_PAGE, Progress("t", "of tomorrow", DUE_AT))

    assert page_words.STATES["unknown"][1] in html
    assert "<form" not in html


@pytest.mark.parametrize("why", page_words.UNKNOWN)
def test_the_choice_says_why_one_has_to_choose(why: str) -> None:
    title, text = page_words.UNKNOWN[why]
    html = every_page()[why]

    assert f"{title}{text}" in read(html).words
    assert f"<title>{title} – " in html
    assert title not in every_page()["choice"]


def test_no_code_is_shown_that_nobody_would_take() -> None:
    page = read(every_page()["closed"])

    assert "omposez" not in page.words
    assert "12 34 56 78" not in page.words
    assert "Le service est fermé" in page.words
    # While only callbacks are refused, people may dial.
    full = read(rappel.page(PLAN, FICHE_PAGE, FULL, "key-1", code="12 34 56 78"))
    assert f"Composez le 3939, puis ce code{NBSP}:12 34 56 78" in full.words


def test_a_request_under_way_has_the_only_code() -> None:
    page = read(every_page()["open"])

    assert {"class": "access"} in page.all("div")
    assert "rappel-3939[live] ~ .access { display: none; }" in page.style


def test_a_closed_service_has_no_domains_to_choose_from() -> None:
    page = read(every_page()["choice closed"])

    assert "Le service est fermé" in page.words
    assert "Le service ouvre demain, mardi 24 novembre, à 8 h 30." in page.words
    assert [one for one in page.all("a") if "sector" in one["href"]] == []


def test_the_relay_is_named_and_linked_everywhere() -> None:
    for name, html in every_page().items():
        assert [one["href"] for one in read(html).all("a")].count(RELAY.url) == 1, name
    unnamed = rappel.page(small_plan(), FICHE_PAGE, OPEN, "key-1")
    assert "sourdes" not in unnamed
    assert "slot" not in unnamed


def test_the_choice_leads_to_every_domain() -> None:
    page = read(every_page()["choice"])

    wanted = [{"href": f"/rappel?sector={sector}"} for sector in PLAN.sectors]
    assert [one for one in page.all("a") if "sector" in one["href"]] == wanted


def test_the_week_is_told_day_by_day() -> None:
    page = read(every_page()["open"])

    assert f"Lundide 8{NBSP}h{NBSP}30 à 18{NBSP}h{NBSP}15" in page.words
    assert "Dimanchefermé" in page.words
