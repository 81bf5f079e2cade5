"""How people who do not hear or speak by phone call, in one sentence."""

from html import escape

from router.core.plan import Plan
from router.web.replies import dialled, typeset

#: Before the relay's name; the widget's own words too (`replies.dialled`).
FOR_WHOM = (
    "Personnes sourdes, malentendantes, sourdaveugles ou aphasiques : pour appeler le {number}, "
    "utilisez"
)


def paragraph(plan: Plan) -> str:
    """Return the sentence as a paragraph; "" where the plan names no relay."""
    return f"<p>{relay(plan)}</p>" if plan.relay else ""


def relay(plan: Plan) -> str:
    """Return the sentence as HTML, with its link; "" where the plan names no relay."""
    if plan.relay is None:
        return ""
    name = escape(typeset(plan.relay.name), quote=False)
    return f'{typeset(dialled(FOR_WHOM, plan))} <a href="{escape(plan.relay.url)}">{name}</a>.'
