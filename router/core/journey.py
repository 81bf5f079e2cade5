"""The caller's way to a sector: welcome, code, menus, information.

Each public method answers one pair of `calls.TABLE`. Barge-in everywhere: a key cuts the
prompt and counts as the first key of the answer.
"""

from collections.abc import Callable

from router.core.calls import Call, CallState, Due
from router.core.codes import CODE_LENGTH, FailureBudget
from router.core.commands import Outcome, Step
from router.core.digits import Reading, read_choice, read_code
from router.core.events import KeyPressed
from router.core.hours import Closed
from router.core.ids import MenuId, PageId, PromptId, SectorId
from router.core.plan import SAY_NEXT_OPENING, Choice, Menu, Repeat, ToMenu, ToPage, ToSector
from router.core.switchboard import Switchboard

CODE_ASK = PromptId("code-ask")
CODE_HELP = PromptId("code-help")
CODE_WRONG = PromptId("code-wrong")
CODE_INCOMPLETE = PromptId("code-incomplete")
CODE_NOTHING_HEARD = PromptId("code-nothing-heard")
CODE_ACCEPTED = PromptId("code-accepted")
CODE_ABANDONED = PromptId("code-abandoned")
CALLBACK_CANCELLED = PromptId("callback-cancelled")
CODE_REQUIRED = PromptId("code-required")
CLOSED_INFORMATION = PromptId("closed-information")
MENU_ABANDONED = PromptId("menu-abandoned")
MENU_INVALID = PromptId("menu-invalid")
MENU_NOTHING_HEARD = PromptId("menu-nothing-heard")
GOODBYE = PromptId("goodbye")
CLOSED_BECAUSE = {
    Closed.HOURS: PromptId("closed"),
    Closed.HOLIDAY: PromptId("closed-holiday"),
    Closed.EXCEPTIONAL: PromptId("closed-exceptional"),
}
PROMPTS = (
    frozenset(CLOSED_BECAUSE.values())
    | {CODE_ASK, CODE_HELP, CODE_WRONG, CODE_INCOMPLETE, CODE_NOTHING_HEARD, CODE_ACCEPTED}
    | {CODE_ABANDONED, CODE_REQUIRED, CLOSED_INFORMATION, CALLBACK_CANCELLED}
    | {MENU_ABANDONED, MENU_INVALID, MENU_NOTHING_HEARD, GOODBYE}
)

#: A caller who keeps pressing keys that do not exist is thanked after this many.
MOST_WRONG_CHOICES = 9


