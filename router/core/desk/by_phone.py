"""The desk by phone: an informateur dials a short code, answers a few questions, and gets a reply.

The questions are prompts in French; the reply is the same `Reply` that HTTP would give.
"""

from collections import Counter

from router.core.commands import HangUp
from router.core.desk.desk_call import DeskCall, DeskDue, DeskState
from router.core.desk.duty import Duty
from router.core.desk.pins import LONGEST
from router.core.events import CallLeft, DeskCalled, KeyPressed, PromptEnded, PromptFailed
from router.core.ids import AgentId, FicheId, PromptId
from router.core.legs import Role
from router.core.plan import DeskAction
from router.core.requests import ON_SCREEN, LogOut, Note, Pause, Ready, Reply, Result
from router.core.switchboard import HANG_UP_GUARD_S, Switchboard
from router.core.table import Row, told, when

ASK_AGENT = PromptId("desk-ask-agent")
ASK_PIN = PromptId("desk-ask-pin")
ASK_SUBJECT = PromptId("desk-ask-subject")
ASK_RESULT = PromptId("desk-ask-result")
ASK_IMPROVE = PromptId("desk-ask-improve")
NOTHING_HEARD = PromptId("desk-nothing-heard")
INVALID = PromptId("desk-invalid")
MISSED = PromptId("desk-missed")
PROMPTS = frozenset(
    {ASK_AGENT, ASK_PIN, ASK_SUBJECT, ASK_RESULT, ASK_IMPROVE, NOTHING_HEARD, INVALID, MISSED}
) | {PromptId(f"desk-{reply.value}") for reply in Reply if reply not in ON_SCREEN}

_RESULTS = dict(zip("1234", Result, strict=True))
_YES, _NO = "1", "2"
#: Longer entries are neither an informateur's number nor a fiche's.
_LONGEST_ENTRY = 10
#: The call is ended after this many wrong or missing answers to one question.
_FAILURES_MAX = 3
#: A prompt is over; one that could not be played counts as heard.
_OVER = (PromptEnded, PromptFailed)
DeskRow = Row[DeskState, DeskCall]


