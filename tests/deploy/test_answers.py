"""What only a person knows: its form, the questions, and the settings that follow from it."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from router.deploy import answers as answering
from router.deploy.answers import Answers, asked, settings_of, with_free_ports
from router.errors import ConfigError

ALL = Answers(("127.0.0.1:5070",), "3939", "www.example.org", ("127.0.0.0/8",))


def test_the_settings_that_follow() -> None:
    assert ALL.faults() == []
    assert settings_of(ALL) == {
        "asterisk": {
            "trunk_bind": "127.0.0.1:5060",
            "trunk_hosts": ("127.0.0.1",),
            "trunk_peer": "127.0.0.1:5070",
            "agents_bind": "127.0.0.1:5062",
            "agents_networks": ("127.0.0.0/8",),
        },
        "callbacks": {"presented": "3939", "origins": ("https://www.example.org",)},
    }
    assert settings_of(Answers()) == {}


@pytest.mark.parametrize(
    ("wrong", "flag", "reason"),
    [
        (Answers(carriers=("sip:x",)), "--carrier", "the port must be between 1 and 65535"),
        (Answers(carriers=("no such host",)), "--carrier", "must be host or host:port"),
        (Answers(carriers=("nowhere.invalid",)), "--carrier", "has no IPv4 address here"),
        (Answers(presented="01 99"), "--presented", 'must be "+" and 6 to 15 digits'),
        (Answers(public_name="https://a.b"), "--public-name", "must be a name without https://"),
        (Answers(phones=("192.0.2.1/24",)), "--phones-network", "must be an IPv4 address or"),
    ],
)
def test_what_is_wrong_is_named_by_its_flag(wrong: Answers, flag: str, reason: str) -> None:
    [fault] = wrong.faults()
    assert fault.place == flag
    assert reason in fault.reason


def test_a_number_is_never_repeated() -> None:
    [fault] = Answers(presented="0199001234x").faults()
    assert "0199001234" not in fault.reason


def test_no_route_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "facing", lambda host: None)
    with pytest.raises(ConfigError, match=r"--carrier: this machine has no route to 127\.0\.0\.1"):
        settings_of(Answers(carriers=("127.0.0.1",)))


# The questions.


class Terminal:
    """Somebody who gives these answers, one after another."""

    def __init__(self, *given: str) -> None:
        self._given = iter(given)
        self.asked: list[str] = []
        self.told: list[str] = []

    def ask(self, question: str) -> str:
        self.asked.append(question)
        return next(self._given)


def nothing(field: str) -> bool:
    return False


def test_each_question_is_asked_once() -> None:
    person = Terminal("127.0.0.1", "3939", "www.example.org", "127.0.0.0/8")
    given = asked(Answers(), nothing, person.ask, person.told.append)
    assert given == Answers(("127.0.0.1",), "3939", "www.example.org", ("127.0.0.0/8",))
    assert len(person.asked) == 4
    assert person.told == []


def test_an_empty_answer_is_left_for_later() -> None:
    person = Terminal("", "", "")
    assert asked(Answers(), nothing, person.ask, person.told.append) == Answers()
    assert not any("called back" in one for one in person.asked)  # there is no way out


def test_a_wrong_answer_is_asked_for_again() -> None:
    person = Terminal("127.0.0.1:x", "127.0.0.1", "", "", "")
    given = asked(Answers(), nothing, person.ask, person.told.append)
    assert given.carriers == ("127.0.0.1",)
    assert len(person.told) == 1
    assert "the port must be" in person.told[0]


def test_what_is_known_is_not_asked_for() -> None:
    person = Terminal("3939")
    known = {"carriers", "public_name", "phones"}
    given = asked(Answers(), known.__contains__, person.ask, person.told.append)
    assert given == Answers(presented="3939")
    assert asked(ALL, nothing, Terminal().ask, person.told.append) == ALL


# The ports.


@pytest.fixture
def held() -> Iterator[int]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def test_a_port_that_is_held_is_left_to_its_holder(held: int) -> None:
    values = {"asterisk": {"trunk_bind": f"127.0.0.1:{held}"}}
    chosen, told = with_free_ports(values, None)
    assert chosen["asterisk"]["trunk_bind"] != f"127.0.0.1:{held}"
    assert any(
        f"UDP port {held} on 127.0.0.1" in line and "asterisk.trunk_bind is" in line
        for line in told
    )


def test_two_of_ours_never_get_the_same_port(held: int) -> None:
    """The first's next port is the second's usual one."""
    values = {
        "asterisk": {
            "trunk_bind": f"127.0.0.1:{held}",
            "agents_bind": f"127.0.0.1:{held + 10}",
        }
    }
    chosen, _ = with_free_ports(values, None)
    assert chosen["asterisk"]["trunk_bind"] != chosen["asterisk"]["agents_bind"]


def test_another_asterisk_keeps_its_ports_for_sound() -> None:
    chosen, told = with_free_ports({}, (10000, 20000))
    assert (chosen["asterisk"]["rtp_first"], chosen["asterisk"]["rtp_last"]) == (20002, 22001)
    assert any("20002 to 22001" in line for line in told)
