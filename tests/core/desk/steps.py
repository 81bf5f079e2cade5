"""What informateurs do at their desks before a test begins."""

from router.core.events import LegEnd
from router.core.ids import AgentId, ReasonId
from router.core.plan import LogInBy, Targets
from tests.exchange import Exchange
from tests.service_plan import working_desk

LOG_IN, LOG_OUT, PAUSE, READY, NOTE = "11", "12", "13", "14", "15"
TARGETS = Targets()
BY_CODE = working_desk(log_in=LogInBy.CODE)


def dial(exchange: Exchange, code: str, keys: str = "", phone: str = "101") -> tuple[str, ...]:
    """Dial a code, press keys; return what is played in the end."""
    call = exchange.desk_call(phone, code)
    if keys:
        exchange.press(keys, call)
    return exchange.hears(call)


def after_a_call(exchange: Exchange, call: str = "caller", *, with_code: bool = False) -> None:
    """101 has talked with a caller, who may have typed a code and has hung up."""
    if with_code:
        exchange.arrive(call)
        exchange.press(exchange.code, call)
        exchange.answer("101")
        exchange.hear_whisper("101")
    else:
        exchange.talk("101", call)
    exchange.leave(call)
    exchange.confirm_hang_ups()


def reason(exchange: Exchange, name: str = "101") -> ReasonId | None:
    """Return why the informateur is paused."""
    view = exchange.engine.desk(AgentId(name))
    assert view is not None
    return view.reason


def wrapping_up(exchange: Exchange) -> None:
    """101 has talked with a caller and is in wrap-up."""
    exchange.talk("101")
    exchange.leave()
    exchange.confirm_hang_ups()
    assert exchange.agent("101") == "wrapping up"


def miss(exchange: Exchange, why: LegEnd) -> None:
    """101 misses one call, whose caller gives up; nothing rings any more."""
    exchange.choose_housing(f"missed {exchange.now}")
    exchange.end_leg("101", why)
    exchange.leave(f"missed {exchange.now}")
