"""Numbers that look real are the library's own examples; all others are fictional or zeros."""

import copy
import logging
import pickle
import re
import unicodedata
from itertools import pairwise

import orjson
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from router.errors import NumberRefused, RouterError
from router.intake.numbers import RANGES, PhoneNumber, Why, national_pairs, read_number

FIXED, MOBILE, BOX = PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.VOIP
EITHER = PhoneNumberType.FIXED_LINE_OR_MOBILE
CANARY = "0639980001"
CANARY_E164 = "+33639980001"

#: What may be dialled, written independently of the module: by E.164 alone.
NEVER = re.compile(
    r"\+(?:262|33|59[046]|508(?=\d{9}))(?:8|700|901|93[789]|94[89]|947(?:[5-9]|0[2-9])|9410)"
    r"|\+33(?:16[23]|27[01]|37[78]|42[45]|56[89]|1510|2810|3410|4410|5410|598(?:5[5-9]|6[0-4]))"
    r"|\+33(?:19900|26191|35301|46571|53649|63998)"
    r"|\+(?:33|262)268[789]|\+(?:33|59[046])598[789]|\+50860"
    r"|\+33(?:26[239]|59[046]|508|639|69[0-467])"  # overseas under the wrong country code
)


def may_be_dialled(e164: str) -> bool:
    number = phonenumbers.parse(e164)
    return (
        re.fullmatch(r"\+(?:33|262|508|590|594|596)[1-9][0-9]{5,8}", e164) is not None
        and NEVER.match(e164) is None
        and phonenumbers.is_valid_number(number)
        and phonenumbers.number_type(number) in (FIXED, MOBILE, EITHER, BOX)
    )


def example(region: str, kind: int) -> tuple[str, str]:
    """Return the library's example as ten national digits and in E.164."""
    number = phonenumbers.example_number_for_type(region, kind)
    assert number is not None
    significant = str(number.national_number)
    national = f"0508{significant}" if len(significant) == 6 else f"0{significant}"
    return national, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def code(typed: str, *, fiction: bool = False) -> str:
    with pytest.raises(NumberRefused) as refused:
        read_number(typed, fiction=fiction)
    return refused.value.code


def from_start(start: str) -> str:
    return start.ljust(10, "0")


# What is allowed.


@pytest.mark.parametrize("start", ["01", "02", "03", "04", "05"])
def test_fixed_lines_are_allowed(start: str) -> None:
    national = f"{start}40000000" if start in ("03", "05") else f"{start}44000000"

    assert read_number(national).e164 == f"+33{national[1:]}"


@pytest.mark.parametrize("national", ["0600000000", "0730000000", "0780000000", "0900000000"])
def test_mobiles_and_boxes_are_allowed(national: str) -> None:
    assert read_number(national).e164 == f"+33{national[1:]}"


@pytest.mark.parametrize("kind", [FIXED, MOBILE])
@pytest.mark.parametrize("region", ["RE", "YT", "GP", "BL", "MF", "GF", "MQ", "PM"])
def test_overseas_numbers_typed_nationally_get_their_own_country_code(
    region: str, kind: int
) -> None:
    national, e164 = example(region, kind)
    country = str(phonenumbers.country_code_for_region(region))

    assert e164.startswith(f"+{country}")
    for typed in (
        national,
        e164,
        f"+33{national[1:]}",
        f"+{country} ({national[0]}){national[1:]}",
    ):
        assert read_number(typed).e164 == e164


@pytest.mark.parametrize(
    ("start", "country"),
    [
        *(("0262", "262"), ("0692", "262"), ("0693", "262"), ("0590", "590"), ("0690", "590")),
        *(("0594", "594"), ("0694", "594"), ("059630", "596"), ("0696", "596"), ("0697", "596")),
        *(("026960", "262"), ("059651", "596"), ("050841", "508"), ("063901", "262")),
        *(("02630", "262"), ("069122", "590"), ("070900", "590"), ("070910", "596")),
        *(("070920", "262"), ("070930", "594"), ("070935", "262"), ("070840", "508")),
        *(("097600", "590"), ("097630", "262"), ("097660", "596"), ("097690", "262")),
    ],
)
def test_each_overseas_start(start: str, country: str) -> None:
    national = start + "201234"[: 10 - len(start)]

    e164 = read_number(national).e164

    assert e164.startswith(f"+{country}")
    assert may_be_dialled(e164)


