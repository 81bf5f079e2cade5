from dataclasses import replace

from router.config import load
from router.core.ids import AgentId
from router.core.plan import LogInBy
from router.demo.seats import Seat

SEAT = Seat(AgentId("103"), "127.0.0.1:5062", "password-of-103", "654321")
DESK = load(None).plan.desk


def test_everything_needed_to_register_a_phone_is_printed() -> None:
    told = "\n".join(SEAT.how_to(DESK))

    for words in (
        "sip:agent-103@127.0.0.1:5062",
        "password-of-103",
        "127.0.0.1, port 5062, UDP",
    ):
        assert words in told
    assert SEAT.as_json() == {
        "registrar": "127.0.0.1:5062",
        "user": "agent-103",
        "password": "password-of-103",
        "pin": "654321",
    }


def test_the_log_in_is_the_one_of_the_plan() -> None:
    by_phone = "\n".join(SEAT.how_to(DESK))
    by_code = "\n".join(SEAT.how_to(replace(DESK, log_in=LogInBy.CODE)))

    assert DESK.log_in is LogInBy.PHONE
    assert "log in       by registering" in by_phone
    assert "log out      dial 12; in again: dial 11, then type 103# and the PIN 654321#" in by_phone
    assert "log in       dial 11, then type 103# and the PIN 654321#" in by_code
    assert "by registering" not in by_code


def test_repr_shows_neither_password_nor_pin() -> None:
    assert "password-of-103" not in repr(SEAT)
    assert "654321" not in repr(SEAT)
