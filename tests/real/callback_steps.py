"""The steps of a callback at the phones of both, for tests that are about another step."""

from tests.real.cast import Cast
from tests.real.telephones import Called, Informateur
from tests.real.usagers import Usager

#: A ticket is due 55 s after it was asked for (PROMISE), a caller 30 s after joining the queue:
#: callers come first for 25 s, in which a busy machine has to bring one into the queue.
TARGETS = {"live_target_s": 30, "announce_every_s": 2, "wrap_up_s": 1}
SLACK_S = 25.0


async def dialled(cast: Cast, usager: Usager, informateur: Informateur, home: Called) -> None:
    """Let the informateur take the ticket and the number ring."""
    await informateur.rings()
    informateur.pick_up()
    await home.rings()
    await usager.becomes("dialling")


async def picked_up(home: Called) -> None:
    """Let the phone be picked up, and the question be put."""
    home.pick_up()
    await home.person.hears("callback-ask")


async def talk(cast: Cast, usager: Usager, informateur: Informateur, home: Called) -> None:
    """Let the person who was asked press 1 and talk."""
    home.person.press("1")
    await usager.becomes("talking")
    await cast.both_hear(home, informateur)


async def goodbye(usager: Usager, informateur: Informateur, home: Called) -> None:
    """End the conversation, and with it the ticket."""
    await home.hang_up()
    await informateur.call_ended()
    await usager.is_over("done")
