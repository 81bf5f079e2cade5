"""Messages of Asterisk that come late, twice, out of order or never: days at random.

    ALLO_INTERLEAVINGS=1000000 ./allo test tests/ari/test_message_days.py

What holds of the engine (tests/rules.py) holds after each of them; in the end nobody is left in
Asterisk, and nothing in what the translation remembers.
"""

from tests.ari.message_days import MessageDay
from tests.core.days import INTERLEAVINGS, play


def test_days_by_messages_at_random() -> None:
    events = seed = 0
    while events < INTERLEAVINGS:
        events += play(seed, MessageDay)
        seed += 1
