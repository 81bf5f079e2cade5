"""Composed sentences, read back through the real catalogue as a caller would hear them."""

from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core import speech
from router.core.ids import EntryId, PromptId, ReasonId
from router.core.plan import Entry
from router.voice import load_catalogue

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "prompts" / "catalogue.toml")


def paris(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo("Europe/Paris"))  # type: ignore[misc,arg-type]


def heard(prompts: tuple[PromptId, ...]) -> str:
    return " ".join(CATALOGUE.prompts[prompt].text for prompt in prompts)


def test_everything_that_can_be_said_is_in_the_catalogue() -> None:
    assert speech.required() <= set(CATALOGUE.prompts)
    families = speech.all_families()
    assert families["pair"][7] == "pair-07"
    assert len(families["pair"]) == len(families["number"]) == 100
    assert speech.required() >= {id_ for ids in families.values() for id_ in ids}


def test_code_in_pairs() -> None:
    assert speech.code_in_pairs("12070099") == ("pair-12", "pair-07", "pair-00", "pair-99")
    assert heard(speech.code_in_pairs("0771")) == "zéro sept soixante et onze"


@pytest.mark.parametrize("code", ["", "123", "12 4", "12a4"])
def test_a_code_that_is_not_made_of_pairs(code: str) -> None:
    with pytest.raises(ValueError, match="not pairs"):
        speech.code_in_pairs(code)


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (-1, "moins d’une minute"),
        (0, "moins d’une minute"),
        (1, "une minute"),
        (21, "vingt et une minutes"),
        (99, "quatre-vingt-dix-neuf minutes"),
        (100, "plus de quatre-vingt-dix-neuf minutes"),
    ],
)
def test_minutes(n: int, words: str) -> None:
    assert heard(speech.minutes(n)) == words


def test_number() -> None:
    assert heard(speech.number(21)) == "vingt et un"
    with pytest.raises(ValueError, match="number"):
        speech.number(100)


@pytest.mark.parametrize(
    ("hour", "minute", "words"),
    [
        (0, 0, "minuit"),
        (0, 5, "zéro heure cinq"),
        (1, 0, "une heure"),
        (8, 21, "huit heures vingt et une"),
        (13, 0, "treize heures"),
        (21, 30, "vingt et une heures trente"),
    ],
)
def test_clock(hour: int, minute: int, words: str) -> None:
    assert heard(speech.clock(hour, minute)) == words


def test_date() -> None:
    assert heard(speech.date(date(2026, 11, 1))) == "dimanche premier novembre"
    assert heard(speech.date(date(2026, 11, 23))) == "lundi vingt-trois novembre"


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (paris(2026, 11, 23, 6), "Le service ouvrira aujourd’hui à huit heures trente"),
        (
            paris(2026, 11, 22, 23, 59),
            "Le service ouvrira demain lundi vingt-trois novembre à huit heures trente",
        ),
        (
            paris(2026, 11, 20, 17),
            "Le service ouvrira lundi vingt-trois novembre à huit heures trente",
        ),
    ],
)
def test_opening(now: datetime, sentence: str) -> None:
    assert heard(speech.opening(paris(2026, 11, 23, 8, 30), now)) == sentence


def test_week_of_the_service() -> None:
    long = [(time(8, 30), time(18, 15))]
    short = [(time(8, 30), time(13))]
    hours = {1: long, 2: short, 3: short, 4: long, 5: [(time(13), time(17))]}
    assert heard(speech.week(hours)) == (
        "le lundi et le jeudi de huit heures trente à dix-huit heures quinze "
        "le mardi et le mercredi de huit heures trente à treize heures "
        "le vendredi de treize heures à dix-sept heures "
        "le samedi et le dimanche fermé"
    )


def test_week_groups_days_in_a_row_and_joins_spans() -> None:
    twice = [(time(9), time(12)), (time(14), time(17))]
    hours = {day: twice for day in (1, 2, 3, 5)}
    assert heard(speech.week(hours)) == (
        "du lundi au mercredi et le vendredi "
        "de neuf heures à douze heures et de quatorze heures à dix-sept heures "
        "le jeudi le samedi et le dimanche fermé"
    )


def test_week_always_open_and_never_open() -> None:
    always = {day: [(time(0), time(0))] for day in range(1, 8)}
    assert heard(speech.week(always)) == "du lundi au dimanche de minuit à minuit"
    assert heard(speech.week({})) == "du lundi au dimanche fermé"


ESTIMATE = "Votre temps d’attente est estimé"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 0, "à moins d’une minute"),
        (0, 1, "à moins d’une minute"),
        (1, 1, "à moins d’une minute"),
        (0, 6, "à moins de six minutes"),
        (1, 2, "entre une et deux minutes"),
        (3, 6, "entre trois et six minutes"),
        (6, 3, "entre trois et six minutes"),
        (21, 31, "entre vingt et une et trente et une minutes"),
        (6, 6, "à environ six minutes"),
        (59, 99, "entre cinquante-neuf et quatre-vingt-dix-neuf minutes"),
        (60, 70, "à plus de soixante minutes"),
        (30, 150, "à plus de trente minutes"),
        (200, 300, "à plus de quatre-vingt-dix-neuf minutes"),
    ],
)
def test_wait_between(low: int, high: int, words: str) -> None:
    assert heard(speech.wait_between(low, high)).removesuffix(".") == f"{ESTIMATE} {words}"


