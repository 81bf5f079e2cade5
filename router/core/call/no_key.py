"""Callers who press nothing: people waiting for a person, and machines.

They are led to the general queue, where a person answers all the same. Anybody who speaks or has
pressed a key is a person; of the others only so many may wait, as they may be machines that dial.
"""

from router.core.call.life import Call
from router.core.call.waiting import Waiting
from router.core.commands import Listen, Step
from router.core.events import CallerSpoke
from router.core.facts import Door, Outcome
from router.core.ids import PromptId, SectorId
from router.core.switchboard import Switchboard

NO_KEY = PromptId("no-key")
REFUSED_UNHEARD = PromptId("refused-unheard")
PROMPTS = frozenset({NO_KEY, REFUSED_UNHEARD})

#: Anybody who speaks for longer than this without a pause, in seconds, is a recording.
RECORDING_S = 10.0


class NoKey:
    """Listens to callers who press nothing, and puts them in the general queue."""

    def __init__(self, board: Switchboard, waiting: Waiting) -> None:
        self._board = board
        self._waiting = waiting

    def queue_of(self, call: Call) -> SectorId | None:
        """Return where such a caller waits; None: nowhere, or the service is closed."""
        return None if call.outcome is Outcome.CLOSED else self._board.plan.no_key

    def listen(self, call: Call) -> None:
        """Have Asterisk report speech: a person says "allô ?", a machine does not."""
        limited = self._board.plan.targets.unheard_max and self.queue_of(call) is not None
        if limited and not call.keys and not call.listened:
            call.listened = True
            self._board.silence(call)  # a prompt would delay the request
            self._board.commands.append(Listen(call.id, call.channel))

    def spoke(self, call: Call, event: CallerSpoke) -> None:
        """The caller has spoken: a person, unless it went on for too long."""
        if event.seconds < RECORDING_S and not call.spoke:
            call.spoke = True
            self._board.note(call, Step.SPOKE)

    def enqueue(self, call: Call, queue: SectorId) -> None:
        """Put the caller in the general queue, or refuse what may be one machine too many."""
        board = self._board
        if _may_be_a_machine(call) and self._unheard() >= self._board.plan.targets.unheard_max:
            board.note(call, Step.REFUSED, sector=queue, detail=Outcome.REFUSED_FULL.value)
            board.say_goodbye(call, Outcome.REFUSED_FULL, (REFUSED_UNHEARD,))
        else:
            self._waiting.enqueue(call, queue, (NO_KEY,))

    def _unheard(self) -> int:
        """Return how many are waiting who have pressed nothing and said nothing."""
        return sum(
            one.door is Door.NO_KEY and one.waited_s is None and _may_be_a_machine(one)
            for one in self._board.calls.values()
        )


def _may_be_a_machine(call: Call) -> bool:
    return call.listened and not call.spoke and not call.keys
