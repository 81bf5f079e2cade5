"""The page `/rappel`: a fiche with the callback widget, and the same without scripts.

Every public function returns a whole HTML page. What the widget does with JSON, the plain form
does with two addresses: `POST /rappel` (`phone`, `key`, `fiche` or `sector`) asks for a callback,
`POST /rappel/suivi` (`ticket`, and perhaps `do=cancel`) follows it. Both answer with a page, so
that a ticket is never in an address. A number is written into a page in one case only: when it
is refused, it is put back into its field to be corrected.
"""

from dataclasses import dataclass
from html import escape

from router.core.plan import Fiche, Plan
from router.french import clock_text
from router.intake import page_words
from router.intake.page_style import STYLE
from router.intake.requests import Subject
from router.web.relay import paragraph, relay
from router.web.sentences import as_html, with_number
from router.web.words import REFUSALS, week

_LIVE = frozenset({"accepted", "dialling", "talking"})
_CANCELLABLE = frozenset({"accepted", "dialling"})


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether a callback can be asked for now."""

    accepted: bool
    #: If not, why: a code of `words.REFUSALS`, and a sentence.
    code: str = "unavailable"
    reason: str = ""
    #: In words, "demain, mardi 24 novembre, à 8 h 30"; None while open.
    next_opening: str | None = None
    #: Within how many minutes a callback is promised.
    promise_min: int = 45
    #: Whether calls are answered now.
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a request."""

    #: The field to correct; None for the request as a whole.
    field: str | None
    #: A sentence in French.
    message: str
    #: What was typed as a number: put back into the field "phone", and nowhere else.
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a ticket stands."""

    ticket: str
    #: A key of `page_words.STATES`.
    state: str
    #: The time promised, UTC epoch seconds.
    due_at: float
    #: Shown instead of the state's own sentence once it has ended; "" for that sentence.
    message: str = ""
    #: Why the latest attempt did not succeed; None if it has not been made, or did.
    reason: str | None = None
    #: In pairs; whoever calls in with it need not be called back. "" for none.
    code: str = ""


def page(plan: Plan, subject: Subject, offer: Offer, key: str, *, code: str | None = None) -> str:
    """Return the fiche with the widget, which shows the plain form until its script has loaded.

    `key` is a new idempotency key. `code` is the fiche's access code, in pairs: it is shown
    while calls are answered, unless a request under way has a code of its own.
    """
    field = "fiche" if isinstance(subject, Fiche) else "sector"
    inside = _plain(_refused(offer))
    if offer.accepted:
        form = _plain(_form(subject, offer, key))
        inside = f"{form}\n<noscript><p>{as_html(page_words.NO_SCRIPT)}</p></noscript>"
    block = f"""<rappel-3939 {field}="{escape(subject.id)}">
{inside}
{_relay_slot(plan)}</rappel-3939>"""
    code = code if offer.answered else None
    return _fiche(plan, subject, block, code=code, script=True)


def refusal(plan: Plan, subject: Subject, offer: Offer, key: str, fault: Fault) -> str:
    """Return the answer to a form that was refused: the form again, the fault beside its field.

    The widget is left out: it would replace the form, and the error with it.
    """
    if not offer.accepted:
        return _fiche(plan, subject, _plain(_refused(offer)), title=_refusal_title(offer))
    form = _plain(_form(subject, offer, key, fault))
    return _fiche(plan, subject, form, title="Erreur")


def result(plan: Plan, subject: Subject | None, progress: Progress) -> str:
    """Return where the ticket stands, with what can be done: refresh, cancel, ask again.

    A link leads back to `subject`; None if it is no longer known.
    """
    kind, title, text = page_words.STATES.get(progress.state, page_words.STATES["unknown"])
    live = progress.state in _LIVE
    said = [text if live else progress.message or text]
    if progress.state == "accepted":
        due = plan.hours.local(progress.due_at)
        city = plan.hours.zone.rpartition("/")[2].replace("_", " ")
        promise = f"Un informateur vous rappelle au plus tard à {clock_text(due.time())}"
        said = [
            f"{promise} (heure de {city}).",
            *([page_words.MISSED] if progress.reason else []),
            *said,
        ]
    actions = _follow(progress) if live else _anew(subject)
    if progress.state == "accepted" and progress.code:
        code = f'<span class="code">{escape(progress.code)}</span>'
        actions += f"\n<p>{as_html(with_number(page_words.CALL_IN, plan))}<br>{code}</p>"
    alert = _alert(kind, title, *(with_number(one, plan) for one in said))
    return _fiche(plan, subject, _plain(alert + actions), title=title)


def choice(plan: Plan, offer: Offer, unknown: str | None = None) -> str:
    """Return the page for an address that names no fiche: the domains to choose from.

    `offer` is that of the whole service. `unknown`, a key of `page_words.UNKNOWN`, says why
    what the address names cannot be used.
    """
    links = "".join(
        f'<li><a href="/rappel?sector={escape(sector.id)}">{as_html(sector.name)}</a></li>'
        for sector in plan.domains.values()
    )
    title, alert = "", ""
    if unknown is not None:
        title, text = page_words.UNKNOWN[unknown]
        alert = _alert("warning", title, text)
    choose = f"<p>Choisissez le domaine de votre question.</p>\n<ul>{links}</ul>"
    return _document(
        plan,
        f"{title} – {page_words.HEADING}" if title else page_words.HEADING,
        f"<h1>{page_words.HEADING}</h1>\n{alert}{choose if offer.accepted else _refused(offer)}\n"
        f"<h2>Horaires</h2>\n<dl>{week(plan.hours.week)}</dl>\n{paragraph(plan)}",
    )


def _relay_slot(plan: Plan) -> str:
    return f'<span slot="relay">{relay(plan)}</span>\n' if plan.relay else ""


def _plain(block: str) -> str:
    """What the widget would show, under the same heading."""
    return f"<h3>{page_words.HEADING}</h3>\n{block}"


def _form(subject: Subject, offer: Offer, key: str, fault: Fault | None = None) -> str:
    at_field = fault if fault and fault.field == "phone" else None
    wrong = f'<p id="phone-error">{as_html(at_field.message)}</p>' if at_field else ""
    described = ' aria-invalid="true" aria-describedby="phone-error" autofocus' if at_field else ""
    typed = f' value="{escape(fault.typed)}"' if fault and fault.typed else ""
    alert = (
        _alert("error", "Votre demande n’a pas été acceptée", fault.message)
        if fault and not at_field
        else ""
    )
    field = "fiche" if isinstance(subject, Fiche) else "sector"
    return f"""{alert}<form method="post" action="/rappel">
