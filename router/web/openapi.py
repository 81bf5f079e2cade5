"""The description of what the router serves, OpenAPI 3.1: paths and schemas, made from the tables
of addresses, actions and replies. The intake serves it with its own (router/intake/openapi.py).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from router.access import Scope
from router.core.call.life import CallState
from router.core.desk.agents import AgentState
from router.core.events import Absence
from router.core.facts import Door
from router.core.requests import GRANTED, Reply, Result, Watching
from router.report.definition import Unit
from router.web.addresses import ADDRESSES, Others
from router.web.bodies import ACTIONS, Field
from router.web.directives import OF_AGENT, OF_ALL
from router.web.replies import ANSWERS
from router.web.sessions import NUMBER_AND_PIN
from router.web.softphone.handlers import ACCOUNT, FIELDS
from router.web.wallboard.board import Doing

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TRUTH: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
#: UTC epoch seconds.
_SECOND: Schema = {"type": "integer", "minimum": 0}
_INSTANT: Schema = {"type": "string", "format": "date-time"}

#: What each status means wherever it is not said better.
MEANINGS = {
    200: "Voici.",
    400: "Le contenu n’est pas lisible.",
    401: "Jeton absent, inconnu ou périmé.",
    403: "Jeton d’une autre portée : « scope » nomme celle qu’il faut.",
    404: "Inconnu du service.",
    409: "L’état du poste ou de l’appel ne le permet pas maintenant.",
    413: "Contenu trop long.",
    415: "Contenu d’un autre type que application/json.",
    422: "Un champ est à corriger.",
    423: "Bloqué quelques minutes après plusieurs codes inexacts.",
    503: "Impossible pour le moment.",
}


def ref(name: str) -> Schema:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(text: str, schema: Schema, kind: str = "application/json") -> dict[str, Any]:
    """Return an answer with that content."""
    return {"description": text, "content": {kind: {"schema": schema}}}


def errors(statuses: Iterable[int]) -> dict[str, Any]:
    """Return answers that carry an error."""
    return {str(status): answer(MEANINGS[status], ref("Error")) for status in sorted(statuses)}


def _or_null(schema: Schema) -> Schema:
    return {"oneOf": [schema, {"type": "null"}]}


def _object(**fields: Schema) -> Schema:
    """Return an object that has all of these, and nothing else."""
    return {
        "type": "object",
        "required": list(fields),
        "properties": fields,
        "additionalProperties": False,
    }


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _words(words: Iterable[str]) -> Schema:
    return {"type": "string", "enum": [str(word) for word in words]}


def _some(needed: dict[str, Schema], **others: Schema) -> Schema:
    """Return an object that has the `needed` members, perhaps some of the others, and no more."""
    properties = {**needed, **others}
    return {**_object(**properties), "required": list(needed)}


def _each(schema: Schema) -> Schema:
    """Return an object whose members, by ids, are all of one kind."""
    return {"type": "object", "additionalProperties": schema}


_NAMED = _object(id=_TEXT, name=_TEXT)
#: Of when the wallboard's figures are, UTC epoch seconds.
_AS_OF = _some({"day": _NUMBER}, engine=_NUMBER, compared=_NUMBER)
_FICHE = _object(id=_TEXT, title=_TEXT, url=_or_null({"type": "string", "format": "uri"}))
SCHEMAS: dict[str, Schema] = {
    "Health": _object(status={"const": "ok"}),
    "Readiness": {
        "type": "object",
        "required": ["ready", "parts"],
        "properties": {
            "ready": _TRUTH,
            "reason": _TEXT,
            "missing": _list(_TEXT),
            "parts": {"type": "object", "additionalProperties": _object(ok=_TRUTH, why=_TEXT)},
            "troubles": {"type": "object", "additionalProperties": _TEXT},
        },
        "additionalProperties": False,
    },
    "Service": _object(
        name=_TEXT,
        open=_TRUTH,
        next_change=_or_null(_INSTANT),
        next_opening=_or_null(_TEXT),
        sectors=_list(
            _object(
                id=_TEXT,
                name=_TEXT,
                waiting=_COUNT,
                informateurs=_COUNT,
                wait_min=_or_null({**_list(_COUNT), "minItems": 2, "maxItems": 2}),
                callback=_TRUTH,
            )
        ),
        callbacks=_object(
            accepted=_TRUTH,
            code=_or_null(_TEXT),
            reason=_or_null(_TEXT),
            next_opening_at=_or_null(_INSTANT),
            promise_min=_COUNT,
        ),
        relay=_or_null(_object(name=_TEXT, url={"type": "string", "format": "uri"})),
    ),
    "AccessCode": _object(fiche=_TEXT, code=_TEXT, spaced=_TEXT, sector=_TEXT),
    "Desk": _object(
        agent=_TEXT,
        state=_words(AgentState),
        since=_or_null(_INSTANT),
        since_s=_or_null(_COUNT),
        until=_or_null(_INSTANT),
        until_s=_or_null(_COUNT),
        phone=_or_null(_TEXT),
        present=_TRUTH,
        absence=_or_null(_object(id=_words(Absence), name=_TEXT)),
        reason=_or_null(_NAMED),
        misses=_COUNT,
        call=_or_null(ref("Call")),
        watched_by=_or_null(_TEXT),
        why=_or_null(_TEXT),
        after_call=_or_null(_object(do=_words(("log-out", "pause")), reason=_or_null(_NAMED))),
        noting=_or_null(_object(sector=_NAMED, fiche=_or_null(_FICHE), until_s=_COUNT)),
        directed_by=_or_null(_TEXT),
        message=_or_null(_object(text=_TEXT, by=_TEXT, at=_INSTANT)),
    ),
    "Call": _object(
        state=_words(CallState),
        sector=_NAMED,
        door=_words(Door),
        fiche=_or_null(_FICHE),
        waited_s=_COUNT,
        talked_s=_or_null(_COUNT),
        held_s=_or_null(_COUNT),
        attempts=_COUNT,
        passed_on=_TRUTH,
        consulted=_TRUTH,
        aside=_or_null(_object(sector=_or_null(_NAMED), entry=_or_null(_NAMED), joined=_TRUTH)),
    ),
    "Session": _object(agent=_TEXT, token=_TEXT, until_s=_COUNT),
    "Closed": _object(closed={"const": True}),
    "Calls": _object(
        calls=_list(
            _object(
                ended=_INSTANT,
                talked_s=_COUNT,
                sector=_NAMED,
                fiche=_or_null(_FICHE),
                door=_words(Door),
                result=_or_null(_object(id=_words(Result), name=_TEXT)),
            )
        )
    ),
    "Choices": _object(
        reasons=_list(_object(id=_TEXT, name=_TEXT, key=_TEXT, longest_s=_COUNT)),
        sectors=_list(_object(id=_TEXT, name=_TEXT, code=_TEXT)),
        directory=_list(_object(id=_TEXT, name=_TEXT, number=_or_null(_TEXT), code=_TEXT)),
        results=_list(_object(id=_words(Result), name=_TEXT)),
        fiches=_list(_object(id=_TEXT, title=_TEXT, sector=_TEXT)),
    ),
    "Own": _object(desk=ref("Desk"), choices=ref("Choices")),
    "Granted": _object(
        reply=_words(one for one in Reply if one in GRANTED), message=_TEXT, desk=ref("Desk")
    ),
    "Wallboard": _object(
        now=_NUMBER,
        as_of=_AS_OF,
        opens=_list(_words(Scope)),
        board=ref("Board"),
    ),
    "Board": _object(
        service=_some(
            {"name": _TEXT, "number": _TEXT, "zone": _TEXT, "open": _TRUTH},
            closes_at=_SECOND,
            opens_at=_SECOND,
            draining={"const": True},
            closed_early={"const": True},
            message=_object(text=_TEXT, by=_TEXT, at=_SECOND),
        ),
        telephony=_object(connected=_TRUTH),
        day=_object(since_at=_SECOND),
        definitions=_each(ref("FigureDefinition")),
        figures=_each(ref("BoardFigure")),
        sectors=_each(_object(place=_COUNT, name=_TEXT, figures=_each(ref("BoardFigure")))),
        informateurs=_each(ref("Tile")),
    ),
    "FigureDefinition": _some(
        {
            **dict.fromkeys(("name", "short", "sentence"), _TEXT),
            "unit": _words(Unit),
            "source": _words(("engine", "day")),
        },
        at_least=_NUMBER,
        at_most=_NUMBER,
    ),
    "BoardFigure": _some(
        {},
        value=_NUMBER,
        part=_COUNT,
        of=_COUNT,
        since_at=_SECOND,
        low=_COUNT,
        high=_COUNT,
    ),
    "Tile": _some(
        {"place": _COUNT, "doing": _words(Doing)},
        since_at=_SECOND,
        limit_s=_COUNT,
        reason=_NAMED,
        absence=_NAMED,
        sector=_TEXT,
        watched_by=_TEXT,
        directed_by=_TEXT,
        skills=_each({"type": "integer", "minimum": 1}),
        moved={"const": True},
    ),
    "Directed": _object(reply=_words(one for one in Reply if one in GRANTED), message=_TEXT),
    "Softphone": _object(
        phone=_TEXT,
        uri=_TEXT,
        password=_TEXT,
        path=_TEXT,
        protocols=_list(_TEXT),
        silent_s=_NUMBER,
    ),
    "Everyone": _object(
        agents=_list(ref("Desk")),
        choices=_object(
            reasons=_list(_NAMED), sectors=_list(_TEXT), levels=_COUNT, phones=_list(_TEXT)
        ),
    ),
    "Why": _object(agent=_TEXT, why=_or_null(_TEXT)),
}

#: What each action at a desk is, for people.
_ACTS = {
    "log-in": "Ouvrir sa session",
    "log-out": "Fermer sa session",
    "pause": "Faire une pause",
    "ready": "Reprendre les appels",
    "hold": "Mettre la personne en attente",
    "retrieve": "Reprendre la conversation",
    "transfer": "Transférer l’appel à un autre domaine",
    "consult": "Consulter un poste d’un autre domaine",
    "complete": "Transmettre l’appel au poste consulté",
    "cancel": "Renoncer à la consultation",
    "refer": "Orienter vers un autre organisme",
    "end": "Terminer l’appel",
    "noting": "Prendre le temps de noter l’appel",
    "note": "Noter l’appel",
}
_FILE = "/static/{folder}/{file}"
_WALLBOARD = "/v1/wallboard"
_DESK = "/v1/agents/me"
_SESSION = "/v1/agents/session"
_OWN_SESSION = f"{_DESK}/session"
_SUPERVISION = "/v1/supervision/agents"
#: What each directive of a supervisor's is, for people.
_DIRECTS = {
    "pause": "Mettre un poste en pause",
    "ready": "Mettre fin à la pause d’un poste",
    "skills": "Confier d’autres domaines à un poste pour la journée",
    "close": "Fermer plus tôt aujourd’hui",
    "reopen": "Rétablir les horaires prévus aujourd’hui",
    "message": "Dire quelque chose à tous les postes, ou ne plus le dire",
}
_TOKEN_ERRORS = (401, 403)
_BODY_ERRORS = (400, 413, 415, 422)
#: Statuses of what the engine refuses; 403 and 423 belong to phones, which type a PIN.
_REFUSED = {ANSWERS[reply].status for reply in Reply if reply not in GRANTED} - {403, 423}


def security_of(path: str) -> list[dict[str, list[str]]]:
    """Return what opens an address: nothing, or a token of a scope."""
    opens = ADDRESSES[path]
    if isinstance(opens, Scope):
        return [{"token": [opens.value]}]
    return [] if opens is Others.EVERYBODY else [{}, {"token": [Scope.READ.value]}]


def operation(name: str, path: str, summary: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return an operation, with what opens it."""
    return {
        "operationId": name,
        "summary": summary,
        "security": security_of(path),
        "responses": dict(answers),
    }


