"""Phone numbers as people in France type them, read into E.164 or refused with a reason.

Whatever is typed is first turned into ten national digits; by the longest prefix, `_PLAN` then
says under which country code they are dialled, or why they never are. So a refused range is
refused however it was typed, and an overseas number gets its own country code: +33 would
misdial 0269 and 0596, which the library takes for valid. What is left must be a number that the
library knows to be assigned to a fixed line, a mobile or a broadband box.

The plan is Arcep's (decision 2018-0881 as amended; ranges as published on 6 March 2026).
No text of this module, exceptions included, ever holds a number.
"""

import re
import unicodedata
from enum import Enum
from typing import NoReturn

import phonenumbers
from phonenumbers import PhoneNumberType

from router.errors import NumberRefused


class Why(Enum):
    """Why a number is refused: a stable code, and the sentence shown to the usager."""

    EMPTY = "empty", "Indiquez le numéro de téléphone à rappeler."
    NOT_A_NUMBER = (
        "not_a_number",
        "Un numéro de téléphone ne comporte que des chiffres. Vérifiez ce que vous avez saisi.",
    )
    MALFORMED = (
        "malformed",
        "Indiquez un numéro de téléphone à dix chiffres, en commençant par zéro.",
    )
    UNASSIGNED = "unassigned", "Ce numéro ne semble pas exister. Vérifiez chacun de ses chiffres."
    SHORT = (
        "short",
        "Les numéros courts et les numéros d’urgence ne peuvent pas être rappelés. "
        "Indiquez un numéro de téléphone à dix chiffres.",
    )
    SPECIAL = (
        "special",
        "Les numéros commençant par 08, gratuits ou payants, ne peuvent pas être rappelés. "
        "Indiquez le numéro d’un téléphone fixe ou mobile.",
    )
    AUTOMATED = (
        "automated",
        "Ce numéro appartient à une série réservée aux plateformes et aux appels automatiques. "
        "Indiquez le numéro d’un téléphone fixe ou mobile.",
    )
    MACHINE = (
        "machine",
        "Ce numéro appartient à une série réservée à des équipements. "
        "Indiquez le numéro d’un téléphone fixe ou mobile.",
    )
    FICTION = (
        "fiction",
        "Ce numéro est réservé aux œuvres de fiction et n’appartient à personne.",
    )
    FOREIGN = (
        "foreign",
        "Le service ne rappelle pas à l’étranger. "
        "Indiquez un numéro de téléphone de France métropolitaine ou d’outre-mer.",
    )

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


#: Anything longer is refused unread: no number, however it is set out, is longer.
_LONGEST = 64

_METROPOLE = "33"
_REUNION_MAYOTTE = "262"
_MIQUELON = "508"
_GUADELOUPE = "590"  # with Saint-Martin and Saint-Barthélemy
_GUYANE = "594"
_MARTINIQUE = "596"
_COUNTRY_CODES = (
    *(_METROPOLE, _REUNION_MAYOTTE, _MIQUELON),
    *(_GUADELOUPE, _GUYANE, _MARTINIQUE),
)

#: Under which country code national digits with this prefix are dialled, or why they are not.
RANGES: tuple[tuple[str | Why, str], ...] = (
    # Fixed lines, mobiles, broadband boxes.
    (_METROPOLE, "01 02 03 04 05 06 07 09"),
    (_REUNION_MAYOTTE, "0262 0263 0269 0639 0692 0693 07092 070935 070936 070937"),
    (_REUNION_MAYOTTE, "09762 09763 09769"),
    (_MIQUELON, "0508 07084 07085"),
    (_GUADELOUPE, "0590 0690 0691 07090 09760 09761 09768"),
    (_GUYANE, "0594 0694 070930 070931 070932 070933 09764 09765"),
    (_MARTINIQUE, "0596 0696 0697 07091 09766 09767"),
    (Why.SPECIAL, "08"),
    # Fourteen digits: machines' mobiles ("M2M") and numbers of extended length.
    (Why.MACHINE, "0700 0901"),
    # "Polyvalents vérifiés": shown by automated systems; the second line is overseas.
    (Why.AUTOMATED, "0162 0163 0270 0271 0377 0378 0424 0425 0568 0569 0948 0949"),
    (Why.AUTOMATED, "02688 02689 05987 05988 05989 09475 09476 09477 09478 09479"),
    # "Pour les appels et messages d'intérêt général": shown by automated systems as well.
    (Why.AUTOMATED, "01510 02687 02810 03410 04410 050860 05410 09410 094702 094703"),
    (Why.AUTOMATED, "094704 094705 094706 094707 094708 094709 059855 059856 059857"),
    (Why.AUTOMATED, "059858 059859 059860 059861 059862 059863 059864"),
    # "Utilisables pour les échanges avec une plateforme technique".
    (Why.AUTOMATED, "0937 0938 0939"),
    # "Œuvres audiovisuelles": nobody's, and so the tests' canaries.
    (Why.FICTION, "019900 026191 035301 046571 053649 063998"),
)
_PLAN = {start: verdict for verdict, starts in RANGES for start in starts.split()}
_LONGEST_PREFIX = max(map(len, _PLAN))

_LINES = frozenset(
    {PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE}
    | {PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP}
)
#: Nine digits after the country code, six or nine for Saint-Pierre-et-Miquelon.
_E164 = re.compile(r"\+(?:33[1-79]\d{8}|(?:262|590|594|596)[1-79]\d{8}|508[2-9]\d{5}|5087\d{8})")

