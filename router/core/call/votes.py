"""The vote of a caller who stays on the line after the conversation: one key for each question.

What is counted has the day and the score, but neither the call nor its time. With a caller's first
vote it is also counted that somebody was asked, since votes may be held back.
"""

from router.core.call.life import Call, CallState, Due
from router.core.commands import Remember, Step
from router.core.events import KeyPressed
from router.core.facts import BallotFact, VoteFact
from router.core.ids import PromptId
from router.core.plan import Question
from router.core.switchboard import GOODBYE, Switchboard

VOTE_INTRO = PromptId("vote-intro")
VOTE_THANKS = PromptId("vote-thanks")
VOTE_INVALID = PromptId("vote-invalid")
PROMPTS = frozenset({VOTE_INTRO, VOTE_THANKS, VOTE_INVALID, GOODBYE})


class Votes:
    """Asks the plan's questions of callers who stay on the line."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def begin(self, call: Call) -> None:
        """Put the first question; if the plan has none, say goodbye."""
        board = self._board
        call.plan = board.plan
        board.silence(call)
        board.commands.append(Remember(call.id, call.channel, None, board.now))
        if not call.plan.questions:
            self._board.say_goodbye(call, call.outcome, (GOODBYE,))
            return
        call.state = CallState.VOTING
        self._board.note(call, Step.VOTE_ASKED)
        self._put(call, VOTE_INTRO)

    def vote_key(self, call: Call, event: KeyPressed) -> None:
        """Count the vote; after a wrong key put the question again, once."""
        question = self._question(call)
        score = question.scores.get(event.key)
        if score is not None:
            self._count(call, score)
            self._next(call)
        elif not call.asked_again:
            call.asked_again = True
            self._put(call, VOTE_INVALID)
        else:
            self.no_vote(call)

    def await_vote(self, call: Call) -> None:
        """The question has been played: the silence counts from here."""
        self._board.set_due(call, Due.STEP, self._board.plan.targets.first_key_s)

    def no_vote(self, call: Call) -> None:
        """The caller does not answer: say goodbye."""
        self._count(call, None)
        self._board.say_goodbye(call, call.outcome, (GOODBYE,))

    def voter_left(self, call: Call) -> None:
        """The caller hung up instead of answering."""
        self._count(call, None)
        self._board.end(call)

    def _next(self, call: Call) -> None:
        call.question += 1
        call.asked_again = False
        if call.question < len(call.plan.questions):
            self._put(call)
        else:
            self._board.say_goodbye(call, call.outcome, (VOTE_THANKS,))

    def _put(self, call: Call, *first: PromptId) -> None:
        self._board.play(call, (*first, self._question(call).prompt))

    def _question(self, call: Call) -> Question:
        return call.plan.questions[call.question]

    def _count(self, call: Call, score: int | None) -> None:
        day, question = self._board.service_day(), self._question(call).id
        if call.question == 0:
            self._board.count(BallotFact(day, question))
        self._board.count(VoteFact(day, question, score))
