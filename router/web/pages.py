"""Pages for people: plain HTML, without a script or an address elsewhere."""

from collections.abc import Mapping
from html import escape

from router.core.plan import Plan
from router.core.standing import SectorSnapshot
from router.french import clock_text
from router.web.policy import source_of
from router.web.present import Phone, phone_sentences
from router.web.relay import paragraph
from router.web.sentences import as_html
from router.web.snapshot import Snapshot
from router.web.words import REFUSALS, week

_ANONYMOUS = "Les appels sont anonymes : aucun numéro n’est conservé."

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #18753c; --bad: #ce0500; }
body { font: 1.0625rem/1.6 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.75rem; line-height: 1.25; }
h2 { font-size: 1.25rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding-bottom: .5rem; }
th, td { text-align: left; padding: .4rem .5rem; border-bottom: 1px solid var(--line); }
th { font-weight: 400; overflow-wrap: anywhere; } thead th { font-weight: 700; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .125rem 1rem; }
dd { margin: 0; }
.state { border-left: .35rem solid; padding: .5rem 1rem; }
.state.open { border-color: var(--good); } .state.closed { border-color: var(--bad); }
a { color: LinkText; }
@media (prefers-color-scheme: dark) { :root { --good: #27a658; --bad: #ff5655; } }
"""
#: The sheet is part of the page; the policy names it by its hash.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {source_of(_STYLE)}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def home(plan: Plan, snapshot: Snapshot) -> str:
    """Return the page that says what the public can do now, in French."""
    phone = snapshot.phone(plan)
    answered = phone is Phone.ANSWERED
    said = phone_sentences(phone, plan.hours, snapshot.now)
    return f"""<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(plan.name)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(plan.name)}</h1>
<p class="state {"open" if answered else "closed"}">{as_html(said)}</p>
{_what_to_do(plan, snapshot, phone)}
<p>{as_html(_ANONYMOUS)}</p>
{_waits(plan, snapshot) if answered else ""}
<h2>Horaires</h2>
<dl>{week(plan.hours.week)}</dl>
{paragraph(plan)}
</main>
</body>
</html>
"""


def _what_to_do(plan: Plan, snapshot: Snapshot, phone: Phone) -> str:
    """What can be done while somebody is on duty.

    Dialling, unless the queue is full, and asking for a callback, or why that is not possible.
    """
    if phone is Phone.FULL and snapshot.no_callback(plan) is None:
        return '<p>Vous pouvez aussi <a href="/rappel">demander un rappel</a>.</p>'
    if phone is not Phone.ANSWERED:
        return ""
    dial = f"Composez le <strong>{escape(plan.number)}</strong>"
    no_callback = snapshot.no_callback(plan)
    if no_callback is None:
        return f'<p>{dial} ou <a href="/rappel">demandez un rappel</a>.</p>'
    why = f"{REFUSALS[no_callback.code]}. {no_callback.message}"
    return f"<p>{dial}.</p>\n<p>{as_html(why)}</p>"


def _waits(plan: Plan, snapshot: Snapshot) -> str:
    clock = clock_text(plan.hours.local(snapshot.now).time())
    rows = "".join(
        f'<tr><th scope="row">{as_html(plan.sectors[one.sector].name)}</th>'
        f"<td>{_wait(one)}</td></tr>"
        for one in snapshot.sectors
        if not plan.sectors[one.sector].for_all
    )
    return f"""<h2>Attente par domaine</h2>
<table>
<caption>Estimation faite à {clock}.</caption>
<thead><tr><th scope="col">Domaine</th><th scope="col">Attente</th></tr></thead>
<tbody>{rows}</tbody>
</table>"""


def _wait(sector: SectorSnapshot) -> str:
    if not sector.on_duty:
        return "personne pour le moment"
    if sector.is_full:
        return "file complète pour le moment"
    if sector.ready and not sector.waiting:
        return "aucune"
    if sector.wait_min is None:
        return "inconnue"
    low, high = sector.wait_min
    words = f"moins de {high} min" if low == 0 else f"{low} à {high} min"
    return words.replace(" min", "\u00a0min")
