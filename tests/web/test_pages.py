"""The home page: what the public can do now, and nothing that cannot be done."""

import re
from typing import Any

import pytest

from router.core.callback.tickets import Refusal
from router.core.plan import Relay
from router.core.standing import SectorSnapshot
from router.web.pages import home
from router.web.snapshot import Snapshot
from tests.service_plan import HOUSING, MONDAY_10H, WORK, small_plan

PLAN = small_plan()
NOBODY = [SectorSnapshot(sector, 0, 0, 0, None, None) for sector in (HOUSING, WORK)]
FULL = [SectorSnapshot(sector, 50, 1, 0, 40.0, (9, 20), True) for sector in (HOUSING, WORK)]
AT_NIGHT = MONDAY_10H + 12 * 3600
DIAL = "Composez le 3939"
ASK = "demandez un rappel"


def said(**present: Any) -> str:
    """Return what the page says, with plain spaces, and its links."""
    told = {
        "ready": True,
        "now": MONDAY_10H,
        "sectors": [
            SectorSnapshot(HOUSING, 2, 3, 1, 40.0, (1, 4)),
            SectorSnapshot(WORK, 0, 1, 1, None, (0, 1)),
        ],
        "agents": {},
        "calls": {},
        "counts": {},
        "defects": 0,
        "callbacks": {HOUSING: None, WORK: None},
        **present,
    }
    page = home(PLAN, Snapshot(**told))
    return re.sub(r"\s+", " ", re.sub(r"</?(?!a\b)[a-z0-9]+[^>]*>|</a>", "", page))


def test_open_one_dials_or_asks() -> None:
    page = said()

    assert "Le service est ouvert jusqu’à 18 h 15." in page
    assert f'{DIAL} ou <a href="/rappel">{ASK}.' in page
    assert "Logement1 à 4 min" in page
    assert "Travailaucune" in page


def test_closed_one_comes_back_when_it_opens() -> None:
    page = said(now=AT_NIGHT, callbacks={HOUSING: Refusal.CLOSED, WORK: Refusal.CLOSED})

    assert "Le service est fermé. Il ouvre demain, mardi 24 novembre, à 8 h 30." in page
    assert "Lundide 8 h 30 à 18 h 15" in page


def test_with_nobody_there_one_tries_again() -> None:
    page = said(sectors=NOBODY, callbacks={HOUSING: Refusal.NO_AGENT, WORK: Refusal.NO_AGENT})

    assert "ouvert jusqu’à 18 h 15, mais personne ne peut répondre pour le moment." in page


def test_with_a_full_queue_one_asks_for_a_callback_or_tries_again() -> None:
    page = said(sectors=FULL)

    assert "18 h 15, mais trop de personnes attendent déjà" in page
    assert "Réessayez un peu plus tard." in page
    assert 'Vous pouvez aussi <a href="/rappel">demander un rappel.' in page
    assert "omposez le" not in page


def test_one_domain_may_be_answered_while_the_queue_is_full_for_the_others() -> None:
    page = said(sectors=[FULL[0], SectorSnapshot(WORK, 0, 1, 1, None, (0, 1))])

    assert f"{DIAL} ou" in page
    assert "Logementfile complète pour le moment" in page
    assert "Travailaucune" in page


def test_without_telephony_one_tries_again() -> None:
    page = said(ready=False, callbacks={})

    assert "mais la téléphonie est momentanément indisponible. Réessayez" in page


@pytest.mark.parametrize(
    "present",
    [
        {"now": AT_NIGHT, "callbacks": {}},
        {"now": AT_NIGHT, "ready": False},
        {"sectors": NOBODY},
        {"ready": False},
        {"sectors": FULL, "callbacks": {HOUSING: Refusal.FULL, WORK: Refusal.FULL}},
        {"sectors": FULL, "callbacks": {}},
    ],
)
def test_what_leads_nowhere_is_not_advised(present: dict[str, Any]) -> None:
    page = said(**present)

    for words in ("omposez le", "rappel<", "/rappel", "aucune", "inconnue", "Attente"):
        assert words not in page, words


@pytest.mark.parametrize(
    ("refusals", "told"),
    [
        ((Refusal.FULL, Refusal.FULL), "Trop de personnes attendent"),
        ((Refusal.CLOSING, Refusal.CLOSING), "Il est trop tard pour demander un rappel."),
        ((Refusal.UNAVAILABLE,) * 2, "Vous pouvez composer le 3939."),
        ((Refusal.TRUNK, Refusal.NO_AGENT), "Le service ne peut pas appeler pour le moment."),
    ],
)
def test_without_callbacks_one_dials_and_reads_why(
    refusals: tuple[Refusal, Refusal], told: str
) -> None:
    page = said(callbacks=dict(zip((HOUSING, WORK), refusals, strict=True)))

    assert f"{DIAL}." in page
    assert told in page
    assert "/rappel" not in page


def test_a_domain_without_anybody_says_so() -> None:
    page = said(sectors=[SectorSnapshot(HOUSING, 0, 1, 0, None, None), NOBODY[1]])

    assert "Logementinconnue" in page
    assert "Travailpersonne pour le moment" in page


def test_nothing_on_it_is_for_machines() -> None:
    for words in ("machine", "JSON", "/metrics", "/readyz", "/v1/", "Prometheus"):
        assert words not in said()


@pytest.mark.parametrize("present", [{}, {"now": AT_NIGHT}, {"ready": False}])
def test_the_relay_is_named_and_linked(
    present: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "sourdes" not in said(**present)
    relay = Relay("le relais « A & B »", "https://relais.example.org/?a=1&b=2")
    monkeypatch.setattr("tests.web.test_pages.PLAN", small_plan(relay=relay))
    assert (
        'utilisez <a href="https://relais.example.org/?a=1&amp;b=2">le relais « A &amp; B ».'
        in said(**present)
    )