<p>Un informateur vous rappelle dans les {offer.promise_min} minutes.</p>
<div{' class="wrong"' if at_field else ""}>
<label for="phone">Numéro de téléphone (obligatoire)
<span class="hint">{as_html(page_words.EXAMPLE)}</span></label>
<input id="phone" name="phone" type="tel" inputmode="tel" autocomplete="tel" required\
{typed}{described}>
{wrong}</div>
<input type="hidden" name="{field}" value="{escape(subject.id)}">
<input type="hidden" name="key" value="{escape(key)}">
<button>Demander un rappel</button>
<p class="hint">{page_words.PRIVACY}</p>
</form>"""


def _refused(offer: Offer) -> str:
    opening = offer.next_opening
    next_one = f"Le service ouvre {opening}." if opening and opening not in offer.reason else ""
    kind = "info" if offer.code == "closed" else "warning"
    return _alert(kind, _refusal_title(offer), offer.reason, next_one)


def _refusal_title(offer: Offer) -> str:
    return REFUSALS.get(offer.code, REFUSALS["unavailable"])


def _follow(progress: Progress) -> str:
    cancel, whatfor = "", "suivre"
    if progress.state in _CANCELLABLE:
        cancel = '<button name="do" value="cancel" class="second">Annuler ma demande</button>'
        whatfor = "suivre ou annuler"
    return f"""<form method="post" action="/rappel/suivi">
<input type="hidden" name="ticket" value="{escape(progress.ticket)}">
<button>Actualiser</button>{cancel}
<p class="hint">Gardez cette page ouverte pour {whatfor} votre demande. {page_words.PRIVACY}</p>
</form>"""


def _anew(subject: Subject | None) -> str:
    field = "fiche" if isinstance(subject, Fiche) else "sector"
    query = f"?{field}={escape(subject.id)}" if subject else ""
    return f'<p><a href="/rappel{query}">Faire une nouvelle demande</a></p>'


def _alert(kind: str, title: str, *texts: str) -> str:
    said = "".join(f"<p>{as_html(text)}</p>" for text in texts if text)
    return f'<div class="alert {kind}"><p><strong>{as_html(title)}</strong></p>{said}</div>\n'


def _fiche(
    plan: Plan,
    subject: Subject | None,
    block: str,
    *,
    title: str = "",
    code: str | None = None,
    script: bool = False,
) -> str:
    heading = page_words.HEADING
    if subject is not None:
        heading = subject.title if isinstance(subject, Fiche) else subject.name
    number = escape(plan.number)
    access = (
        f'<div class="access">\n<h3>Votre code d’accès</h3>\n'
        f"<p>{as_html(f'Composez le {number}, puis ce code :')}<br>"
        f'<span class="code">{escape(code)}</span></p>\n</div>'
        if code
        else ""
    )
    return _document(
        plan,
        f"{title} – {heading}" if title else heading,
        f"""<h1>{as_html(heading)}</h1>
<p>{as_html(page_words.INTRODUCTION)}</p>
<section class="block" aria-labelledby="where">
<h2 id="where">{as_html("Où s’informer ?")}</h2>
<p><strong>{as_html(plan.name)} {number}</strong>{as_html(" : " + page_words.GENERAL)}</p>
{block}
{access}
<h3>Horaires</h3>
<dl>{week(plan.hours.week)}</dl>
{"" if script else paragraph(plan)}
</section>""",
        script='<script src="/widget.js" defer></script>\n' if script else "",
    )


def _document(plan: Plan, title: str, main: str, script: str = "") -> str:
    return f"""<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{as_html(title)} – {as_html(plan.name)}</title>
<style>{STYLE}</style>
{script}</head>
<body>
<a class="skip" href="#content">Aller au contenu</a>
<header>{as_html(plan.name)} {escape(plan.number)}</header>
<main id="content">
{main}
</main>
<footer>
<h2>Données personnelles</h2>
<p>{as_html(page_words.NOTICE)}</p>
</footer>
</body>
</html>
"""
