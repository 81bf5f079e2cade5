"""The callback that is offered to callers after a long wait, and accepted with a key.

From then on the intake asks for the number, none of which comes here.
"""

from router.core.call.life import Call, CallState, Due
from router.core.call.waiting import QUEUE_STILL, Waiting, promise
from router.core.commands import NumberOver, TakeNumber
from router.core.events import KeyPressed, NumberTaken
from router.core.facts import Outcome
from router.core.ids import PromptId
from router.core.speech import minutes
from router.core.switchboard import GOODBYE, Switchboard

CALLBACK_PROMISED = PromptId("callback-promised")
CALLBACK_NOT_TAKEN = PromptId("callback-not-taken")
PROMPTS = frozenset({CALLBACK_PROMISED, CALLBACK_NOT_TAKEN, GOODBYE})

#: Accepts the offer.
CALLBACK_KEY = "5"
#: Typing a number, hearing it and confirming it takes no longer than this, in seconds.
ENTRY_GUARD_S = 120.0


class Offer:
    """Takes callers out of the queue while they type a number, and back if nothing comes of it."""

    def __init__(self, board: Switchboard, waiting: Waiting) -> None:
        self._board = board
        self._waiting = waiting

    def waiting_key(self, call: Call, event: KeyPressed) -> None:
        """The caller accepts the offer: from here on the intake asks for the number."""
        if not call.offered or event.key != CALLBACK_KEY:
            return
        board = self._board
        self._waiting.leave(call)
        board.silence(call)
        call.state = CallState.ENTERING
        board.set_due(call, Due.STEP, ENTRY_GUARD_S)
        board.commands.append(TakeNumber(call.id, promise(call).sector, call.fiche))

    def number_taken(self, call: Call, event: NumberTaken) -> None:
        """Say goodbye if a callback was promised; if not, the caller waits on at the same rank."""
        if event.ticket is None:
            self._wait_on(call, (CALLBACK_NOT_TAKEN,) if event.refused else ())
        else:
            said = (
                CALLBACK_PROMISED,
                *minutes(self._board.plan.callbacks.promise_s // 60),
                GOODBYE,
            )
            self._board.say_goodbye(call, Outcome.CALLED_BACK, said)

    def entry_over(self, call: Call) -> None:
        """No number came in time: the caller waits on."""
        self._wait_on(call, ())

    def _wait_on(self, call: Call, said_first: tuple[PromptId, ...]) -> None:
        self._board.commands.append(NumberOver(call.id))
        self._waiting.wait(call, said_first, QUEUE_STILL)

    def entering_caller_left(self, call: Call) -> None:
        """The caller hung up while typing the number."""
        self._board.commands.append(NumberOver(call.id))
        self._board.end(call)