class Journey:
    """From the answer to the queue. `enqueue(call, sector, said_first)` takes over there;
    `called_in(code)` cancels the callback of that code and returns its sector."""

    def __init__(
        self,
        board: Switchboard,
        enqueue: Callable[[Call, SectorId, tuple[PromptId, ...]], None],
        called_in: Callable[[str], SectorId | None],
    ) -> None:
        self._board = board
        self._enqueue = enqueue
        self._called_in = called_in
        self._policy = board.plan.code
        self._targets = board.plan.targets
        self._failures = FailureBudget(self._policy.failures_per_minute)

    # Arrival.

    def arrive(self, call: Call) -> None:
        """Welcome the caller, or say that the service is closed."""
        board = self._board
        hours = board.plan.hours
        if hours.is_open(board.now):
            board.play(call, board.plan.welcome)
            return
        why = hours.why_closed(board.now)
        call.state = CallState.CLOSED
        call.outcome = Outcome.CLOSED
        board.note(call, Step.CLOSED, detail=why.value)
        board.play(call, (CLOSED_BECAUSE[why], SAY_NEXT_OPENING, CLOSED_INFORMATION))

    def caller_left(self, call: Call) -> None:
        self._board.end(call)

    def key_skips_welcome(self, call: Call, event: KeyPressed) -> None:
        """Go to the question of the code; a digit may be its first, or only a wish to skip."""
        self.ask_code(call)
        if event.key.isdigit():
            call.typed = event.key
            call.skipping = True
            self._board.set_due(call, Due.STEP, self._targets.next_key_s)

    def key_skips_closed(self, call: Call, event: KeyPressed) -> None:
        self.offer_information(call)
        self.menu_key(call, event)

    # The access code.

    def ask_code(self, call: Call, said_first: tuple[PromptId, ...] = ()) -> None:
        board = self._board
        call.state = CallState.CODE
        call.typed = ""
        call.skipping = False
        board.note(call, Step.CODE_ASKED)
        self._play_code_question(call, said_first)

    def _play_code_question(self, call: Call, said_first: tuple[PromptId, ...] = ()) -> None:
        self._board.play(call, (*said_first, CODE_ASK))

    def await_first_key(self, call: Call) -> None:
        """The question is asked: the silence counts from here."""
        call.playback = None
        self._board.set_due(
            call, Due.STEP, self._targets.next_key_s if call.typed else self._targets.first_key_s
        )

    def code_key(self, call: Call, event: KeyPressed) -> None:
        if event.key in "ABCD":  # no telephone has them; line noise sometimes does
            self._board.counts["keys A-D ignored"] += 1
            return
        self._board.silence(call)
        call.silences = 0
        call.skipping = False
        call.typed += event.key
        match read_code(call.typed, CODE_LENGTH):
            case Reading.HELP:
                self.ask_code(call, (CODE_HELP,))
            case Reading.NONE:
                self._without_code(call, ())
            case Reading.INCOMPLETE:
                self._code_failed(call, CODE_INCOMPLETE)
            case Reading.COMPLETE:
                self._code_complete(call)
            case _:
                self._board.set_due(call, Due.STEP, self._targets.next_key_s)

    def code_silence(self, call: Call) -> None:
        if call.skipping:  # the key was only meant to skip the welcome
            call.typed = ""
            call.skipping = False
            after_s = self._targets.prompt_guard_s if call.playback else self._targets.first_key_s
            self._board.set_due(call, Due.STEP, after_s)
        elif call.typed:
            self._code_failed(call, CODE_INCOMPLETE)
        else:
            call.silences += 1
            if call.silences < self._targets.tries:
                self.ask_code(call, (CODE_NOTHING_HEARD,))
            else:
                call.silences = 0
                self._without_code(call, ())

    def _code_complete(self, call: Call) -> None:
        """Answer now, or later when codes are being guessed: right and wrong ones alike."""
        if self._failures.exceeded(self._board.now):
            call.state = CallState.CHECKING
            self._board.set_due(call, Due.STEP, self._policy.delay_s)
        else:
            self.check_code(call)

    def check_code(self, call: Call) -> None:
        board = self._board
        fiche = board.codes.fiche(call.typed, board.now)
        if fiche is None and (sector := self._called_in(call.typed)) is not None:
            board.note(call, Step.CODE_ACCEPTED, sector=sector, detail="callback cancelled")
            self._enqueue(call, sector, (CALLBACK_CANCELLED,))
            return
        if fiche is None:
            self._failures.record(board.now)
            self._code_failed(call, CODE_WRONG)
            return
        call.fiche = fiche
        sector = board.plan.fiches[fiche].sector
        board.note(call, Step.CODE_ACCEPTED, sector=sector, fiche=fiche)
        self._enqueue(call, sector, (CODE_ACCEPTED,))

    def _code_failed(self, call: Call, why: PromptId) -> None:
        call.wrong_codes += 1
        self._board.note(call, Step.CODE_REFUSED, detail=why)
        if call.wrong_codes < self._policy.tries:
            self.ask_code(call, (why,))
        else:
            self._without_code(call, (CODE_ABANDONED,))

    def _without_code(self, call: Call, said_first: tuple[PromptId, ...]) -> None:
        plan = self._board.plan
        if self._policy.required:
            call.outcome = Outcome.INFORMED
            self._open_menu(call, plan.information_menu, (*said_first, CODE_REQUIRED))
        else:
            self._open_menu(call, plan.first_menu, said_first)

    # Menus and pages.

    def offer_information(self, call: Call) -> None:
        self._open_menu(call, self._board.plan.information_menu, ())

    def _open_menu(self, call: Call, menu: MenuId, said_first: tuple[PromptId, ...]) -> None:
        if menu in call.path:  # a menu met again: what came after it is forgotten
            del call.path[call.path.index(menu) :]
        call.path.append(menu)
        if menu == self._board.plan.information_menu and call.outcome is Outcome.LEFT:
            call.outcome = Outcome.INFORMED
        self._board.note(call, Step.MENU, detail=menu)
        self._play_menu(call, said_first)

    def _play_menu(self, call: Call, said_first: tuple[PromptId, ...] = ()) -> None:
        call.state = CallState.MENU
        call.typed = ""
        self._board.play(call, (*said_first, *self._menu(call).prompts))

    def _menu(self, call: Call) -> Menu:
        return self._board.plan.menus[call.path[-1]]

    def menu_key(self, call: Call, event: KeyPressed) -> None:
        self._board.silence(call)
        call.silences = 0
        call.typed += event.key
        keys = self._menu(call).keys
        match read_choice(call.typed, keys):
            case Reading.COMPLETE:
                self._choose(call, keys[call.typed])
            case Reading.MORE:
                self._board.set_due(call, Due.STEP, self._targets.next_key_s)
            case _:
                self._wrong_choice(call)

    def _choose(self, call: Call, choice: Choice) -> None:
        match choice:
            case ToMenu(menu):
                self._open_menu(call, menu, ())
            case ToSector(sector):
                self._enqueue(call, sector, ())
            case ToPage(page):
                self._play_page(call, page)
            case Repeat():
                self._play_menu(call)
            case _:
                self._go_back(call)

    def _go_back(self, call: Call) -> None:
        if len(call.path) > 1:
            call.path.pop()
            self._play_menu(call)
        elif call.path == [self._board.plan.information_menu]:  # closed, or no code: no way in
            self._play_menu(call)
        else:
            call.path.clear()
            self.ask_code(call)

    def _wrong_choice(self, call: Call) -> None:
        call.wrong_choices += 1
        if call.wrong_choices < MOST_WRONG_CHOICES:
            self._play_menu(call, (MENU_INVALID,))
        else:
            self._board.say_goodbye(call, call.outcome, (MENU_INVALID, GOODBYE))

    def menu_silence(self, call: Call) -> None:
        """No key once: said again. Twice: the information. There too: goodbye."""
        if call.typed:
            self._wrong_choice(call)
            return
        call.silences += 1
        information = self._board.plan.information_menu
        if call.silences < self._targets.tries:
            self._play_menu(call, (MENU_NOTHING_HEARD,))
        elif call.path[-1] != information:
            call.silences = 0
            self._open_menu(call, information, (MENU_ABANDONED,))
        else:
            if not call.keys and call.outcome is not Outcome.CLOSED:
                call.outcome = Outcome.SILENT
            self._board.say_goodbye(call, call.outcome, (GOODBYE,))

    def _play_page(self, call: Call, page: PageId) -> None:
        call.state = CallState.PAGE
        call.typed = ""
        self._board.note(call, Step.PAGE, detail=page)
        if call.outcome is Outcome.LEFT:
            call.outcome = Outcome.INFORMED
        self._board.play(call, self._board.plan.pages[page].prompts)

    def page_over(self, call: Call) -> None:
        self._play_menu(call)

    def key_leaves_page(self, call: Call, event: KeyPressed) -> None:
        call.state = CallState.MENU
        self.menu_key(call, event)

    # The end.

    def hang_up(self, call: Call) -> None:
        self._board.hang_up(call)
