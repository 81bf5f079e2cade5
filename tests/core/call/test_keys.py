"""Keys as Asterisk reports them, as measured: when each ended (ms) and how long it lasted."""

import pytest

from router.ari.keys import Keys


@pytest.mark.parametrize(
    ("how", "told", "pressed"),
    [
        ("RFC 4733", "5@80/80", "5"),
        ("RFC 4733, twice", "5@101/100 5@263/100", "55"),
        ("RFC 4733, twice, as fast as a machine", "5@61/60 5@173/60", "55"),
        ("RFC 4733, hardly let go", "5@101/100 6@224/100 6@346/100 6@369/100", "56"),
        ("RFC 4733, held for long", "5@600/600 5@1400/600", "55"),
        ("INFO, twice", "5@101/100 5@283/100", "55"),
        ("INFO that claims more than there was", "5@45/250 5@340/250", "55"),
        ("both, INFO first", "5@45/100 5@81/80 5@90/80", "5"),
        ("both, INFO first, held for long", "5@44/100 5@600/600", "5"),
        ("both, INFO in the middle", "5@60/80 5@81/80 5@106/80", "5"),
        ("both, INFO at the end", "5@201/200 5@246/200", "5"),
        ("both, INFO late", "5@80/80 5@141/80", "5"),
        ("both, twice, INFO at the end", "5@100/100 5@145/100 5@282/100 5@290/100 5@435/100", "55"),
        ("both, twice, INFO first", "5@44/250 5@100/100 5@245/250 5@282/100 5@541/100", "55"),
        ("both, two keys", "1@101/100 1@146/100 2@284/100 2@291/100 2@436/100", "12"),
        ("both, twice, slowly", "5@100/100 5@145/100 5@600/100 5@645/100", "55"),
    ],
)  # fmt: skip
def test_a_press_counts_once_however_often_it_is_reported(
    how: str, told: str, pressed: str
) -> None:
    keys = Keys()
    counted = ""
    for key, _, times in (one.partition("@") for one in told.split()):
        at_ms, lasted_ms = map(int, times.split("/"))
        counted += key if keys.pressed(key, at_ms, lasted_ms) else ""
    assert counted == pressed, how
