"""What HTTP answers: the engine's replies and every refusal, in French.

Errors are `{"error": {"code", "field", "message"}}`. No cache ever keeps an answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from router.core.requests import Reply
from router.errors import RouterError
from router.web.sentences import typeset

_NEVER_CACHED = {"Cache-Control": "no-store"}
#: RFC 6750, section 3: for a client without a valid token, or with one for something else.
_CHALLENGE = 'Bearer realm="allo"'


class Refused(RouterError):
    """A request is refused with HTTP `status`.

    `field` is the one to correct, None for the request as a whole; `message` is in French; `more`
    goes into the error as it is. `retry_s` says after how many seconds trying again may help, where
    that is known.
    """

    retry_s: int | None = None

    def __init__(
        self, status: int, code: str, field: str | None, message: str, **more: str
    ) -> None:
        super().__init__(status, code, field, message)
        self.more = more
        self.status = status
        self.code = code
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return f"{self.status} {self.code}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply in HTTP."""

    status: int
    #: A sentence in French.
    message: str
    #: The field of the request that it is about; None: none.
    field: str | None = None


_R = Reply

#: 409: the state forbids it now; 422: what was asked for does not exist.
ANSWERS: dict[Reply, Answer] = {
    _R.LOGGED_IN: Answer(200, "La session est ouverte."),
    _R.LOGGED_OUT: Answer(200, "La session est fermée."),
    _R.PAUSED: Answer(200, "La pause commence ; aucun appel n’est présenté."),
    _R.READY: Answer(200, "Les appels peuvent être présentés."),
    _R.READY_AFTER_MISSES: Answer(
        200,
        "Les appels peuvent de nouveau être présentés. "
        "La pause faisait suite à plusieurs appels sans réponse.",
    ),
    _R.NOTING: Answer(200, "Le temps prévu pour noter l’appel est prolongé."),
    _R.NOTED: Answer(200, "La note est enregistrée."),
    _R.HELD: Answer(200, "La personne est en attente et entend de la musique."),
    _R.RETRIEVED: Answer(200, "La conversation reprend."),
    _R.TRANSFERRED: Answer(200, "L’appel est transmis, en tête de la file du domaine."),
    _R.CONSULTING: Answer(200, "Un poste du domaine est appelé ; la personne est en attente."),
    _R.CANCELLED: Answer(200, "La conversation avec la personne reprend."),
    _R.REFERRED: Answer(200, "La personne est orientée."),
    _R.ENDED: Answer(200, "L’appel est terminé."),
    _R.WATCHING: Answer(200, "Le poste indiqué va sonner."),
    _R.DIRECTED: Answer(200, "C’est fait, jusqu’à la fin de la journée."),
    _R.UNKNOWN_AGENT: Answer(422, "Cet informateur n’est pas dans le plan du service."),
    _R.NOT_EARLIER: Answer(409, "À cette heure, le service est déjà fermé.", "at"),
    _R.NOTHING_TO_UNDO: Answer(409, "Il n’y a rien à annuler."),
    _R.AFTER_CALL: Answer(200, "C’est noté ; ce sera fait à la fin de l’appel."),
    _R.NOT_LOGGED_IN: Answer(409, "Aucune session n’est ouverte."),
    _R.ALREADY_LOGGED_IN: Answer(409, "La session est déjà ouverte à ce poste."),
    _R.LOGGED_IN_ELSEWHERE: Answer(
        409, "La session est déjà ouverte à un autre poste. Il faut d’abord l’y fermer."
    ),
    _R.WRONG_PIN: Answer(403, "L’identifiant ou le code secret est inexact."),
    _R.LOCKED: Answer(
        423, "L’ouverture de session est bloquée quelques minutes après plusieurs codes inexacts."
    ),
    _R.PHONE_TAKEN: Answer(409, "Une autre session est ouverte à ce poste.", "phone"),
    _R.PHONE_UNKNOWN: Answer(422, "Ce poste n’est pas connu du service.", "phone"),
    _R.PHONE_ABSENT: Answer(409, "Ce poste n’est pas raccordé au service.", "phone"),
    _R.UNKNOWN_CODE: Answer(422, "Ce code n’existe pas."),
    _R.UNKNOWN_REASON: Answer(422, "Ce motif de pause n’est pas prévu par le service.", "reason"),
    _R.UNKNOWN_SECTOR: Answer(422, "Ce domaine n’est pas connu du service.", "sector"),
    _R.UNKNOWN_ENTRY: Answer(422, "Cet organisme n’est pas dans l’annuaire du service.", "entry"),
    _R.UNKNOWN_SUBJECT: Answer(
        422, "Ce sujet n’est ni une fiche ni un domaine du service.", "subject"
    ),
    _R.SAME_SECTOR: Answer(409, "L’appel est déjà dans ce domaine.", "sector"),
    _R.SECTOR_CLOSED: Answer(409, "Aucun informateur de ce domaine n’est présent.", "sector"),
    _R.NOBODY_FREE: Answer(409, "Aucun informateur de ce domaine n’est disponible.", "sector"),
    _R.NO_NUMBER: Answer(422, "Cet organisme n’a pas de numéro dans l’annuaire.", "entry"),
    _R.NOTHING_TO_NOTE: Answer(
        409, "Il n’y a pas d’appel à noter, ou le temps prévu pour le noter est écoulé."
    ),
    _R.NOT_IN_CALL: Answer(409, "Il n’y a pas d’appel en cours."),
    _R.NOT_NOW: Answer(409, "L’état de l’appel ne le permet pas."),
    _R.BUSY: Answer(
        409, "Une supervision de cet appel est déjà en cours, ou le poste indiqué est occupé."
    ),
}


