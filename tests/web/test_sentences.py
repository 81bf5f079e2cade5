from router.web.sentences import as_html, typeset, with_number
from tests.service_plan import small_plan

NBSP = "\u00a0"


def test_typography() -> None:
    given = "Voici : « oui » ; ou non ? Oui !"
    n = NBSP
    assert typeset(given) == f"Voici{n}: «{n}oui{n}»{n}; ou non{n}? Oui{n}!"


def test_the_number_is_the_plans() -> None:
    plan = small_plan(numbers=("3000",))
    assert with_number("Composez le {number}, {tel quel}.", plan) == "Composez le 3000, {tel quel}."


def test_html_is_escaped() -> None:
    assert as_html("« A & B » <b>") == f"«{NBSP}A &amp; B{NBSP}» &lt;b&gt;"
