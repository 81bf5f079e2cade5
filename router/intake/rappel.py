"""The page `/rappel`: a fiche with the callback widget, and the same without scripts.

Every function returns a whole HTML page. What the widget does with JSON, the plain form does
with two addresses: `POST /rappel` (`phone`, `key`, `fiche` or `sector`) asks for a callback,
`POST /rappel/suivi` (`ticket`, and `do=cancel` or not) follows it. Both answer with a page, so
no ticket is ever in an address. A number is written into one page only: the answer that
refuses it, in its field, to be mended.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from router.core.hours import clock_text
from router.core.plan import Fiche, Plan, Sector
from router.web.relay import paragraph, relay
from router.web.replies import dialled, typeset
from router.web.words import REFUSALS, week

#: What the callback is about.
Subject = Fiche | Sector

_STYLE = """
:root { color-scheme: light dark; --accent: #0b4f9e; --on: #fff; --line: #6b6b6b;
        --soft: #555; --bad: #b81c00; --good: #18653a; --warn: #8a5200; --block: #f3f5f9; }
@media (prefers-color-scheme: dark) {
  :root { --accent: #9cc4ff; --on: #0b1b30; --line: #9a9a9a; --soft: #bdbdbd; --bad: #ff9a8a;
          --good: #7fd6a0; --warn: #f2b866; --block: #1d222b; }
}
body { margin: 0; background: Canvas; color: CanvasText;
       font: 1.0625rem/1.6 system-ui, sans-serif; }
header, main, footer { max-width: 48rem; margin: 0 auto; padding: 1rem; }
header { border-bottom: 1px solid var(--line); font-weight: 700; }
footer { border-top: 1px solid var(--line); margin-top: 2rem; font-size: .875rem; }
h1 { margin: 1rem 0; font-size: 1.875rem; line-height: 1.25; }
h2 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.3; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1.125rem; }
a { color: var(--accent); }
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
.block { padding: 1rem; border-radius: .5rem; background: var(--block); margin-top: 2rem; }
.block rappel-3939, .block form { display: block; margin-top: 1rem; }
.hint { display: block; color: var(--soft); font-size: .875rem; font-weight: 400; }
label { display: block; font-weight: 600; }
input { box-sizing: border-box; width: 100%; max-width: 20rem; min-height: 2.75rem;
        margin: .25rem 0; padding: .5rem .75rem; border: 1px solid var(--line);
        border-radius: .25rem; font: inherit; }
button { min-height: 2.75rem; padding: .5rem 1rem; margin: .5rem .5rem .5rem 0;
         border: 1px solid var(--accent); border-radius: .25rem; background: var(--accent);
         color: var(--on); font: inherit; font-weight: 600; cursor: pointer; }
button.second { background: transparent; color: var(--accent); }
.wrong { margin-bottom: .75rem; padding-left: .75rem; border-left: .25rem solid var(--bad); }
.wrong p { margin: .25rem 0 0; color: var(--bad); font-weight: 600; }
.alert { margin: 1rem 0; padding: .25rem 0 .25rem .75rem; border-left: .25rem solid var(--accent); }
.alert p { margin: 0; }
.alert.success { border-color: var(--good); } .alert.warning { border-color: var(--warn); }
.alert.error { border-color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .125rem 1rem; margin: 0; }
dd { margin: 0; }
/* A request under way has a code of its own. */
rappel-3939[live] ~ .access { display: none; }
.code { font-size: 1.375rem; font-weight: 700; font-variant-numeric: tabular-nums;
        white-space: nowrap; }
:focus-visible { outline: .1875rem solid var(--accent); outline-offset: .1875rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: Our script and our style sheet, requests and forms to us only. The widget's own style is a
#: constructed sheet, which no policy forbids.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; "
    f"style-src 'sha256-{_STYLE_HASH}'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: What every page here is sent with. Not "no-referrer": the form's origin would be "null".
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

AGAIN = "Aux heures d’ouverture, vous pouvez faire une nouvelle demande ou composer le {number}."
_MISSED = "Nous avons essayé de vous joindre, sans succès ; nous réessaierons avant cette heure."
_CALL_IN = (
    "Si vous appelez vous-même le {number} entre-temps, tapez ce code : votre demande de rappel "
    "sera annulée."
)

#: state -> kind of alert, title, text (`dialled`); the widget's own table, word for word.
STATES: Mapping[str, tuple[str, str, str]] = {
    "accepted": (
        "success",
        "Votre demande est enregistrée",
        "Gardez votre téléphone près de vous. Après avoir décroché, appuyez sur la touche\u00a01.",
    ),
    "dialling": (
        "info",
        "Nous vous appelons",
        "Décrochez, puis appuyez sur la touche\u00a01 de votre téléphone.",
    ),
    "talking": (
        "info",
        "Vous êtes en communication",
        "Votre numéro sera effacé à la fin de l’appel.",
    ),
    "done": ("success", "Le rappel est terminé", "Votre numéro est effacé."),
    "failed": (
        "warning",
        "Le rappel n’a pas abouti",
        f"Nous n’avons pas réussi à vous joindre ; votre numéro est effacé. {AGAIN}",
    ),
    "cancelled": ("info", "Votre demande est annulée", "Votre numéro est effacé."),
    "expired": (
        "error",
        "Le rappel n’a pas pu avoir lieu à temps",
        f"Veuillez nous en excuser. Votre numéro est effacé. {AGAIN}",
    ),
    "lost_reboot": (
        "error",
        "Votre demande est perdue",
        f"Un incident technique a effacé votre numéro. {AGAIN}",
    ),
    "unknown": (
        "warning",
        "Votre demande n’est plus suivie",
        f"Aucun numéro n’est conservé. {AGAIN}",
    ),
}
_LIVE = frozenset({"accepted", "dialling", "talking"})
_CANCELLABLE = frozenset({"accepted", "dialling"})

#: Why an address or a form names nothing that one can be called back about -> title, text.
UNKNOWN: Mapping[str, tuple[str, str]] = {
    "unknown_fiche": (
        "Fiche introuvable",
        "Cette fiche n’est pas connue du service. Elle a peut-être été déplacée ou retirée.",
    ),
    "unknown_sector": ("Domaine introuvable", "Ce domaine n’est pas connu du service."),
    "missing_field": ("Domaine à préciser", "Votre demande ne dit pas sur quoi elle porte."),
    "ambiguous": (
        "Domaine à préciser",
        "L’adresse de cette page désigne à la fois une fiche et un domaine.",
    ),
}

_HEADING = "Se faire rappeler par un informateur"
_EXAMPLE = "Exemple : 06\u00a039\u00a098\u00a012\u00a034"
_PRIVACY = (
    "Votre numéro ne sert qu’à ce rappel. Il reste en mémoire, sans être enregistré, est effacé "
    "dès que le rappel est terminé et n’est communiqué à personne, pas même à l’informateur."
)
_NO_SCRIPT = (
    "Sans JavaScript, le suivi ne se met pas à jour de lui-même : utilisez le bouton "
    "« Actualiser » de la page suivante."
)
_INTRODUCTION = (
    "Une question sur vos droits ou vos démarches ? Un informateur spécialisé vous répond par "
    "téléphone."
)
_GENERAL = (
    "service d’information généraliste, sans accès aux dossiers personnels. Les appels sont "
    "anonymes."
)
_NOTICE = (
    "Objet : vous rappeler. Donnée : le numéro que vous indiquez, rien d’autre. Base : mission "
    "d’intérêt public. Destinataires : aucun ; l’opérateur téléphonique achemine l’appel. "
    "Durée : jusqu’à la fin du rappel, en mémoire seulement. Vous pouvez annuler votre demande, "
    "ce qui efface aussitôt le numéro."
)


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether a callback can be asked for now; if not, `code` and `reason` say why."""

    accepted: bool
    code: str = "unavailable"
    reason: str = ""
    #: In words, "demain, mardi 24 novembre, à 8 h 30"; None while open.
    next_opening: str | None = None
    promise_min: int = 45
    #: Whether who dials now is answered.
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a request. `typed` is given back in the field "phone" only."""

    field: str | None
    message: str
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a ticket stands; `due_at` is UTC epoch seconds."""

    ticket: str
    state: str
    due_at: float
    message: str = ""
    #: Why an attempt did not succeed.
    reason: str | None = None
    #: In pairs; who calls in with it need not be called back.
    code: str = ""


def page(plan: Plan, subject: Subject, offer: Offer, key: str, *, code: str | None = None) -> str:
    """Return the fiche with the widget, in which the plain form stands until it comes.

    `key` is a new idempotency key, `code` the access code of the fiche, in pairs: shown while
    calls are answered, and no request has a code of its own.
    """
    field = "fiche" if isinstance(subject, Fiche) else "sector"
    inside = _plain(_refused(offer))
    if offer.accepted:
        form = _plain(_form(subject, offer, key))
        inside = f"{form}\n<noscript><p>{_text(_NO_SCRIPT)}</p></noscript>"
    block = f"""<rappel-3939 {field}="{escape(subject.id)}">
{inside}
{_relay_slot(plan)}</rappel-3939>"""
    code = code if offer.answered else None
    return _fiche(plan, subject, block, code=code, script=True)


def refusal(plan: Plan, subject: Subject, offer: Offer, key: str, fault: Fault) -> str:
    """Return the answer to a form that was refused: the form again, its fault at its field.

    Without the widget, which would take the form's place and its error with it.
    """
    if not offer.accepted:
        return _fiche(plan, subject, _plain(_refused(offer)), title=_refusal_title(offer))
    form = _plain(_form(subject, offer, key, fault))
    return _fiche(plan, subject, form, title="Erreur")


def result(plan: Plan, subject: Subject | None, progress: Progress) -> str:
    """Return where the ticket stands, with what can be done: refresh, cancel, ask anew.

    `subject` leads back to the fiche; None where it is no longer known.
    """
    kind, title, text = STATES.get(progress.state, STATES["unknown"])
    live = progress.state in _LIVE
    said = [text if live else progress.message or text]
    if progress.state == "accepted":
        due = plan.hours.local(progress.due_at)
        city = plan.hours.zone.rpartition("/")[2].replace("_", " ")
        promise = f"Un informateur vous rappelle au plus tard à {clock_text(due.time())}"
        said = [f"{promise} (heure de {city}).", *([_MISSED] if progress.reason else []), *said]
    actions = _follow(progress) if live else _anew(subject)
    if progress.state == "accepted" and progress.code:
        code = f'<span class="code">{escape(progress.code)}</span>'
        actions += f"\n<p>{_text(dialled(_CALL_IN, plan))}<br>{code}</p>"
    told = _alert(kind, title, *(dialled(one, plan) for one in said))
    return _fiche(plan, subject, _plain(told + actions), title=title)


def choice(plan: Plan, offer: Offer, unknown: str | None = None) -> str:
    """Return the page for an address that names no fiche: the domains, to choose from.

    `offer` is that of the whole service; `unknown` is why what the address names will not do,
    of `UNKNOWN`.
    """
    links = "".join(
        f'<li><a href="/rappel?sector={escape(sector.id)}">{_text(sector.name)}</a></li>'
        for sector in plan.domains.values()
    )
    title, alert = "", ""
    if unknown is not None:
        title, text = UNKNOWN[unknown]
        alert = _alert("warning", title, text)
    choose = f"<p>Choisissez le domaine de votre question.</p>\n<ul>{links}</ul>"
    return _document(
        plan,
        f"{title} – {_HEADING}" if title else _HEADING,
        f"<h1>{_HEADING}</h1>\n{alert}{choose if offer.accepted else _refused(offer)}\n"
        f"<h2>Horaires</h2>\n<dl>{week(plan.hours.week)}</dl>\n{paragraph(plan)}",
    )


def _relay_slot(plan: Plan) -> str:
    return f'<span slot="relay">{relay(plan)}</span>\n' if plan.relay else ""


def _plain(block: str) -> str:
    """What the widget shows, without it: under the same heading."""
    return f"<h3>{_HEADING}</h3>\n{block}"


def _form(subject: Subject, offer: Offer, key: str, fault: Fault | None = None) -> str:
    at_field = fault if fault and fault.field == "phone" else None
    wrong = f'<p id="phone-error">{_text(at_field.message)}</p>' if at_field else ""
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
<span class="hint">{_text(_EXAMPLE)}</span></label>
<input id="phone" name="phone" type="tel" inputmode="tel" autocomplete="tel" required\
{typed}{described}>
{wrong}</div>
<input type="hidden" name="{field}" value="{escape(subject.id)}">
<input type="hidden" name="key" value="{escape(key)}">
<button>Demander un rappel</button>
<p class="hint">{_PRIVACY}</p>
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
<p class="hint">Gardez cette page ouverte pour {whatfor} votre demande. {_PRIVACY}</p>
</form>"""


def _anew(subject: Subject | None) -> str:
    field = "fiche" if isinstance(subject, Fiche) else "sector"
    query = f"?{field}={escape(subject.id)}" if subject else ""
    return f'<p><a href="/rappel{query}">Faire une nouvelle demande</a></p>'


def _alert(kind: str, title: str, *texts: str) -> str:
    said = "".join(f"<p>{_text(text)}</p>" for text in texts if text)
    return f'<div class="alert {kind}"><p><strong>{_text(title)}</strong></p>{said}</div>\n'


def _fiche(
    plan: Plan,
    subject: Subject | None,
    block: str,
    *,
    title: str = "",
    code: str | None = None,
    script: bool = False,
) -> str:
    heading = _HEADING
    if subject is not None:
        heading = subject.title if isinstance(subject, Fiche) else subject.name
    number = escape(plan.number)
    access = (
        f'<div class="access">\n<h3>Votre code d’accès</h3>\n'
        f"<p>{_text(f'Composez le {number}, puis ce code :')}<br>"
        f'<span class="code">{escape(code)}</span></p>\n</div>'
        if code
        else ""
    )
    return _document(
        plan,
        f"{title} – {heading}" if title else heading,
        f"""<h1>{_text(heading)}</h1>
<p>{_text(_INTRODUCTION)}</p>
<section class="block" aria-labelledby="where">
<h2 id="where">{_text("Où s’informer ?")}</h2>
<p><strong>{_text(plan.name)} {number}</strong>{_text(" : " + _GENERAL)}</p>
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
<title>{_text(title)} – {_text(plan.name)}</title>
<style>{_STYLE}</style>
{script}</head>
<body>
<a class="skip" href="#content">Aller au contenu</a>
<header>{_text(plan.name)} {escape(plan.number)}</header>
<main id="content">
{main}
</main>
<footer>
<h2>Données personnelles</h2>
<p>{_text(_NOTICE)}</p>
</footer>
</body>
</html>
"""


def _text(sentence: str) -> str:
    return escape(typeset(sentence), quote=False)
