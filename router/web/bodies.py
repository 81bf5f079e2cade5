"""What is asked over HTTP: a JSON object turned into a request to the core, faults in French.

A fault in the body as a whole is answered with 400, 413 or 415; one in a field with 422, naming
it. Words of the plan are looked up here, so that for a misspelt one the nearest is suggested.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any

import orjson
from aiohttp import web

from router.core.ids import EntryId, PhoneId
from router.core.plan import Plan
from router.core.requests import (
    Cancel,
    Complete,
    Consult,
    End,
    Hold,
    LogIn,
    LogOut,
    Note,
    Noting,
    Pause,
    Ready,
    Refer,
    Reply,
    Request,
    Result,
    Retrieve,
    Transfer,
)
from router.web.replies import Refused, refused

#: Bytes; a body is a handful of words, and a longer one is refused unread.
LARGEST_BODY = 16 * 1024

#: No id of a plan is longer; of what was sent, no more is ever looked at or shown.
_LONGEST_WORD = 64

#: The engine waits while a suggestion is looked for: less than 10 ms for this many words.
_MOST_LOOKED_AT = 300

_MUST_BE = {
    str: "doit être un texte",
    bool: "doit valoir true ou false",
    dict: "doit être un objet JSON",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a body."""

    name: str
    #: The type of its value: str, bool or dict.
    kind: type = str
    required: bool = False
    #: Returns the words that the plan allows; None: any text.
    words: Callable[[Plan], Collection[str]] | None = None
    #: The reply to any other word; None: a list of those that are allowed.
    unknown: Reply | None = None
    #: Returns what is wrong with a value of that type, the end of a sentence; "" if nothing is.
    wrong: Callable[[Any, Plan], str] | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What may be asked for."""

    fields: tuple[Field, ...]
    #: Makes the request of the fields that were given, by their names.
    make: Callable[..., Request]


def _refer(entry: EntryId, by: str) -> Refer:
    return Refer(entry, spoken=by == "spoken")


def _note(result: str = Result.ANSWERED, **about: Any) -> Note:
    return Note(result=Result(result), **about)


_SECTOR = Field("sector", str, True, lambda plan: plan.domains, Reply.UNKNOWN_SECTOR)
_PHONE = Field("phone", str, True, lambda plan: plan.phones, Reply.PHONE_UNKNOWN)
_OWN_PHONE = Field(
    "phone", words=lambda plan: (*plan.phones, *plan.browsers), unknown=Reply.PHONE_UNKNOWN
)

#: The last part of the address -> what it asks for.
ACTIONS: dict[str, Action] = {
    "log-in": Action((_OWN_PHONE,), LogIn),
    "log-out": Action((), LogOut),
    "pause": Action(
        (Field("reason", str, True, lambda plan: plan.desk.reasons, Reply.UNKNOWN_REASON),), Pause
    ),
    "ready": Action((), Ready),
    "hold": Action((), Hold),
    "retrieve": Action((), Retrieve),
    "transfer": Action((_SECTOR,), Transfer),
    "consult": Action((_SECTOR,), Consult),
    "complete": Action((), Complete),
    "cancel": Action((), Cancel),
    "end": Action((), End),
    "noting": Action((), Noting),
    "refer": Action(
        (
            Field("entry", str, True, lambda plan: plan.directory, Reply.UNKNOWN_ENTRY),
            Field("by", str, True, lambda plan: ("transfer", "spoken")),
        ),
        _refer,
    ),
    "note": Action(
        (
            Field(
                "subject",
                words=lambda plan: [*plan.sectors, *plan.fiches],
                unknown=Reply.UNKNOWN_SUBJECT,
            ),
            Field("result", words=lambda plan: list(Result)),
            Field("referral", words=lambda plan: plan.directory, unknown=Reply.UNKNOWN_ENTRY),
            Field("improve", bool),
        ),
        _note,
    ),
}


def request_of(action: Action, body: Mapping[str, Any], plan: Plan) -> Request:
    """Return the request that `body` makes.

    Raises:
        Refused: 422, naming the first field that is wrong.
    """
    return action.make(**checked(action.fields, body, plan))


def phone_of(body: Mapping[str, Any], plan: Plan) -> PhoneId:
    """Return the phone that `body` names.

    Raises:
        Refused: 422, naming the first field that is wrong.
    """
    return PhoneId(checked((_PHONE,), body, plan)["phone"])


def checked(fields: Collection[Field], body: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """Return the members of `body` that have a valid value; null is no value.

    Raises:
        Refused: 422, naming the first field that is wrong.
    """
    names = [field.name for field in fields]
    for name in body:
        if name not in names:
            raise _unforeseen(name, names)
    for field in fields:
        value = body.get(field.name)
        if value is not None:
            _check(field, value, plan)
        elif field.required:
            raise Refused(
                422, "missing_field", field.name, f"Le champ « {field.name} » est obligatoire."
            )
    return {name: value for name, value in body.items() if value is not None}


def object_of(content_type: str, content: bytes) -> dict[str, Any]:
    """Return the JSON object in a body; an empty body is an empty object.

    Raises:
        Refused: 415 for anything but application/json, 400 for anything but a JSON object.
    """
    if not content:
        return {}
    if content_type != "application/json":
        raise Refused(
            415,
            "unsupported_media_type",
            None,
            "Le contenu doit être annoncé comme « application/json ».",
        )
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        # The error's text quotes what was sent: it goes no further.
        raise Refused(400, "invalid_json", None, "Le contenu n’est pas du JSON valide.") from None
    if not isinstance(body, dict):
        raise Refused(400, "not_an_object", None, "Le contenu doit être un objet JSON.")
    return body


async def body_of(request: web.Request) -> dict[str, Any]:
    """Read the body's JSON object.

    Raises:
        Refused: 400 or 415 if it is something else, or breaks off.
        HTTPRequestEntityTooLarge: If it is longer than the application reads.
    """
    try:
        content = await request.read()
    except web.RequestPayloadError:
        raise Refused(400, "unreadable", None, "Le contenu ne peut pas être lu.") from None
    return object_of(request.content_type, content)


def nearest(word: str, known: Collection[str]) -> str:
    """Return a sentence that suggests one of `known`, "" if none resembles `word`."""
    word = word[:_LONGEST_WORD]
    as_written = {one.lower(): one for one in islice(known, _MOST_LOOKED_AT)}
    near = get_close_matches(word.strip().lower(), as_written, n=1)
    return f"Le plus proche est « {as_written[near[0]]} »." if near else ""


def _check(field: Field, value: Any, plan: Plan) -> None:
    if not isinstance(value, field.kind):
        must = _MUST_BE[field.kind]
        raise Refused(422, "wrong_type", field.name, f"Le champ « {field.name} » {must}.")
    if field.wrong is not None and (wrong := field.wrong(value, plan)):
        raise Refused(422, "wrong_value", field.name, f"Le champ « {field.name} » {wrong}")
    if field.words is None:
        return
    words = field.words(plan)
    if value in words:
        return
    if field.unknown is not None:
        raise refused(field.unknown, field.name, nearest(str(value), words))
    allowed = ", ".join(f"« {word} »" for word in words)
    raise Refused(
        422,
        "unknown_value",
        field.name,
        f"Le champ « {field.name} » accepte seulement : {allowed}.",
    )


def _unforeseen(name: str, names: Collection[str]) -> Refused:
    shown = re.sub(r"[^A-Za-z0-9_-]", "?", name[:_LONGEST_WORD])
    more = nearest(name, names) if names else "Aucun champ n’est attendu."
    message = f"Le champ « {shown} » n’est pas prévu ici. {more}"
    return Refused(422, "unknown_field", shown, message.strip())
