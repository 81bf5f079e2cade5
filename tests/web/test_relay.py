from router.core.plan import Relay
from router.web.relay import FOR_WHOM, paragraph, relay
from tests.service_plan import small_plan


def test_it_is_named_and_linked() -> None:
    plan = small_plan(relay=Relay("Relais <+>", 'https://example.org/"x"'))

    assert FOR_WHOM.endswith("pour appeler le {number}, utilisez")
    link = '<a href="https://example.org/&quot;x&quot;">Relais &lt;+&gt;</a>.'
    assert relay(plan).endswith(f"pour appeler le 3939, utilisez {link}")
    assert "aphasiques\u00a0:" in relay(plan)
    assert paragraph(plan) == f"<p>{relay(plan)}</p>"


def test_without_one_nothing_is_said() -> None:
    assert relay(small_plan()) == paragraph(small_plan()) == ""
