"""Names and marks that the router leaves in Asterisk."""

from router.ari.naming import phone_of, waiting_marks
from router.core.ids import FicheId, SectorId


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