@pytest.mark.parametrize(
    ("position", "sentence"),
    [
        (1, "Vous êtes la prochaine personne qui sera mise en relation."),
        (2, "Il y a une personne avant vous."),
        (3, "Il y a deux personnes avant vous."),
        (22, "Il y a vingt et une personnes avant vous."),
        (101, "Il y a au moins cent personnes avant vous."),
    ],
)
def test_rank(position: int, sentence: str) -> None:
    assert heard(speech.rank(position)) == sentence


def test_rank_starts_at_one() -> None:
    with pytest.raises(ValueError, match="position 0"):
        speech.rank(0)


def test_whisper() -> None:
    domain = (PromptId("sector-travail-contrat"),)
    assert heard(speech.whisper(domain, 6)) == (
        "Appel. Contrat de travail et rupture. Attend depuis six minutes"
    )
    assert heard(speech.whisper(domain, 0, kind="callback")) == (
        "Rappel. Contrat de travail et rupture. Attend depuis moins d’une minute"
    )

    assert heard(speech.whisper(domain, 3, kind="transfer")) == (
        "Transfert. Contrat de travail et rupture. Attend depuis trois minutes"
    )
    assert heard(speech.whisper(domain, 3, kind="consult")) == (
        "Consultation. Contrat de travail et rupture."
    )


@pytest.mark.parametrize("kind", ["call", "callback", "transfer"])
def test_the_page_comes_after_the_domain_and_never_last(kind: str) -> None:
    page = PromptId("fiche-f1234")
    _, *said = speech.whisper((PromptId("sector-logement"), page), 6, kind=kind)
    assert said == ["sector-logement", page, "whisper-waited", "minutes-6"]


def test_a_colleague_hears_only_the_domain() -> None:
    about = PromptId("sector-logement"), PromptId("fiche-f1234")
    assert speech.whisper(about, 6, kind="consult") == ("consult-whisper", "sector-logement")


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("15", "quinze"),
        ("119", "cent dix-neuf"),
        ("007", "zéro zéro sept"),
        ("3646", "trente-six quarante-six"),
        ("3400", "trente-quatre zéro zéro"),
        ("10315", "un zéro trois quinze"),
        ("116006", "cent seize zéro zéro six"),
        ("116117", "cent seize cent dix-sept"),
        ("118712", "onze quatre-vingt-sept douze"),
        ("0809401401", "zéro huit zéro neuf quarante quatorze zéro un"),
    ],
)
def test_phone_number(digits: str, words: str) -> None:
    assert heard(speech.phone_number(digits)) == words


@pytest.mark.parametrize("digits", ["", "+3", "36 46", "٣٦"])
def test_a_number_that_cannot_be_read_out(digits: str) -> None:
    with pytest.raises(ValueError, match="not digits"):
        speech.phone_number(digits)


def entry(number: str | None) -> Entry:
    return Entry(
        EntryId("caf"),
        "Caf",
        "12",
        number,
        PromptId("directory-allocations-familiales"),
        PromptId("directory-allocations-familiales-hours"),
    )


CAF = "la Caisse d’allocations familiales"
CAF_HOURS = "Ce service répond du lundi au vendredi, de neuf heures à seize heures trente."


def test_referral_is_said_twice() -> None:
    once = f"{CAF} Le numéro est : trente-deux trente {CAF_HOURS}"
    assert heard(speech.referral(entry("3230"))) == (
        f"Votre interlocuteur est : {once} Je répète. {once}"
    )


def test_referral_without_a_number() -> None:
    once = f"{CAF} {CAF_HOURS}"
    assert heard(speech.referral(entry(None))) == (
        f"Votre interlocuteur est : {once} Je répète. {once}"
    )


def test_ask_reason() -> None:
    assert heard((speech.ask_reason(ReasonId("reunion")),)) == "Pour une réunion, tapez 4."


clock_times = st.times().map(lambda t: t.replace(second=0, microsecond=0, tzinfo=None))
spans = st.lists(st.tuples(clock_times, clock_times), max_size=3)
moments = st.datetimes(timezones=st.just(ZoneInfo("Europe/Paris")))


@given(
    week=st.dictionaries(st.integers(1, 7), spans),
    opens=moments,
    now=moments,
    low=st.integers(-5, 10_000),
    high=st.integers(-5, 10_000),
    position=st.integers(1, 10_000),
    code=st.from_regex(r"\A([0-9]{2}){1,4}\Z"),
    digits=st.from_regex(r"\A(1[0-9]{2}|116[0-9]{3}|[0-9]{2,15})\Z"),
    kind=st.sampled_from(["call", "callback", "transfer", "consult"]),
)
def test_nothing_is_played_that_is_not_required(
    week: dict[int, list[tuple[time, time]]],
    opens: datetime,
    now: datetime,
    low: int,
    high: int,
    position: int,
    code: str,
    digits: str,
    kind: str,
) -> None:
    plan_s = {entry(None).prompt, entry(None).hours_prompt}
    said = (
        *speech.referral(entry(digits)),
        *speech.whisper((entry(None).prompt,), low, kind=kind),
        *speech.week(week),
        *speech.opening(opens, now),
        *speech.wait_between(low, high),
        *speech.rank(position),
        *speech.minutes(low),
        *speech.code_in_pairs(code),
    )
    assert set(said) - plan_s <= speech.required()