@pytest.mark.parametrize("typed", ["0269601234", "0596511234", "0508411234"])
def test_valid_under_the_wrong_country_code_is_rewritten_all_the_same(typed: str) -> None:
    """This is why the library is not asked first."""
    assert phonenumbers.is_valid_number(phonenumbers.parse(typed, "FR"))
    assert not read_number(typed).e164.startswith("+33")


# What is refused.


@pytest.mark.parametrize(
    "start",
    [
        *(f"080{digit}" for digit in range(10)),
        *("081", "082", "083", "084", "0836", "0860", "087", "088", "089", "0890", "0899"),
    ],
)
@pytest.mark.parametrize("country", ["", "+33", "0033", "+262", "+590", "+594", "+596", "+508"])
def test_special_numbers_are_refused_under_every_country_code(start: str, country: str) -> None:
    national = from_start(start)

    assert code(f"{country}{national[1:]}" if country else national) == "special"


@pytest.mark.parametrize(
    "start",
    [
        *("0162", "0163", "0270", "0271", "0377", "0378", "0424", "0425", "0568", "0569"),
        *("0948", "0949", "0937", "0938", "0939", "09475", "09479", "02688", "05987", "050860"),
        *("01510", "059855", "059864", "09410", "094702", "094709"),
    ],
)
def test_ranges_of_automated_calls_and_platforms_are_refused(start: str) -> None:
    assert code(from_start(start)) == "automated"
    assert code(f"+33{from_start(start)[1:]}") == "automated"


FICTION = ["019900", "026191", "035301", "046571", "053649", "063998"]


@pytest.mark.parametrize("start", FICTION)
def test_fiction_is_refused_in_production_and_admitted_as_canaries(start: str) -> None:
    national = f"{start}0001"

    assert code(national) == "fiction"
    assert read_number(national, fiction=True).e164 == f"+33{national[1:]}"
    assert code(f"+262{national[1:]}", fiction=True) == "unassigned"


@pytest.mark.parametrize(
    "typed",
    [
        *("15", "17", "18", "112", "114", "115", "119", "191", "196", "197", "116000", "116 117"),
        *("118 218", "3939", "39 39", "3646", "1023", "38000"),
    ],
)
def test_short_and_emergency_numbers_are_refused(typed: str) -> None:
    assert code(typed) == "short"


@pytest.mark.parametrize("typed", ["0700000000", "0901000000"])
def test_machines_are_refused(typed: str) -> None:
    assert code(typed) == "machine"


@pytest.mark.parametrize(
    "typed",
    ["+32 2 000 00 00", "0032 2 000 00 00", "+1 202 555 0100", "+377 00 00 00 00", "+687 000000"],
)
def test_foreign_numbers_have_a_sentence_of_their_own(typed: str) -> None:
    assert code(typed) == "foreign"


@pytest.mark.parametrize(
    "typed",
    [
        *("06399800", "06 39 98 00 0", "06 39 98 00 01 2", "0", "00", "000", "+33", "+33 6"),
        *("+3315", "+0639980001", "0000000000", "1639980001", "07001234567890", "+07001234567890"),
        *("06 39 98 00 01 / 01 99 00 00 01", "0" * 300, "6" * 300, "+" + "3" * 300),
    ],
)
def test_the_wrong_number_of_digits_is_refused(typed: str) -> None:
    assert code(typed, fiction=True) == "malformed"


@pytest.mark.parametrize(
    "typed",
    [
        *("0710000000", "0720000000", "0400000000", "0269990000"),
        *("+590 692 00 00 00", "+262 6 00 00 00 00", "0639800000", "0694500000"),
    ],
)
def test_what_nobody_was_given_is_refused(typed: str) -> None:
    assert code(typed) == "unassigned"


@pytest.mark.parametrize("typed", ["", " ", "\u00a0", "--", "x123", "()", "\u202a\u202c", "\t\n"])
def test_nothing_is_refused_as_nothing(typed: str) -> None:
    assert code(typed) == "empty"


