"""Pages for people. Plain HTML, no script, no address outside."""

from html import escape
from typing import TYPE_CHECKING

from router.core.engine import SectorSnapshot
from router.core.hours import clock_text
from router.core.plan import Plan
from router.web.replies import typeset

if TYPE_CHECKING:
    from router.web.api import Snapshot

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #18753c; --bad: #ce0500; }
body { font: 1.0625rem/1.6 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.75rem; line-height: 1.25; }
h2 { font-size: 1.25rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding-bottom: .5rem; }
th, td { text-align: left; padding: .4rem .5rem; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.state { border-left: .35rem solid; padding: .5rem 1rem; }
.state.open { border-color: var(--good); } .state.closed { border-color: var(--bad); }
a { color: LinkText; }
@media (max-width: 30rem) { th, td { padding: .4rem .2rem; font-size: .875rem; } }
@media (prefers-color-scheme: dark) { :root { --good: #27a658; --bad: #ff5655; } }
"""


def home(plan: Plan, snapshot: "Snapshot") -> str:
    """Return the page that says what runs here, in French."""
    hours = plan.hours
    if hours.is_open(snapshot.now):
        state, words = "open", "Le service est ouvert."
        if (closes_at := hours.closes_at(snapshot.now)) is not None:
            until = clock_text(hours.local(closes_at).time())
            words = f"Le service est ouvert jusqu’à {until}."
    else:
        state = "closed"
        words = f"Le service est fermé. Il ouvrira {hours.next_opening_text(snapshot.now)}."
    if not snapshot.ready:
        state, words = "closed", f"{words} La téléphonie est momentanément indisponible."
    rows = "".join(
        f'<tr><th scope="row">{escape(plan.sectors[one.sector].name)}</th>'
        f'<td class="n">{one.waiting}</td><td class="n">{one.on_duty}</td>'
        f"<td>{_wait(one)}</td></tr>"
        for one in snapshot.sectors
    )
    clock = clock_text(hours.local(snapshot.now).time())
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
<p class="state {state}">{escape(typeset(words))}</p>
<p>Composez le <strong>{escape(plan.numbers[0])}</strong> ou <a href="/rappel">faites-vous
rappeler</a>. Les appels sont anonymes&nbsp;: aucun numéro n’est conservé.</p>
<h2>Attente par domaine</h2>
<table>
<caption>Personnes en attente et informateurs présents à {clock}.</caption>
<thead><tr><th scope="col">Domaine</th><th scope="col" class="n">En attente</th>
<th scope="col" class="n">Présents</th>
<th scope="col">Attente estimée</th></tr></thead>
<tbody>{rows}</tbody>
</table>
<h2>Pour les machines</h2>
<ul>
<li><a href="/v1/service">État du service (JSON)</a></li>
<li><a href="/readyz">Disponibilité</a></li>
<li><a href="/metrics">Mesures (Prometheus)</a></li>
</ul>
</main>
</body>
</html>
"""


def _wait(sector: SectorSnapshot) -> str:
    if sector.ready and not sector.waiting:
        return "aucune"
    if sector.wait_min is None:
        return "inconnue"
    low, high = sector.wait_min
    return f"moins de {high} min" if low == 0 else f"{low} à {high} min"