def _get(
    name: str, path: str, summary: str, schema: str, *more: int, kind: str = "application/json"
) -> dict[str, Any]:
    content = ref(schema) if kind == "application/json" else _TEXT
    refusals = {*more, 503}  # while the router behind the intake is away
    if isinstance(ADDRESSES[path], Scope):
        refusals |= set(_TOKEN_ERRORS)
    told = {"200": answer(MEANINGS[200], content, kind), **errors(refusals)}
    return {"get": operation(name, path, summary, told)}


def _post(
    name: str, path: str, summary: str, fields: Iterable[Field], schema: str = "Granted"
) -> dict[str, Any]:
    statuses = {*_TOKEN_ERRORS, *_BODY_ERRORS, *_REFUSED, 404, 503}
    told = {"200": answer("C’est fait.", ref(schema)), **errors(statuses)}
    post = operation(name, path, summary, told)
    body = _body(fields)
    post["requestBody"] = {
        "required": bool(body.get("required")),
        "content": {"application/json": {"schema": body}},
    }
    return {"post": post}


def _session(
    name: str, path: str, summary: str, statuses: Iterable[int], fields: Iterable[Field] = ()
) -> dict[str, Any]:
    told = {"200": answer("La session est ouverte.", ref("Session")), **errors({*statuses, 503})}
    post = operation(name, path, summary, told)
    if fields := tuple(fields):
        content = {"application/json": {"schema": _body(fields)}}
        post["requestBody"] = {"required": True, "content": content}
    return post


