"""How people who cannot hear or speak on the phone call the service, in one sentence."""

from html import escape

from router.core.plan import Plan
from router.web.sentences import as_html, with_number

#: Comes before the relay's name; the widget says the same (`sentences.with_number`).
FOR_WHOM = (
    "Personnes sourdes, malentendantes, sourdaveugles ou aphasiques : pour appeler le {number}, "
    "utilisez"
)


def paragraph(plan: Plan) -> str:
    """Return the sentence as a paragraph; "" if the plan names no relay."""
    return f"<p>{relay(plan)}</p>" if plan.relay else ""


def relay(plan: Plan) -> str:
    """Return the sentence as HTML, with its link; "" if the plan names no relay."""
    if plan.relay is None:
        return ""
    name = as_html(plan.relay.name)
    return f'{as_html(with_number(FOR_WHOM, plan))} <a href="{escape(plan.relay.url)}">{name}</a>.'
