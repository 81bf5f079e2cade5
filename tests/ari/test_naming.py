"""Names and marks that the router leaves in Asterisk."""

from router.ari.messages import StasisStart
from router.ari.naming import CALLER_ARGUMENT, after_the_gap, phone_of, waiting_marks
from router.core.events import CallFound
from router.core.ids import CallId, ChannelId, FicheId, SectorId
from tests.ari.translation import Translation


def test_an_endpoint_names_its_phone() -> None:
    assert phone_of("agent-lea") == "lea"
    assert phone_of("trunk") is None


def test_where_a_caller_waits_is_read_back_exactly() -> None:
    sector, joined_at = SectorId("travail"), 1795428000.123456
    marks = waiting_marks(sector, joined_at)
    assert marks == {"ALLO_SECTOR": "travail", "ALLO_JOINED_AT": "1795428000.123456"}
    assert float(marks["ALLO_JOINED_AT"]) == joined_at
    fiche = FicheId("F1234")
    assert waiting_marks(sector, joined_at, fiche) == marks | {"ALLO_FICHE": "F1234"}


def test_what_the_fallback_has_asked_is_read_back_exactly() -> None:
    sector, joined_at = SectorId("travail"), 1795428000.123456
    for fiche in (None, FicheId("F1234")):
        first, *more = f"{CALLER_ARGUMENT}{after_the_gap(sector, joined_at, fiche)}".split(",")
        started = StasisStart(ChannelId("allo-1.7"), (first, *more))
        found = CallFound(CallId("allo-1.7"), sector, joined_at, fiche=fiche)
        assert Translation().events.of(started) == found