@pytest.mark.parametrize(
    "typed",
    [
        *("abc", "zéro six", "06 39 98 OO O1", "0639980001 ou 0199000001", "+", "06+39980001"),
        *("*31#0639980001", "06*39980001", "06\u2028399\u202980001é", "06 39 98 00 ½", "\ud800"),
        *("06 39 98 00 01\x00; DROP", "<06>", "0639980001@example.org", "tel:0639980001"),
    ],
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    assert code(typed, fiction=True) == "not_a_number"


def test_a_long_text_is_not_even_read() -> None:
    assert code(CANARY + " " * 100, fiction=True) == "malformed"
    assert code("x" * 1_000_000) == "malformed"


# How people write them.


@pytest.mark.parametrize(
    "typed",
    [
        *("0639980001", "06 39 98 00 01", "06.39.98.00.01", "06-39-98-00-01", "06/39/98/00/01"),
        *("06_39_98_00_01", "06–39–98–00–01", "06,39,98,00,01", "06;39;98;00;01"),
        *("06\u00a039\u00a098\u00a000\u00a001", "06\u202f39\u202f98\u202f00\u202f01"),
        *("06\u201139\u201198\u201100\u201101", "06\u200939\u200998\u200900\u200901"),
        *("06, 39, 98, 00, 01", "  06 39 98 00 01  ", "\t06 39 98 00 01\r\n", "(06) 39 98 00 01"),
        *("0 639 980 001", "063 998 0001", "639980001", "6 39 98 00 01", "06.39.98.00.01."),
        *("+33639980001", "+33 6 39 98 00 01", "+33 (0)6 39 98 00 01", "+33 (0) 639980001"),
        *("+330639980001", "(+33) 6 39 98 00 01", "+33.6.39.98.00.01", "0033639980001"),
        *("00 33 6 39 98 00 01", "0033 (0)6 39 98 00 01", "00330639980001", "33639980001"),
        *("33 6 39 98 00 01", "330639980001", "＋３３６３９９８０００１", "０６３９９８０００１"),
        *("٠٦٣٩٩٨٠٠٠١", "۰۶۳۹۹۸۰۰۰۱", "०६३९९८०००१", "\u202a+33 6 39 98 00 01\u202c"),
        *("\ufeff0639980001", "0639980001 x123", "0639980001x123"),
        *("0639980001,,1234", "0639980001,1", "0639980001;ext=12"),
        *("06 39 98 00 01 poste 12", "0639980001 p. 12", "0639980001 ext. 12", "0639980001#12#"),
        *("+33 6 39 98 00 01,,1234#", "٠٦٣٩٩٨٠٠٠١,,١٢"),
    ],
)
def test_every_way_of_writing_gives_the_same_ascii_number(typed: str) -> None:
    number = read_number(typed, fiction=True)

    assert number == PhoneNumber(CANARY_E164)
    assert number.e164.isascii()


def test_an_overseas_country_code_may_lack_its_plus_and_keep_its_zero() -> None:
    national, e164 = example("RE", MOBILE)

    for typed in (e164[1:], f"262{national}", f"00{e164[1:]}", f"+262 (0){national[1:]}"):
        assert read_number(typed).e164 == e164


# For all texts.

signs = st.sampled_from("00112233445566778899 .-+()\u00a0,;x#/٠٦")
digits = st.text("0123456789", min_size=4, max_size=9)
starts = st.sampled_from([start for _, ranges in RANGES for start in ranges.split()])
national = st.builds(lambda start, rest: (start + rest)[:10], starts, digits)
countries = st.sampled_from(["+33", "0033", "33", "+262", "+508", "+590", "+594", "+596", "262"])
international = st.builds(lambda country, rest: country + rest[1:], countries, national)
spaced = st.builds(
    lambda text, by: by.join(re.findall("..?", text)),
    national | international,
    st.sampled_from([" ", ".", "-", "\u00a0", "\u202f", ",", ";"]),
)
typed_texts = st.text() | st.text(signs, max_size=30) | national | international | spaced | digits


@given(typed_texts)
def test_any_text_is_refused_or_becomes_a_number_that_may_be_dialled(typed: str) -> None:
    try:
        number = read_number(typed)
    except NumberRefused:
        return
    assert may_be_dialled(number.e164)
    assert read_number(number.e164) == number
    assert read_number("".join(national_pairs(number))) == number


def test_each_start_of_five_digits_is_refused_or_may_be_dialled() -> None:
    dialled = 0
    for start in range(10_000):
        try:
            number = read_number(from_start(f"0{start:04}"))
        except NumberRefused:
            continue
        dialled += 1
        assert may_be_dialled(number.e164), f"a number starting with 0{start:04}"
    assert dialled > 6_000


@given(typed_texts)
def test_a_refusal_holds_nothing_of_what_was_typed(typed: str) -> None:
    try:
        read_number(typed)
    except NumberRefused as refused:
        told = [str(refused), repr(refused), refused.message, repr(refused.__dict__)]
        told += [repr(refused.__cause__), repr(refused.__context__)]
        plain = unicodedata.normalize("NFKC", typed)
        figures = "".join(str(d) for c in plain if (d := unicodedata.decimal(c, None)) is not None)
        for start in range(len(figures) - 3):
            assert figures[start : start + 4] not in " ".join(told)


def test_a_refusal_names_the_field_and_drags_no_other_error_along() -> None:
    with pytest.raises(NumberRefused) as refused:
        read_number("0710000000")

    assert refused.value.__context__ is None
    assert isinstance(refused.value, RouterError)
    assert refused.value.field == "phone"


# The table, the messages, the value.


def test_no_range_is_listed_twice() -> None:
    listed = sorted(start for _, ranges in RANGES for start in ranges.split())

    assert all(one != other for one, other in pairwise(listed))


@pytest.mark.parametrize("why", Why)
def test_messages_are_sentences_without_a_number(why: Why) -> None:
    assert re.fullmatch(r"[A-ZÀÉ].+\.", why.message)
    assert not re.search(r"\d{3}", why.message)
    assert "'" not in why.message
    assert len({one.code for one in Why}) == len(Why)


@pytest.mark.parametrize(
    ("typed", "pairs"),
    [("+33 6 39 98 00 01", "06 39 98 00 01"), ("01 99 00 12 34", "01 99 00 12 34")],
)
def test_pairs_to_read_back(typed: str, pairs: str) -> None:
    assert national_pairs(read_number(typed, fiction=True)) == tuple(pairs.split())


@pytest.mark.parametrize("region", ["RE", "GP", "GF", "MQ", "PM"])
@pytest.mark.parametrize("kind", [FIXED, MOBILE])
def test_overseas_numbers_are_read_back_as_they_are_dialled_in_france(
    region: str, kind: int
) -> None:
    national, e164 = example(region, kind)

    assert "".join(national_pairs(PhoneNumber(e164))) == national


def test_nothing_but_e164_shows_a_number(caplog: pytest.LogCaptureFixture) -> None:
    number = PhoneNumber(CANARY_E164)
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("number %s %r", number, number)
    shown = [str(number), repr(number), f"{number}", f"{number!s:>30}", caplog.text]
    shown += [repr([number]), repr({"a": number}), ascii(number)]

    assert not [text for text in shown if re.search(r"\d{4}", text)]
    assert not hasattr(number, "__dict__")
    for write in (hash, pickle.dumps, copy.copy, copy.deepcopy, orjson.dumps):
        with pytest.raises(TypeError) as error:
            write(number)
        assert not re.search(r"\d{4}", str(error.value))


def test_numbers_are_compared_by_what_they_dial() -> None:
    assert PhoneNumber(CANARY_E164) == read_number(CANARY, fiction=True)
    assert PhoneNumber(CANARY_E164) != PhoneNumber("+33639980002")
    assert PhoneNumber(CANARY_E164) != CANARY_E164


@pytest.mark.parametrize(
    "text",
    [
        *("", "+", "0639980001", "+33 639980001", "+33639980001\n", "+3363998000", "+336399800012"),
        *("+33800000000", "+262890000000", "+50880000000", "+33063998000", "+32639980001"),
        *("+٣٣٦٣٩٩٨٠٠٠١", "+33639980001,,1", "sip:+33639980001", "+5081"),
    ],
)
def test_the_value_is_made_of_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a French number in E\.164$"):
        PhoneNumber(text)
