"""What is drawn is drawn again, and what is left open is filled in."""

from tests.hostile.scanners import guesses, scanners
from tests.hostile.variations import floods_of_text, registrations, variations

NUMBER = "0199001234"


def test_a_seed_gives_the_same_messages_again() -> None:
    first, again, other = (list(variations(seed, 50)) for seed in (1, 1, 2))
    assert first == again
    assert [one.text for one in first] != [one.text for one in other]
    assert len({one.text for one in first}) == 50


def test_they_carry_a_number_and_fit_into_a_datagram() -> None:
    messages = [*variations(3, 400), *floods_of_text(), *scanners(), *guesses("x@y")]
    sent = [one.to("127.0.0.1:5060", "127.0.0.9:9", NUMBER, "h1") for one in messages]
    assert max(map(len, sent)) <= 65_507
    assert sum(NUMBER.encode() in one for one in sent) > 0.9 * len(sent)
    assert not [one for one in sent if b"{door}" in one]


def test_a_guess_is_of_the_call_but_not_of_its_tags() -> None:
    [first, second, *_] = [
        one.to("127.0.0.1:5060", "127.0.0.9:9", NUMBER, "h1") for one in guesses("x@y")
    ]
    assert first.startswith(b"BYE sip:3939@127.0.0.1:5060 SIP/2.0\r\n")
    assert b"\r\nCall-ID: x@y\r\n" in first
    assert b"\r\nTo: <sip:3939@127.0.0.1:5060>;tag=1\r\n" in second


def test_a_phone_registers_itself_at_strange_places() -> None:
    sent = [
        one.to("127.0.0.1:5062", "127.0.0.4:9", "agent-901", "h1") for one in registrations(5, 200)
    ]
    own = [one for one in sent if one.startswith(b"REGISTER sip:agent-901@127.0.0.1:5062 SIP/2.0")]
    assert len(own) > 100
    assert sum(b"To: <sip:agent-901@127.0.0.1:5062>" in one for one in own) > 80
    assert len({one.partition(b"Contact")[2] for one in own}) > 50
