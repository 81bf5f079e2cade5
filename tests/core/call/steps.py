"""What callers and informateurs do before a test begins, and what they hear."""

from router.core.ids import PromptId
from router.core.requests import Consult, Reply
from tests.exchange import Exchange
from tests.service_plan import WORK, agent

MENU = ("menu-main",)
QUESTION = ("code-ask", *MENU)
#: The question put again, with the keys that are not mentioned the first time.
QUESTION_AGAIN = (*QUESTION, "question-keys")
INFORMATION_PROMPT = PromptId("information-menu")
INFORMATION = (INFORMATION_PROMPT,)
TWO_EXPERTS = (agent("101", logement=1), agent("102", logement=1))


def consulting(exchange: Exchange) -> None:
    """103 is being consulted by 101."""
    assert exchange.ask("101", Consult(WORK)) is Reply.CONSULTING
    exchange.answer("103")
    exchange.hear_whisper("103")
    assert exchange.together("101", "103")


def settle(exchange: Exchange) -> None:
    """Asterisk confirms all hang-ups, and every wrap-up ends."""
    exchange.confirm_hang_ups()
    exchange.wait(30.0)


def wrong(code: str) -> str:
    """Return a code with one wrong digit, which the check digit reveals."""
    return str((int(code[0]) + 1) % 10) + code[1:]