def refused(reply: Reply, field: str | None = None, more: str = "") -> Refused:
    """Return `reply` as a refusal; `field` says where, and `more`, a sentence, what to do."""
    answer = ANSWERS[reply]
    message = f"{answer.message} {more}".strip()
    return Refused(answer.status, reply.replace("-", "_"), field or answer.field, message)


def granted(reply: Reply, desk: Mapping[str, Any] | None) -> web.Response:
    """Return the answer to what was granted, with the desk as it is now."""
    answer = ANSWERS[reply]
    return json_answer({"reply": reply.value, "message": typeset(answer.message), "desk": desk})


def directed(reply: Reply) -> web.Response:
    """Return the answer to what a supervisor directed of the whole service."""
    return json_answer({"reply": reply.value, "message": typeset(ANSWERS[reply].message)})


def json_answer(content: Mapping[str, Any]) -> web.Response:
    """Return `content` as JSON that no cache keeps."""
    return web.json_response(content, headers=_NEVER_CACHED)


def refusal(status: int, code: str, field: str | None, message: str, **more: str) -> web.Response:
    """Return an error as every client gets it; `message` is in French."""
    error: dict[str, Any] = {"code": code, "field": field, "message": typeset(message), **more}
    answer = web.json_response({"error": error}, status=status, headers=_NEVER_CACHED)
    if status == 401:
        answer.headers["WWW-Authenticate"] = _CHALLENGE
    elif "scope" in more:
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{more["scope"]}"'
        answer.headers["WWW-Authenticate"] = challenge
    return answer


def http_refusal(error: web.HTTPException) -> web.Response:
    """Return what aiohttp refuses of its own accord in the words of every other refusal."""
    if isinstance(error, web.HTTPNotFound):
        return refusal(404, "not_found", None, "Cette adresse n’existe pas.")
    if isinstance(error, web.HTTPMethodNotAllowed):
        answer = refusal(405, "method_not_allowed", None, "Cette méthode n’est pas permise ici.")
        answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer
    return refusal(error.status, "refused", None, "Cette demande n’est pas recevable.")


@web.middleware
async def errors_in_french(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer whatever is refused in the words of every other refusal."""
    try:
        return await handler(request)
    except Refused as error:
        return refusal(error.status, error.code, error.field, error.message, **error.more)
    except web.HTTPRequestEntityTooLarge:
        return refusal(413, "too_large", None, "Le contenu dépasse 16 kilo-octets.")
    except web.HTTPException as error:
        return http_refusal(error)