#: On a French keyboard "," and ";" are one slip away from ".".
_PAIRS_APART = re.compile(r"\d\d(?:\s*[,;]\s*\d\d){4}")
#: RFC 3966's ";ext=", the pauses as phones write them, and what people write.
_EXTENSION = re.compile(r"(?:,+|;(?:ext=)?|#|x|ext\.?|extension|p\.?|poste)\s*\d{1,8}#?$")
#: Between digits: blanks, hyphens and dashes, and marks that are pasted along with a number.
_SEPARATORS = frozenset("./()[]_·:•")
_SEPARATOR_CATEGORIES = frozenset({"Zs", "Cc", "Cf", "Pd"})


class PhoneNumber:
    """A number that may be called. Only `e164` gives it away: no text, hash or pickle does."""

    __slots__ = ("_e164",)
    __hash__ = None  # type: ignore[assignment]  # neither a key nor a label of a metric

    def __init__(self, e164: str) -> None:
        """Take "+", country code and digits, in ASCII.

        Raises:
            ValueError: If it does not have the form of a French number, or is a special one.
        """
        if not (e164.isascii() and _E164.fullmatch(e164)):
            raise ValueError("not a French number in E.164")
        self._e164 = e164

    @property
    def e164(self) -> str:
        """The number, for the trunk and the vault only."""
        return self._e164

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PhoneNumber) and other._e164 == self._e164

    def __repr__(self) -> str:
        return "<a phone number>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a phone number is written nowhere but in the vault")


def read_number(typed: str, *, fiction: bool = False) -> PhoneNumber:
    """Return the number that a person typed, with or without country code, zero and blanks.

    An extension is dropped. `fiction` admits the ranges reserved for films: for tests only.

    Raises:
        NumberRefused: With a code of `Why` and a message for the usager.
    """
    national, typed_country = _national(_compact(typed))
    verdict = _verdict(national)
    invented = fiction and verdict is Why.FICTION
    country = _METROPOLE if invented else verdict
    if isinstance(country, Why):
        raise _refused(country)
    if typed_country not in (None, _METROPOLE, country):
        # An overseas country code before a number from elsewhere.
        raise _refused(Why.UNASSIGNED)
    significant = _significant(national, country)
    if not (invented or _is_a_line(country, significant)):
        raise _refused(Why.UNASSIGNED)
    return PhoneNumber(f"+{country}{significant}")


def national_pairs(number: PhoneNumber) -> tuple[str, ...]:
    """Return the ten digits, as they are dialled in France, in five pairs to be read back."""
    national = _with_zero(*_parted(number.e164[1:]))
    return tuple(national[start : start + 2] for start in range(0, len(national), 2))


def _compact(typed: str) -> str:
    """What was typed as ASCII digits, with a "+" before them if one was typed."""
    if len(typed) > _LONGEST:
        raise _refused(Why.MALFORMED)
    text = "".join(map(_in_ascii, unicodedata.normalize("NFKC", typed))).strip().lower()
    if _PAIRS_APART.fullmatch(text):
        text = text.replace(",", " ").replace(";", " ")
    text = _EXTENSION.sub("", text)
    compact = "".join(sign for sign in text if not _separates(sign))
    if not compact:
        raise _refused(Why.EMPTY)
    if not re.fullmatch(r"\+?[0-9]+", compact):
        raise _refused(Why.NOT_A_NUMBER)
    return compact


def _in_ascii(sign: str) -> str:
    digit = unicodedata.decimal(sign, None)
    return sign if digit is None else str(digit)


def _separates(sign: str) -> bool:
    return sign in _SEPARATORS or unicodedata.category(sign) in _SEPARATOR_CATEGORIES


def _national(compact: str) -> tuple[str, str | None]:
    """The ten national digits, and the country code if one was typed."""
    if compact.startswith(("+", "00")):
        return _from_international(compact.removeprefix("+").removeprefix("00"))
    if len(compact) == 10 and compact.startswith("0"):
        return compact, None
    if len(compact) == 9 and not compact.startswith("0"):
        return f"0{compact}", None
    if len(compact) < 7 and not compact.startswith("0"):
        raise _refused(Why.SHORT)
    if len(compact) > 10 and compact.startswith(_COUNTRY_CODES):
        return _from_international(compact)  # the "+" was forgotten
    raise _refused(Why.MALFORMED)


def _from_international(digits: str) -> tuple[str, str]:
    if not digits or digits.startswith("0"):
        raise _refused(Why.MALFORMED)
    if not digits.startswith(_COUNTRY_CODES):
        raise _refused(Why.FOREIGN)
    country, rest = _parted(digits)
    national = _with_zero(country, rest.removeprefix("0"))  # "+33 (0)6"
    if len(national) != 10:
        raise _refused(Why.MALFORMED)
    return national, country


def _parted(digits: str) -> tuple[str, str]:
    country = next(code for code in _COUNTRY_CODES if digits.startswith(code))
    return country, digits[len(country) :]


def _with_zero(country: str, significant: str) -> str:
    """National digits of a significant number: Miquelon's six come after 0508."""
    if country == _MIQUELON and len(significant) == 6:
        return f"0{_MIQUELON}{significant}"
    return f"0{significant}"


def _significant(national: str, country: str) -> str:
    """What follows the country code on the wire."""
    if country == _MIQUELON:
        return national[1:].removeprefix(_MIQUELON)
    return national[1:]


def _verdict(national: str) -> str | Why:
    for length in range(_LONGEST_PREFIX, 1, -1):
        if (found := _PLAN.get(national[:length])) is not None:
            return found
    return Why.MALFORMED


def _is_a_line(country: str, significant: str) -> bool:
    number = phonenumbers.PhoneNumber(int(country), int(significant))
    return phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in _LINES


def _refused(why: Why) -> NumberRefused:
    return NumberRefused(why.code, why.message)
