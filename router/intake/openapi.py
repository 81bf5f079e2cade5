"""The description of every address, in OpenAPI 3.1, served at /v1/openapi.json.

The router's own come from `router/web/openapi.py`.
"""

from typing import Any

from router.access import Scope
from router.core.callback.tickets import Failure
from router.web.openapi import SCHEMAS, answer, errors, operation, paths
from router.web.softphone.handlers import PATH

_ERROR = {"$ref": "#/components/schemas/Error"}
_PROGRESS = {"$ref": "#/components/schemas/Progress"}
_TICKET = {"$ref": "#/components/parameters/ticket"}
_SITE: list[dict[str, list[str]]] = [{}, {"token": [Scope.CALLBACKS.value]}]


def _refusals(**by_status: str) -> dict[str, Any]:
    """Answers that carry an error, by status: `_422="…"`."""
    return {
        status.removeprefix("_"): {
            "description": text,
            "content": {"application/json": {"schema": _ERROR}},
            **({"headers": {"Retry-After": _SECONDS}} if status == "_503" else {}),
        }
        for status, text in by_status.items()
    }


def _json(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


_SECONDS = {"description": "Secondes à attendre.", "schema": {"type": "integer", "minimum": 0}}
_ORIGIN = "Origine absente ou non autorisée."
_UNKNOWN = "Clé d’accès inconnue, ou dont le délai de remplacement est écoulé."
_ORIGIN_OR_KEY = f"{_ORIGIN[:-1]}, ou clé d’un autre usage : « scope » nomme la portée qu’il faut."
_AWAY = "Rien n’est possible pour le moment ; le code dit pourquoi."

_TEXT = {"type": "string"}
_FORM = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {"type": "object", "additionalProperties": _TEXT}
        }
    },
}


def _page(text: str, kind: str = "text/html") -> dict[str, Any]:
    return answer(text, _TEXT, kind)


def _form(name: str, path: str, summary: str) -> dict[str, Any]:
    shown = {str(status): _page("La page dit pourquoi.") for status in (404, 409, 422, 429, 503)}
    told = {
        "200": _page("La page dit où en est la demande."),
        **shown,
        **errors((400, 403, 413, 415)),
    }
    return {**operation(name, path, summary, told), "requestBody": _FORM}


_PAGES: dict[str, Any] = {
    "/rappel": {
        "get": {
            **operation(
                "getForm",
                "/rappel",
                "La page où demander un rappel",
                {"200": _page("La page."), "404": _page("La page, pour choisir un domaine.")},
            ),
            "parameters": [
                {"name": "fiche", "in": "query", "schema": _TEXT},
                {"name": "sector", "in": "query", "schema": _TEXT},
            ],
        },
        "post": _form("sendForm", "/rappel", "Demander un rappel sans script"),
    },
    "/rappel/suivi": {
        "post": _form("followForm", "/rappel/suivi", "Suivre ou annuler une demande sans script")
    },
    "/widget.js": {
        "get": operation(
            "getWidget",
            "/widget.js",
            "Le composant à placer sur une page",
            {
                "200": _page("Le script.", "text/javascript"),
                "304": {"description": "Inchangé."},
            },
        )
    },
    "/v1/openapi.json": {
        "get": operation(
            "getDescription",
            "/v1/openapi.json",
            "Cette description",
            {"200": answer("OpenAPI 3.1.", {"type": "object"})},
        )
    },
}

DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Le service, par HTTP",
        "version": "1",
        "description": (
            "Un jeton (Authorization: Bearer) ouvre ce que sa portée nomme : read, agents, "
            "supervise, callbacks ou admin. Rappel : un numéro de téléphone est laissé, un "
            "informateur rappelle dans le délai promis. "
            "Le numéro n’est gardé qu’en mémoire, jusqu’à la fin du rappel, et n’est jamais "
            "rendu. Depuis un navigateur : une origine autorisée (CORS) et une preuve de "
            "travail (altcha, version 1), sans cookie. Depuis un serveur : une clé, sans l’un "
            "ni l’autre. Chaque refus est un objet « error » dont « message » est en français."
        ),
    },
    "paths": {
        **paths(),
        **_PAGES,
        "/v1/callbacks": {
            "post": {
                "operationId": "askCallback",
                "summary": "Demander un rappel",
                "description": (
                    "La même demande avec la même clé d’idempotence rend le même ticket, le "
                    "même jour. Le ticket seul permet de suivre et d’annuler la demande."
                ),
                "security": _SITE,
                "parameters": [
                    {
                        "name": "Idempotency-Key",
                        "in": "header",
                        "required": True,
                        "description": "Nouvelle pour chaque demande, et impossible à deviner.",
                        "schema": {"type": "string", "minLength": 8, "maxLength": 128},
                    }
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Request"}}
                    },
                },
                "responses": {
                    "202": _json(
                        "La demande est enregistrée.",
                        {
                            "allOf": [
                                _PROGRESS,
                                {
                                    "type": "object",
                                    "required": ["ticket"],
                                    "properties": {"ticket": {"type": "string", "minLength": 22}},
                                },
                            ]
                        },
                    ),
                    **_refusals(
                        _400="Clé d’idempotence absente, ou contenu illisible.",
                        _401=_UNKNOWN,
                        _403=_ORIGIN_OR_KEY,
                        _409="Cette clé d’idempotence a servi pour une autre demande.",
                        _413="Contenu trop long.",
                        _415="Contenu d’un autre type que application/json.",
                        _422="Un champ est à corriger : numéro refusé, fiche inconnue, preuve "
                        "de travail fausse, expirée ou déjà utilisée.",
                        _429="Ce numéro ne peut pas recevoir d’autre rappel pour le moment.",
                        _503=_AWAY,
                    ),
                },
            }
        },
        PATH: {
            "get": {
                "operationId": "connectSoftphone",
                "summary": "Relier le téléphone du navigateur d’un informateur (SIP, RFC 7118)",
                "description": "Un websocket : les sous-protocoles sont ceux que donne "
                "/v1/agents/me/softphone. Le service demande chaque seconde si la page est là "
                "(CRLF CRLF, RFC 5626), et la page répond.",
                "responses": {
                    "101": {"description": "Le websocket est ouvert."},
                    **_refusals(
                        _400="Ce n’est pas un websocket.",
                        _403="Ticket inconnu, utilisé ou périmé ; page d’un autre site.",
                        _503=_AWAY,
                    ),
                },
            }
        },
        "/v1/callbacks/challenge": {
            "get": {
                "operationId": "getChallenge",
                "summary": "Obtenir une preuve de travail à résoudre",
                "parameters": [
                    {"name": "fiche", "in": "query", "schema": {"type": "string"}},
                    {"name": "sector", "in": "query", "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": _json(
                        "À résoudre ; « required » vaut false si rien n’est à résoudre.",
                        {"$ref": "#/components/schemas/Challenge"},
                    ),
                    **_refusals(_403=_ORIGIN, _422="Fiche ou domaine inconnu.", _503=_AWAY),
                },
            }
        },
        "/v1/callbacks/{ticket}": {
            "parameters": [_TICKET],
            "get": {
                "operationId": "followCallback",
                "summary": "Suivre une demande",
                "responses": {
                    "200": _json("Où en est la demande.", _PROGRESS),
                    **_refusals(_403=_ORIGIN, _404="Ticket inconnu.", _503=_AWAY),
                },
            },
            "delete": {
                "operationId": "cancelCallback",
                "summary": "Annuler une demande",
                "security": _SITE,
                "responses": {
                    "200": _json("La demande est annulée, le numéro effacé.", _PROGRESS),
                    **_refusals(
                        _401=_UNKNOWN,
                        _403=_ORIGIN_OR_KEY,
                        _404="Ticket inconnu.",
                        _409="Trop tard : l’appel a lieu ou est terminé.",
                        _503=_AWAY,
                    ),
                },
            },
        },
    },
    "components": {
        "securitySchemes": {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "Un jeton des secrets, avec sa portée.",
            }
        },
        "parameters": {
            "ticket": {
                "name": "ticket",
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
            }
        },
        "schemas": {
            **SCHEMAS,
            "Request": {
                "type": "object",
                "required": ["phone"],
                "additionalProperties": False,
                "oneOf": [{"required": ["fiche"]}, {"required": ["sector"]}],
                "properties": {
                    "phone": {
                        "type": "string",
                        "description": "Numéro de France métropolitaine ou d’outre-mer, fixe ou "
                        "mobile, comme on l’écrit.",
                        "examples": ["06 39 98 12 34"],
                    },
                    "fiche": {"type": "string", "examples": ["F1234"]},
                    "sector": {"type": "string", "examples": ["logement"]},
                    "altcha": {
                        "type": "string",
                        "description": "La preuve de travail : en base64, l’objet JSON "
                        "{algorithm, challenge, number, salt, signature}.",
                    },
                },
            },
            "Progress": {
                "type": "object",
                "required": ["state", "due_at", "now", "message"],
                "properties": {
                    "state": {
                        "enum": [
                            *("accepted", "dialling", "talking", "done", "failed"),
                            *("cancelled", "expired", "lost_reboot"),
                        ]
                    },
                    "due_at": {
                        "type": "string",
                        "format": "date-time",
                        "description": "L’heure promise : celle du rappel, au plus tard.",
                    },
                    "now": {
                        "type": "string",
                        "format": "date-time",
                        "description": "L’heure du service, pour un compte à rebours exact.",
                    },
                    "message": {"type": "string"},
                    "reason": {
                        "description": "Pourquoi le dernier essai n’a pas abouti.",
                        "enum": [one.value.replace(" ", "_") for one in Failure],
                    },
                },
            },
            "Challenge": {
                "type": "object",
                "properties": {
                    "required": {"const": False},
                    "algorithm": {"const": "SHA-256"},
                    "challenge": {"type": "string"},
                    "maxnumber": {"type": "integer"},
                    "salt": {"type": "string"},
                    "signature": {"type": "string"},
                },
            },
            "Error": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["code", "field", "message"],
                        "properties": {
                            "code": {"type": "string"},
                            "field": {"type": ["string", "null"]},
                            "message": {"type": "string", "description": "En français."},
                            "scope": {
                                "type": "string",
                                "description": "La portée qu’il faut (insufficient_scope).",
                                "enum": [one.value for one in Scope],
                            },
                            "next_opening_at": {
                                "type": "string",
                                "format": "date-time",
                                "description": "La prochaine ouverture, si le service est fermé "
                                "(closed) ou ferme trop tôt pour que l’appel ait lieu (closing).",
                            },
                        },
                    }
                },
            },
        },
    },
}