def _body(fields: Iterable[Field]) -> Schema:
    known = {"result": _words(Result), "by": _words(("transfer", "spoken"))}
    of_kind = {str: _TEXT, bool: _TRUTH, dict: _each({"type": "integer", "minimum": 1})}
    body: Schema = {
        "type": "object",
        "properties": {
            field.name: _or_null(known.get(field.name, of_kind[field.kind])) for field in fields
        },
        "additionalProperties": False,
    }
    if required := [field.name for field in fields if field.required]:
        body["required"] = required
        for name in required:
            body["properties"][name] = body["properties"][name]["oneOf"][0]
    return body


def _in_path(name: str, schema: Schema = _TEXT) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def paths() -> dict[str, Any]:
    """Return the description of every address that the router serves."""
    code, why = "/v1/access-codes/{fiche}", f"{_SUPERVISION}/{{agent}}/why"
    watch = f"{_SUPERVISION}/{{agent}}/{{watching}}"
    stream = f"{_DESK}/stream"
    board_stream, board_why = f"{_WALLBOARD}/stream", f"{_WALLBOARD}/informateurs/{{agent}}/why"
    ready = _get("getReadiness", "/readyz", "Peut-on appeler ?", "Readiness", 403)
    ready["get"]["responses"]["503"] = answer(
        "Quelque chose manque.", {"oneOf": [ref("Readiness"), ref("Error")]}
    )
    return {
        "/": _get("getPage", "/", "La page du service", "", kind="text/html"),
        "/healthz": _get("getHealth", "/healthz", "Le service vit-il ?", "Health"),
        "/readyz": ready,
        "/metrics": _get(
            "getMetrics", "/metrics", "Les mesures, pour Prometheus", "", 403, kind="text/plain"
        ),
        "/poste": _get("getDeskPage", "/poste", "Le poste d’un informateur", "", kind="text/html"),
        _FILE: {
            "parameters": [_in_path("folder"), _in_path("file")],
            **_get("getFile", _FILE, "Un fichier des pages", "", 404, kind="text/*"),
        },
        "/v1/service": _get("getService", "/v1/service", "L’état du service", "Service"),
        code: {
            "parameters": [_in_path("fiche")],
            **_get("getAccessCode", code, "Le code d’accès d’une fiche", "AccessCode", 404),
        },
        "/wallboard": _get(
            "getWallboardPage", "/wallboard", "Le tableau de bord", "", kind="text/html"
        ),
        _WALLBOARD: _get("getWallboard", _WALLBOARD, "L’état du service", "Wallboard"),
        board_stream: _get(
            "followWallboard",
            board_stream,
            "L’état du service, à chaque changement",
            "",
            kind="text/event-stream",
        ),
        board_why: {
            "parameters": [_in_path("agent")],
            **_get("getWhyHere", board_why, "Pourquoi le dernier appel est venu là", "Why", 404),
        },
        _SESSION: {
            "post": _session(
                "openSession",
                _SESSION,
                "Ouvrir une session de la page, avec son numéro et son code secret",
                (*_BODY_ERRORS, 403, 423),
                NUMBER_AND_PIN,
            )
        },
        _OWN_SESSION: {
            "post": _session(
                "renewSession", _OWN_SESSION, "Prolonger sa session", (*_TOKEN_ERRORS, 409)
            ),
            "delete": operation(
                "closeSession",
                _OWN_SESSION,
                "Fermer sa session de la page",
                {
                    "200": answer("La session est fermée.", ref("Closed")),
                    **errors((*_TOKEN_ERRORS, 503)),
                },
            ),
        },
        f"{_DESK}/calls": _get(
            "getCalls", f"{_DESK}/calls", "Ses conversations du jour", "Calls", 404
        ),
        _DESK: _get("getDesk", _DESK, "Son poste, et ce qui peut être choisi", "Own", 404),
        stream: _get(
            "followDesk",
            stream,
            "Son poste, à chaque changement",
            "",
            404,
            kind="text/event-stream",
        ),
        **{
            f"{_DESK}/{name}": _post(
                "act" + name.title().replace("-", ""), f"{_DESK}/{name}", _ACTS[name], action.fields
            )
            for name, action in ACTIONS.items()
        },
        ACCOUNT: _post(
            "openSoftphone",
            ACCOUNT,
            "Le compte du téléphone dans le navigateur, et un ticket pour /sip",
            FIELDS,
            "Softphone",
        ),
        _SUPERVISION: _get("getDesks", _SUPERVISION, "Tous les postes", "Everyone"),
        why: {
            "parameters": [_in_path("agent")],
            **_get("getWhy", why, "Pourquoi le dernier appel est venu à ce poste", "Why", 404),
        },
        watch: {
            "parameters": [_in_path("agent"), _in_path("watching", _words(Watching))],
            **_post(
                "watch",
                watch,
                "Prendre part à l’appel d’un poste",
                (Field("phone", required=True),),
            ),
        },
        **{
            path: {
                "parameters": [_in_path("agent")],
                **_post("direct" + name.title(), path, _DIRECTS[name], one.fields),
            }
            for name, one in OF_AGENT.items()
            for path in (f"{_SUPERVISION}/{{agent}}/{name}",)
        },
        **{
            path: _post("direct" + name.title(), path, _DIRECTS[name], one.fields, "Directed")
            for name, one in OF_ALL.items()
            for path in (f"/v1/supervision/{name}",)
        },
    }