class Desk:
    """Handles informateurs' calls to the desk."""

    def __init__(self, board: Switchboard, duty: Duty) -> None:
        self._board = board
        self._duty = duty
        #: By the number typed: wrong PINs in a row, and until when no PIN is accepted.
        self._wrong_pins: Counter[AgentId] = Counter()
        self._locked_until_at: dict[AgentId, float] = {}

    def arrive(self, event: DeskCalled) -> None:
        """Ask for whatever the dialled code needs, or answer at once."""
        board = self._board
        call = DeskCall(event.call, event.phone, board.plan)
        board.desk_calls[call.id] = call
        board.legs.add(call.channel, Role.DESK, call)
        desk = board.roster.at.get(event.phone)
        call.agent = desk.agent.id if desk is not None else None
        action = board.plan.desk.codes.get(event.code)
        match action:
            case None:
                self._answer(call, Reply.UNKNOWN_CODE)
            case DeskAction.LOG_IN:
                self._ask(call, DeskState.AGENT, ASK_AGENT)
            case _ if desk is None:
                self._answer(call, Reply.NOT_LOGGED_IN)
            case DeskAction.LOG_OUT:
                self._answer(call, self._duty.ask(desk, LogOut()))
            case DeskAction.READY:
                self._answer(call, self._duty.ask(desk, Ready()))
            case DeskAction.PAUSE:
                self._ask_reason(call)
            case DeskAction.NOTE:
                if self._duty.can_note(desk):
                    call.notes = True
                    self._duty.noting(desk)
                    self._ask(call, DeskState.SUBJECT, ASK_SUBJECT)
                else:
                    self._answer(call, Reply.NOTHING_TO_NOTE)

    # Log-in.

    def agent_key(self, call: DeskCall, event: KeyPressed) -> None:
        """The informateur is typing a number; none, then `#`, is that of the phone."""
        entry = self._entry(call, event)
        if entry is not None:
            # Only after the PIN do they learn whether there is such an informateur.
            call.agent = AgentId(entry or call.phone)
            self._ask(call, DeskState.PIN, ASK_PIN)

    def pin_key(self, call: DeskCall, event: KeyPressed) -> None:
        """The informateur is typing a PIN; a wrong one may be typed again."""
        pin = self._entry(call, event)
        if pin is None:
            return
        assert call.agent is not None  # typed before the PIN
        refusal = self._check_pin(call.agent, pin)
        if refusal is Reply.WRONG_PIN and call.failures + 1 < _FAILURES_MAX:
            call.failures += 1
            self._ask(call, DeskState.PIN, PromptId(f"desk-{refusal.value}"), ASK_PIN)
        elif refusal is not None:
            self._answer(call, refusal)
        else:
            desk = self._board.roster.desks[call.agent]
            self._answer(call, self._duty.log_in(desk, call.phone))

    def _check_pin(self, agent: AgentId, pin: str) -> Reply | None:
        """Return None if the PIN is right, otherwise why the log-in is refused.

        A number that is no informateur's is refused, and locked, as if it were one.
        """
        board, rules = self._board, self._board.plan.desk
        if board.now < self._locked_until_at.get(agent, 0.0):
            return Reply.LOCKED
        if board.pins.matches(agent, pin) and agent in board.roster.desks:
            self._wrong_pins.pop(agent, None)
            return None
        self._wrong_pins[agent] += 1
        if self._wrong_pins[agent] < rules.pin_tries:
            return Reply.WRONG_PIN
        del self._wrong_pins[agent]
        self._locked_until_at[agent] = board.now + rules.lock_s
        return Reply.LOCKED

    # Pause.

    def _ask_reason(self, call: DeskCall, *first: PromptId) -> None:
        reasons = (PromptId(f"desk-ask-reason-{id_}") for id_ in call.plan.desk.reasons)
        self._ask(call, DeskState.REASON, *first, *reasons)

    def reason_key(self, call: DeskCall, event: KeyPressed) -> None:
        """One key chooses the reason for the pause."""
        reasons = {reason.key: reason.id for reason in call.plan.desk.reasons.values()}
        reason = reasons.get(event.key)
        if reason is None:
            self._again(call, INVALID)
            return
        self._ask_for(call, Pause(reason))

    # Note.

    def subject_key(self, call: DeskCall, event: KeyPressed) -> None:
        """The informateur is typing what the call was about: a sector's code or a fiche's number.

        Nothing, then `#`, leaves it as the call came in.
        """
        entry = self._entry(call, event)
        if entry is None:
            return
        fiche, sectors = FicheId(f"F{entry}"), call.plan.sector_codes
        if entry in sectors:
            call.subject = sectors[entry]
        elif fiche in call.plan.fiches:
            call.subject = fiche
        elif entry:
            self._again(call, PromptId(f"desk-{Reply.UNKNOWN_SUBJECT.value}"))
            return
        self._ask(call, DeskState.RESULT, ASK_RESULT)

    def result_key(self, call: DeskCall, event: KeyPressed) -> None:
        """One key says what came of the call."""
        result = _RESULTS.get(event.key)
        if result is None:
            self._again(call, INVALID)
            return
        call.result = result
        self._ask(call, DeskState.IMPROVE, ASK_IMPROVE)

    def improve_key(self, call: DeskCall, event: KeyPressed) -> None:
        """One key says whether the page should be made clearer; the note is complete."""
        if event.key not in (_YES, _NO):
            self._again(call, INVALID)
            return
        self._ask_for(call, Note(call.subject, call.result, improve=event.key == _YES))

    # Questions and answers.

    def _entry(self, call: DeskCall, event: KeyPressed) -> str | None:
        """Return the entry once `#` ends it, and None until then; `*` starts it again."""
        self._silence(call)
        self._set_due(call, self._board.plan.targets.first_key_s)
        if event.key == "#":
            return call.typed
        call.typed = "" if event.key == "*" else call.typed + event.key
        longest = LONGEST if call.state is DeskState.PIN else _LONGEST_ENTRY
        if len(call.typed) > longest or not (call.typed.isdigit() or not call.typed):
            self._again(call, INVALID)
        return None

    def _ask(self, call: DeskCall, state: DeskState, *prompts: PromptId) -> None:
        if state is not call.state:
            call.failures = 0
        call.state = state
        call.typed = ""
        self._play(call, prompts)

    def _again(self, call: DeskCall, why: PromptId) -> None:
        """Say what was wrong and put the question again, up to a limit."""
        call.failures += 1
        if call.failures >= _FAILURES_MAX:
            self._say_last(call, (why,))
            return
        match call.state:
            case DeskState.REASON:
                self._ask_reason(call, why)
            case state:
                question = {
                    DeskState.AGENT: ASK_AGENT,
                    DeskState.PIN: ASK_PIN,
                    DeskState.SUBJECT: ASK_SUBJECT,
                    DeskState.RESULT: ASK_RESULT,
                }.get(state, ASK_IMPROVE)
                self._ask(call, state, why, question)

    def _ask_for(self, call: DeskCall, request: Pause | Note) -> None:
        """Ask for whoever called, unless somebody else has logged in at the phone since."""
        desk = self._board.roster.at.get(call.phone)
        if desk is None or desk.agent.id != call.agent:
            self._answer(call, Reply.NOT_LOGGED_IN)
        else:
            self._answer(call, self._duty.ask(desk, request))

    def _answer(self, call: DeskCall, reply: Reply) -> None:
        answer = PromptId(f"desk-{reply.value}")
        self._say_last(call, (MISSED, answer) if reply is Reply.READY_AFTER_MISSES else (answer,))

    def _say_last(self, call: DeskCall, prompts: tuple[PromptId, ...]) -> None:
        call.state = DeskState.LEAVING
        self._play(call, prompts)

    def await_keys(self, call: DeskCall) -> None:
        """The question has been played: the silence counts from here."""
        self._set_due(call, self._board.plan.targets.first_key_s)

    def silence(self, call: DeskCall) -> None:
        """Nothing was typed in time, or the question never ended."""
        self._again(call, NOTHING_HEARD)

    def hang_up(self, call: DeskCall) -> None:
        """The reply has been played: hang up, once."""
        if call.hung_up:
            self.left(call)
            return
        call.hung_up = True
        call.playback = None
        self._board.commands.append(HangUp(call.id, call.channel))
        self._set_due(call, HANG_UP_GUARD_S)

    def left(self, call: DeskCall) -> None:
        """The informateur has hung up: forget the call, and end the noting if there was any."""
        board = self._board
        board.timers.cancel(("desk", call.id))
        del board.desk_calls[call.id]
        board.legs.pop(call.channel)
        desk = board.roster.desks.get(call.agent) if call.agent is not None else None
        if call.notes and desk is not None:
            self._duty.noted(desk)

    def _play(self, call: DeskCall, prompts: tuple[PromptId, ...]) -> None:
        self._silence(call)
        call.playback = self._board.play_on(call.id, call.channel, prompts)
        self._set_due(call, self._board.plan.targets.prompt_guard_s)

    def _silence(self, call: DeskCall) -> None:
        self._board.stop_playing(call.id, call)

    def _set_due(self, call: DeskCall, after_s: float) -> None:
        self._board.timers.set(("desk", call.id), self._board.now + after_s)


def desk_rows(desk: Desk) -> list[DeskRow]:
    """Return every row: each question waits for keys, and the reply ends the call."""
    state = DeskState
    questions = [
        told(state.AGENT, KeyPressed, desk.agent_key, state.PIN, state.LEAVING),
        told(state.PIN, KeyPressed, desk.pin_key, state.LEAVING),
        told(state.REASON, KeyPressed, desk.reason_key, state.LEAVING),
        told(state.SUBJECT, KeyPressed, desk.subject_key, state.RESULT, state.LEAVING),
        told(state.RESULT, KeyPressed, desk.result_key, state.IMPROVE, state.LEAVING),
        told(state.IMPROVE, KeyPressed, desk.improve_key, state.LEAVING),
    ]
    rows = [when(state.LEAVING, over, desk.hang_up) for over in (*_OVER, DeskDue.SILENCE)]
    for question in questions:
        rows += [when(question.state, over, desk.await_keys) for over in _OVER]
        rows.append(when(question.state, DeskDue.SILENCE, desk.silence, state.LEAVING))
    return questions + rows + [when(one, CallLeft, desk.left) for one in state]
