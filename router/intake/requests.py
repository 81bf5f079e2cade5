"""What is asked of `/v1/callbacks`: bodies and forms; each fault names its field, in French.

Nothing here looks at a number: the reception does, once everything else is in order.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from router.core.ids import FicheId, SectorId
from router.core.plan import Fiche, Plan, Sector
from router.web.bodies import Field, checked, nearest, object_of
from router.web.replies import Refused

#: What a callback is about.
Subject = Fiche | Sector

#: A number, a subject and a proof of work are some 500 bytes; a longer body is refused unread.
LARGEST_BODY = 4096

#: RFC 9562 as text is 36 characters; 8 is the least that does not repeat by accident.
_KEY = re.compile(r"[\x21-\x7e]{8,128}")
_FIELDS = ("phone", "fiche", "sector", "altcha")
_MOST_FORM_FIELDS = 8


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A callback that is asked for."""

    #: The number, as it was typed.
    typed: str = field(repr=False)
    sector: SectorId
    #: None where a sector was named instead.
    fiche: FicheId | None
    #: The solution of a puzzle, as it was sent; None if there was none.
    proof: str | None = field(repr=False, default=None)


async def content_of(request: web.Request) -> bytes:
    """Read the body.

    Raises:
        Refused: 413 if it is too long, unread if it says so itself; 400 if it breaks off.
    """
    if (request.content_length or 0) > LARGEST_BODY:
        raise too_large()
    content = bytearray()
    try:
        async for piece in request.content.iter_any():
            content += piece
            if len(content) > LARGEST_BODY:
                raise too_large()
    except web.RequestPayloadError:
        raise Refused(400, "unreadable", None, "Le contenu ne peut pas être lu.") from None
    return bytes(content)


def too_large() -> Refused:
    """Return the refusal of a body that is too long."""
    return Refused(413, "too_large", None, "Le contenu est trop long.")


def request_of(content_type: str, content: bytes, plan: Plan) -> CallbackRequest:
    """Return what a JSON body asks for.

    Raises:
        Refused: 415 and 400 for the body as a whole, 422 for a field.
    """
    body = object_of(content_type, content)
    for name in body:
        if name not in _FIELDS:
            raise _unforeseen(name)
    return _request(checked([Field(name) for name in _FIELDS], body, plan), plan)


def request_of_form(form: Mapping[str, str], plan: Plan) -> tuple[CallbackRequest, str]:
    """Return what the plain form asks for, and its idempotency key.

    Raises:
        Refused: 422 for a field, 400 for the key.
    """
    return _request(form, plan), checked_key(form.get("key"))


def form_of(content_type: str, content: bytes) -> dict[str, str]:
    """Return the fields of a form.

    Raises:
        Refused: 415 for another kind of content, 400 for what cannot be read.
    """
    if content_type != "application/x-www-form-urlencoded":
        raise Refused(415, "unsupported_media_type", None, "Ce formulaire n’est pas reconnu.")
    try:
        text = content.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FORM_FIELDS))
    except ValueError:
        # Its text may quote what was sent: it goes no further.
        raise Refused(400, "unreadable", None, "Ce formulaire ne peut pas être lu.") from None


def checked_key(key: str | None) -> str:
    """Return the idempotency key.

    Raises:
        Refused: 400 if it is missing or malformed.
    """
    if key is None or not _KEY.fullmatch(key):
        raise Refused(
            400,
            "idempotency_key",
            "Idempotency-Key",
            "L’en-tête « Idempotency-Key » est obligatoire : 8 à 128 caractères, "
            "nouveaux pour chaque demande.",
        )
    return key


def subject_of(fiche: str | None, sector: str | None, plan: Plan) -> Subject:
    """Return what the callback is about, which exactly one of the two must name.

    Raises:
        Refused: If none or both are given, or the plan does not know what is named.
    """
    if fiche is None and sector is None:
        raise Refused(
            422,
            "missing_field",
            "fiche",
            "Indiquez la fiche ou le domaine de votre question.",
        )
    if fiche is not None and sector is not None:
        raise Refused(
            422, "ambiguous", "sector", "Indiquez soit une fiche, soit un domaine, pas les deux."
        )
    if fiche is not None:
        if (page := plan.fiches.get(FicheId(fiche))) is not None:
            return page
        raise Refused(422, "unknown_fiche", "fiche", "Cette fiche n’est pas connue du service.")
    if (domain := plan.domains.get(SectorId(sector or ""))) is not None:
        return domain
    known = ", ".join(f"« {one} »" for one in plan.domains)
    raise Refused(
        422,
        "unknown_sector",
        "sector",
        f"Ce domaine n’est pas connu du service. Domaines possibles : {known}.",
    )


def sector_of(subject: Subject) -> SectorId:
    """Return the sector whose informateurs answer."""
    return subject.sector if isinstance(subject, Fiche) else subject.id


def _request(body: Mapping[str, Any], plan: Plan) -> CallbackRequest:
    phone = body.get("phone")
    if phone is None:
        raise Refused(422, "missing_field", "phone", "Indiquez le numéro de téléphone à rappeler.")
    subject = subject_of(body.get("fiche"), body.get("sector"), plan)
    fiche = subject.id if isinstance(subject, Fiche) else None
    return CallbackRequest(phone, sector_of(subject), fiche, body.get("altcha"))


def _unforeseen(name: str) -> Refused:
    # The name is not repeated: whatever stands there may be a number in the wrong place.
    message = f"Un champ du contenu n’est pas prévu. {nearest(name, _FIELDS)}"
    return Refused(422, "unknown_field", None, message.strip())
